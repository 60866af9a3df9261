/**
 * Owns the crowd of event sockets of serve's bench: opening them, the rate at which one account's get its changes,
 * and how long a change takes to them.
 * Refuses to lose a frame in silence: each socket must have had as many as there were writes.
 */

import { Load } from "./load.ts";
import { type EventReader, RawEvents } from "./raw-events.ts";
import { RawConnection, requestOf } from "./raw-http.ts";

export interface CrowdOptions {
  readonly port: number;
  /** Each gets `perToken` sockets. */
  readonly tokens: readonly string[];
  readonly perToken: number;
}

export interface FanOut {
  readonly writes: number;
  readonly events: number;
  /** From the first write's sending to the last event's arrival. */
  readonly seconds: number;
  readonly cpu: number;
  /** Events that did not come, and sockets that were closed. */
  readonly missing: number;
  readonly gone: number;
}

export interface Spread {
  /** From the write's sending to the arrival at half of the sockets, of each write. */
  readonly medianMs: readonly number[];
  /** The same to the last of them. */
  readonly lastMs: readonly number[];
}

const OPENING_AT_ONCE = 200;
const PATIENCE_MS = 10_000;

class Reader implements EventReader {
  private readonly crowd: Crowd;
  private readonly open: () => void;
  private isReady = false;
  /** Only the first token's account is written to. */
  readonly isHeard: boolean;

  constructor(crowd: Crowd, isHeard: boolean, open: () => void) {
    this.crowd = crowd;
    this.isHeard = isHeard;
    this.open = open;
  }

  frame(): void {
    if (this.isReady) this.crowd.heard();
    else {
      this.isReady = true;
      this.open();
    }
  }

  gone(): void {
    this.crowd.gone++;
    if (!this.isReady) this.open();
  }
}

export class Crowd {
  gone = 0;
  private readonly options: CrowdOptions;
  private readonly sockets: RawEvents[] = [];
  private events = 0;
  private lastAtMs = 0;
  private wanted = Number.POSITIVE_INFINITY;
  private half = Number.POSITIVE_INFINITY;
  private halfAtMs = 0;
  private reached: () => void = () => {};

  constructor(options: CrowdOptions) {
    this.options = options;
  }

  /** Opens all, so many at once; each is open when it is told `ready`. */
  async open(): Promise<number> {
    const { port, tokens, perToken } = this.options;
    const count = tokens.length * perToken;
    let next = 0;
    const openOn = async (): Promise<void> => {
      while (next < count) {
        const index = next++;
        const token = tokens[Math.floor(index / perToken)] as string;
        await new Promise<void>((resolve) => {
          this.sockets.push(new RawEvents(port, token, index, new Reader(this, index < perToken, resolve)));
        });
      }
    };
    await Promise.all(Array.from({ length: OPENING_AT_ONCE }, openOn));
    return count - this.gone;
  }

  heard(): void {
    this.events++;
    if (this.events === this.half) this.halfAtMs = performance.now();
    if (this.events === this.wanted) {
      this.lastAtMs = performance.now();
      this.reached();
    }
  }

  /** Writers write as fast as they are answered; every socket of the first account hears of each write. */
  async fanOut(writers: number, seconds: number, tag: string): Promise<FanOut> {
    const { port, tokens, perToken } = this.options;
    const work = { kind: "patch", tag, creates: true } as const;
    const load = new Load({ port, token: tokens[0] as string, callers: writers, work });
    await this.hear(writers * perToken, () => load.prepare());
    const cpu = process.cpuUsage();
    const beganAtMs = performance.now();
    this.events = 0;
    this.wanted = Number.POSITIVE_INFINITY;
    const { requests, faults, firstFault } = await load.run(seconds);
    if (faults > 0) throw new Error(`a write failed: ${firstFault}`);
    const wanted = requests * perToken;
    await this.until(wanted);
    const { user, system } = process.cpuUsage(cpu);
    load.close();
    return {
      writes: requests,
      events: this.events,
      seconds: (Math.max(this.lastAtMs, beganAtMs) - beganAtMs) / 1_000,
      cpu: user + system,
      missing: wanted - this.events,
      gone: this.gone,
    };
  }

  /** One write at a time, with a pause after each. */
  async spread(writes: number, pauseMs: number): Promise<Spread> {
    const { port, tokens, perToken } = this.options;
    const token = tokens[0] as string;
    let fault: string | undefined;
    const line = new RawConnection(port, (status, body) => {
      if (status !== 201) fault ??= `${status} ${body}`;
    });
    const medianMs: number[] = [];
    const lastMs: number[] = [];
    for (let index = 0; index < writes; index++) {
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
      let sentAtMs = 0;
      this.half = Math.ceil(perToken / 2);
      await this.hear(perToken, () => {
        sentAtMs = performance.now();
        line.send(
          requestOf("POST", "/api/contacts", token, "", `{"id":"spread-${index}","name":"a change"}`),
        );
      });
      if (fault !== undefined) throw new Error(`a write failed: ${fault}`);
      medianMs.push(this.halfAtMs - sentAtMs);
      lastMs.push(this.lastAtMs - sentAtMs);
    }
    this.half = Number.POSITIVE_INFINITY;
    line.close();
    return { medianMs, lastMs };
  }

  close(): void {
    for (const socket of this.sockets) socket.close();
  }

  /** Runs something, and waits for so many events of it. */
  private async hear(count: number, run: () => void | Promise<void>): Promise<void> {
    this.events = 0;
    this.wanted = count;
    await run();
    await this.until(count);
    if (this.events < count) throw new Error(`${count - this.events} of ${count} events did not come`);
  }

  private async until(count: number): Promise<void> {
    if (this.events >= count) {
      // The last one came before it was known to be the last.
      if (this.wanted !== count) this.lastAtMs = performance.now();
      return;
    }
    this.wanted = count;
    await new Promise<void>((resolve) => {
      const cut = setTimeout(resolve, PATIENCE_MS);
      this.reached = () => {
        clearTimeout(cut);
        resolve();
      };
    });
  }
}
