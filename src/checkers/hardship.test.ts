/**
 * Tests of what checkers allow for when somebody other than device and proxy is to blame: each beside the same history
 * without that excuse, which stays broken.
 */

import { describe, expect, test } from "vitest";
import {
  advanced,
  answered,
  clockSet,
  committed,
  connecting,
  created,
  cutOff,
  deleted,
  disconnected,
  edited,
  event,
  frame,
  killed,
  mutation,
  noticed,
  opened,
  ready,
  record,
  rekeyed,
  result,
  retried,
  rev,
  saved,
  sent,
  settled,
  severed,
  shown,
  shows,
  started,
  syncEnded,
  syncStarted,
  unanswered,
} from "../history/facts.fixture.ts";
import type { Entity } from "../protocol/entity.ts";
import type { EventFrame } from "../protocol/messages.ts";
import { createAttemptsChecker } from "./device/attempts.ts";
import { createClockCorrectionChecker } from "./device/clock-correction.ts";
import { createConflictChecker } from "./device/conflict.ts";
import { fails, satisfied, sends, sendsBatch, verdict } from "./device/device.fixture.ts";
import { createForeignProtocolChecker } from "./device/foreign-protocol.ts";
import { createOpeningSyncChecker } from "./device/opening-sync.ts";
import { createStableKeyChecker } from "./device/stable-key.ts";
import { expectBroken, expectIdle, expectKept } from "./judge.fixture.ts";
import { createBat1Checker } from "./proxy/bat-1.ts";
import { createEvt1Checker, UNPROVEN_MS } from "./proxy/evt-1.ts";
import { createEvt3Checker } from "./proxy/evt-3.ts";
import { createEvt7Checker } from "./proxy/evt-7.ts";
import { createMrg1Checker } from "./proxy/mrg-1.ts";
import { createRev3Checker } from "./proxy/rev-3.ts";
import { createSys2Checker } from "./system/sys-2.ts";
import { createSys7Checker } from "./system/sys-7.ts";

const change = (n: number) => committed(n, { previous: rev(n - 1) });

describe("[EVT-1] an event is late through no fault of the proxy", () => {
  const live = [connecting(), frame(ready(0)), created(1, { at: 5 })];
  const end = disconnected({ at: 6 + UNPROVEN_MS });

  test("its socket is severed, and neither end knows", () => {
    expectIdle(createEvt1Checker(), [...live, severed({ at: 6, socket: 1 }), end]);
    expectBroken(createEvt1Checker(), [...live, severed({ at: 6, socket: 2 }), end], /the socket is up/);
  });

  test("an instance was cut off until a moment ago", () => {
    expectIdle(createEvt1Checker(), [...live, cutOff({ at: 6, until: 1_000 }), end]);
    const late = disconnected({ at: 2_000 + UNPROVEN_MS });
    expectBroken(createEvt1Checker(), [...live, cutOff({ at: 6, until: 1_000 }), late], /none within/);
  });
});

describe("a later protocol [EVT-18]", () => {
  const note = { entity: "note" as Entity, id: "note-1" };
  const known = [created(1), connecting(), frame(ready(0)), frame(event(record("c1", 1)))];

  test("its entities are held against no commit", () => {
    const facts = [...known, frame(event(record("note-1", 1), note))];
    expect(verdict(createEvt3Checker(), facts).breaches).toEqual([]);
    expect(verdict(createEvt7Checker(), facts).breaches).toEqual([]);
    expect(verdict(createRev3Checker(), facts).breaches).toEqual([]);
    const again = [...known, frame(event(record("c1", 1)))];
    expect(verdict(createEvt7Checker(), again).breaches).toHaveLength(1);
  });

  test("its frames are passed over", () => {
    const presence = frame({ type: "presence" } as unknown as EventFrame);
    expectKept(createEvt7Checker(), [...known, presence, change(2), frame(event(record("c1", 2)))]);
  });
});

describe("somebody on the way", () => {
  const stale = [created(1), change(2)];
  const asks = (altered?: readonly string[]) =>
    sent({ mutations: [mutation({ ifMatch: rev(1) })], ...(altered && { altered }) });
  const plain = committed(3, { previous: rev(2), key: "k-m1" });

  test("[MRG-1] took If-Match off: the proxy saw a plain write", () => {
    expect(verdict(createMrg1Checker(), [...stale, asks(["if-match"]), plain]).breaches).toEqual([]);
    expect(verdict(createMrg1Checker(), [...stale, asks(), plain]).breaches).toHaveLength(1);
  });

  test("[SYS-2] took the key off: what was created is told by no key", () => {
    const create = mutation({ operation: "create", ifMatch: undefined });
    const ok = answered({ call: "create", status: 201, results: [shows(record("c1", 1), { status: 201 })] });
    const without = sent({ call: "create", mutations: [create], altered: ["idempotency-key"] });
    expect(verdict(createSys2Checker(), [created(1), without, ok]).breaches).toEqual([]);
    const plainly = sent({ call: "create", mutations: [create] });
    expect(verdict(createSys2Checker(), [created(1), plainly, ok]).breaches).toHaveLength(1);
  });

  test("[BAT-1] answered in the proxy's place", () => {
    const batch = sendsBatch(1, 1, {}, { key: "k2" });
    const empty = answered({ at: 2, call: "batch" });
    expectIdle(createBat1Checker(), [batch, { ...empty, foreign: true }]);
    expectBroken(createBat1Checker(), [batch, empty], /0 results/);
  });

  test("[QUE-16] has a clock of its own", () => {
    const wrong = [clockSet({ offsetMs: 3_600_000 }), started({ at: 1 })];
    const shows = (foreign: boolean) =>
      answered({ at: 2, call: "changes", results: [], ...(foreign && { foreign }) });
    const own = [edited({ at: 10 }), saved({ at: 11 }), sends(12, 2, { timestamp: 3_600_010 })];
    expect(verdict(createClockCorrectionChecker(), [...wrong, shows(true), ...own]).breaches).toEqual([]);
    expect(verdict(createClockCorrectionChecker(), [...wrong, shows(false), ...own]).breaches).toHaveLength(
      1,
    );
  });

  test("[MRG-9] spoiled If-Match: a 409 at the very revision that was named may fail", () => {
    const ends = (n: number) => [
      edited(),
      saved(),
      sends(1, 1, { ifMatch: rev(4) }),
      answered({
        at: 2,
        status: 409,
        results: [result({ status: 409, error: "conflict", revision: rev(n) })],
      }),
      settled({ at: 3, outcome: "failed", error: "conflict" }),
    ];
    expect(verdict(createConflictChecker(), ends(4)).breaches).toEqual([]);
    expect(verdict(createConflictChecker(), ends(5)).breaches).toEqual(["it failed"]);
  });
});

describe("kills", () => {
  test("[QUE-4] a new key that was lost stays lost, however often the old one goes out", () => {
    const lost = [edited(), saved(), sends(1, 1), fails(2, 1), rekeyed({ key: "k2" })];
    const restart = [killed({ at: 5 }), started({ at: 6, cold: true })];
    const again = [sends(7, 2), fails(8, 2), sends(9, 3)];
    expect(verdict(createStableKeyChecker(), [...lost, ...restart, ...again])).toEqual(satisfied(2));
    const renamed = [...again, fails(10, 3), rekeyed({ key: "k3" }), sends(11, 4)];
    expect(verdict(createStableKeyChecker(), [...lost, ...restart, ...renamed]).breaches).toHaveLength(1);
  });

  test("[QUE-6] what failed before is told again at the start, and only there", () => {
    const failed = (at: number) => settled({ at, outcome: "failed" });
    const taken = [edited(), saved(), sends(1, 1), fails(2, 1), retried({ at: 4 }), sends(5, 2), fails(6, 2)];
    const restart = [killed({ at: 7 }), started({ at: 8, cold: true })];
    expect(verdict(createAttemptsChecker(), [...taken, ...restart, failed(8)]).breaches).toEqual([]);
    expect(verdict(createAttemptsChecker(), [...taken, ...restart, failed(9)]).breaches).toHaveLength(1);
  });

  test("[FUL-1] first syncs whose revision never came to be stored are not counted", () => {
    const first = (at: number) => [
      syncStarted({ at, sync: "full", reason: "first" }),
      syncEnded({ at: at + 1, sync: "full", reason: "first" }),
    ];
    const restart = (at: number) => [
      killed({ at }),
      started({ at: at + 1, cold: true }),
      opened({ at: at + 1 }),
    ];
    const begins = [started(), advanced({ at: 1, entity: "contact" }), ...first(2)];
    const round = (at: number) => [...restart(at), ...first(at + 2)];
    const hasty = [10, 20, 30, 40].flatMap(round);
    expect(verdict(createOpeningSyncChecker(), [...begins, ...hasty]).breaches).toEqual([]);
    const settledOnes = [10_000, 20_000, 30_000, 40_000].flatMap(round);
    expect(verdict(createOpeningSyncChecker(), [...begins, ...settledOnes]).breaches).not.toEqual([]);
  });
});

test("[FLG-4] what was on its way when the other protocol was met ends by its time-out", () => {
  const begun = [edited(), saved(), sends(1, 1), noticed({ at: 2, notice: "protocol_mismatch" })];
  const failed = settled({ at: 40, outcome: "failed", error: "timeout" });
  expect(
    verdict(createForeignProtocolChecker(), [...begun, unanswered({ at: 31 }), failed]).breaches,
  ).toEqual([]);
  expect(verdict(createForeignProtocolChecker(), [...begun, failed]).breaches).toHaveLength(1);
});

test("[SYS-7] what is gone from a screen is dated by the head of the log, which another account may have too", () => {
  const theirs = [created(1, { account: 1 }), created(1, { id: "c2" }), deleted(2, { id: "c2" })];
  expectIdle(createSys7Checker(), [...theirs, shown({ revision: rev(1), fields: undefined })]);
  expectBroken(
    createSys7Checker(),
    [...theirs, shown({ revision: rev(1), fields: { name: "x" } })],
    /contact c1/,
  );
});
