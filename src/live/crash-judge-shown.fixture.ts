/**
 * Owns the verdict on what readers were shown over all crashes: the log, the whole log and nothing but the log.
 * Refuses to know which client was told what of its own writes.
 */

import { canonicalJson, jsonEqual } from "../base/canonical-json.ts";
import type { WireRecord } from "../protocol/entity.ts";
import type { SyncEvent } from "../protocol/messages.ts";
import { GENESIS, type Revision } from "../protocol/revision.ts";
import { type Evidence, toldOf } from "./crash-evidence.fixture.ts";

/** [REV-5, REV-6] one ascending order; and what settling and retrying added stands at its end. */
export function judgeLog(evidence: Evidence): void {
  const { log, logBefore } = evidence.history;
  let last: Revision = GENESIS;
  for (const { revisionId } of log) {
    if (revisionId <= last) evidence.find("REV-6", `the log shows ${revisionId} after ${last}`);
    last = revisionId;
  }
  for (const event of log) {
    const key = event.origin?.mutationId;
    if (key === undefined || !evidence.asked.has(key))
      evidence.find("SYS-3", `${event.revisionId} was made by nobody: ${JSON.stringify(event.origin)}`);
  }
  const at = firstDifference(logBefore, log);
  if (at < logBefore.length)
    evidence.find("SYS-2", `a replay before had ${toldOf(logBefore[at])} at ${at}, not ${toldOf(log[at])}`);
}

/** [EVT-2, EVT-6] over all crashes each reader was shown the log: in order, with nothing left out, and nothing else. */
export function judgeStreams(evidence: Evidence): void {
  const { log, streams } = evidence.history;
  for (const [name, events] of streams) {
    for (const event of events) {
      const kept = evidence.byRevision.get(event.revisionId);
      if (kept === undefined || !jsonEqual(kept, event))
        evidence.find("EVT-6", `${name} was shown ${toldOf(event)}, which the log does not have`);
    }
    const at = firstDifference(events, log);
    if (at < log.length || at < events.length)
      evidence.find(
        "EVT-2",
        `${name} was shown ${toldOf(events[at])} as number ${at}, the log has ${toldOf(log[at])}`,
      );
  }
}

/** [DLT-6, API-4] the log's last word on each record is what lists and delta readers hold. */
export function judgeFinalState(evidence: Evidence): void {
  const living = new Map<string, SyncEvent>();
  for (const [name, events] of evidence.byRecord) {
    const last = events.at(-1);
    if (last !== undefined && last.payload !== null) living.set(name, last);
  }
  const { listed, replicas } = evidence.history;
  compareRecords(evidence, "the lists", living, byRevisionOf(listed));
  for (const { name, entities, records } of replicas) {
    const wanted = [...living].filter(([, { entity }]) => entities.includes(entity));
    compareRecords(evidence, name, new Map(wanted), byRevisionOf([...records.values()]));
  }
}

/** [SYS-2] a change or a head that a delta reader was shown is there after every restart. */
export function judgeShown(evidence: Evidence): void {
  for (const { revisionId, entity, id, data } of evidence.history.changes) {
    const kept = evidence.byRevision.get(revisionId);
    const isKept = kept?.entity === entity && kept.id === id && jsonEqual(kept.payload, data ?? null);
    if (!isKept) evidence.find("SYS-2", `a delta showed ${revisionId} of ${id}, the log has ${toldOf(kept)}`);
  }
  for (const { revision } of evidence.history.sightings) {
    if (revision !== GENESIS && !evidence.byRevision.has(revision))
      evidence.find("SYS-2", `a reader was shown ${revision}, which is not in the log`);
  }
}

function compareRecords(
  evidence: Evidence,
  name: string,
  wanted: ReadonlyMap<string, SyncEvent>,
  held: ReadonlyMap<Revision, WireRecord>,
): void {
  let count = 0;
  for (const { revisionId, payload } of wanted.values()) {
    const record = held.get(revisionId);
    if (record !== undefined && jsonEqual(record, payload)) count++;
    else evidence.find("DLT-6", `${name} do not hold ${canonicalJson(payload)} but ${canonicalJson(record)}`);
  }
  if (held.size > count)
    evidence.find("DLT-6", `${name} hold ${held.size - count} records that are not there`);
}

function byRevisionOf(records: readonly WireRecord[]): ReadonlyMap<Revision, WireRecord> {
  return new Map(records.map((record) => [record.revisionId, record]));
}

function firstDifference(left: readonly SyncEvent[], right: readonly SyncEvent[]): number {
  let at = 0;
  while (at < left.length && at < right.length && left[at]?.revisionId === right[at]?.revisionId) at++;
  return at;
}
