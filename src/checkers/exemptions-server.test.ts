/**
 * Tests of what the checkers of the proxy and of the whole let pass: boxes on the way, answers that may be of another
 * time, webhooks, kills, and what its user was told. Each beside the nearest history without that excuse.
 */

import { describe, expect, test } from "vitest";
import {
  answered,
  committed,
  connecting,
  created,
  deleted,
  edited,
  event,
  frame,
  killed,
  mutation,
  noticed,
  phase,
  ready,
  record,
  rekeyed,
  result,
  retried,
  rev,
  saved,
  sent,
  settled,
  shown,
  shows,
  started,
} from "../history/facts.fixture.ts";
import type { Fact } from "../history/facts.ts";
import type { Entity } from "../protocol/entity.ts";
import { verdict } from "./device/device.fixture.ts";
import { KEY_KEPT_MS } from "./exchanges.ts";
import type { Checker } from "./port.ts";
import { createCon1Checker } from "./proxy/con-1.ts";
import { createCon2Checker } from "./proxy/con-2.ts";
import { createCon3Checker } from "./proxy/con-3.ts";
import { createCon4Checker } from "./proxy/con-4.ts";
import { createCon8Checker } from "./proxy/con-8.ts";
import { createCon10Checker } from "./proxy/con-10.ts";
import { createCon12Checker } from "./proxy/con-12.ts";
import { createEvt1Checker, UNPROVEN_MS } from "./proxy/evt-1.ts";
import { createEvt2Checker } from "./proxy/evt-2.ts";
import { createIdm1Checker } from "./proxy/idm-1.ts";
import { createRev3Checker } from "./proxy/rev-3.ts";
import { createRev4Checker } from "./proxy/rev-4.ts";
import { createRev6Checker } from "./proxy/rev-6.ts";
import { createRev8Checker } from "./proxy/rev-8.ts";
import { createSec3Checker } from "./proxy/sec-3.ts";
import { createSys2Checker } from "./system/sys-2.ts";
import { createSys3Checker } from "./system/sys-3.ts";
import { createSys4Checker } from "./system/sys-4.ts";
import { createSys6Checker } from "./system/sys-6.ts";
import { createSys7Checker } from "./system/sys-7.ts";

const breaches = (checker: Checker, ...facts: readonly Fact[]) => verdict(checker, facts).breaches;
const change = (n: number, some: Parameters<typeof committed>[1] = {}) =>
  committed(n, { previous: rev(n - 1), ...some });
const end = phase("settled", 900_000);

describe("a box on the way changed the request: nobody here knows what the proxy was asked", () => {
  const asks = (altered: boolean, some: Parameters<typeof mutation>[0] = {}) =>
    sent({ mutations: [mutation({ ifMatch: rev(1), ...some })], ...(altered && { altered: ["if-match"] }) });
  const conflict = answered({
    status: 409,
    error: "conflict",
    results: [result({ status: 409, error: "conflict", revision: rev(1) })],
  });

  test("[CON-1] it refuses what was current", () => {
    expect(breaches(createCon1Checker(), created(1), asks(true), conflict)).toEqual([]);
    expect(breaches(createCon1Checker(), created(1), asks(false), conflict)).toHaveLength(1);
  });

  test("[CON-2] it applies what was stale", () => {
    const stale = [created(1), change(2)];
    const ok = answered({ results: [shows(record("c1", 3))] });
    expect(breaches(createCon2Checker(), ...stale, asks(true), change(3, { key: "k-m1" }), ok)).toEqual([]);
    expect(breaches(createCon2Checker(), ...stale, asks(false), change(3, { key: "k-m1" }), ok)).toHaveLength(
      1,
    );
  });

  test("[CON-4] it deletes what had moved on", () => {
    const stale = [created(1), change(2)];
    const gone = deleted(3, { previous: rev(2), key: "k-m1" });
    const asked = (altered: boolean) => asks(altered, { operation: "delete", payload: undefined });
    expect(breaches(createCon4Checker(), ...stale, asked(true), gone)).toEqual([]);
    expect(breaches(createCon4Checker(), ...stale, asked(false), gone)).toHaveLength(1);
  });

  test("what its answer shows must be right all the same: [SEC-3], [SYS-7], [REV-3], [REV-4], [REV-6]", () => {
    const theirs = created(5, { account: 1, id: "c5" });
    const log = [created(1), theirs, change(9)];
    const says = (make: () => Checker, shownAs: ReturnType<typeof shows>, altered = true) =>
      breaches(make(), ...log, asks(altered), answered({ results: [shownAs] }));
    const strange = shows(record("c5", 5));
    for (const make of [createSec3Checker, createSys7Checker, createRev3Checker]) {
      expect(says(make, strange)).toHaveLength(1);
      expect(says(make, shows(record("c1", 9)))).toEqual([]);
    }
    expect(says(createRev4Checker, shows(record("c1", 9), { revision: rev(1) }))).toHaveLength(1);
    expect(says(createRev4Checker, shows(record("c1", 9)))).toEqual([]);
    const creates = (altered: boolean, n: number) => [
      asks(altered, { operation: "create", key: "k-m2", id: "c2" }),
      answered({ results: [{ ...shows(record("c2", n)), key: "k-m2" }] }),
    ];
    const first = [asks(false), answered({ results: [shows(record("c1", 9))] })];
    expect(breaches(createRev6Checker(), ...log, ...first, ...creates(true, 10))).toEqual([]);
    expect(breaches(createRev6Checker(), ...log, ...first, ...creates(true, 8))).toHaveLength(1);
  });

  test("[SYS-2] what it did apply must still know the record", () => {
    const blind = (previous: number) => committed(3, { previous: rev(previous), key: "k-m1" });
    const begin = [created(1), change(2), asks(true)];
    expect(breaches(createSys2Checker(), ...begin, blind(2))).toEqual([]);
    expect(breaches(createSys2Checker(), ...begin, blind(1))).toHaveLength(1);
  });
});

describe("the backend", () => {
  const gone = [created(1), deleted(2, { previous: rev(1) })];

  test("[CON-8] deletes what does not live, and updates it not", () => {
    expect(breaches(createCon8Checker(), ...gone, deleted(3, { previous: rev(2) }))).toEqual([]);
    expect(breaches(createCon8Checker(), ...gone, change(3))).toHaveLength(1);
    expect(breaches(createCon8Checker(), ...gone, deleted(3, { previous: rev(2), key: "k" }))).toHaveLength(
      1,
    );
  });

  test("[REV-8] commits what changes nothing, a device not", () => {
    const same = (some: Parameters<typeof committed>[1]) => [created(1), change(2, some)];
    expect(breaches(createRev8Checker(), ...same({}))).toEqual([]);
    expect(breaches(createRev8Checker(), ...same({ device: 0 }))).toHaveLength(1);
    expect(breaches(createRev8Checker(), ...same({ key: "k" }))).toHaveLength(1);
  });
});

describe("time", () => {
  test("[IDM-1] a key may be forgotten after its time, and not before", () => {
    const first = created(1, { key: "k-m1" });
    const again = (at: number) => change(2, { key: "k-m1", at });
    expect(breaches(createIdm1Checker(), first, again(KEY_KEPT_MS + 1))).toEqual([]);
    expect(breaches(createIdm1Checker(), first, again(KEY_KEPT_MS))).toHaveLength(1);
  });

  test("[CON-10], [CON-3] and so may its answer: what comes under the key then is decided anew", () => {
    const ask = (request: number, at: number) => sent({ request, at, mutations: [mutation()] });
    const conflict = (request: number, at: number) =>
      answered({ request, at, results: [result({ status: 409, error: "conflict", revision: rev(2) })] });
    const retried = (at: number) =>
      breaches(createCon10Checker(), ask(1, 0), change(2, { key: "k-m1" }), ask(2, at), conflict(2, at));
    expect(retried(KEY_KEPT_MS + 1)).toEqual([]);
    expect(retried(KEY_KEPT_MS)).toHaveLength(1);
    const applied = (at: number) =>
      breaches(createCon3Checker(), ask(1, 0), conflict(1, 0), ask(2, at), change(3, { key: "k-m1", at }));
    expect(applied(KEY_KEPT_MS + 1)).toEqual([]);
    expect(applied(KEY_KEPT_MS)).toHaveLength(1);
  });

  test("[EVT-1] a phone that was offline or in the background is owed from its return on", () => {
    const on = { fact: "online", device: 0, account: 0 } as const;
    const live = [connecting(), frame(ready(0)), created(1, { at: 5 })];
    const late = phase("heal", 6 + UNPROVEN_MS);
    expect(breaches(createEvt1Checker(), ...live, { ...on, at: 10_000 }, late)).toEqual([]);
    expect(breaches(createEvt1Checker(), ...live, late)).toHaveLength(1);
  });
});

describe("[CON-12] a write that is not stale", () => {
  const asks = sent({ mutations: [mutation({ payload: { name: "Grace", extra: { a: 1 } } })] });
  const commits = (name: string, named: number) =>
    change(2, {
      key: "k-m1",
      ifMatch: rev(named),
      record: record("c1", 2, { name, extra: { a: 1, b: 2 } }),
    });

  test("merges objects, and takes values; a stale one is not judged", () => {
    expect(breaches(createCon12Checker(), created(1), asks, commits("Grace", 1))).toEqual([]);
    expect(breaches(createCon12Checker(), created(1), asks, commits("Ada", 0))).toEqual([]);
    expect(breaches(createCon12Checker(), created(1), asks, commits("Ada", 1))).toHaveLength(1);
  });
});

test("[EVT-2] an event of an unknown entity leaves nothing out and goes not back, a known one may", () => {
  const live = [connecting({ since: rev(0) }), frame(ready(0)), created(1), change(2)];
  const unknown = (id: string, n: number) => frame(event(record(id, n), { entity: "note" as Entity }));
  const known = (n: number) => frame(event(record("c1", n)));
  expect(breaches(createEvt2Checker(), ...live, unknown("n1", 9), known(1), known(2))).toEqual([]);
  expect(breaches(createEvt2Checker(), ...live, known(2))).toHaveLength(1);
  expect(breaches(createEvt2Checker(), ...live, known(1), unknown("n1", 9), known(2), known(1))).toHaveLength(
    1,
  );
});

describe("[SYS-3] one effect", () => {
  const applied = (n: number, key: string) => change(n, { key, device: 0 });
  const renamed = rekeyed({ key: "k2" });

  test("of each life: what failed and was taken up again is another mutation", () => {
    const again = [settled({ outcome: "failed" }), retried(), renamed, applied(3, "k2")];
    expect(breaches(createSys3Checker(), created(1), edited(), applied(2, "k-m1"), ...again)).toEqual([]);
    const same = [renamed, applied(3, "k2")];
    expect(breaches(createSys3Checker(), created(1), edited(), applied(2, "k-m1"), ...same)).toHaveLength(1);
  });
});

describe("[SYS-4] what becomes of an edit", () => {
  const failed = (at: number) => settled({ at, outcome: "failed" });
  const restart = [killed({ at: 10 }), started({ at: 11, cold: true })];

  test("told again after a restart, a failed one can still be taken up, and must then end", () => {
    const told = [edited(), saved(), failed(5), ...restart, failed(11)];
    expect(breaches(createSys4Checker(), ...told, end)).toEqual([]);
    expect(breaches(createSys4Checker(), ...told, retried({ at: 20 }), settled({ at: 30 }), end)).toEqual([]);
    expect(breaches(createSys4Checker(), ...told, retried({ at: 20 }), end)).toEqual(["it is neither"]);
  });

  test("told why it stands still, a queue may wait, until the next start", () => {
    const open = [edited(), saved(), noticed({ at: 5 })];
    expect(breaches(createSys4Checker(), ...open, end)).toEqual([]);
    expect(breaches(createSys4Checker(), ...open, ...restart, end)).toEqual(["it is neither"]);
    expect(breaches(createSys4Checker(), edited(), saved(), end)).toEqual(["it is neither"]);
    const notice = (name: "protocol_mismatch" | "storage_failed") =>
      breaches(createSys4Checker(), edited(), saved(), noticed({ at: 5, notice: name }), end);
    expect(notice("protocol_mismatch")).toEqual([]);
    expect(notice("storage_failed")).toEqual(["it is neither"]);
  });

  test("a queue that went on after it stood still must end, unless it is told 401 once more", () => {
    const other = sent({ at: 20, mutations: [mutation({ key: "k-m0" })] });
    const goesOn = [noticed({ at: 5 }), other, edited({ at: 25 }), saved({ at: 25 })];
    const told = (status: number) =>
      breaches(createSys4Checker(), ...goesOn, answered({ at: 26, status }), end);
    expect(told(200)).toEqual(["it is neither"]);
    expect(told(503)).toEqual(["it is neither"]);
    expect(told(401)).toEqual([]);
    const reads = [
      noticed({ at: 5 }),
      sent({ at: 20, call: "changes" }),
      edited({ at: 25 }),
      saved({ at: 25 }),
    ];
    expect(breaches(createSys4Checker(), ...reads, end)).toEqual([]);
  });

  test("what was not saved may vanish with a kill, what is saved afterwards may not", () => {
    expect(breaches(createSys4Checker(), edited(), ...restart, end)).toEqual([]);
    expect(breaches(createSys4Checker(), edited(), ...restart, saved({ at: 12 }), end)).toHaveLength(1);
    expect(breaches(createSys4Checker(), edited(), end)).toHaveLength(1);
  });
});

describe("[SYS-6] what is on the screen", () => {
  const see = (n: number, name: string | undefined, at: number) =>
    shown({ at, revision: rev(n), fields: name === undefined ? undefined : { name } });

  test("a create may be in what the server shows, while no commit is seen; where they are seen, not", () => {
    const create = edited({ operation: "create" });
    expect(breaches(createSys6Checker(), create, see(2, "Joan", 1))).toEqual([]);
    expect(breaches(createSys6Checker(), created(1, { id: "c9" }), create, see(2, "Joan", 1))).toHaveLength(
      1,
    );
  });

  test("a waiting update goes with a record that the history has not seen, or saw deleted", () => {
    const mine = [edited(), see(1, undefined, 1)];
    expect(breaches(createSys6Checker(), ...mine)).toEqual([]);
    expect(breaches(createSys6Checker(), created(1), deleted(2), ...mine)).toEqual([]);
    expect(breaches(createSys6Checker(), created(1), ...mine)).toHaveLength(1);
  });

  test("what was taken up again stands above the later ones of its record, not of another", () => {
    const two = [
      edited({ at: 1 }),
      settled({ at: 2, outcome: "failed" }),
      edited({ at: 3, mutation: "m2", payload: { name: "Joan" } }),
    ];
    const again = retried({ at: 4 });
    expect(breaches(createSys6Checker(), ...two, again, see(1, "Grace", 4))).toEqual([]);
    const other = edited({ at: 3, mutation: "m3", id: "c3", payload: { name: "Mary" } });
    const theirs = shown({ at: 5, id: "c3", revision: rev(1), fields: { name: "Ada" } });
    expect(breaches(createSys6Checker(), ...two, other, again, theirs)).toHaveLength(1);
  });
});

test("[SYS-7] what is gone and shows only the edits that wait on it is dated by the head of the log too", () => {
  const theirs = [created(3, { account: 1 })];
  const own = [created(1), deleted(2), created(3, { id: "c2" })];
  const sees = (waiting: readonly string[]) => shown({ revision: rev(3), fields: { name: "x" }, waiting });
  expect(breaches(createSys7Checker(), ...theirs, ...own, sees(["m1"]))).toEqual([]);
  expect(breaches(createSys7Checker(), ...theirs, ...own, sees([]))).toHaveLength(1);
  const lives = [created(1), created(3, { id: "c2" })];
  expect(breaches(createSys7Checker(), ...theirs, ...lives, sees(["m1"]))).toHaveLength(1);
  expect(breaches(createSys7Checker(), ...theirs, ...own.slice(0, 2), sees(["m1"]))).toHaveLength(1);
});
