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
import { Agenda, EVENT } from "./agenda.ts";
import { Author } from "./author.ts";
import { Backend } from "./backend.ts";
import { Director } from "./director.ts";
import { Dispatcher } from "./dispatch.ts";
import { Faults } from "./faults.ts";
import { Legacy } from "./legacy.ts";
import { seedId } from "./names.ts";
import { type Parts, REFERENCE } from "./parts.ts";
import { Phone } from "./phone.ts";
import type { Action } from "./plan.ts";
import type { Progress, Simulation } from "./port.ts";
import { rosterOf } from "./roster.ts";
import type { Scenario } from "./scenario.ts";
import { deviceSettings, proxyConfig } from "./settings.ts";
import { CHECK_EVERY_MS, isStill, QUIET_MS, recordReplicas } from "./settle.ts";
import { accountsOf, isShared, type Shard } from "./shard.ts";
import { Spells } from "./spells.ts";
import { type Stage, trueNow } from "./stage.ts";
import { type Strike, Strikes } from "./strikes.ts";
import { Webhooks } from "./webhooks.ts";

/** Every run begins on Monday, 5 January 2026, at midnight. */
export const START_MS = 1_767_571_200_000;

/** Facts that wait for the journal at most. */
const HAPPENED_MAX = 16_384;

export interface SimulationOptions {
  /** Checkers, metrics, traces: each is told the facts that it wants, in order. */
  readonly folds: readonly FactFold[];
  /** Other parts than the reference ones: a planted fault. */
  readonly parts?: Parts;
  /** What happens beside what the scenario brings. */
  readonly actions?: readonly Action[];
  /** Keep all facts in memory, for tests and traces. */
  readonly keepFacts?: boolean;
  /** Only the accounts of a shard: they live as they would among all the others. */
  readonly shard?: Shard;
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
  private readonly dispatcher: Dispatcher;
  private phase: Progress["phase"] = "agitate";
  private happened: Fact[] = [];
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
      accounts: accountsOf(scenario, seed, options.shard),
      parts: options.parts ?? REFERENCE,
      agenda: this.agenda,
      startMs: START_MS,
      phones: this.phones,
      get backend(): Backend {
        return backend;
      },
      get director(): Director {
        return director;
      },
      strikes: new Strikes(),
      healed: false,
      record: (fact) => this.record(fact),
    };
    const backend = new Backend(stage, proxyConfig(scenario));
    const director = new Director(stage, options.actions ?? []);
    this.stage = stage;
    this.faults = new Faults(stage);
    this.spells = new Spells(stage);
    this.webhooks = new Webhooks(stage);
    this.legacy = new Legacy(stage);
    const { faults, spells, webhooks, legacy } = this;
    const run = { heals: () => this.heal(), settles: () => this.settle() };
    this.dispatcher = new Dispatcher(stage, { faults, spells, webhooks, legacy, ...run });
    this.roster = this.enlist();
    this.populate();
    this.begin();
    this.takeDown();
  }

  advance(eventsMax: number): boolean {
    try {
      for (let i = 0; i < eventsMax; i++) {
        if (this.hasEnded() || !this.agenda.next()) return false;
        this.events++;
        if (this.dispatcher.dispatch()) this.deviceEvents++;
      }
      return !this.hasEnded();
    } finally {
      this.takeDown();
    }
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
    this.happened.push(fact);
    if (this.happened.length >= HAPPENED_MAX) this.takeDown();
  }

  /** Hands on what happened. World and judges in turns, not mixed: each then finds its own code and data near at hand. */
  private takeDown(): void {
    const { happened, journal } = this;
    this.happened = [];
    for (let i = 0; i < happened.length; i++) journal.record(happened[i] as Fact);
  }

  private enlist(): Roster {
    const { fleet } = this.scenario;
    for (const account of this.stage.accounts) {
      for (let nth = 0; nth < fleet.devicesPerAccount; nth++) {
        const settings = deviceSettings(this.scenario, account, nth);
        const phone = new Phone(this.stage, this.phones.length, account, settings, settings.deviceId);
        this.phones.push(phone);
        this.stage.backend.enrol(phone);
      }
    }
    const { devices, accounts } = rosterOf(this.scenario, this.stage.accounts);
    const guests = [...this.phones].flatMap((phone) => this.shared(phone) ?? []);
    return { devices: [...devices, ...guests.map(({ name, account }) => ({ name, account }))], accounts };
  }

  /** The same phone in the hands of somebody of the next account; undefined when its owner does not share it. */
  private shared(phone: Phone): Phone | undefined {
    const { fleet, tokens } = this.scenario;
    const { name, settings } = phone;
    if (!isShared(name, this.stage.seed, tokens.shared) || fleet.accounts < 2) return undefined;
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
    for (const account of this.stage.accounts) {
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
    this.record({ fact: "phase", at: START_MS, phase: "agitate" });
    this.faults.begin();
    this.spells.begin();
    this.webhooks.begin();
    this.legacy.begin();
    this.stage.director.begin();
    for (const phone of this.phones) phone.user.begin();
    this.agenda.put(this.scenario.duration, EVENT.heals, 0);
  }

  private heal(): void {
    // [FLG-4] an app that met another protocol looks again when it is opened.
    if (this.scenario.proxy.foreignProtocol.perDay > 0) for (const { user } of this.phones) user.putsDown();
    this.stage.healed = true;
    this.phase = "heal";
    this.healedAtMs = this.agenda.nowMs;
    this.record({ fact: "phase", at: trueNow(this.stage), phase: "heal" });
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
    this.record({ fact: "phase", at: trueNow(this.stage), phase: this.phase });
  }
}
