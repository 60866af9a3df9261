/**
 * Owns the proof that no call breaks the live border, whatever it says: API-2, API-3, SEC-1, SEC-3, SEC-4. Each one goes
 * over a connection of its own, byte for byte as it was generated.
 */

import { createHmac } from "node:crypto";
import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { bytesOfText, REVISION_NOW, webhookText } from "./fuzz-bodies.fixture.ts";
import { anyCall, anyGarbage, anyWrongAuthorization } from "./fuzz-calls.fixture.ts";
import { LiveBorder, TOKEN_A } from "./live-border.fixture.ts";
import { bytesOf, type RawAnswer, type RawCall, RawPeer, readAnswers } from "./raw-http.fixture.ts";
import { parseWebhookSecret } from "./webhook-signature.ts";

const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const A_OF = `Bearer ${TOKEN_A}`;

let border: LiveBorder;

beforeEach(async () => {
  const webhookSecret = parseWebhookSecret(SECRET);
  if ("fault" in webhookSecret) throw new Error(webhookSecret.fault);
  border = await LiveBorder.open({ webhookSecrets: [webhookSecret] });
  await border.seed();
});

afterEach(() => border.close());

/** The call with the revision that t1 has now where it asks for it, and a header before the others. */
function filled(call: RawCall, authorization: string | undefined): RawCall {
  const revision = revisionOfT1();
  const fill = (text: string): string => text.replaceAll(REVISION_NOW, revision);
  const headers = call.headers.map(([name, value]) => [name, fill(value)] as const);
  return {
    ...call,
    target: fill(call.target),
    headers: authorization === undefined ? headers : [["Authorization", authorization], ...headers],
    body: call.body?.includes(REVISION_NOW) ? Buffer.from(fill(call.body.toString())) : call.body,
  };
}

function revisionOfT1(): string {
  const task = border.sync.durable.desk.current("a" as never, "task", "t1");
  return task?.revision ?? "rev_0000000000_000000";
}

/** What a whole call is answered: exactly one answer, whatever it is. */
async function answerTo(call: RawCall): Promise<RawAnswer> {
  const peer = await RawPeer.open(border.server.port);
  peer.say(bytesOf({ ...call, headers: [...call.headers, ["Connection", "close"]] }));
  const { answers, rest } = readAnswers(await peer.toEnd(), call.method === "HEAD");
  expect(rest.length, rest.toString("latin1")).toBe(0);
  expect(answers).toHaveLength(1);
  return answers[0] as RawAnswer;
}

/** The status of an answer, and those of its items if it is a batch's. */
function statusesIn(answer: RawAnswer, isHead: boolean): readonly number[] {
  if (isHead || answer.body === "") return [answer.status];
  const { results = [] } = JSON.parse(answer.body) as { results?: readonly { status: number }[] };
  return [answer.status, ...results.map(({ status }) => status)];
}

describe("fuzzed calls", () => {
  test("[API-2, SEC-3, SEC-4] are never a 5xx, show nothing, and change nothing unless they are 2xx", async () => {
    const seen = new Map<number, number>();
    const untouched = border.lookAt("b");
    await fc.assert(
      fc.asyncProperty(anyCall, async (call) => {
        const before = border.lookAt("a");
        const answer = await answerTo(filled(call, A_OF));
        const isHead = call.method === "HEAD";
        const isRefused = border.checkAnswer(answer, isHead);
        const isRead = !["POST", "PATCH", "DELETE", "PUT"].includes(call.method);
        const isAllRefused = statusesIn(answer, isHead)
          .slice(1)
          .every((status) => status >= 400);
        const isBatch = answer.body.startsWith('{"results"');
        if (isRefused || isRead || (isBatch && isAllRefused)) expect(border.lookAt("a")).toBe(before);
        expect(border.lookAt("b")).toBe(untouched);
        expect(border.escaped).toEqual([]);
        for (const status of statusesIn(answer, isHead)) seen.set(status, (seen.get(status) ?? 0) + 1);
      }),
      { numRuns: 1_000 },
    );
    await border.checkAlive();
    // The generators reach what they are meant to reach.
    for (const status of [200, 201, 400, 404, 409, 413, 424])
      expect(seen.get(status) ?? 0, `${status}`).toBeGreaterThan(0);
  });

  test("[SEC-1] are 401 without a token of anybody, whatever else they say, and change nothing", async () => {
    const before = [border.lookAt("a"), border.lookAt("b")];
    await fc.assert(
      fc.asyncProperty(anyCall, anyWrongAuthorization, async (call, authorization) => {
        const answer = await answerTo(filled(call, authorization));
        // The signature of a delivery is one of the whole body: without the body it cannot be judged.
        if (answer.status === 413 && call.target.startsWith("/api/webhooks/zeke")) return;
        expect(answer.status).toBe(401);
        expect(answer.headers.get("www-authenticate")).toBe("Bearer");
        border.checkAnswer(answer, call.method === "HEAD");
        expect([border.lookAt("a"), border.lookAt("b")]).toEqual(before);
      }),
      { numRuns: 300 },
    );
    await border.checkAlive();
  });

  test("[WHK-2, API-2] signed deliveries of any kind are never a 5xx", async () => {
    const untouched = border.lookAt("b");
    await fc.assert(
      fc.asyncProperty(
        bytesOfText(webhookText),
        fc.constantFrom("w1", "w2", "é".repeat(300), "__proto__"),
        async (body, id) => {
          const before = border.lookAt("a");
          const seconds = String(Math.floor(Date.now() / 1_000));
          const key = Buffer.from(SECRET.slice("whsec_".length), "base64");
          const signed = Buffer.concat([Buffer.from(`${id}.${seconds}.`), body]);
          const answer = await answerTo({
            method: "POST",
            target: "/api/webhooks/zeke",
            headers: [
              ["Host", "localhost"],
              ["webhook-id", id],
              ["webhook-timestamp", seconds],
              ["webhook-signature", `v1,${createHmac("sha256", key).update(signed).digest("base64")}`],
            ],
            body,
          });
          if (border.checkAnswer(answer)) expect(border.lookAt("a")).toBe(before);
          expect(border.lookAt("b")).toBe(untouched);
        },
      ),
      { numRuns: 300 },
    );
    await border.checkAlive();
  });

  test("[API-2, SEC-4] bytes that are no HTTP get refusals at most, and change nothing", async () => {
    const before = [border.lookAt("a"), border.lookAt("b")];
    await fc.assert(
      fc.asyncProperty(anyGarbage, async (bytes) => {
        const peer = await RawPeer.open(border.server.port);
        const { answers, rest } = readAnswers(await peer.end(bytes).toEnd());
        expect(rest.length).toBe(0);
        for (const answer of answers) {
          // Without a Host, Node refuses by itself, with no body (RFC 9112, section 3.2).
          const isBare = answer.status === 400 && answer.body === "";
          expect(isBare || border.checkAnswer(answer)).toBe(true);
        }
        expect([border.lookAt("a"), border.lookAt("b")]).toEqual(before);
        expect(border.escaped).toEqual([]);
      }),
      { numRuns: 300 },
    );
    await border.checkAlive();
  });
});
