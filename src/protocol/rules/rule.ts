/**
 * Owns what a rule of the contract is, as data.
 * Refuses to know the rules themselves (one file a section beside this one), and who checks them.
 */

/** The letters before the dash of a rule id. */
export const RULE_FAMILIES = [
  "REV",
  "API",
  "SEC",
  "EVT",
  "CON",
  "MRG",
  "FLG",
  "IDM",
  "BAT",
  "QUE",
  "PSH",
  "DLT",
  "FUL",
  "WHK",
  "SYS",
] as const;
export type RuleFamily = (typeof RULE_FAMILIES)[number];

/** As RFC 2119 means them. */
export type RuleLevel = "MUST" | "SHOULD";

/** P the proxy, D a device, S the system as a whole, R the reference proxy only. */
export type RuleSide = "P" | "D" | "S" | "R";

/** The roadmap's phases; 0 is what all stand on. */
export type RulePhase = 0 | 1 | 2 | 3 | 4 | 5;

/**
 * Where a rule comes from. `seed`: the roadmap says so, in these words. `decided`: the roadmap leaves it open, and
 * this is how the design settles it; the quote binds as the text does. `design`: all else.
 */
type RuleOrigin =
  | { readonly kind: "seed"; readonly quote: string }
  | { readonly kind: "decided"; readonly quote: string }
  | { readonly kind: "design" };

/** One rule of docs/protocol.md. */
export interface Rule {
  readonly id: string;
  readonly level: RuleLevel;
  readonly side: RuleSide;
  readonly phase: RulePhase;
  readonly family: RuleFamily;
  /** Word for word, without the words on its origin. */
  readonly text: string;
  readonly origin: RuleOrigin;
}
