/**
 * Owns [SYS-6]: what one device's user reads never goes back in time, own edits included.
 * A kill may take server data back once, as storage had it; never an edit that was saved. While its user is asked, or
 * once a strategy made another write of it, an edit claims nothing.
 */

import type { EpochMs } from "../../base/time.ts";
import type { FactOf } from "../../history/facts.ts";
import type { Entity, Fields } from "../../protocol/entity.ts";
import { type Breach, ByIndex, defineChecker, type Findings } from "../define.ts";
import { isSuccess } from "../exchanges.ts";
import type { Checker } from "../port.ts";
import { RecordMap } from "../record-map.ts";
import { attending, createWitness, type Witness } from "../witness.ts";
import { Claims, type Server, type Waiting } from "./claims.ts";

/** The newest revision that a user knows of a record, and how. */
interface Floor {
  readonly revision: string;
  readonly fact: FactOf<"shown" | "read" | "answered">;
}

/** A claim that was not met; void when the edit ends in the same instant. */
interface Suspicion {
  readonly at: EpochMs;
  readonly mutation: string;
  readonly shown: FactOf<"shown">;
  readonly breach: Breach;
}

/** What one device's user saw since its app started. */
class Screen {
  readonly floors = new RecordMap<Floor>();
  readonly lists = new RecordMap<{ readonly shown: FactOf<"shown">; readonly before: Fields | undefined }>();
}

/** One device. */
class Owner {
  screen = new Screen();
  readonly claims = new Claims();
  readonly keys = new Map<string, string>();
  readonly applied = new Map<string, Floor>();
  suspicions: Suspicion[] = [];

  /** What the list showed before this edit, whether the screen or the edit was told first. */
  seenBefore(edited: FactOf<"edited">): Fields | undefined {
    const list = edited.entity === "list" ? this.screen.lists.get("list", edited.id) : undefined;
    return list?.shown.waiting.includes(edited.mutation) ? list.before : list?.shown.fields;
  }

  /** Takes back suspicions of this instant that `lift` names. */
  lift(at: EpochMs, lift: (suspicion: Suspicion) => boolean): void {
    if (this.suspicions.length === 0) return;
    this.suspicions = this.suspicions.filter((suspicion) => suspicion.at !== at || !lift(suspicion));
  }

  ripen(at: EpochMs, findings: Findings): void {
    if (this.suspicions.length === 0) return;
    for (const { at: since, breach } of this.suspicions) if (since < at) findings.breach(breach);
    this.suspicions = this.suspicions.filter(({ at: since }) => since >= at);
  }
}

const FACTS = [
  "shown",
  "read",
  "edited",
  "saved",
  "rekeyed",
  "settled",
  "asked",
  "chosen",
  "discarded",
  "retried",
  "answered",
  "killed",
] as const;

/** [SYS-6] over what is shown and read, and over edits. */
export function createSys6Checker(witness: Witness = createWitness()): Checker {
  const owners = new ByIndex<Owner>(() => new Owner());
  const checker = defineChecker(
    "SYS-6",
    FACTS,
    (findings) => (fact) => {
      const owner = owners.of(fact.device);
      owner.ripen(fact.at, findings);
      if (fact.fact === "shown") judgeShown(owner, fact, witness, findings);
      else if (fact.fact === "read") judgeRead(owner, fact, findings);
      else if (fact.fact === "retried") takenUp(owner, fact, witness);
      else follow(owner, fact);
    },
    (findings) => {
      owners.each((owner) => owner.ripen(Number.POSITIVE_INFINITY, findings));
    },
  );
  return attending(witness, checker);
}

function follow(
  owner: Owner,
  fact: FactOf<Exclude<(typeof FACTS)[number], "shown" | "read" | "retried">>,
): void {
  switch (fact.fact) {
    case "edited":
      owner.claims.begin(fact, owner.seenBefore(fact));
      owner.keys.set(fact.key, fact.mutation);
      // What was shown a moment ago may have been this edit already.
      owner.lift(fact.at, ({ shown }) => shown.id === fact.id && shown.entity === fact.entity);
      return;
    case "saved":
      owner.claims.saved(fact.mutation);
      return;
    case "answered":
      for (const { key, status, revision } of fact.results) {
        const mutation = owner.keys.get(key);
        if (mutation !== undefined && revision !== undefined && isSuccess(status))
          owner.applied.set(mutation, { revision, fact });
      }
      return;
    case "killed":
      owner.screen = new Screen();
      owner.claims.killed();
      owner.applied.clear();
      owner.lift(fact.at, () => true);
      return;
    case "rekeyed":
    case "asked":
    case "chosen":
      release(owner, fact.at, fact.mutation, owner.claims.cover(fact.mutation));
      return;
    case "discarded":
      release(owner, fact.at, fact.mutation, owner.claims.end(fact.mutation));
      return;
    case "settled":
      settle(owner, fact);
      return;
  }
}

/** [QUE-6] a failed edit that is taken up again is a new one, on top of those that were made after it. */
function takenUp(owner: Owner, fact: FactOf<"retried">, { ledgers }: Witness): void {
  const edited = ledgers.of(fact.device).get(fact.mutation)?.edited;
  if (!edited) return;
  owner.claims.endAll(edited.entity, edited.id);
  owner.lift(fact.at, ({ shown }) => shown.id === edited.id && shown.entity === edited.entity);
}

function release(owner: Owner, at: EpochMs, mutation: string, waiting: Waiting | undefined): void {
  if (waiting) owner.keys.delete(waiting.edited.key);
  owner.applied.delete(mutation);
  owner.lift(at, (suspicion) => suspicion.mutation === mutation);
}

/** An edit that was applied is on the screen by the revision that it was answered with, from now on. */
function settle(owner: Owner, fact: FactOf<"settled">): void {
  const waiting = owner.claims.end(fact.mutation);
  owner.lift(fact.at, (suspicion) => suspicion.mutation === fact.mutation);
  const applied = owner.applied.get(fact.mutation);
  owner.applied.delete(fact.mutation);
  if (waiting) owner.keys.delete(waiting.edited.key);
  if (!waiting || !applied || (fact.outcome !== "applied" && fact.outcome !== "merged")) return;
  raise(owner, waiting.edited.entity, waiting.edited.id, applied);
}

function raise(owner: Owner, entity: Entity, id: string, floor: Floor): void {
  const stood = owner.screen.floors.get(entity, id);
  if (!stood || stood.revision < floor.revision) owner.screen.floors.set(entity, id, floor);
}

function judgeShown(owner: Owner, fact: FactOf<"shown">, witness: Witness, findings: Findings): void {
  judgeRevision(owner, fact, fact.id, findings);
  if (owner.claims.has(fact)) {
    findings.trigger();
    const unmet = owner.claims.unmet(fact, serverOf(witness, fact));
    if (unmet) {
      const { edited, saved } = unmet.waiting;
      owner.suspicions.push({
        at: fact.at,
        mutation: edited.mutation,
        shown: fact,
        breach: {
          at: fact.at,
          expected: `${fact.entity} ${fact.id} shown with the ${edited.operation} ${edited.mutation}, which waits`,
          actual: `device ${fact.device} shows it at ${fact.revision ?? "no revision"}, and ${unmet.what}`,
          because: `its user made that edit${saved ? ", it was saved," : ""} and nothing has ended it`,
          evidence: [edited, fact],
        },
      });
    }
  }
  if (fact.entity !== "list") return;
  owner.screen.lists.set("list", fact.id, {
    shown: fact,
    before: owner.screen.lists.get("list", fact.id)?.shown.fields,
  });
}

/** Without any commit of it in the history, a record that the server has may hold the create that waits. */
function serverOf({ commits, exchanges }: Witness, shown: FactOf<"shown">): Server {
  const log = commits.record(shown.account, shown.entity, shown.id);
  const unseen = commits.of(shown.account).end === 0;
  return {
    mayBeGone: log === undefined || log.deletedAt !== undefined,
    revisionOf: ({ account, key, operation }) =>
      unseen && operation === "create" ? shown.revision : exchanges.key(account, key)?.commit?.revision,
  };
}

function judgeRead(owner: Owner, fact: FactOf<"read">, findings: Findings): void {
  if (fact.id !== undefined) judgeRevision(owner, fact, fact.id, findings);
}

function judgeRevision(owner: Owner, fact: FactOf<"shown" | "read">, id: string, findings: Findings): void {
  const { entity, revision } = fact;
  // Without a revision it is only local, or gone: what was seen before stays the floor.
  if (revision === undefined) return;
  const floor = owner.screen.floors.get(entity, id);
  if (floor) findings.trigger();
  owner.screen.floors.set(entity, id, { revision, fact });
  if (!floor || revision >= floor.revision) return;
  findings.breach({
    at: fact.at,
    expected: `${entity} ${id} at ${floor.revision} or later`,
    actual: `device ${fact.device} ${fact.fact === "read" ? "read" : "showed"} it at ${revision}`,
    because:
      floor.fact.fact === "answered"
        ? `its user's own edit had been answered with ${floor.revision}`
        : `its user had seen ${floor.revision} before`,
    evidence: [floor.fact, fact],
  });
}
