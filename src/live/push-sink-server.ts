/**
 * Owns the push sink: a server on the loopback that speaks Expo's send and receipts calls, and answers as it was told.
 * Refuses to push anything anywhere, and to judge what it is sent.
 *
 * Source: https://docs.expo.dev/push-notifications/sending-notifications/
 */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { gunzipSync } from "node:zlib";
import type { PushAnswer, PushMode, PushView, SeenPush } from "../conformance/target.ts";

const BODY_BYTES_MAX = 4 * 1_048_576;
const SEND = /\/push\/send$/;
const RECEIPTS = /\/push\/getReceipts$/;
const OK: PushAnswer = { answer: "ok" };

export class PushSinkServer {
  private readonly server: Server;
  private readonly messages: SeenPush[] = [];
  private readonly receiptCalls: number[] = [];
  private readonly tickets = new Map<string, PushAnswer>();
  private readonly watchers = new Set<() => void>();
  private isClosed = false;
  private current: PushMode = { tokens: new Map() };
  private toFail = 0;
  private calls = 0;

  private constructor() {
    this.server = createServer((request, response) => void this.serve(request, response));
  }

  /** Listens on 127.0.0.1; port 0 is any that is free. */
  static async open(port: number): Promise<PushSinkServer> {
    const sink = new PushSinkServer();
    await new Promise<void>((resolve, reject) => {
      sink.server.once("error", reject);
      sink.server.listen(port, "127.0.0.1", resolve);
    });
    return sink;
  }

  /** Where a target is to be pointed at. */
  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  get view(): PushView {
    return { messages: this.messages, receiptCalls: this.receiptCalls };
  }

  set mode(mode: PushMode) {
    this.current = mode;
    this.toFail = mode.failing?.calls ?? 0;
  }

  /** Waits until the condition holds of what came, or the time is over. */
  waitFor(until: (view: PushView) => boolean, withinMs: number): Promise<PushView> {
    return new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        this.watchers.delete(look);
        resolve(this.view);
      };
      const look = (): void => {
        if (this.isClosed || until(this.view)) end();
      };
      const timer = setTimeout(end, withinMs);
      this.watchers.add(look);
      look();
    });
  }

  async close(): Promise<void> {
    this.isClosed = true;
    for (const watcher of [...this.watchers]) watcher();
    this.server.closeAllConnections();
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readJson(request);
    const path = (request.url ?? "").split("?")[0] ?? "";
    if (body === undefined) return answer(response, 400, { errors: [{ code: "VALIDATION_ERROR" }] });
    if (RECEIPTS.test(path)) return answer(response, 200, { data: this.receipts(body) });
    if (!SEND.test(path)) return answer(response, 404, { errors: [{ code: "NOT_FOUND" }] });
    const call = this.calls++;
    if (this.toFail > 0) {
      this.toFail--;
      return answer(response, this.current.failing?.status ?? 500, {
        errors: [{ code: "FAILED_ON_PURPOSE" }],
      });
    }
    const messages = (Array.isArray(body) ? (body as readonly unknown[]) : [body]).flatMap(addressed);
    const tickets = messages.map((message) => this.ticket(message, call));
    const isOne = !Array.isArray(body) && messages[0] === body;
    answer(response, 200, { data: isOne ? tickets[0] : tickets });
    for (const watcher of [...this.watchers]) watcher();
  }

  private ticket(message: unknown, call: number): object {
    const { to } = Object(message) as { readonly to?: unknown };
    const ticket = this.current.tokens.get(String(to)) ?? OK;
    this.messages.push({ atMs: Date.now(), call, message, ticket });
    if (ticket.answer === "ticket_error") {
      return { status: "error", message: "refused on purpose", details: { error: ticket.error } };
    }
    const id = `ticket-${this.messages.length}`;
    this.tickets.set(id, ticket);
    return { status: "ok", id };
  }

  private receipts(body: unknown): object {
    const { ids } = Object(body) as { readonly ids?: unknown };
    const asked = Array.isArray(ids) ? ids.map(String) : [];
    this.receiptCalls.push(asked.length);
    return Object.fromEntries(
      asked.flatMap((id) => {
        const ticket = this.tickets.get(id);
        if (ticket === undefined) return [];
        if (ticket.answer !== "receipt_error") return [[id, { status: "ok" }]];
        return [[id, { status: "error", message: "refused on purpose", details: { error: ticket.error } }]];
      }),
    );
  }
}

/** `to` may be a list of tokens: one message, and one ticket, for each of them. */
function addressed(message: unknown): readonly unknown[] {
  const { to } = Object(message) as { readonly to?: unknown };
  return Array.isArray(to) ? to.map((token: unknown) => ({ ...Object(message), to: token })) : [message];
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > BODY_BYTES_MAX) return undefined;
      chunks.push(chunk);
    }
    const whole = Buffer.concat(chunks);
    const plain = request.headers["content-encoding"] === "gzip" ? gunzipSync(whole) : whole;
    return JSON.parse(plain.toString("utf8")) as unknown;
  } catch {
    return undefined;
  }
}

function answer(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}
