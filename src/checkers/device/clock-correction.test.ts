import { expect, test } from "vitest";
import { HOUR_MS } from "../../base/time.ts";
import { answered, clockSet, edited, killed, saved, started } from "../../history/facts.fixture.ts";
import { createClockCorrectionChecker } from "./clock-correction.ts";
import { satisfied, sends, verdict } from "./device.fixture.ts";

const said = (facts: Parameters<typeof verdict>[1]) => verdict(createClockCorrectionChecker(), facts);
const wrong = clockSet({ offsetMs: HOUR_MS });
const informed = answered({ at: 1_000, request: 9, call: "changes" });
const edit = edited({ at: 2_000 });
const stamped = (timestamp: number | undefined, at = 3_000) => sends(at, 1, { timestamp });

test("[QUE-16] a clock an hour ahead, corrected", () => {
  expect(said([wrong, informed, edit, stamped(2_400)])).toEqual(satisfied(1));
});

test("[QUE-16] a clock an hour ahead, not corrected", () => {
  expect(said([wrong, informed, edit, stamped(2_000 + HOUR_MS)]).breaches).toEqual([
    "it is the device's own time",
  ]);
  expect(said([wrong, informed, edit, stamped(2_400 + 2 * HOUR_MS)]).breaches).toEqual([
    "it is corrected the wrong way",
  ]);
});

test("[QUE-16] the time of the edit counts, not that of the sending", () => {
  expect(said([wrong, informed, edit, stamped(2_000, 9 * HOUR_MS)])).toEqual(satisfied(1));
});

test("[QUE-16] an edit may follow one that was stamped before the offset was known", () => {
  const early = edited({ at: 500, mutation: "m0" });
  const ahead = sends(1_500, 8, { key: "k-m0", timestamp: 500 + HOUR_MS });
  expect(said([wrong, early, informed, ahead, edit, stamped(501 + HOUR_MS)])).toEqual(satisfied(0));
  expect(said([wrong, early, informed, ahead, edit, stamped(2_000 + HOUR_MS)]).breaches).toHaveLength(1);
});

test("[QUE-16] the proxy's clock may be wrong too", () => {
  expect(said([wrong, informed, edit, stamped(2_000 - 316_000)])).toEqual(satisfied(1));
});

test("[QUE-16] unknown offsets, right clocks, and no timestamps do not exercise it", () => {
  const late = stamped(2_000 + HOUR_MS);
  expect(said([wrong, edit, late])).toEqual(satisfied(0));
  expect(said([informed, edit, late])).toEqual(satisfied(0));
  expect(said([wrong, informed, edit, stamped(undefined)])).toEqual(satisfied(0));
  expect(said([wrong, informed, edit, clockSet({ at: 2_500, offsetMs: 2 * HOUR_MS }), late])).toEqual(
    satisfied(0),
  );
  const cut = [saved(), killed({ at: 2_100 }), started({ at: 2_200, cold: true })];
  expect(said([wrong, informed, edit, ...cut, late])).toEqual(satisfied(0));
});
