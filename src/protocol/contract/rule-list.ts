/**
 * Owns how a description lists rules, so that an id in brackets can be looked up in the document itself.
 * Refuses to know which description needs which.
 */

import { RULES } from "../rules/registry.ts";
import type { RuleFamily, RuleSide } from "../rules/rule.ts";

/** The description, and under it the rules of these families and sides in full. */
export function withRules(
  description: string,
  families: readonly RuleFamily[],
  sides: readonly RuleSide[],
): string {
  const rules = RULES.filter(({ family, side }) => families.includes(family) && sides.includes(side));
  return [description, "", ...rules.map(({ id, level, text }) => `- **${id}** (${level}) ${text}`)].join(
    "\n",
  );
}
