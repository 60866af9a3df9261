/**
 * Tests of what the checker of QUE-16 lets a device stamp: each beside the nearest history without that excuse, which is
 * broken.
 */

import { describe, expect, test } from "vitest";
import { DAY_MS } from "../base/time.ts";
import { answered, clockSet, edited, rekeyed, retried } from "../history/facts.fixture.ts";
import type { Fact } from "../history/facts.ts";
import { CLOCK_ERROR_MS_MIN, createClockCorrectionChecker } from "./device/clock-correction.ts";
import { sends, verdict } from "./device/device.fixture.ts";
import { createWitness, STRICT } from "./witness.ts";

describe("[QUE-16] timestamps", () => {
  const HOUR_MS = 3_600_000;
  const wrong = clockSet({ offsetMs: HOUR_MS });
  const informed = answered({ at: 1_000, call: "changes" });
  const early = edited({ at: 500, mutation: "m0" });
  const ahead = sends(1_500, 8, { key: "k-m0", timestamp: 500 + HOUR_MS });
  const goes = (at: number, timestamp: number, key = "k-m1") => sends(at, at, { key, timestamp });
  const said = (...facts: readonly Fact[]) => verdict(createClockCorrectionChecker(), facts).breaches;

  test("a stamp that went on from an early one is kept when it is sent again", () => {
    const first = [wrong, early, informed, ahead, edited({ at: 2_000 })];
    const stamp = 501 + HOUR_MS;
    expect(said(...first, goes(3_000, stamp), goes(9_000, stamp))).toEqual([]);
    const between = [edited({ at: 2_100, mutation: "m2" }), goes(3_500, stamp + 1, "k-m2")];
    expect(said(...first, goes(3_000, stamp), ...between, goes(9_000, stamp))).toEqual([]);
    expect(said(wrong, informed, edited({ at: 2_000 }), goes(3_000, stamp), goes(9_000, stamp))).toHaveLength(
      2,
    );
  });

  test("it goes on from an early one only in small steps", () => {
    const first = [wrong, early, informed, ahead, edited({ at: 2_000 })];
    expect(said(...first, goes(3_000, 1_500 + HOUR_MS))).toEqual([]);
    expect(said(...first, goes(3_000, 1_501 + HOUR_MS))).toEqual(["it is the device's own time"]);
  });

  test("it goes on from one that was never sent too, if that was made before the offset was known", () => {
    const blind = (at: number) => edited({ at, mutation: "m0" });
    const rest = [
      answered({ at: 1_950, call: "changes" }),
      edited({ at: 2_000 }),
      goes(3_000, 2_000 + HOUR_MS),
    ];
    expect(said(wrong, blind(1_900), ...rest)).toEqual([]);
    expect(said(wrong, blind(900), ...rest)).toEqual(["it is the device's own time"]);
    expect(said(wrong, informed, blind(1_900), ...rest)).toEqual(["it is the device's own time"]);
  });

  test("a choice and a retry are later acts", () => {
    const own = goes(3_000, 2_000 + HOUR_MS);
    const begin = [wrong, informed, edited({ at: 2_000 })];
    expect(said(...begin, rekeyed({ at: 2_500, key: "k2" }), goes(3_000, 2_000 + HOUR_MS, "k2"))).toEqual([]);
    expect(said(...begin, retried({ at: 2_500 }), own)).toEqual([]);
    expect(said(...begin, own)).toHaveLength(1);
  });

  test("a clock that was set long ago has drifted, and a small error is not told from latency", () => {
    const edit = (at: number, offsetMs: number) => [
      clockSet({ offsetMs }),
      answered({ at: at - 10, call: "changes" }),
      edited({ at }),
      goes(at + 10, at + offsetMs),
    ];
    expect(said(...edit(8 * DAY_MS, CLOCK_ERROR_MS_MIN))).toEqual([]);
    expect(said(...edit(DAY_MS, CLOCK_ERROR_MS_MIN))).toHaveLength(1);
    expect(said(...edit(DAY_MS, CLOCK_ERROR_MS_MIN - 1))).toEqual([]);
    expect(said(...edit(DAY_MS, -CLOCK_ERROR_MS_MIN))).toHaveLength(1);
  });

  test("a clock may drift as much as the run declares: what is not told from its own time then is told else", () => {
    const at = 3 * DAY_MS;
    const offsetMs = 2 * HOUR_MS;
    const facts = [clockSet({ offsetMs }), answered({ at: at - 1_000, call: "changes" }), edited({ at })];
    const judged = (driftPpm?: number) => {
      const witness = createWitness({ ...STRICT, ...(driftPpm !== undefined && { driftPpm }) });
      return verdict(createClockCorrectionChecker(witness), [...facts, goes(at + 10, at + offsetMs)])
        .breaches;
    };
    expect(judged(10_000)).toEqual([]);
    for (const driftPpm of [undefined, 0, 2_000])
      expect(judged(driftPpm)).toEqual(["it is the device's own time"]);
  });

  test("an error need not show the offset, a success does", () => {
    const rest = [edited({ at: 2_000 }), goes(3_000, 2_000 + HOUR_MS)];
    expect(said(wrong, { ...informed, status: 503 }, ...rest)).toEqual([]);
    expect(said(wrong, informed, ...rest)).toHaveLength(1);
  });
});
