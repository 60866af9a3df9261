/**
 * Owns [SYS-1]: in the end every device equals the server, and a device that syncs in full at that moment.
 * Judges only runs that settled. A device with edits that its user has yet to decide may differ in their records.
 */

import { jsonEqual } from "../../base/canonical-json.ts";
import type { FactOf, ReplicaFactRecord } from "../../history/facts.ts";
import type { Entity } from "../../protocol/entity.ts";
import { type AccountLog, fieldOf, fieldsIn, type RecordLog, recordsOf } from "../commits.ts";
import { ByIndex, defineChecker, type Findings } from "../define.ts";
import type { Checker } from "../port.ts";
import { attending, createWitness, type Ruling, type Witness } from "../witness.ts";

type Edited = FactOf<"edited">;
type Replica = FactOf<"replica" | "fresh_replica">;

/** How one record stands on one side; undefined when it is not there. */
type Standing = Pick<ReplicaFactRecord, "revision" | "fields"> | undefined;

/** [SYS-1] over replicas, commits and edits. */
export function createSys1Checker(witness: Witness = createWitness()): Checker {
  const { commits } = witness;
  const undecided = new ByIndex<Map<string, Edited>>(() => new Map());
  const failed = new ByIndex<Map<string, Edited>>(() => new Map());
  const replicas: FactOf<"replica">[] = [];
  const fresh = new Map<number, FactOf<"fresh_replica">>();
  let settled = false;

  const follow = (fact: FactOf<"edited" | "settled" | "retried" | "discarded">): void => {
    const open = undecided.of(fact.device);
    const shelf = failed.of(fact.device);
    if (fact.fact === "edited") {
      open.set(fact.mutation, fact);
      return;
    }
    const edited = open.get(fact.mutation) ?? shelf.get(fact.mutation);
    open.delete(fact.mutation);
    shelf.delete(fact.mutation);
    if (edited === undefined) return;
    if (fact.fact === "retried") open.set(fact.mutation, edited);
    else if (fact.fact === "settled" && fact.outcome === "failed") shelf.set(fact.mutation, edited);
  };

  const excused = (replica: FactOf<"replica">): ReadonlySet<string> => {
    if (replica.waiting === 0) return new Set();
    const edits = [...undecided.of(replica.device).values(), ...failed.of(replica.device).values()];
    return new Set(edits.map(({ entity, id }) => nameOf(entity, id)));
  };

  const committed = (account: number, held: ReadonlyMap<string, Standing>) =>
    committedIn(commits.of(account), held, witness.ruling);

  const wants = ["phase", "edited", "settled", "retried", "discarded", "replica", "fresh_replica"] as const;
  const checker = defineChecker(
    "SYS-1",
    wants,
    () => (fact) => {
      if (fact.fact === "phase") settled = fact.phase === "settled";
      else if (fact.fact === "replica") replicas.push(fact);
      else if (fact.fact === "fresh_replica") fresh.set(fact.account, fact);
      else follow(fact);
    },
    (findings) => {
      if (!settled) return;
      for (const full of fresh.values()) {
        findings.trigger();
        compare(full, heldBy(full), committed(full.account, heldBy(full)), new Set(), findings);
      }
      for (const replica of replicas) {
        findings.trigger();
        const full = fresh.get(replica.account);
        const held = heldBy(replica);
        if (full) compare(replica, held, heldBy(full), excused(replica), findings, full);
        else compare(replica, held, committed(replica.account, held), excused(replica), findings);
      }
    },
  );
  return attending(witness, checker);
}

function heldBy(replica: Replica): ReadonlyMap<string, Standing> {
  return new Map(replica.records.map((record) => [nameOf(record.entity, record.id), record]));
}

/**
 * What the commits come to. A record of which the history has no commit, and whose revision is older than all of
 * them, is from before it and stands as it is held.
 */
function committedIn(
  log: AccountLog,
  held: ReadonlyMap<string, Standing>,
  ruling: Ruling,
): ReadonlyMap<string, Standing> {
  const standing = new Map<string, Standing>();
  const first = log.at(0)?.revision;
  for (const [name, record] of held) {
    const before = record?.revision !== undefined && (first === undefined || record.revision < first);
    if (before || log.dropped > 0) standing.set(name, record);
  }
  for (const record of recordsOf(log)) {
    // What others wrote may change between one look and the next.
    if (ruling.owns?.(record.last.id) === false) continue;
    standing.set(nameOf(record.last.entity, record.last.id), standingOf(record));
  }
  return standing;
}

function standingOf({ last }: RecordLog): Standing {
  return last.record
    ? { revision: last.revision, fields: Object.fromEntries(fieldsIn(last.record)) }
    : undefined;
}

function compare(
  replica: Replica,
  held: ReadonlyMap<string, Standing>,
  expected: ReadonlyMap<string, Standing>,
  excused: ReadonlySet<string>,
  findings: Findings,
  full?: FactOf<"fresh_replica">,
): void {
  const who = replica.fact === "replica" ? `device ${replica.device}` : "a device that synced in full";
  const source = full ? "a device that synced in full" : "the server, by its commits,";
  for (const name of new Set([...held.keys(), ...expected.keys()])) {
    const [is, ought] = [held.get(name), expected.get(name)];
    if (excused.has(name) || sameStanding(is, ought)) continue;
    findings.breach({
      at: replica.at,
      expected: `${who} has ${name} ${tell(ought)}`,
      actual: `it has ${name} ${tell(is)}`,
      because: `${source} of account ${replica.account} has it ${tell(ought)}, and the run had settled`,
      evidence: [full, replica],
    });
  }
}

function sameStanding(left: Standing, right: Standing): boolean {
  if (left === undefined || right === undefined) return left === right;
  if (left.revision !== right.revision) return false;
  const names = new Set<string>();
  for (const [name] of fieldsIn(left.fields)) names.add(name);
  for (const [name] of fieldsIn(right.fields)) names.add(name);
  for (const name of names)
    if (!jsonEqual(fieldOf(left.fields, name), fieldOf(right.fields, name))) return false;
  return true;
}

function nameOf(entity: Entity, id: string): string {
  return `${entity} ${id}`;
}

function tell(standing: Standing): string {
  if (!standing) return "nowhere";
  return `at ${standing.revision ?? "no revision"} as ${JSON.stringify(standing.fields)}`;
}
