import { expect, test } from "vitest";
import type { SimulationReport } from "../report/result-schema.ts";
import { targetLines } from "./fleet-report.ts";

const TARGET: NonNullable<SimulationReport["target"]> = {
  url: "http://x",
  speed: 20,
  requests: 10,
  failures: 0,
  requestsPerSecond: 5,
  latencyMs: {},
  sockets: { most: 1, refused: 0 },
  lateMsMax: 400,
  isOwnDelay: false,
  memoryBytes: 100 * 1_048_576,
  cpuSeconds: 2,
  left: 0,
};

function linesOf(more: Partial<typeof TARGET>): string {
  return targetLines({ target: { ...TARGET, ...more } } as SimulationReport).join("\n");
}

test("both sides' memory and CPU time stand on the screen, and what the target does not tell is unknown", () => {
  const told = linesOf({ theirs: { memoryBytes: 50 * 1_048_576, cpuSeconds: 1.25 } });
  expect(told).toContain("memory      ours 100 MiB, the target's 50 MiB");
  expect(told).toContain("CPU time    ours 2.0 s, the target's 1.3 s");
  const unknown = "the target's unknown (it tells none at /metrics)";
  expect(linesOf({})).toContain(`memory      ours 100 MiB, ${unknown}`);
  expect(linesOf({})).toContain(`CPU time    ours 2.0 s, ${unknown}`);
});

test("where the own delay is most of the latency, the screen says whose it is", () => {
  const lateMs = { count: 9, p50: 20, p90: 200, p99: 390, max: 400 };
  expect(linesOf({ lateMs, isOwnDelay: true })).toContain(
    "own delay   p50 20 ms, p99 390 ms, most 400 ms: the latencies are ours for the most part",
  );
  expect(linesOf({ lateMs })).not.toContain("are ours");
});
