/**
 * Owns the desk at which the rules are proven, whatever stands behind it: the engine alone, or a server over a real
 * network and store. All that a test asks of a proxy, and all that it may learn, is said here.
 * Refuses to know which it is. Every answer is held against the shapes of protocol/messages.ts.
 */

import { assert } from "../base/assert.ts";
import type { JsonObject } from "../base/canonical-json.ts";
import type { EpochMs } from "../base/time.ts";
import { COLLECTION_OF, type Entity, type WireRecord } from "../protocol/entity.ts";
import type { AccountId, BatchBody, ChangesBody } from "../protocol/messages.ts";
import type { Answer, Call, EventSubscription, Frame } from "../protocol/request.ts";
import type { Revision } from "../protocol/revision.ts";
import { changesOf, type Headers, recordOf, revisionOf } from "./desk.fixture.ts";
import type { HttpAnswer } from "./http-answer.ts";
import type { Commit, ProxyConfig, ProxyOutput, PushCallResult, SyncProxy } from "./port.ts";
import type { PushStore } from "./push-store.ts";
import type { Store } from "./store.ts";

/** Sets desks up for a suite of rules. */
export interface DeskMaker {
  /** A proxy over an empty store, with the configuration of `configOf`. The suite need not close it. */
  create(changes?: Partial<ProxyConfig>): Promise<TestDesk>;
  /** How often a property is tried, where `wanted` would be right for the engine alone. */
  runs(wanted: number): number;
}

export type PushSend = Pick<Extract<ProxyOutput, { output: "push_send" }>, "call" | "messages">;
export type PushAsk = Pick<Extract<ProxyOutput, { output: "push_receipts" }>, "call" | "tickets">;
export type ReceiptsResult = Parameters<SyncProxy["receiptsAnswered"]>[1];

export abstract class TestDesk {
  abstract readonly config: ProxyConfig;
  /** The proxy's clock. Set, it jumps, and nothing that was due comes about: for that there is `pass`. */
  abstract get nowMs(): EpochMs;
  abstract set nowMs(value: EpochMs);

  /** Answers one call of account a, unless the headers say otherwise. The clock goes on by a millisecond. */
  abstract call(call: Call, headers?: Headers): Promise<Answer>;
  /** An HTTP call as it stands on the wire, header names in lower case. The clock goes on by a millisecond. */
  abstract http(
    method: string,
    path: string,
    headers: Readonly<Record<string, string>>,
    body: string | undefined,
  ): Promise<HttpAnswer>;

  /** The backend delivers a webhook that is well signed. The clock goes on by a millisecond. */
  abstract deliver(body: unknown, id: string): Promise<Answer>;

  /** Opens an event socket with these very words; undefined when the upgrade was refused. */
  abstract tryOpen(subscription: EventSubscription): Promise<number | undefined>;
  /** The frames that a socket was sent so far. */
  abstract frames(socket: number): Promise<readonly Frame[]>;
  /** The code that the proxy closed a socket with. */
  abstract closeCode(socket: number): Promise<number | undefined>;
  /** How many pings a socket was sent so far. None is answered but by `pong`. */
  abstract pings(socket: number): Promise<number>;
  abstract pong(socket: number): Promise<void>;
  /** Sends a text frame to the proxy. */
  abstract say(socket: number, text: string): Promise<void>;
  /** The client closes its socket. */
  abstract hangUp(socket: number): Promise<void>;

  /** Lets time pass, and what is due come about when it is. */
  abstract pass(durationMs: number): Promise<void>;

  abstract readonly commits: readonly Commit[];
  abstract readonly sends: readonly PushSend[];
  abstract readonly asks: readonly PushAsk[];
  /** The push provider answers a send call, or one for receipts. */
  abstract pushAnswered(call: number, result: PushCallResult): Promise<void>;
  abstract receiptsAnswered(call: number, result: ReceiptsResult): Promise<void>;
  /** How much it has put out so far: commits, frames, closed sockets, calls of the push provider. */
  abstract outputCount(): Promise<number>;

  /** [SEC-5] From now on these tokens count, and no others. */
  abstract setTokens(accounts: ReadonlyMap<string, AccountId>): Promise<void>;
  abstract reconfigure(conflicts: ProxyConfig["conflicts"]): Promise<void>;
  /** Another instance over the same store, with a clock of its own. */
  abstract second(changes?: Partial<ProxyConfig>): Promise<TestDesk>;
  /** Ends this instance, and starts one over the same store in its place. What this one put out stays to be seen. */
  abstract successor(): Promise<TestDesk>;
  /** Word comes that other instances committed something for this account, and is acted upon. */
  abstract wake(account: AccountId): Promise<void>;
  /** What is in the store, for what cannot be seen from outside: `look` may ask about this account only. */
  abstract look<T>(account: AccountId, look: (store: Store) => T): Promise<T>;
  abstract lookAtPush<T>(look: (push: PushStore) => T): Promise<T>;

  create(entity: Entity, body: unknown, headers?: Headers): Promise<Answer> {
    return this.call({ call: "create", entity, body }, headers);
  }

  update(entity: Entity, id: string, body: unknown, headers?: Headers): Promise<Answer> {
    return this.call({ call: "update", entity, id, body }, headers);
  }

  delete(entity: Entity, id: string, headers?: Headers): Promise<Answer> {
    return this.call({ call: "delete", entity, id }, headers);
  }

  read(entity: Entity, id: string, headers?: Headers): Promise<Answer> {
    return this.call({ call: "read", entity, id }, headers);
  }

  list(entity: Entity, page: { limit?: number; cursor?: string } = {}, headers?: Headers): Promise<Answer> {
    return this.call({ call: "list", collection: COLLECTION_OF[entity], ...page }, headers);
  }

  changes(
    question: Omit<Extract<Call, { call: "changes" }>, "call"> = {},
    headers?: Headers,
  ): Promise<Answer> {
    return this.call({ call: "changes", ...question }, headers);
  }

  /** The results of a batch that was taken. */
  async batch(mutations: readonly unknown[], headers?: Headers): Promise<BatchBody["results"]> {
    const answer = await this.call({ call: "batch", body: { mutations } }, headers);
    assert(answer.status === 200, "a batch with a good envelope is 200");
    return (answer.body as BatchBody).results;
  }

  /** A record that is there: made now, with this id and these fields. */
  async made(entity: Entity, fields: JsonObject, headers?: Headers): Promise<WireRecord> {
    const answer = await this.create(entity, fields, headers);
    assert(answer.status === 201, `made: ${JSON.stringify(answer.body)}`);
    return recordOf(answer);
  }

  async head(headers?: Headers): Promise<Revision> {
    return revisionOf(await this.list("contact", {}, headers));
  }

  /** Opens a socket of account a, unless told otherwise. */
  async open(subscription: EventSubscription = {}): Promise<number> {
    const socket = await this.tryOpen({ token: "tok-a", ...subscription });
    assert(socket !== undefined, "the upgrade was not refused");
    return socket;
  }
}

/** Every page of a delta or full sync, from the first; `between` runs before each following page. */
export async function allPages(
  desk: TestDesk,
  question: { since?: string; entities?: readonly string[]; limit?: number },
  between: () => unknown = () => {},
): Promise<readonly ChangesBody[]> {
  const pages = [changesOf(await desk.changes(question))];
  for (let page = pages[0]; page?.hasMore; page = pages[pages.length - 1]) {
    assert(pages.length < 10_000, "pages end");
    assert(page.nextCursor !== undefined, "more pages have a cursor");
    await between();
    pages.push(changesOf(await desk.changes({ ...question, cursor: page.nextCursor })));
  }
  return pages;
}
