/**
 * Tests of what checkers let pass since a swarm showed that it is right: each beside the nearest history
 * that is broken.
 */

import { describe, expect, test } from "vitest";
import {
  advanced,
  answered,
  clockSet,
  committed,
  connected,
  connecting,
  created,
  deleted,
  discarded,
  disconnected,
  edited,
  killed,
  listOf,
  mutation,
  noticed,
  opened,
  record,
  rekeyed,
  rev,
  saved,
  sent,
  shown,
  started,
  syncEnded,
  syncStarted,
} from "../history/facts.fixture.ts";
import type { Fact } from "../history/facts.ts";
import { createBatchingChecker, LONG_QUEUE } from "./device/batching.ts";
import { createClockCorrectionChecker } from "./device/clock-correction.ts";
import { sends, verdict } from "./device/device.fixture.ts";
import { createOpeningSyncChecker } from "./device/opening-sync.ts";
import { createReconnectChecker } from "./device/reconnect.ts";
import { expectBroken, expectIdle, expectKept } from "./judge.fixture.ts";
import { createMrg5Checker } from "./proxy/mrg-5.ts";
import { createSys6Checker } from "./system/sys-6.ts";
import { createSys7Checker } from "./system/sys-7.ts";

describe("[QUE-15] one that was chosen while storage failed", () => {
  const names = Array.from({ length: LONG_QUEUE + 1 }, (_, n) => ({ mutation: `m${n}`, id: `c${n}` }));
  const queue = [answered({ request: 90, call: "capabilities" }), ...names.map((name) => edited(name))];
  const failing = noticed({ at: 5, notice: "storage_failed" });
  const stored = saved({ at: 10_000, mutation: "m0" });
  const single = (at: number) => sent({ at, request: 1, mutations: [mutation({ key: "k-m0", id: "c0" })] });
  const said = (...facts: readonly Fact[]) => verdict(createBatchingChecker(), [...queue, ...facts]).breaches;

  test("goes alone as soon as it is stored, and no later", () => {
    expect(said(failing, stored, single(10_000))).toEqual([]);
    expect(said(failing, stored, single(11_001))).toHaveLength(1);
  });

  test("has no such reason when storage was fine, or another process had the trouble", () => {
    expect(said(stored, single(10_000))).toHaveLength(1);
    const all = names.map((name) => saved({ at: 1, ...name }));
    const restarted = [killed({ at: 6 }), started({ at: 7, cold: true })];
    const informed = answered({ at: 8, request: 91, call: "capabilities" });
    expect(said(...all, failing, ...restarted, informed, single(20))).toHaveLength(1);
    expect(said(...all, failing, single(20))).toEqual([]);
  });
});

describe("[QUE-16] a stamp", () => {
  const HOUR_MS = 3_600_000;
  const wrong = clockSet({ offsetMs: HOUR_MS });
  const informed = answered({ at: 1_000, call: "changes" });
  const blind = edited({ at: 500, mutation: "m0" });
  const said = (...facts: readonly Fact[]) => verdict(createClockCorrectionChecker(), facts).breaches;

  test("follows one of an edit that nothing had shown wrong, and that was not sent before it", () => {
    const next = edited({ at: 4_000 });
    const follows = sends(5_000, 5, { key: "k-m1", timestamp: 501 + HOUR_MS });
    expect(said(wrong, blind, informed, next, follows)).toEqual([]);
    expect(said(wrong, informed, next, follows)).toEqual(["it is the device's own time"]);
    const own = sends(5_000, 5, { key: "k-m1", timestamp: 4_000 + HOUR_MS });
    expect(said(wrong, blind, informed, next, own)).toEqual(["it is the device's own time"]);
  });

  test("follows it across a restart and a further step of the clock", () => {
    const next = edited({ at: 4_000 });
    const follows = sends(5_000, 5, { key: "k-m1", timestamp: 501 + HOUR_MS });
    const restart = [killed({ at: 2_000 }), started({ at: 2_001, cold: true })];
    const shown = answered({ at: 3_000, request: 2, call: "changes" });
    expect(said(wrong, blind, informed, ...restart, shown, next, follows)).toEqual([]);
    const step = clockSet({ at: 2_500, offsetMs: HOUR_MS - 1_000 });
    expect(said(wrong, blind, informed, step, shown, next, follows)).toEqual([]);
    expect(said(wrong, informed, step, shown, next, follows)).toHaveLength(1);
  });
});

describe("[EVT-19] a socket that ends while a sync is on its way", () => {
  const live = [started(), opened(), connecting({ at: 0, socket: 1 }), connected({ at: 5 })];
  const sync = syncStarted({ at: 80_000 });
  const ended = (at: number) => syncEnded({ at });
  const lost = disconnected({ at: 99_000, socket: 1, code: 1001 });
  const late = connecting({ at: 300_000, socket: 2 });
  const said = (...facts: readonly Fact[]) => verdict(createReconnectChecker(), [...live, ...facts]).breaches;

  test("comes back after it, and without one in time", () => {
    expect(said(sync, lost, ended(299_000), late)).toEqual([]);
    expect(said(lost, late)).toEqual(["it waited 201000 ms"]);
    expect(said(sync, ended(90_000), lost, late)).toEqual(["it waited 201000 ms"]);
  });

  test("still backs off", () => {
    const early = connecting({ at: 99_500, socket: 2 });
    expect(said(sync, lost, early)).toEqual(["it waited 500 ms"]);
  });
});

describe("[SYS-6] an edit that goes out in another form", () => {
  const first = edited({ payload: { name: "Ada", phone: "1" } });
  const second = edited({ at: 1, mutation: "m2", payload: { name: "Grace" } });
  const other = rekeyed({ at: 2, mutation: "m2", key: "k9" });
  const sees = (name: string, phone: string) =>
    shown({ at: 3, revision: rev(1), fields: { name, phone }, waiting: ["m1", "m2"] });
  const gone = shown({ at: 3, revision: rev(1), fields: undefined, waiting: ["m1", "m2"] });
  const edits = [first, saved({ at: 0 }), second, saved({ at: 1, mutation: "m2" })];

  test("still stands above what was made before it, where it writes, and nowhere else", () => {
    expectKept(createSys6Checker(), [...edits, other, sees("Grace", "1")]);
    expectBroken(createSys6Checker(), [...edits, other, sees("Grace", "2")], /phone is "2", not "1"/);
    expectBroken(createSys6Checker(), [...edits, sees("Ada", "1")], /name is "Ada", not "Grace"/);
    const given = discarded({ at: 2, mutation: "m2" });
    expectBroken(createSys6Checker(), [...edits, given, sees("Grace", "1")], /name is "Grace", not "Ada"/);
  });

  test("is a delete, and leaves nothing of what was made before it to be shown", () => {
    const create = edited({ operation: "create", payload: { name: "Ada" } });
    const removes = edited({ at: 1, mutation: "m2", operation: "delete", payload: undefined });
    const queue = [
      created(9, { id: "c9" }),
      create,
      saved({ at: 0 }),
      removes,
      saved({ at: 1, mutation: "m2" }),
    ];
    expectKept(createSys6Checker(), [...queue, other, gone]);
    const given = discarded({ at: 2, mutation: "m2" });
    expectBroken(createSys6Checker(), [...queue, given, gone], /the record is gone/);
    const again = edited({ at: 2, mutation: "m3", payload: { name: "Joan" } });
    expectBroken(createSys6Checker(), [...queue, other, again, gone], /the record is gone/);
  });
});

describe("[SYS-7, QUE-2] what was gone at the revision that dates it", () => {
  const theirs = created(5, { account: 1 });
  const head = created(5, { id: "c2" });
  const sees = (n: number) => shown({ revision: rev(n), fields: { name: "x" }, waiting: ["m1"] });
  const own = [theirs, created(1), deleted(2)];

  test("stays so when somebody made it again later, and is not when they did before", () => {
    expectIdle(createSys7Checker(), [...own, head, sees(5)]);
    expectKept(createSys7Checker(), [...own, head, created(6), sees(5), sees(6)]);
    expectBroken(createSys7Checker(), [...own, created(3), head, sees(5)], /contact c1/);
  });
});

describe("[MRG-5] an item that was removed and came back", () => {
  const list = (n: number, ...items: readonly string[]) =>
    ({ entity: "list", id: "l1", record: record("l1", n, listOf(...items)) }) as const;
  const write = (n: number, base: number, ...items: readonly string[]) =>
    committed(n, {
      previous: rev(n - 1),
      ifMatch: rev(base),
      key: `k-${n}`,
      resolution: base < n - 1 ? "merged" : undefined,
      ...list(n, ...items),
    });
  const asks = (n: number, base: number, ...items: readonly string[]) =>
    sent({
      request: n,
      mutations: [
        mutation({
          key: `k-${n}`,
          entity: "list",
          id: "l1",
          payload: { items: listOf(...items).items ?? null },
          ifMatch: rev(base),
        }),
      ],
    });
  const began = [created(1, list(1, "milk", "eggs")), write(2, 1, "milk"), write(3, 1, "milk", "eggs")];

  test("is not lost by one whose base had it, and lost by one whose base had not", () => {
    const judged = (base: number) => [...began, asks(4, base, "milk"), write(4, base, "milk")];
    expectKept(createMrg5Checker(), judged(1));
    expectBroken(createMrg5Checker(), judged(2), /item eggs in list l1.*did not know the item/);
  });
});

describe("[FUL-1] first syncs while storage fails", () => {
  const first = (at: number) => [
    syncStarted({ at, sync: "full", reason: "first" }),
    syncEnded({ at: at + 1, sync: "full", reason: "first" }),
  ];
  const begins = [started(), advanced({ at: 1, entity: "contact" })];
  const round = (at: number, ...between: readonly Fact[]) => [
    ...first(at),
    ...between,
    killed({ at: at + 60_000 }),
    started({ at: at + 60_001, cold: true }),
  ];
  const rounds = (...between: readonly Fact[]) =>
    [100_000, 200_000, 300_000, 400_000, 500_000].flatMap((at) =>
      round(at, ...between.map((fact) => ({ ...fact, at: at + 10 }))),
    );
  const said = (...facts: readonly Fact[]) =>
    verdict(createOpeningSyncChecker(), [...begins, ...facts]).breaches;

  test("are in vain, however long the app lived on, unless a revision was stored", () => {
    const failed = noticed({ notice: "storage_failed" });
    expect(said(...rounds(failed))).toEqual([]);
    expect(said(...rounds())).not.toEqual([]);
    expect(said(...rounds(failed, advanced({ entity: "contact" })))).not.toEqual([]);
  });
});
