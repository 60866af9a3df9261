import { expect, test } from "vitest";
import { FleetAgenda } from "./fleet-agenda.ts";

/** Nothing else can be done in this process for so long. */
function block(ms: number): void {
  const untilMs = performance.now() + ms;
  while (performance.now() < untilMs);
}

test("what this process does late counts from when it was due, and how late it was is kept", async () => {
  const agenda = new FleetAgenda((what) => what());
  agenda.refresh();
  const seen = await new Promise<number>((resolve) => {
    agenda.put(agenda.nowMs + 5, () => resolve(agenda.behindMs));
    block(90);
  });
  expect(seen).toBeGreaterThanOrEqual(80);
  // Whoever is called by the network afterwards is not late by that.
  expect(agenda.behindMs).toBe(0);
  expect(agenda.late.figures()).toMatchObject({ count: 1 });
  expect(agenda.late.figures()?.max).toBeGreaterThanOrEqual(80);
  agenda.end();
});
