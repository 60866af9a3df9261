/**
 * Owns a desk to test the proxy at: one store, a clock in the test's hand, calls in few words, and what came out.
 * Every answer is held against the shapes of protocol/messages.ts, whatever the test is about.
 */

import { assert } from "../base/assert.ts";
import type { JsonObject } from "../base/canonical-json.ts";
import { COLLECTION_OF, type Entity, type WireRecord } from "../protocol/entity.ts";
import {
  type AccountId,
  type BatchBody,
  BatchBody as BatchBodyShape,
  CapabilitiesBody,
  type ChangesBody,
  ChangesBody as ChangesBodyShape,
  CollectionBody,
  ConflictBody,
  ErrorBody,
  EventFrame,
  PushBody,
  PushMessage,
  RecordBody,
} from "../protocol/messages.ts";
import type { Answer, Call, EventSubscription, Frame, Request } from "../protocol/request.ts";
import type { Revision } from "../protocol/revision.ts";
import { createProxy } from "./engine.ts";
import { createMemoryStore } from "./memory-store.ts";
import type { Commit, ProxyConfig, ProxyOutput, SyncProxy } from "./port.ts";
import type { Store } from "./store.ts";

export const START_MS = 1_704_067_200_000;
export const A = "account-a" as AccountId;
export const B = "account-b" as AccountId;

export type Headers = Partial<Omit<Request, "call">>;

/** A configuration with small limits, so that tests reach them. */
export function configOf(changes: Partial<ProxyConfig> = {}): ProxyConfig {
  return {
    accounts: new Map([
      ["tok-a", A],
      ["tok-b", B],
    ]),
    phases: [1, 2, 3, 4, 5],
    conflicts: { mode: "enforce", ifMatch: "optional", resolvedBy: "server" },
    limits: {
      bodyBytesMax: 4_096,
      mutationsMax: 20,
      deltaLimitMax: 100,
      listLimitMax: 50,
      replayMax: 200,
      socketBacklogMax: 250,
    },
    retentionSeconds: 86_400,
    idempotencyTtlSeconds: 7 * 86_400,
    push: { entities: ["contact", "task", "list"], coalesceMs: 1_000, receiptDelaySeconds: 900 },
    webhooks: false,
    ...changes,
  };
}

export function conflictsOf(changes: Partial<ProxyConfig["conflicts"]>): Partial<ProxyConfig> {
  return { conflicts: { mode: "enforce", ifMatch: "optional", resolvedBy: "server", ...changes } };
}

export function limitsOf(changes: Partial<ProxyConfig["limits"]>): Partial<ProxyConfig> {
  return { limits: { ...configOf().limits, ...changes } };
}

/** A proxy, its clock, and what it put out. */
export class Desk {
  readonly store: Store;
  readonly config: ProxyConfig;
  readonly proxy: SyncProxy;
  nowMs = START_MS;
  readonly outputs: ProxyOutput[] = [];

  constructor(changes: Partial<ProxyConfig> = {}, store: Store = createMemoryStore()) {
    this.config = configOf(changes);
    this.store = store;
    this.proxy = createProxy(this.config, store);
  }

  /** Answers one call of account a, unless the headers say otherwise. The clock goes on by a millisecond. */
  call(call: Call, headers: Headers = {}): Answer {
    this.nowMs++;
    const answer = this.proxy.answer({ token: "tok-a", ...headers, call }, this.nowMs);
    this.collect();
    checkShape(call, answer);
    return answer;
  }

  create(entity: Entity, body: unknown, headers?: Headers): Answer {
    return this.call({ call: "create", entity, body }, headers);
  }

  update(entity: Entity, id: string, body: unknown, headers?: Headers): Answer {
    return this.call({ call: "update", entity, id, body }, headers);
  }

  delete(entity: Entity, id: string, headers?: Headers): Answer {
    return this.call({ call: "delete", entity, id }, headers);
  }

  read(entity: Entity, id: string, headers?: Headers): Answer {
    return this.call({ call: "read", entity, id }, headers);
  }

  list(entity: Entity, page: { limit?: number; cursor?: string } = {}, headers?: Headers): Answer {
    return this.call({ call: "list", collection: COLLECTION_OF[entity], ...page }, headers);
  }

  changes(question: Omit<Extract<Call, { call: "changes" }>, "call"> = {}, headers?: Headers): Answer {
    return this.call({ call: "changes", ...question }, headers);
  }

  /** The results of a batch that was taken. */
  batch(mutations: readonly unknown[], headers?: Headers): BatchBody["results"] {
    const answer = this.call({ call: "batch", body: { mutations } }, headers);
    assert(answer.status === 200, "a batch with a good envelope is 200");
    return (answer.body as BatchBody).results;
  }

  /** A record that is there: made now, with this id and these fields. */
  made(entity: Entity, fields: JsonObject, headers?: Headers): WireRecord {
    const answer = this.create(entity, fields, headers);
    assert(answer.status === 201, `made: ${JSON.stringify(answer.body)}`);
    return recordOf(answer);
  }

  head(headers?: Headers): Revision {
    return revisionOf(this.list("contact", {}, headers));
  }

  open(subscription: EventSubscription = {}): number {
    const socket = this.proxy.openSocket({ token: "tok-a", ...subscription }, this.nowMs);
    this.collect();
    assert(socket !== undefined, "the upgrade was not refused");
    return socket;
  }

  /** Lets time pass, with a tick whenever one is due. */
  pass(durationMs: number): void {
    const endMs = this.nowMs + durationMs;
    for (let ticks = 0; ticks < 100_000; ticks++) {
      const dueMs = this.proxy.nextTickAtMs();
      if (dueMs === undefined || dueMs > endMs) break;
      this.nowMs = Math.max(this.nowMs, dueMs);
      this.proxy.tick(this.nowMs);
      this.collect();
    }
    this.nowMs = endMs;
  }

  collect(): void {
    this.outputs.push(...this.proxy.takeOutputs());
  }

  /** The frames that a socket was sent so far. */
  frames(socket: number): readonly Frame[] {
    return this.outputs.flatMap((output) => {
      if (output.output !== "frame" || output.socket !== socket) return [];
      EventFrame.parse(output.frame);
      return [output.frame];
    });
  }

  /** The code that a socket was closed with. */
  closeCode(socket: number): number | undefined {
    const close = this.outputs.find((output) => output.output === "close" && output.socket === socket);
    return close?.output === "close" ? close.code : undefined;
  }

  get commits(): readonly Commit[] {
    return this.outputs.flatMap((output) => (output.output === "committed" ? [output.commit] : []));
  }

  get sends(): readonly Extract<ProxyOutput, { output: "push_send" }>[] {
    return this.outputs.flatMap((output) => {
      if (output.output !== "push_send") return [];
      for (const message of output.messages) PushMessage.parse(message);
      return [output];
    });
  }

  get asks(): readonly Extract<ProxyOutput, { output: "push_receipts" }>[] {
    return this.outputs.flatMap((output) => (output.output === "push_receipts" ? [output] : []));
  }
}

/** The record of a single-record answer. */
export function recordOf(answer: Answer): WireRecord {
  const { data } = answer.body as RecordBody;
  assert(data !== null && data !== undefined, "the answer has a record");
  return data;
}

export function metaOfAnswer(answer: Answer): RecordBody["meta"] {
  return (answer.body as RecordBody).meta;
}

export function revisionOf(answer: Answer): Revision {
  return metaOfAnswer(answer).revisionId;
}

export function errorOf(answer: Answer): string | undefined {
  return (answer.body as { error?: string } | null)?.error;
}

export function recordsOf(answer: Answer): readonly WireRecord[] {
  return (answer.body as CollectionBody).data;
}

export function changesOf(answer: Answer): ChangesBody {
  assert(answer.status === 200, `changes: ${JSON.stringify(answer.body)}`);
  return answer.body as ChangesBody;
}

/** [REV-1, API-2] every answer has the shape that the document gives it. */
export function checkShape(call: Call, answer: Answer): void {
  assert(answer.headers.dateMs !== undefined, "every answer tells the time");
  if (answer.status === 304) return;
  if (answer.status >= 400) {
    const { error } = ErrorBody.parse(answer.body);
    if (error === "conflict" || error === "already_exists") ConflictBody.parse(answer.body);
    return;
  }
  shapeOf(call).parse(answer.body);
}

function shapeOf(call: Call): { parse(value: unknown): unknown } {
  switch (call.call) {
    case "list":
      return CollectionBody;
    case "batch":
      return BatchBodyShape;
    case "changes":
      return ChangesBodyShape;
    case "capabilities":
      return CapabilitiesBody;
    case "push_register":
    case "push_topics":
    case "push_unregister":
      return PushBody;
    default:
      return RecordBody;
  }
}
