/**
 * Owns how the workload of a scenario becomes acts of a live fleet: its sessions, edits, reads, tunnels and kills at the
 * times that its script has, divided by the speed.
 * Refuses what no live driver can bring about: losses, outages, and clocks of a proxy stay with the simulation.
 */

import type { Action } from "../simulation/plan.ts";
import type { Scenario } from "../simulation/scenario.ts";
import { scriptOf } from "../simulation/script.ts";
import type { LiveAct, LiveDeed } from "./fleet-acts.ts";

/** The scenario's acts over `durationMs` of real time, in order of time. */
export function actsOfScenario(
  scenario: Scenario,
  seed: number,
  durationMs: number,
  speed: number,
): readonly LiveAct[] {
  const { habits } = scenario;
  // A minute of a night in which everybody sleeps is no load: the hours of a day stay with the simulation.
  const awake = {
    ...scenario,
    duration: Math.ceil(durationMs * speed),
    habits: { ...habits, awake: [0, 24] as [number, number] },
  };
  return scriptOf(awake, seed).flatMap((action) => actOf(action, speed) ?? []);
}

function actOf({ at, deed }: Action, speed: number): LiveAct | undefined {
  if (!("ms" in at) || !("device" in deed)) return undefined;
  const live = deedOf(deed, speed);
  return live && { atMs: Math.round(at.ms / speed), device: deed.device, deed: live };
}

function deedOf(
  deed: Extract<Action["deed"], { readonly device: number }>,
  speed: number,
): LiveDeed | undefined {
  switch (deed.do) {
    case "open":
    case "close":
    case "kill":
    case "refresh":
      return { do: deed.do };
    case "offline":
      return { do: "offline", forMs: Math.max(1, Math.round(deed.forMs / speed)) };
    case "clock":
      return { do: "clock", byMs: deed.byMs };
    case "read":
      return { do: "read", entity: deed.entity, seed: seedOf(deed.record) };
    case "edit": {
      const { entity, operation, record, change = {} } = deed;
      return { do: "edit", entity, operation, seed: seedOf(record), change };
    }
    default:
      return undefined;
  }
}

function seedOf(record: object | undefined): number | undefined {
  return record !== undefined && "seed" in record ? Number(record.seed) : undefined;
}
