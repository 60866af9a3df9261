/**
 * Owns the planted faults of the proxy about who may see what (section 3, SEC).
 * Refuses to share code with the probes that must catch them.
 */

import type { AccountId, SyncEvent } from "../protocol/messages.ts";
import type { Answer, Request } from "../protocol/request.ts";
import { readUpgrade } from "../proxy/http-border.ts";
import type { ProxyConfig, ProxyOutput } from "../proxy/port.ts";
import { type Fault, withProxy } from "./fault.ts";
import { proxyFault, withBorder, withDesk, withMethods, withSockets } from "./seams.ts";
import { trigger } from "./trigger.ts";
import { objectOf } from "./wire.ts";

export const SECURITY_FAULTS: readonly Fault[] = [
  proxyFault({
    name: "capabilities-without-token",
    rules: ["SEC-1"],
    smallest: "capabilities without a token",
    text: "Capabilities answer anybody. Seen where discovery was thought of as public, with its head revision.",
    plant: (parts) => withFirstToken(parts, ({ call, token }) => call.call === "capabilities" && !token),
  }),
  proxyFault({
    name: "token-by-its-beginning",
    rules: ["SEC-1"],
    smallest: "a read with a token and one character more",
    text: "A token that begins with a good one is good. Seen with a comparison over the length of the shorter text.",
    plant: (parts) =>
      withDesk(parts, ({ accounts }) => (request, _nowMs, go) => {
        const { token = "" } = request;
        const good = [...accounts.keys()].find((known) => token.startsWith(known));
        return go(good === undefined ? request : { ...request, token: good });
      }),
  }),
  proxyFault({
    name: "socket-without-token",
    rules: ["SEC-1"],
    smallest: "an upgrade without a token",
    text: "The upgrade of a socket is not authorised. Seen where the middleware of routes does not run for upgrades.",
    plant: (parts) => {
      let first = "";
      const known = withMethods(parts, (_proxy, { accounts }) => {
        [first = ""] = accounts.keys();
        return {};
      });
      return withBorder(known, {
        readUpgrade: (http, path) => {
          const subscription = readUpgrade(http, path);
          return subscription && { ...subscription, token: subscription.token ?? first };
        },
      });
    },
  }),
  proxyFault({
    name: "path-before-token",
    rules: ["SEC-1"],
    smallest: "a broken body without a token",
    text: "What cannot be read is refused before the token is looked at: 400 and 413 instead of 401. Seen where the body parser ran first.",
    plant: (parts) =>
      withFirstToken(parts, ({ call }) => call.call === "unreadable" && call.code !== "not_found"),
  }),
  proxyFault({
    name: "foreign-is-forbidden",
    rules: ["SEC-2"],
    smallest: "a read of another account's record",
    text: "Another account's record is 403, and so known to exist. The default of most access layers: load, then check the owner.",
    plant: (parts) =>
      withDesk(parts, (config, store) => (request, _nowMs, go) => {
        const answer = go(request);
        const { call } = request;
        if (answer.status !== 404 || !("id" in call)) return answer;
        const theirs = others(config, request).some((account) =>
          store.current(account, call.entity, call.id),
        );
        return theirs
          ? { ...answer, status: 403, body: { error: "forbidden", message: "not yours" } }
          : answer;
      }),
  }),
  proxyFault({
    name: "ids-shared-by-all",
    rules: ["SEC-2", "SEC-3", "CON-9", "API-1"],
    smallest: "the same id made in both accounts",
    text: "An id that another account took is 409. Seen where the primary key was the id alone.",
    plant: (parts) =>
      withDesk(parts, (config, store) => (request, _nowMs, go) => {
        const { call } = request;
        const id = call.call === "create" ? objectOf(call.body)?.id : undefined;
        if (call.call !== "create" || typeof id !== "string") return go(request);
        const taken = others(config, request).some(
          (account) => store.current(account, call.entity, id)?.record,
        );
        if (!taken) return go(request);
        const answer = go({ ...request, call: { ...call, body: null } });
        return { ...answer, status: 409, body: { error: "already_exists", message: "the id is taken" } };
      }),
  }),
  proxyFault({
    name: "foreign-write-by-id",
    rules: ["SEC-2", "SEC-3"],
    smallest: "a delete of another account's record",
    text: "Deletions find the record by its id alone, whosever it is. The insecure direct object reference of every security report.",
    plant: (parts) =>
      withDesk(parts, (config, store) => (request, _nowMs, go) => {
        const { call } = request;
        const answer = go(request);
        if (answer.status !== 404 || call.call !== "delete") return answer;
        const owner = others(config, request).find((one) => store.current(one, call.entity, call.id)?.record);
        const token = [...config.accounts].find(([, account]) => account === owner)?.[0];
        return token === undefined ? answer : go({ ...request, token });
      }),
  }),
  proxyFault({
    name: "cursor-carries-account",
    rules: ["SEC-3", "DLT-12", "API-2"],
    smallest: "a second page asked for with another account's cursor",
    text: "A cursor names the account whose pages it goes through, and nobody compares it with the caller's. Seen where cursors were state and believed to be secret.",
    plant: (parts) =>
      withDesk(parts, () => {
        const owners = new Map<string, string | undefined>();
        return (request, _nowMs, go) => {
          const { call, token } = request;
          const cursor = call.call === "changes" || call.call === "list" ? call.cursor : undefined;
          const known = cursor !== undefined && go({ ...request, token: token ?? "" }).status !== 401;
          const owner = known && cursor !== undefined && owners.has(cursor) ? owners.get(cursor) : token;
          const answer = go(owner === undefined ? request : { ...request, token: owner });
          const next = nextCursorOf(answer);
          if (next !== undefined) owners.set(next, owner);
          return answer;
        };
      }),
  }),
  proxyFault({
    name: "deletions-to-everybody",
    rules: ["SEC-3", "SYS-7", "EVT-3", "EVT-7", "SYS-6", "REV-12"],
    trigger: trigger({
      workload: { operations: { create: "30%", update: "30%", delete: "40%" } },
      habits: { sessionLength: { p50: "20m", p99: "1h" } },
    }),
    smallest: "a socket of one account, a deletion in the other",
    text: "Events of deletions reach the sockets of all accounts: without a record, the channel to send them to was not known. Seen with a fan-out keyed by a column of the row.",
    plant: (parts) =>
      withSockets(parts, () => ({
        put: (outputs, open) =>
          outputs.flatMap((output): readonly ProxyOutput[] => {
            if (output.output !== "frame") return [output];
            const { action, type } = output.frame as SyncEvent;
            if (type !== "sync_event" || action !== "deleted") return [output];
            const own = open.get(output.socket)?.account;
            const strangers = [...open.values()].filter(({ account }) => account !== own);
            return [output, ...strangers.map(({ socket }) => ({ ...output, socket }))];
          }),
      })),
  }),
  proxyFault({
    name: "foreign-conflict-body",
    rules: ["SEC-3", "SEC-2"],
    smallest: "an update of another account's record",
    text: "An update that finds no record of its account shows in its 404 what another one has under that id. Seen with a debug field that was left in.",
    plant: (parts) =>
      withDesk(parts, (config, store) => (request, _nowMs, go) => {
        const answer = go(request);
        const { call } = request;
        if (answer.status !== 404 || call.call !== "update") return answer;
        const found = others(config, request)
          .map((account) => store.current(account, call.entity, call.id)?.record)
          .find((record) => record);
        return found ? { ...answer, body: { ...objectOf(answer.body), nearest: found } } : answer;
      }),
  }),
  proxyFault({
    name: "stack-in-the-answer",
    rules: ["SEC-4"],
    smallest: "a body that is no JSON",
    text: "The message of a refused body is the parser's, with its stack. What Express's default error handler does outside of production.",
    plant: (parts) =>
      withProxy(parts, {
        answer: (answer, { call }) =>
          call.call === "unreadable" && call.code === "invalid_request"
            ? { ...answer, body: { ...objectOf(answer.body), message: STACK } }
            : answer,
      }),
  }),
  proxyFault({
    name: "query-in-the-answer",
    rules: ["SEC-4"],
    smallest: "a create without its required field",
    text: "A refused record's message is the database's, with the statement. Seen where constraint errors were passed on.",
    plant: (parts) =>
      withProxy(parts, {
        answer: (answer, { call }) =>
          call.call === "create" && answer.status === 400
            ? { ...answer, body: { ...objectOf(answer.body), message: STATEMENT } }
            : answer,
      }),
  }),
  proxyFault({
    name: "token-ends-socket-stays",
    rules: ["SEC-5"],
    smallest: "a socket, and its token revoked",
    text: "A socket stays open though its token was taken away. Seen wherever the token is looked at once, at the upgrade.",
    plant: (parts) => ({
      ...parts,
      proxy: (config, store) => {
        const trusting = parts.proxy({ ...config, accounts: new Map(config.accounts) }, store);
        return withMethods({ ...parts, proxy: () => trusting }, () => ({
          answer: (request, nowMs) =>
            trusting.answer(
              config.accounts.has(request.token ?? "") ? request : { ...request, token: "" },
              nowMs,
            ),
          openSocket: (subscription, nowMs) =>
            config.accounts.has(subscription.token ?? "")
              ? trusting.openSocket(subscription, nowMs)
              : undefined,
        })).proxy(config, store);
      },
    }),
  }),
];

const STACK =
  "SyntaxError: Unexpected end of JSON input\n    at JSON.parse (<anonymous>)\n    at parse (/app/node_modules/body-parser/lib/types/json.js:92:19)";
const STATEMENT =
  'insert into "records" ("account", "id", "name") values ($1, $2, $3) - null value in column "name"';

/** Parts whose proxies take requests of this kind for those of the first account. */
function withFirstToken(parts: Parameters<typeof withDesk>[0], isOpen: (request: Request) => boolean) {
  return withDesk(parts, ({ accounts }) => (request, _nowMs, go) => {
    const [first = ""] = accounts.keys();
    return go(isOpen(request) ? { ...request, token: first } : request);
  });
}

function others({ accounts }: ProxyConfig, { token }: Request): readonly AccountId[] {
  const own = accounts.get(token ?? "");
  return own === undefined ? [] : [...accounts.values()].filter((account) => account !== own);
}

function nextCursorOf({ body }: Answer): string | undefined {
  const told = objectOf(body);
  const next = told?.nextCursor ?? objectOf(told?.meta)?.nextCursor;
  return typeof next === "string" ? next : undefined;
}
