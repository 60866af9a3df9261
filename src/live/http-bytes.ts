/**
 * Owns what Node's HTTP and ours have in common: headers as a map, bodies as text, and refusals written by hand where
 * there is no response object (upgrades, broken requests).
 * Refuses to know any call.
 */

import type { IncomingMessage, ServerResponse } from "node:http";
import type { ErrorCode } from "../protocol/errors.ts";
import type { HttpAnswer } from "../proxy/http-answer.ts";
import type { Headers } from "../proxy/http-border.ts";

/** The headers of a request; one that came several times is joined as Node does it. */
export function headersOf({ headers }: Pick<IncomingMessage, "headers">): Headers {
  return {
    get: (name) => {
      const value = headers[name];
      return typeof value === "object" ? value.join(", ") : value;
    },
  };
}

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The text of a body; undefined when its bytes are no UTF-8 (RFC 8259, section 8.1) [API-2]. */
export function textOfBody(body: Buffer): string | undefined {
  try {
    return UTF8.decode(body);
  } catch {
    return undefined;
  }
}

const REASONS: Readonly<Record<number, string>> = {
  400: "Bad Request",
  401: "Unauthorized",
  404: "Not Found",
  408: "Request Timeout",
  413: "Content Too Large",
  429: "Too Many Requests",
  431: "Request Header Fields Too Large",
  503: "Service Unavailable",
};

/** A whole HTTP answer that refuses, with the error shape of section 3, and closes. */
export function refusalBytes(
  status: number,
  code: ErrorCode,
  message: string,
  retryAfterSeconds?: number,
): string {
  const body = JSON.stringify({ error: code, message });
  const lines = [
    `HTTP/1.1 ${status} ${REASONS[status] ?? ""}`,
    "content-type: application/json; charset=utf-8",
    `content-length: ${Buffer.byteLength(body)}`,
    "connection: close",
    ...(status === 401 ? ["www-authenticate: Bearer"] : []),
    ...(retryAfterSeconds === undefined ? [] : [`retry-after: ${retryAfterSeconds}`]),
  ];
  return `${lines.join("\r\n")}\r\n\r\n${body}`;
}

/** Writes an answer, whose body has so many bytes, to a response of Node's, or of a framework over it. */
export function sendAnswer(
  response: ServerResponse,
  answer: HttpAnswer,
  bytes: number,
  requestId: string | undefined,
  closes: boolean,
): void {
  // Who broke the connection off reads nothing.
  if (response.destroyed || response.headersSent) return;
  const { status, headers, body } = answer;
  // All at once: a header set before makes Node copy them one by one.
  const own: Record<string, string | number> = { ...headers };
  if (body !== undefined) own["content-length"] = bytes;
  if (requestId !== undefined) own["x-request-id"] = requestId;
  if (closes) own.connection = "close";
  response.writeHead(status, own);
  response.end(body);
}
