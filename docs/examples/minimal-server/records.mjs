/**
 * The calls on records [API-1]. Each gets what is known of the call and returns an answer, or throws a Refusal.
 * Validity is decided first, then existence, then If-Match [CON-7, CON-10].
 */
import { createHmac, randomBytes } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { ID, invalid, missing, Refusal, readBody, readFields, readWrite } from "./input.mjs";
import { commit, meta, shown } from "./log.mjs";
import { resolve } from "./merge.mjs";

const secret = randomBytes(32);
export const pageMax = 200;

function single(entry, more = {}, status = 200, headers = {}) {
  const body = { data: shown(entry), meta: { ...meta(entry), ...more } }; // [REV-1, REV-4]
  return { status, body, headers: { etag: `"${entry.revisionId}"`, ...headers } }; // [REV-10]
}

/** `serverData` and `currentRevision` are of one entry, so that a retry on them is right [CON-2, CON-11]. */
function conflict(error, current, clientData) {
  const more = { currentRevision: current.revisionId, serverData: shown(current), clientData };
  if (!current.fields) more.deleted = true;
  else if (current.entity !== "contact")
    more.stamps = Object.fromEntries([...current.stamps].map(([name, { time }]) => [name, time]));
  return new Refusal(409, error, `this ${current.entity} is now at ${current.revisionId}`, more);
}

export function list({ account, kind, query }) {
  const records = [...account.records[kind.entity].values()].filter((entry) => entry.fields);
  records.sort((left, right) => (left.id < right.id ? -1 : 1));
  const [limit, cursor] = [query.get("limit"), query.get("cursor")];
  const answer = (page, more) => ({
    status: 200,
    body: { data: page.map(shown), meta: { ...meta(account.head), ...more } },
  });
  if (limit === null && cursor === null) return answer(records); // [API-6]
  if (limit !== null && !/^0*[1-9]\d*$/.test(limit)) throw invalid("limit is no positive integer");
  const seal = (id) => {
    const mac = createHmac("sha256", secret).update(JSON.stringify([account.name, kind.entity, id]));
    return `${Buffer.from(id).toString("base64url")}.${mac.digest("base64url")}`;
  };
  const after = Buffer.from(cursor?.split(".")[0] ?? "", "base64url").toString();
  if (cursor !== null && seal(after) !== cursor) throw invalid("cursor is not one of this listing");
  // The cursor is an id, not a number of records: what is written meanwhile moves nothing [API-4].
  const rest = records.filter((entry) => entry.id > after);
  const page = rest.slice(0, Math.min(limit ?? pageMax, pageMax));
  const hasMore = rest.length > page.length;
  return answer(page, { hasMore, nextCursor: hasMore ? seal(page.at(-1).id) : undefined });
}

export function create({ account, kind, headers, bytes }) {
  const body = readBody(bytes);
  const fields = readFields(kind, body, true);
  const write = readWrite(kind.entity, headers);
  const id = body.id ?? randomBytes(10).toString("hex");
  if (!ID.test(id) || typeof id !== "string") throw invalid("id is not one");
  const before = account.records[kind.entity].get(id);
  if (before?.fields) throw conflict("already_exists", before, body); // [CON-9]
  const nothing = { fields: {}, stamps: new Map(), items: new Map() };
  const next = resolve({ ...write, plain: true }, fields, nothing, nothing);
  const entry = commit(account, write, id, before, { ...next, fields });
  return single(entry, {}, 201, { location: `/api/${kind.entity}s/${id}` });
}

export function read({ account, kind, id, headers }) {
  const entry = account.records[kind.entity].get(id);
  if (!entry?.fields) throw missing("no such record");
  const known = headers["if-none-match"]?.replace(/^W\/|"/g, "") === entry.revisionId; // [API-8]
  return known ? { ...single(entry), status: 304, body: undefined } : single(entry);
}

/** Is it there, and is it as the writer knows it? `mark` goes into `meta` where staleness is only noted [FLG-1]. */
function precondition({ account, conflicts, id }, { entity, ifMatch }) {
  const before = account.records[entity].get(id);
  if (!before) throw missing("no such record");
  if (!before.fields) return { before, stale: false };
  if (ifMatch === undefined && conflicts.ifMatch === "required" && conflicts.mode !== "off")
    throw new Refusal(428, "precondition_required", "If-Match must tell what this is based on");
  const stale = ![undefined, "*", before.revisionId].includes(ifMatch);
  if (!stale || conflicts.mode !== "advisory") return { before, stale };
  return {
    before,
    stale: false,
    mark: { conflict: { expectedRevision: ifMatch, actualRevision: before.revisionId } },
  };
}

export function update(input) {
  const { account, conflicts, kind, id, headers, bytes } = input;
  const body = readBody(bytes);
  const patch = readFields(kind, body, false);
  if (Object.hasOwn(body, "id") && body.id !== id) throw invalid("id is not that of the path");
  const write = readWrite(kind.entity, headers);
  const { before, stale, mark } = precondition(input, write);
  if (!before.fields && write.ifMatch === undefined) throw missing("it was deleted"); // [CON-8]
  if (!before.fields) throw conflict("conflict", before, body);
  if (stale && (kind.entity === "contact" || conflicts.resolvedBy === "client"))
    throw conflict("conflict", before, body); // [CON-2, MRG-1]

  const next = resolve({ ...write, plain: !stale }, patch, before, findBase(account, write, before, stale));
  const asked = Object.keys(patch).length;
  if (stale && kind.entity === "task" && next.won === 0 && asked > 0)
    throw conflict("conflict", before, body);
  const resolution = kind.entity === "task" && next.won === asked ? "client_won" : "merged"; // [MRG-3, MRG-5]
  const more = stale ? { resolution } : mark;
  if (!isDeepStrictEqual(next.fields, before.fields))
    return single(commit(account, write, id, before, next), more);
  account.records[kind.entity].set(id, { ...before, ...next }); // [REV-8]: no change, yet its stamps count
  return single(before, more);
}

/** The record as the writer knew it. What lived before a deletion is no base to merge on, but its times count. */
function findBase(account, { entity, ifMatch }, before, stale) {
  if (ifMatch === before.revisionId) return before;
  const entry = account.entries.get(ifMatch);
  const isIts = entry?.entity === entity && entry.id === before.id && entry.fields !== null;
  const known = isIts ? entry : { stamps: new Map() };
  if (!stale) return { ...known, fields: before.fields }; // no If-Match, `*`, or staleness that is only noted
  return known.born === before.born ? known : { stamps: known.stamps };
}

export function remove(input) {
  const { account, kind, id, headers } = input;
  const write = readWrite(kind.entity, headers);
  const { before, stale, mark } = precondition(input, write);
  if (stale) throw conflict("conflict", before, null); // [CON-4]
  return single(before.fields ? commit(account, write, id, before, { fields: null }) : before, mark);
}
