/** Holds what swarms found in the simulation itself: each in a day of its own, without the rest of the mixture. */

import { expect, test } from "vitest";
import { hardDay } from "./hardship.fixture.ts";
import { createSimulation } from "./world.ts";

test("[SYS-5] who put a dialog off, and has the app open when faults stop, takes it up without opening it again", () => {
  const scenario = hardDay({
    text: {
      habits: { sessionsPerDay: 10, sessionLength: { p50: "1h", p99: "9h" }, awake: [0, 24] },
      kills: { perDay: 6 },
      network: { offline: { perDay: 12 } },
      workload: {
        editsPerDay: 30,
        hot: "90%",
        hotRecords: 1,
        entities: { contact: "90%", task: "5%", list: "5%" },
        operations: { create: "10%", update: "75%", delete: "15%" },
        conflicts: { later: "100%", laterBy: { p50: "2d", p99: "4d" } },
      },
    },
  });
  const world = createSimulation(scenario, 1, { folds: [] });
  while (world.advance(100_000));
  expect(world.struck()["dialog-put-off"]).toBeGreaterThan(0);
  expect(world.progress().phase).toBe("settled");
});
