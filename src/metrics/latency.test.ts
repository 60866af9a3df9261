import { expect, test } from "vitest";
import {
  advanced,
  committed,
  deleted,
  edited,
  killed,
  offline,
  opened,
  rekeyed,
  rev,
  saved,
  settled,
  shown,
  started,
} from "../history/facts.fixture.ts";
import type { Fact } from "../history/facts.ts";
import { createEditLatency } from "./edit-latency.ts";
import { createSyncLatency } from "./sync-latency.ts";

const told = <Result>(
  measure: { fold(fact: Fact): void; result(): Result },
  facts: readonly Fact[],
): Result => {
  for (const fact of facts) measure.fold(fact);
  return measure.result();
};
const latency = (facts: readonly Fact[]) => told(createSyncLatency(), facts);

/** Device 0 writes; device 1 is open and online, device 2 in the background. */
const fleet = [started(), started({ device: 1 }), opened({ device: 1 }), started({ device: 2 })];
const commit = (n: number, at: number) => committed(n, { at, device: 0 });
const sees = (device: number, n: number, at: number) => shown({ device, at, revision: rev(n) });

test("sync latency: per other device, online and came-back apart", () => {
  const { online, cameBack, unseen } = latency([
    ...fleet,
    commit(1, 100),
    sees(0, 1, 101),
    sees(1, 1, 350),
    sees(2, 1, 9_100),
  ]);
  expect(online).toMatchObject({ count: 1, min: 250, max: 250 });
  expect(cameBack).toMatchObject({ count: 1, min: 9_000 });
  expect(unseen).toBe(0);
});

test("sync latency: a newer revision makes the older ones visible, an older one does not", () => {
  const run = [...fleet, commit(1, 100), commit(2, 200), commit(3, 300)];
  expect(latency([...run, sees(1, 2, 1_000)])).toMatchObject({
    online: { count: 2, min: 800, max: 900 },
    unseen: 4,
  });
});

test("sync latency: a commit by no known device concerns all", () => {
  expect(latency([...fleet, committed(1, { at: 100 })]).unseen).toBe(3);
});

test("sync latency: a deletion is visible when the record is gone, but not when its user deleted it", () => {
  const run = [...fleet, deleted(2, { at: 100, device: 0 })];
  const gone = shown({ device: 1, at: 400, revision: undefined, fields: undefined });
  expect(latency([...run, gone]).online).toMatchObject({ count: 1, max: 300 });
  expect(latency([...run, { ...gone, waiting: ["m9"] }]).online.count).toBe(0);
});

test("sync latency: what never had to be shown is let go once it is covered", () => {
  const run = [...fleet, commit(1, 100), deleted(2, { at: 110, device: 0 })];
  expect(latency([...run, advanced({ device: 1, at: 500, revision: rev(1) })])).toMatchObject({
    unseen: 3,
    online: { count: 0 },
  });
  expect(latency([...run, advanced({ device: 1, at: 500, revision: rev(2) })])).toMatchObject({
    unseen: 2,
    online: { count: 0 },
  });
  // An entity whose own revision trails is not let go with the others.
  const task = advanced({ device: 1, entity: "task", revision: rev(9) });
  expect(latency([...run, advanced({ device: 1, revision: rev(0) }), task]).unseen).toBe(4);
});

test("sync latency: offline, killed and other accounts", () => {
  const off = latency([...fleet, offline({ device: 1 }), commit(1, 100), sees(1, 1, 200)]);
  expect([off.online.count, off.cameBack.count]).toEqual([0, 1]);
  const dead = latency([...fleet, killed({ device: 1 }), commit(1, 100), sees(1, 1, 200)]);
  expect([dead.online.count, dead.cameBack.count]).toEqual([0, 1]);
  expect(latency([...fleet, { ...commit(1, 100), account: 1 }]).unseen).toBe(0);
});

test("edit latency: from the edit to the commit with its key, the key that it has by then", () => {
  const by = (key: string, at: number) => committed(1, { at, key, device: 0 });
  const edits = (facts: readonly Fact[]) => told(createEditLatency(), facts);
  expect(edits([edited({ at: 100 }), by("k-m1", 350)])).toMatchObject({ count: 1, max: 250 });
  expect(edits([edited({ at: 100 }), rekeyed({ key: "k2" }), by("k-m1", 200), by("k2", 900)])).toMatchObject({
    count: 1,
    max: 800,
  });
  expect(edits([edited(), by("k-m1", 5), by("k-m1", 9)])).toMatchObject({ count: 1, max: 5 });
  expect(edits([edited(), settled({ outcome: "yielded" }), by("k-m1", 5)]).count).toBe(0);
  expect(edits([edited(), settled({ outcome: "failed" }), rekeyed({ key: "k2" }), by("k2", 5)]).count).toBe(
    1,
  );
  expect(edits([edited(), killed(), by("k-m1", 5)]).count).toBe(0);
  expect(edits([edited(), saved(), killed(), by("k-m1", 5)]).count).toBe(1);
});
