/**
 * Owns what a team mounts in its own server: a plain `(req, res, next)` for the calls, and event sockets on its HTTP
 * server. The package's public exports.
 * Refuses to know Express: whatever hands on Node's request and response will do.
 */

import type { Server, ServerResponse } from "node:http";
import { type EventSockets, serveEventSockets } from "./event-sockets.ts";
import { isProtocolPath } from "./exchange.ts";
import { type OpenOptions, openSync, type Sync } from "./open.ts";
import { type NodeRequest, respond, targetOf } from "./respond.ts";
import { parseStoreName, type StoreName } from "./store-name.ts";
import { parseWebhookSecret, type WebhookSecret } from "./webhook-signature.ts";

export type { EventSockets };
export {
  type OpenOptions,
  openSync,
  parseStoreName,
  parseWebhookSecret,
  type StoreName,
  type Sync,
  type WebhookSecret,
};

export interface HandlerOptions {
  /** From `openSync`. Handler and sockets of one server share one. */
  readonly sync: Sync;
}

/** As Express and its kin call it. `body` is there when a parser of theirs ran before. */
export type SyncHandler = (
  request: NodeRequest,
  response: ServerResponse,
  next: (error?: unknown) => void,
) => void;

/**
 * Answers the calls of the protocol (`/api/contacts`, `/api/sync/...`, `/api/push/...` and so on, where the server has
 * them), and hands everything else to `next`. Mount it before body parsers where it can be: what express.json() has
 * parsed is taken as it is, but broken JSON is then answered by express, and webhooks cannot be verified.
 */
export function createSyncHandler({ sync }: HandlerOptions): SyncHandler {
  return (request, response, next) => {
    if (!isProtocolPath(targetOf(request))) return next();
    void respond(sync, request, response, undefined);
  };
}

export interface SocketOptions extends HandlerOptions {
  /** Where the upgrade is asked for; `/api/sync/events` when it is not given. */
  readonly path?: string;
}

/**
 * Serves `GET /api/sync/events` on a server. Upgrades to other paths are left to its other listeners. Close what it
 * returns before the server, and `sync` last.
 */
export function attachSyncSocket(server: Server, { sync, path }: SocketOptions): EventSockets {
  return serveEventSockets(server, {
    service: sync.service,
    clock: sync.clock,
    limits: sync.limits,
    ...(path === undefined ? undefined : { path }),
  });
}
