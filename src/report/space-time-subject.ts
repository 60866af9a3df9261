/**
 * Owns what a violation is about: the fact that offends, and the devices, records, keys and revisions in its evidence.
 * Refuses to know the rules: evidence tells. The words are asked only which of several records they name.
 */

import type { Violation } from "../checkers/port.ts";
import type { Fact, FactOf, ReplicaFactRecord } from "../history/facts.ts";

/** Records that one diagram follows. */
const RECORDS_MAX = 3;

/** A mutation, as far as the history has told it. */
interface KnownEdit {
  readonly edited: FactOf<"edited">;
  readonly record: string;
}

/** Who and what a violation is about. */
export interface Subject {
  readonly violation: Violation;
  /** The last of the evidence, if it is what happened at the time of the violation. */
  readonly offence: Fact | undefined;
  /** Of the evidence, in the order of roster numbers. */
  readonly devices: ReadonlySet<number>;
  /** The device that the offence, or else the latest evidence, is from. */
  readonly culprit: number | undefined;
  readonly accounts: ReadonlySet<number>;
  readonly records: ReadonlySet<string>;
  readonly keys: ReadonlySet<string>;
  readonly revisions: ReadonlySet<string>;
  readonly evidence: ReadonlySet<Fact>;
  readonly edits: ReadonlyMap<string, KnownEdit>;
}

/** A record's name across accounts. */
export function recordName(account: number, entity: string, id: string): string {
  return `${account} ${entity} ${id}`;
}

/** A revision's name across accounts, each of which has a log of its own. */
export function revisionName(account: number, revision: string): string {
  return `${account} ${revision}`;
}

/** Reads the evidence; `facts` tell what it only hints at. */
export function subjectOf(facts: readonly Fact[], violation: Violation): Subject {
  const evidence = new Set(violation.evidence);
  const edits = editsIn(facts);
  const sents = sentBefore(facts, violation.evidence);
  const last = violation.evidence.at(-1);
  const offence = violation.evidence.findLast((fact) => fact.at === violation.at);
  const onDevices = violation.evidence.filter((fact) => deviceOf(fact) !== undefined);
  const lead = [offence, ...onDevices.toReversed()].find((fact) => fact && deviceOf(fact) !== undefined);
  return {
    violation,
    offence: offence ?? (last !== undefined && last.at > violation.at ? last : undefined),
    devices: new Set(onDevices.map((fact) => deviceOf(fact) as number).sort((left, right) => left - right)),
    culprit: lead && deviceOf(lead),
    accounts: new Set(violation.evidence.flatMap((fact) => ("account" in fact ? [fact.account] : []))),
    records: recordsIn(facts, violation, edits, sents),
    keys: new Set(violation.evidence.flatMap((fact) => keysOf(fact))),
    revisions: new Set(
      violation.evidence.flatMap((fact) =>
        "account" in fact ? revisionsOf(fact).map((revision) => revisionName(fact.account, revision)) : [],
      ),
    ),
    evidence,
    edits,
  };
}

/** The device that a fact tells of; a commit is also its writer's. */
export function deviceOf(fact: Fact): number | undefined {
  return "device" in fact ? fact.device : undefined;
}

function editsIn(facts: readonly Fact[]): ReadonlyMap<string, KnownEdit> {
  const edits = new Map<string, KnownEdit>();
  for (const fact of facts) {
    if (fact.fact === "edited") {
      const known = { edited: fact, record: recordName(fact.account, fact.entity, fact.id) };
      edits.set(fact.mutation, known).set(fact.key, known);
    } else if (fact.fact === "rekeyed") {
      const known = edits.get(fact.mutation);
      if (known) edits.set(fact.key, known);
    }
  }
  return edits;
}

/** For each answer in the evidence, the request that it answers. */
function sentBefore(facts: readonly Fact[], evidence: readonly Fact[]): ReadonlyMap<Fact, FactOf<"sent">> {
  const wanted = new Map<string, Fact>();
  for (const fact of evidence) {
    if (fact.fact === "answered" || fact.fact === "unanswered")
      wanted.set(`${fact.device} ${fact.request}`, fact);
  }
  const found = new Map<Fact, FactOf<"sent">>();
  if (wanted.size === 0) return found;
  for (const fact of facts) {
    if (fact.fact !== "sent") continue;
    const answer = wanted.get(`${fact.device} ${fact.request}`);
    if (answer && fact.at <= answer.at) found.set(answer, fact);
  }
  return found;
}

/** The records that the evidence has most to say of, the offence counting twice. */
function recordsIn(
  facts: readonly Fact[],
  violation: Violation,
  edits: ReadonlyMap<string, KnownEdit>,
  sents: ReadonlyMap<Fact, FactOf<"sent">>,
): ReadonlySet<string> {
  const weights = new Map<string, number>();
  for (const [index, fact] of violation.evidence.entries()) {
    const named = isReplica(fact) ? [] : recordsOf(fact, edits, sents.get(fact));
    const weight = (index === violation.evidence.length - 1 ? 2 : 1) / Math.max(1, named.length);
    for (const record of named) weights.set(record, (weights.get(record) ?? 0) + weight);
  }
  if (weights.size === 0) for (const record of differing(facts, violation)) weights.set(record, 1);
  const ranked = [...weights].sort((left, right) => right[1] - left[1]);
  const most = ranked[0]?.[1] ?? 0;
  return new Set(
    ranked
      .filter(([, weight]) => weight * 2 >= most)
      .slice(0, RECORDS_MAX)
      .map(([record]) => record),
  );
}

function isReplica(fact: Fact): fact is FactOf<"replica" | "fresh_replica"> {
  return fact.fact === "replica" || fact.fact === "fresh_replica";
}

/** Records that one fact names. */
function recordsOf(
  fact: Fact,
  edits: ReadonlyMap<string, KnownEdit>,
  request: FactOf<"sent"> | undefined,
): readonly string[] {
  switch (fact.fact) {
    case "edited":
    case "committed":
    case "shown":
      return [recordName(fact.account, fact.entity, fact.id)];
    case "read":
      return fact.id === undefined ? [] : [recordName(fact.account, fact.entity, fact.id)];
    case "frame": {
      const { frame } = fact;
      return frame.type === "sync_event" ? [recordName(fact.account, frame.entity, frame.id)] : [];
    }
    case "sent":
      return fact.mutations.map(({ entity, id }) => recordName(fact.account, entity, id));
    case "answered":
    case "unanswered":
      return (request?.mutations ?? []).map(({ entity, id }) => recordName(fact.account, entity, id));
    case "saved":
    case "rekeyed":
    case "settled":
    case "asked":
    case "chosen":
    case "retried":
    case "discarded": {
      const known = edits.get(fact.mutation);
      return known ? [known.record] : [];
    }
    default:
      return [];
  }
}

/** Records that the words name, of all that replicas hold or lack; else those of which two replicas differ. */
function differing(facts: readonly Fact[], violation: Violation): readonly string[] {
  const replicas = violation.evidence.filter(isReplica);
  const held = replicas.map(
    (replica) =>
      new Map(
        replica.records.map((record) => [recordName(replica.account, record.entity, record.id), record]),
      ),
  );
  const names = new Set(held.flatMap((records) => [...records.keys()]));
  const accounts = new Set(replicas.map(({ account }) => account));
  for (const fact of facts) {
    if (fact.fact === "committed" && accounts.has(fact.account))
      names.add(recordName(fact.account, fact.entity, fact.id));
  }
  const words = `${violation.expected} ${violation.actual} `;
  const named = [...names].filter((name) => words.includes(`${name.slice(name.indexOf(" ") + 1)} `));
  if (named.length > 0) return named;
  return held.length < 2
    ? []
    : [...names].filter((name) => !isSame(held.map((records) => records.get(name))));
}

function isSame(records: readonly (ReplicaFactRecord | undefined)[]): boolean {
  return records.every((record) => record?.revision === records[0]?.revision && !record === !records[0]);
}

function keysOf(fact: Fact): readonly string[] {
  switch (fact.fact) {
    case "edited":
    case "rekeyed":
      return [fact.mutation, fact.key];
    case "committed":
      return fact.key === undefined ? [] : [fact.key];
    case "sent":
      // Of a long batch no single one is what it is about.
      return fact.mutations.length > 3 ? [] : fact.mutations.map(({ key }) => key);
    case "answered":
      return fact.results.length > 3 ? [] : fact.results.map(({ key }) => key);
    case "saved":
    case "settled":
    case "asked":
    case "chosen":
    case "retried":
    case "discarded":
      return [fact.mutation];
    default:
      return [];
  }
}

/** Revisions whose commit explains the fact. */
function revisionsOf(fact: Fact): readonly string[] {
  switch (fact.fact) {
    case "committed":
      return [fact.revision, fact.previous, fact.ifMatch].filter((revision) => revision !== undefined);
    case "shown":
    case "read":
    case "advanced":
    case "pushed":
    case "push_handed_over":
      return fact.revision === undefined ? [] : [fact.revision];
    case "frame":
      return fact.frame.type === "sync_event" ? [fact.frame.revisionId] : [];
    case "sent":
      return fact.mutations.length > 3 ? [] : fact.mutations.flatMap(({ ifMatch }) => ifMatch ?? []);
    case "edited":
      return fact.base === undefined ? [] : [fact.base];
    default:
      return [];
  }
}
