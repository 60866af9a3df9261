/**
 * Owns the proof that accounts are apart, and of what errors show: SEC.
 */

import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ErrorBody } from "../protocol/messages.ts";
import { CLOSE } from "../protocol/request.ts";
import { Counter, dataOf, metaOf } from "./counter.fixture.ts";
import type { DeskMaker } from "./test-desk.fixture.ts";

const CALLS: readonly (readonly [string, string])[] = [
  ["GET", "/api/tasks"],
  ["GET", "/api/tasks?limit=x"],
  ["GET", "/api/tasks/a"],
  ["POST", "/api/tasks"],
  ["PATCH", "/api/tasks/a"],
  ["DELETE", "/api/tasks/a"],
  ["GET", "/api/sync/changes"],
  ["GET", "/api/sync/changes?since=nonsense"],
  ["POST", "/api/sync/batch"],
  ["GET", "/api/sync/capabilities"],
  ["GET", "/api/sync/events"],
  ["POST", "/api/push/register"],
  ["PUT", "/api/push/topics"],
  ["DELETE", "/api/push/register"],
  ["GET", "/api/unknown"],
  ["PUT", "/"],
];

export function declareTenantRules(desks: DeskMaker): void {
  describe("tenants", () => {
    test("[SEC-1] no token, or a wrong one: 401 on every call, decided before all else", async () => {
      const http = new Counter(await desks.create());
      await http.send("POST", "/api/tasks", { id: "a", title: "secret" }, { "idempotency-key": "k1" });
      const wrong = [
        "",
        "Bearer",
        "Bearer ",
        "Bearer nope",
        "Basic tok-a",
        "tok-a",
        "Bearer tok-a x",
        "Bearer __proto__",
      ];
      for (const authorization of wrong) {
        for (const [method, path] of CALLS) {
          for (const body of ['{"title":"x"}', "{", "x".repeat(5_000)]) {
            const answer = await http.refused([401], method, path, body, {
              authorization,
              "idempotency-key": "k1",
            });
            expect(answer.json.error).toBe("unauthorized");
            expect(answer.body).not.toContain("secret");
            expect(answer.headers["www-authenticate"]).toBe("Bearer");
          }
        }
      }
      expect(
        (await http.send("GET", "/api/tasks", undefined, { authorization: "bearer tok-a" })).status,
      ).toBe(200);
    });

    test("[SEC-2] another account's record is 404 as if it were not there, and the id is free", async () => {
      const http = new Counter(await desks.create());
      const other = { authorization: "Bearer tok-b" };
      const made = await http.send("POST", "/api/contacts", { id: "c1", name: "mine" });
      const etag = String(made.headers.etag);
      for (const [method, body] of [["GET"], ["PATCH", { name: "x" }], ["DELETE"]] as const) {
        const there = await http.refused([404], method, "/api/contacts/c1", body, {
          ...other,
          "if-match": etag,
        });
        const nowhere = await http.refused([404], method, "/api/contacts/c9", body, {
          ...other,
          "if-match": etag,
        });
        expect(there.body).toBe(nowhere.body);
      }
      expect((await http.send("POST", "/api/contacts", { id: "c1", name: "theirs" }, other)).status).toBe(
        201,
      );
      expect(dataOf(await http.send("GET", "/api/contacts/c1")).name).toBe("mine");
    });

    test("[SEC-3] no byte of another account, wherever one looks", async () => {
      const http = new Counter(await desks.create());
      const { desk } = http;
      const other = { authorization: "Bearer tok-b" };
      const socket = await desk.open({ token: "tok-b", lastRevisionId: "rev_0000000000_000000" });
      await http.send(
        "POST",
        "/api/push/register",
        { token: "t", platform: "ios", topics: ["task"] },
        { ...other, "x-device-id": "d" },
      );
      for (let n = 0; n < 5; n++) {
        await http.send(
          "POST",
          "/api/tasks",
          { id: `secret-${n}`, title: "secret" },
          { "idempotency-key": `k${n}` },
        );
      }
      const since = String(metaOf(await http.send("GET", "/api/tasks")).revisionId);
      const { nextCursor } = (await http.send("GET", "/api/sync/changes?limit=1")).json;
      const answers = [
        await http.send("GET", "/api/tasks", undefined, other),
        await http.send("GET", "/api/sync/changes", undefined, other),
        await http.send("GET", `/api/sync/changes?since=${since}`, undefined, other),
        await http.send("GET", `/api/sync/changes?limit=1&cursor=${nextCursor}`, undefined, other),
        await http.send("GET", "/api/sync/capabilities", undefined, other),
        await http.send("POST", "/api/tasks", { title: "own" }, { ...other, "idempotency-key": "k0" }),
        await http.send("POST", "/api/tasks", { id: "secret-1", title: "own" }, other),
        await http.send("PATCH", "/api/tasks/secret-1", { title: "own2" }, { ...other, "if-match": since }),
        await http.send(
          "POST",
          "/api/sync/batch",
          { mutations: [{ id: "n", entity: "task", operation: "update", recordId: "k0", payload: {} }] },
          other,
        ),
      ];
      for (const answer of answers) {
        expect(answer.body).not.toContain('"secret"');
        expect(answer.body).not.toContain("secret-0");
      }
      await desk.pass(5_000);
      expect(JSON.stringify(await desk.frames(socket))).not.toContain('"secret"');
      for (const { messages } of desk.sends)
        for (const { data } of messages) expect(data.revisionId).not.toBe(since);
      expect(await desk.closeCode(socket)).not.toBe(CLOSE.unauthorized);
    });
  });
}

/** What is sent as the texts of a call: any at all, or such as a client can send. */
export interface Wire {
  path(text: string): string;
  header(text: string): string;
}

const SENDABLE: Wire = {
  path: (text) =>
    text === ""
      ? "/"
      : text.replace(/\p{Surrogate}/gu, "\ufffd").replace(/[^\x21-\x7e]/gu, encodeURIComponent),
  header: (text) => text.replace(/[^\x20-\x7e\x80-\xff]/g, "").trim(),
};

/** [SEC-4, API-2] for calls of any shape. */
export function declareAnyCallRule(desks: DeskMaker, wire: Wire = SENDABLE): void {
  test("[SEC-4, API-2] whatever is sent, the answer is an error of the protocol that shows nothing of the inside", async () => {
    const http = new Counter(await desks.create());
    await http.send("POST", "/api/lists", { id: "l1", name: "n", items: [] });
    const path = fc
      .oneof(
        fc.constantFrom(...CALLS.map(([, known]) => known), "/api/lists/l1", "/api/lists"),
        fc.string({ unit: "binary", maxLength: 20 }).map((text) => `/api/${text}`),
        fc.webPath(),
      )
      .map(wire.path);
    const header = fc.constantFrom(
      "if-match",
      "idempotency-key",
      "x-device-id",
      "x-mutation-timestamp",
      "if-none-match",
    );
    const body = fc.oneof(
      fc.json(),
      fc.string({ unit: "binary" }),
      fc.jsonValue().map((value) => ({ mutations: [value] })),
    );
    const method = fc.constantFrom("GET", "POST", "PATCH", "PUT", "DELETE");
    const headers = fc.dictionary(header, fc.string({ unit: "binary" }).map(wire.header));
    await fc.assert(
      fc.asyncProperty(method, path, body, headers, async (verb, where, what, more) => {
        const answer = await http.send(verb, where, what, more);
        expect(answer.status).toBeLessThan(500);
        if (answer.status < 400) return;
        const { message } = ErrorBody.parse(answer.json);
        expect(message).not.toMatch(/\n|\.ts|\bat \/|node_modules|SELECT|function/);
      }),
      { numRuns: desks.runs(500) },
    );
  });
}
