/**
 * Owns what the actors of a run share: the agenda, the scenario, where facts go, and who else is there.
 * Refuses to decide anything. Actors only put events and record facts; the world alone hands events out.
 */

import type { EpochMs } from "../base/time.ts";
import type { Fact } from "../history/facts.ts";
import type { Agenda } from "./agenda.ts";
import type { Backend } from "./backend.ts";
import type { Director } from "./director.ts";
import type { Parts } from "./parts.ts";
import type { Phone } from "./phone.ts";
import type { Scenario } from "./scenario.ts";
import type { Strikes } from "./strikes.ts";

/** One run's shared ground. */
export interface Stage {
  readonly seed: number;
  readonly scenario: Scenario;
  /** Numbers of the accounts that take part: all, or those of a shard. */
  readonly accounts: readonly number[];
  readonly parts: Parts;
  readonly agenda: Agenda;
  /** True time at the start; facts carry `startMs + agenda.nowMs`. */
  readonly startMs: EpochMs;
  readonly phones: readonly Phone[];
  readonly backend: Backend;
  /** Carries out the plan, if there is one. */
  readonly director: Director;
  /** How often each fault struck. */
  readonly strikes: Strikes;
  /** Faults are off from here on. */
  healed: boolean;
  record(fact: Fact): void;
}

/** True time now, epoch ms. */
export function trueNow(stage: Stage): EpochMs {
  return stage.startMs + stage.agenda.nowMs;
}
