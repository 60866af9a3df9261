/**
 * Owns what of a history belongs to a violation: requests with their commits and answers, changes with their events
 * and pushes, and single facts, each with how near it is to what went wrong.
 * Refuses to decide how much of it is told, and in which words.
 */

import type { EpochMs } from "../base/time.ts";
import type { Fact, FactOf } from "../history/facts.ts";
import { ENTITY_OF } from "../protocol/entity.ts";
import { deviceOf, recordName, revisionName, type Subject } from "./space-time-subject.ts";

/** A fact and its place in the history. */
export interface At<Told extends Fact = Fact> {
  readonly index: number;
  readonly fact: Told;
}

/**
 * How near something is to the violation: 0 evidence, 1 what made or carried it, 2 other changes of its records, 3 what
 * befell its devices, 4 what they showed, 5 what is told only when all else is.
 */
type Nearness = 0 | 1 | 2 | 3 | 4 | 5;

/** What is told together or not at all. */
export type Happening =
  | {
      readonly what: "exchange";
      near: Nearness;
      readonly sent: At<FactOf<"sent">>;
      end?: At<FactOf<"answered" | "unanswered" | "killed">>;
      readonly commits: At<FactOf<"committed">>[];
    }
  | {
      readonly what: "delivery";
      near: Nearness;
      readonly commit: At<FactOf<"committed" | "push_handed_over">> | undefined;
      /** Undefined: it did not come. */
      readonly receipt: At<FactOf<"frame" | "pushed">> | undefined;
      readonly device: number;
    }
  | { readonly what: "moment"; near: Nearness; readonly at: At };

/** What changes the screen in the same instant. */
const SHOWS_AT_ONCE: ReadonlySet<string> = new Set(["edited", "frame", "answered"]);

export type Exchange = Extract<Happening, { readonly what: "exchange" }>;

/** When a device was offline, or its app not running. */
interface DeviceSpell {
  readonly device: number;
  readonly state: "offline" | "down";
  readonly from: EpochMs;
  until?: EpochMs;
}

/** All that a history has to say of a violation. */
export interface Gathered {
  readonly happenings: readonly Happening[];
  readonly spells: readonly DeviceSpell[];
  /** How wrong each device's clock was at the violation. */
  readonly clockOffsetsMs: ReadonlyMap<number, number>;
}

/** Goes through the history once. */
export function gather(facts: readonly Fact[], subject: Subject): Gathered {
  const gatherer = new Gatherer(subject);
  facts.forEach((fact, index) => {
    gatherer.take(fact, index);
  });
  return gatherer;
}

class Gatherer implements Gathered {
  readonly happenings: Happening[] = [];
  readonly spells: DeviceSpell[] = [];
  readonly clockOffsetsMs = new Map<number, number>();

  private readonly subject: Subject;
  private readonly keys: Set<string>;
  /** Requests on their way, by device and number; and by key the last that carried it. */
  private readonly open = new Map<string, Exchange>();
  private readonly openByKey = new Map<string, Exchange>();
  private readonly commits = new Map<string, At<FactOf<"committed">>>();
  private readonly pushes = new Map<string, { readonly at: At<FactOf<"push_handed_over">>; slot: number }>();
  private readonly runningSpells = new Map<string, DeviceSpell>();
  private readonly lastInputAt = new Map<number, EpochMs>();
  /** What each device last showed of each record that matters. */
  private readonly lastShown = new Map<string, Extract<Happening, { readonly what: "moment" }>>();

  constructor(subject: Subject) {
    this.subject = subject;
    this.keys = new Set(subject.keys);
  }

  take(fact: Fact, index: number): void {
    this.sort(fact, index);
    if (SHOWS_AT_ONCE.has(fact.fact)) this.lastInputAt.set(deviceOf(fact) ?? -1, fact.at);
  }

  private sort(fact: Fact, index: number): void {
    const isPast = fact.at <= this.subject.violation.at;
    switch (fact.fact) {
      case "sent":
        return this.sent({ fact, index });
      case "answered":
      case "unanswered":
        return this.ended({ fact, index });
      case "committed":
        return this.committed({ fact, index });
      case "frame":
        return this.frame({ fact, index });
      case "push_handed_over":
        return this.pushLeft({ fact, index });
      case "pushed":
        return this.pushCame({ fact, index });
      case "shown":
        return this.shown({ fact, index });
      case "clock_set":
        if (isPast) this.clockOffsetsMs.set(fact.device, fact.offsetMs);
        return this.put({ fact, index }, undefined);
      case "killed":
        this.cutShort({ fact, index });
        this.spell(fact.device, "down", fact.at, true);
        return this.put({ fact, index }, 3);
      case "started":
        this.spell(fact.device, "down", fact.at, false);
        this.spell(fact.device, "offline", fact.at, !fact.online);
        return this.put({ fact, index }, 3);
      case "offline":
      case "online":
        this.spell(fact.device, "offline", fact.at, fact.fact === "offline");
        return this.put({ fact, index }, undefined);
      case "replica":
      case "fresh_replica":
        if (this.isEvidence(fact)) this.explain(deviceOf(fact));
        return this.put({ fact, index }, undefined);
      default:
        return this.put({ fact, index }, this.nearnessOf(fact));
    }
  }

  /** How near a fact is that stands for itself; undefined: told only as evidence. */
  private nearnessOf(fact: Fact): Nearness | undefined {
    switch (fact.fact) {
      case "rekeyed":
        if (this.keys.has(fact.mutation)) this.keys.add(fact.key);
        return this.keys.has(fact.key) ? 1 : undefined;
      case "edited":
        if (this.keys.has(fact.mutation)) return 1;
        return this.isOfRecord(fact.account, fact.entity, fact.id) ? 2 : undefined;
      case "settled":
        if (fact.outcome === "applied" || fact.outcome === "merged") return undefined;
        return this.nearnessOfMutation(fact.mutation);
      case "asked":
      case "chosen":
      case "retried":
      case "discarded":
        return this.nearnessOfMutation(fact.mutation);
      case "read":
        return fact.id !== undefined && this.isOfRecord(fact.account, fact.entity, fact.id) ? 4 : undefined;
      case "connecting":
        return this.subject.violation.rule.startsWith("EVT-") ? 3 : 5;
      case "disconnected":
      case "severed":
        return this.subject.violation.rule.startsWith("EVT-") ? 3 : undefined;
      case "noticed":
        return 3;
      case "sync_started":
        return fact.sync === "full" ? 3 : undefined;
      default:
        return undefined;
    }
  }

  private nearnessOfMutation(mutation: string): Nearness | undefined {
    if (this.keys.has(mutation)) return 1;
    const known = this.subject.edits.get(mutation);
    return known && this.subject.records.has(known.record) ? 2 : undefined;
  }

  private isOfRecord(account: number, entity: string, id: string): boolean {
    return this.subject.records.has(recordName(account, entity, id));
  }

  private isEvidence(fact: Fact): boolean {
    return this.subject.evidence.has(fact);
  }

  private put(at: At, near: Nearness | undefined): void {
    const device = deviceOf(at.fact);
    if (this.isEvidence(at.fact)) this.happenings.push({ what: "moment", near: 0, at });
    else if (near !== undefined && (near <= 2 || (device !== undefined && this.subject.devices.has(device))))
      this.happenings.push({ what: "moment", near, at });
  }

  private sent(sent: At<FactOf<"sent">>): void {
    const { fact } = sent;
    const carries = fact.mutations.some(({ key }) => this.keys.has(key));
    const touches = fact.mutations.some(({ entity, id }) => this.isOfRecord(fact.account, entity, id));
    const isSync = fact.call === "changes" || fact.call === "list";
    const near = this.isEvidence(fact) ? 0 : carries ? 1 : touches ? 2 : isSync ? 3 : 5;
    if (near > 2 && !this.subject.devices.has(fact.device)) return;
    const exchange: Exchange = { what: "exchange", near, sent, commits: [] };
    this.happenings.push(exchange);
    this.open.set(`${fact.device} ${fact.request}`, exchange);
    for (const { key } of fact.mutations) this.openByKey.set(`${fact.account} ${key}`, exchange);
  }

  private ended(end: At<FactOf<"answered" | "unanswered">>): void {
    const name = `${end.fact.device} ${end.fact.request}`;
    const exchange = this.open.get(name);
    if (!exchange) return;
    exchange.end = end;
    if (this.isEvidence(end.fact)) exchange.near = 0;
    this.open.delete(name);
  }

  private cutShort(end: At<FactOf<"killed">>): void {
    for (const [name, exchange] of this.open) {
      if (exchange.sent.fact.device !== end.fact.device) continue;
      exchange.end = end;
      this.open.delete(name);
    }
  }

  private committed(commit: At<FactOf<"committed">>): void {
    const { fact } = commit;
    const name = revisionName(fact.account, fact.revision);
    const near: Nearness = this.isEvidence(fact)
      ? 0
      : this.subject.revisions.has(name) || (fact.key !== undefined && this.keys.has(fact.key))
        ? 1
        : this.isOfRecord(fact.account, fact.entity, fact.id)
          ? 2
          : 5;
    if (near === 5) return;
    this.commits.set(name, commit);
    const exchange = fact.key === undefined ? undefined : this.openByKey.get(`${fact.account} ${fact.key}`);
    if (exchange) {
      exchange.commits.push(commit);
      if (near < exchange.near) exchange.near = near;
    } else this.happenings.push({ what: "moment", near, at: commit });
    if (near === 0) this.expect(commit);
  }

  /** An event that evidence says is missing: its place is held until it comes, if it comes. */
  private expect(commit: At<FactOf<"committed">>): void {
    const { violation, culprit, evidence } = this.subject;
    if (!violation.rule.startsWith("EVT-") || culprit === undefined || culprit === commit.fact.device) return;
    const socket = [...evidence].find((fact) => fact.fact === "connecting" && fact.device === culprit);
    if (socket?.fact !== "connecting") return;
    const { entities } = socket;
    if (entities && !entities.some((collection) => ENTITY_OF.get(collection) === commit.fact.entity)) return;
    this.happenings.push({ what: "delivery", near: 0, commit, receipt: undefined, device: culprit });
  }

  private frame(receipt: At<FactOf<"frame">>): void {
    const { fact } = receipt;
    const { frame, device } = fact;
    if (frame.type !== "sync_event") {
      if (frame.type === "checkpoint" && !this.isEvidence(fact)) return;
      return this.put(receipt, frame.type === "ready" ? 5 : 3);
    }
    const commit = this.commits.get(revisionName(fact.account, frame.revisionId));
    const isKnown = commit !== undefined || this.isOfRecord(fact.account, frame.entity, frame.id);
    if (!isKnown && !this.isEvidence(fact)) return;
    // A device's own change tells it nothing new.
    const isNews = this.subject.devices.has(device) && commit?.fact.device !== device;
    const near = this.isEvidence(fact) ? 0 : isNews ? 2 : 5;
    const delivery: Happening = { what: "delivery", near, commit, receipt, device };
    const held = this.happenings.findIndex(
      (one) => one.what === "delivery" && !one.receipt && one.commit === commit && one.device === device,
    );
    // What comes after the violation came too late: its absence is told.
    if (held >= 0 && commit && fact.at < this.subject.violation.at) this.happenings[held] = delivery;
    else this.happenings.push(delivery);
  }

  private pushLeft(at: At<FactOf<"push_handed_over">>): void {
    const { fact } = at;
    const isOurs = this.subject.revisions.has(revisionName(fact.account, fact.revision));
    const isAboutPush = /^PSH-/.test(this.subject.violation.rule);
    if (!this.isEvidence(fact) && !(isOurs && isAboutPush)) return;
    const near = this.isEvidence(fact) ? 0 : this.subject.devices.has(fact.device) ? 2 : 5;
    const slot = this.happenings.length;
    this.happenings.push({ what: "delivery", near, commit: at, receipt: undefined, device: fact.device });
    this.pushes.set(`${fact.device} ${fact.entity} ${fact.revision}`, { at, slot });
  }

  private pushCame(receipt: At<FactOf<"pushed">>): void {
    const { fact } = receipt;
    const name = `${fact.device} ${fact.entity} ${fact.revision}`;
    const left = this.pushes.get(name);
    if (!left && !this.isEvidence(fact)) return;
    this.pushes.delete(name);
    const near = this.isEvidence(fact) || (left && this.isEvidence(left.at.fact)) ? 0 : 2;
    const { device } = fact;
    const delivery: Happening = { what: "delivery", near, commit: left?.at, receipt, device };
    if (left) this.happenings[left.slot] = delivery;
    else this.happenings.push(delivery);
  }

  private shown(at: At<FactOf<"shown">>): void {
    const { fact } = at;
    const name = `${fact.device} ${recordName(fact.account, fact.entity, fact.id)}`;
    const isEvidence = this.isEvidence(fact);
    if (!isEvidence && !this.isOfRecord(fact.account, fact.entity, fact.id)) return;
    if (!isEvidence && !this.subject.devices.has(fact.device)) return;
    const before = this.lastShown.get(name)?.at.fact;
    const isSame =
      before?.fact === "shown" && before.revision === fact.revision && !before.fields === !fact.fields;
    if (isSame && !isEvidence) return;
    // What an edit, an event or an answer shows at once is told by them.
    const isImplied = this.lastInputAt.get(fact.device) === fact.at;
    const happening: Happening = { what: "moment", near: isEvidence ? 0 : isImplied ? 5 : 4, at };
    this.lastShown.set(name, happening);
    this.happenings.push(happening);
  }

  /** What is held in the end: the last change of it, what the device showed last, and its first sync in between. */
  private explain(device: number | undefined): void {
    for (const record of this.subject.records) {
      const last = this.lastShown.get(`${device} ${record}`);
      if (last && last.near > 1) last.near = 1;
    }
    const commits = [...this.commits.values()].filter(({ fact: commit }) =>
      this.isOfRecord(commit.account, commit.entity, commit.id),
    );
    const lastCommit = commits.at(-1);
    if (!lastCommit) return;
    for (const happening of this.happenings) {
      if (happening.what === "exchange" && happening.commits.includes(lastCommit)) happening.near = 1;
      if (happening.what === "moment" && happening.at === lastCommit) happening.near = 1;
    }
    const missed = this.happenings.find(
      (one) =>
        one.what === "exchange" &&
        one.near === 3 &&
        one.sent.fact.device === device &&
        one.sent.index > lastCommit.index &&
        one.end?.fact.fact === "answered",
    );
    if (missed) missed.near = 1;
  }

  private spell(device: number, state: DeviceSpell["state"], at: EpochMs, begins: boolean): void {
    const name = `${device} ${state}`;
    const running = this.runningSpells.get(name);
    if (begins && !running) {
      const spell: DeviceSpell = { device, state, from: at };
      this.spells.push(spell);
      this.runningSpells.set(name, spell);
    }
    if (begins || !running) return;
    running.until = at;
    this.runningSpells.delete(name);
  }
}
