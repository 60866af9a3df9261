/**
 * Owns what a target tells of its own process: memory and CPU time, where it serves Prometheus figures at /metrics.
 * Refuses to guess: a target that tells nothing is unknown, and no fault of it.
 */

import type { LiveTarget } from "./live-target.ts";

/** Of the target's process, as it is when asked. */
export interface TargetFigures {
  readonly memoryBytes: number;
  /** Since it began. */
  readonly cpuSeconds: number;
}

const METRICS = "/metrics";

/** Asks once. Undefined where the target does not say. */
export async function figuresOf(target: LiveTarget): Promise<TargetFigures | undefined> {
  try {
    const outcome = await target.question({ method: "GET", path: METRICS, headers: {} });
    if (outcome.outcome !== "answered" || outcome.answer.status !== 200) return undefined;
    return readFigures(outcome.answer.text);
  } catch {
    // Whoever asks for more than that is told why by their own request.
    return undefined;
  }
}

/** The figures in a Prometheus text, under the names that its client libraries share. */
export function readFigures(text: string): TargetFigures | undefined {
  const memoryBytes = figureIn(text, "process_resident_memory_bytes");
  const cpuSeconds = figureIn(text, "process_cpu_seconds_total");
  return memoryBytes === undefined || cpuSeconds === undefined ? undefined : { memoryBytes, cpuSeconds };
}

function figureIn(text: string, name: string): number | undefined {
  const found = new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)`, "m").exec(text)?.[1];
  const value = Number(found ?? Number.NaN);
  return Number.isFinite(value) ? value : undefined;
}
