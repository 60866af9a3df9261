/**
 * Owns what people call the families of rules, and the section of docs/protocol.md that each stands in.
 * Refuses to know single rules.
 */

import type { RuleFamily } from "../protocol/rules/rule.ts";

export interface FamilyTitle {
  readonly section: number;
  readonly title: string;
}

/** Families in the order of the document's sections. */
export const FAMILIES: Readonly<Record<RuleFamily, FamilyTitle>> = {
  REV: { section: 2, title: "revisions" },
  API: { section: 3, title: "records over HTTP" },
  SEC: { section: 3, title: "security" },
  EVT: { section: 4, title: "events and resumption" },
  CON: { section: 5, title: "conflicts" },
  MRG: { section: 5, title: "merging" },
  FLG: { section: 5, title: "modes" },
  IDM: { section: 6, title: "idempotency" },
  BAT: { section: 6, title: "batch" },
  QUE: { section: 7, title: "the device's queue" },
  PSH: { section: 8, title: "push" },
  DLT: { section: 9, title: "delta" },
  FUL: { section: 9, title: "full sync" },
  WHK: { section: 10, title: "webhooks" },
  SYS: { section: 11, title: "the system" },
};
