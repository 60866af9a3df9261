/**
 * Owns the ledger of a run on disk: each thing that the run makes on its target is named here before the request that
 * makes it leaves, so that it can be found again after any end, SIGKILL included.
 * Refuses to hold a secret: accounts stand by number, tokens nowhere.
 */

import { closeSync, openSync, readFileSync, writeSync } from "node:fs";
import { looseOf } from "../conformance/reply.ts";
import type { HttpRequest, Outcome } from "../conformance/target.ts";
import {
  nameOfTrace,
  type Signs,
  type Trace,
  tracesAnswered,
  tracesEnded,
  tracesSent,
} from "../conformance/traces.ts";

/** The first line. */
export interface LedgerHead {
  readonly schema: "zeke-sync/ledger@1";
  /** Of the report folder. */
  readonly runId: string;
  /** What ids of this run begin with. */
  readonly prefix: string;
  readonly url: string;
  /** As the user named it, from the folder that the run was begun in. */
  readonly profile?: string | undefined;
  /** The same of the file of a live fleet's accounts. */
  readonly tokens?: string | undefined;
}

/** A ledger that is being written. */
export class Ledger {
  private readonly file: number;
  private readonly signs: Signs;
  private readonly living = new Map<string, Trace>();
  /** Requests that name a thing and have not come to their end, and which of all requests named it last. */
  private readonly underWay = new Map<string, number>();
  private readonly namedLast = new Map<string, number>();
  private readonly deletes = new WeakMap<HttpRequest, number>();
  /** Creates that were not answered, once at least: what they made keeps its name open. */
  private readonly unanswered = new Set<string>();
  private sent = 0;

  private constructor(file: number, signs: Signs) {
    this.file = file;
    this.signs = signs;
  }

  /** Throws what the file system throws. */
  static create(path: string, head: LedgerHead, signs: Signs): Ledger {
    const ledger = new Ledger(openSync(path, "wx"), signs);
    ledger.write(head);
    return ledger;
  }

  /** Before a request leaves. */
  sending(request: HttpRequest): void {
    const nth = ++this.sent;
    for (const trace of tracesSent(request, this.signs)) {
      const name = nameOfTrace(trace);
      const together = this.underWay.get(name) ?? 0;
      // Only a delete with nothing beside it tells by its answer that the thing is gone.
      if (request.method === "DELETE" && together === 0) this.deletes.set(request, nth);
      this.underWay.set(name, together + 1);
      this.namedLast.set(name, nth);
      this.add(trace);
    }
  }

  /** After it came to its end. */
  ended(request: HttpRequest, outcome: Outcome): void {
    for (const trace of tracesSent(request, this.signs)) {
      const name = nameOfTrace(trace);
      this.underWay.set(name, (this.underWay.get(name) ?? 1) - 1);
    }
    for (const trace of tracesAnswered(request, outcome, this.signs)) this.add(trace);
    for (const trace of tracesSent(request, this.signs))
      if (trace.trace === "create") this.settle(nameOfTrace(trace), trace, outcome);
    const nth = this.deletes.get(request);
    for (const trace of tracesEnded(request, outcome, this.signs))
      if (this.namedLast.get(nameOfTrace(trace)) === nth) this.gone(trace);
  }

  /** A create that was answered under the target's name for it is looked for no more, unless the same was sent beside it. */
  private settle(name: string, trace: Trace, { outcome }: Outcome): void {
    if (outcome !== "answered") this.unanswered.add(name);
    else if (this.underWay.get(name) === 0 && !this.unanswered.has(name)) this.gone(trace);
  }

  gone(trace: Trace): void {
    const name = nameOfTrace(trace);
    if (this.living.delete(name)) this.write({ gone: name });
  }

  /** What may be there still, the newest first. */
  traces(): readonly Trace[] {
    return [...this.living.values()].reverse();
  }

  get size(): number {
    return this.living.size;
  }

  close(): void {
    closeSync(this.file);
  }

  private add(trace: Trace): void {
    const name = nameOfTrace(trace);
    if (this.living.has(name)) return;
    this.living.set(name, trace);
    this.write({ made: trace });
  }

  private write(line: object): void {
    writeSync(this.file, `${JSON.stringify(line)}\n`);
  }
}

/** A ledger that was left behind: what may be there still, the newest first. Throws what the file system throws. */
export function readLedger(
  path: string,
): { readonly head: LedgerHead; readonly traces: readonly Trace[] } | undefined {
  const [first, ...lines] = readFileSync(path, "utf8")
    .split("\n")
    .flatMap((line) => parsedLine(line));
  if (first?.schema !== "zeke-sync/ledger@1") return undefined;
  const living = new Map<string, Trace>();
  for (const line of lines) {
    const made = line.made as Trace | undefined;
    if (made !== undefined) living.set(nameOfTrace(made), made);
    else if (typeof line.gone === "string") living.delete(line.gone);
  }
  return { head: first as unknown as LedgerHead, traces: [...living.values()].reverse() };
}

/** A line that was cut off by a crash is none: its request never left. */
function parsedLine(line: string) {
  try {
    return line === "" ? [] : [looseOf(JSON.parse(line))];
  } catch {
    return [];
  }
}
