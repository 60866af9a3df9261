// A sync server to read in one sitting: phases 0, 1 and 2 of docs/protocol.md on plain Node, in memory, in one process;
// without batch, push, delta, webhooks, pruning and other modes. In brackets: the rule that a line keeps.
//   node docs/examples/minimal-server.mjs 8080      # its accounts are those of the tokens tok-a and tok-b
import { createHash, randomBytes } from "node:crypto";
import { createServer, STATUS_CODES } from "node:http";
import { isDeepStrictEqual as same } from "node:util";

const [bodyBytesMax, depthMax, pageMax, clockLeadMsMax] = [256 * 1024, 100, 200, 5_000];
const [frameBytesMax, unsentBytesMax, beatMs] = [64 * 1024, 64 * 1024 * 1024, 20_000];
const [isText, isFlag] = ["string", "boolean"].map((type) => (value) => typeof value === type);
const INSTANT = /^\d{4}(-\d\d){2}T\d\d(:\d\d){2}(\.\d+)?Z$/;
const isTime = (value) => isText(value) && INSTANT.test(value) && !Number.isNaN(Date.parse(value));
const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
const isItemId = (value) => isText(value) && /^.{1,128}$/su.test(value);
const isItem = (it) => isObject(it) && isItemId(it.id) && isText(it.text) && isFlag(it.done ?? false);
const byId = (items) => new Map((items ?? []).map((item) => [item.id, item]));
const isItems = (value) => Array.isArray(value) && value.every(isItem) && byId(value).size === value.length;
const FIELDS = {
  contact: { name: isText, phone: isText, email: isText, notes: isText },
  task: { title: isText, done: isFlag, dueAt: isTime, notes: isText },
  list: { name: isText, items: isItems },
};
const STRATEGIES = { contact: "server_authoritative", task: "last_writer_wins", list: "additive_merge" };
const entityOf = ([entity, strategy]) => ({ entity, collection: `${entity}s`, strategy });
const ENTITIES = Object.entries(STRATEGIES).map(entityOf);
const COLLECTIONS = new Set(ENTITIES.map(({ collection }) => collection));
const conflicts = { mode: "enforce", ifMatch: "optional", resolvedBy: "server" };
const OFFER = { protocol: "1", phases: [1, 2], entities: ENTITIES, conflicts, webhooks: false, bodyBytesMax };
const refusal = (status, error, message, more) => Object.assign(new Error(message), { status, error, more });
const invalid = (message) => refusal(400, "invalid_request", message);
const missing = (message) => refusal(404, "not_found", message);
function conflict(error, { id, fields, meta, stamps = new Map() }, clientData) {
  const times = [...stamps].flatMap(([path, stamp]) => (path in fields ? [[path, timeOf(stamp)]] : []));
  const more = { clientData, deleted: !fields, stamps: Object.fromEntries(times) };
  const current = { currentRevision: meta.revisionId, serverData: shown({ id, fields, meta }) };
  return refusal(409, error, "it is not as you knew it", { ...current, ...more });
}
/** One log for each account, for all entities: a record is the last entry about it, a socket is a place in the log. */
function openAccount() {
  const [salt, places, records, peers] = [randomBytes(2).toString("hex"), new Map(), new Map(), new Set()];
  const account = { salt, log: [], places, records, peers, answers: new Map() }; // [SEC-3, EVT-8] the salt: not another's
  commit(account, {}); // genesis, and for ever the floor
  return account;
}
const headOf = (account) => account.log.at(-1);
const find = (account, entity, id) => account.records.get(`${entity}/${id}`);
const shown = ({ id, fields, meta }) => fields && { ...fields, id, ...meta }; // [REV-3]
/** The one place where anything changes: log and record in one step, then the sockets [EVT-1, EVT-3, REV-9]. */
function commit(account, change) {
  const { entity, id, fields } = change;
  const before = find(account, entity, id);
  const action = fields === null ? "deleted" : before?.fields ? "updated" : "created";
  const life = action === "created" ? account.log.length : before.life; // tells a record from a deleted one
  // Seconds that never fall, a count that rises, fixed widths: ASCII order is commit order [REV-2, REV-5, REV-6].
  const at = Math.max(Date.now(), headOf(account)?.at ?? 0);
  const revisionId = `rev_${Math.floor(at / 1000)}_${account.log.length.toString(36).padStart(8, "0")}${account.salt}`;
  const entry = { ...change, action, life, at, meta: { revisionId, updatedAt: new Date(at).toISOString() } };
  account.places.set(revisionId, account.log.push(entry) - 1);
  account.records.set(`${entity}/${id}`, entry);
  for (const peer of account.peers) tell(peer, entry);
  return entry;
}
const isShallow = (value, room = depthMax) =>
  !(value instanceof Object) || (room > 0 && Object.values(value).every((one) => isShallow(one, room - 1)));
function readBody(bytes) {
  try {
    const body = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    if (isObject(body) && isShallow(body)) return body; // what merges recurses
  } catch {}
  throw invalid("the body is no JSON object, or is nested too deeply"); // [API-2]
}
/** Known fields have their types, unknown ones stay; null is "absent" when creating, "remove" in a patch. */
function readFields(entity, { id: _id, revisionId: _revision, updatedAt: _time, ...body }, creating) {
  const fields = new Map(Object.entries(body));
  for (const [at, [name, isRight]] of Object.entries(FIELDS[entity]).entries()) {
    const value = fields.get(name) ?? null;
    const mayLack = at > 0 || !(creating || fields.has(name));
    if (value === null ? !mayLack : !isRight(value)) throw invalid(`${name} is missing, or not of its type`);
    if (value === null && creating) fields.delete(name);
  }
  return Object.fromEntries(fields); // keeps `__proto__` a plain member, where an assignment would not [API-5]
}
/** Who writes, when, and on what. A weak tag equals no revision [CON-6]. */
function readWrite(headers) {
  const { "x-device-id": device = "", "idempotency-key": key = "", "if-match": tag } = headers;
  const sent = headers["x-mutation-timestamp"] ?? String(Date.now());
  if (!/^[\w.-]{0,128}$/.test(device)) throw invalid("X-Device-Id is no device id");
  if (!/^\d{1,15}$/.test(sent)) throw invalid("X-Mutation-Timestamp is no time");
  if (!/^(\*|(W\/)?("?)rev_\d{10}_[0-9a-z]{6,}\3)$/.test(tag ?? "*"))
    throw refusal(400, "invalid_revision", "If-Match is no revision");
  const origin = device ? { deviceId: device, mutationId: key || undefined } : undefined;
  const time = Math.min(Number(sent), Date.now() + clockLeadMsMax); // [MRG-4]
  return { time, device, key, origin, ifMatch: tag?.replaceAll('"', "") };
}
const stampOf = (time, { device, key }) => [String(time).padStart(15, "0"), device, key].join("\0");
const timeOf = (stamp) => Number.parseInt(stamp ?? "-1", 10);
const put = (map, name, value) => (value === undefined ? map.delete(name) : map.set(name, value));
const get = (object, name) => (Object.hasOwn(object ?? {}, name) ? object[name] : undefined);
function mergePatch(target, patch) {
  if (!isObject(patch)) return patch ?? undefined; // RFC 7396
  const merged = new Map(isObject(target) ? Object.entries(target) : []);
  for (const [name, value] of Object.entries(patch)) put(merged, name, mergePatch(merged.get(name), value));
  return Object.fromEntries(merged);
}
/** Who wins when two writes did not know of each other: each of `names` becomes `mine` if its stamp is larger. */
function mergeFields(write, names, mine, theirs, stamps, prefix = "") {
  const fields = new Map(Object.entries(theirs));
  const won = names.filter((name) => {
    const known = timeOf(write.base.stamps.get(prefix + name));
    const stamp = stampOf(Math.max(write.time, known + 1), write); // it beats what it was based on
    const isLarger = stamp > (stamps.get(prefix + name) ?? "");
    if (isLarger) stamps.set(prefix + name, stamp); // it never falls [MRG-4]
    if (isLarger || !write.stale) put(fields, name, get(mine, name)); // [CON-12, MRG-2, MRG-7, MRG-11]
    return isLarger || !write.stale;
  });
  return { fields: Object.fromEntries(fields), stamps, won: won.length };
}
function resolve(write, patch, before) {
  // A nested patch is laid on its base, not on what came since: else two such would depend on their order.
  const laid = mergePatch(write.base.fields ?? before.fields, patch);
  const next = mergeFields(write, Object.keys(patch), laid, before.fields, new Map(before.stamps));
  if (write.entity !== "list" || get(patch, "items") === undefined) return next;
  // Three ways. Without items in the base all of the patch's are new, which makes it the union [MRG-5, MRG-6, MRG-7].
  const [mine, theirs, old] = [patch, before.fields, write.base.fields].map((side) => byId(side?.items));
  const items = [];
  for (const id of write.stale ? new Set([...theirs.keys(), ...mine.keys()]) : mine.keys()) {
    const [m, t, o] = [mine.get(id), theirs.get(id), old.get(id)];
    if (o && !(m && t) && same(m ?? t, o)) continue; // removed by one side, untouched by the other
    const edited = Object.keys({ ...m, ...o }).filter((name) => !same(get(m, name), get(o, name)));
    items.push(m ? mergeFields(write, edited, m, t ?? m, next.stamps, `items\0${id}\0`).fields : t);
  }
  const { items: _items, ...others } = next.fields;
  return { ...next, fields: patch.items === null && items.length === 0 ? others : { ...others, items } };
}
/** The record as the writer knew it. What lived before a deletion is no base to merge on, but its times count. */
function baseOf(account, before, ifMatch, stale) {
  const entry = account.log[account.places.get(ifMatch)];
  const known = entry?.entity === before.entity && entry.id === before.id ? entry : {};
  const { fields } = !stale ? before : known.life === before.life ? known : {};
  return { fields, stamps: known.stamps ?? new Map() };
}
/** All writes. Validity is decided first, then existence, then If-Match [API-1, CON-7, CON-10]. */
function change({ account, entity, method, id: named, headers, bytes }) {
  const body = method === "DELETE" ? null : readBody(bytes);
  const patch = body && readFields(entity, body, method === "POST");
  const write = readWrite(headers);
  const id = named ?? body.id ?? randomBytes(10).toString("hex");
  if (!/^(?!\.\.?$)[\w.-]{1,128}$/.test(id) || (body?.id ?? id) !== String(id)) throw invalid("a wrong id");
  const known = find(account, entity, id);
  if (method === "POST" && known?.fields) throw conflict("already_exists", known, body); // [CON-9]
  const before = method === "POST" ? { entity, id, fields: {}, meta: {} } : known;
  if (!before) throw missing("no such record");
  if (!before.fields && !body) return single(before);
  if (!before.fields && !write.ifMatch) throw missing("it was deleted"); // [CON-8]
  const stale = method !== "POST" && ![undefined, "*", before.meta.revisionId].includes(write.ifMatch);
  if (!before.fields || (stale && (!body || entity === "contact"))) throw conflict("conflict", before, body); // [CON-2, CON-4]
  const asked = Object.keys(patch ?? {}).length;
  const merge = { ...write, entity, stale, base: baseOf(account, before, write.ifMatch, stale) };
  const next = body ? resolve(merge, patch, before) : { fields: null };
  if (stale && entity === "task" && next.won < Math.min(asked, 1)) throw conflict("conflict", before, body);
  const resolution = entity === "task" && next.won === asked ? "client_won" : "merged"; // [MRG-3, MRG-5]
  const made = { entity, id, origin: write.origin };
  const isChange = !same(next.fields, before.fields); // [REV-8]: without one nothing is committed, yet the stamps count
  const entry = isChange ? commit(account, { ...made, ...next }) : Object.assign(before, next);
  return single(entry, method === "POST" ? 201 : 200, stale ? { resolution } : {});
}
function single(entry, status = 200, more = {}) {
  const headers = { etag: `"${entry.meta.revisionId}"`, location: `/api/${entry.entity}s/${entry.id}` };
  return { status, headers, body: { data: shown(entry), meta: { ...entry.meta, ...more } } }; // [REV-1, REV-4, REV-10]
}
function read({ account, entity, id, headers }) {
  const entry = find(account, entity, id);
  if (!entry?.fields) throw missing("no such record");
  const isKnown = headers["if-none-match"]?.replace(/^W\/|"/g, "") === entry.meta.revisionId; // [API-8]
  return isKnown ? { ...single(entry, 304), body: undefined } : single(entry);
}
function list({ account, entity, query }) {
  const [limit, cursor] = [query.get("limit"), query.get("cursor")];
  if (!/^0*[1-9]\d*$/.test(limit ?? pageMax)) throw invalid("limit is no positive integer");
  const seal = (id) => Buffer.from(`${account.salt}/${entity}/${id}`).toString("base64url"); // an id: nothing moves it [API-4]
  const after = cursor === null ? "" : Buffer.from(cursor, "base64url").toString().split("/")[2];
  if (cursor !== null && seal(after) !== cursor) throw invalid("cursor is not one of this listing");
  const isListed = (one) => one.entity === entity && one.fields && one.id > after;
  const rest = [...account.records.values()].filter(isListed).sort((a, b) => (a.id < b.id ? -1 : 1));
  const size = limit === null ? rest.length : Math.min(limit, pageMax); // [API-6]
  const nextCursor = rest.length > size ? seal(rest[size - 1].id) : undefined;
  const meta = { ...headOf(account).meta, hasMore: rest.length > size, nextCursor };
  return { status: 200, body: { data: rest.slice(0, size).map(shown), meta } };
}
/** An event socket. Nothing runs between its replay and its entry among the peers, so nothing falls between [EVT-6]. */
function openStream({ account, headers, path, query }, socket) {
  if (path !== "/api/sync/events") throw missing("there is no socket here");
  const wanted = (query.get("entities") ?? "").split(",").filter((name) => name !== "");
  if (!wanted.every((name) => COLLECTIONS.has(name))) throw invalid("entities holds an unknown one");
  const key = `${headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
  const accept = `Sec-WebSocket-Accept: ${createHash("sha1").update(key).digest("base64")}`;
  const accepted = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade";
  socket.write(`${accepted}\r\n${accept}\r\n\r\n`);
  const peer = { socket, wanted, unread: Buffer.alloc(0), isAlive: true };
  socket.on("data", (chunk) => hear(peer, chunk)).on("end", () => socket.destroy());
  const beating = setInterval(beat, beatMs, account, peer).unref();
  socket.on("close", () => clearInterval(beating) ?? account.peers.delete(peer)); // only its own [EVT-12]
  const since = query.get("lastRevisionId");
  const [{ revisionId }, { revisionId: floorRevision }] = [headOf(account).meta, account.log[0].meta];
  const place = account.places.get(since) ?? Number.POSITIVE_INFINITY;
  const resync = { type: "resync_required", reason: "revision_unknown", revisionId, floorRevision };
  if (since !== null && place === Number.POSITIVE_INFINITY) say(peer, resync); // [EVT-8]
  for (const entry of account.log.slice(place + 1)) tell(peer, entry); // [EVT-5]
  say(peer, { type: "ready", revisionId }); // [EVT-9]
  account.peers.add(peer);
}
function tell(peer, { entity, action, id, origin, meta, fields }) {
  const payload = shown({ id, fields, meta });
  const event = { type: "sync_event", entity, action, id, revisionId: meta.revisionId, payload, origin };
  if (peer.wanted.length === 0 || peer.wanted.includes(`${entity}s`)) say(peer, event); // [EVT-4]
}
function beat(account, peer) {
  if (!peer.isAlive) return peer.socket.destroy(); // no sign of life since the last ping [EVT-11]
  peer.isAlive = false;
  send(peer, PING);
  say(peer, { type: "checkpoint", revisionId: headOf(account).meta.revisionId }); // [EVT-17]
}
const [TEXT, CLOSE, PING, PONG] = [0x1, 0x8, 0x9, 0xa]; // RFC 6455
const say = (peer, frame) => send(peer, TEXT, Buffer.from(JSON.stringify(frame)));
function send({ socket }, opcode, payload = Buffer.alloc(0)) {
  const { length } = payload;
  const head = Buffer.alloc(length < 126 ? 2 : length < 65_536 ? 4 : 10);
  head.set([0x80 | opcode, { 2: length, 4: 126, 10: 127 }[head.length]]);
  if (head.length === 4) head.writeUInt16BE(length, 2);
  if (head.length === 10) head.writeBigUInt64BE(BigInt(length), 2);
  if (socket.writableLength > unsentBytesMax) socket.destroy(); // it will resume; nothing is left out [EVT-10]
  if (socket.writable) socket.write(Buffer.concat([head, payload]));
}
/** What clients say is skipped; only ping and close are answered [EVT-13]. */
function hear(peer, chunk) {
  peer.unread = Buffer.concat([peer.unread, chunk]);
  for (let { unread } = peer; unread.length >= 2; { unread } = peer) {
    const width = { 126: 2, 127: 8 }[unread[1] & 127] ?? 0; // of a length that the second byte does not hold
    const [start, opcode] = [2 + width + 4, unread[0] & 15]; // 4 bytes of mask are before the payload
    const length = width === 0 ? unread[1] & 127 : Number(`0x0${unread.toString("hex", 2, 2 + width)}`);
    const isOver = unread[1] < 128 || length > frameBytesMax || opcode === CLOSE;
    if (isOver) return send(peer, CLOSE) ?? peer.socket.end();
    if (unread.length < start + length) return;
    const unmask = (byte, at) => byte ^ unread[start - 4 + (at % 4)];
    if (opcode === PING) send(peer, PONG, unread.subarray(start, start + length).map(unmask));
    peer.unread = unread.subarray(start + length);
    peer.isAlive = true;
  }
}
const accounts = new Map(["tok-a", "tok-b"].map((token) => [token, openAccount()]));
function identify({ url, headers, method }) {
  const account = accounts.get(headers.authorization?.match(/^Bearer +(\S+)$/i)?.[1]);
  if (!account) throw refusal(401, "unauthorized", "a bearer token, please"); // before all else [SEC-1]
  return { account, headers, method, path: url.split("?")[0], query: new URLSearchParams(url.split("?")[1]) };
}
function answerTo(call, bytes) {
  const { account, headers, method, path } = call;
  if (bytes.length > bodyBytesMax) throw refusal(413, "payload_too_large", `at most ${bodyBytesMax} bytes`); // [API-3]
  const told = { status: 200, body: { data: OFFER, meta: headOf(account).meta } }; // [FLG-3]
  if (method === "GET" && path === "/api/sync/capabilities") return told;
  const [, collection, id] = path.match(/^\/api\/([^/]+)(?:\/([\w.-]+))?$/) ?? [];
  const calls = id === undefined ? { GET: list, POST: change } : { GET: read, PATCH: change, DELETE: change };
  if (!COLLECTIONS.has(collection) || !calls[method]) throw missing("no such call");
  const handle = () => calls[method]({ ...call, entity: collection.slice(0, -1), id, bytes });
  const { "idempotency-key": key, "if-match": tag } = headers;
  if (method === "GET" || key === undefined) return handle();
  const print = [key, method, path, tag, bytes.toString("base64")].join(" "); // [CON-10] phase 3 asks for more
  if (!account.answers.has(print)) account.answers.set(print, handle());
  return account.answers.get(print);
}
/** A refusal is an answer; anything else is a fault of this program, of which nothing is shown [SEC-4, API-7]. */
function attempt(work) {
  try {
    return work();
  } catch ({ status, error, message, more, stack }) {
    if (status) return { status, body: { error, message, ...more } };
    console.error(stack);
    return { status: 503, headers: { "retry-after": "1" }, body: { error: "unavailable", message: "later" } };
  }
}
async function serve(request, response) {
  let bytes = Buffer.alloc(0); // what is over is read and thrown away
  for await (const chunk of request) if (bytes.length <= bodyBytesMax) bytes = Buffer.concat([bytes, chunk]);
  const { status, headers, body } = attempt(() => answerTo(identify(request), bytes));
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(body && JSON.stringify(body));
}
const server = createServer((request, response) => serve(request, response).catch(() => response.destroy()));
server.on("upgrade", (request, socket, early) => {
  socket.on("error", () => socket.destroy()).unshift(early);
  const refused = attempt(() => openStream(identify(request), socket)); // until it is accepted, it is plain HTTP
  if (!refused) return;
  const { status, body } = refused;
  const head = `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nContent-Type: application/json\r\nConnection: close`;
  socket.end(`${head}\r\n\r\n${JSON.stringify(body)}`);
});
const greet = () => console.log(`listening http://127.0.0.1:${server.address().port}`);
server.listen(Number(process.argv[2] ?? 8080), "127.0.0.1", greet);
