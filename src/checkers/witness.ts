/**
 * Owns what the checkers of one run know in common: the commits, the requests, the sockets, the devices' mutations,
 * and how the run was set.
 * Refuses to judge. It is told each fact before any checker is, by the first of a run, or by one that is created alone.
 */

import type { Fact, FactName, MutationResult, SentMutation } from "../history/facts.ts";
import { ruleById } from "../protocol/rules/registry.ts";
import { Commits, isOf } from "./commits.ts";
import { Flights } from "./device/flights.ts";
import { Ghosts } from "./device/ghosts.ts";
import { Ledgers } from "./device/ledgers.ts";
import { Exchanges } from "./exchanges.ts";
import type { Checker } from "./port.ts";
import { Sockets } from "./sockets.ts";

/** How the run was set; the history does not tell. `changing`: not alike all the time. */
export interface Ruling {
  readonly mode: "enforce" | "advisory" | "off" | "changing";
  readonly resolvedBy: "server" | "client" | "changing";
  /** How much faster or slower than true time wall clocks run, in millionths; what phones do when absent. */
  readonly driftPpm?: number;
  /**
   * `outside`: nobody looked into the proxy. Commits are told as events and answers showed them, each as late as they
   * allow, without how a write was resolved; one may lack its key, and what came next may be committed and not told yet.
   */
  readonly vantage?: "outside";
  /** Devices from this index on are no phones, and no rule of devices binds them. */
  readonly phones?: number;
  /** Whether the run made this record; others may change while it goes on. All are the run's when absent. */
  owns?(id: string): boolean;
}

export const STRICT: Ruling = { mode: "enforce", resolvedBy: "server" };

/** Shared by the checkers of one run, and of no other. */
export interface Witness {
  readonly commits: Commits;
  readonly exchanges: Exchanges;
  readonly sockets: Sockets;
  readonly ledgers: Ledgers;
  readonly flights: Flights;
  readonly ghosts: Ghosts;
  readonly ruling: Ruling;
  /** True when one checker of the run tells it everything; false when each that looks at it has to. */
  readonly isTold: boolean;
  /** Those who are told only of requests that carry mutations, and of their ends: most requests carry none. */
  readonly carried: Readonly<Record<Carrying, Checker[]>>;
}

const CARRYING = ["sent", "answered", "unanswered"] as const satisfies readonly FactName[];
type Carrying = (typeof CARRYING)[number];

/** A witness that saw nothing yet. */
export function createWitness(ruling: Ruling = STRICT, isTold = false): Witness {
  const commits = new Commits();
  return {
    commits,
    exchanges: new Exchanges(),
    sockets: new Sockets(commits),
    ledgers: new Ledgers(),
    flights: new Flights(),
    ghosts: new Ghosts(),
    ruling,
    isTold,
    carried: { sent: [], answered: [], unanswered: [] },
  };
}

/** True when a stale write was resolved or refused all along, never applied plainly. */
export function isEnforced(witness: Witness): boolean {
  return witness.ruling.mode === "enforce";
}

/** A checker that looks at the witness: as it is when the witness is told by another, else one that tells it. */
export function attending(witness: Witness, checker: Checker): Checker {
  return witness.isTold ? checker : telling(witness, checker);
}

/** As `attending`, for a checker to which requests without mutations, and their answers, are nothing. */
export function attendingMutations(witness: Witness, checker: Checker): Checker {
  if (!witness.isTold) return telling(witness, checker);
  const carried = ofPhones(witness.ruling, checker);
  for (const name of CARRYING) if (checker.wants.includes(name)) witness.carried[name].push(carried);
  return {
    rule: checker.rule,
    wants: checker.wants.filter((name) => !CARRYING.some((carrying) => carrying === name)),
    fold: (fact) => checker.fold(fact),
    finish: () => checker.finish(),
  };
}

/** The same checker; one of a device's rule is told of phones alone, where others take part. */
export function ofPhones({ phones }: Ruling, checker: Checker): Checker {
  if (phones === undefined || ruleById(checker.rule)?.side !== "D") return checker;
  return {
    rule: checker.rule,
    wants: checker.wants,
    fold(fact: Fact): void {
      if (!("device" in fact) || fact.device === undefined || fact.device < phones) checker.fold(fact);
    },
    finish: () => checker.finish(),
  };
}

/** True when what the server alone knows is in the history: how writes were resolved, and under which keys. */
export function isInside({ ruling }: Witness): boolean {
  return ruling.vantage === undefined;
}

/** From outside a commit may lack its key: then the revision that its answer names tells of it. */
export function isCommitted(
  { commits, ruling }: Witness,
  account: number,
  { entity, id }: SentMutation,
  { revision, record }: MutationResult,
): boolean {
  if (ruling.vantage === undefined || revision === undefined) return false;
  return isOf(commits.of(account).find(revision), entity, record?.id ?? id);
}

/** The same checker, which also tells the witness each fact, and those that it carries for, before it judges. */
export function telling(witness: Witness, checker: Checker): Checker {
  const wanted: ReadonlySet<FactName> = new Set(checker.wants);
  return {
    rule: checker.rule,
    wants: [...new Set([...WITNESSED, ...checker.wants])],
    fold(fact: Fact): void {
      tell(witness, fact);
      if (wanted.has(fact.fact)) checker.fold(fact);
    },
    finish: () => checker.finish(),
  };
}

const WITNESSED = [
  "shown",
  "sent",
  "answered",
  "frame",
  "committed",
  "edited",
  "saved",
  "settled",
  "connecting",
  "disconnected",
  "unanswered",
  "killed",
  "rekeyed",
  "asked",
  "chosen",
  "retried",
  "discarded",
] as const satisfies readonly FactName[];

function tell(witness: Witness, fact: Fact): void {
  switch (fact.fact) {
    case "shown":
      witness.ghosts.take(fact);
      witness.ledgers.show(fact);
      return;
    case "sent":
      witness.exchanges.take(fact);
      witness.flights.take(fact);
      if (fact.mutations.length > 0) carry(witness.carried.sent, fact);
      return;
    case "answered":
      witness.exchanges.take(fact);
      witness.flights.take(fact);
      if (witness.flights.landed || witness.exchanges.bodies.length > 0)
        carry(witness.carried.answered, fact);
      return;
    case "unanswered":
      witness.exchanges.take(fact);
      witness.flights.take(fact);
      if (witness.flights.landed) carry(witness.carried.unanswered, fact);
      return;
    case "frame":
      witness.sockets.take(fact);
      witness.ledgers.echo(fact);
      return;
    case "committed":
      witness.commits.take(fact);
      witness.exchanges.take(fact);
      witness.ghosts.take(fact);
      return;
    case "edited":
    case "saved":
    case "settled":
    case "rekeyed":
    case "asked":
    case "chosen":
    case "retried":
    case "discarded":
      witness.ledgers.take(fact);
      return;
    case "connecting":
    case "disconnected":
      witness.sockets.take(fact);
      return;
    case "killed":
      witness.exchanges.take(fact);
      witness.sockets.take(fact);
      witness.ledgers.take(fact);
      witness.flights.take(fact);
  }
}

function carry(checkers: readonly Checker[], fact: Fact): void {
  for (let place = 0; place < checkers.length; place++) (checkers[place] as Checker).fold(fact);
}
