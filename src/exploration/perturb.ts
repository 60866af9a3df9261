/**
 * Owns the perturbing of a plan that went somewhere new: a little is changed, and it is played again.
 * Refuses to know why it was chosen. All randomness is handed in.
 */

import type { Prng } from "../base/prng.ts";
import { ACTIONS_MAX, type Action, type Plan } from "../simulation/plan.ts";

/** Times by which an action is moved: a hair, a round trip, a back-off. */
const SHIFTS_MS = [-5_000, -100, -1, 1, 39, 100, 1_000, 30_000] as const;
const CHANGES_MAX = 4;

/** A neighbour of `plan`; `other` lends actions. */
export function perturb(plan: Plan, other: Plan, random: Prng): Plan {
  let actions = plan.actions;
  const changes = 1 + random.below(CHANGES_MAX);
  for (let turn = 0; turn < changes && actions.length > 0; turn++) actions = changed(actions, other, random);
  return {
    ...plan,
    seed: random.chance(0.3) ? random.below(0xffff) : plan.seed,
    actions: actions.slice(0, ACTIONS_MAX),
  };
}

function changed(actions: readonly Action[], other: Plan, random: Prng): Action[] {
  const place = random.below(actions.length);
  const action = actions[place] as Action;
  switch (random.below(5)) {
    case 0:
      return actions.filter((_, index) => index !== place);
    case 1:
      return [...actions, shifted(action, random)];
    case 2:
      return actions.map((one, index) => (index === place ? shifted(one, random) : one));
    case 3:
      return actions.map((one, index) => (index === place ? elsewhere(one, random) : one));
    default:
      return other.actions.length === 0 ? [...actions] : [...actions, random.pick(other.actions)];
  }
}

function shifted(action: Action, random: Prng): Action {
  const { at } = action;
  if (!("ms" in at)) return { ...action, at: { ...at, nth: 1 + random.below(4) } };
  return { ...action, at: { ms: Math.max(0, at.ms + random.pick(SHIFTS_MS)) } };
}

/** The same on the neighbouring device; one that is not there does nothing. */
function elsewhere(action: Action, random: Prng): Action {
  const { deed } = action;
  return "device" in deed ? { ...action, deed: { ...deed, device: random.below(3) } } : action;
}
