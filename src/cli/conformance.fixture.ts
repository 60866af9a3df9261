/**
 * Owns what tests of `conformance` stand on: the reference live on the loopback, on memory, with a count of what it was
 * asked and a look at what is left in it; and plain servers that answer as they are told.
 * Refuses to judge.
 */

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { faultByName } from "../faults/all.ts";
import { startHttpServer } from "../live/http-server.ts";
import { type OpenOptions, openSync } from "../live/open.ts";
import { REFERENCE } from "../simulation/parts.ts";

export interface LiveReference {
  readonly url: string;
  /** Calls that came so far. */
  calls(): number;
  /** Ids of all records in all accounts. */
  records(): Promise<readonly string[]>;
  close(): Promise<void>;
}

/** The reference on a free port; `fault` plants one. */
export async function startReference(
  options: Omit<OpenOptions, "exchanged" | "plant"> & {
    readonly fault?: string;
    /** Told of each call. */
    called?(count: number): void;
  } = {},
): Promise<LiveReference> {
  const { fault, called, ...open } = options;
  const planted = fault === undefined ? undefined : faultByName(fault);
  if (fault !== undefined && planted === undefined) throw new Error(`there is no fault ${fault}`);
  let count = 0;
  const sync = await openSync({
    ...open,
    ...(planted === undefined ? {} : { plant: (parts) => planted.plant({ ...REFERENCE, ...parts }) }),
    exchanged: () => called?.(++count),
  });
  const server = await startHttpServer(sync, { host: "127.0.0.1", port: 0 });
  const tokens = Object.keys(open.settings?.tokens ?? { "tok-a": "", "tok-b": "" });
  let closed = false;
  return {
    url: server.url,
    calls: () => count,
    async records() {
      const ids: string[] = [];
      for (const token of tokens)
        for (const collection of ["contacts", "tasks", "lists"]) {
          const answer = await fetch(`${server.url}/api/${collection}`, {
            headers: { authorization: `Bearer ${token}` },
          });
          const { data } = (await answer.json()) as { readonly data: readonly { readonly id: string }[] };
          ids.push(...data.map(({ id }) => id));
        }
      return ids;
    },
    async close() {
      if (closed) return;
      closed = true;
      await server.close();
      await sync.close();
    },
  };
}

/** A server that answers every request by this. */
export async function startPlain(
  answer: (request: IncomingMessage, response: ServerResponse, body: string) => void,
): Promise<{ readonly url: string; close(): Promise<void> }> {
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk) => {
      body += String(chunk);
    });
    request.on("end", () => answer(request, response, body));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => {
      server.closeAllConnections();
      return new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
