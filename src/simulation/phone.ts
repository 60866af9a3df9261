/**
 * Owns one phone: its process, storage, clock and screen, and what becomes of the device's outputs.
 * Refuses to know what the network does with a message (radio.ts) and what its owner wants (user.ts).
 */

import { assertNever } from "../base/assert.ts";
import { type Prng, stream } from "../base/prng.ts";
import type { Choice, DeviceInput, DeviceOutput, DeviceSettings, TimerName } from "../device/port.ts";
import type { OnDevice } from "../history/facts.ts";
import type { SyncTrigger } from "../protocol/messages.ts";
import { EVENT } from "./agenda.ts";
import { WallClock } from "./clock.ts";
import { Disk, type PendingWrite } from "./disk.ts";
import { Fate } from "./fate.ts";
import type { App } from "./parts.ts";
import { Radio } from "./radio.ts";
import { Screen } from "./screen.ts";
import { type Stage, trueNow } from "./stage.ts";
import { User } from "./user.ts";
import { factOfOutput } from "./witness.ts";

const TIMERS: readonly TimerName[] = ["retry", "reconnect", "poll", "sync"];

/** Share of silent pushes that start an app which is not running: Android mostly does, iOS after a kill by hand never. */
const WOKEN_SHARE = 0.5;

/** One phone of the fleet. */
export class Phone {
  readonly index: number;
  readonly account: number;
  readonly settings: DeviceSettings;
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
  private readonly random: Prng;
  private readonly timerTurns = TIMERS.map(() => 0);
  private startedBefore = false;
  /** Pushes that wait at the push service until the phone is online: the last of each entity. */
  private readonly held = new Map<string, SyncTrigger>();
  private readonly deviceClock = { monotonicMs: 0, wallMs: 0 };

  constructor(stage: Stage, index: number, account: number, settings: DeviceSettings) {
    this.stage = stage;
    this.index = index;
    this.account = account;
    this.settings = settings;
    const name = settings.deviceId;
    this.random = stream(stage.seed, `${name}/device`);
    this.diskFate = new Fate(stage.seed, `${name}/disk`);
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
    for (let i = 0; i < outputs.length; i++) this.perform(outputs[i] as DeviceOutput);
  }

  timerFires(detail: number): void {
    const which = detail % TIMERS.length;
    if (this.timerTurns[which] !== Math.floor(detail / TIMERS.length)) return;
    this.feed({ input: "timer", timer: TIMERS[which] as TimerName });
  }

  flushed(pending: PendingWrite): void {
    if (pending.lost) return;
    this.disk.flush(pending);
    this.feed({ input: "flushed", write: pending.write });
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
    }
    const { entity, revisionId: revision } = trigger;
    this.stage.record({ fact: "pushed", ...this.on(), entity, revision });
    this.feed({ input: "push", trigger });
  }

  comesOnline(): void {
    this.radio.goOnline();
    const held = [...this.held.values()];
    this.held.clear();
    for (const trigger of held) this.pushArrives(trigger);
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
        return this.radio.send(output.request, output.message, output.timeoutMs);
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
        return this.user.asked(output.mutation);
      case "settled":
        return this.user.settled(output.mutation, output.outcome);
      case "queued":
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

  private write(output: Extract<DeviceOutput, { output: "store" }>): void {
    const { agenda, scenario } = this.stage;
    const flushMs = this.diskFate.spread(agenda.nowMs, scenario.storage.flush);
    const { pending, atMs } = this.disk.write(output.write, output.puts, agenda.nowMs + flushMs);
    agenda.put(atMs, EVENT.flushed, this.index, 0, pending);
  }

  private wrongClock(name: string): WallClock {
    const { clocks } = this.stage.scenario;
    const random = stream(this.stage.seed, `${name}/clock`);
    if (!random.chance(clocks.skewed)) return new WallClock(this.stage.startMs, 0, 0);
    const sign = random.chance(0.5) ? 1 : -1;
    const fate = new Fate(this.stage.seed, `${name}/clock`);
    const offsetMs = sign * fate.spread(0, clocks.offset);
    return new WallClock(this.stage.startMs, offsetMs, clocks.driftPpm * (random.chance(0.5) ? 1 : -1));
  }
}
