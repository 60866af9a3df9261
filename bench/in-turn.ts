/**
 * Owns a server in front of several others: each request and each upgrade goes to the next of them.
 * Refuses to change a byte of what passes.
 */

import { Agent, createServer, request } from "node:http";
import { type AddressInfo, connect } from "node:net";

export interface InTurn {
  readonly url: string;
  close(): Promise<void>;
}

/** Starts it on a free port, in front of these addresses. */
export async function startInTurn(urls: readonly string[]): Promise<InTurn> {
  const agent = new Agent({ keepAlive: true });
  let turn = 0;
  const next = (): URL => new URL(urls[turn++ % urls.length] ?? "");
  const server = createServer((got, response) => {
    const { hostname, port } = next();
    const passed = request(
      { hostname, port, path: got.url, method: got.method, headers: got.headers, agent },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
        answer.pipe(response);
      },
    );
    passed.on("error", () => response.destroy());
    got.pipe(passed);
  });
  server.on("upgrade", (got, socket, head) => {
    const { hostname, port } = next();
    const behind = connect(Number(port), hostname, () => {
      const headers: string[] = [];
      for (let at = 0; at < got.rawHeaders.length; at += 2)
        headers.push(`${got.rawHeaders[at]}: ${got.rawHeaders[at + 1]}\r\n`);
      behind.write(`${got.method} ${got.url} HTTP/1.1\r\n${headers.join("")}\r\n`);
      behind.write(head);
      socket.pipe(behind).pipe(socket);
    });
    for (const [one, other] of [
      [socket, behind],
      [behind, socket],
    ] as const) {
      one.on("error", () => other.destroy());
      one.on("close", () => other.destroy());
    }
  });
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
