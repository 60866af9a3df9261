/**
 * Owns the world around one device in the convergence test: what its user does, and a network at its worst.
 * Refuses to judge the end; on the way it notes what must never be seen.
 */

import { canonicalJson } from "../base/canonical-json.ts";
import { type Prng, stream } from "../base/prng.ts";
import type { Entity, Fields } from "../protocol/entity.ts";
import type { Request } from "../protocol/request.ts";
import { Bench } from "./bench.fixture.ts";
import type { DeviceOutput, DeviceSettings, Edit, Query } from "./port.ts";
import { ModelServer } from "./server.fixture.ts";

const ENTITIES: readonly Entity[] = ["contact", "task", "list"];
const NAME: Readonly<Record<Entity, string>> = { contact: "name", task: "title", list: "name" };

/** Builds of the app: most have all phases, some lack sockets or the call for changes. */
const PHASES: readonly DeviceSettings["phases"][] = [
  new Set([1, 2, 3, 4, 5]),
  new Set([1, 2, 3, 4, 5]),
  new Set([1, 2, 3, 4]),
  new Set([2, 3, 5]),
  new Set([2, 3]),
];
const HEAL_ROUNDS_MAX = 600;
const QUIET_ROUNDS = 150;

interface Out {
  readonly request: number;
  readonly message: Request;
  /** What the server did already; undefined while it never got it. */
  reached: boolean;
}

export class World {
  readonly server = new ModelServer();
  readonly bench: Bench;
  readonly random: Prng;
  private readonly out: Out[] = [];
  private readonly timers = new Map<string, number>();
  private socket: { readonly socket: number; open: boolean; sent: string } | undefined;
  private asked: string[] = [];
  private failed = new Set<string>();
  private readonly bytes = new Map<string, string>();
  private readonly revisions = new Map<string, string>();
  readonly problems: string[] = [];
  private online = true;
  private serial = 0;

  constructor(seed: number) {
    this.random = stream(seed, "world");
    this.bench = new Bench({ phases: PHASES[seed % PHASES.length] ?? new Set() }, seed);
    if (this.random.chance(0.4)) this.server.resolvedBy = "client";
    for (const entity of ENTITIES) {
      for (let i = 0; i < 3; i++)
        this.server.write(entity, "create", `${entity}-${i}`, this.payload(entity), `seed-${entity}-${i}`);
    }
    this.take(this.bench.start());
  }

  act(): void {
    const { random, bench, server } = this;
    const draw = random.below(100);
    this.server.nowMs += 1;
    if (draw < 18) this.edit();
    else if (draw < 26) this.elsewhere();
    else if (draw < 50) this.network();
    else if (draw < 64) this.flushSome();
    else if (draw < 74) this.deliverFrames();
    else if (draw < 82) this.pass(random.below(6_000));
    else if (draw < 84) this.restart();
    else if (draw < 87) this.toggle();
    else if (draw < 89) this.feed({ input: "opened" });
    else if (draw < 90) this.feed({ input: "closed" });
    else if (draw < 93) this.choose();
    else if (draw < 95) this.reconsider();
    else if (draw < 96)
      this.feed({
        input: "push",
        trigger: { type: "sync_trigger", entity: "task", revisionId: server.head },
      });
    else if (draw < 97) this.feed({ input: "refresh" });
    else if (draw < 98) this.dropSocket();
    else if (draw < 99) this.server.floor = this.server.head;
    else bench.wallErrorMs = random.below(1_200_000) - 600_000;
  }

  /** The user opens a screen. */
  read(query: Query): void {
    this.feed({ input: "read", query });
  }

  /** Faults are off; everyone answers. False when it does not come to rest. */
  heal(): boolean {
    if (!this.online) this.toggle();
    this.feed({ input: "opened" });
    for (let round = 0; round < HEAL_ROUNDS_MAX; round++) {
      this.flushAll();
      this.server.nowMs += 1;
      if (this.out.length > 0) this.deliver(0);
      else if (this.socket && (!this.socket.open || this.socket.sent < this.server.head))
        this.deliverFrames();
      else if (this.asked.length > 0) this.choose();
      else if (this.failed.size > 0) this.reconsider();
      else if (this.bench.waiting === 0 && round > QUIET_ROUNDS && this.isCaughtUp()) return true;
      else this.pass(2_000);
    }
    return false;
  }

  private isCaughtUp(): boolean {
    const { socket } = this;
    return !this.bench.settings.phases.has(1) || (socket?.open === true && socket.sent >= this.server.head);
  }

  private edit(): void {
    const { random, bench } = this;
    const entity = random.pick(ENTITIES);
    const mine = bench.replica.filter((one) => one.entity === entity);
    const operation =
      mine.length === 0 ? "create" : random.pick(["create", "update", "update", "update", "delete"] as const);
    const target = mine.length > 0 ? random.pick(mine) : undefined;
    const edit: Edit =
      operation === "create" || !target
        ? { entity, operation: "create", payload: this.payload(entity) }
        : operation === "delete"
          ? { entity, operation, recordId: target.id }
          : { entity, operation, recordId: target.id, payload: this.patch(entity, target.fields) };
    this.feed({ input: "edit", edit });
  }

  private elsewhere(): void {
    const { random, server } = this;
    const living = [...server.records.values()];
    const names = [...server.records.keys()];
    if (living.length === 0) return;
    const at = random.below(living.length);
    const entity = (names[at] as string).split("/")[0] as Entity;
    const record = living[at];
    if (!record) return;
    const key = `else-${this.serial++}`;
    if (random.chance(0.15)) server.write(entity, "delete", record.id, {}, key);
    else server.write(entity, "update", record.id, this.patch(entity, record as Fields), key);
  }

  private network(): void {
    if (this.out.length === 0) return;
    const at = this.random.below(this.out.length);
    const draw = this.random.below(10);
    if (draw < 6) this.deliver(at);
    else if (draw < 7) this.lose(at, "timeout", false);
    else if (draw < 8) this.lose(at, "timeout", true);
    else if (draw < 9) this.refuse(at);
    else this.server.answer((this.out[at] as Out).message); // arrives twice
  }

  private deliver(at: number): void {
    const [one] = this.out.splice(at, 1);
    if (!one) return;
    if (!this.online) this.feed({ input: "unanswered", request: one.request, why: "unreachable" });
    else this.feed({ input: "answered", request: one.request, answer: this.server.answer(one.message) });
  }

  private lose(at: number, why: "timeout", reaches: boolean): void {
    const [one] = this.out.splice(at, 1);
    if (!one) return;
    if (reaches) this.server.answer(one.message);
    this.feed({ input: "unanswered", request: one.request, why });
  }

  private refuse(at: number): void {
    const [one] = this.out.splice(at, 1);
    if (!one) return;
    const portal = { status: 200, headers: {}, body: "<html>please log in</html>" };
    const busy = {
      status: 503,
      headers: { retryAfterSeconds: 2 },
      body: { error: "unavailable", message: "" },
    };
    this.feed({ input: "answered", request: one.request, answer: this.random.chance(0.5) ? portal : busy });
  }

  private deliverFrames(): void {
    const { socket, server } = this;
    if (!socket || !this.online) return;
    if (!socket.open) {
      socket.open = true;
      this.feed({ input: "socket_opened", socket: socket.socket });
      if (socket.sent < server.floor) {
        const frame = {
          type: "resync_required",
          reason: "revision_expired",
          revisionId: server.head,
          floorRevision: server.floor,
        } as const;
        socket.sent = server.head;
        this.feed({ input: "frame", socket: socket.socket, frame });
      }
    }
    const events = server.eventsAfter(socket.sent);
    const count = this.random.below(4) + 1;
    for (const frame of events.slice(0, count)) {
      if (this.socket !== socket) return;
      socket.sent = frame.revisionId;
      this.feed({ input: "frame", socket: socket.socket, frame });
    }
    if (this.socket === socket && events.length <= count) {
      this.feed({ input: "frame", socket: socket.socket, frame: { type: "ready", revisionId: server.head } });
    }
  }

  private dropSocket(): void {
    const { socket } = this;
    this.socket = undefined;
    if (socket) this.feed({ input: "socket_closed", socket: socket.socket, code: 1006 });
  }

  private flushSome(): void {
    if (this.random.chance(0.5)) return this.flushAll();
    const before = this.bench.history.length;
    this.bench.flush(1);
    this.take(this.bench.history.slice(before));
  }

  private flushAll(): void {
    const before = this.bench.history.length;
    this.bench.flush();
    this.take(this.bench.history.slice(before));
  }

  private pass(ms: number): void {
    this.bench.nowMs += ms;
    this.server.nowMs += ms;
    for (const [name, dueMs] of [...this.timers]) {
      if (dueMs > this.bench.nowMs || this.timers.get(name) !== dueMs) continue;
      this.timers.delete(name);
      this.feed({ input: "timer", timer: name as "retry" });
    }
  }

  private restart(): void {
    this.out.length = 0;
    this.timers.clear();
    this.socket = undefined;
    this.asked = [];
    this.revisions.clear();
    this.take(this.bench.restart(this.online));
  }

  private toggle(): void {
    this.online = !this.online;
    if (!this.online)
      for (const one of this.out.splice(0))
        this.feed({ input: "unanswered", request: one.request, why: "timeout" });
    this.feed({ input: this.online ? "online" : "offline" });
  }

  private choose(): void {
    const mutation = this.asked.shift();
    if (mutation)
      this.feed({
        input: "chosen",
        mutation,
        choice: this.random.pick(["mine", "server", "merge"] as const),
      });
  }

  private reconsider(): void {
    const [mutation] = this.failed;
    if (mutation === undefined) return;
    this.failed.delete(mutation);
    this.feed({ input: this.random.chance(0.5) ? "retry" : "discard", mutation });
  }

  private feed(input: Parameters<Bench["feed"]>[0]): void {
    this.take(this.bench.feed(input));
  }

  private take(outputs: readonly DeviceOutput[]): void {
    for (const output of outputs) this.perform(output);
  }

  private perform(output: DeviceOutput): void {
    switch (output.output) {
      case "send":
        this.judgeSend(output.message);
        this.out.push({ request: output.request, message: output.message, reached: false });
        return;
      case "connect":
        this.socket = { socket: output.socket, open: false, sent: output.subscription.lastRevisionId ?? "" };
        return;
      case "disconnect":
        this.socket = undefined;
        return;
      case "timer":
        this.timers.set(output.timer, this.bench.nowMs + output.afterMs);
        return;
      case "cancel":
        this.timers.delete(output.timer);
        return;
      case "ask":
        this.asked.push(output.mutation);
        return;
      case "settled":
        if (output.outcome === "failed") this.failed.add(output.mutation);
        else this.failed.delete(output.mutation);
        return;
      case "show":
        this.judgeShow(output);
        return;
      default:
        return;
    }
  }

  private judgeShow(shown: Extract<DeviceOutput, { output: "show" }>): void {
    const name = `${shown.entity}/${shown.id}`;
    const before = this.revisions.get(name);
    if (shown.revision === undefined) return;
    if (before !== undefined && shown.revision < before)
      this.problems.push(`${name} went back from ${before} to ${shown.revision}`);
    this.revisions.set(name, shown.revision);
  }

  private judgeSend(message: Request): void {
    const { call } = message;
    const isMutation = ["create", "update", "delete", "batch"].includes(call.call);
    if (!isMutation) return;
    if (this.out.some((one) => ["create", "update", "delete", "batch"].includes(one.message.call.call))) {
      this.problems.push("[QUE-9] two requests of mutations at once");
    }
    const items =
      call.call === "batch"
        ? (call.body as { mutations: readonly { readonly id: string; readonly timestamp: number }[] })
            .mutations
        : [{ ...call, id: message.idempotencyKey ?? "", ifMatch: message.ifMatch }];
    const stored = [...this.bench.disk]
      .filter(([key]) => key.startsWith("mutation/"))
      .map(([, value]) => (value as { key: string }).key);
    for (const item of items) {
      if (!stored.includes(item.id)) this.problems.push(`[QUE-1] ${item.id} left before it was durable`);
      if (call.call !== "batch") continue;
      const bytes = canonicalJson(item);
      const before = this.bytes.get(item.id);
      if (before !== undefined && before !== bytes)
        this.problems.push(`[MRG-10] ${item.id}: ${before} became ${bytes}`);
      this.bytes.set(item.id, bytes);
    }
  }

  private payload(entity: Entity): Fields {
    const text = `t${this.serial++}`;
    return entity === "list"
      ? { name: text, items: [{ id: `i${this.serial++}`, text }] }
      : { [NAME[entity]]: text };
  }

  private patch(entity: Entity, fields: Fields): Fields {
    const text = `u${this.serial++}`;
    if (entity !== "list" || this.random.chance(0.3))
      return this.random.chance(0.5) ? { [NAME[entity]]: text } : { notes: text };
    const items = Array.isArray(fields.items)
      ? (fields.items as readonly { id: string; text: string }[])
      : [];
    const kept = items
      .filter(() => this.random.chance(0.85))
      .map((item) => (this.random.chance(0.3) ? { ...item, text } : item));
    return { items: [...kept, { id: `i${this.serial++}`, text }] };
  }
}
