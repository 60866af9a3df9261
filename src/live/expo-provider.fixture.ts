/**
 * Owns Expo's push service as a test has it: msw below the sockets, so that the SDK's own HTTP client is heard too.
 * Refuses to know what ought to be sent. Each answer is the test's to give.
 */

import { gunzipSync } from "node:zlib";
import { HttpRequestInterceptor } from "@mswjs/interceptors/http";
import { HttpResponse, http } from "msw";
import { defineNetwork, InterceptorSource } from "msw/experimental";
import type { PushMessage } from "../protocol/messages.ts";

export const BASE = "http://push.test";
export const SEND_PATH = "/--/api/v2/push/send";
export const RECEIPTS_PATH = "/--/api/v2/push/getReceipts";

/** One call as it came over the wire. */
export interface ProviderCall {
  readonly url: string;
  readonly headers: Headers;
  /** Unpacked. */
  readonly text: string;
}

type Responder = (body: never, call: ProviderCall) => Response | Promise<Response>;

export class ExpoProvider {
  readonly sends: ProviderCall[] = [];
  readonly asks: ProviderCall[] = [];
  /** How the next send calls are answered. */
  onSend: (messages: readonly PushMessage[], call: ProviderCall) => Response | Promise<Response>;
  onReceipts: (ids: readonly string[], call: ProviderCall) => Response | Promise<Response>;
  private readonly network;
  private closed = false;

  constructor() {
    this.onSend = acceptAll();
    this.onReceipts = (ids) => json({ data: Object.fromEntries(ids.map((id) => [id, { status: "ok" }])) });
    const route = (path: string, calls: ProviderCall[], respond: Responder) =>
      http.post(new RegExp(`${path}$`), async ({ request }) => {
        const call = await read(request);
        calls.push(call);
        return respond(JSON.parse(call.text) as never, call);
      });
    this.network = defineNetwork({
      sources: [new InterceptorSource({ interceptors: [new HttpRequestInterceptor()] })],
      handlers: [
        route(SEND_PATH, this.sends, (messages, call) => this.onSend(messages, call)),
        route(RECEIPTS_PATH, this.asks, ({ ids }: { ids: readonly string[] }, call) =>
          this.onReceipts(ids, call),
        ),
      ],
      onUnhandledFrame: "error",
      context: { quiet: true },
    });
    this.network.enable();
  }

  /** Every message so far, in order. */
  get messages(): readonly PushMessage[] {
    return this.sends.flatMap(({ text }) => JSON.parse(text) as PushMessage[]);
  }

  /** May be called twice. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.network.disable();
  }
}

export const json = (body: object, init?: { status?: number; headers?: Record<string, string> }) =>
  HttpResponse.json(body, init);

export const html = (status = 200) =>
  HttpResponse.html("<html><title>Welcome to the hotel</title></html>", { status });

/** A ticket per message, each with an id of its own. */
export function acceptAll(
  ticketOf: (message: PushMessage, id: string) => object = (_, id) => ({ status: "ok", id }),
) {
  let next = 1;
  return (messages: readonly PushMessage[]) =>
    json({ data: messages.map((message) => ticketOf(message, `ticket-${next++}`)) });
}

async function read(request: Request): Promise<ProviderCall> {
  const bytes = Buffer.from(await request.arrayBuffer());
  const isPacked = request.headers.get("content-encoding") === "gzip";
  return {
    url: request.url,
    headers: request.headers,
    text: (isPacked ? gunzipSync(bytes) : bytes).toString("utf8"),
  };
}
