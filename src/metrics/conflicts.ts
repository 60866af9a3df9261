/**
 * Owns the conflict rate: how many writes were stale, and who resolved them.
 * Refuses to judge the resolution. Memory is the mutations that wait.
 */

import type { Fact } from "../history/facts.ts";
import { ENTITIES, type Entity } from "../protocol/entity.ts";
import { type FactOf, type Measure, share } from "./measure.ts";

/** Writes of one entity. */
export interface EntityConflicts {
  /** Writes that carried If-Match (or named a mutation in its place) and were answered by success or conflict. */
  readonly writes: number;
  /** Of them, those whose base was not the record's current revision. */
  readonly stale: number;
  /** stale / writes; null without writes. */
  readonly rate: number | null;
}

/** Conflicts of the run (section 12). */
export interface Conflicts extends EntityConflicts {
  readonly byEntity: Readonly<Record<Entity, EntityConflicts>>;
  /** Who resolved the stale ones. */
  readonly resolvedBy: { readonly server: number; readonly device: number; readonly person: number };
  /** (server + device) / stale; null without stale writes. */
  readonly withoutPerson: number | null;
  /** Stale writes that were applied plainly over what was there (modes advisory and off); seen by drivers of the server only. */
  readonly overwritten: number;
  /** Stale writes that were refused and not resolved at the end: failed, or still waiting. */
  readonly unresolved: number;
}

interface Waiting {
  readonly entity: Entity;
  key: string;
  counted: boolean;
  conflict: boolean;
  asked: boolean;
}

interface Tally {
  writes: number;
  stale: number;
}

/** A new measure of conflicts. A write is a key: its repetitions and replayed answers count once. */
export function createConflicts(): ConflictsMeasure {
  return new ConflictsMeasure();
}

class ConflictsMeasure implements Measure<Conflicts> {
  readonly wants = [
    "edited",
    "rekeyed",
    "asked",
    "chosen",
    "settled",
    "discarded",
    "sent",
    "answered",
    "unanswered",
    "killed",
    "committed",
  ] as const;
  private readonly devices = new Map<number, DeviceWrites>();
  private readonly tallies: Readonly<Record<Entity, Tally>> = {
    contact: { writes: 0, stale: 0 },
    task: { writes: 0, stale: 0 },
    list: { writes: 0, stale: 0 },
  };
  private readonly resolvedBy = { server: 0, device: 0, person: 0 };
  private overwritten = 0;
  private unresolved = 0;

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
      case "asked":
      case "chosen": {
        const waiting = this.of(fact.device).byMutation.get(fact.mutation);
        if (waiting) waiting.asked = true;
        return;
      }
      case "rekeyed":
        this.rekeyed(fact);
        return;
      case "settled":
      case "discarded":
        this.settled(fact, fact.fact === "discarded" ? "discarded" : fact.outcome);
    }
  }

  merge(other: ConflictsMeasure): void {
    for (const entity of ENTITIES) {
      this.tallies[entity].writes += other.tallies[entity].writes;
      this.tallies[entity].stale += other.tallies[entity].stale;
    }
    for (const who of ["server", "device", "person"] as const) this.resolvedBy[who] += other.resolvedBy[who];
    this.overwritten += other.overwritten;
    this.unresolved += other.unresolved;
  }

  result(): Conflicts {
    const { contact, task, list } = this.tallies;
    const all = { writes: 0, stale: 0 };
    for (const entity of ENTITIES) {
      all.writes += this.tallies[entity].writes;
      all.stale += this.tallies[entity].stale;
    }
    const { server, device, person } = this.resolvedBy;
    return {
      ...rated(all),
      byEntity: { contact: rated(contact), task: rated(task), list: rated(list) },
      resolvedBy: { server, device, person },
      withoutPerson: share(server + device, all.stale),
      overwritten: this.overwritten,
      unresolved: this.unresolved,
    };
  }

  private of(device: number): DeviceWrites {
    const known = this.devices.get(device);
    if (known) return known;
    const made = new DeviceWrites();
    this.devices.set(device, made);
    return made;
  }

  private edited(fact: FactOf<"edited">): void {
    const { byMutation, byKey } = this.of(fact.device);
    const waiting = { entity: fact.entity, key: fact.key, counted: false, conflict: false, asked: false };
    byMutation.set(fact.mutation, waiting);
    byKey.set(fact.key, waiting);
  }

  /** It goes on under another key: what stood in its way is resolved, and what follows is another write. */
  private rekeyed(fact: FactOf<"rekeyed">): void {
    const { byMutation, byKey } = this.of(fact.device);
    const waiting = byMutation.get(fact.mutation);
    if (!waiting) return;
    this.resolved(waiting);
    byKey.delete(waiting.key);
    waiting.key = fact.key;
    waiting.counted = false;
    byKey.set(fact.key, waiting);
  }

  private settled(fact: FactOf<"settled" | "discarded">, outcome: FactOf<"settled">["outcome"]): void {
    const { byMutation, byKey } = this.of(fact.device);
    const waiting = byMutation.get(fact.mutation);
    if (!waiting) return;
    if (outcome === "discarded") waiting.asked = true;
    if (outcome === "failed") return;
    this.resolved(waiting);
    byMutation.delete(fact.mutation);
    byKey.delete(waiting.key);
  }

  private resolved(waiting: Waiting): void {
    if (!waiting.conflict) return;
    this.resolvedBy[waiting.asked ? "person" : "device"]++;
    this.unresolved--;
    waiting.conflict = false;
    waiting.asked = false;
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
      if ((!conflict && !applied) || waiting?.counted) continue;
      const tally = this.tallies[write.entity];
      tally.writes++;
      if (waiting) waiting.counted = true;
      if (conflict) {
        tally.stale++;
        this.unresolved++;
        if (waiting) waiting.conflict = true;
      } else if (result.resolution !== undefined) {
        tally.stale++;
        this.resolvedBy.server++;
      }
    }
  }

  private committed(fact: FactOf<"committed">): void {
    const { ifMatch, previous, resolution } = fact;
    if (ifMatch === undefined || previous === undefined || resolution !== undefined) return;
    if (ifMatch === previous || !ifMatch.startsWith("rev_")) return;
    this.tallies[fact.entity].stale++;
    this.overwritten++;
  }
}

class DeviceWrites {
  readonly byMutation = new Map<string, Waiting>();
  readonly byKey = new Map<string, Waiting>();
  readonly flying = new Map<number, FactOf<"sent">>();
}

function rated({ writes, stale }: Tally): EntityConflicts {
  return { writes, stale, rate: share(stale, writes) };
}
