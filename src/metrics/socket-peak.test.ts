import { expect, test } from "vitest";
import { connected, started } from "../history/facts.fixture.ts";
import type { Fact } from "../history/facts.ts";
import { createSocketPeak } from "./socket-peak.ts";

const folded = (facts: readonly Fact[]) => {
  const peak = createSocketPeak();
  for (const fact of facts) peak.fold(fact);
  return peak;
};

const fleet = [0, 1, 2, 3].map((device) => started({ device }));

test("the busiest second of the proxy, as a share of all devices", () => {
  const at = [900, 1_000, 1_400, 1_999, 2_000, 60_000];
  const facts = at.map((ms, nth) => connected({ device: nth % 4, at: ms }));
  expect(folded([...fleet, ...facts]).result()).toEqual({ opened: 6, peakShare: 3 / 4 });
});

test("without a socket there is no peak", () => {
  expect(folded(fleet).result()).toEqual({ opened: 0, peakShare: null });
});

test("seconds of shards that met the same outage add up", () => {
  const half = (at: number) => [started({ device: 0 }), started({ device: 1 }), connected({ device: 0, at })];
  const peak = folded(half(1_100));
  peak.merge(folded(half(1_900)));
  expect(peak.result()).toEqual({ opened: 2, peakShare: 2 / 4 });
});
