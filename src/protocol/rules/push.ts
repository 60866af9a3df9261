/**
 * Owns the rules of section 8: silent pushes, and who gets them.
 * Word for word from docs/protocol.md; registry.test.ts holds the two together. Refuses to know how a rule is checked.
 */

import type { Rule } from "./rule.ts";

export const PUSH_RULES = [
  {
    id: "PSH-1",
    level: "MUST",
    side: "P",
    phase: 4,
    family: "PSH",
    text: "A committed change of an entity pushes at least this `data`, within 5 s, to the account's devices subscribed to that topic",
    origin: { kind: "design" },
  },
  {
    id: "PSH-2",
    level: "MUST",
    side: "P",
    phase: 4,
    family: "PSH",
    text: "Not to the device that made the change, not to unsubscribed or unregistered devices, not to another account. A change of no known device (webhook, no header) goes to all",
    origin: { kind: "design" },
  },
  {
    id: "PSH-3",
    level: "MUST",
    side: "P",
    phase: 4,
    family: "PSH",
    text: "A token has one owner and a device one token: registered by another account or device, it moves; a new one replaces the old",
    origin: { kind: "design" },
  },
  {
    id: "PSH-4",
    level: "MUST",
    side: "P",
    phase: 4,
    family: "PSH",
    text: "Changes close together may become one push per device and entity; the last push names the last change that was not the device's own",
    origin: { kind: "design" },
  },
  {
    id: "PSH-5",
    level: "MUST",
    side: "P",
    phase: 4,
    family: "PSH",
    text: "The change can be read by delta before the push leaves",
    origin: { kind: "design" },
  },
  {
    id: "PSH-6",
    level: "MUST",
    side: "P",
    phase: 4,
    family: "PSH",
    text: "`DeviceNotRegistered`, in ticket or receipt, ends pushes to that token until it is registered again",
    origin: { kind: "design" },
  },
  {
    id: "PSH-7",
    level: "MUST",
    side: "P",
    phase: 4,
    family: "PSH",
    text: "429 and 5xx from the provider are retried with back-off; one bad token harms no other; no write fails or waits because of push",
    origin: { kind: "design" },
  },
  {
    id: "PSH-8",
    level: "MUST",
    side: "D",
    phase: 4,
    family: "PSH",
    text: "A push makes the device sync by delta, update its revisions and prefetch; many at once make one sync",
    origin: { kind: "design" },
  },
  {
    id: "PSH-9",
    level: "MUST",
    side: "D",
    phase: 4,
    family: "PSH",
    text: "Nothing depends on a push arriving: the device converges at the next open",
    origin: { kind: "design" },
  },
  {
    id: "PSH-10",
    level: "MUST",
    side: "P",
    phase: 4,
    family: "PSH",
    text: "At most 100 messages a send call, at most 1,000 ids a receipts call",
    origin: { kind: "design" },
  },
] as const satisfies readonly Rule[];
