/**
 * Owns the proxy's side of the world: instances over one store, their clock, their outages, and the push service
 * that they call.
 * Refuses to know how a proxy answers; it carries out what the proxy puts out.
 */

import { assertNever } from "../base/assert.ts";
import { byCodeUnit } from "../base/canonical-json.ts";
import type { EpochMs } from "../base/time.ts";
import type { AccountId, DeviceId, PushMessage, SyncTrigger } from "../protocol/messages.ts";
import type { Answer, Request } from "../protocol/request.ts";
import type {
  Commit,
  ProxyConfig,
  ProxyOutput,
  PushCallResult,
  PushTicket,
  SyncProxy,
} from "../proxy/port.ts";
import { EVENT } from "./agenda.ts";
import { WallClock } from "./clock.ts";
import { Fate } from "./fate.ts";
import type { Phone } from "./phone.ts";
import type { Line, Parcel } from "./radio.ts";
import { type Stage, trueNow } from "./stage.ts";

const RETRY_AFTER_SECONDS = 7;
const PUSH_CALL_MS = 120;
const GOING_AWAY = 1001;

interface Instance {
  readonly proxy: SyncProxy;
  readonly lines: Map<number, { readonly phone: Phone; readonly line: Line }>;
  down: boolean;
  /** Run time for which a tick is on the agenda; undefined when none is. */
  tickAtMs: number | undefined;
}

/** All proxy instances of a run. */
export class Backend {
  readonly clock: WallClock;
  private readonly stage: Stage;
  private readonly instances: readonly Instance[];
  private readonly fate: Fate;
  private readonly deviceIndex = new Map<string, number>();
  private readonly accountIndex = new Map<string, number>();
  private readonly tokens = new Map<string, Phone>();

  constructor(stage: Stage, config: ProxyConfig) {
    this.stage = stage;
    this.clock = new WallClock(stage.startMs, 0, 0);
    this.fate = new Fate(stage.seed, "backend");
    const store = stage.parts.store();
    for (const account of config.accounts.values()) this.accountIndex.set(account, this.accountIndex.size);
    this.instances = Array.from({ length: stage.scenario.proxy.instances }, () => ({
      proxy: stage.parts.proxy(config, store),
      lines: new Map(),
      down: false,
      tickAtMs: undefined,
    }));
  }

  /** Makes a phone known, so that commits and pushes find it. */
  enrol(phone: Phone): void {
    this.deviceIndex.set(phone.settings.deviceId, phone.index);
    if (phone.settings.push) this.tokens.set(phone.settings.push.token, phone);
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
    const answer = down ? this.unavailable() : proxy.answer(parcel.message, this.now());
    phone.radio.answerLeaves(parcel.request, answer, workMs);
    this.carryOut(index);
  }

  socketArrives(phone: Phone, line: Line): void {
    if (!line.openAtPhone) return;
    const index = this.pick(phone);
    const instance = this.instance(index);
    const socket = instance.down ? undefined : instance.proxy.openSocket(line.subscription, this.now());
    phone.radio.upgraded(line, socket === undefined ? undefined : { instance: index, socket });
    if (socket !== undefined) instance.lines.set(socket, { phone, line });
    this.carryOut(index);
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
    this.instance(index).proxy.wake(account, this.now());
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
      phone.radio.proxyHungUp(line, GOING_AWAY);
    }
    this.carryOut(index);
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
    for (let i = 0; i < outputs.length; i++) this.perform(index, outputs[i] as ProxyOutput);
    this.scheduleTick(index);
  }

  private perform(index: number, output: ProxyOutput): void {
    const { agenda } = this.stage;
    switch (output.output) {
      case "committed":
        return this.committed(index, output.commit);
      case "frame": {
        const end = this.instance(index).lines.get(output.socket);
        if (end) end.phone.radio.frameLeaves(end.line, output.frame);
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
        return this.pushSend(index, output);
      case "push_receipts": {
        const receipts = new Map(output.tickets.map((id) => [id, { status: "ok", id } as const]));
        agenda.put(agenda.nowMs + PUSH_CALL_MS, EVENT.receiptsAnswered, index, output.call, receipts);
        return;
      }
      default:
        assertNever(output);
    }
  }

  private committed(index: number, commit: Commit): void {
    const { agenda, scenario } = this.stage;
    const account = this.accountIndex.get(commit.account) ?? -1;
    const { revision, entity, id, action, record, previous, key, ifMatch, resolution, deviceId } = commit;
    const device = deviceId === undefined ? undefined : this.deviceIndex.get(deviceId);
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
    for (let other = 0; other < this.instances.length; other++) {
      if (other === index) continue;
      const afterMs = this.fate.spread(agenda.nowMs, scenario.proxy.fanOut);
      agenda.put(agenda.nowMs + afterMs, EVENT.fanOut, other, 0, commit.account);
    }
  }

  private pushSend(index: number, output: Extract<ProxyOutput, { output: "push_send" }>): void {
    const { agenda } = this.stage;
    const tickets = output.messages.map(
      ({ to }, nth): PushTicket =>
        this.tokens.has(to)
          ? { status: "ok", id: `ticket-${index}-${output.call}-${nth}` }
          : { status: "error", error: "DeviceNotRegistered" },
    );
    // In an order that other accounts' messages in the same call have no part in.
    for (const { to, data } of [...output.messages].sort(byAddress)) {
      const phone = this.tokens.get(to);
      if (phone) this.deliver(phone, data);
    }
    const result: PushCallResult = { result: "answered", tickets };
    agenda.put(agenda.nowMs + PUSH_CALL_MS, EVENT.pushAnswered, index, output.call, result);
  }

  private deliver(phone: Phone, trigger: SyncTrigger): void {
    const { agenda, scenario } = this.stage;
    const { account, index: device, backendFate } = phone;
    const { entity, revisionId: revision } = trigger;
    this.stage.record({
      fact: "push_handed_over",
      at: trueNow(this.stage),
      account,
      device,
      entity,
      revision,
    });
    const { delay, loss, duplication } = scenario.push;
    if (!this.stage.healed && backendFate.chance(agenda.nowMs, loss)) return;
    agenda.put(agenda.nowMs + backendFate.spread(agenda.nowMs, delay), EVENT.pushArrives, device, 0, trigger);
    if (this.stage.healed || !backendFate.chance(agenda.nowMs, duplication)) return;
    agenda.put(
      agenda.nowMs + 2 * backendFate.spread(agenda.nowMs, delay),
      EVENT.pushArrives,
      device,
      0,
      trigger,
    );
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

function byAddress(left: PushMessage, right: PushMessage): number {
  return byCodeUnit(left.to, right.to) || byCodeUnit(left.data.entity, right.data.entity);
}

/** Who may call: one token an account. */
export function accountTokens(accounts: number): ReadonlyMap<string, AccountId> {
  return new Map(
    Array.from({ length: accounts }, (_, index) => [`tok-${index}`, `account-${index}` as AccountId]),
  );
}

/** The name of a phone, which is also its device id. */
export function deviceName(account: number, nth: number): DeviceId {
  return `a${account}-d${nth}` as DeviceId;
}
