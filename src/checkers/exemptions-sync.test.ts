/**
 * Tests of what the checkers of syncs, sockets and cached reads (FUL-1, FUL-4, PSH-8, EVT-14 to EVT-18, FLG-4) let
 * pass: each beside the nearest history without that excuse, which is broken. EVT-19 is in exemptions-reconnect.test.ts.
 */

import { describe, expect, test } from "vitest";
import {
  advanced,
  answered,
  connected,
  connecting,
  disconnected,
  edited,
  event,
  frame,
  invalidated,
  killed,
  mutation,
  noticed,
  opened,
  phase,
  pushed,
  read,
  record,
  resyncRequired,
  retried,
  rev,
  saved,
  sent,
  settled,
  shown,
  started,
  syncEnded,
  syncStarted,
} from "../history/facts.fixture.ts";
import type { Fact } from "../history/facts.ts";
import type { Entity } from "../protocol/entity.ts";
import { answers, applies, fails, sends, verdict } from "./device/device.fixture.ts";
import { createEchoChecker } from "./device/echo.ts";
import { createForeignFrameChecker } from "./device/foreign-frame.ts";
import { createForeignProtocolChecker } from "./device/foreign-protocol.ts";
import { createLongAbsenceChecker } from "./device/full-sync.ts";
import { SYNC_DUE_MS } from "./device/life.ts";
import { createOpeningSyncChecker } from "./device/opening-sync.ts";
import { createPushSyncChecker } from "./device/push-sync.ts";
import { createResumeChecker } from "./device/resume.ts";
import { createResyncChecker } from "./device/resync.ts";
import type { Checker } from "./port.ts";

const ENTITY_NAMES = ["contact", "task", "list"] as const;
const stored = [started(), ...ENTITY_NAMES.map((entity) => advanced({ entity }))];
const asksWho = (at: number) => sent({ at, request: 90, call: "capabilities" });

/** Histories that leave a device owing a sync from 100,000 on, by rule. */
const OWING: readonly (readonly [string, () => Checker, readonly Fact[]])[] = [
  ["FUL-1", createOpeningSyncChecker, [...stored, opened({ at: 100_000 })]],
  ["EVT-15", createResyncChecker, [started(), opened(), frame(resyncRequired(), { at: 100_000 })]],
  ["PSH-8", createPushSyncChecker, [started(), pushed({ at: 100_000, revision: rev(5) })]],
];

describe.each(OWING)("[%s] a sync that is owed", (_rule, create, owes) => {
  const due = 100_000 + SYNC_DUE_MS;
  const said = (...facts: readonly Fact[]) => verdict(create(), [...owes, ...facts]).breaches;

  test("waits while the device asks whom it speaks to, and is owed anew from then on", () => {
    const late = syncStarted({ at: due + 10 });
    expect(said(asksWho(due - 10), late, phase("settled", due + 20))).toEqual([]);
    expect(said(late, phase("settled", due + 20))).toHaveLength(1);
    expect(said(asksWho(due - 10), phase("settled", due - 10 + SYNC_DUE_MS))).toEqual([]);
    expect(said(asksWho(due - 10), phase("settled", due - 9 + SYNC_DUE_MS))).toHaveLength(1);
  });

  test("was owed before the device asked: asking too late pays for nothing", () => {
    expect(said(asksWho(due + 1), syncStarted({ at: due + 2 }))).toHaveLength(1);
  });

  test("other requests do not put it off", () => {
    const other = sent({ at: due - 10, request: 90, call: "push_register" });
    expect(said(other, syncStarted({ at: due + 10 }))).toHaveLength(1);
  });

  test("is owed no more once its user was told why nothing goes on", () => {
    expect(said(noticed({ at: 100_010 }), phase("settled", due + 20))).toEqual([]);
    const full = noticed({ at: 100_010, notice: "storage_failed" });
    expect(said(full, phase("settled", due + 20))).toHaveLength(1);
    expect(said(phase("settled", due + 20))).toHaveLength(1);
  });
});

describe("told why nothing goes on, a device owes nothing new until it syncs or starts again", () => {
  const end = phase("settled", 900_000);
  const syncs = [syncStarted({ at: 50 }), syncEnded({ at: 60 })];

  test("[FUL-1]", () => {
    const open = opened({ at: 100_000 });
    const said = (...facts: readonly Fact[]) =>
      verdict(createOpeningSyncChecker(), [...stored, ...facts, open, end]).breaches;
    expect(said(noticed({ at: 10 }))).toEqual([]);
    expect(said(noticed({ at: 10 }), ...syncs)).toHaveLength(1);
    expect(said(noticed({ at: 10 }), killed({ at: 20 }), started({ at: 30, cold: true }))).toHaveLength(1);
  });

  test("[EVT-15]", () => {
    const begin = [started(), opened()];
    const told = frame(resyncRequired(), { at: 100_000 });
    const said = (...facts: readonly Fact[]) =>
      verdict(createResyncChecker(), [...begin, ...facts, told, end]).breaches;
    expect(said(noticed({ at: 10 }))).toEqual([]);
    expect(said(noticed({ at: 10 }), ...syncs)).toHaveLength(1);
  });

  test("[PSH-8]", () => {
    const push = pushed({ at: 100_000, revision: rev(5) });
    const said = (...facts: readonly Fact[]) =>
      verdict(createPushSyncChecker(), [started(), ...facts, push, end]).breaches;
    expect(said(noticed({ at: 10 }))).toEqual([]);
    expect(said(noticed({ at: 10 }), ...syncs)).toHaveLength(1);
  });
});

describe("[FUL-1] at the opening", () => {
  const open = opened({ at: 100_000 });
  const end = phase("settled", 900_000);
  const said = (...facts: readonly Fact[]) =>
    verdict(createOpeningSyncChecker(), [...stored, ...facts]).breaches;

  test("it may have synced a moment ago, and not a minute ago", () => {
    const synced = (at: number) => [syncStarted({ at }), syncEnded({ at: at + 1 })];
    expect(said(...synced(90_000), open, end)).toEqual([]);
    expect(said(...synced(89_999), open, end)).toEqual(["it asked for nothing"]);
  });

  test("a sync that runs is for this opening too, unless a kill ended it", () => {
    expect(said(syncStarted({ at: 10 }), open, end)).toEqual([]);
    const restart = [killed({ at: 20 }), started({ at: 30, cold: true })];
    expect(said(syncStarted({ at: 10 }), ...restart, open, end)).toHaveLength(1);
  });

  test("a live stream has told it everything, unless it is gone", () => {
    expect(said(connected({ at: 10 }), open, end)).toEqual([]);
    expect(said(connected({ at: 10 }), disconnected({ at: 20 }), open, end)).toHaveLength(1);
  });

  test("in full where there is no delta, not where one may be had later", () => {
    const full = syncStarted({ at: 50, sync: "full", reason: "expired" });
    const says = (status: number) => said(answered({ at: 40, call: "changes", status }), full);
    for (const status of [404, 405, 410, 501]) expect(says(status)).toEqual([]);
    for (const status of [200, 400, 401, 429, 500, 503]) expect(says(status)).toHaveLength(1);
    const portal = answered({ at: 40, call: "changes", status: 404, foreign: true });
    expect(said(portal, full)).toHaveLength(1);
  });

  test("a delta that began after the cause and ended well has taken it away", () => {
    const gone = answered({ at: 40, call: "changes", status: 410 });
    const full = syncStarted({ at: 60, sync: "full", reason: "expired" });
    const delta = (at: number, n: number | undefined) => [
      syncStarted({ at }),
      syncEnded({ at: 55, revision: n === undefined ? undefined : rev(n) }),
    ];
    expect(said(gone, ...delta(50, undefined), full)).toEqual([]);
    expect(said(syncStarted({ at: 30 }), gone, syncEnded({ at: 55 }), full)).toEqual([]);
    expect(said(gone, ...delta(50, 5), full)).toHaveLength(1);
  });
});

describe("[EVT-14] cached reads", () => {
  const known = [started(), advanced({ revision: rev(5) }), read()];
  const own = { deviceId: "d", mutationId: "k-m1" };
  const came = (origin?: typeof own) =>
    frame(event(record("c1", 6), origin ? { origin } : {}), { at: 20_000 });
  const fresh = (at: number) => read({ at });
  const said = (...facts: readonly Fact[]) => verdict(createResumeChecker(), [...known, ...facts]).breaches;
  const stale = ["it was answered as fresh, and nothing had made it stale"];

  test("an echo changes nothing that was read, another's event does", () => {
    const waits = edited({ at: 1_000 });
    expect(said(waits, came(own), fresh(30_000))).toEqual([]);
    expect(said(waits, came(), fresh(30_000))).toEqual(stale);
    expect(said(came(own), fresh(30_000))).toEqual(stale);
    expect(said(waits, settled({ at: 2_000 }), came(own), fresh(30_000))).toEqual(stale);
  });

  test("a read within a second of the event may still be fresh, a later one not", () => {
    expect(said(came(), fresh(20_999))).toEqual([]);
    expect(said(came(), fresh(21_000))).toEqual(stale);
    expect(said(came(), fresh(20_999), fresh(21_000))).toEqual(stale);
  });

  test("a restarted app has no cached reads, and a sync brings all of them up to date", () => {
    const restart = [killed({ at: 21_000 }), started({ at: 21_001, cold: true })];
    expect(said(came(), ...restart, fresh(30_000))).toEqual([]);
    expect(said(came(), syncStarted({ at: 22_000 }), fresh(30_000))).toEqual([]);
    expect(said(came(), fresh(30_000))).toEqual(stale);
  });

  test("near an answer to mutations anything may be made stale, far from one not", () => {
    const other = invalidated({ at: 20_000, queries: [{ entity: "task" }] });
    const done = (at: number) => [edited({ at: 1 }), sends(2, 1), applies(at, 1, 5)];
    expect(said(...done(10_000), other)).toEqual([]);
    expect(said(...done(9_999), other)).toEqual(["it made task (all) stale too"]);
    const nothing = answered({ at: 19_000, call: "changes" });
    expect(said(nothing, other)).toHaveLength(1);
  });

  test("its revision is of no use where it was refused, not where something else was amiss", () => {
    const bare = connecting({ at: 60_000, socket: 2 });
    const says = (status: number) => said(answered({ at: 2, call: "changes", status }), bare);
    for (const status of [404, 410]) expect(says(status)).toEqual([]);
    for (const status of [400, 401, 403, 408, 429, 503])
      expect(says(status)).toEqual(["it names no revision"]);
    expect(said(answered({ at: 2, call: "changes", status: 404, foreign: true }), bare)).toHaveLength(1);
  });

  test("its revision is of use again once a sync has ended well", () => {
    const told = frame(resyncRequired(9), { at: 2 });
    const bare = connecting({ at: 60_000, socket: 2 });
    expect(said(told, bare)).toEqual([]);
    expect(said(told, syncStarted({ at: 3 }), syncEnded({ at: 4, revision: undefined }), bare)).toEqual([]);
    expect(said(told, syncStarted({ at: 3 }), syncEnded({ at: 4, revision: rev(9) }), bare)).toEqual([
      "it names no revision",
    ]);
  });
});

describe("[EVT-16] what is shown after an echo", () => {
  const two = [
    edited(),
    shown({ waiting: ["m1"] }),
    edited({ mutation: "m2", payload: { name: "Joan" } }),
    shown({ fields: { name: "Joan" }, waiting: ["m1", "m2"] }),
    frame(event(record("c1", 5), { origin: { deviceId: "d", mutationId: "k-m1" } }), { at: 5 }),
  ];
  const showsOld = (at: number) =>
    shown({ at, revision: rev(5), fields: { name: "Grace" }, waiting: ["m2"] });

  test("is held against it for a moment, later against the pull that brought it [QUE-12]", () => {
    expect(verdict(createEchoChecker(), [...two, showsOld(2_006)]).breaches).toEqual([]);
    expect(verdict(createEchoChecker(), [...two, showsOld(2_005)]).breaches).toHaveLength(1);
  });
});

describe("[EVT-18] an event of an unknown entity", () => {
  const unknown = frame(event(record("v1", 5), { entity: "voicemail" as Entity }), { at: 10 });
  const said = (...facts: readonly Fact[]) =>
    verdict(createForeignFrameChecker(), [unknown, ...facts]).breaches;

  test("may be passed by a sync that began since, and by nothing else", () => {
    const resumes = connecting({ at: 20_000, since: rev(4) });
    expect(said(syncStarted({ at: 11 }), resumes)).toEqual([]);
    expect(said(advanced({ at: 11, revision: rev(4) }), resumes)).toHaveLength(1);
  });

  test("moves no revision while the stream has a gap behind it, until a sync has closed that", () => {
    const late = frame(event(record("v1", 6), { entity: "voicemail" as Entity }), { at: 40 });
    const resumes = connecting({ at: 20_000, since: rev(5) });
    const told = frame(resyncRequired(5), { at: 20 });
    const sync = (n: number | undefined) => [
      syncStarted({ at: 25 }),
      syncEnded({ at: 30, revision: n === undefined ? undefined : rev(n) }),
    ];
    expect(said(told, late, resumes)).toEqual([]);
    expect(said(told, ...sync(undefined), late, resumes)).toEqual([]);
    expect(said(late, resumes)).toHaveLength(1);
    expect(said(told, ...sync(5), late, resumes)).toHaveLength(1);
    expect(said(told, killed({ at: 35 }), late, resumes)).toHaveLength(1);
  });
});

describe("[FLG-4] the other protocol", () => {
  const notice = noticed({ at: 5, notice: "protocol_mismatch" });
  const failed = (mutation_: string, error?: string) =>
    settled({ at: 9, mutation: mutation_, outcome: "failed", ...(error && { error }) });
  const said = (...facts: readonly Fact[]) => verdict(createForeignProtocolChecker(), facts).breaches;

  test("what rests on a refused one goes with it, what does not stays", () => {
    const two = [
      edited(),
      saved(),
      sends(1, 1),
      edited({ mutation: "m2" }),
      saved({ mutation: "m2" }),
      notice,
    ];
    const refused = answers(6, 1, { status: 400, error: "invalid_request" });
    expect(said(...two, refused, failed("m1"), failed("m2", "dependency_failed"))).toEqual([]);
    expect(said(...two, refused, failed("m1"), failed("m2", "timeout"))).toEqual([
      "it failed without an answer",
    ]);
  });

  test("an answer to an earlier request excuses nothing of a later one", () => {
    const busy = answers(2, 1, { status: 503, error: "unavailable" });
    const again = [edited(), saved(), sends(1, 1), busy, sends(3, 2), notice];
    expect(said(...again, answers(6, 2, { status: 503 }), failed("m1"))).toEqual([]);
    expect(said(...again, failed("m1"))).toHaveLength(1);
  });

  test("what can be tried again is reason for an end for a moment, a refusal for as long as storage needs", () => {
    const goes = [edited(), saved(), sends(1, 1), notice];
    const late = (at: number) => settled({ at, outcome: "failed" });
    for (const open of [answers(6, 1, { status: 503, error: "unavailable" }), fails(6, 1)]) {
      expect(said(...goes, open, late(10_006))).toEqual([]);
      expect(said(...goes, open, late(10_007))).toEqual(["it failed without an answer"]);
    }
    const refused = answers(6, 1, { status: 400, error: "invalid_request" });
    expect(said(...goes, refused, late(10_007))).toEqual([]);
  });
});

test("[FUL-4] an edit that a person took up again may go out as a create, one that waits may not", () => {
  const again = sent({ at: 40, mutations: [mutation({ operation: "create" })] });
  const failed = [edited(), settled({ at: 2, outcome: "failed" })];
  expect(verdict(createLongAbsenceChecker(), [...failed, retried({ at: 3 }), again]).breaches).toEqual([]);
  expect(verdict(createLongAbsenceChecker(), [...failed, again]).breaches).toEqual([
    "it sent a create of it",
  ]);
});
