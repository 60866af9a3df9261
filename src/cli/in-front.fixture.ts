/**
 * Owns a middlebox for tests: a server in front of another that passes everything on byte for byte, but for what it is
 * told to do to an answer. Upgrades go nowhere.
 * Refuses to judge.
 */

import {
  Agent,
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";

/** An answer on its way back. */
interface Passing {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface InFront {
  readonly url: string;
  close(): Promise<void>;
}

/** What is done to the nth call, the first being 1: `undefined` passes it on to the server behind. */
export interface Meddling {
  before?(request: IncomingMessage, response: ServerResponse, nth: number): "taken" | undefined;
  /** How long the nth call is held up. */
  delayMs?(nth: number): number;
  /** What becomes of an answer. */
  answer?(passing: Passing, request: IncomingMessage): Passing;
}

/** Starts it on a free port. */
export async function startInFront(behind: string, meddling: Meddling): Promise<InFront> {
  const agent = new Agent({ keepAlive: true });
  let count = 0;
  const server = createServer((got, response) => {
    if (meddling.before?.(got, response, ++count) === "taken") return;
    const passed = request(
      `${behind}${got.url}`,
      { method: got.method, headers: got.headers, agent },
      (answer) => {
        const chunks: Buffer[] = [];
        answer.on("data", (chunk: Buffer) => chunks.push(chunk));
        answer.on("end", () => {
          const {
            "transfer-encoding": _chunked,
            "content-length": _length,
            connection: _kept,
            ...headers
          } = answer.headers;
          const came = { status: answer.statusCode ?? 0, headers, body: Buffer.concat(chunks) };
          const told = meddling.answer?.(came, got) ?? came;
          response.writeHead(told.status, told.headers as Record<string, string>).end(told.body);
        });
      },
    );
    passed.on("error", () => response.destroy());
    setTimeout(() => got.pipe(passed), meddling.delayMs?.(count) ?? 0);
  });
  server.on("upgrade", (_request, socket) =>
    socket.end("HTTP/1.1 404 Not Found\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"),
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => {
      agent.destroy();
      server.closeAllConnections();
      return new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
