/**
 * Owns the ground of a hunt: what a scenario file says about the world, without what happens in it by itself.
 * Refuses to read files.
 */

import type { Json, JsonObject } from "../base/canonical-json.ts";
import { overlaid, type Plan } from "../simulation/plan.ts";

/** Settings that stand above those that a plan draws, as they are written in a scenario. */
export type Ground = JsonObject;

/** Parts of a scenario that are the world. Sessions, edits, duration and the size of the fleet are the plan's. */
const PARTS = ["network", "clocks", "storage", "kills", "tokens", "push", "proxy"] as const;
const FLEET = ["phases", "olderApps", "itemsPerList"] as const;

/** The ground that a scenario, as it is written, gives: what it does not write is drawn as ever. */
export function groundOf(text: Readonly<Record<string, unknown>>): Ground {
  const fleet = picked(Object(text.fleet) as Record<string, unknown>, FLEET);
  const workload = picked(Object(text.workload) as Record<string, unknown>, ["conflicts"]);
  return {
    ...picked(text, PARTS),
    ...(Object.keys(fleet).length > 0 && { fleet }),
    ...(Object.keys(workload).length > 0 && { workload }),
  };
}

/** A plan on a ground; on none it stays as it is. */
export function grounded(plan: Plan, ground: Ground | undefined): Plan {
  if (ground === undefined) return plan;
  return { ...plan, scenario: overlaid(plan.scenario as Json, ground) as Plan["scenario"] };
}

function picked(from: Readonly<Record<string, unknown>>, names: readonly string[]): JsonObject {
  return Object.fromEntries(
    names.flatMap((name) => (from[name] === undefined ? [] : [[name, from[name] as Json]])),
  );
}
