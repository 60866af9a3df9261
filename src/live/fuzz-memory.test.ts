/**
 * Owns the proof that attacks leave nothing in memory: it is back where it was.
 */

import * as fc from "fast-check";
import { expect, test } from "vitest";
import { anyCall, anyGarbage, anyWrongAuthorization } from "./fuzz-calls.fixture.ts";
import { collectGarbage } from "./garbage.fixture.ts";
import { LiveBorder, TOKEN_A } from "./live-border.fixture.ts";
import { bytesOf, RawPeer } from "./raw-http.fixture.ts";
import { frameBytes, upgradeBytes } from "./raw-socket.fixture.ts";

/** What one attack in this many may leave: far less than any body, id or header of it. */
const LEFT_BYTES_PER_ATTACK_MAX = 500;
const ATTACKS = 1_200;
const SEED = 20_260_101;

test("[API-2] after thousands of bad calls, broken upgrades and wrong frames the heap is where it was", async () => {
  const border = await LiveBorder.open();
  await border.seed();
  const tokenOfA = ["Authorization", `Bearer ${TOKEN_A}`] as const;
  const refusedCall = fc.tuple(anyCall, anyWrongAuthorization).map(([call, wrong]) =>
    bytesOf({
      ...call,
      headers: wrong === undefined ? call.headers : [["Authorization", wrong], ...call.headers],
    }),
  );
  // Bodies are cut, so that none of them is a write.
  const brokenCall = anyCall.map((call) =>
    bytesOf({
      ...call,
      method: "POST",
      headers: [tokenOfA, ...call.headers],
      body: Buffer.from('{"title":"x"'),
    }),
  );
  const frames = fc
    .array(
      fc
        .record({
          opcode: fc.nat({ max: 15 }),
          payload: fc.uint8Array({ maxLength: 2_000 }).map((bytes) => Buffer.from(bytes)),
          fin: fc.boolean(),
        })
        .map(frameBytes),
      { maxLength: 5 },
    )
    .map((said) => Buffer.concat([upgradeBytes({ token: TOKEN_A }), ...said]));
  const upgrade = fc.constantFrom("v", "k", "t").map((what) =>
    upgradeBytes({
      token: TOKEN_A,
      ...(what === "v" ? { version: "9" } : what === "k" ? { key: "" } : { target: "/x" }),
    }),
  );
  const attacks = fc.sample(fc.oneof(refusedCall, brokenCall, anyGarbage, frames, upgrade), {
    numRuns: ATTACKS,
    seed: SEED,
  });
  const attack = async (): Promise<void> => {
    for (let at = 0; at < attacks.length; at += 20) {
      await Promise.all(
        attacks.slice(at, at + 20).map(async (bytes) => {
          const peer = await RawPeer.open(border.server.port);
          await peer.end(bytes).toEnd();
        }),
      );
    }
    border.log.length = 0;
  };
  const before = [border.lookAt("a"), border.lookAt("b")];
  await attack();
  collectGarbage();
  const beforeBytes = process.memoryUsage().heapUsed;
  await attack();
  expect(border.sync.service.socketCount).toBe(0);
  collectGarbage();
  const leftBytes = process.memoryUsage().heapUsed - beforeBytes;
  expect(leftBytes).toBeLessThan(ATTACKS * LEFT_BYTES_PER_ATTACK_MAX);
  expect([border.lookAt("a"), border.lookAt("b")]).toEqual(before);
  await border.checkAlive();
  await border.close();
});
