/**
 * Tests of what checkers of the queue let pass since a swarm showed that it is right: each beside the nearest history
 * that is broken.
 */

import { describe, expect, test } from "vitest";
import {
  answered,
  clockSet,
  edited,
  killed,
  mutation,
  noticed,
  saved,
  sent,
  started,
} from "../history/facts.fixture.ts";
import type { Fact } from "../history/facts.ts";
import { createBatchingChecker, LONG_QUEUE } from "./device/batching.ts";
import { createClockCorrectionChecker } from "./device/clock-correction.ts";
import { sends, verdict } from "./device/device.fixture.ts";

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
