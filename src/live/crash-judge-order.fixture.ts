/**
 * Owns the verdict on time in a history of crashes: revisions rise from what was known to what was made after it, and
 * reads do not go back [REV-6, REV-7, REV-9].
 * Refuses to know what the changes were.
 */

import { GENESIS, type Revision } from "../protocol/revision.ts";
import { answerOf, type Evidence, isSuccess, push } from "./crash-evidence.fixture.ts";
import { nameOf } from "./crash-history.fixture.ts";

/** The highest revision that was known when it was so late. */
interface Known {
  readonly at: number;
  readonly revision: Revision;
}

/** [REV-6, REV-7, REV-9] what was told or shown before a mutation was first sent is below what it made. */
export function judgeOrder(evidence: Evidence): void {
  const { mutations, sightings } = evidence.history;
  const known = sightings.map(({ revision, seenAt, life }) => ({ revision, at: seenAt, life }));
  for (const { answers } of mutations) {
    for (const { body, toldAt, life } of answers) {
      const { revisionId } = (body.meta ?? {}) as { readonly revisionId?: Revision };
      const revision = revisionId ?? (body.currentRevision as Revision | undefined);
      if (revision !== undefined) known.push({ revision, at: toldAt, life });
    }
  }
  known.sort((left, right) => left.at - right.at);
  const sent = [...mutations].sort((left, right) => left.firstSentAt - right.firstSentAt);
  let next = 0;
  let highest: (typeof known)[number] = { revision: GENESIS, at: 0, life: 0 };
  for (const { key, firstSentAt, firstLife } of sent) {
    for (let one = known[next]; one !== undefined && one.at < firstSentAt; one = known[++next]) {
      if (one.revision > highest.revision) highest = one;
    }
    for (const { revisionId } of evidence.byKey.get(key) ?? []) {
      if (revisionId > highest.revision) continue;
      const rule = highest.life < firstLife ? "REV-7" : "REV-6";
      evidence.find(
        rule,
        `fell: ${key} was sent after ${highest.revision} was known, and made ${revisionId}`,
      );
    }
  }
}

/** [REV-9] a read that was sent after a write was answered shows it, or something newer. */
export function judgeReads(evidence: Evidence): void {
  const told = toldByRecord(evidence);
  for (const { entity, id, sentAt, revision } of evidence.history.reads) {
    const name = nameOf(entity, id);
    const known = highestBefore(told.get(name) ?? [], sentAt);
    if (known === undefined) continue;
    evidence.compared++;
    const isSeen =
      revision === undefined
        ? (evidence.byRecord.get(name) ?? []).some(
            ({ action, revisionId }) => action === "deleted" && revisionId >= known,
          )
        : revision >= known;
    if (!isSeen) evidence.find("REV-9", `${name} was read at ${revision} after ${known} was told`);
  }
}

/** When each write of a record was told, and the highest revision told of that record until then. */
function toldByRecord(evidence: Evidence): ReadonlyMap<string, readonly Known[]> {
  const told = new Map<string, Known[]>();
  for (const mutation of evidence.history.mutations) {
    const settled = answerOf(mutation, isSuccess);
    const effect = evidence.byKey.get(mutation.key)?.[0];
    if (settled && effect)
      push(told, nameOf(effect.entity, effect.id), { at: settled.toldAt, revision: effect.revisionId });
  }
  for (const [name, list] of told) {
    list.sort((left, right) => left.at - right.at);
    let highest: Revision = GENESIS;
    const rising = list.map(({ at, revision }) => {
      if (revision > highest) highest = revision;
      return { at, revision: highest };
    });
    told.set(name, rising);
  }
  return told;
}

function highestBefore(rising: readonly Known[], at: number): Revision | undefined {
  let low = 0;
  let high = rising.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((rising[middle]?.at ?? 0) < at) low = middle + 1;
    else high = middle;
  }
  return rising[low - 1]?.revision;
}
