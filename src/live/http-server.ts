/**
 * Owns the HTTP server of `zeke-sync serve`: Fastify around the exchange, the pages for operators, and a graceful end.
 * Refuses to know calls: every path of the protocol goes to the exchange as it stands in the request line.
 */

import {
  createServer,
  type IncomingMessage,
  type Server,
  type ServerOptions,
  type ServerResponse,
} from "node:http";
import type { Socket } from "node:net";
import Fastify, { type FastifyInstance, LogController } from "fastify";
import { type EventSockets, serveEventSockets } from "./event-sockets.ts";
import { refusalBytes } from "./http-bytes.ts";
import type { Sync } from "./open.ts";
import { respond } from "./respond.ts";

export interface HttpServerOptions {
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
  /** Where log lines go, one JSON object each; undefined: nowhere. */
  readonly log?: { readonly level: string; readonly stream: { write(line: string): void } };
}

export interface HttpServer {
  /** `http://127.0.0.1:8080` */
  readonly url: string;
  readonly port: number;
  /** For the operator's log: an event in a few words, and what belongs to it. */
  log(level: "info" | "warn" | "error", what: string, details?: object): void;
  /** Takes nothing new, finishes what is under way, closes sockets with 1001. `Sync.close` comes after. */
  close(): Promise<void>;
}

/** How long calls under way may take after the server was asked to stop. */
const CLOSE_WITHIN_MS = 10_000;
/** How long a refused peer has to read its refusal. */
const REFUSED_WITHIN_MS = 1_000;
const KEEP_ALIVE_MS = 65_000;
const OPERATOR_PAGES = new Set(["/healthz", "/readyz", "/metrics"]);

/** Listens; rejects when the port cannot be had. */
export async function startHttpServer(sync: Sync, options: HttpServerOptions): Promise<HttpServer> {
  const app = createApp(sync, options);
  addOperatorPages(app, sync);
  const sockets = serveEventSockets(app.server, {
    service: sync.service,
    clock: sync.clock,
    limits: sync.limits,
  });
  await app.listen({ host: options.host, port: options.port });
  const address = app.server.address();
  const port = typeof address === "object" && address !== null ? address.port : options.port;
  const host = options.host.includes(":") ? `[${options.host}]` : options.host;
  return {
    url: `http://${host}:${port}`,
    port,
    log: (level, what, details = {}) => app.log[level](details, what),
    close: () => closeAll(app, sockets, sync),
  };
}

/**
 * Calls go past Fastify's router, straight to the responder that a mounted handler uses too: what a path means is the
 * protocol's, not the router's. Fastify has the operators' pages, the log and the end.
 */
function createApp(sync: Sync, options: HttpServerOptions): FastifyInstance {
  const { requestTimeoutMs: requestTimeout } = sync.limits();
  const app: FastifyInstance = Fastify({
    logger:
      options.log === undefined ? false : { level: options.log.level, stream: joined(options.log.stream) },
    logController: new LogController({ disableRequestLogging: true }),
    return503OnClosing: false,
    serverFactory: (pages) =>
      createServer(nodeOptionsOf(requestTimeout), (request, response) => {
        if (OPERATOR_PAGES.has(pathOf(request.url ?? "/"))) pages(request, response);
        else void answerCall(sync, app, request, response);
      }),
    clientErrorHandler: refuseBroken,
  });
  // Node would answer 417 by itself, before the token is looked at and without the error shape [SEC-1, API-2].
  app.server.on("checkExpectation", (request: IncomingMessage, response: ServerResponse) =>
    app.server.emit("request", request, response),
  );
  return app;
}

function nodeOptionsOf(requestTimeout: number): ServerOptions & UpgradeOptions {
  return {
    requestTimeout,
    // Of the two, Node gives the longer one to the whole request: this must not be it.
    headersTimeout: requestTimeout,
    keepAliveTimeout: KEEP_ALIVE_MS,
    // Half-open requests are looked for this often.
    connectionsCheckingInterval: Math.min(1_000, requestTimeout),
    // Some clients offer HTTP/2 with every request; an upgrade may be ignored (RFC 9110, section 7.8).
    shouldUpgradeCallback: ({ headers }) => headers.upgrade?.toLowerCase() === "websocket",
  };
}

/** Node knows this from 24.9 on, and its types not yet. Before, every upgrade reaches the event sockets. */
interface UpgradeOptions {
  shouldUpgradeCallback(request: IncomingMessage): boolean;
}

/** What Node does not show in its types: the oldest answer that this connection still owes. */
interface Owing {
  readonly _httpMessage?: (ServerResponse & { readonly req: IncomingMessage }) | null;
}

const refused = new WeakSet<Socket>();

/** Refuses what is no HTTP, or did not come to its end in time. */
function refuseBroken(error: { readonly code?: string }, socket: Socket): void {
  const owed = (socket as Owing)._httpMessage;
  if (!socket.writable || owed?.headersSent || refused.has(socket)) return void socket.destroy();
  refused.add(socket);
  // A whole request before this one waits for its answer: a refusal would be taken for it, and say of a write that is
  // stored that it was refused [API-2].
  if (owed?.req.complete) return void owed.once("finish", () => socket.destroySoon());
  socket.end(refusalOf(error.code));
  // A peer that keeps its side open must not keep the connection.
  const cut = setTimeout(() => socket.destroy(), REFUSED_WITHIN_MS);
  socket.once("close", () => clearTimeout(cut));
}

/** Lines of one turn of the event loop leave in one write. */
function joined(stream: { write(line: string): void }): { write(line: string): void } {
  let lines = "";
  const flush = (): void => {
    const text = lines;
    lines = "";
    stream.write(text);
  };
  return {
    write: (line) => {
      if (lines === "") setImmediate(flush);
      lines += line;
    },
  };
}

async function answerCall(
  sync: Sync,
  app: FastifyInstance,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const beganAt = performance.now();
  const requestId = requestIdOf(request);
  const { route, status } = await respond(sync, request, response, requestId);
  const ms = Math.round((performance.now() - beganAt) * 1_000) / 1_000;
  app.log.info({ requestId, route, status, ms }, "answered");
}

/** What is told of a request that never became one. */
function refusalOf(code: string | undefined): string {
  switch (code) {
    case "ERR_HTTP_REQUEST_TIMEOUT":
      return refusalBytes(408, "invalid_request", "the request did not come to its end");
    case "HPE_HEADER_OVERFLOW":
      return refusalBytes(431, "invalid_request", "the headers are too long");
    default:
      return refusalBytes(400, "invalid_request", "not HTTP");
  }
}

function pathOf(target: string): string {
  const mark = target.indexOf("?");
  return mark < 0 ? target : target.slice(0, mark);
}

let requestCount = 0;

/** The caller's own id where it is a plain one, so that its logs and ours can be read together. */
function requestIdOf(request: { readonly headers: Readonly<Record<string, unknown>> }): string {
  const given = request.headers["x-request-id"];
  if (typeof given === "string" && /^[A-Za-z0-9_.-]{1,64}$/.test(given)) return given;
  requestCount = (requestCount + 1) % Number.MAX_SAFE_INTEGER;
  return `req-${requestCount.toString(36)}`;
}

function addOperatorPages(app: FastifyInstance, sync: Sync): void {
  app.get("/healthz", () => ({ status: "ok" }));
  app.get("/readyz", (_request, reply) => {
    const trouble = sync.trouble();
    if (trouble === undefined) return { status: "ready" };
    return reply.code(503).header("retry-after", "1").send({ status: "not ready", reason: trouble });
  });
  app.get("/metrics", async (_request, reply) => {
    const { type, body } = await sync.figures.text();
    return reply.type(type).send(body);
  });
}

async function closeAll(app: FastifyInstance, sockets: EventSockets, sync: Sync): Promise<void> {
  sync.beginClose();
  const server: Server = app.server;
  const cut = setTimeout(() => server.closeAllConnections(), CLOSE_WITHIN_MS);
  const closed = app.close();
  await sockets.close();
  await closed;
  clearTimeout(cut);
}
