/**
 * Owns one live phone: the device machine in real time, its storage, clock and screen, its requests and socket over the
 * network, its tunnels and its end. The live twin of simulation/phone.ts.
 * Refuses to know what its owner wants (live-owner.ts), and what becomes of the facts that it tells.
 */

import { assertNever } from "../base/assert.ts";
import { type Prng, stream } from "../base/prng.ts";
import type {
  DeviceInput,
  DeviceOutput,
  DeviceSettings,
  Edit,
  ReplicaRecord,
  TimerName,
} from "../device/port.ts";
import type { OnDevice, SentMutation } from "../history/facts.ts";
import type { Answer, EventSubscription, Request } from "../protocol/request.ts";
import { WallClock } from "../simulation/clock.ts";
import { Disk, type PendingWrite } from "../simulation/disk.ts";
import { type App, REFERENCE } from "../simulation/parts.ts";
import { Screen } from "../simulation/screen.ts";
import { FRAME_BYTES } from "../simulation/wire-size.ts";
import { factOfAnswer, factOfOutput, factOfRequest, sentMutations } from "../simulation/witness.ts";
import type { Errand } from "./fleet-courier.ts";
import type { Reply } from "./fleet-delivery.ts";
import type { LiveLine } from "./fleet-lines.ts";
import type { FleetStage } from "./fleet-stage.ts";
import { answerOf, upgradeOf, wireOf } from "./fleet-wire.ts";
import { LiveOwner } from "./live-owner.ts";

const TIMERS: readonly TimerName[] = ["retry", "reconnect", "poll", "sync"];
const ABNORMAL_CLOSE = 1006;
/** What flash takes: most writes are quick, some are not. */
const FLUSH_MS = 4;
const SLOW_FLUSH_MS = 40;
const SLOW_SHARE = 0.05;

/** A request that has no answer yet. */
interface InFlight {
  readonly message: Request;
  readonly mutations: readonly SentMutation[];
  errand: Errand | undefined;
}

export class LivePhone {
  readonly index: number;
  readonly account: number;
  readonly name: string;
  readonly settings: DeviceSettings;
  readonly clock: WallClock;
  /** Records of the run alone: nobody edits what is not ours. */
  readonly screen = new Screen();
  readonly owner: LiveOwner;
  online = true;
  app: App | undefined;

  private readonly stage: FleetStage;
  private readonly disk = new Disk();
  private readonly writes: PendingWrite[] = [];
  private readonly random: Prng;
  private readonly storage: Prng;
  private readonly timerTurns = TIMERS.map(() => 0);
  private readonly inFlight = new Map<number, InFlight>();
  private line: { readonly socket: number; readonly wire: LiveLine } | undefined;
  private startedBefore = false;
  private lastNumber = 0;
  private queuedId: string | undefined;
  private readonly deviceClock = { monotonicMs: 0, wallMs: 0 };

  constructor(
    stage: FleetStage,
    index: number,
    account: number,
    settings: DeviceSettings,
    clockOffsetMs: number,
  ) {
    this.stage = stage;
    this.index = index;
    this.account = account;
    this.settings = settings;
    this.name = settings.deviceId;
    this.random = stream(stage.seed, `${index}/device`);
    this.storage = stream(stage.seed, `${index}/disk`);
    this.clock = new WallClock(stage.agenda.startMs, clockOffsetMs, 0);
    this.owner = new LiveOwner(stage, this);
    if (clockOffsetMs !== 0) stage.record({ fact: "clock_set", ...this.on(), offsetMs: clockOffsetMs });
  }

  on(): OnDevice {
    return { at: this.stage.agenda.now, device: this.index, account: this.account };
  }

  /** Requests without an answer. */
  get waiting(): number {
    return this.inFlight.size;
  }

  replica(): readonly ReplicaRecord[] {
    return (this.app?.replica() ?? []).filter(({ id }) => this.stage.names.owns(id));
  }

  start(): void {
    if (this.app) return;
    const { online } = this;
    this.app = REFERENCE.app(this.settings, this.random, this.lastNumber + 1);
    this.stage.record({ fact: "started", ...this.on(), cold: this.startedBefore, online });
    this.startedBefore = true;
    this.feed({ input: "started", stored: this.disk.contents(), online });
  }

  kill(): void {
    if (!this.app) return;
    this.app = undefined;
    this.stage.record({ fact: "killed", ...this.on() });
    this.disk.crash();
    for (const { errand } of this.inFlight.values()) errand?.drop();
    this.inFlight.clear();
    this.hangUp(ABNORMAL_CLOSE);
    this.owner.processGone();
    this.screen.clear();
    for (let i = 0; i < TIMERS.length; i++) this.timerTurns[i] = (this.timerTurns[i] ?? 0) + 1;
  }

  /** Hands the device one input and carries out what it puts out. Never called from within itself. */
  feed(input: DeviceInput): void {
    if (!this.app) return;
    const { nowMs, now } = this.stage.agenda;
    this.deviceClock.monotonicMs = nowMs;
    this.deviceClock.wallMs = this.clock.read(now);
    const outputs = this.app.step(input, this.deviceClock);
    for (let i = 0; i < outputs.length && this.app; i++) this.perform(outputs[i] as DeviceOutput);
  }

  /** An edit of its owner's; the id of the record, when the app took it. */
  edits(edit: Edit): string | undefined {
    this.queuedId = undefined;
    this.feed({ input: "edit", edit });
    return this.queuedId;
  }

  /** The phone knows that it has no network: what was in flight fails, and its socket is gone. */
  goOffline(): void {
    if (!this.online) return;
    this.online = false;
    this.stage.record({ fact: "offline", ...this.on() });
    this.feed({ input: "offline" });
    this.lineBreaks(ABNORMAL_CLOSE);
    for (const [request, { errand }] of [...this.inFlight]) {
      errand?.drop();
      this.unanswered(request, "timeout");
    }
  }

  goOnline(): void {
    if (this.online) return;
    this.online = true;
    this.stage.record({ fact: "online", ...this.on() });
    this.feed({ input: "online" });
  }

  /** Its socket is broken off from our side, as a network would. */
  breakLine(): void {
    this.lineBreaks(ABNORMAL_CLOSE);
  }

  private perform(output: DeviceOutput): void {
    const fact = factOfOutput(this.on(), output);
    if (fact) this.stage.record(fact);
    switch (output.output) {
      case "send":
        return this.send(output.request, output.message, output.timeoutMs);
      case "connect":
        return this.connect(output.socket, output.subscription);
      case "disconnect":
        if (this.line?.socket === output.socket) this.hangUp(1000);
        return;
      case "timer":
        return this.setTimer(output.timer, output.afterMs);
      case "cancel":
        this.cancelTimer(output.timer);
        return;
      case "store":
        return this.write(output);
      case "show":
        if (this.stage.names.owns(output.id)) this.screen.show(output.entity, output.id, output.fields);
        return;
      case "ask":
        this.stage.movedAtMs = this.stage.agenda.nowMs;
        return this.owner.asked(output.mutation);
      case "settled":
        this.stage.movedAtMs = this.stage.agenda.nowMs;
        return this.owner.settled(output.mutation, output.outcome);
      case "queued":
        this.queuedId = output.edit.recordId;
        return;
      case "saved":
      case "rekeyed":
      case "read_answered":
      case "invalidate":
      case "sync_started":
      case "sync_ended":
      case "advanced":
      case "notice":
        return;
      default:
        assertNever(output);
    }
  }

  private send(request: number, message: Request, timeoutMs: number): void {
    this.lastNumber = Math.max(this.lastNumber, request);
    const { agenda, courier } = this.stage;
    const on = this.on();
    const mutations = sentMutations(on, request, message);
    const flight: InFlight = { message, mutations, errand: undefined };
    this.inFlight.set(request, flight);
    this.stage.record(factOfRequest(on, request, message, mutations));
    if (!this.online) {
      agenda.put(agenda.nowMs + 1, () => this.unansweredIf(flight, request, "unreachable"));
      return;
    }
    // What is late because this process is late was meant to leave before: no wait is left out of what it took.
    let leftAtMs = performance.now();
    const meantAtMs = leftAtMs - agenda.behindMs;
    const left = (): void => {
      leftAtMs = performance.now();
      agenda.put(agenda.nowMs + timeoutMs, () => {
        if (this.inFlight.get(request) === flight) flight.errand?.drop();
        this.unansweredIf(flight, request, "timeout");
      });
    };
    flight.errand = courier.send(wireOf(message), left, (reply) => {
      const nowMs = performance.now();
      if (reply.reply === "answered") this.stage.latencies.add(nowMs - meantAtMs, nowMs - leftAtMs);
      this.came(flight, request, reply);
    });
  }

  private came(flight: InFlight, request: number, reply: Reply): void {
    if (this.inFlight.get(request) !== flight) return;
    if (reply.reply !== "answered") return this.unanswered(request, reply.reply);
    const { call } = flight.message.call;
    const isPage = call === "list" || call === "changes";
    const body = isPage ? this.stage.pages.body(reply.text) : reply.json;
    const answer = answerOf(reply.status, reply.got, body);
    this.inFlight.delete(request);
    this.answered(request, flight, answer, reply.text.length);
  }

  private answered(request: number, { message, mutations }: InFlight, answer: Answer, bytes: number): void {
    this.stage.record(factOfAnswer(this.on(), request, message, mutations, answer, bytes), mutations);
    this.feed({ input: "answered", request, answer });
  }

  private unansweredIf(flight: InFlight, request: number, why: "timeout" | "unreachable"): void {
    if (this.inFlight.get(request) === flight) this.unanswered(request, why);
  }

  private unanswered(request: number, why: "timeout" | "unreachable"): void {
    const flight = this.inFlight.get(request);
    if (!flight) return;
    this.inFlight.delete(request);
    const { call } = flight.message.call;
    this.stage.record({ fact: "unanswered", ...this.on(), request, call, why });
    this.feed({ input: "unanswered", request, why });
  }

  private connect(socket: number, subscription: EventSubscription): void {
    this.lastNumber = Math.max(this.lastNumber, socket);
    const { agenda, lines } = this.stage;
    const { lastRevisionId: since, entities } = subscription;
    this.stage.record({
      fact: "connecting",
      ...this.on(),
      socket,
      ...(since !== undefined && { since }),
      ...(entities && { entities }),
    });
    if (!this.online) {
      const wire: LiveLine = { drop: () => {} };
      const line = { socket, wire };
      this.line = line;
      agenda.put(agenda.nowMs + 1, () => {
        if (this.line === line) this.lineBreaks(ABNORMAL_CLOSE);
      });
      return;
    }
    const wire = lines.connect(upgradeOf(subscription), {
      opened: () => {
        this.stage.record({ fact: "connected", ...this.on(), socket });
        this.feed({ input: "socket_opened", socket });
      },
      text: (text) => this.heard(socket, text),
      closed: (code) => {
        if (this.line?.socket === socket) this.lineBreaks(code);
      },
    });
    this.line = { socket, wire };
  }

  private heard(socket: number, text: string): void {
    if (this.line?.socket !== socket || !this.online) return;
    const frame = this.stage.frames.frame(text);
    if (frame === undefined) return;
    this.stage.record({ fact: "frame", ...this.on(), socket, frame, bytes: FRAME_BYTES + text.length });
    this.feed({ input: "frame", socket, frame });
  }

  /** The socket is gone, and the device hears of it. */
  private lineBreaks(code: number): void {
    const socket = this.line?.socket;
    if (socket === undefined) return;
    this.hangUp(code);
    this.feed({ input: "socket_closed", socket, code });
  }

  private hangUp(code: number): void {
    const { line } = this;
    if (line === undefined) return;
    this.line = undefined;
    line.wire.drop(code === 1000);
    this.stage.record({ fact: "disconnected", ...this.on(), socket: line.socket, code });
  }

  private setTimer(timer: TimerName, afterMs: number): void {
    const which = this.cancelTimer(timer);
    const turn = this.timerTurns[which];
    const { agenda } = this.stage;
    agenda.put(agenda.nowMs + Math.max(1, afterMs), () => {
      if (this.timerTurns[which] === turn) this.feed({ input: "timer", timer });
    });
  }

  private cancelTimer(timer: TimerName): number {
    const which = TIMERS.indexOf(timer);
    this.timerTurns[which] = (this.timerTurns[which] ?? 0) + 1;
    return which;
  }

  private write(output: Extract<DeviceOutput, { output: "store" }>): void {
    const { agenda } = this.stage;
    const slow = this.storage.chance(SLOW_SHARE) ? SLOW_FLUSH_MS : FLUSH_MS;
    const durableAtMs = agenda.nowMs + 1 + this.storage.below(slow);
    const { pending, atMs } = this.disk.write(output.write, output.puts, durableAtMs);
    this.writes.push(pending);
    agenda.put(atMs, () => this.flushed());
  }

  /** The oldest write is durable, whichever event said so. */
  private flushed(): void {
    const pending = this.writes.shift();
    if (pending === undefined || pending.lost) return;
    this.disk.flush(pending);
    this.feed({ input: "flushed", write: pending.write });
  }
}
