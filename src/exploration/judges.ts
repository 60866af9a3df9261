/**
 * Owns who judges a run of a scenario.
 * Refuses to run it, and to know what a checker looks at.
 */

import type { Checker } from "../checkers/port.ts";
import type { Ruling } from "../checkers/witness.ts";
import { ruleById } from "../protocol/rules/registry.ts";
import { whyExcluded } from "../protocol/rules/scope.ts";
import { modeThroughout, type Scenario } from "../simulation/scenario.ts";

/** Where checkers come from: handed in, so that who only asks loads none. */
interface Bench {
  createCheckers(ruling: Ruling): readonly Checker[];
}

/** Who judges a run of this scenario: rules of a phase that is off are reported as excluded, and not judged. */
export function judgesOf(bench: Bench, scenario: Scenario): readonly Checker[] {
  const { resolvedBy } = scenario.proxy;
  const { driftPpm } = scenario.clocks;
  return bench
    .createCheckers({ mode: modeThroughout(scenario), resolvedBy, driftPpm })
    .filter(({ rule: id }) => {
      const rule = ruleById(id);
      return rule === undefined || whyExcluded(rule, scenario.fleet.phases) === undefined;
    });
}
