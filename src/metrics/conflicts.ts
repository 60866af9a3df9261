/**
 * Owns the conflict rate: how many writes were stale, and who resolved them.
 * Refuses to judge the resolution. Memory is the mutations that wait.
 */

import type { Fact, FactOf } from "../history/facts.ts";
import { ENTITIES, type Entity } from "../protocol/entity.ts";
import { type Measure, share } from "./measure.ts";
import type { SeriesSink } from "./series.ts";

/** Who resolved stale writes. */
interface Resolved {
  /** By the entity's strategy, on either side. */
  readonly server: number;
  readonly device: number;
  /** By an answer to the conflict dialog; `byHand` is any other way: taken up again, or discarded. */
  readonly person: Readonly<Record<Answer, number>>;
  /** Nobody, so far: refused and shown as failed, or still open, because nobody has chosen or the run has ended. */
  readonly nobody: { readonly refused: number; readonly open: number };
}

type Answer = "mine" | "server" | "merge" | "byHand";
const ANSWERS = ["mine", "server", "merge", "byHand"] as const satisfies readonly Answer[];

/** Writes of one entity. */
export interface EntityConflicts {
  /** Writes that carried If-Match (or named a mutation in its place) and were answered by success or conflict. */
  readonly writes: number;
  /** Of them, those whose base was not the record's current revision: all of `resolved`, and `overwritten`. */
  readonly stale: number;
  /** stale / writes; null without writes. */
  readonly rate: number | null;
  readonly resolved: Resolved;
  /** Stale writes that were applied plainly over what was there (modes advisory and off); seen by drivers of the server only. */
  readonly overwritten: number;
}

/** Conflicts of the run (section 12). */
export interface Conflicts extends EntityConflicts {
  readonly byEntity: Readonly<Record<Entity, EntityConflicts>>;
  /** Who resolved the stale ones. */
  readonly resolvedBy: { readonly server: number; readonly device: number; readonly person: number };
  /** (server + device) / stale; null without stale writes. */
  readonly withoutPerson: number | null;
  /** Stale writes that were refused and not resolved at the end: failed, or still waiting. */
  readonly unresolved: number;
}

interface Waiting {
  readonly entity: Entity;
  /** All that it had; the last is the one it has. */
  readonly keys: string[];
  /** Of them, those whose answer was counted: one that comes again after a kill says nothing new. */
  readonly counted: Set<string>;
  /** A conflict that is not resolved; `refused` once the edit has failed. */
  conflict: "none" | "open" | "refused";
  /** What a person did about it. */
  answer: Answer | undefined;
}

/** Counts of one entity, as they stand. */
class Tally {
  writes = 0;
  stale = 0;
  overwritten = 0;
  readonly resolved = {
    server: 0,
    device: 0,
    person: { mine: 0, server: 0, merge: 0, byHand: 0 },
    nobody: { refused: 0, open: 0 },
  };

  add({ writes, stale, overwritten, resolved }: Tally): void {
    this.writes += writes;
    this.stale += stale;
    this.overwritten += overwritten;
    const { server, device, person, nobody } = this.resolved;
    this.resolved.server = server + resolved.server;
    this.resolved.device = device + resolved.device;
    for (const answer of ANSWERS) person[answer] += resolved.person[answer];
    nobody.refused += resolved.nobody.refused;
    nobody.open += resolved.nobody.open;
  }

  result(): EntityConflicts {
    const { writes, stale, overwritten, resolved } = this;
    const { server, device, person, nobody } = resolved;
    return {
      writes,
      stale,
      rate: share(stale, writes),
      resolved: { server, device, person: { ...person }, nobody: { ...nobody } },
      overwritten,
    };
  }
}

/** A new measure of conflicts. A write is a key: its repetitions and replayed answers count once. */
export function createConflicts(sink?: SeriesSink): ConflictsMeasure {
  return new ConflictsMeasure(sink);
}

class ConflictsMeasure implements Measure<Conflicts> {
  readonly wants = [
    "edited",
    "rekeyed",
    "chosen",
    "settled",
    "retried",
    "discarded",
    "sent",
    "answered",
    "unanswered",
    "killed",
    "committed",
  ] as const;
  private readonly devices = new Map<number, DeviceWrites>();
  private readonly tallies: Readonly<Record<Entity, Tally>> = {
    contact: new Tally(),
    task: new Tally(),
    list: new Tally(),
  };
  private readonly sink: SeriesSink | undefined;

  constructor(sink?: SeriesSink) {
    this.sink = sink;
  }

  fold(fact: Fact): void {
    switch (fact.fact) {
      case "committed":
        this.committed(fact);
        return;
      case "sent":
        if (fact.mutations.length > 0) this.of(fact.device).flying.set(fact.request, fact);
        return;
      case "answered":
        this.answered(fact);
        return;
      case "unanswered":
        this.of(fact.device).flying.delete(fact.request);
        return;
      case "killed":
        this.of(fact.device).flying.clear();
        return;
      case "edited":
        this.edited(fact);
        return;
      case "retried":
        this.of(fact.device).decided(fact.mutation, "byHand");
        return;
      case "chosen":
        this.of(fact.device).decided(fact.mutation, fact.choice);
        return;
      case "rekeyed":
        this.rekeyed(fact);
        return;
      case "discarded":
        this.of(fact.device).decided(fact.mutation, "byHand");
        this.settled(fact, "discarded");
        return;
      case "settled":
        this.settled(fact, fact.outcome);
    }
  }

  merge(other: ConflictsMeasure): void {
    for (const entity of ENTITIES) this.tallies[entity].add(other.tallies[entity]);
  }

  result(): Conflicts {
    const all = new Tally();
    for (const entity of ENTITIES) all.add(this.tallies[entity]);
    const { contact, task, list } = this.tallies;
    const { server, device, person, nobody } = all.resolved;
    return {
      ...all.result(),
      byEntity: { contact: contact.result(), task: task.result(), list: list.result() },
      resolvedBy: { server, device, person: ANSWERS.reduce((sum, answer) => sum + person[answer], 0) },
      withoutPerson: share(server + device, all.stale),
      unresolved: nobody.refused + nobody.open,
    };
  }

  private of(device: number): DeviceWrites {
    const known = this.devices.get(device);
    if (known) return known;
    const made = new DeviceWrites();
    this.devices.set(device, made);
    return made;
  }

  private edited({ device, mutation, entity, key }: FactOf<"edited">): void {
    const { byMutation, byKey } = this.of(device);
    const waiting: Waiting = {
      entity,
      keys: [key],
      counted: new Set(),
      conflict: "none",
      answer: undefined,
    };
    byMutation.set(mutation, waiting);
    byKey.set(key, waiting);
  }

  /** It goes on under another key: what stood in its way is resolved, and what follows is another write. */
  private rekeyed(fact: FactOf<"rekeyed">): void {
    const { byMutation, byKey } = this.of(fact.device);
    const waiting = byMutation.get(fact.mutation);
    if (!waiting) return;
    this.resolved(waiting);
    waiting.keys.push(fact.key);
    byKey.set(fact.key, waiting);
  }

  private settled(fact: FactOf<"settled" | "discarded">, outcome: FactOf<"settled">["outcome"]): void {
    const { byMutation, byKey } = this.of(fact.device);
    const waiting = byMutation.get(fact.mutation);
    if (!waiting) return;
    if (outcome === "discarded" && waiting.conflict !== "none") waiting.answer = "byHand";
    if (outcome === "failed") {
      this.refused(waiting);
      return;
    }
    this.resolved(waiting);
    byMutation.delete(fact.mutation);
    for (const key of waiting.keys) byKey.delete(key);
  }

  private refused(waiting: Waiting): void {
    if (waiting.conflict !== "open") return;
    const { nobody } = this.tallies[waiting.entity].resolved;
    nobody.open--;
    nobody.refused++;
    waiting.conflict = "refused";
    waiting.answer = undefined;
  }

  private resolved(waiting: Waiting): void {
    if (waiting.conflict === "none") return;
    const { resolved } = this.tallies[waiting.entity];
    resolved.nobody[waiting.conflict]--;
    if (waiting.answer === undefined) resolved.device++;
    else resolved.person[waiting.answer]++;
    waiting.conflict = "none";
    waiting.answer = undefined;
  }

  private answered(fact: FactOf<"answered">): void {
    const { flying, byKey } = this.of(fact.device);
    const sent = flying.get(fact.request);
    if (!sent) return;
    flying.delete(fact.request);
    for (const [index, result] of fact.results.entries()) {
      const write = sent.mutations[index];
      if (!write || (write.ifMatch === undefined && write.ifMatchMutation === undefined)) continue;
      const conflict = result.status === 409 && result.error === "conflict";
      const applied = result.status >= 200 && result.status < 300 && result.revision !== undefined;
      const waiting = byKey.get(write.key);
      if ((!conflict && !applied) || waiting?.counted.has(write.key)) continue;
      waiting?.counted.add(write.key);
      const tally = this.tallies[write.entity];
      tally.writes++;
      this.sink?.wrote(fact.at);
      if (conflict || result.resolution !== undefined) this.sink?.stale(fact.device, fact.account, fact.at);
      if (conflict) refuse(tally, waiting);
      else if (result.resolution !== undefined) {
        tally.stale++;
        tally.resolved.server++;
      }
    }
  }

  private committed(fact: FactOf<"committed">): void {
    const { ifMatch, previous, resolution } = fact;
    if (ifMatch === undefined || previous === undefined || resolution !== undefined) return;
    if (ifMatch === previous || !ifMatch.startsWith("rev_")) return;
    this.tallies[fact.entity].stale++;
    this.tallies[fact.entity].overwritten++;
    this.sink?.stale(fact.device, fact.account, fact.at);
  }
}

/** A 409. A client that keeps no queue has nothing that could go on: refused is how it ends. */
function refuse(tally: Tally, waiting: Waiting | undefined): void {
  tally.stale++;
  const conflict = waiting ? "open" : "refused";
  tally.resolved.nobody[conflict]++;
  if (waiting) waiting.conflict = conflict;
}

class DeviceWrites {
  readonly byMutation = new Map<string, Waiting>();
  readonly byKey = new Map<string, Waiting>();
  readonly flying = new Map<number, FactOf<"sent">>();

  /** A person decides. That one was asked is not enough: an echo may settle it after all. */
  decided(mutation: string, answer: Answer): void {
    const waiting = this.byMutation.get(mutation);
    if (waiting && waiting.conflict !== "none") waiting.answer = answer;
  }
}
