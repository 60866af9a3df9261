/**
 * Owns when faults strike: tunnels, one-way partitions, clock steps, outages. Each is a pair of events that plans
 * its own successor.
 * Refuses to know what they do to those whom they strike.
 */

import { type Prng, stream } from "../base/prng.ts";
import { DAY_MS, MINUTE_MS } from "../base/time.ts";
import { EVENT } from "./agenda.ts";
import { quantile } from "./fate.ts";
import type { Phone } from "./phone.ts";
import type { Stage } from "./stage.ts";

/** The faults of a run. */
export class Faults {
  private readonly stage: Stage;
  private readonly perPhone: Prng[] = [];
  private readonly ofBackend: Prng;

  constructor(stage: Stage) {
    this.stage = stage;
    this.ofBackend = stream(stage.seed, "backend/faults");
  }

  begin(): void {
    const { network, clocks, proxy } = this.stage.scenario;
    for (const phone of this.stage.phones) {
      this.perPhone.push(stream(this.stage.seed, `${phone.settings.deviceId}/faults`));
      this.plan(phone.index, EVENT.offlineBegins, network.offline.perDay);
      this.plan(phone.index, EVENT.partitionBegins, network.partition.perDay);
      this.plan(phone.index, EVENT.clockJumps, clocks.jumps.perDay);
    }
    for (let instance = 0; instance < this.stage.backend.instanceCount; instance++) {
      this.planOfBackend(instance, EVENT.outageBegins, proxy.outages.perDay);
    }
    this.planOfBackend(0, EVENT.proxyClockJumps, clocks.proxyJumps.perDay);
  }

  offlineBegins(phone: Phone): void {
    const { offline } = this.stage.scenario.network;
    const { agenda } = this.stage;
    const random = this.of(phone);
    agenda.put(agenda.nowMs + quantile(offline.length, random.unit()), EVENT.offlineEnds, phone.index);
    this.plan(phone.index, EVENT.offlineBegins, offline.perDay);
    this.stage.strikes.add("tunnel");
    phone.radio.goOffline();
    if (random.chance(offline.used))
      agenda.put(agenda.nowMs + 1 + random.below(MINUTE_MS), EVENT.joinsSession, phone.index);
  }

  partitionBegins(phone: Phone): void {
    const { partition } = this.stage.scenario.network;
    const random = this.of(phone);
    const untilMs = this.stage.agenda.nowMs + quantile(partition.length, random.unit());
    this.stage.strikes.add("partition");
    const up = partition.direction === "up" || (partition.direction === "either" && random.chance(0.5));
    if (up) phone.radio.upDeadUntilMs = Math.max(phone.radio.upDeadUntilMs, untilMs);
    else phone.radio.downDeadUntilMs = Math.max(phone.radio.downDeadUntilMs, untilMs);
    this.plan(phone.index, EVENT.partitionBegins, partition.perDay);
  }

  clockJumps(phone: Phone): void {
    const { jumps } = this.stage.scenario.clocks;
    const random = this.of(phone);
    const sizeMs = quantile(jumps.size, random.unit());
    this.stage.strikes.add("clock-step");
    phone.clock.step(random.chance(0.5) ? sizeMs : -sizeMs);
    const on = phone.on();
    this.stage.record({ fact: "clock_set", ...on, offsetMs: phone.clock.errorMs(on.at) });
    this.plan(phone.index, EVENT.clockJumps, jumps.perDay);
  }

  outageBegins(instance: number): void {
    const { outages } = this.stage.scenario.proxy;
    const { agenda } = this.stage;
    agenda.put(agenda.nowMs + quantile(outages.length, this.ofBackend.unit()), EVENT.outageEnds, instance);
    this.planOfBackend(instance, EVENT.outageBegins, outages.perDay);
    this.stage.strikes.add("outage");
    this.stage.backend.goDown(instance);
  }

  /** [REV-7] the proxy's clock steps back, and is put right again by the next step. */
  proxyClockJumps(): void {
    const { proxyJumps } = this.stage.scenario.clocks;
    const { clock } = this.stage.backend;
    this.stage.strikes.add("proxy-clock-step");
    const errorMs = clock.errorMs(this.stage.startMs + this.stage.agenda.nowMs);
    clock.step(errorMs < 0 ? -errorMs : -quantile(proxyJumps.size, this.ofBackend.unit()));
    this.planOfBackend(0, EVENT.proxyClockJumps, proxyJumps.perDay);
  }

  private of(phone: Phone): Prng {
    return this.perPhone[phone.index] as Prng;
  }

  private plan(index: number, kind: number, perDay: number): void {
    this.put(this.perPhone[index] as Prng, index, kind, perDay);
  }

  private planOfBackend(index: number, kind: number, perDay: number): void {
    this.put(this.ofBackend, index, kind, perDay);
  }

  private put(random: Prng, index: number, kind: number, perDay: number): void {
    const { agenda, scenario, healed } = this.stage;
    if (perDay === 0 || healed) return;
    const atMs = agenda.nowMs + Math.ceil(random.exponential(DAY_MS / perDay));
    if (atMs < scenario.duration) agenda.put(atMs, kind, index);
  }
}
