/**
 * Owns what befalls phones and proxies now and then and lasts for a while: login pages, full storage, expired tokens,
 * instances that are cut off. Each begins, may end, and plans its own successor, from a stream of its own.
 * Refuses to know how those whom they strike bear it.
 */

import { type Prng, stream } from "../base/prng.ts";
import { DAY_MS } from "../base/time.ts";
import type { Entity } from "../protocol/entity.ts";
import { EVENT } from "./agenda.ts";
import { quantile } from "./fate.ts";
import type { Phone } from "./phone.ts";
import type { Scenario } from "./scenario.ts";
import type { Stage } from "./stage.ts";
import type { Strike } from "./strikes.ts";

/** What an app of before knew. */
const OLDER_ENTITIES: readonly Entity[] = ["contact", "task"];

/** A fault of phones. */
interface PhoneSpell {
  readonly name: Strike;
  perDay(scenario: Scenario, phone: Phone): number;
  /** Strikes the phone now, and says for how long; undefined when it is over at once. */
  begin(phone: Phone, random: Prng, stage: Stage): number | undefined;
  end?(phone: Phone): void;
}

const OF_PHONES: readonly PhoneSpell[] = [
  {
    name: "captive-portal",
    perDay: ({ network }) => network.captive.perDay,
    begin: (phone, random, { agenda, scenario }) => {
      phone.radio.enterPortal(agenda.nowMs + quantile(scenario.network.captive.length, random.unit()));
      return undefined;
    },
  },
  {
    name: "delay-spike",
    perDay: ({ network }) => network.spikes.perDay,
    begin: (phone, random, { agenda, scenario, strikes }) => {
      strikes.add("delay-spike");
      phone.radio.slowUntilMs = agenda.nowMs + quantile(scenario.network.spikes.length, random.unit());
      return undefined;
    },
  },
  {
    name: "half-open-socket",
    perDay: ({ network }) => network.halfOpen.perDay,
    begin: (phone) => {
      phone.radio.sever();
      return undefined;
    },
  },
  {
    name: "full-storage",
    perDay: ({ storage }) => storage.full.perDay,
    begin: (phone, random, { agenda, scenario }) => {
      phone.fullUntilMs = agenda.nowMs + quantile(scenario.storage.full.length, random.unit());
      return undefined;
    },
  },
  {
    name: "token-expiry",
    perDay: ({ tokens }) => tokens.expiry.perDay,
    begin: (phone, random, { scenario }) => {
      phone.tokenExpires();
      return quantile(scenario.tokens.expiry.length, random.unit());
    },
    end: (phone) => phone.renewToken(),
  },
  {
    name: "account-switch",
    perDay: ({ tokens }, phone) => (phone.partner ? tokens.switchesPerDay : 0),
    begin: (phone, _random, { strikes }) => {
      strikes.add("account-switch");
      phone.changesHands();
      return undefined;
    },
  },
  {
    name: "dead-push-token",
    perDay: ({ push }) => push.deadTokens.perDay,
    begin: (phone) => {
      phone.pushTokenDies();
      return undefined;
    },
  },
];

/** The spells of a run. */
export class Spells {
  private readonly stage: Stage;
  private readonly streams = new Map<string, Prng>();
  private readonly ofBackend: Prng;

  constructor(stage: Stage) {
    this.stage = stage;
    this.ofBackend = stream(stage.seed, "backend/spells");
  }

  begin(): void {
    const { phones, scenario, backend } = this.stage;
    for (const phone of phones)
      for (let which = 0; which < OF_PHONES.length; which++) this.plan(phone, which);
    for (const phone of phones) {
      this.planUpdate(phone);
      this.planNewBuild(phone);
    }
    this.planForeign();
    for (let instance = 0; instance < backend.instanceCount; instance++) this.planCut(instance);
    for (const [index, { after }] of scenario.proxy.rollout.entries())
      if (after < scenario.duration) this.stage.agenda.put(after, EVENT.rollout, index);
  }

  phoneStruck(phone: Phone, which: number): void {
    const { agenda } = this.stage;
    const spell = OF_PHONES[which] as PhoneSpell;
    const lengthMs = spell.begin(phone, this.of(phone, spell), this.stage);
    if (lengthMs !== undefined) agenda.put(agenda.nowMs + lengthMs, EVENT.spellEnds, phone.index, which);
    this.plan(phone, which);
  }

  phoneRecovers(phone: Phone, which: number): void {
    OF_PHONES[which]?.end?.(phone);
  }

  /** [FLG-4] for a while, capabilities are those of another protocol. */
  foreignBegins(): void {
    const { agenda, scenario, backend } = this.stage;
    const { length } = scenario.proxy.foreignProtocol;
    backend.novelty.foreignUntilMs = agenda.nowMs + quantile(length, this.ofBackend.unit());
    this.planForeign();
  }

  cutBegins(instance: number): void {
    const { agenda, scenario, backend, strikes } = this.stage;
    const lengthMs = quantile(scenario.proxy.cutOffs.length, this.ofBackend.unit());
    strikes.add("cut-off");
    backend.cutOff(instance, agenda.nowMs + lengthMs);
    agenda.put(agenda.nowMs + lengthMs, EVENT.cutEnds, instance);
    this.planCut(instance);
  }

  rollOut(index: number): void {
    const step = this.stage.scenario.proxy.rollout[index];
    if (!step) return;
    this.stage.strikes.add("rollout");
    this.stage.backend.switchMode(step.mode);
  }

  /** Faults have stopped. */
  heal(): void {
    for (const phone of this.stage.phones) {
      phone.fullUntilMs = 0;
      if (phone.tokenExpired) phone.renewToken();
    }
    this.stage.backend.novelty.foreignUntilMs = 0;
    for (let instance = 0; instance < this.stage.backend.instanceCount; instance++)
      this.stage.backend.joinsAgain(instance);
  }

  private plan(phone: Phone, which: number): void {
    const spell = OF_PHONES[which] as PhoneSpell;
    const perDay = spell.perDay(this.stage.scenario, phone);
    if (perDay > 0) this.put(this.of(phone, spell), EVENT.spellBegins, phone.index, which, perDay);
  }

  /** Some have an older app, which is updated some time about the middle of the run. */
  private planUpdate(phone: Phone): void {
    const { agenda, scenario, seed } = this.stage;
    const random = stream(seed, `${phone.name}/updates`);
    if (!random.chance(scenario.fleet.olderApps)) return;
    phone.downgrade(OLDER_ENTITIES);
    const atMs = Math.floor(scenario.duration * (0.25 + 0.5 * random.unit()));
    agenda.put(atMs, EVENT.updates, phone.index);
  }

  /** An update that changes nothing: the process ends, and what is stored is another build's. */
  private planNewBuild(phone: Phone): void {
    const { agenda, scenario, seed } = this.stage;
    const { updatedApps } = scenario.fleet;
    const random = stream(seed, `${phone.name}/build`);
    if (!random.chance(updatedApps)) return;
    agenda.put(Math.floor(scenario.duration * (0.25 + 0.5 * random.unit())), EVENT.newBuild, phone.index);
  }

  private planForeign(): void {
    const { perDay } = this.stage.scenario.proxy.foreignProtocol;
    if (perDay > 0) this.put(this.ofBackend, EVENT.foreignBegins, 0, 0, perDay);
  }

  private planCut(instance: number): void {
    const { perDay } = this.stage.scenario.proxy.cutOffs;
    if (perDay > 0 && this.stage.backend.instanceCount > 1)
      this.put(this.ofBackend, EVENT.cutBegins, instance, 0, perDay);
  }

  private put(random: Prng, kind: number, target: number, detail: number, perDay: number): void {
    const { agenda, scenario, healed } = this.stage;
    if (healed) return;
    const atMs = agenda.nowMs + Math.ceil(random.exponential(DAY_MS / perDay));
    if (atMs < scenario.duration) agenda.put(atMs, kind, target, detail);
  }

  private of(phone: Phone, spell: PhoneSpell): Prng {
    const name = `${phone.name}/${spell.name}`;
    const known = this.streams.get(name) ?? stream(this.stage.seed, name);
    this.streams.set(name, known);
    return known;
  }
}
