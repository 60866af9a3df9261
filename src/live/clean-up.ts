/**
 * Owns the deletion of what a run made on its target: in batches where the target has them, one by one where not, and
 * with the record's revision where nothing else is taken.
 * Refuses to name anything that its caller did not. A listing is read only for creates that were never answered, and of
 * it nothing is deleted but what bears their text.
 */

import { recordPath } from "../conformance/actor.ts";
import { type Loose, listOf, looseOf, textOf } from "../conformance/reply.ts";
import type { HttpAnswer, HttpRequest } from "../conformance/target.ts";
import { type CreateTrace, nameOfTrace, type Trace } from "../conformance/traces.ts";
import { COLLECTION_OF, type Entity } from "../protocol/entity.ts";
import type { LiveTarget } from "./live-target.ts";

export interface CleanUpOptions {
  /** Of the accounts, in the order in which traces count them. */
  readonly tokens: readonly string[];
  /** What ids begin with; keys of this clean-up are made of it. */
  readonly prefix: string;
  /** Mutations in one batch; 0: the target has no batch. */
  readonly mutationsMax: number;
  /** Told of each thing that is gone. */
  gone(trace: Trace): void;
}

/** What is there still, and why. */
export interface LeftBehind {
  readonly trace: Trace;
  readonly why: string;
}

const BATCH_MAX = 100;
const AT_ONCE = 4;
const READS_MAX = 2;
/** Of a listing that is looked through for a record whose id the target chose. */
const PAGE_SIZE = 100;
const PAGES_MAX = 100;

/** Deletes all of them, in the order given. Rejects when the target cannot be asked any more. */
export async function cleanUp(
  target: LiveTarget,
  traces: readonly Trace[],
  options: CleanUpOptions,
): Promise<readonly LeftBehind[]> {
  const done = new Set<string>();
  const cleaner = new Cleaner(target, options);
  const queue = recordsByAccount(traces).entries();
  const inTurn = async (): Promise<void> => {
    for (const [account, records] of queue)
      for (const trace of await cleaner.inBatches(account, records)) done.add(nameOfTrace(trace));
  };
  await Promise.all(Array.from({ length: AT_ONCE }, inTurn));
  const left: LeftBehind[] = [];
  const others = traces.filter((trace) => !done.has(nameOfTrace(trace)));
  for (let at = 0; at < others.length; at += AT_ONCE) {
    const some = others.slice(at, at + AT_ONCE);
    const whys = await Promise.all(some.map((trace) => cleaner.alone(trace)));
    for (const [nth, why] of whys.entries())
      if (why !== undefined) left.push({ trace: some[nth] as Trace, why });
  }
  const leftNames = new Set(left.map(({ trace }) => nameOfTrace(trace)));
  for (const trace of traces) if (!leftNames.has(nameOfTrace(trace))) options.gone(trace);
  return left;
}

type RecordTrace = Extract<Trace, { readonly trace: "record" }>;

function recordsByAccount(traces: readonly Trace[]): ReadonlyMap<number, readonly RecordTrace[]> {
  const byAccount = new Map<number, RecordTrace[]>();
  for (const trace of traces) {
    if (trace.trace !== "record" || trace.account === undefined) continue;
    const records = byAccount.get(trace.account);
    if (records) records.push(trace);
    else byAccount.set(trace.account, [trace]);
  }
  return byAccount;
}

let keys = 0;

class Cleaner {
  private readonly target: LiveTarget;
  private readonly options: CleanUpOptions;
  private readonly salt = Date.now().toString(36);

  constructor(target: LiveTarget, options: CleanUpOptions) {
    this.target = target;
    this.options = options;
  }

  /** Those that a batch deleted. */
  async inBatches(account: number, traces: readonly RecordTrace[]) {
    const size = Math.min(this.options.mutationsMax, BATCH_MAX);
    const done: Trace[] = [];
    if (size < 2) return done;
    for (let at = 0; at < traces.length; at += size) {
      const some = traces.slice(at, at + size);
      const mutations = some.map(({ entity, id }) => ({
        id: `${this.options.prefix}-x${this.salt}${(keys++).toString(36)}`,
        entity,
        operation: "delete",
        recordId: id,
        ifMatch: "*",
      }));
      const answer = await this.ask(account, "POST", "/api/sync/batch", JSON.stringify({ mutations }));
      if (answer?.status !== 200) return done;
      for (const [nth, result] of listOf(looseOf(answer.json).results).map(looseOf).entries()) {
        const trace = some[nth];
        if (trace !== undefined && isGone(Number(result.status), result)) done.push(trace);
      }
    }
    return done;
  }

  /** Why it is there still; undefined when it is gone. */
  async alone(trace: Trace): Promise<string | undefined> {
    if (trace.account !== undefined) return await this.inAccount(trace, trace.account);
    // Under a name that is not ours, another account may have a record of its own.
    if (trace.trace === "record" && !trace.id.startsWith(`${this.options.prefix}.`))
      return "nobody knows in which account it is: it was made with a token that is neither's";
    return (await this.inAccount(trace, 0)) ?? (await this.inAccount(trace, 1));
  }

  private async inAccount(trace: Trace, account: number): Promise<string | undefined> {
    if (trace.trace === "create") return await this.unanswered(trace);
    if (trace.trace === "registration") {
      const device = { "x-device-id": trace.deviceId };
      const answer = await this.ask(account, "DELETE", "/api/push/register", undefined, device);
      return answer !== undefined && (answer.status === 200 || answer.status === 404)
        ? undefined
        : says(answer);
    }
    return await this.deleted(account, trace);
  }

  /** A create that was never answered: what it made, if it did, bears its text. */
  private async unanswered({ account, entity, id, field, text }: CreateTrace): Promise<string | undefined> {
    const isIts = (record: Loose) => record[field] === text;
    if (id !== undefined) {
      const read = await this.ask(account, "GET", recordPath(entity, id));
      if (read?.status === 404) return undefined;
      if (read?.status !== 200) return says(read, "read");
      return isIts(looseOf(looseOf(read.json).data))
        ? await this.deleted(account, { entity, id })
        : undefined;
    }
    const path = `/api/${COLLECTION_OF[entity]}?limit=${PAGE_SIZE}`;
    let cursor = "";
    for (let page = 0; page < PAGES_MAX; page++) {
      const listed = await this.ask(account, "GET", `${path}${cursor}`);
      if (listed?.status !== 200) return says(listed, "list");
      const { data, meta } = looseOf(listed.json);
      const found = listOf(data).map(looseOf).find(isIts);
      if (found !== undefined) return await this.deleted(account, { entity, id: String(found.id) });
      const { hasMore, nextCursor } = looseOf(meta);
      if (hasMore !== true || typeof nextCursor !== "string") return undefined;
      cursor = `&cursor=${encodeURIComponent(nextCursor)}`;
    }
    return `its create was not answered, and it is not among the first ${PAGE_SIZE * PAGES_MAX} of the collection`;
  }

  private async deleted(account: number, { entity, id }: { entity: Entity; id: string }) {
    const path = recordPath(entity, id);
    let answer = await this.ask(account, "DELETE", path, undefined, { "if-match": "*" });
    for (let reads = 0; reads < READS_MAX && !gone(answer); reads++) {
      const read = await this.ask(account, "GET", path);
      if (read?.status === 404) return undefined;
      const revision = textOf(looseOf(looseOf(read?.json).meta).revisionId);
      const headers = revision === undefined ? {} : { "if-match": `"${revision}"` };
      answer = await this.ask(account, "DELETE", path, undefined, headers);
    }
    return gone(answer) ? undefined : says(answer);
  }

  private async ask(
    account: number,
    method: string,
    path: string,
    body?: string,
    headers: HttpRequest["headers"] = {},
  ): Promise<HttpAnswer | undefined> {
    const outcome = await this.target.ask({
      method,
      path,
      headers: {
        authorization: `Bearer ${this.options.tokens[account]}`,
        "x-device-id": `${this.options.prefix}-cleanup`,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      ...(body === undefined ? {} : { body }),
    });
    return outcome.outcome === "answered" ? outcome.answer : undefined;
  }
}

function gone(answer: HttpAnswer | undefined): boolean {
  return answer !== undefined && isGone(answer.status, looseOf(answer.json));
}

/** Deleted, deleted before, or never made. */
function isGone(status: number, body: { readonly deleted?: unknown }): boolean {
  return status === 200 || status === 404 || (status === 409 && body.deleted === true);
}

function says(answer: HttpAnswer | undefined, what: "delete" | "read" | "list" = "delete"): string {
  if (answer === undefined) return `the ${what} was not answered`;
  const error = textOf(looseOf(answer.json).error);
  return `the ${what} was answered ${answer.status}${error === undefined ? "" : ` ${error}`}`;
}
