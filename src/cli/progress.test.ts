import { describe, expect, test } from "vitest";
import type { Progress } from "../simulation/port.ts";
import { progressText } from "./progress.ts";

function at(share: number, more: Partial<Progress> = {}): Progress {
  return {
    phase: "agitate",
    simulatedMs: share * 7 * 86_400_000,
    share,
    events: share * 1_000_000,
    deviceEvents: 0,
    facts: 0,
    digest: () => "",
    ...more,
  };
}

describe("the progress line", () => {
  test("says what, how far, simulated time, events a second, and how long yet", () => {
    expect(progressText("commuter", at(0.25), 2_000)).toBe(
      "commuter 25 % · day 2 18:00 · 125 000 events/s · 6 s left",
    );
    expect(progressText("commuter", at(0.5), 300_000)).toBe(
      "commuter 50 % · day 4 12:00 · 1 667 events/s · 5 min left",
    );
  });

  test("guesses nothing at the very start, and nothing at the end", () => {
    expect(progressText("commuter", at(0.001), 10)).not.toContain("left");
    expect(progressText("commuter", at(1), 9_000)).toBe("commuter 100 % · day 8 00:00 · 111 111 events/s");
  });

  test("says that faults are off and things settle", () => {
    expect(progressText("commuter", at(0.9, { phase: "heal" }), 9_000)).toContain("settling, day 7");
  });

  test("no time at all is no division by zero", () => {
    expect(progressText("commuter", at(0), 0)).toBe("commuter 0 % · day 1 00:00 · 0 events/s");
  });
});
