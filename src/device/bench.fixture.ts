/**
 * Owns a bench for one device in tests: a clock that stands still until told, storage that flushes on demand and
 * loses its tail at a kill, and a record of everything that was put out. Refuses to answer for a server.
 */

import { type Prng, stream } from "../base/prng.ts";
import { ENTITIES, type Fields, type WireRecord } from "../protocol/entity.ts";
import type { DeviceId } from "../protocol/messages.ts";
import type { Answer, Frame, Request } from "../protocol/request.ts";
import type { Revision } from "../protocol/revision.ts";
import type { DeviceInput, DeviceOutput, DeviceSettings, Edit } from "./port.ts";
import { createDevice, type Device, replica, step, undecided, waiting } from "./step.ts";

const SETTINGS: DeviceSettings = {
  deviceId: "phone" as DeviceId,
  token: "tok",
  entities: ENTITIES,
  phases: new Set([1, 2, 3, 4, 5] as const),
  attemptsMax: 5,
  requestTimeoutMs: 30_000,
  freshForMs: 60_000,
  pollEveryMs: 60_000,
  batchFrom: 3,
};

export const CAPABILITIES = {
  protocol: "1",
  phases: [1, 2, 3, 4, 5],
  entities: [],
  conflicts: { mode: "enforce", ifMatch: "optional", resolvedBy: "server" },
  delta: { limitMax: 200, retentionSeconds: 2_592_000, floorRevision: "rev_0000000000_000000" },
  batch: { mutationsMax: 50 },
  idempotency: { ttlSeconds: 604_800 },
  push: { provider: "expo", entities: ["contact", "task", "list"], receiptDelaySeconds: 900 },
  events: {},
  webhooks: false,
  bodyBytesMax: 1_048_576,
};

/** `rev(7)` is the seventh revision of the test's log. */
export function rev(n: number): Revision {
  return `rev_1700000000_${n.toString(36).padStart(6, "0")}` as Revision;
}

export function record(id: string, n: number, fields: Fields): WireRecord {
  return { ...fields, id, revisionId: rev(n), updatedAt: "2023-11-14T22:13:20.000Z" } as WireRecord;
}

type Output<Name extends DeviceOutput["output"]> = Extract<DeviceOutput, { output: Name }>;

/** One device under test. Time is in ms; `wallErrorMs` is how wrong its wall clock is. */
export class Bench {
  device: Device;
  nowMs = 1_000_000;
  wallErrorMs = 0;
  outputs: DeviceOutput[] = [];
  /** Everything since the test began, over all processes. */
  readonly history: DeviceOutput[] = [];
  readonly disk = new Map<string, unknown>();
  readonly settings: DeviceSettings;
  private pending: Output<"store">[] = [];
  private readonly random: Prng;

  constructor(settings: Partial<DeviceSettings> = {}, seed = 1) {
    this.settings = { ...SETTINGS, ...settings };
    this.random = stream(seed, "device");
    this.device = createDevice(this.settings, this.random);
  }

  feed(input: DeviceInput): readonly DeviceOutput[] {
    const clock = { monotonicMs: this.nowMs, wallMs: 1_700_000_000_000 + this.nowMs + this.wallErrorMs };
    const outputs = step(this.device, input, clock);
    this.outputs.push(...outputs);
    this.history.push(...outputs);
    for (const output of outputs) if (output.output === "store") this.pending.push(output);
    return outputs;
  }

  start(online = true, random: Prng = this.random): readonly DeviceOutput[] {
    this.device = createDevice(this.settings, random, this.history.length + 1);
    return this.feed({ input: "started", stored: new Map(this.disk), online });
  }

  /** Makes the oldest `count` writes durable, and those that follow from them too when all are asked for. */
  flush(count = Number.POSITIVE_INFINITY): void {
    for (let i = 0; i < count && i < 1_000; i++) {
      const oldest = this.pending.shift();
      if (!oldest) return;
      for (const [key, value] of oldest.puts) {
        if (value === undefined) this.disk.delete(key);
        else this.disk.set(key, value);
      }
      this.feed({ input: "flushed", write: oldest.write });
    }
  }

  get unflushed(): readonly Output<"store">[] {
    return this.pending;
  }

  failWrite(): void {
    const oldest = this.pending.shift();
    if (oldest) this.feed({ input: "store_failed", write: oldest.write });
  }

  /** The process ends; what was not flushed is gone. */
  kill(): void {
    this.pending = [];
  }

  /** Kills and starts again; the disk goes through JSON on the way, as a real one does. */
  restart(online = true): readonly DeviceOutput[] {
    this.kill();
    for (const [key, value] of this.disk) this.disk.set(key, JSON.parse(JSON.stringify(value)));
    return this.start(online);
  }

  /** What was put out since the last call. */
  take(): readonly DeviceOutput[] {
    const { outputs } = this;
    this.outputs = [];
    return outputs;
  }

  all<Name extends DeviceOutput["output"]>(name: Name): readonly Output<Name>[] {
    return this.history.filter((output): output is Output<Name> => output.output === name);
  }

  last<Name extends DeviceOutput["output"]>(name: Name): Output<Name> {
    const found = this.all(name).at(-1);
    if (!found) throw new Error(`no ${name} was put out`);
    return found;
  }

  count(name: DeviceOutput["output"]): number {
    return this.all(name).length;
  }

  /** Sent requests of one kind. */
  sent(call: Request["call"]["call"]): readonly Output<"send">[] {
    return this.all("send").filter((output) => output.message.call.call === call);
  }

  /** Sent requests of mutations, alone and together. */
  get mutationsSent(): readonly Output<"send">[] {
    const kinds: readonly string[] = ["create", "update", "delete", "batch"];
    return this.all("send").filter((output) => kinds.includes(output.message.call.call));
  }

  answer(
    request: number,
    status: number,
    body: unknown,
    headers: Answer["headers"] = {},
  ): readonly DeviceOutput[] {
    return this.feed({ input: "answered", request, answer: { status, headers, body } });
  }

  lose(request: number, why: "timeout" | "unreachable" = "timeout"): readonly DeviceOutput[] {
    return this.feed({ input: "unanswered", request, why });
  }

  edit(wanted: Edit): Output<"queued"> {
    this.feed({ input: "edit", edit: wanted });
    return this.last("queued");
  }

  frame(frame: Frame): readonly DeviceOutput[] {
    return this.feed({ input: "frame", socket: this.last("connect").socket, frame });
  }

  /** Lets time pass to the next timer of this name, and fires it. */
  fire(name: Output<"timer">["timer"], atLeastMs = 0): void {
    this.nowMs += Math.max(atLeastMs, this.last("timer").timer === name ? this.last("timer").afterMs : 0);
    this.feed({ input: "timer", timer: name });
  }

  /** The last mutation that ended, once storage has it. */
  get settled(): Output<"settled"> {
    this.flush();
    return this.last("settled");
  }

  get waiting(): number {
    return waiting(this.device);
  }

  get undecided(): number {
    return undecided(this.device);
  }

  get replica(): ReturnType<typeof replica> {
    return replica(this.device);
  }

  shown(id: string): Fields | undefined {
    return this.replica.find((one) => one.id === id)?.fields;
  }
}

/** A device that is open, in sync at `rev(head)` with these records, and live. */
export function live(
  records: readonly (readonly ["contact" | "task" | "list", WireRecord])[],
  head: number,
  settings: Partial<DeviceSettings> = {},
  capabilities: object = CAPABILITIES,
): Bench {
  const bench = new Bench(settings);
  bench.start();
  bench.feed({ input: "opened" });
  bench.answer(bench.last("send").request, 200, { data: capabilities, meta: meta(head) });
  const changes = records.map(([entity, data]) => ({
    entity,
    action: "created",
    id: data.id,
    revisionId: data.revisionId,
    data,
  }));
  bench.answer(bench.last("send").request, 200, changesBody(changes, head));
  bench.flush();
  bench.feed({ input: "socket_opened", socket: bench.last("connect").socket });
  bench.frame({ type: "ready", revisionId: rev(head) });
  bench.flush();
  bench.take();
  return bench;
}

export function meta(n: number, more: object = {}): object {
  return { revisionId: rev(n), updatedAt: "2023-11-14T22:13:20.000Z", ...more };
}

export function changesBody(changes: readonly object[], head: number, nextCursor?: string): object {
  const page = { changes, currentRevision: rev(head), hasMore: nextCursor !== undefined, meta: meta(head) };
  return nextCursor === undefined ? page : { ...page, nextCursor };
}

/** The answer to a mutation that was carried out. */
export function done(data: WireRecord | null, n: number, resolution?: string): object {
  return { data, meta: meta(n, resolution === undefined ? {} : { resolution }) };
}

export function event(
  entity: "contact" | "task" | "list",
  data: WireRecord,
  origin?: { readonly deviceId: string; readonly mutationId?: string },
): Frame {
  const { id, revisionId } = data;
  const base = {
    type: "sync_event" as const,
    entity,
    action: "updated" as const,
    id,
    revisionId,
    payload: data,
  };
  return origin === undefined ? base : { ...base, origin };
}

export function deletion(entity: "contact" | "task" | "list", id: string, n: number): Frame {
  return { type: "sync_event", entity, action: "deleted", id, revisionId: rev(n), payload: null };
}
