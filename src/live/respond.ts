/**
 * Owns one request of Node's HTTP server from its body to its response, whichever framework handed it on.
 * Refuses to know routes: what a path means is the exchange's.
 */

import type { IncomingMessage, ServerResponse } from "node:http";
import type { Incoming } from "./exchange.ts";
import { headersOf, sendAnswer } from "./http-bytes.ts";
import type { Sync } from "./open.ts";

export interface Responded {
  readonly route: string;
  readonly status: number;
}

/** A request as frameworks hand it on; `body` is there when a parser of theirs ran before. */
export type NodeRequest = IncomingMessage & { readonly originalUrl?: string; readonly body?: unknown };

/** Reads the body, answers, and fulfils when the answer was handed to the response. Never rejects. */
export async function respond(
  sync: Sync,
  request: NodeRequest,
  response: ServerResponse,
  requestId: string | undefined,
): Promise<Responded> {
  const read = hasBody(request) ? await readBody(request, sync.exchange.bodyBytesRead) : NO_BODY;
  const { http, bytes, route } = await sync.exchange.answer({
    method: request.method ?? "",
    target: targetOf(request),
    headers: headersOf(request),
    body: read.body,
    ...(read.fault === undefined ? undefined : { fault: read.fault }),
  });
  // What was not read of a body must not be taken for the next request.
  sendAnswer(response, http, bytes, requestId, read.fault !== undefined || sync.isClosing);
  return { route, status: http.status };
}

const ORIGIN = /^https?:\/\/[^/?#]*/i;

/** The target with its path first: the absolute form must be taken too (RFC 9112, section 3.2.2). */
export function targetOf({ originalUrl, url }: Pick<NodeRequest, "originalUrl" | "url">): string {
  const target = originalUrl ?? url ?? "/";
  return target.startsWith("/") ? target : target.replace(ORIGIN, "");
}

interface ReadBody {
  readonly body?: Buffer;
  readonly fault?: NonNullable<Incoming["fault"]>;
}

const NO_BODY: ReadBody = {};
const TOO_LARGE: ReadBody = { fault: "too_large" };
const BROKEN: ReadBody = { fault: "broken" };

/** RFC 9112, section 6.3: a request without either header has no body. */
function hasBody({ headers }: IncomingMessage): boolean {
  return headers["content-length"] !== undefined || headers["transfer-encoding"] !== undefined;
}

/** The whole body, or what a parser before us made of it. One that is too large is not kept [API-3]. */
function readBody(request: NodeRequest, bytesMax: number): Promise<ReadBody> | ReadBody {
  if (request.body !== undefined) return parsedBefore(request.body);
  if (Number(request.headers["content-length"] ?? 0) > bytesMax) return TOO_LARGE;
  return new Promise((resolve) => {
    let chunks: Buffer[] = [];
    let bytes = 0;
    request.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= bytesMax) return void chunks.push(chunk);
      chunks = [];
      resolve(TOO_LARGE);
    });
    request.once("end", () => resolve(bytes === 0 ? NO_BODY : { body: whole(chunks) }));
    request.once("error", () => resolve(BROKEN));
    request.once("close", () => resolve(BROKEN));
  });
}

function whole(chunks: readonly Buffer[]): Buffer {
  const [first] = chunks;
  return chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks);
}

function parsedBefore(body: unknown): ReadBody {
  if (Buffer.isBuffer(body)) return { body };
  return { body: Buffer.from(typeof body === "string" ? body : JSON.stringify(body)) };
}
