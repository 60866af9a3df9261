/**
 * Owns which planted faults show that a rule is watched.
 * Refuses to plant any.
 */

import { FAULTS } from "../faults/all.ts";

/** Commands are for reading, too. */
const NAMES_MAX = 3;

/** Names of faults that break this rule first of all. */
export function proveFaultsOf(rule: string): readonly string[] {
  return FAULTS.filter(({ rules }) => rules[0] === rule)
    .map(({ name }) => name)
    .slice(0, NAMES_MAX);
}
