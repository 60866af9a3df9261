/**
 * Owns the figures of the simulation: device events per second next to a bare heap, memory per device, cost per
 * event as the fleet grows, and the time of the default scenario.
 * Refuses to pass or fail: it prints, with versions and machine. Ratios are of one process and one run.
 */

import { readFileSync } from "node:fs";
import { cpus } from "node:os";
import { parse } from "yaml";
import { createCheckers } from "../src/checkers/all.ts";
import { createMetrics } from "../src/metrics/all.ts";
import { Scenario } from "../src/simulation/scenario.ts";
import { createSimulation, type World } from "../src/simulation/world.ts";
import { bareHeapRate } from "./bare-heap.ts";

const SEED = 1;
const SLICE = 100_000;
const DAY = "1d";

interface Figures {
  readonly devices: number;
  readonly seconds: number;
  readonly events: number;
  readonly deviceEvents: number;
  readonly pending: number;
  readonly bytesPerDevice: number;
  readonly peakBytes: number;
  readonly phase: string;
}

function commuter(accounts: number, duration: string): Scenario {
  const file = new URL("../scenarios/commuter.yaml", import.meta.url);
  const text = parse(readFileSync(file, "utf8")) as Record<string, unknown>;
  const fleet = { ...(text.fleet as object), accounts };
  return Scenario.parse({ ...text, duration, fleet });
}

function heapBytes(): number {
  (globalThis as { gc?: () => void }).gc?.();
  return process.memoryUsage().heapUsed;
}

/** Runs one scenario to its end, judged and measured as `simulate` does it. */
function run(scenario: Scenario): Figures {
  const bytesBefore = heapBytes();
  const folds = [...createCheckers(), createMetrics()];
  const before = performance.now();
  const world: World = createSimulation(scenario, SEED, { folds });
  let peakBytes = 0;
  let pending = 0;
  while (world.advance(SLICE)) {
    peakBytes = Math.max(peakBytes, process.memoryUsage().rss);
    pending = Math.max(pending, world.pendingEvents());
  }
  const seconds = (performance.now() - before) / 1_000;
  const { events, deviceEvents, phase } = world.progress();
  const devices = world.roster.devices.length;
  const bytesPerDevice = (heapBytes() - bytesBefore) / devices;
  return { devices, seconds, events, deviceEvents, pending, bytesPerDevice, peakBytes, phase };
}

function print(name: string, figures: Figures): void {
  const rate = figures.deviceEvents / figures.seconds;
  console.log(
    `${name.padEnd(30)} ${figures.seconds.toFixed(1).padStart(7)} s  ${Math.round(rate).toLocaleString("en").padStart(10)} device events/s  ` +
      `${(figures.bytesPerDevice / 1024).toFixed(0).padStart(5)} KiB/device  peak ${(figures.peakBytes / 2 ** 30).toFixed(2)} GiB  ${figures.phase}`,
  );
}

function main(): void {
  console.log(
    `node ${process.version} · ${cpus()[0]?.model ?? "unknown processor"} · ${cpus().length} cores · seed ${SEED}`,
  );
  run(commuter(4, DAY));
  const week = run(commuter(50, "7d"));
  print("commuter, 150 devices, 7 days", week);
  const small = run(commuter(34, DAY));
  print("102 devices, 1 day", small);
  const large = run(commuter(3_334, DAY));
  print("10,002 devices, 1 day", large);
  const bare = bareHeapRate(Math.max(1_000_000, large.deviceEvents), large.devices);
  const rate = large.deviceEvents / large.seconds;
  const costOf = (figures: Figures): number => figures.seconds / figures.events;
  console.log(
    `bare heap of objects            ${Math.round(bare).toLocaleString("en").padStart(18)} events/s, ${large.devices} pending`,
  );
  console.log(`device events to bare heap      ${(rate / bare).toFixed(3)} (aim 0.5)`);
  console.log(`cost per event, 10,002 to 102   ${(costOf(large) / costOf(small)).toFixed(2)} (at most 2.5)`);
  console.log(`commuter                        ${week.seconds.toFixed(1)} s (under 10)`);
  console.log(
    `10,002 devices, one day         ${large.seconds.toFixed(1)} s (within 120), ${(large.peakBytes / 2 ** 30).toFixed(2)} GiB (within 4)`,
  );
}

main();
