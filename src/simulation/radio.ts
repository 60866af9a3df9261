/**
 * Owns one phone's link: requests in flight, sockets, and what a bad network does to them.
 * Refuses to look into messages. Requests may be lost, doubled and reordered; a socket is TCP: it delays, holds
 * back or dies, and never drops or reorders a frame in silence.
 */

import type { SentMutation } from "../history/facts.ts";
import type { Answer, EventSubscription, Frame, Request } from "../protocol/request.ts";
import { EVENT } from "./agenda.ts";
import { Fate } from "./fate.ts";
import { Middlebox, portalAnswer } from "./middlebox.ts";
import type { Phone } from "./phone.ts";
import { type Stage, trueNow } from "./stage.ts";
import type { Strike } from "./strikes.ts";
import { FRAME_BYTES, jsonBytes } from "./wire-size.ts";
import { factOfAnswer, factOfRequest, sentMutations } from "./witness.ts";

const CONNECT_TIMEOUT_MS = 10_000;
/** What TCP takes to notice and resend a lost segment. */
const RESEND_MS = 350;
const ABNORMAL_CLOSE = 1006;

/** A request on its way through the network. */
export interface Parcel {
  readonly request: number;
  readonly message: Request;
}

interface InFlight extends Parcel {
  readonly mutations: readonly SentMutation[];
  /** When the device stops waiting. An event for it is put only once it is sure that no answer comes before. */
  readonly deadlineMs: number;
}

/** One WebSocket, seen from both of its ends. */
export interface Line {
  readonly socket: number;
  readonly subscription: EventSubscription;
  openAtPhone: boolean;
  /** Both ends believe in it, and nothing passes. */
  severed: boolean;
  /** Set while the proxy has it open. */
  atProxy: { readonly instance: number; readonly socket: number } | undefined;
  /** When the last thing put on the line arrives: nothing overtakes it. */
  arrivalMs: number;
  /** Frames that arrive together at `arrivalMs`. */
  bundle: Frame[] | undefined;
}

/** A phone's network. */
export class Radio {
  online = true;
  /** Until when each direction is dead without anybody being told. */
  upDeadUntilMs = 0;
  downDeadUntilMs = 0;
  /** Until when each message takes longer than it should. */
  slowUntilMs = 0;
  /** Until when a login page answers everything. */
  private portalUntilMs = 0;

  private readonly stage: Stage;
  private readonly phone: Phone;
  private readonly fate: Fate;
  private readonly middlebox: Middlebox;
  private readonly inFlight = new Map<number, InFlight>();
  private readonly lines = new Map<number, Line>();
  private lastNumber = 0;

  constructor(stage: Stage, phone: Phone, name: string) {
    this.stage = stage;
    this.phone = phone;
    this.fate = new Fate(stage.seed, `${name}/link`);
    this.middlebox = new Middlebox(stage, name);
  }

  /** The first request or socket number that a new process may use: none is ever used twice. */
  nextNumber(): number {
    return this.lastNumber + 1;
  }

  /** Requests without an answer yet. */
  get waiting(): number {
    return this.inFlight.size;
  }

  send(request: number, message: Request, timeoutMs: number): void {
    this.lastNumber = Math.max(this.lastNumber, request);
    const { agenda } = this.stage;
    const { index } = this.phone;
    const on = this.phone.on();
    const mutations = sentMutations(on, request, message);
    const deadlineMs = agenda.nowMs + timeoutMs;
    this.inFlight.set(request, { request, message, mutations, deadlineMs });
    const altered = agenda.nowMs < this.portalUntilMs ? undefined : this.altered(message);
    this.stage.record(factOfRequest(on, request, message, mutations, altered?.headers));
    if (!this.online) {
      agenda.put(agenda.nowMs + 1, EVENT.requestUnreachable, index, request);
      return;
    }
    if (agenda.nowMs < this.portalUntilMs) return this.portalAnswers(request);
    const { timeouts, duplication } = this.stage.scenario.network;
    if (this.lostUp() || this.strikes("timeout-before", timeouts.before)) {
      agenda.put(deadlineMs, EVENT.requestTimesOut, index, request);
      return;
    }
    const parcel: Parcel = { request, message: altered?.message ?? message };
    agenda.put(agenda.nowMs + this.delayMs(), EVENT.requestArrives, index, 0, parcel);
    if (this.strikes("duplication", duplication)) {
      agenda.put(agenda.nowMs + this.delayMs() + this.delayMs(), EVENT.requestArrives, index, 0, parcel);
    }
  }

  /** The answer is lost before it left: nobody hears of it. */
  answerLost(request: number): void {
    const sent = this.inFlight.get(request);
    if (sent) this.stage.agenda.put(sent.deadlineMs, EVENT.requestTimesOut, this.phone.index, request);
  }

  /** The proxy's answer sets out, `workMs` from now. */
  answerLeaves(request: number, answer: Answer, workMs: number): void {
    const { agenda } = this.stage;
    const sent = this.inFlight.get(request);
    if (!sent) return;
    const { loss, timeouts } = this.stage.scenario.network;
    const lost = this.strikes("loss", loss) || this.strikes("timeout-after", timeouts.after);
    const atMs = agenda.nowMs + workMs + this.delayMs();
    if (lost || atMs >= sent.deadlineMs) {
      agenda.put(sent.deadlineMs, EVENT.requestTimesOut, this.phone.index, request);
    }
    if (!lost) agenda.put(atMs, EVENT.answerArrives, this.phone.index, request, answer);
  }

  answerArrives(request: number, answer: Answer): void {
    const sent = this.inFlight.get(request);
    if (!sent || !this.online) return;
    const { agenda } = this.stage;
    if (agenda.nowMs < this.downDeadUntilMs) {
      agenda.put(sent.deadlineMs, EVENT.requestTimesOut, this.phone.index, request);
      return;
    }
    this.inFlight.delete(request);
    this.stage.record(factOfAnswer(this.phone.on(), request, sent.message, sent.mutations, answer));
    this.phone.feed({ input: "answered", request, answer });
    this.phone.took(sent.message, answer);
  }

  /** No answer came: `timeout` leaves open what happened; `unreachable` means that it never left the phone. */
  unanswered(request: number, why: "timeout" | "unreachable"): void {
    const sent = this.inFlight.get(request);
    if (!sent) return;
    this.inFlight.delete(request);
    this.stage.record({ fact: "unanswered", ...this.phone.on(), request, call: sent.message.call.call, why });
    this.phone.feed({ input: "unanswered", request, why });
  }

  connect(socket: number, subscription: EventSubscription): void {
    this.lastNumber = Math.max(this.lastNumber, socket);
    const { agenda } = this.stage;
    const line: Line = {
      socket,
      subscription,
      openAtPhone: true,
      severed: false,
      atProxy: undefined,
      arrivalMs: 0,
      bundle: undefined,
    };
    this.lines.set(socket, line);
    const { lastRevisionId: since, entities } = subscription;
    this.stage.record({
      fact: "connecting",
      ...this.phone.on(),
      socket,
      ...(since !== undefined && { since }),
      ...(entities && { entities }),
    });
    if (!this.online) this.breakLater(line, agenda.nowMs + 1);
    else if (agenda.nowMs < this.portalUntilMs || this.isRefused())
      this.breakLater(line, agenda.nowMs + this.delayMs());
    else if (this.lostUp() || agenda.nowMs < this.downDeadUntilMs)
      this.breakLater(line, agenda.nowMs + CONNECT_TIMEOUT_MS);
    else agenda.put(agenda.nowMs + this.delayMs() * 2, EVENT.socketArrives, this.phone.index, 0, line);
  }

  /** The device hangs up. */
  disconnect(socket: number): void {
    const line = this.lines.get(socket);
    if (line) this.hangUp(line, 1000);
  }

  /** The proxy accepted or refused the upgrade. */
  upgraded(line: Line, atProxy: Line["atProxy"]): void {
    const { agenda } = this.stage;
    line.atProxy = atProxy;
    line.arrivalMs = agenda.nowMs + this.delayMs();
    if (atProxy) agenda.put(line.arrivalMs, EVENT.socketOpens, this.phone.index, 0, line);
    else this.breakLater(line, line.arrivalMs);
  }

  socketOpens(line: Line): void {
    if (!line.openAtPhone) return;
    const { at, device, account } = this.phone.on();
    this.stage.record({ fact: "connected", at, device, account, socket: line.socket });
    this.phone.feed({ input: "socket_opened", socket: line.socket });
  }

  /** A frame leaves the proxy on this line. */
  frameLeaves(line: Line, frame: Frame): void {
    if (line.severed) return;
    const { agenda } = this.stage;
    const atMs = this.inOrder(line);
    if (line.bundle && atMs === line.arrivalMs) {
      line.bundle.push(frame);
      return;
    }
    line.arrivalMs = atMs;
    line.bundle = [frame];
    agenda.put(atMs, EVENT.framesArrive, this.phone.index, 0, { line, frames: line.bundle });
  }

  framesArrive(line: Line, frames: readonly Frame[]): void {
    if (line.bundle === frames) line.bundle = undefined;
    if (line.severed) return;
    if (line.atProxy) this.stage.backend.drained(line.atProxy, frames.length);
    for (const frame of frames) {
      // A frame may make the device hang up; what follows it then goes nowhere.
      if (!line.openAtPhone || !this.online) return;
      const bytes = FRAME_BYTES + jsonBytes(frame);
      // Members one by one here and below: a spread costs more than all else about a fact.
      const { at, device, account } = this.phone.on();
      this.stage.record({ fact: "frame", at, device, account, socket: line.socket, frame, bytes });
      this.phone.feed({ input: "frame", socket: line.socket, frame });
    }
  }

  /** The proxy hung up with this code; the phone hears of it behind all that was sent before. */
  proxyHungUp(line: Line, code: number): void {
    line.atProxy = undefined;
    // A phone that nothing reaches goes on believing.
    if (!line.severed) this.breakLater(line, this.inOrder(line), code);
  }

  closesAtPhone(line: Line, code: number): void {
    if (!line.openAtPhone) return;
    this.hangUp(line, code);
    this.phone.feed({ input: "socket_closed", socket: line.socket, code });
  }

  /** For so long a login page stands between the phone and all else: its sockets end, its requests are answered there. */
  enterPortal(untilMs: number): void {
    this.portalUntilMs = Math.max(this.portalUntilMs, untilMs);
    for (const line of [...this.lines.values()])
      this.breakLater(line, this.stage.agenda.nowMs + this.delayMs());
  }

  /** Something on the way forgets the sockets that are open now, and tells neither end. */
  sever(): void {
    for (const line of this.lines.values()) {
      if (!line.atProxy || line.severed) continue;
      line.severed = true;
      this.stage.strikes.add("half-open-socket");
      this.stage.record({ fact: "severed", ...this.phone.on(), socket: line.socket });
    }
  }

  /** Faults have stopped. What they broke stays broken until somebody notices. */
  heal(): void {
    this.upDeadUntilMs = 0;
    this.downDeadUntilMs = 0;
    this.slowUntilMs = 0;
    this.portalUntilMs = 0;
  }

  /** The phone knows that it has no network: what was in flight fails, and sockets are gone. */
  goOffline(): void {
    if (!this.online) return;
    this.online = false;
    this.stage.record({ fact: "offline", ...this.phone.on() });
    this.phone.feed({ input: "offline" });
    for (const line of [...this.lines.values()]) this.closesAtPhone(line, ABNORMAL_CLOSE);
    for (const request of [...this.inFlight.keys()]) this.unanswered(request, "timeout");
  }

  goOnline(): void {
    if (this.online) return;
    this.online = true;
    this.stage.record({ fact: "online", ...this.phone.on() });
    this.phone.feed({ input: "online" });
  }

  /** The process was killed: its sockets close, and nobody waits for its answers. */
  processGone(): void {
    this.inFlight.clear();
    for (const line of [...this.lines.values()]) this.hangUp(line, ABNORMAL_CLOSE);
  }

  /** How long a ping and its pong take; undefined when no pong will come. */
  pongMs(line: Line): number | undefined {
    const { nowMs } = this.stage.agenda;
    const alive =
      line.openAtPhone &&
      !line.severed &&
      this.online &&
      nowMs >= this.upDeadUntilMs &&
      nowMs >= this.downDeadUntilMs;
    return alive ? this.delayMs() * 2 : undefined;
  }

  private hangUp(line: Line, code: number): void {
    line.openAtPhone = false;
    this.lines.delete(line.socket);
    const { at, device, account } = this.phone.on();
    this.stage.record({ fact: "disconnected", at, device, account, socket: line.socket, code });
    // Without a network the proxy hears nothing; its pings will find out [EVT-11].
    if (line.atProxy && !line.severed && this.online && this.stage.agenda.nowMs >= this.upDeadUntilMs) {
      const { agenda } = this.stage;
      agenda.put(agenda.nowMs + this.delayMs(), EVENT.socketClosesAtProxy, this.phone.index, 0, line);
    }
  }

  private breakLater(line: Line, atMs: number, code = ABNORMAL_CLOSE): void {
    this.stage.agenda.put(atMs, EVENT.socketClosesAtPhone, this.phone.index, code, line);
  }

  private inOrder(line: Line): number {
    const { nowMs } = this.stage.agenda;
    const resent = this.strikes("loss", this.stage.scenario.network.loss) ? RESEND_MS : 0;
    const heldUntilMs = Math.max(nowMs, this.downDeadUntilMs);
    return Math.max(line.arrivalMs, heldUntilMs + this.delayMs() + resent);
  }

  private lostUp(): boolean {
    return (
      this.stage.agenda.nowMs < this.upDeadUntilMs || this.strikes("loss", this.stage.scenario.network.loss)
    );
  }

  /** What a box on the way makes of the request; undefined when it passes as it is. */
  private altered(message: Request): ReturnType<Middlebox["alter"]> {
    if (this.stage.healed) return undefined;
    const altered = this.middlebox.alter(message);
    if (altered) this.stage.strikes.add(altered.weakened ? "weakened-etags" : "stripped-headers");
    return altered;
  }

  /** A box on the way lets no socket through. */
  private isRefused(): boolean {
    if (this.stage.healed || !this.middlebox.refusesSockets) return false;
    this.stage.strikes.add("refused-socket");
    return true;
  }

  private portalAnswers(request: number): void {
    const { agenda } = this.stage;
    this.stage.strikes.add("captive-portal");
    const answer = portalAnswer(trueNow(this.stage));
    const atMs = agenda.nowMs + this.delayMs() + this.delayMs();
    agenda.put(atMs, EVENT.answerArrives, this.phone.index, request, answer);
  }

  private delayMs(): number {
    const { nowMs } = this.stage.agenda;
    const { latency, reordering, spikes } = this.stage.scenario.network;
    const usualMs = this.fate.spread(nowMs, latency);
    const once = nowMs < this.slowUntilMs ? usualMs + this.fate.spread(nowMs, spikes.delay) : usualMs;
    return this.strikes("reordering", reordering)
      ? once + latency.p99 + this.fate.spread(nowMs, latency)
      : once;
  }

  private strikes(strike: Strike, probability: number): boolean {
    if (this.stage.healed || !this.fate.chance(this.stage.agenda.nowMs, probability)) return false;
    this.stage.strikes.add(strike);
    return true;
  }
}
