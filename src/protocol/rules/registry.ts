/**
 * Owns the rule registry: every rule of docs/protocol.md, in the document's order, found by id.
 * Refuses to know which checks and which faults exercise a rule: those name its id from their side.
 */

import { BATCH_RULES } from "./batch.ts";
import { CONFLICT_RULES } from "./conflicts.ts";
import { DELTA_RULES } from "./delta.ts";
import { EVENT_RULES } from "./events.ts";
import { PUSH_RULES } from "./push.ts";
import { QUEUE_RULES } from "./queue.ts";
import { RECORD_RULES } from "./records.ts";
import { REVISION_RULES } from "./revisions.ts";
import type { Rule } from "./rule.ts";
import { SYSTEM_RULES } from "./system.ts";
import { WEBHOOK_RULES } from "./webhooks.ts";

const ALL = [
  ...REVISION_RULES,
  ...RECORD_RULES,
  ...EVENT_RULES,
  ...CONFLICT_RULES,
  ...BATCH_RULES,
  ...QUEUE_RULES,
  ...PUSH_RULES,
  ...DELTA_RULES,
  ...WEBHOOK_RULES,
  ...SYSTEM_RULES,
] as const;

/** The id of a rule that exists; a wrong one does not compile. */
export type RuleId = (typeof ALL)[number]["id"];

/** Every rule, in the order of docs/protocol.md. */
export const RULES: readonly (Rule & { readonly id: RuleId })[] = ALL;

const BY_ID: ReadonlyMap<string, Rule & { readonly id: RuleId }> = new Map(
  RULES.map((rule) => [rule.id, rule]),
);

/** The rule of this id; undefined when there is none. */
export function ruleById(id: string): (Rule & { readonly id: RuleId }) | undefined {
  return BY_ID.get(id);
}
