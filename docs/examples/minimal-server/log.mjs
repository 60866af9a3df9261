/**
 * One log per account, for all entities: a record is the last entry about it, a socket is a place in the log. Owns
 * revisions, the head and the floor; knows nothing of who may write what.
 */
import { randomInt } from "node:crypto";

export function openAccount(name, retentionSeconds) {
  // The salt makes revisions of another account, or of an earlier run of this server, unknown here [SEC-3, EVT-8].
  const salt = String(randomInt(10_000)).padStart(4, "0");
  const records = { contact: new Map(), task: new Map(), list: new Map() };
  const account = {
    name,
    salt,
    count: 0,
    records,
    log: [],
    pruned: 0,
    entries: new Map(),
    answers: new Map(),
  };
  account.head = account.floor = nextRevision(account, Date.now()); // genesis
  return Object.assign(account, { retentionMs: retentionSeconds * 1000, watchers: new Set() });
}

/** Seconds that never fall, a count that rises, fixed widths: ASCII order is commit order [REV-2, REV-5, REV-6]. */
function nextRevision(account, at) {
  const count = (account.count++).toString(36).padStart(8, "0");
  const revisionId = `rev_${String(Math.floor(at / 1000)).padStart(10, "0")}_${count}${account.salt}`;
  return { at, revisionId, updatedAt: new Date(at).toISOString() };
}

/** The one place where anything changes: record and log entry in one step, then the sockets [EVT-1, EVT-3]. */
export function commit(account, { entity, origin }, id, before, next) {
  const at = Math.max(Date.now(), account.head.at);
  while (account.log[0]?.at < at - account.retentionMs) forget(account, account.log.shift());
  const revision = nextRevision(account, at);
  const action = next.fields === null ? "deleted" : before?.fields ? "updated" : "created";
  const born = action === "created" ? revision.revisionId : before.born; // tells a life from the one before
  const place = account.pruned + account.log.length;
  const entry = { ...next, ...revision, place, entity, id, action, born, origin };
  account.log.push(entry);
  account.entries.set(entry.revisionId, entry);
  account.records[entity].set(id, entry);
  account.head = entry;
  for (const wake of account.watchers) wake();
  return entry;
}

/** The floor is the newest revision that is gone: all that came after it is still here [EVT-8, DLT-10]. */
function forget(account, entry) {
  account.floor = entry;
  account.pruned += 1;
  account.entries.delete(entry.revisionId);
  const records = account.records[entry.entity];
  if (records.get(entry.id) === entry && entry.fields === null) records.delete(entry.id);
}

export const meta = ({ revisionId, updatedAt }) => ({ revisionId, updatedAt });
export const shown = (entry) => (entry.fields ? { ...entry.fields, id: entry.id, ...meta(entry) } : null); // [REV-3]
