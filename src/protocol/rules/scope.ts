/**
 * Owns which rules a deployment can be held to: those of the roadmap's phases that it has.
 * Refuses to judge. A rule outside is excluded, which is neither good nor bad.
 */

import type { Rule } from "./rule.ts";

/** What section 11 promises stands on revisions, conflicts and the queue; push and delta only make it sooner. */
const SYSTEM_PHASES: readonly number[] = [1, 2, 3];

/** Why a rule does not concern a deployment with these phases, for people; undefined when it does. */
export function whyExcluded(rule: Rule, phases: readonly number[]): string | undefined {
  if (rule.side === "S") {
    const missing = SYSTEM_PHASES.filter((phase) => !phases.includes(phase));
    return missing.length === 0 ? undefined : `it rests on phase ${missing[0]}, which is off`;
  }
  return rule.phase === 0 || phases.includes(rule.phase) ? undefined : `phase ${rule.phase} is off`;
}
