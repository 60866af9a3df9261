/**
 * A sync server to read in one sitting: phases 0, 1 and 2 of docs/protocol.md, on plain Node, in memory, without
 * batch, push, delta and webhooks. Here are HTTP and the event sockets. Ids in brackets are rules of the protocol.
 *
 *   minimal-server/log.mjs        revisions, and the one place where anything changes
 *   minimal-server/records.mjs    create, read, update, delete, list; preconditions
 *   minimal-server/merge.mjs      who wins
 *   minimal-server/input.mjs      what clients send, checked
 *   minimal-server/websocket.mjs  RFC 6455
 *
 *   node docs/examples/minimal-server.mjs --port 8080 --tokens tok-a=a,tok-b=b --conflicts '{"mode":"advisory"}'
 */
import { createHash } from "node:crypto";
import { createServer, STATUS_CODES } from "node:http";
import { parseArgs } from "node:util";
import { DEVICE, invalid, KINDS, missing, Refusal } from "./minimal-server/input.mjs";
import { meta, openAccount, shown } from "./minimal-server/log.mjs";
import { create, list, pageMax, read, remove, update } from "./minimal-server/records.mjs";
import { accept, close, hasRoom, ping, sendText } from "./minimal-server/websocket.mjs";

const flag = (value) => ({ type: "string", default: value });
const options = {
  port: flag("8080"),
  tokens: flag("tok-a=a,tok-b=b"),
  retention: flag("86400"),
  conflicts: flag("{}"),
};
const { values: flags } = parseArgs({ options });
const conflicts = {
  mode: "enforce",
  ifMatch: "optional",
  resolvedBy: "server",
  ...JSON.parse(flags.conflicts),
};
const retentionSeconds = Number(flags.retention);
const [bodyBytesMax, beatMs] = [256 * 1024, 20_000];
const pairs = flags.tokens.split(",").map((pair) => pair.split("="));
const accounts = new Map(pairs.map(([, name]) => [name, openAccount(name, retentionSeconds)]));
const accountOf = new Map(pairs.map(([token, name]) => [token, accounts.get(name)]));

// --- Event sockets. Replay and live are one walk along the log, so nothing falls between them [EVT-2, EVT-6, EVT-7].

const peers = new Set();

function openStream(request, socket) {
  const { account, url } = identify(request);
  if (url.pathname !== "/api/sync/events") throw missing("there is no socket here");
  const { "sec-websocket-key": key, "sec-websocket-version": version, ...headers } = request.headers;
  if (key === undefined || version !== "13") throw invalid("this is no WebSocket handshake");
  const device = headers["x-device-id"] ?? url.searchParams.get("deviceId");
  if (device !== null && !DEVICE.test(device)) throw invalid("that is no device id");
  const named = (url.searchParams.get("entities") ?? "").split(",").filter((name) => name !== "");
  if (!named.every((name) => Object.hasOwn(KINDS, name))) throw invalid("entities holds an unknown one");
  const kinds = named.length === 0 ? Object.values(KINDS) : named.map((name) => KINDS[name]); // [EVT-4]

  const walk = () => pump(peer);
  const peer = accept(request, socket, { onRoom: walk, onGone: () => leave(peer, walk) });
  Object.assign(peer, { account, entities: new Set(kinds.map((kind) => kind.entity)), next: end(account) });
  peer.ready = { at: peer.next, revisionId: account.head.revisionId };
  account.watchers.add(walk);
  peers.add(peer);
  const since = url.searchParams.get("lastRevisionId");
  if (since !== null) resume(peer, since);
  pump(peer);
}

function leave(peer, walk) {
  peers.delete(peer);
  peer.account.watchers.delete(walk);
}

const end = (account) => account.pruned + account.log.length;

/** From the entry after `since`, and from the first one if `since` is the floor [EVT-5, EVT-8]. */
function resume(peer, since) {
  const { account } = peer;
  const [head, floor] = [account.head.revisionId, account.floor.revisionId];
  const seen = account.entries.get(since);
  if (seen !== undefined) peer.next = seen.place + 1;
  else if (since === floor) peer.next = account.pruned;
  else {
    const reason = /^rev_\d/.test(since) && since < floor ? "revision_expired" : "revision_unknown";
    tell(peer, { type: "resync_required", reason, revisionId: head, floorRevision: floor });
  }
}

/** Sends as much as the socket takes. The log is the queue: a slow reader costs no memory [EVT-10]. */
function pump(peer) {
  const { account } = peer;
  if (peer.next < account.pruned) return close(peer, 1013);
  while (hasRoom(peer)) {
    if (peer.ready && peer.next >= peer.ready.at) {
      tell(peer, { type: "ready", revisionId: peer.ready.revisionId });
      peer.ready = undefined;
    }
    const entry = account.log[peer.next - account.pruned];
    if (entry === undefined) return;
    peer.next += 1;
    const { entity, action, id, revisionId, origin } = entry;
    if (peer.entities.has(entity))
      tell(peer, { type: "sync_event", entity, action, id, revisionId, payload: shown(entry), origin });
  }
}

function tell(peer, frame) {
  peer.told = frame.revisionId;
  sendText(peer, JSON.stringify(frame));
}

/** [EVT-11, EVT-17] */
function beat() {
  for (const peer of peers) {
    const { account } = peer;
    const unseen = peer.next === end(account) && !peer.ready && peer.told !== account.head.revisionId;
    if (unseen) tell(peer, { type: "checkpoint", revisionId: account.head.revisionId });
    ping(peer);
  }
}

/** [FLG-3] What is not offered is there with nothing in it. */
function capabilities({ account }) {
  const entities = Object.entries(KINDS).map(([collection, { entity, strategy }]) => ({
    entity,
    collection,
    strategy,
  }));
  const data = {
    ...{ protocol: "1", phases: [1, 2], entities, conflicts, bodyBytesMax, events: {}, webhooks: false },
    delta: { limitMax: pageMax, retentionSeconds, floorRevision: account.floor.revisionId },
    batch: { mutationsMax: 0 },
    idempotency: { ttlSeconds: retentionSeconds },
    push: { provider: "none", entities: [], receiptDelaySeconds: 0 },
  };
  return { status: 200, body: { data, meta: meta(account.head) } };
}

// --- HTTP. The order is authorisation, idempotency, the rest [CON-10].

function identify(request) {
  const [, token] = request.headers.authorization?.match(/^Bearer +(\S+)$/i) ?? [];
  const account = accountOf.get(token);
  if (!account)
    throw new Refusal(401, "unauthorized", "a bearer token, please", {}, { "www-authenticate": "Bearer" }); // [SEC-1]
  if (!URL.canParse(request.url, "http://here")) throw invalid("that is no path");
  return { account, url: new URL(request.url, "http://here") };
}

const METHODS = {
  capabilities: { GET: capabilities },
  all: { GET: list, POST: create },
  one: { GET: read, PATCH: update, DELETE: remove },
};

function place(path) {
  if (path === "/api/sync/capabilities") return { collection: "capabilities" };
  const [, collection = "", id] = path.match(/^\/api\/([^/]+)(?:\/([\w.-]+))?$/) ?? [];
  if (!Object.hasOwn(KINDS, collection)) throw missing("no such path");
  return { collection, kind: KINDS[collection], id };
}

function call(request, bytes) {
  const { account, url } = identify(request);
  if (bytes === undefined) throw new Refusal(413, "payload_too_large", `at most ${bodyBytesMax} bytes`); // [API-3]
  const headers = conflicts.mode === "off" ? { ...request.headers, "if-match": undefined } : request.headers; // [FLG-2]
  const { collection, kind, id } = place(url.pathname);
  const methods = METHODS[collection === "capabilities" ? collection : id === undefined ? "all" : "one"];
  const handle = methods[request.method];
  const allow = Object.keys(methods).join(", ");
  if (!handle) throw new Refusal(405, "not_found", `only ${allow} here`, {}, { allow });
  const input = { account, conflicts, kind, id, headers, bytes, query: url.searchParams };
  const key = headers["idempotency-key"];
  if (key === undefined || request.method === "GET") return handle(input);
  return once(input, [key, request.method, request.url, headers["if-match"]], handle);
}

/**
 * A write that was applied, sent again by the same bytes, gets the same answer [CON-10]. That is all of idempotency that
 * phase 2 needs; phase 3 compares what the bytes mean, refuses other ones under the key, and remembers conflicts, too.
 */
function once({ account, ...input }, key, handle) {
  const print = createHash("sha256").update(JSON.stringify(key)).update(input.bytes).digest("base64");
  for (const [old, { at }] of account.answers) {
    if (at > Date.now() - retentionSeconds * 1000) break;
    account.answers.delete(old);
  }
  const answer = account.answers.get(print)?.answer ?? handle({ account, ...input });
  if (!account.answers.has(print)) account.answers.set(print, { at: Date.now(), answer });
  return answer;
}

/** A refusal is an answer; anything else is a fault of this program, of which nothing is shown [SEC-4, API-7]. */
function answerOf(error) {
  if (error instanceof Refusal) return error.answer;
  console.error(error);
  return new Refusal(503, "unavailable", "try again later", {}, { "retry-after": "1" }).answer;
}

function send(response, { status, headers, body }) {
  const text = body === undefined ? "" : JSON.stringify(body);
  response.writeHead(status, { "content-type": "application/json; charset=utf-8", ...headers }).end(text);
}

/** What goes over the limit is read to its end and thrown away, so that the client gets to read the answer [API-3]. */
function serve(request, response) {
  const chunks = [];
  let bytes = 0;
  request.on("data", (chunk) => {
    bytes += chunk.length;
    if (bytes <= bodyBytesMax) chunks.push(chunk);
  });
  request.on("end", () => {
    try {
      send(response, call(request, bytes > bodyBytesMax ? undefined : Buffer.concat(chunks)));
    } catch (error) {
      send(response, answerOf(error));
    }
  });
}

/** Until the handshake is accepted, refusals are plain HTTP [SEC-1]. */
function upgrade(request, socket, head) {
  socket.on("error", () => socket.destroy());
  try {
    socket.unshift(head);
    openStream(request, socket);
  } catch (error) {
    const { status, body } = answerOf(error);
    const text = JSON.stringify(body);
    const lines = [
      `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
      "Content-Type: application/json; charset=utf-8",
    ];
    lines.push(`Content-Length: ${Buffer.byteLength(text)}`, "Connection: close", "", text);
    socket.setTimeout(2_000, () => socket.destroy());
    socket.resume().end(lines.join("\r\n"));
  }
}

const server = createServer(serve).on("upgrade", upgrade);
const noHttp = JSON.stringify(invalid("that is not HTTP").answer.body);
server.on("clientError", (_error, socket) => {
  if (socket.writable) socket.end(`HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n${noHttp}`);
});
server.listen(Number(flags.port), "127.0.0.1", () =>
  console.log(`listening http://127.0.0.1:${server.address().port}`),
);
setInterval(beat, beatMs).unref();
for (const signal of ["SIGINT", "SIGTERM"])
  process.once(signal, () => {
    for (const peer of peers) close(peer, 1001);
    server.close();
    server.closeIdleConnections();
  });
