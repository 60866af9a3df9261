/**
 * Owns how the draw of a swarm stands on the screen: the faults that are on, how strong, how often they struck; the
 * others by name; and how the run was set.
 * Refuses to know how it was drawn.
 */

import { columns, cut, labelled, type Paint } from "./layout.ts";
import { grouped } from "./numbers.ts";
import type { SimulationReport } from "./result-schema.ts";

const INDENT = 14;

/** Nothing for a run that is no swarm. */
export function drawLines(
  { draw }: SimulationReport,
  { width, paint }: { readonly width: number; readonly paint: Paint },
): readonly string[] {
  if (!draw) return [];
  const on = draw.faults.filter((fault) => fault.on);
  const off = draw.faults.filter((fault) => !fault.on).map((fault) => fault.name);
  const names = columns([["  drawn"], ...on.map(({ name }) => [`  ${name}`])], ["left"]);
  const counts = columns([["struck"], ...on.map(({ struck }) => [`${grouped(struck)}×`])], ["right"]);
  const indent = Math.max(...names.map((name) => name.length)) + 2;
  const start = indent + Math.max(...counts.map((count) => count.length)) + 2;
  const label = (row: number) => `${(names[row] ?? "").padEnd(indent)}${counts[row] ?? ""}`;
  return [
    paint.dim(cut(`${label(0).padEnd(start)}strength`, width)),
    ...on.flatMap(({ strength }, row) => labelled(label(row + 1), strength.join(" · "), start, width)),
    ...(off.length === 0 ? [] : labelled("  off", off.join(", "), INDENT, width).map(paint.dim)),
    ...(draw.settings.length === 0 ? [] : labelled("  set", draw.settings.join(" · "), INDENT, width)),
  ];
}
