/**
 * Owns the rules of section 11: what proxy and devices owe together.
 * Word for word from docs/protocol.md; registry.test.ts holds the two together. Refuses to know how a rule is checked.
 */

import type { Rule } from "./rule.ts";

export const SYSTEM_RULES = [
  {
    id: "SYS-1",
    level: "MUST",
    side: "S",
    phase: 0,
    family: "SYS",
    text: "Once faults stop and queues drain, every device equals the server, and equals a device that syncs in full at that moment",
    origin: { kind: "design" },
  },
  {
    id: "SYS-2",
    level: "MUST",
    side: "S",
    phase: 0,
    family: "SYS",
    text: "A write that was answered 2xx is never lost: each later revision of that record was made knowing it, or by its strategy",
    origin: { kind: "design" },
  },
  {
    id: "SYS-3",
    level: "MUST",
    side: "S",
    phase: 0,
    family: "SYS",
    text: "Every mutation has exactly one effect or none, whatever was retried",
    origin: { kind: "design" },
  },
  {
    id: "SYS-4",
    level: "MUST",
    side: "S",
    phase: 0,
    family: "SYS",
    text: "Every edit ends completed, failed and shown, or superseded by its author; none vanishes",
    origin: { kind: "design" },
  },
  {
    id: "SYS-5",
    level: "MUST",
    side: "S",
    phase: 0,
    family: "SYS",
    text: "After faults stop, all of it is settled within a bounded time and a bounded number of requests",
    origin: { kind: "design" },
  },
  {
    id: "SYS-6",
    level: "MUST",
    side: "S",
    phase: 0,
    family: "SYS",
    text: "What one device's user reads never goes back in time, own edits included",
    origin: { kind: "design" },
  },
  {
    id: "SYS-7",
    level: "MUST",
    side: "S",
    phase: 0,
    family: "SYS",
    text: "Nothing crosses accounts",
    origin: { kind: "design" },
  },
] as const satisfies readonly Rule[];
