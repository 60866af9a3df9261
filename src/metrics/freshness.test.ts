/**
 * Holds freshness, reach and transfers to small histories written by hand.
 */

import { describe, expect, test } from "vitest";
import {
  answered,
  closed,
  committed,
  frame,
  offline,
  online,
  opened,
  pushed,
  ready,
  rev,
  shown,
  started,
  syncEnded,
  syncStarted,
} from "../history/facts.fixture.ts";
import type { Fact } from "../history/facts.ts";
import { createFreshness } from "./freshness.ts";
import { createReach } from "./reach.ts";
import { createTransfers } from "./transfers.ts";

function told<Result>(measure: { fold(fact: Fact): void; result(): Result }, facts: readonly Fact[]): Result {
  for (const fact of facts) measure.fold(fact);
  return measure.result();
}

const FIRST = [started(), opened(), syncEnded({ revision: rev(1) }), closed({ at: 5 })];
const CHANGE = committed(2, { at: 10, device: 1 });

describe("freshness", () => {
  test("an opening is fresh when nothing of others is missing; the first of all does not count", () => {
    const stale = told(createFreshness(), [...FIRST, CHANGE, opened({ at: 20 })]);
    expect(stale).toMatchObject({ opens: 1, freshOpens: 0 });
    const fresh = told(createFreshness(), [
      ...FIRST,
      CHANGE,
      shown({ at: 15, revision: rev(2) }),
      opened({ at: 20 }),
    ]);
    expect(fresh).toMatchObject({ opens: 1, freshOpens: 1 });
    const own = told(createFreshness(), [...FIRST, committed(2, { device: 0 }), opened({ at: 20 })]);
    expect(own).toMatchObject({ opens: 1, freshOpens: 1 });
    expect(told(createFreshness(), [...FIRST, offline(), opened({ at: 20 })]).opens).toBe(0);
  });

  test("it is known current when a sync has ended, or the socket is ready, whichever is first", () => {
    const open = [...FIRST, opened({ at: 20 })];
    const page = answered({ at: 100, bytes: 700 });
    const bySync = [...open, page, syncEnded({ at: 100, revision: rev(2) }), frame(ready(2), { at: 300 })];
    expect(told(createFreshness(), bySync)).toMatchObject({
      untilCurrent: { count: 1, max: 80 },
      bytesUntilCurrent: 700,
    });
    const bySocket = [...open, frame(ready(2), { at: 60, bytes: 50 })];
    expect(told(createFreshness(), bySocket)).toMatchObject({
      untilCurrent: { max: 40 },
      bytesUntilCurrent: 50,
    });
  });

  test("what a tunnel hid is caught up when it shows within 10 s of network and user", () => {
    const hidden = [...FIRST, opened({ at: 6 }), offline({ at: 8 }), CHANGE, online({ at: 1_000 })];
    const soon = shown({ at: 9_000, revision: rev(2) });
    const late = shown({ at: 12_000, revision: rev(2) });
    expect(told(createFreshness(), [...hidden, soon])).toMatchObject({ missed: 1, caughtUp: 1 });
    expect(told(createFreshness(), [...hidden, late])).toMatchObject({ missed: 1, caughtUp: 0 });
    expect(told(createFreshness(), [...hidden, closed({ at: 20_000 })])).toMatchObject({
      missed: 1,
      caughtUp: 0,
    });
    const long = [
      ...hidden.slice(0, -1),
      online({ at: 4_000_000 }),
      shown({ at: 4_100_000, revision: rev(2) }),
    ];
    expect(told(createFreshness(), long).missed).toBe(0);
  });
});

describe("reach", () => {
  const pocket = [...FIRST, CHANGE];

  test("a phone in a pocket hears by push, and holds when the change is there", () => {
    const heard = told(createReach(), [...pocket, pushed({ at: 5_000, revision: rev(2) })]);
    expect(heard).toEqual({ changes: 1, held: 0, pocketed: 1, heard: 1 });
    const held = told(createReach(), [...pocket, shown({ at: 50_000, revision: rev(2) })]);
    expect(held).toEqual({ changes: 1, held: 1, pocketed: 1, heard: 0 });
  });

  test("a phone without a network counts for nothing", () => {
    expect(told(createReach(), [...FIRST, offline(), CHANGE]).changes).toBe(0);
  });

  test("each change of a record counts by itself", () => {
    const twice = [
      ...pocket,
      committed(3, { at: 40_000, device: 1 }),
      shown({ at: 80_000, revision: rev(3) }),
    ];
    expect(told(createReach(), twice)).toMatchObject({ changes: 2, held: 1 });
  });
});

test("a sync takes what came for it, and the first of a device is left out", () => {
  const page = answered({ call: "changes", bytes: 1_000 });
  const write = answered({ call: "update", bytes: 9 });
  const facts = [
    syncStarted({ sync: "full", reason: "first" }),
    page,
    syncEnded({ at: 5, sync: "full", revision: rev(1) }),
    syncStarted({ at: 10, sync: "delta" }),
    page,
    write,
    page,
    syncEnded({ at: 40, sync: "delta", revision: rev(2) }),
    syncStarted({ at: 50, sync: "delta" }),
    syncEnded({ at: 60, sync: "delta", revision: undefined }),
  ];
  expect(told(createTransfers(), facts)).toMatchObject({
    durations: { count: 1, max: 30 },
    bytesMean: 2_000,
    full: 0,
  });
});
