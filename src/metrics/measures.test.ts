import { expect, test } from "vitest";
import { DAY_MS } from "../base/time.ts";
import {
  answered,
  asked,
  chosen,
  committed,
  connecting,
  discarded,
  edited,
  event,
  frame,
  killed,
  mutation,
  offline,
  online,
  phase,
  pushed,
  pushHandedOver,
  read,
  record,
  rekeyed,
  result,
  retried,
  rev,
  saved,
  sent,
  settled,
  started,
  syncEnded,
  syncStarted,
  unanswered,
} from "../history/facts.fixture.ts";
import type { Fact } from "../history/facts.ts";
import { createConflicts } from "./conflicts.ts";
import { createCost, RADIO_QUIET_MS } from "./cost.ts";
import { createCounts } from "./counts.ts";
import { createQueueSize } from "./queue-size.ts";
import { createCache, createSyncs } from "./reads-and-syncs.ts";

const told = <Result>(
  measure: { fold(fact: Fact): void; result(): Result },
  facts: readonly Fact[],
): Result => {
  for (const fact of facts) measure.fold(fact);
  return measure.result();
};

const write = (request: number, key: string, ifMatch: string | undefined = rev(1)) =>
  sent({ request, mutations: [mutation({ key, ifMatch })] });
const ok = (request: number, key: string, resolution?: "merged") =>
  answered({ request, results: [result({ key, revision: rev(5), ...(resolution && { resolution }) })] });
const clash = (request: number, key: string) =>
  answered({
    request,
    status: 409,
    error: "conflict",
    results: [result({ key, status: 409, error: "conflict" })],
  });

test("conflict rate: stale writes by those that carried If-Match", () => {
  const bare = sent({ request: 9, mutations: [mutation({ key: "k9" })] });
  const facts = [
    write(1, "a"),
    ok(1, "a"),
    write(2, "b"),
    ok(2, "b", "merged"),
    write(3, "c"),
    clash(3, "c"),
    bare,
    ok(9, "k9"),
  ];
  expect(told(createConflicts(), facts)).toMatchObject({
    writes: 3,
    stale: 2,
    rate: 2 / 3,
    resolvedBy: { server: 1, device: 0, person: 0 },
    withoutPerson: 0.5,
    unresolved: 1,
    byEntity: { contact: { writes: 3, stale: 2, rate: 2 / 3 }, task: { writes: 0, stale: 0, rate: null } },
  });
});

test("conflict rate: a write is a key: repetitions, time-outs and refusals do not count", () => {
  const again = [
    unanswered({ request: 1 }),
    write(2, "k-m1"),
    ok(2, "k-m1"),
    write(3, "k-m1"),
    ok(3, "k-m1"),
  ];
  expect(told(createConflicts(), [edited(), write(1, "k-m1"), ...again])).toMatchObject({
    writes: 1,
    stale: 0,
  });
  const refused = answered({
    status: 400,
    results: [result({ key: "a", status: 400, error: "invalid_request" })],
  });
  expect(told(createConflicts(), [write(1, "a"), refused]).writes).toBe(0);
});

test("conflict rate: resolved by the device, by a person, or not", () => {
  const stale = [edited(), write(1, "k-m1"), clash(1, "k-m1")];
  const ends = (...facts: readonly Fact[]) => told(createConflicts(), [...stale, ...facts]);
  expect(ends(rekeyed({ key: "k2" }))).toMatchObject({
    resolvedBy: { device: 1, person: 0 },
    unresolved: 0,
    withoutPerson: 1,
  });
  expect(ends(settled({ outcome: "yielded" }))).toMatchObject({ resolvedBy: { device: 1, person: 0 } });
  expect(ends(asked(), chosen(), rekeyed({ key: "k2" }))).toMatchObject({
    resolvedBy: { device: 0, person: 1 },
    withoutPerson: 0,
  });
  expect(ends(discarded())).toMatchObject({ resolvedBy: { person: 1 } });
  expect(ends(settled({ outcome: "failed" }))).toMatchObject({
    resolvedBy: { device: 0, person: 0 },
    unresolved: 1,
  });
  const twice = ends(
    rekeyed({ key: "k2" }),
    write(2, "k2"),
    clash(2, "k2"),
    asked(),
    chosen({ choice: "server" }),
    settled({ outcome: "yielded" }),
  );
  expect(twice).toMatchObject({ writes: 2, stale: 2, resolvedBy: { device: 1, person: 1 } });
});

test("conflicts by entity, and who resolved them", () => {
  const stale = [edited(), write(1, "k-m1"), clash(1, "k-m1")];
  const nobody = { refused: 0, open: 0 };
  const ends = (...facts: readonly Fact[]) =>
    told(createConflicts(), [...stale, ...facts]).byEntity.contact.resolved;
  expect(ends(asked())).toMatchObject({ device: 0, nobody: { refused: 0, open: 1 } });
  for (const choice of ["mine", "merge"] as const)
    expect(ends(asked(), chosen({ choice }), rekeyed({ key: "k2" }))).toMatchObject({
      person: { [choice]: 1 },
      nobody,
    });
  const theirs = [asked(), chosen({ choice: "server" }), settled({ outcome: "yielded" })];
  expect(ends(...theirs)).toMatchObject({ server: 0, device: 0, person: { server: 1 }, nobody });
  // An echo said after all that it took effect.
  expect(ends(asked(), settled())).toMatchObject({ device: 1, person: { mine: 0, byHand: 0 }, nobody });
  const failed = settled({ outcome: "failed" });
  expect(ends(failed)).toMatchObject({ nobody: { refused: 1, open: 0 } });
  expect(ends(failed, failed, retried(), rekeyed({ key: "k2" }))).toMatchObject({
    person: { byHand: 1 },
    nobody,
  });
  expect(ends(failed, discarded())).toMatchObject({ person: { byHand: 1 }, nobody });
});

test("conflicts: an answer that comes again after a kill is no other conflict", () => {
  const stale = [edited(), write(1, "k-m1"), clash(1, "k-m1"), asked(), chosen(), rekeyed({ key: "k2" })];
  const again = [killed(), started(), write(2, "k-m1"), clash(2, "k-m1"), asked()];
  expect(told(createConflicts(), [...stale, ...again])).toMatchObject({ writes: 1, stale: 1, unresolved: 0 });
});

test("conflicts: every stale write is accounted for once, entity by entity", () => {
  const list = { entity: "list", id: "l1" } as const;
  const facts = [
    edited(),
    write(1, "k-m1"),
    clash(1, "k-m1"),
    edited({ ...list, mutation: "m2", key: "k2" }),
    sent({ request: 2, mutations: [mutation({ ...list, key: "k2", ifMatch: rev(1) })] }),
    ok(2, "k2", "merged"),
    committed(6, { ...list, ifMatch: rev(1), previous: rev(4) }),
    write(3, "unknown"),
    clash(3, "unknown"),
  ];
  const { byEntity, resolved, stale, overwritten } = told(createConflicts(), facts);
  expect(byEntity.contact.resolved.nobody).toEqual({ refused: 1, open: 1 });
  expect(byEntity.list).toMatchObject({ writes: 1, stale: 2, overwritten: 1, resolved: { server: 1 } });
  expect(byEntity.task).toMatchObject({ writes: 0, stale: 0, rate: null });
  const { server, device, person, nobody } = resolved;
  const people = person.mine + person.server + person.merge + person.byHand;
  expect(server + device + people + nobody.refused + nobody.open + overwritten).toBe(stale);
});

test("conflict rate: a stale write that was applied plainly is stale, and overwrote", () => {
  const over = committed(5, { ifMatch: rev(1), previous: rev(4) });
  const facts = [write(1, "a"), over, ok(1, "a"), committed(6, { ifMatch: rev(5), previous: rev(5) })];
  expect(told(createConflicts(), facts)).toMatchObject({
    writes: 1,
    stale: 1,
    overwritten: 1,
    unresolved: 0,
  });
});

test("queue size: weighted by time", () => {
  const facts = [
    started(),
    edited({ at: 100 }),
    edited({ at: 200, mutation: "m2" }),
    settled({ at: 300 }),
    settled({ at: 700, mutation: "m2" }),
    started({ at: 500, device: 1 }),
    phase("settled", 1_000),
  ];
  // 1 for 100 ms, 2 for 100 ms, 1 for 400 ms, in 1,000 ms of one device and 500 ms of another.
  expect(told(createQueueSize(), facts)).toEqual({ mean: 700 / 1_500, worstDeviceMean: 0.7, max: 2 });
});

test("queue size: what fails waits no more until it is taken up again; a kill takes what was not saved", () => {
  const failed = [
    started(),
    edited(),
    settled({ at: 100, outcome: "failed" }),
    retried({ at: 200 }),
    phase("settled", 300),
  ];
  expect(told(createQueueSize(), failed).mean).toBe(200 / 300);
  const cut = [
    started(),
    edited(),
    saved(),
    edited({ mutation: "m2" }),
    killed({ at: 100 }),
    phase("settled", 200),
  ];
  expect(told(createQueueSize(), cut)).toEqual({ mean: 1.5, worstDeviceMean: 1.5, max: 2 });
  expect(told(createQueueSize(), [])).toEqual({ mean: null, worstDeviceMean: null, max: 0 });
});

test("cache: what was called fresh is compared with what the server had then, record by record", () => {
  const facts = [
    committed(2),
    committed(4, { id: "c2" }),
    committed(9, { account: 1 }),
    read({ revision: rev(2) }),
    read({ revision: rev(1) }),
    // Not fresh; a list; what only this device knows; a record of before the history.
    read({ revision: rev(1), fresh: false }),
    read({ id: undefined, revision: undefined }),
    read({ revision: undefined }),
    read({ id: "c3", revision: rev(1) }),
    committed(5),
    read({ revision: rev(2) }),
    read({ revision: rev(5) }),
  ];
  expect(told(createCache(), facts)).toMatchObject({ reads: 8, fresh: 7, compared: 4, outdated: 2 });
});

test("cache hit rate, and full sync rate by reason", () => {
  expect(told(createCache(), [read(), read({ fresh: false }), read(), read()])).toEqual({
    reads: 4,
    fresh: 3,
    hitRate: 0.75,
    compared: 0,
    outdated: 0,
  });
  const full = (reason: string) => [syncStarted({ sync: "full", reason }), syncEnded({ sync: "full" })];
  const delta = [syncStarted(), syncEnded()];
  const givenUp = [syncStarted(), syncEnded({ revision: undefined })];
  expect(
    told(createSyncs(), [
      ...full("first"),
      ...full("expired"),
      ...delta,
      ...delta,
      ...givenUp,
      ...full("whim"),
    ]),
  ).toEqual({
    all: 5,
    full: 3,
    givenUp: 1,
    fullRate: 0.6,
    byReason: { first: 1, expired: 1, unknown: 0, requested: 0, other: 1 },
  });
});

test("cost: bytes, sockets and radio wake-ups by device-day", () => {
  const quiet = RADIO_QUIET_MS;
  const facts = [
    started(),
    sent({ at: 0 }),
    answered({ at: 100, bytes: 50 }),
    connecting({ at: 200 }),
    frame(event(record("c1", 1)), { at: 200 + quiet - 1, bytes: 25 }),
    pushed({ at: 200 + 2 * quiet - 1 }),
    offline({ at: 60_000 }),
    sent({ at: 60_001 }),
    unanswered({ at: 60_002, why: "unreachable" }),
    online({ at: 70_000 }),
    sent({ at: 90_000, bytes: 10 }),
    phase("settled", DAY_MS / 2),
  ];
  const total = { requests: 2, bytesUp: 110, bytesDown: 75, socketOpens: 1, radioWakeUps: 3 };
  const perDeviceDay = { requests: 4, bytesUp: 220, bytesDown: 150, socketOpens: 2, radioWakeUps: 6 };
  expect(told(createCost(), facts)).toEqual({ total, deviceDays: 0.5, perDeviceDay });
});

test("counts", () => {
  const facts = [
    started(),
    started(),
    started({ device: 1 }),
    edited(),
    settled(),
    settled({ outcome: "failed" }),
    asked(),
    committed(1),
    sent({ call: "update" }),
    sent({ call: "batch" }),
    sent({ call: "update" }),
    answered({ status: 503 }),
    answered({ status: 404 }),
    answered(),
    unanswered(),
    unanswered({ why: "unreachable" }),
    pushHandedOver(),
    pushed(),
    killed(),
    offline(),
  ];
  const counts = told(createCounts(), facts);
  expect(counts).toEqual({
    devices: 2,
    edits: 1,
    settled: { applied: 1, merged: 0, yielded: 0, failed: 1, discarded: 0, cancelled: 0 },
    asked: 1,
    commits: 1,
    requests: { batch: 1, update: 2 },
    failures: { timeout: 1, unreachable: 1, server: 1, refused: 1 },
    pushesSent: 1,
    pushesReceived: 1,
    kills: 1,
    offlineSpans: 1,
    disconnects: 0,
  });
  expect(Object.keys(counts.requests)).toEqual(["batch", "update"]);
});

test("a failure that is told again after a restart is counted once, one that follows a retry again", () => {
  const failed = settled({ outcome: "failed" });
  const { settled: ends } = told(createCounts(), [edited(), failed, failed, retried(), failed, failed]);
  expect(ends.failed).toBe(2);
});
