/**
 * Owns [REV-3]: a record, wherever it appears, carries the revision of its own latest change.
 * Sees answers and events. Refuses to judge records whose commits the history does not show.
 */

import type { FactOf } from "../../history/facts.ts";
import type { Entity, WireRecord } from "../../protocol/entity.ts";
import { isOf } from "../commits.ts";
import { defineChecker, type Findings } from "../define.ts";
import type { Checker } from "../port.ts";
import { isKnown } from "../sockets.ts";
import { attendingMutations, createWitness, type Witness } from "../witness.ts";

/** [REV-3] over answers and frames. */
export function createRev3Checker(witness: Witness = createWitness()): Checker {
  const { commits, exchanges } = witness;

  const judge = (
    fact: FactOf<"answered" | "frame">,
    entity: Entity,
    record: WireRecord,
    findings: Findings,
    atLeast?: string,
  ): void => {
    findings.trigger();
    const { id, revisionId } = record;
    const log = commits.of(fact.account);
    const foreign = log.covers(revisionId) && !isOf(log.find(revisionId), entity, id);
    const old = atLeast !== undefined && revisionId < atLeast;
    if (!foreign && !old) return;
    findings.breach({
      at: fact.at,
      expected: `${entity} ${id} carries the revision of its latest change${old ? `, ${atLeast} or later` : ""}`,
      actual: `it carries ${revisionId}`,
      because: foreign
        ? `no change of ${entity} ${id} was committed as ${revisionId}`
        : `the event itself tells of the change ${atLeast}`,
      evidence: [commits.record(fact.account, entity, id)?.last, fact],
    });
  };

  return attendingMutations(
    witness,
    defineChecker("REV-3", ["answered", "frame"], (findings) => (fact) => {
      if (fact.fact === "frame") {
        const { frame } = fact;
        if (frame.type !== "sync_event" || frame.payload === null || !isKnown(frame.entity)) return;
        return judge(fact, frame.entity, frame.payload, findings, frame.revisionId);
      }
      if (fact.fact !== "answered") return;
      for (const { mutation, result } of exchanges.bodies) {
        if (result.record) judge(fact, mutation.entity, result.record, findings);
      }
    }),
  );
}
