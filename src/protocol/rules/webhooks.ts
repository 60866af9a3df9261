/**
 * Owns the rules of section 10: changes that come from the ZEKE backend.
 * Word for word from docs/protocol.md; registry.test.ts holds the two together. Refuses to know how a rule is checked.
 */

import type { Rule } from "./rule.ts";

export const WEBHOOK_RULES = [
  {
    id: "WHK-1",
    level: "MUST",
    side: "P",
    phase: 1,
    family: "WHK",
    text: "A valid one is a committed change: revision, event, push, delta",
    origin: { kind: "design" },
  },
  {
    id: "WHK-2",
    level: "MUST",
    side: "P",
    phase: 1,
    family: "WHK",
    text: "Missing or wrong signature, or a timestamp more than 5 minutes off: 401, no effect",
    origin: { kind: "design" },
  },
  {
    id: "WHK-3",
    level: "MUST",
    side: "P",
    phase: 1,
    family: "WHK",
    text: "The same `webhook-id` again: 200, one effect",
    origin: { kind: "design" },
  },
  {
    id: "WHK-4",
    level: "MUST",
    side: "P",
    phase: 1,
    family: "WHK",
    text: "A `version` not above the stored one: 200, no effect",
    origin: { kind: "design" },
  },
] as const satisfies readonly Rule[];
