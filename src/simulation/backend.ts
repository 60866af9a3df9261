/**
 * Owns the proxy's side of the world: instances over one store, their clock, their outages, and the push service
 * that they call.
 * Refuses to know how a proxy answers; it carries out what the proxy puts out.
 */

import { assertNever } from "../base/assert.ts";
import type { EpochMs } from "../base/time.ts";
import type { AccountId, Capabilities } from "../protocol/messages.ts";
import { type Answer, CLOSE, type Frame, type Request } from "../protocol/request.ts";
import type {
  Commit,
  Delivery,
  ProxyConfig,
  ProxyOutput,
  PushCallResult,
  PushTicket,
  SyncProxy,
} from "../proxy/port.ts";
import { EVENT } from "./agenda.ts";
import { WallClock } from "./clock.ts";
import { Fate } from "./fate.ts";
import { deviceKey } from "./names.ts";
import { Novelty } from "./novelty.ts";
import type { Phone } from "./phone.ts";
import type { Hook } from "./plan.ts";
import { PushService } from "./push-service.ts";
import type { Line, Parcel } from "./radio.ts";
import { type Stage, trueNow } from "./stage.ts";

const RETRY_AFTER_SECONDS = 7;

interface Instance {
  readonly proxy: SyncProxy;
  readonly lines: Map<number, { readonly phone: Phone; readonly line: Line }>;
  down: boolean;
  /** Run time for which a tick is on the agenda; undefined when none is. */
  tickAtMs: number | undefined;
  /** Until when it hears of nothing, and nobody of it. */
  cutUntilMs: number;
  /** Accounts of whose changes it did not hear, and those of whose changes it could not tell. */
  readonly unheard: Set<AccountId>;
  readonly untold: Set<AccountId>;
}

/** From here on the others hear of a change late: a client is faster. */
const LAG_MS = 50;

/** A hook that is passed by no device. */
const NO_DEVICE = -1;

/** A token that no proxy knows. */
const EXPIRED = "expired";

/** All proxy instances of a run. */
export class Backend {
  readonly clock: WallClock;
  readonly novelty: Novelty;
  readonly push: PushService;
  private readonly stage: Stage;
  private readonly instances: readonly Instance[];
  private readonly fate: Fate;
  private readonly deviceIndex = new Map<string, number>();
  private readonly accountIndex = new Map<string, number>();

  constructor(stage: Stage, config: ProxyConfig) {
    this.stage = stage;
    this.clock = new WallClock(stage.startMs, 0, 0);
    this.fate = new Fate(stage.seed, "backend");
    this.push = new PushService(stage);
    this.novelty = new Novelty(stage);
    const store = stage.parts.store();
    for (const account of config.accounts.values()) this.accountIndex.set(account, this.accountIndex.size);
    this.instances = Array.from({ length: stage.scenario.proxy.instances }, () => ({
      proxy: stage.parts.proxy(config, store),
      lines: new Map(),
      down: false,
      tickAtMs: undefined,
      cutUntilMs: 0,
      unheard: new Set(),
      untold: new Set(),
    }));
  }

  /** Makes a phone known, so that commits and pushes find it. */
  enrol(phone: Phone): void {
    this.deviceIndex.set(deviceKey(`account-${phone.account}`, phone.settings.deviceId), phone.index);
    this.push.enrol(phone);
  }

  /** One call without a network in between: for what stood before the run, and for the comparison after it. */
  call(request: Request): Answer {
    const answer = this.instance(0).proxy.answer(request, this.now());
    this.carryOut(0);
    return answer;
  }

  requestArrives(phone: Phone, parcel: Parcel): void {
    const index = this.pick(phone);
    const { proxy, down } = this.instance(index);
    const workMs = phone.backendFate.spread(this.stage.agenda.nowMs, this.stage.scenario.proxy.work);
    const message = this.vouched(phone, parcel.message);
    const answer = down ? this.unavailable() : proxy.answer(message, this.now());
    if (message.call.call === "push_register" && answer.status < 300) this.push.registered(phone, message);
    if (this.passes(hookOf(message), phone.index, index)) phone.radio.answerLost(parcel.request);
    else phone.radio.answerLeaves(parcel.request, this.novelty.answer(message, answer), workMs);
    this.carryOut(index);
  }

  /** One call of somebody who is no phone of this run, over whichever instance is up. */
  callOfOther(request: Request, draw: number): Answer {
    const index = Math.floor(draw * this.instances.length);
    const { proxy, down } = this.instance(index);
    const answer = down ? this.unavailable() : proxy.answer(request, this.now());
    this.carryOut(index);
    return answer;
  }

  /** One delivery of the backend behind the proxy; its signature is taken as checked. */
  deliverWebhook(delivery: Delivery, draw: number): Answer {
    const index = Math.floor(draw * this.instances.length);
    const { proxy, down } = this.instance(index);
    const answer = down ? this.unavailable() : proxy.webhook(delivery, this.now());
    this.carryOut(index);
    return answer;
  }

  socketArrives(phone: Phone, line: Line): void {
    if (!line.openAtPhone) return;
    const index = this.pick(phone);
    const instance = this.instance(index);
    const subscription = this.vouched(phone, line.subscription);
    const socket = instance.down ? undefined : instance.proxy.openSocket(subscription, this.now());
    phone.radio.upgraded(line, socket === undefined ? undefined : { instance: index, socket });
    if (socket !== undefined) instance.lines.set(socket, { phone, line });
    this.carryOut(index);
    this.stage.director.passes("replay", phone.index);
  }

  drained(atProxy: NonNullable<Line["atProxy"]>, count: number): void {
    this.instance(atProxy.instance).proxy.socketDrained(atProxy.socket, count);
    // A replay that waited for room goes on.
    this.carryOut(atProxy.instance);
  }

  socketCloses(line: Line): void {
    if (!line.atProxy) return;
    const { instance: index, socket } = line.atProxy;
    line.atProxy = undefined;
    this.instance(index).lines.delete(socket);
    this.instance(index).proxy.socketClosed(socket);
    this.carryOut(index);
  }

  pong(line: Line): void {
    if (!line.atProxy) return;
    this.instance(line.atProxy.instance).proxy.socketPong(line.atProxy.socket, this.now());
    this.carryOut(line.atProxy.instance);
  }

  tick(index: number): void {
    const instance = this.instance(index);
    if (instance.tickAtMs !== this.stage.agenda.nowMs) return;
    instance.tickAtMs = undefined;
    instance.proxy.tick(this.now());
    this.carryOut(index);
  }

  fanOut(index: number, account: AccountId): void {
    const instance = this.instance(index);
    if (this.isCut(instance)) {
      instance.unheard.add(account);
      return;
    }
    instance.proxy.wake(account, this.now());
    this.carryOut(index);
  }

  pushAnswered(index: number, call: number, result: PushCallResult): void {
    this.instance(index).proxy.pushAnswered(call, result, this.now());
    this.carryOut(index);
  }

  receiptsAnswered(index: number, call: number, receipts: ReadonlyMap<string, PushTicket>): void {
    this.instance(index).proxy.receiptsAnswered(call, { result: "answered", receipts }, this.now());
    this.carryOut(index);
  }

  /** From now on this instance answers 503; its sockets are closed. */
  goDown(index: number): void {
    const instance = this.instance(index);
    instance.down = true;
    for (const [socket, { phone, line }] of [...instance.lines]) {
      instance.lines.delete(socket);
      instance.proxy.socketClosed(socket);
      phone.radio.proxyHungUp(line, CLOSE.goingAway);
    }
    this.carryOut(index);
  }

  /** [SEC-5] the phone's token expired: its sockets are closed. */
  expel(phone: Phone): void {
    for (const [index, instance] of this.instances.entries()) {
      for (const [socket, end] of [...instance.lines]) {
        if (end.phone !== phone) continue;
        instance.lines.delete(socket);
        instance.proxy.socketClosed(socket);
        phone.radio.proxyHungUp(end.line, CLOSE.unauthorized);
      }
      this.carryOut(index);
    }
  }

  /** From now on this instance and the others do not hear of each other's changes. */
  cutOff(index: number, untilMs: number): void {
    const instance = this.instance(index);
    instance.cutUntilMs = Math.max(instance.cutUntilMs, untilMs);
    const { startMs } = this.stage;
    this.stage.record({ fact: "cut_off", at: trueNow(this.stage), until: startMs + instance.cutUntilMs });
  }

  /** What was missed on either side is told now, an account at a time; the log has the order [EVT-2]. */
  joinsAgain(index: number): void {
    const instance = this.instance(index);
    if (this.isCut(instance)) return;
    const { agenda } = this.stage;
    for (const account of instance.unheard) agenda.put(agenda.nowMs, EVENT.fanOut, index, 0, account);
    instance.unheard.clear();
    for (const account of instance.untold) this.tellOthers(index, account);
    instance.untold.clear();
  }

  /** [FLG-1, FLG-2] all instances take up another mode; sockets stay open. */
  switchMode(mode: Capabilities["conflicts"]["mode"]): void {
    const { ifMatch, resolvedBy } = this.stage.scenario.proxy;
    for (const { proxy } of this.instances) proxy.reconfigure({ mode, ifMatch, resolvedBy });
  }

  comeBack(index: number): void {
    this.instance(index).down = false;
  }

  get instanceCount(): number {
    return this.instances.length;
  }

  /** What the proxies' clock shows. */
  now(): EpochMs {
    return this.clock.read(trueNow(this.stage));
  }

  private instance(index: number): Instance {
    return this.instances[index] as Instance;
  }

  private isCut(instance: Instance): boolean {
    return !this.stage.healed && this.stage.agenda.nowMs < instance.cutUntilMs;
  }

  /** The request with the token that the proxies know its account by; one that expired is none of theirs [SEC-1]. */
  private vouched<Asking extends { readonly token?: string }>(phone: Phone, asking: Asking): Asking {
    const token = asking.token === phone.settings.token && !phone.tokenExpired ? phone.accountToken : EXPIRED;
    if (token === asking.token) return asking;
    if (token === EXPIRED) this.stage.strikes.add("token-expiry");
    return { ...asking, token };
  }

  private pick(phone: Phone): number {
    if (this.instances.length === 1) return 0;
    return Math.floor(phone.backendFate.draw(this.stage.agenda.nowMs) * this.instances.length);
  }

  private unavailable(): Answer {
    return {
      status: 503,
      headers: { retryAfterSeconds: RETRY_AFTER_SECONDS, dateMs: this.now() },
      body: { error: "unavailable", message: "the proxy is down for a moment" },
    };
  }

  private carryOut(index: number): void {
    const instance = this.instance(index);
    const outputs = instance.proxy.takeOutputs();
    let commits = 0;
    for (let i = 0; i < outputs.length; i++) {
      const output = outputs[i] as ProxyOutput;
      if (output.output === "committed") commits++;
      this.perform(index, output);
    }
    this.scheduleTick(index);
    for (; commits > 0; commits--) this.stage.director.passes("fan-out", NO_DEVICE);
  }

  /** True: the answer to what came is lost, or the instance is gone before it could leave. */
  private passes(hook: Hook | undefined, device: number, index: number): boolean {
    if (hook === undefined) return false;
    const wasDown = this.instance(index).down;
    return this.stage.director.passes(hook, device) || (!wasDown && this.instance(index).down);
  }

  private perform(index: number, output: ProxyOutput): void {
    const { agenda } = this.stage;
    switch (output.output) {
      case "committed":
        return this.committed(index, output.commit);
      case "frame": {
        const end = this.instance(index).lines.get(output.socket);
        if (!end) return;
        const { phone, line } = end;
        if (!this.novelty.isOn) return phone.radio.frameLeaves(line, output.frame);
        const frames = this.novelty.frames(output.frame, line.subscription);
        for (let i = 0; i < frames.length; i++) phone.radio.frameLeaves(line, frames[i] as Frame);
        return;
      }
      case "ping": {
        const end = this.instance(index).lines.get(output.socket);
        const pongMs = end?.phone.radio.pongMs(end.line);
        if (end && pongMs !== undefined)
          agenda.put(agenda.nowMs + pongMs, EVENT.pong, end.phone.index, 0, end.line);
        return;
      }
      case "close": {
        const end = this.instance(index).lines.get(output.socket);
        this.instance(index).lines.delete(output.socket);
        this.instance(index).proxy.socketClosed(output.socket);
        if (end) end.phone.radio.proxyHungUp(end.line, output.code);
        return;
      }
      case "push_send":
        return this.push.send(index, output);
      case "push_receipts":
        return this.push.receipts(index, output);
      default:
        assertNever(output);
    }
  }

  private committed(index: number, commit: Commit): void {
    const account = this.accountIndex.get(commit.account) ?? -1;
    const { revision, entity, id, action, record, previous, key, ifMatch, resolution, deviceId } = commit;
    const device =
      deviceId === undefined ? undefined : this.deviceIndex.get(deviceKey(commit.account, deviceId));
    this.stage.record({
      fact: "committed",
      at: trueNow(this.stage),
      account,
      revision,
      entity,
      id,
      action,
      record,
      previous,
      device,
      key,
      ifMatch,
      resolution,
    });
    const instance = this.instance(index);
    if (this.isCut(instance)) instance.untold.add(commit.account);
    else this.tellOthers(index, commit.account);
  }

  private tellOthers(index: number, account: AccountId): void {
    const { agenda, scenario } = this.stage;
    for (let other = 0; other < this.instances.length; other++) {
      if (other === index) continue;
      const afterMs = this.fate.spread(agenda.nowMs, scenario.proxy.fanOut);
      if (!this.stage.healed && afterMs >= LAG_MS) this.stage.strikes.add("fan-out-lag");
      agenda.put(agenda.nowMs + afterMs, EVENT.fanOut, other, 0, account);
    }
  }

  private scheduleTick(index: number): void {
    const instance = this.instance(index);
    const dueAt = instance.proxy.nextTickAtMs();
    if (dueAt === undefined) return;
    const { agenda } = this.stage;
    const atMs = agenda.nowMs + Math.max(1, dueAt - this.now());
    if (instance.tickAtMs !== undefined && instance.tickAtMs <= atMs) return;
    instance.tickAtMs = atMs;
    agenda.put(atMs, EVENT.proxyTick, index);
  }
}

/** The point that a request has come to when it is answered. */
function hookOf({ call }: Request): Hook | undefined {
  switch (call.call) {
    case "list":
    case "changes":
      return "snapshot";
    case "create":
    case "update":
    case "delete":
    case "batch":
      return "effect";
    default:
      return undefined;
  }
}
