/**
 * Owns which violations of a run get a diagram, and the facts that a second look at the run has to keep for them.
 * Refuses to run anything: whoever can run the same again hands the facts to the fold. Memory is bounded.
 */

import type { EpochMs } from "../base/time.ts";
import type { Violation } from "../checkers/port.ts";
import type { Fact, FactName, Roster } from "../history/facts.ts";
import type { FactFold } from "../history/journal.ts";
import type { Diagram } from "./space-time.ts";
import { diagramOf } from "./space-time-history.ts";

/** Rules whose first violation is drawn. */
const DIAGRAMS_MAX = 12;
/** Facts kept of each account; of more, the latest before the violation. */
const FACTS_KEPT_MAX = 40_000;

/** What a diagram can tell of. */
const TOLD = [
  ...(["started", "killed", "opened", "closed", "online", "offline", "clock_set"] as const),
  ...(["edited", "saved", "rekeyed", "settled", "asked", "chosen", "retried", "discarded"] as const),
  ...(["sent", "answered", "unanswered", "connecting", "connected", "disconnected", "severed"] as const),
  ...(["frame", "pushed", "shown", "read", "sync_started", "sync_ended", "advanced", "noticed"] as const),
  ...(["committed", "push_handed_over", "replica", "fresh_replica"] as const),
] as const satisfies readonly FactName[];

/** The first violation of each rule, as far as there is room. */
export function worthDrawing(
  judgements: readonly { readonly judgement: { readonly violations: readonly Violation[] } }[],
): readonly Violation[] {
  const firsts = new Map<string, Violation>();
  for (const { judgement } of judgements) {
    for (const violation of judgement.violations)
      if (!firsts.has(violation.rule)) firsts.set(violation.rule, violation);
  }
  return [...firsts.values()].slice(0, DIAGRAMS_MAX);
}

/** Keeps what diagrams of these violations need, while the run goes by once more. */
export class SecondLook implements FactFold {
  readonly wants = TOLD;
  /** After this moment, nothing more is needed. */
  readonly untilMs: EpochMs;
  private readonly violations: readonly Violation[];
  private readonly byAccount = new Map<number, Fact[]>();

  constructor(violations: readonly Violation[]) {
    this.violations = violations;
    this.untilMs = violations.reduce((latest, { at }) => Math.max(latest, at), 0);
    for (const account of violations.flatMap(accountsOf)) this.byAccount.set(account, []);
  }

  fold(fact: Fact): void {
    if (!("account" in fact) || fact.at > this.untilMs) return;
    const kept = this.byAccount.get(fact.account);
    if (kept === undefined) return;
    kept.push(fact);
    if (kept.length >= 2 * FACTS_KEPT_MAX) kept.splice(0, FACTS_KEPT_MAX);
  }

  /** One diagram for each violation; from its evidence alone where the run did not come that far. */
  diagrams(roster: Roster, startMs: EpochMs): ReadonlyMap<Violation, Diagram> {
    return new Map(
      this.violations.map((violation) => [
        violation,
        diagramOf(this.factsOf(violation), violation, roster, { startMs }),
      ]),
    );
  }

  /** Evidence is of the first run, and comes again in the second: it is told once, and known by being the same object. */
  private factsOf(violation: Violation): readonly Fact[] {
    const evidence = new Map(violation.evidence.map((fact) => [nameOf(fact), fact]));
    return accountsOf(violation)
      .flatMap((account) => (this.byAccount.get(account) ?? []).filter(({ at }) => at <= violation.at))
      .map((fact) => (evidence.size > 0 ? (evidence.get(nameOf(fact)) ?? fact) : fact));
  }
}

function accountsOf({ evidence }: Violation): readonly number[] {
  return [...new Set(evidence.flatMap((fact) => ("account" in fact ? [fact.account] : [])))];
}

/** What tells one fact of a run from all others, near enough. */
function nameOf(fact: Fact): string {
  const { at, fact: what } = fact;
  const device = "device" in fact ? fact.device : undefined;
  const mutation = "mutation" in fact ? fact.mutation : "";
  const request = "request" in fact ? fact.request : "";
  const id = "id" in fact ? fact.id : "";
  const revision = "revision" in fact ? fact.revision : "";
  return `${at} ${what} ${device} ${mutation} ${request} ${id} ${revision}`;
}
