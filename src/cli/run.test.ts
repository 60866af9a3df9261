import { describe, expect, test } from "vitest";
import type { Simulation } from "../simulation/port.ts";
import { carryOut } from "./run.ts";

/** A simulation of `slices` slices, each of which takes `msPerEvent` for an event, and the sizes that it was asked for. */
function timed(slices: number, msPerEvent: number) {
  const asked: number[] = [];
  let clockMs = 0;
  const simulation: Simulation = {
    advance(eventsMax) {
      asked.push(eventsMax);
      clockMs += eventsMax * msPerEvent;
      return asked.length < slices;
    },
    interrupt() {},
    struck: () => ({}),
    progress: () => ({
      phase: "settled",
      simulatedMs: 0,
      share: 1,
      events: 0,
      deviceEvents: 0,
      facts: 0,
      digest: () => "",
    }),
    roster: { devices: [], accounts: [] },
    startMs: 0,
  };
  return { asked, watch: { sliced() {}, stopped: () => false, now: () => clockMs }, simulation };
}

describe("slices of a run", () => {
  test("grow until they take as long as nobody notices, or are as large as they may be", async () => {
    const slow = timed(20, 0.1);
    expect(await carryOut(slow.simulation, slow.watch)).toBe("settled");
    expect(slow.asked.slice(0, 4)).toEqual([250, 500, 1_000, 1_000]);
    const fast = timed(20, 0.0001);
    await carryOut(fast.simulation, fast.watch);
    expect(fast.asked.at(-1)).toBe(20_000);
  });

  test("shrink when the run slows down, and never to nothing", async () => {
    const stuck = timed(20, 10);
    await carryOut(stuck.simulation, stuck.watch);
    expect(stuck.asked.at(-1)).toBe(250);
  });
});
