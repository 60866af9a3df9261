/**
 * Owns [MRG-8]: the answer, the event and the commit of one revision all show the same merged record.
 * Remembers per record the newest revision that it saw. Deltas and reads are not in a history.
 */

import { jsonEqual } from "../../base/canonical-json.ts";
import type { FactOf } from "../../history/facts.ts";
import type { Entity, WireRecord } from "../../protocol/entity.ts";
import { ByIndex, defineChecker, type Findings } from "../define.ts";
import { isSuccess } from "../exchanges.ts";
import type { Checker } from "../port.ts";
import { RecordMap } from "../record-map.ts";
import { attendingMutations, createWitness, type Witness } from "../witness.ts";

interface Seen {
  readonly record: WireRecord;
  readonly fact: FactOf<"committed" | "answered" | "frame">;
  /** It came out of a merge, as far as that was seen. */
  readonly merged: boolean;
}

/** [MRG-8] over commits, answers and frames. */
export function createMrg8Checker(witness: Witness = createWitness()): Checker {
  const { commits, exchanges } = witness;
  const accounts = new ByIndex<RecordMap<Seen>>(() => new RecordMap());

  const see = (entity: Entity, now: Seen, findings: Findings): void => {
    const records = accounts.of(now.fact.account);
    const { id, revisionId } = now.record;
    const newest = records.get(entity, id);
    if (newest === undefined || newest.record.revisionId < revisionId) {
      records.set(entity, id, now);
      return;
    }
    const known =
      newest.record.revisionId === revisionId ? newest : logged(now.fact.account, entity, revisionId);
    if (known === undefined || known.record.id !== id) return;
    const same = known.record === now.record || jsonEqual(known.record, now.record);
    if (known.merged || now.merged || !same) findings.trigger();
    if (same) return;
    findings.breach({
      at: now.fact.at,
      expected: `${entity} ${id} at ${revisionId} as the ${known.fact.fact} showed it: ${JSON.stringify(known.record)}`,
      actual: JSON.stringify(now.record),
      because: `one revision is one state, whether ${known.fact.fact} or ${now.fact.fact}`,
      evidence: [known.fact, now.fact],
    });
  };

  const logged = (account: number, entity: Entity, revision: string): Seen | undefined => {
    const commit = commits.of(account).find(revision);
    return commit?.record && commit.entity === entity
      ? { record: commit.record, fact: commit, merged: exchanges.isStale(commit) }
      : undefined;
  };

  return attendingMutations(
    witness,
    defineChecker("MRG-8", ["committed", "answered", "frame"], (findings) => (fact) => {
      if (fact.fact === "frame") {
        const { frame } = fact;
        if (frame.type !== "sync_event" || frame.payload === null) return;
        return see(frame.entity, { record: frame.payload, fact, merged: false }, findings);
      }
      if (fact.fact === "committed") {
        if (fact.record)
          see(fact.entity, { record: fact.record, fact, merged: fact.resolution !== undefined }, findings);
      }
      if (fact.fact !== "answered") return;
      for (const { mutation, result } of exchanges.answers) {
        if (!isSuccess(result.status) || !result.record) continue;
        see(
          mutation.entity,
          { record: result.record, fact, merged: result.resolution !== undefined },
          findings,
        );
      }
    }),
  );
}
