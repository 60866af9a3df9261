/**
 * Tests of what the checkers of the queue's rules (QUE-2 to QUE-7, QUE-10 to QUE-15, MRG-9, MRG-10) let pass: each
 * beside the nearest history without that excuse, which is broken. QUE-8 is in exemptions-answers.test.ts, QUE-16 in
 * exemptions-clock.test.ts.
 */

import { describe, expect, test } from "vitest";
import {
  answered,
  asked,
  chosen,
  committed,
  created,
  deleted,
  edited,
  killed,
  mutation,
  noticed,
  opened,
  rekeyed,
  retried,
  rev,
  saved,
  sent,
  settled,
  shown,
  started,
} from "../history/facts.fixture.ts";
import type { Fact } from "../history/facts.ts";
import { createAttemptsChecker } from "./device/attempts.ts";
import { createBatchingChecker, LONG_QUEUE } from "./device/batching.ts";
import { createConflictChecker } from "./device/conflict.ts";
import {
  answers,
  applies,
  conflicts,
  fails,
  satisfied,
  sends,
  unreached,
  verdict,
} from "./device/device.fixture.ts";
import { createEditOnResultChecker } from "./device/edit-on-result.ts";
import { createKeyAndBytesChecker } from "./device/key-and-bytes.ts";
import { createRecordOrderChecker } from "./device/record-order.ts";
import { createRetryWaitChecker } from "./device/retry-wait.ts";
import { createShownAtOnceChecker } from "./device/shown-at-once.ts";
import { createRestartedKeyChecker, createStableKeyChecker } from "./device/stable-key.ts";
import { createStoredBytesChecker } from "./device/stored-bytes.ts";

const cut = (at: number) => [killed({ at }), started({ at: at + 1, cold: true })];
const busy = (at: number, request: number) => answers(at, request, { status: 503, error: "unavailable" });
const inFlight = (at: number, request: number) => answers(at, request, { status: 409, error: "in_flight" });

describe("[QUE-6] attempts", () => {
  const begin = [edited(), saved()];
  const tries = (from: number, count: number): readonly Fact[] =>
    Array.from({ length: count }, (_, n) => [
      sends((from + n) * 10, from + n),
      fails((from + n) * 10 + 1, from + n),
    ]).flat();
  const said = (...facts: readonly Fact[]) => verdict(createAttemptsChecker(), [...begin, ...facts]).breaches;
  const failed = settled({ at: 900, outcome: "failed" });

  test("storage that failed may have lost every count with the kill, storage that works only one", () => {
    const broken = noticed({ at: 55, notice: "storage_failed" });
    expect(said(...tries(1, 5), broken, ...cut(60), ...tries(8, 5), failed)).toEqual([]);
    expect(said(...tries(1, 5), ...cut(60), ...tries(8, 2))).toEqual(["it was sent a further time"]);
    const other = noticed({ at: 55, notice: "signed_out" });
    expect(said(...tries(1, 5), other, ...cut(60), ...tries(8, 2))).toHaveLength(1);
  });

  test("storage that failed in an earlier process works again in the next", () => {
    const broken = noticed({ at: 5, notice: "storage_failed" });
    const rest = [...cut(60), ...tries(8, 2)];
    expect(said(broken, ...cut(6), ...tries(1, 5), ...rest)).toHaveLength(1);
  });

  test("an attempt that a kill cut off may count", () => {
    expect(said(...tries(1, 4), sends(50, 5), ...cut(55), failed)).toEqual([]);
    expect(said(...tries(1, 4), ...cut(55), failed)).toEqual(["it failed after 4"]);
  });

  test("a key by strategy may begin the count anew, and need not; without it nothing does", () => {
    const renamed = [...tries(1, 3), rekeyed({ at: 39 })];
    expect(said(...renamed, ...tries(4, 2), failed)).toEqual([]);
    expect(said(...renamed, ...tries(4, 5), failed)).toEqual([]);
    expect(said(...renamed, ...tries(4, 6))).toEqual(["it was sent a further time"]);
    expect(said(...renamed, ...tries(4, 1), failed)).toEqual(["it failed after 4"]);
  });

  test("what was saved and never sent fails only for what it rests on, or has no place for", () => {
    const gives = (error?: string) => settled({ at: 900, outcome: "failed", ...(error && { error }) });
    for (const error of ["dependency_failed", "not_found", "queue_full"])
      expect(said(gives(error))).toEqual([]);
    for (const error of ["unreachable", undefined]) expect(said(gives(error))).toEqual(["it failed after 0"]);
    const unsaved = verdict(createAttemptsChecker(), [edited(), gives("unreachable")]);
    expect(unsaved.breaches).toEqual([]);
  });

  test("what a kill cut off before any answer, and what was taken up again, is never sent too", () => {
    expect(said(sends(1, 1), ...cut(5), failed)).toEqual(["it failed after 1"]);
    const refused = [sends(1, 1), answers(2, 1, { status: 400, error: "invalid_request" })];
    const first = settled({ at: 3, outcome: "failed" });
    expect(said(...refused, first)).toEqual([]);
    expect(said(...refused, first, retried({ at: 4 }), failed)).toEqual(["it failed after 0"]);
  });

  test("a twin in flight need not count, a 503 does", () => {
    const round = (end: (at: number, request: number) => Fact) => [
      ...tries(1, 4),
      sends(50, 5),
      end(51, 5),
      sends(60, 6),
    ];
    expect(said(...round(inFlight))).toEqual([]);
    expect(said(...round(busy))).toEqual(["it was sent a further time"]);
  });
});

describe("[QUE-5] waits", () => {
  const begin = [started(), opened(), edited(), sends(0, 1)];
  const said = (...facts: readonly Fact[]) =>
    verdict(createRetryWaitChecker(), [...begin, ...facts]).breaches;

  test("told that it cannot go on, a device has no upper bound until it talks again", () => {
    const told = noticed({ at: 50 });
    expect(said(told, busy(100, 1), sends(4_100, 2))).toEqual([]);
    expect(said(busy(100, 1), sends(4_100, 2))).toEqual(["it waited 4000 ms"]);
    const later = [busy(100, 1), sends(1_100, 2), busy(1_200, 2), sends(9_200, 3)];
    expect(said(told, ...later)).toEqual(["it waited 8000 ms"]);
  });

  test("a start ends what it was told", () => {
    const again = [started({ at: 60, cold: true }), opened({ at: 61 }), sends(70, 2)];
    expect(said(noticed({ at: 50 }), ...cut(55), ...again, busy(100, 2), sends(4_100, 3))).toHaveLength(1);
  });

  test("what never left the phone, and a twin in flight, need not lengthen the wait; a time-out does", () => {
    const round = (end: (at: number, request: number) => Fact) => [
      end(100, 1),
      sends(1_200, 2),
      end(1_300, 2),
      sends(2_400, 3),
    ];
    expect(said(...round(unreached))).toEqual([]);
    expect(said(...round(inFlight))).toEqual([]);
    expect(said(...round(fails))).toEqual(["it waited 1100 ms"]);
  });

  test("a queue may back off as a whole: the failures of others lengthen the wait", () => {
    const other = (at: number, request: number) => sends(at, request, { key: "k-m2", id: "c2" });
    const m2 = edited({ at: 10, mutation: "m2", id: "c2" });
    const theirs = (at: number, request: number) => ({ ...busy(at, request), results: [] });
    const others = [m2, other(20, 2), theirs(30, 2), other(1_100, 3), theirs(1_110, 3)];
    const first = sends(1_120, 4);
    expect(said(applies(5, 1, 2), ...others, first, busy(1_130, 4), sends(5_200, 5))).toEqual([]);
    expect(said(applies(5, 1, 2), first, busy(1_130, 4), sends(5_200, 5))).toEqual(["it waited 4070 ms"]);
  });
});

describe("[QUE-10] on top of the result", () => {
  const flying = [
    edited(),
    saved(),
    sends(1, 1),
    edited({ at: 2, mutation: "m2" }),
    saved({ mutation: "m2" }),
  ];
  const second = (at: number) => sends(at, 2, { key: "k-m2", ifMatch: rev(1) });
  const said = (...facts: readonly Fact[]) =>
    verdict(createEditOnResultChecker(), [...flying, ...facts]).breaches;

  test("a kill may take the result that was not stored, and none that its user was told of", () => {
    expect(said(applies(3, 1, 4), ...cut(4), second(6))).toEqual([]);
    expect(said(applies(3, 1, 4), second(6))).toEqual([`its If-Match is ${rev(1)}`]);
    expect(said(applies(3, 1, 4), settled({ at: 3 }), ...cut(4), second(6))).toEqual([
      `its If-Match is ${rev(1)}`,
    ]);
  });

  test("what a kill cut off is on its way no more", () => {
    expect(said(...cut(4), second(6))).toEqual([]);
    expect(said(second(6))).toEqual(["it went out while that one was on its way"]);
  });
});

describe("[MRG-9] conflicts", () => {
  const stale = [edited(), saved(), sends(1, 1), conflicts(2, 1)];
  const said = (...facts: readonly Fact[]) => verdict(createConflictChecker(), facts).breaches;

  test("what its user has decided may fail", () => {
    const failed = settled({ at: 5, outcome: "failed" });
    expect(said(...stale, asked({ at: 2 }), chosen({ at: 4 }), failed)).toEqual([]);
    expect(said(...stale, failed)).toEqual(["it failed"]);
  });

  test("a kill may forget the conflict that was not stored", () => {
    expect(said(...stale, ...cut(3), sends(5, 2))).toEqual([]);
    expect(said(...stale, sends(5, 2))).toEqual(["it was sent again as it was"]);
  });

  test("a kill may forget the question, until it is asked again", () => {
    const before = [...stale, asked({ at: 2 }), ...cut(3)];
    expect(said(...before, sends(6, 2))).toEqual([]);
    expect(said(...before, asked({ at: 5 }), sends(6, 2))).toEqual(["it was sent again as it was"]);
  });

  test("an answer to what has ended asks for nothing", () => {
    const late = [settled({ at: 2 }), conflicts(3, 1), sends(5, 2)];
    expect(said(edited(), saved(), sends(1, 1), ...late)).toEqual([]);
    expect(said(edited(), saved(), sends(1, 1), ...late.slice(1))).toHaveLength(1);
  });
});

describe("keys and bytes", () => {
  test("[QUE-7] a new key that was lost with one kill is lost with the next too; one that was sent is not", () => {
    const lost = [edited(), saved(), sends(1, 1), fails(2, 1), rekeyed({ at: 3, key: "k2" })];
    const twice = [...cut(5), sends(7, 2), ...cut(8)];
    expect(verdict(createRestartedKeyChecker(), [...lost, ...twice, sends(10, 3)])).toEqual(satisfied(1));
    expect(verdict(createStableKeyChecker(), [...lost, ...twice, sends(10, 3)])).toEqual(satisfied(2));
    const under2 = [sends(4, 2, { key: "k2" }), ...cut(5), sends(7, 3)];
    expect(verdict(createRestartedKeyChecker(), [...lost, ...under2]).breaches).toEqual([
      "it went out under k-m1",
    ]);
  });

  test("[QUE-4] the lost key excuses the one before it, and no other", () => {
    const lost = [edited(), saved(), sends(1, 1), fails(2, 1), rekeyed({ at: 3, key: "k2" }), ...cut(5)];
    const found = [sends(7, 2), fails(8, 2), sends(9, 3, { key: "k2" }), fails(10, 3), sends(11, 4)];
    expect(verdict(createStableKeyChecker(), [...lost, ...found]).breaches).toEqual([
      "it went out under k-m1",
    ]);
    expect(verdict(createStableKeyChecker(), [...lost, sends(7, 2, { key: "k3" })]).breaches).toHaveLength(1);
  });

  test("[MRG-10] an id changes only from the temporary one", () => {
    const create = edited({ mutation: "m0", operation: "create", key: "k0" });
    const said = (...facts: readonly Fact[]) => verdict(createKeyAndBytesChecker(), facts).breaches;
    const again = (id: string) => [edited(), sends(1, 1, { id }), fails(2, 1), sends(3, 2, { id: "c1" })];
    expect(said(create, ...again("k0"))).toEqual([]);
    expect(said(...again("k0"))).toEqual(["its record id changed, its key k-m1 did not"]);
  });

  test("[MRG-10] a person's retry excuses one new key, not the next", () => {
    const renamed = (at: number, n: number) => [
      rekeyed({ at, key: `k${n}` }),
      sends(at, n, { key: `k${n}` }),
    ];
    const facts = [edited(), sends(1, 1), fails(2, 1), retried({ at: 3 }), ...renamed(4, 2), fails(5, 2)];
    expect(verdict(createKeyAndBytesChecker(), facts).breaches).toEqual([]);
    expect(verdict(createKeyAndBytesChecker(), [...facts, ...renamed(6, 3)]).breaches).toHaveLength(1);
  });

  test("[QUE-14] what a person took up again may have other bytes", () => {
    const other = sends(9, 1, { payload: { name: "x" } });
    const said = (...facts: readonly Fact[]) =>
      verdict(createStoredBytesChecker(), [edited(), saved(), ...facts, other]).breaches;
    expect(said(settled({ at: 2, outcome: "failed" }), retried({ at: 3 }), ...cut(5))).toEqual([]);
    expect(said(...cut(5))).toHaveLength(1);
  });
});

describe("[QUE-3] order", () => {
  const two = [edited(), edited({ mutation: "m2" })];
  const second = sends(9, 1, { key: "k-m2" });
  const again = (name: string) => [
    settled({ at: 2, mutation: name, outcome: "failed" }),
    retried({ at: 3, mutation: name }),
  ];
  const said = (...facts: readonly Fact[]) => verdict(createRecordOrderChecker(), facts).breaches;

  test("the place of what was taken up again is free among what was made before, and ahead of what is made then", () => {
    expect(said(...two, ...again("m1"), second)).toEqual([]);
    expect(said(...two, ...again("m2"), second)).toEqual([]);
    expect(said(...two, second)).toHaveLength(1);
    expect(said(edited(), ...again("m1"), edited({ at: 4, mutation: "m2" }), second)).toHaveLength(1);
  });

  test("a final answer lets the next one out before its end is told, one that can be retried does not", () => {
    const first = sends(1, 1);
    const next = sends(9, 2, { key: "k-m2" });
    expect(said(...two, first, answers(2, 1, { status: 400, error: "invalid_request" }), next)).toEqual([]);
    expect(said(...two, first, inFlight(2, 1), next)).toHaveLength(1);
  });
});

describe("[QUE-2] a refused delete", () => {
  const deletes = edited({ operation: "delete", payload: undefined });
  const gone = (at: number, waiting: readonly string[], n = 1) =>
    shown({ at, fields: undefined, waiting, revision: rev(n) });
  const failed = settled({ at: 20, outcome: "failed" });
  const said = (...facts: readonly Fact[]) =>
    verdict(createShownAtOnceChecker(), [...facts, saved({ at: 30 })]).breaches;

  test("may stay gone for another edit that waits, and not for none", () => {
    expect(said(deletes, gone(0, ["m1"]), failed, gone(20, ["m2"]))).toEqual([]);
    expect(said(deletes, gone(0, ["m1"]), failed, gone(20, []))).toEqual(["it stays gone"]);
  });

  test("of what was gone from the server at that revision may stay gone, of what lived on may not", () => {
    const begin = [{ ...deletes, base: rev(3) }, gone(0, ["m1"], 3), failed, gone(20, [], 3)];
    expect(said(created(1), deleted(2), ...begin)).toEqual([]);
    expect(said(created(1), committed(2), ...begin)).toEqual(["it stays gone"]);
    expect(said(created(1), deleted(2, { id: "c2" }), ...begin)).toEqual(["it stays gone"]);
    expect(said(created(1), deleted(4), ...begin)).toEqual(["it stays gone"]);
    expect(said(created(1), deleted(3), ...begin)).toEqual([]);
    expect(said(created(1), deleted(3, { id: "c2" }), ...begin)).toEqual(["it stays gone"]);
    expect(said(created(1), deleted(3, { entity: "task" }), ...begin)).toEqual(["it stays gone"]);
  });

  test("of a record that the server never had may stay gone", () => {
    const local = (base: ReturnType<typeof rev> | undefined) => [
      { ...deletes, base },
      gone(0, ["m1"]),
      failed,
    ];
    expect(said(...local(undefined), gone(20, []))).toEqual([]);
    expect(said(...local(rev(1)), gone(20, []))).toHaveLength(1);
  });
});

describe("[QUE-15] one by one", () => {
  const names = Array.from({ length: LONG_QUEUE + 1 }, (_, n) => ({ mutation: `m${n}`, id: `c${n}` }));
  const queue = [answered({ request: 90, call: "capabilities" }), ...names.map((name) => edited(name))];
  const single = (n: number, bytes = 100) =>
    sent({ at: n, request: n + 1, mutations: [mutation({ key: `k-m${n}`, id: `c${n}` })], bytes });
  const said = (...facts: readonly Fact[]) => verdict(createBatchingChecker(), [...queue, ...facts]).breaches;

  test("a large one may fill a request by itself", () => {
    expect(said(single(0, 65_537))).toEqual([]);
    expect(said(single(0, 65_536))).toEqual(["request 1 carries one mutation"]);
  });

  test("what is tried again may go alone, a first attempt not", () => {
    const batch = sent({
      call: "batch",
      mutations: [mutation({ key: "k-m0", id: "c0" })],
      bytes: 65_537,
    });
    expect(said(batch, fails(1, 1), single(0))).toEqual([]);
    expect(said(batch, fails(1, 1), single(1))).toHaveLength(1);
  });
});
