/**
 * Owns one run: builds the fleet and the backend, hands out events in order, heals, and ends.
 * Refuses to judge. First faults strike, then they stop and everything must settle: safety is judged all along,
 * liveness after the heal.
 */

import { assert } from "../base/assert.ts";
import { stream } from "../base/prng.ts";
import type { Fact, Roster } from "../history/facts.ts";
import { createJournal, type FactFold, type Journal } from "../history/journal.ts";
import { ENTITIES, type Entity } from "../protocol/entity.ts";
import type { AccountId, SyncTrigger } from "../protocol/messages.ts";
import type { Answer, Frame } from "../protocol/request.ts";
import type { PushCallResult, PushTicket } from "../proxy/port.ts";
import { Agenda, EVENT } from "./agenda.ts";
import { Author } from "./author.ts";
import { Backend } from "./backend.ts";
import type { PendingWrite } from "./disk.ts";
import { Faults } from "./faults.ts";
import { type Intent, Legacy } from "./legacy.ts";
import { type Parts, REFERENCE } from "./parts.ts";
import { Phone } from "./phone.ts";
import type { Progress, Simulation } from "./port.ts";
import type { Line, Parcel } from "./radio.ts";
import { rosterOf } from "./roster.ts";
import type { Scenario } from "./scenario.ts";
import { deviceSettings, proxyConfig } from "./settings.ts";
import { CHECK_EVERY_MS, isStill, QUIET_MS, recordReplicas } from "./settle.ts";
import { Spells } from "./spells.ts";
import { type Stage, trueNow } from "./stage.ts";
import { type Strike, Strikes } from "./strikes.ts";
import { seedId } from "./user.ts";
import { type Letter, Webhooks } from "./webhooks.ts";

/** Every run begins on Monday, 5 January 2026, at midnight. */
export const START_MS = 1_767_571_200_000;

export interface SimulationOptions {
  /** Checkers, metrics, traces: each is told the facts that it wants, in order. */
  readonly folds: readonly FactFold[];
  /** Other parts than the reference ones: a planted fault. */
  readonly parts?: Parts;
  /** Keep all facts in memory, for tests and traces. */
  readonly keepFacts?: boolean;
}

/** A run of this scenario under this seed. The same pair gives the same facts, to the byte. */
export function createSimulation(scenario: Scenario, seed: number, options: SimulationOptions): World {
  return new World(scenario, seed, options);
}

/** A run in progress. */
export class World implements Simulation {
  readonly startMs = START_MS;
  readonly roster: Roster;
  readonly journal: Journal;

  private readonly stage: Stage;
  private readonly agenda = new Agenda();
  private readonly scenario: Scenario;
  private readonly phones: Phone[] = [];
  private readonly faults: Faults;
  private readonly spells: Spells;
  private readonly webhooks: Webhooks;
  private readonly legacy: Legacy;
  private phase: Progress["phase"] = "agitate";
  private events = 0;
  private deviceEvents = 0;
  private healedAtMs = 0;
  private lastChangeMs = 0;

  constructor(scenario: Scenario, seed: number, options: SimulationOptions) {
    assert(scenario.duration > 0, "a run lasts");
    this.scenario = scenario;
    this.journal = createJournal({ folds: options.folds, keep: options.keepFacts ?? false });
    const stage: Stage = {
      seed,
      scenario,
      parts: options.parts ?? REFERENCE,
      agenda: this.agenda,
      startMs: START_MS,
      phones: this.phones,
      get backend(): Backend {
        return backend;
      },
      strikes: new Strikes(),
      healed: false,
      record: (fact) => this.record(fact),
    };
    const backend = new Backend(stage, proxyConfig(scenario));
    this.stage = stage;
    this.faults = new Faults(stage);
    this.spells = new Spells(stage);
    this.webhooks = new Webhooks(stage);
    this.legacy = new Legacy(stage);
    this.roster = this.enlist();
    this.populate();
    this.begin();
  }

  advance(eventsMax: number): boolean {
    for (let i = 0; i < eventsMax; i++) {
      if (this.hasEnded() || !this.agenda.next()) return false;
      this.events++;
      this.dispatch();
    }
    return !this.hasEnded();
  }

  interrupt(): void {
    if (!this.hasEnded()) this.phase = "interrupted";
  }

  progress(): Progress {
    const { duration } = this.scenario;
    const { nowMs } = this.agenda;
    const settling = Math.min(1, (nowMs - this.healedAtMs) / (3 * QUIET_MS));
    return {
      phase: this.phase,
      simulatedMs: nowMs,
      share: this.stage.healed ? 0.95 + 0.05 * settling : 0.95 * (nowMs / duration),
      events: this.events,
      deviceEvents: this.deviceEvents,
      facts: this.journal.count,
      digest: () => this.journal.digest(),
    };
  }

  struck(): Readonly<Record<Strike, number>> {
    return this.stage.strikes.seen();
  }

  /** Events on the agenda. */
  pendingEvents(): number {
    return this.agenda.length;
  }

  private hasEnded(): boolean {
    return this.phase === "settled" || this.phase === "unsettled" || this.phase === "interrupted";
  }

  private record(fact: Fact): void {
    // [SYS-5] what still moves after the heal: commits and edits; reads and pings do not count.
    if (fact.fact === "committed" || fact.fact === "settled" || fact.fact === "asked")
      this.lastChangeMs = this.agenda.nowMs;
    this.journal.record(fact);
  }

  private enlist(): Roster {
    const { fleet } = this.scenario;
    for (let account = 0; account < fleet.accounts; account++) {
      for (let nth = 0; nth < fleet.devicesPerAccount; nth++) {
        const settings = deviceSettings(this.scenario, account, nth);
        const phone = new Phone(this.stage, this.phones.length, account, settings, settings.deviceId);
        this.phones.push(phone);
        this.stage.backend.enrol(phone);
      }
    }
    const { devices, accounts } = rosterOf(this.scenario);
    const guests = [...this.phones].flatMap((phone) => this.shared(phone) ?? []);
    return { devices: [...devices, ...guests.map(({ name, account }) => ({ name, account }))], accounts };
  }

  /** The same phone in the hands of somebody of the next account; undefined when its owner does not share it. */
  private shared(phone: Phone): Phone | undefined {
    const { fleet, tokens } = this.scenario;
    const { name, settings } = phone;
    const isShared = stream(this.stage.seed, `${name}/shared`).chance(tokens.shared);
    if (!isShared || fleet.accounts < 2) return undefined;
    const account = (phone.account + 1) % fleet.accounts;
    const theirs = { ...settings, token: `tok-${account}` };
    const guest = new Phone(this.stage, this.phones.length, account, theirs, `${name}@${account}`);
    this.phones.push(guest);
    this.stage.backend.enrol(guest);
    phone.partner = guest;
    guest.user.signedOut(true);
    return guest;
  }

  /** Every account has its records before the first phone is switched on. */
  private populate(): void {
    const { fleet } = this.scenario;
    for (let account = 0; account < fleet.accounts; account++) {
      const author = new Author(stream(this.stage.seed, `account-${account}/seed`), `s${account}`);
      for (const entity of ENTITIES) this.populateEntity(account, entity, author);
    }
  }

  private populateEntity(account: number, entity: Entity, author: Author): void {
    const { records, itemsPerList } = this.scenario.fleet;
    for (let nth = 0; nth < records[entity]; nth++) {
      const body = { id: seedId(entity, nth), ...author.newFields(entity, itemsPerList) };
      const answer = this.stage.backend.call({
        call: { call: "create", entity, body },
        token: `tok-${account}`,
      });
      assert(answer.status === 201, "a first record is created");
    }
  }

  private begin(): void {
    this.journal.record({ fact: "phase", at: START_MS, phase: "agitate" });
    this.faults.begin();
    this.spells.begin();
    this.webhooks.begin();
    this.legacy.begin();
    for (const phone of this.phones) phone.user.begin();
    this.agenda.put(this.scenario.duration, EVENT.heals, 0);
  }

  private dispatch(): void {
    const { kind, target, detail, cargo } = this.agenda;
    if (kind >= EVENT.pushAnswered && kind <= EVENT.fanOut)
      return this.dispatchToProxy(kind, target, detail, cargo);
    if (kind >= EVENT.webhookMade && kind <= EVENT.legacyWrites)
      return this.dispatchToOthers(kind, target, detail, cargo);
    if (kind >= EVENT.outageBegins) return this.dispatchToRun(kind, target);
    this.deviceEvents++;
    const phone = this.phones[target] as Phone;
    if (kind >= EVENT.sessionBegins) return this.dispatchToUser(kind, phone, detail, cargo);
    this.dispatchToLink(kind, phone, detail, cargo);
  }

  private dispatchToLink(kind: number, phone: Phone, detail: number, cargo: unknown): void {
    const { backend } = this.stage;
    switch (kind) {
      case EVENT.timer:
        return phone.timerFires(detail);
      case EVENT.flushed:
        return phone.flushed(cargo as PendingWrite);
      case EVENT.requestArrives:
        return backend.requestArrives(phone, cargo as Parcel);
      case EVENT.answerArrives:
        return phone.radio.answerArrives(detail, cargo as Answer);
      case EVENT.requestTimesOut:
        return phone.radio.unanswered(detail, "timeout");
      case EVENT.requestUnreachable:
        return phone.radio.unanswered(detail, "unreachable");
      case EVENT.socketArrives:
        return backend.socketArrives(phone, cargo as Line);
      case EVENT.socketOpens:
        return phone.radio.socketOpens(cargo as Line);
      case EVENT.framesArrive: {
        const { line, frames } = cargo as { readonly line: Line; readonly frames: readonly Frame[] };
        return phone.radio.framesArrive(line, frames);
      }
      case EVENT.socketClosesAtPhone:
        return phone.radio.closesAtPhone(cargo as Line, detail);
      case EVENT.socketClosesAtProxy:
        return backend.socketCloses(cargo as Line);
      case EVENT.pong:
        return backend.pong(cargo as Line);
      case EVENT.pushArrives:
        return phone.pushArrives(cargo as SyncTrigger);
      default:
        assert(false, `an event of kind ${kind} is foreseen`);
    }
  }

  private dispatchToUser(kind: number, phone: Phone, detail: number, cargo: unknown): void {
    const { user } = phone;
    switch (kind) {
      case EVENT.sessionBegins:
        return user.sessionBegins();
      case EVENT.joinsSession:
        return user.session();
      case EVENT.sessionEnds:
        return user.sessionEnds();
      case EVENT.edits:
        return user.edits(cargo as { readonly entity: Entity; readonly id: string } | undefined);
      case EVENT.reads:
        return user.reads();
      case EVENT.refreshes:
        return user.refreshes();
      case EVENT.chooses:
        return user.chooses(cargo as string);
      case EVENT.reconsiders:
        return user.reconsiders(cargo as string);
      case EVENT.killed:
        return user.killed();
      case EVENT.swipedAway:
        if (phone.app) this.stage.strikes.add("kill-after-edit");
        return phone.kill();
      case EVENT.absenceBegins:
        this.stage.strikes.add("absence");
        return user.absent(true);
      case EVENT.absenceEnds:
        return user.absent(false);
      case EVENT.offlineBegins:
        return this.faults.offlineBegins(phone);
      case EVENT.offlineEnds:
        return phone.comesOnline();
      case EVENT.partitionBegins:
        return this.faults.partitionBegins(phone);
      case EVENT.clockJumps:
        return this.faults.clockJumps(phone);
      case EVENT.spellBegins:
        return this.spells.phoneStruck(phone, detail);
      case EVENT.spellEnds:
        return this.spells.phoneRecovers(phone, detail);
      case EVENT.updates:
        return phone.updates();
      default:
        assert(false, `an event of kind ${kind} is foreseen`);
    }
  }

  private dispatchToProxy(kind: number, instance: number, detail: number, cargo: unknown): void {
    const { backend } = this.stage;
    switch (kind) {
      case EVENT.pushAnswered:
        return backend.pushAnswered(instance, detail, cargo as PushCallResult);
      case EVENT.receiptsAnswered:
        return backend.receiptsAnswered(instance, detail, cargo as ReadonlyMap<string, PushTicket>);
      case EVENT.proxyTick:
        return backend.tick(instance);
      case EVENT.fanOut:
        return backend.fanOut(instance, cargo as AccountId);
      default:
        assert(false, `an event of kind ${kind} is foreseen`);
    }
  }

  private dispatchToRun(kind: number, target: number): void {
    switch (kind) {
      case EVENT.outageBegins:
        return this.faults.outageBegins(target);
      case EVENT.outageEnds:
        return this.stage.backend.comeBack(target);
      case EVENT.proxyClockJumps:
        return this.faults.proxyClockJumps();
      case EVENT.foreignBegins:
        return this.spells.foreignBegins();
      case EVENT.cutBegins:
        return this.spells.cutBegins(target);
      case EVENT.cutEnds:
        return this.stage.backend.joinsAgain(target);
      case EVENT.rollout:
        return this.spells.rollOut(target);
      case EVENT.heals:
        return this.heal();
      case EVENT.settles:
        return this.settle();
      default:
        assert(false, `an event of kind ${kind} is foreseen`);
    }
  }

  /** Those who write to accounts and are no phones. */
  private dispatchToOthers(kind: number, target: number, detail: number, cargo: unknown): void {
    switch (kind) {
      case EVENT.webhookMade:
        return this.webhooks.made(target, detail > 0);
      case EVENT.webhookArrives:
        return this.webhooks.arrives(target, cargo as Letter);
      case EVENT.legacyLooks:
        return this.legacy.looks(target);
      case EVENT.legacyWrites:
        return this.legacy.writes(cargo as Intent);
      default:
        assert(false, `an event of kind ${kind} is foreseen`);
    }
  }

  private heal(): void {
    // [FLG-4] an app that met another protocol looks again when it is opened.
    if (this.scenario.proxy.foreignProtocol.perDay > 0) for (const { user } of this.phones) user.putsDown();
    this.stage.healed = true;
    this.phase = "heal";
    this.healedAtMs = this.agenda.nowMs;
    this.journal.record({ fact: "phase", at: trueNow(this.stage), phase: "heal" });
    for (let instance = 0; instance < this.stage.backend.instanceCount; instance++)
      this.stage.backend.comeBack(instance);
    this.spells.heal();
    for (const phone of this.phones) {
      phone.radio.heal();
      phone.comesOnline();
      phone.user.heal();
    }
    this.agenda.put(this.agenda.nowMs + QUIET_MS, EVENT.settles, 0);
  }

  private settle(): void {
    const { nowMs } = this.agenda;
    const quietMs = nowMs - Math.max(this.lastChangeMs, this.healedAtMs);
    const late = nowMs - this.healedAtMs >= this.scenario.settleWithin;
    const still = quietMs >= QUIET_MS && isStill(this.stage);
    if (!still && !late) {
      this.agenda.put(nowMs + CHECK_EVERY_MS, EVENT.settles, 0);
      return;
    }
    recordReplicas(this.stage);
    this.phase = still ? "settled" : "unsettled";
    this.journal.record({ fact: "phase", at: trueNow(this.stage), phase: this.phase });
  }
}
