/**
 * Owns the loop that ties a decision to its store: load, decide, commit, and again when another write came between.
 * Refuses to decide anything. A store that must wait needs a twin of this file, and of no other.
 */

import { type EpochMs, SECOND_MS } from "../base/time.ts";
import type { AccountId } from "../protocol/messages.ts";
import type { Case, Decision, WriteRules } from "./decide.ts";
import { type Mutation, revisionOfIfMatch } from "./mutation.ts";
import { type Reply, refusal } from "./reply.ts";
import type { Store } from "./store.ts";

/** How often one write may be overtaken before the caller is asked to come again. */
export const RACES_MAX = 16;

/** [API-7] */
const OVERTAKEN: Reply = {
  ...refusal("unavailable", "too many writes at once"),
  retryAfterMs: SECOND_MS,
};

/** Decides and stores one mutation. What the decision planned is stored when this returns. */
export function carryOut(
  store: Store,
  decide: (at: Case) => Decision,
  account: AccountId,
  mutation: Mutation,
  rules: WriteRules,
  nowMs: EpochMs,
): Decision {
  const { entity, id, key, ifMatch } = mutation;
  const wanted = { entity, id, key, base: revisionOfIfMatch(ifMatch) };
  for (let attempt = 0; attempt < RACES_MAX; attempt++) {
    const view = store.load(account, wanted, nowMs);
    const decision = decide({ mutation, view, rules, nowMs, attempt });
    if (decision.plan === undefined) return decision;
    if (store.commit(account, decision.plan, nowMs) === "done") return decision;
  }
  return { reply: OVERTAKEN, replayed: false, plan: undefined, remark: {} };
}
