/**
 * Owns a slow way to a server: every byte of every connection, WebSockets among them, arrives later than it was sent, by
 * a time that varies, and in order.
 * Refuses to know HTTP.
 */

import { type AddressInfo, connect, createServer, type Socket } from "node:net";

export interface Relay {
  readonly url: string;
  close(): Promise<void>;
}

export interface Delay {
  /** Of a round trip, on the average. */
  readonly roundTripMs: number;
  /** Each way takes so much longer or shorter, at the most. */
  readonly jitterMs: number;
}

/** Starts it on a free port, in front of this address. */
export async function startRelay(behind: string, delay: Delay): Promise<Relay> {
  const { hostname, port } = new URL(behind);
  const open = new Set<Socket>();
  const server = createServer({ noDelay: true, allowHalfOpen: true }, (near) => {
    const far = connect({ host: hostname, port: Number(port), noDelay: true, allowHalfOpen: true });
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      open.add(from);
      pass(from, to, delay);
      from.on("close", () => open.delete(from));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => {
      for (const socket of open) socket.destroy();
      return new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/** What comes from one side goes to the other in its time; a reader that does not read holds its writer up. */
function pass(from: Socket, to: Socket, delay: Delay): void {
  const way = new Way(delay);
  let waiting = 0;
  const resume = (): void => {
    if (waiting < UNSENT_BYTES_MAX && !to.writableNeedDrain) from.resume();
  };
  from.on("data", (chunk) => {
    waiting += chunk.length;
    way.later(() => {
      waiting -= chunk.length;
      if (!to.destroyed) to.write(chunk);
      resume();
    });
    if (waiting >= UNSENT_BYTES_MAX || to.writableNeedDrain) from.pause();
  });
  to.on("drain", resume);
  from.on("end", () => way.later(() => to.end()));
  from.on("error", () => {});
  from.on("close", () => way.later(() => to.destroySoon()));
}

/** One direction: what was given to it happens later, in the same order. Timers alone would not keep it. */
class Way {
  private readonly delay: Delay;
  private readonly queue: { readonly atMs: number; run(): void }[] = [];
  private lastAtMs = 0;
  private isTimed = false;

  constructor(delay: Delay) {
    this.delay = delay;
  }

  later(run: () => void): void {
    const { roundTripMs, jitterMs } = this.delay;
    const dueMs = performance.now() + roundTripMs / 2 + (2 * Math.random() - 1) * jitterMs;
    this.lastAtMs = Math.max(this.lastAtMs, dueMs);
    this.queue.push({ atMs: this.lastAtMs, run });
    this.plan();
  }

  private plan(): void {
    const [first] = this.queue;
    if (this.isTimed || first === undefined) return;
    this.isTimed = true;
    setTimeout(this.turn, Math.max(0, first.atMs - performance.now()));
  }

  private readonly turn = (): void => {
    this.isTimed = false;
    while ((this.queue[0]?.atMs ?? Number.POSITIVE_INFINITY) <= performance.now()) this.queue.shift()?.run();
    this.plan();
  };
}

const UNSENT_BYTES_MAX = 1_048_576;
