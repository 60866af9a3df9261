/**
 * Owns the load of serve's bench: so many callers, each sending its next call when it has the answer to its last.
 * Refuses to count what failed: each answer is looked at.
 */

import { RawConnection, requestOf } from "./raw-http.ts";

export interface LoadOptions {
  readonly port: number;
  readonly token: string;
  readonly callers: number;
  readonly work:
    | {
        /** A chain of conditional PATCHes with a key each; every caller has its own contact. */
        readonly kind: "patch";
        /** In ids and keys, so that loads do not meet. */
        readonly tag: string;
        /** The contacts are to be made first. */
        readonly creates: boolean;
      }
    | { readonly kind: "get"; readonly target: string };
}

export interface LoadFigures {
  readonly requests: number;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Of the last answer's body. */
  readonly bytes: number;
  /** CPU time of this process, microseconds. */
  readonly cpu: number;
  readonly faults: number;
  readonly firstFault: string | undefined;
}

/** What one caller sends next, and whether the last answer is a good one. */
interface Caller {
  first(): string | undefined;
  next(): string;
  /** False when the call was not answered as it must be. */
  take(status: number, body: string): boolean;
}

const REVISION = '"revisionId":"';

class Patcher implements Caller {
  private revision = "";
  private count = 0;
  private readonly id: string;
  private readonly token: string;
  private readonly creates: boolean;

  constructor(id: string, token: string, creates: boolean) {
    this.id = id;
    this.token = token;
    this.creates = creates;
  }

  first(): string | undefined {
    const body = `{"id":"${this.id}","name":"first"}`;
    return this.creates ? requestOf("POST", "/api/contacts", this.token, "", body) : undefined;
  }

  next(): string {
    const { id, revision } = this;
    const count = ++this.count;
    return requestOf(
      "PATCH",
      `/api/contacts/${id}`,
      this.token,
      `If-Match: "${revision}"\r\nIdempotency-Key: key-${id}-${count}\r\nX-Device-Id: device-${id}\r\n`,
      `{"name":"name ${count}","phone":"+49 30 1234567","email":"someone@example.com","notes":"some notes that are a little longer"}`,
    );
  }

  take(status: number, body: string): boolean {
    const start = body.indexOf(REVISION) + REVISION.length;
    const revision = body.slice(start, body.indexOf('"', start));
    const isGood = (status === 200 || status === 201) && revision > this.revision;
    this.revision = revision;
    return isGood;
  }
}

class Getter implements Caller {
  private readonly request: string;
  private bytes = 0;

  constructor(target: string, token: string) {
    this.request = requestOf("GET", target, token, "", "");
  }

  first(): undefined {}

  next(): string {
    return this.request;
  }

  take(status: number, body: string): boolean {
    // The log under it stands still: each answer is as long as the first.
    if (this.bytes === 0) this.bytes = body.length;
    return status === 200 && body.length === this.bytes;
  }
}

export class Load {
  private readonly callers: { readonly caller: Caller; readonly line: RawConnection; sentAt: number }[] = [];
  private latencies: number[] = [];
  private untilMs = 0;
  private running = 0;
  private bytes = 0;
  private faults = 0;
  private firstFault: string | undefined;
  private done: () => void = () => {};

  constructor({ port, token, callers, work }: LoadOptions) {
    for (let index = 0; index < callers; index++) {
      const caller =
        work.kind === "patch"
          ? new Patcher(`${work.tag}-${index}`, token, work.creates)
          : new Getter(work.target, token);
      const line = new RawConnection(port, (status, body) => this.answered(index, status, body));
      this.callers.push({ caller, line, sentAt: 0 });
    }
  }

  /** Makes what the callers work on; before the first `run`. */
  prepare(): Promise<void> {
    this.untilMs = 0;
    return this.start((caller) => caller.first());
  }

  /** Calls for so long, and waits for the last answers. */
  async run(seconds: number): Promise<LoadFigures> {
    this.latencies = [];
    this.faults = 0;
    this.firstFault = undefined;
    const cpu = process.cpuUsage();
    const beganAt = performance.now();
    this.untilMs = beganAt + seconds * 1_000;
    await this.start((caller) => caller.next());
    const took = (performance.now() - beganAt) / 1_000;
    const { user, system } = process.cpuUsage(cpu);
    const sorted = Float64Array.from(this.latencies).sort();
    const at = (share: number): number => sorted[Math.floor(sorted.length * share)] ?? 0;
    const { bytes, faults, firstFault } = this;
    return {
      requests: sorted.length,
      seconds: took,
      p50Ms: at(0.5),
      p99Ms: at(0.99),
      bytes,
      cpu: user + system,
      faults,
      firstFault,
    };
  }

  close(): void {
    for (const { line } of this.callers) line.close();
  }

  private start(requestOf: (caller: Caller) => string | undefined): Promise<void> {
    return new Promise((resolve) => {
      this.done = resolve;
      this.running = this.callers.length;
      for (const one of this.callers) {
        const request = requestOf(one.caller);
        one.sentAt = performance.now();
        if (request === undefined) this.end();
        else one.line.send(request);
      }
    });
  }

  private answered(index: number, status: number, body: string): void {
    const one = this.callers[index];
    if (one === undefined) return;
    const nowMs = performance.now();
    if (one.caller.take(status, body)) {
      this.latencies.push(nowMs - one.sentAt);
      this.bytes = body.length;
    } else {
      this.faults++;
      this.firstFault ??= `${status} ${body.slice(0, 200)}`;
    }
    if (status === 0 || nowMs >= this.untilMs) {
      this.end();
      return;
    }
    one.sentAt = nowMs;
    one.line.send(one.caller.next());
  }

  private end(): void {
    this.running--;
    if (this.running === 0) this.done();
  }
}
