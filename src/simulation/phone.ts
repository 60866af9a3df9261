/**
 * Owns one phone: its process, storage, clock and screen, and what becomes of the device's outputs.
 * Refuses to know what the network does with a message (radio.ts) and what its owner wants (user.ts).
 */

import { assertNever } from "../base/assert.ts";
import { type Prng, stream } from "../base/prng.ts";
import { DAY_MS } from "../base/time.ts";
import { KEYS } from "../device/keys.ts";
import type { Choice, DeviceInput, DeviceOutput, DeviceSettings, Edit, TimerName } from "../device/port.ts";
import type { OnDevice } from "../history/facts.ts";
import { ENTITIES, type Entity } from "../protocol/entity.ts";
import type { SyncTrigger } from "../protocol/messages.ts";
import type { Answer, Request } from "../protocol/request.ts";
import { EVENT } from "./agenda.ts";
import { WallClock } from "./clock.ts";
import { Disk, type PendingWrite } from "./disk.ts";
import { Fate } from "./fate.ts";
import type { App } from "./parts.ts";
import { Radio } from "./radio.ts";
import { Screen } from "./screen.ts";
import { type Stage, trueNow } from "./stage.ts";
import type { Strike } from "./strikes.ts";
import { User } from "./user.ts";
import { factOfOutput } from "./witness.ts";

/** A year of an honest calendar is near enough. */
const YEAR_MS = 365 * DAY_MS;
const YEARS_OFF_MAX = 30;

const TIMERS: readonly TimerName[] = ["retry", "reconnect", "poll", "sync"];

/** Share of silent pushes that start an app which is not running: Android mostly does, iOS after a kill by hand never. */
const WOKEN_SHARE = 0.5;

/** One phone of the fleet. */
export class Phone {
  readonly index: number;
  readonly account: number;
  /** What its streams of randomness are called after; no two phones share it. */
  readonly name: string;
  /** As a process that starts now gets them. */
  settings: DeviceSettings;
  /** The token by which the proxies know the account, whatever the phone's own is called. */
  readonly accountToken: string;
  tokenExpired = false;
  /** Until when nothing can be written. */
  fullUntilMs = 0;
  /** The same phone in another person's hands, with another account and other storage. */
  partner: Phone | undefined;
  readonly clock: WallClock;
  readonly radio: Radio;
  readonly screen = new Screen();
  readonly user: User;
  /** What befalls this phone's requests and pushes behind the network, whatever others do at that instant. */
  readonly backendFate: Fate;
  /** The running process; undefined while it is killed or was never started. */
  app: App | undefined;

  private readonly stage: Stage;
  private readonly disk = new Disk();
  private readonly diskFate: Fate;
  private readonly troubles: Fate;
  /** The process ends as soon as the output is carried out that it is at. */
  private doomed = false;
  /** The record of the edit that the app queued last. */
  private queuedId: string | undefined;
  private readonly random: Prng;
  private readonly timerTurns = TIMERS.map(() => 0);
  private startedBefore = false;
  private renewals = 0;
  /** Pushes that wait at the push service until the phone is online: the last of each entity. */
  private readonly held = new Map<string, SyncTrigger>();
  private readonly deviceClock = { monotonicMs: 0, wallMs: 0 };

  constructor(stage: Stage, index: number, account: number, settings: DeviceSettings, name: string) {
    this.stage = stage;
    this.index = index;
    this.account = account;
    this.name = name;
    this.settings = settings;
    this.accountToken = settings.token;
    this.random = stream(stage.seed, `${name}/device`);
    this.diskFate = new Fate(stage.seed, `${name}/disk`);
    this.troubles = new Fate(stage.seed, `${name}/troubles`);
    this.backendFate = new Fate(stage.seed, `${name}/backend`);
    this.radio = new Radio(stage, this, name);
    this.user = new User(stage, this, name);
    this.clock = this.wrongClock(name);
    const offsetMs = this.clock.errorMs(trueNow(stage));
    if (offsetMs !== 0) stage.record({ fact: "clock_set", ...this.on(), offsetMs });
  }

  /** Who and when, for a fact. */
  on(): OnDevice {
    return { at: trueNow(this.stage), device: this.index, account: this.account };
  }

  /** Installs an older app, which knows only these entities. */
  downgrade(entities: readonly Entity[]): void {
    const { push, ...rest } = this.settings;
    this.settings = { ...rest, entities, ...(push && { push: { ...push, topics: entities } }) };
  }

  /** Starts the process, in the background; a running one is left as it is. */
  start(): void {
    if (this.app) return;
    const { online } = this.radio;
    this.app = this.stage.parts.app(this.settings, this.random, this.radio.nextNumber());
    this.stage.record({ fact: "started", ...this.on(), cold: this.startedBefore, online });
    this.startedBefore = true;
    this.feed({ input: "started", stored: this.disk.contents(), online });
  }

  /** Ends the process between two of its steps. */
  kill(): void {
    if (!this.app) return;
    this.app = undefined;
    this.stage.record({ fact: "killed", ...this.on() });
    this.disk.crash();
    this.radio.processGone();
    this.user.processGone();
    this.screen.clear();
    for (let i = 0; i < TIMERS.length; i++) this.timerTurns[i] = (this.timerTurns[i] ?? 0) + 1;
  }

  /** Hands the device one input and carries out what it puts out. Never called from within itself. */
  feed(input: DeviceInput): void {
    if (!this.app) return;
    const now = trueNow(this.stage);
    this.deviceClock.monotonicMs = this.stage.agenda.nowMs;
    this.deviceClock.wallMs = this.clock.read(now);
    const outputs = this.app.step(input, this.deviceClock);
    for (let i = 0; i < outputs.length && this.app; i++) {
      this.perform(outputs[i] as DeviceOutput);
      if (this.doomed) this.meetDoom();
    }
  }

  /** The process ends as soon as the step that it is in allows. */
  dooms(): void {
    this.doomed = true;
  }

  /** An edit of its user's; the id of the record, when the app took it. */
  edits(edit: Edit): string | undefined {
    this.queuedId = undefined;
    this.feed({ input: "edit", edit });
    return this.queuedId;
  }

  /** An answer came and the app made of it what it could; what that is may not be stored yet. */
  took(message: Request, answer: Answer): void {
    if (!this.app || this.stage.healed) return;
    const { beforeStore, betweenPages } = this.stage.scenario.kills.points;
    const isPage = message.call.call === "changes" || message.call.call === "list";
    const { director } = this.stage;
    const moreToCome = isPage && hasMore(answer);
    if (moreToCome) director.passes("between-pages", this.index);
    if (!isRead(message) && this.disk.isBusy) director.passes("before-store", this.index);
    if (this.doomed) return this.meetDoom();
    if (moreToCome && this.strikes("kill-between-pages", betweenPages)) return this.kill();
    if (!isRead(message) && this.disk.isBusy && this.strikes("kill-before-store", beforeStore)) this.kill();
  }

  timerFires(detail: number): void {
    const which = detail % TIMERS.length;
    if (this.timerTurns[which] !== Math.floor(detail / TIMERS.length)) return;
    this.feed({ input: "timer", timer: TIMERS[which] as TimerName });
  }

  flushed(pending: PendingWrite): void {
    if (pending.lost) return;
    this.disk.flush(pending);
    this.feed({ input: pending.fails ? "store_failed" : "flushed", write: pending.write });
  }

  /** A silent push reaches the phone. Offline, the push service keeps it; a killed app is woken by chance. */
  pushArrives(trigger: SyncTrigger): void {
    if (!this.radio.online) {
      this.held.set(trigger.entity, trigger);
      return;
    }
    if (this.user.isAway()) return;
    if (!this.app) {
      if (!this.diskFate.chance(this.stage.agenda.nowMs, WOKEN_SHARE)) return;
      this.start();
      if (!this.app) return;
    }
    const { entity, revisionId: revision } = trigger;
    const { at, device, account } = this.on();
    this.stage.record({ fact: "pushed", at, device, account, entity, revision });
    this.feed({ input: "push", trigger });
  }

  comesOnline(): void {
    this.radio.goOnline();
    const held = [...this.held.values()];
    this.held.clear();
    for (const trigger of held) this.pushArrives(trigger);
  }

  /** The token is not good any more: sockets are closed, requests get 401 [QUE-8]. */
  tokenExpires(): void {
    if (this.tokenExpired) return;
    this.tokenExpired = true;
    this.stage.strikes.add("token-expiry");
    this.stage.backend.expel(this);
  }

  /** The owner signed in again. */
  renewToken(): void {
    if (!this.tokenExpired) return;
    this.tokenExpired = false;
    this.renewals++;
    this.settings = { ...this.settings, token: `${this.accountToken}.${this.renewals}` };
    this.feed({ input: "signed_in", token: this.settings.token });
  }

  /** The push service gives the phone another token; the app hears of it at its next start [PSH-6]. */
  pushTokenDies(): void {
    const { push } = this.settings;
    if (!push) return;
    this.stage.backend.push.forget(push.token);
    this.settings = { ...this.settings, push: { ...push, token: `${push.token}'` } };
  }

  /** The app is updated to one that knows every entity: its process starts anew when it is wanted again. */
  updates(): void {
    const { push, ...rest } = this.settings;
    this.stage.strikes.add("older-app");
    this.settings = { ...rest, entities: ENTITIES, ...(push && { push: { ...push, topics: ENTITIES } }) };
    this.kill();
  }

  /** The app is replaced by one that does the same. */
  isReplaced(): void {
    this.stage.strikes.add("app-update");
    this.kill();
  }

  /** The other of the two who share the phone takes over. */
  changesHands(): void {
    const { partner } = this;
    if (!partner) return;
    const mine = !this.user.isSignedOut;
    this.user.signedOut(mine);
    partner.user.signedOut(!mine);
  }

  choose(mutation: string, choice: Choice): void {
    this.stage.record({ fact: "chosen", ...this.on(), mutation, choice });
    this.feed({ input: "chosen", mutation, choice });
  }

  private perform(output: DeviceOutput): void {
    const fact = factOfOutput(this.on(), output);
    if (fact) this.stage.record(fact);
    switch (output.output) {
      case "send":
        return this.send(output);
      case "connect":
        return this.radio.connect(output.socket, output.subscription);
      case "disconnect":
        return this.radio.disconnect(output.socket);
      case "timer":
        return this.setTimer(output.timer, output.afterMs);
      case "cancel":
        this.cancelTimer(output.timer);
        return;
      case "store":
        return this.write(output);
      case "show":
        return this.screen.show(output.entity, output.id, output.fields);
      case "ask":
        return this.user.asked(output.mutation, output.entity);
      case "settled":
        return this.user.settled(output.mutation, output.outcome);
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

  private setTimer(timer: TimerName, afterMs: number): void {
    const which = this.cancelTimer(timer);
    const turn = this.timerTurns[which] ?? 0;
    const { agenda } = this.stage;
    agenda.put(agenda.nowMs + Math.max(1, afterMs), EVENT.timer, this.index, turn * TIMERS.length + which);
  }

  private cancelTimer(timer: TimerName): number {
    const which = TIMERS.indexOf(timer);
    this.timerTurns[which] = (this.timerTurns[which] ?? 0) + 1;
    return which;
  }

  /** A request leaves, unless the process ends just before; and it may end just after. */
  private send(output: Extract<DeviceOutput, { output: "send" }>): void {
    const { beforeSend, afterSend } = this.stage.scenario.kills.points;
    const isEdit = !isRead(output.message);
    if (isEdit) this.stage.director.passes("before-send", this.index);
    if (this.doomed || (isEdit && this.strikes("kill-before-send", beforeSend))) {
      this.doomed = true;
      return;
    }
    this.radio.send(output.request, output.message, output.timeoutMs);
    if (isEdit) this.stage.director.passes("after-send", this.index);
    if (isEdit && this.strikes("kill-after-send", afterSend)) this.doomed = true;
  }

  private write(output: Extract<DeviceOutput, { output: "store" }>): void {
    const { agenda, scenario } = this.stage;
    const flushMs = this.diskFate.spread(agenda.nowMs, scenario.storage.flush);
    const fails = this.writeFails();
    const { pending, atMs } = this.disk.write(output.write, output.puts, agenda.nowMs + flushMs, fails);
    agenda.put(atMs, EVENT.flushed, this.index, 0, pending);
    const { beforeRevision } = scenario.kills.points;
    // [REV-11] the data that it covers is durable, and it is not.
    const { director } = this.stage;
    const isRevision =
      (beforeRevision > 0 || director.isOn) && output.puts.some(([key]) => key === KEYS.revisions);
    if (isRevision) director.passes("before-revision", this.index);
    if (isRevision && beforeRevision > 0 && this.strikes("kill-before-revision", beforeRevision))
      this.doomed = true;
  }

  private writeFails(): boolean {
    const { agenda, scenario, strikes, healed } = this.stage;
    if (!healed && agenda.nowMs < this.fullUntilMs) {
      strikes.add("full-storage");
      return true;
    }
    return this.strikes("failed-write", scenario.storage.failures);
  }

  private meetDoom(): void {
    this.doomed = false;
    this.kill();
  }

  private strikes(strike: Strike, probability: number): boolean {
    const { agenda, strikes, healed } = this.stage;
    if (healed || !this.troubles.chance(agenda.nowMs, probability)) return false;
    strikes.add(strike);
    return true;
  }

  private wrongClock(name: string): WallClock {
    const { clocks } = this.stage.scenario;
    const random = stream(this.stage.seed, `${name}/clock`);
    if (stream(this.stage.seed, `${name}/calendar`).chance(clocks.yearsOff)) return this.clockOfYears(name);
    if (!random.chance(clocks.skewed)) return new WallClock(this.stage.startMs, 0, 0);
    this.stage.strikes.add("clock-offset");
    const sign = random.chance(0.5) ? 1 : -1;
    const fate = new Fate(this.stage.seed, `${name}/clock`);
    const offsetMs = sign * fate.spread(0, clocks.offset);
    return new WallClock(this.stage.startMs, offsetMs, clocks.driftPpm * (random.chance(0.5) ? 1 : -1));
  }
  /** A clock that somebody set to another year, and nobody put right. */
  private clockOfYears(name: string): WallClock {
    const random = stream(this.stage.seed, `${name}/years`);
    const years = 1 + random.below(YEARS_OFF_MAX);
    this.stage.strikes.add("clock-years-off");
    return new WallClock(this.stage.startMs, (random.chance(0.5) ? 1 : -1) * years * YEAR_MS, 0);
  }
}

function isRead({ call }: Request): boolean {
  return call.call !== "create" && call.call !== "update" && call.call !== "delete" && call.call !== "batch";
}

function hasMore({ body }: Answer): boolean {
  const page = body as { readonly hasMore?: boolean; readonly meta?: { readonly hasMore?: boolean } } | null;
  return page?.hasMore === true || page?.meta?.hasMore === true;
}
