/**
 * Owns one phone's owner: when they look at the app, what they edit and read, and how they answer when asked.
 * Refuses to know of networks and syncing: they see the screen and nothing else.
 */

import { assertNever } from "../base/assert.ts";
import { type Prng, stream } from "../base/prng.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../base/time.ts";
import type { Edit, Outcome } from "../device/port.ts";
import type { Entity } from "../protocol/entity.ts";
import type { Operation } from "../protocol/messages.ts";
import { EVENT } from "./agenda.ts";
import { Author } from "./author.ts";
import { Dialogs } from "./dialogs.ts";
import { Fate, quantile } from "./fate.ts";
import { seedId } from "./names.ts";
import type { Phone } from "./phone.ts";
import type { Shown } from "./screen.ts";
import { placeOf } from "./shard.ts";
import type { Stage } from "./stage.ts";

/** How long a person takes to come back to a failed edit. */
const RECONSIDER_MS = 2 * MINUTE_MS;
/** A failed edit is taken up again this often before it is given up. */
const RETRIES_MAX = 1;
/** After the faults have stopped, everyone opens the app within this time. */
const REOPEN_WITHIN_MS = 2 * MINUTE_MS;
/** People who are called together open the app within this time. */
const TOGETHER_WITHIN_MS = MINUTE_MS;
/** A hand is quick: storage takes a few ms, a request a few more. */
const SWIPE_WITHIN_MS = 150;
const BURST_GAP_MS_MAX = 2_500;
const READS_PER_SESSION_MAX = 400;
/** Rows of a list that a screen has room for, and how many screens down people go. */
const ROWS_PER_SCREEN = 8;
const SCROLLED_PAGES_MAX = 6;
const SWIPE_EVERY_MS = 800;

/** The rows of a list that a swipe brought into sight. */
export interface ScrolledTo {
  readonly entity: Entity;
  readonly first: number;
}

/** One person with one phone. */
export class User {
  private readonly stage: Stage;
  private readonly phone: Phone;
  private readonly random: Prng;
  private readonly author: Author;
  private readonly retries = new Map<string, number>();
  private readonly dialogs: Dialogs;
  /** How they scroll; a stream of its own, as most never do. */
  private readonly thumb: Fate;
  /** Edits that failed and were neither taken up again nor given up; they outlive the process. */
  private readonly failed = new Set<string>();
  private inSession = false;
  private away = false;
  /** Somebody else uses the phone, under another account. */
  private isOut = false;

  constructor(stage: Stage, phone: Phone, name: string) {
    this.stage = stage;
    this.phone = phone;
    this.random = stream(stage.seed, `${name}/user`);
    this.author = new Author(stream(stage.seed, `${name}/author`), name);
    this.dialogs = new Dialogs(stage, phone.index, this.random, name);
    this.thumb = new Fate(stage.seed, `${name}/thumb`);
  }

  /** Puts the first events of this person's life on the agenda. */
  begin(): void {
    const { scenario, agenda } = this.stage;
    const { absence } = scenario.workload;
    this.planSession();
    this.planKill();
    if (!this.random.chance(absence.share)) return;
    const roomMs = Math.max(0, scenario.duration - absence.length);
    const atMs = agenda.nowMs + Math.floor(this.random.unit() * roomMs);
    agenda.put(atMs, EVENT.absenceBegins, this.phone.index);
    agenda.put(atMs + absence.length, EVENT.absenceEnds, this.phone.index);
  }

  /** A session of this person's own accord, which may bring others to their phones. */
  sessionBegins(): void {
    if (this.stage.healed) return this.stayOpen();
    this.planSession();
    this.session();
    const { agenda, scenario } = this.stage;
    if (!this.random.chance(scenario.habits.together)) return;
    const { devicesPerAccount } = scenario.fleet;
    const first = placeOf(this.phone.account, this.stage.accounts) * devicesPerAccount;
    for (let index = first; index < first + devicesPerAccount; index++) {
      if (index === this.phone.index) continue;
      agenda.put(agenda.nowMs + this.random.below(TOGETHER_WITHIN_MS), EVENT.joinsSession, index);
    }
  }

  /** The app is in front of its user. */
  get isAtApp(): boolean {
    return this.inSession;
  }

  /** A session that lasts until somebody ends it, and in which nothing happens by itself. */
  opens(): void {
    if (!this.isAway()) this.stayOpen();
  }

  /** A session without consequences for others. */
  session(): void {
    if (this.isAway() || this.inSession || this.stage.healed) return;
    this.openApp();
    const { agenda, scenario } = this.stage;
    const lengthMs = Math.max(1_000, quantile(scenario.habits.sessionLength, this.random.unit()));
    agenda.put(agenda.nowMs + lengthMs, EVENT.sessionEnds, this.phone.index);
    this.planEdits(lengthMs);
    this.planReads(lengthMs);
    const { refreshesPerDay } = scenario.workload;
    const { sessionsPerDay } = scenario.habits;
    if (sessionsPerDay > 0 && this.random.chance(refreshesPerDay / sessionsPerDay)) {
      agenda.put(agenda.nowMs + this.random.below(lengthMs), EVENT.refreshes, this.phone.index);
    }
  }

  sessionEnds(): void {
    if (this.stage.healed || !this.inSession) return;
    this.inSession = false;
    const { at, device, account } = this.phone.on();
    this.stage.record({ fact: "closed", at, device, account });
    this.phone.feed({ input: "closed" });
  }

  /** One edit; `burst` more of the same record may follow at once. */
  edits(record: { readonly entity: Entity; readonly id: string } | undefined): void {
    if (!this.inSession || this.stage.healed) return;
    const target = record && this.phone.screen.get(record.entity, record.id);
    if (record && !target) return;
    const wanted = record && target ? this.author.update(record.entity, target) : this.newEdit();
    if (!wanted) return;
    const edit = this.inNewApp() ? this.author.withNewField(wanted) : wanted;
    this.phone.feed({ input: "edit", edit });
    if (edit.operation === "create") this.twin(edit.entity);
    if (this.random.chance(this.stage.scenario.kills.afterEdit)) this.planSwipe();
    if (record || edit.recordId === undefined || edit.operation !== "update") return;
    if (this.random.chance(this.stage.scenario.workload.burst)) this.planBurst(edit.entity, edit.recordId);
  }

  private inNewApp(): boolean {
    if (!this.random.chance(this.stage.scenario.workload.newFields)) return false;
    this.stage.strikes.add("new-field");
    return true;
  }

  /** [QUE-13] another create in the same millisecond: a double tap, an import. */
  private twin(entity: Entity): void {
    if (!this.random.chance(this.stage.scenario.workload.twins)) return;
    this.stage.strikes.add("twin-creates");
    this.phone.feed({ input: "edit", edit: this.author.create(entity) });
  }

  /** A screen is opened, a list or one record of it; or a list that is scrolled has got to other rows. */
  reads(scrolled: ScrolledTo | undefined): void {
    if (!this.inSession) return;
    if (scrolled) return this.seesRows(scrolled);
    const entity = this.random.pick(this.phone.settings.entities);
    const rows = this.phone.screen.all(entity);
    const whole = rows.length === 0 || this.random.chance(0.4);
    const query = whole ? { entity } : { entity, id: this.random.pick(rows).id };
    this.phone.feed({ input: "read", query });
    if (whole) this.scrolls(entity, rows.length);
  }

  private scrolls(entity: Entity, length: number): void {
    const { agenda, scenario, healed } = this.stage;
    if (healed || !this.thumb.chance(agenda.nowMs, scenario.workload.scrolls)) return;
    const pages = 1 + Math.floor(this.thumb.draw(agenda.nowMs) * SCROLLED_PAGES_MAX);
    for (let page = 0; page < pages && page * ROWS_PER_SCREEN < length; page++) {
      const rows: ScrolledTo = { entity, first: page * ROWS_PER_SCREEN };
      agenda.put(agenda.nowMs + page * SWIPE_EVERY_MS, EVENT.reads, this.phone.index, 0, rows);
    }
  }

  private seesRows({ entity, first }: ScrolledTo): void {
    const rows = this.phone.screen.all(entity).slice(first, first + ROWS_PER_SCREEN);
    for (const { id } of rows) this.phone.feed({ input: "read", query: { entity, id } });
  }

  refreshes(): void {
    if (this.inSession) this.phone.feed({ input: "refresh" });
  }

  /** The app asks what to do about a conflict. */
  asked(mutation: string, entity: Entity): void {
    this.dialogs.asked(mutation, entity);
  }

  chooses(mutation: string): void {
    // A dialog that nobody looks at waits for the next session, one that went with its process for the app to ask again.
    if (!this.inSession) return;
    const choice = this.dialogs.answer(mutation);
    if (choice) this.phone.choose(mutation, choice);
  }

  /** True when dialogs are all that this person has open, and none of them will be answered. */
  get ignoresDialogs(): boolean {
    return this.dialogs.areIgnored;
  }

  /** The process is gone, and its dialogs with it. */
  processGone(): void {
    this.dialogs.processGone();
    this.inSession = false;
  }

  settled(mutation: string, outcome: Outcome): void {
    this.dialogs.settled(mutation);
    if (outcome !== "failed") {
      this.retries.delete(mutation);
      this.failed.delete(mutation);
      return;
    }
    // An app without the durable queue keeps nothing that could be taken up again.
    if (!this.phone.settings.phases.has(3)) return;
    this.failed.add(mutation);
    this.reconsiderLater(mutation);
  }

  /** Takes a failed edit up again, or gives it up. */
  reconsiders(mutation: string): void {
    if (!this.inSession || !this.failed.delete(mutation)) return;
    const tried = this.retries.get(mutation) ?? 0;
    const again = tried < RETRIES_MAX;
    if (again) this.retries.set(mutation, tried + 1);
    else this.retries.delete(mutation);
    this.stage.record({ fact: again ? "retried" : "discarded", ...this.phone.on(), mutation });
    this.phone.feed(again ? { input: "retry", mutation } : { input: "discard", mutation });
  }

  /** The app is killed by its user or the system. */
  killed(): void {
    if (this.stage.healed) return;
    this.planKill();
    if (this.phone.app) this.stage.strikes.add("kill");
    this.phone.kill();
  }

  absent(away: boolean): void {
    this.away = away;
    if (away) this.phone.kill();
  }

  isAway(): boolean {
    return this.away || this.isOut;
  }

  get isSignedOut(): boolean {
    return this.isOut;
  }

  /** This person signs out of the phone, and nothing of theirs runs on it; or in again. */
  signedOut(out: boolean): void {
    this.isOut = out;
    if (out) this.phone.kill();
  }

  /** Faults are about to stop: the app goes to the background, so that it is opened once more. */
  putsDown(): void {
    if (this.inSession) this.sessionEnds();
  }

  /** Faults have stopped: everyone opens the app once more and leaves it open. */
  heal(): void {
    const { agenda } = this.stage;
    this.away = false;
    this.isOut = false;
    agenda.put(agenda.nowMs + this.random.below(REOPEN_WITHIN_MS), EVENT.sessionBegins, this.phone.index);
  }

  private stayOpen(): void {
    if (this.inSession) this.dialogs.takeUp();
    else this.openApp();
  }

  private openApp(): void {
    this.phone.start();
    if (!this.phone.app) return;
    this.inSession = true;
    const { at, device, account } = this.phone.on();
    this.stage.record({ fact: "opened", at, device, account });
    this.phone.feed({ input: "opened" });
    this.dialogs.seenAgain();
    for (const mutation of this.failed) this.reconsiderLater(mutation);
  }

  private reconsiderLater(mutation: string): void {
    const { agenda } = this.stage;
    agenda.put(agenda.nowMs + RECONSIDER_MS, EVENT.reconsiders, this.phone.index, 0, mutation);
  }

  private planSession(): void {
    const { agenda, scenario } = this.stage;
    const { sessionsPerDay, awake } = scenario.habits;
    if (sessionsPerDay === 0) return;
    const [from, to] = awake;
    const awakeMs = Math.max(HOUR_MS / 4, (to - from) * HOUR_MS);
    let atMs = agenda.nowMs + Math.ceil(this.random.exponential(awakeMs / sessionsPerDay));
    const inDay = atMs % DAY_MS;
    // Nobody opens the app at night: a session that falls into it begins some time next morning.
    if (inDay < from * HOUR_MS) atMs += from * HOUR_MS - inDay + this.random.below(HOUR_MS);
    else if (inDay >= to * HOUR_MS) atMs += DAY_MS - inDay + from * HOUR_MS + this.random.below(HOUR_MS);
    agenda.put(atMs, EVENT.sessionBegins, this.phone.index);
  }

  private planKill(): void {
    const { agenda, scenario } = this.stage;
    const { perDay } = scenario.kills;
    if (perDay === 0) return;
    agenda.put(
      agenda.nowMs + Math.ceil(this.random.exponential(DAY_MS / perDay)),
      EVENT.killed,
      this.phone.index,
    );
  }

  private planSwipe(): void {
    const { agenda } = this.stage;
    agenda.put(agenda.nowMs + 1 + this.random.below(SWIPE_WITHIN_MS), EVENT.swipedAway, this.phone.index);
  }

  private planEdits(lengthMs: number): void {
    const { agenda, scenario } = this.stage;
    const mean = scenario.workload.editsPerDay / scenario.habits.sessionsPerDay;
    const wanted = mean * 2 * this.random.unit();
    const count = Math.floor(wanted) + (this.random.chance(wanted - Math.floor(wanted)) ? 1 : 0);
    for (let i = 0; i < count; i++)
      agenda.put(agenda.nowMs + this.random.below(lengthMs), EVENT.edits, this.phone.index);
  }

  private planReads(lengthMs: number): void {
    const { agenda, scenario } = this.stage;
    const mean = (scenario.workload.readsPerMinute * lengthMs) / MINUTE_MS;
    const count = Math.min(READS_PER_SESSION_MAX, 1 + Math.floor(mean));
    for (let i = 0; i < count; i++)
      agenda.put(agenda.nowMs + this.random.below(lengthMs), EVENT.reads, this.phone.index);
  }

  private planBurst(entity: Entity, id: string): void {
    const { agenda } = this.stage;
    const count = 2 + this.random.below(2);
    let atMs = agenda.nowMs;
    for (let i = 0; i < count; i++) {
      // Some thumbs are fast enough for the same millisecond.
      if (!this.random.chance(0.2)) atMs += this.random.below(BURST_GAP_MS_MAX);
      agenda.put(atMs, EVENT.edits, this.phone.index, 0, { entity, id });
    }
  }

  private newEdit(): Edit | undefined {
    const entity = this.anEntity();
    const operation = this.anOperation();
    if (operation === "create") return this.author.create(entity);
    const target = this.aRecord(entity);
    if (!target) return this.author.create(entity);
    switch (operation) {
      case "update":
        return this.author.update(entity, target);
      case "delete":
        return { entity, operation, recordId: target.id };
      default:
        return assertNever(operation);
    }
  }

  private anEntity(): Entity {
    const { contact, task } = this.stage.scenario.workload.entities;
    const draw = this.random.unit();
    const entity = draw < contact ? "contact" : draw < contact + task ? "task" : "list";
    // An older app has no button for what it does not know.
    return this.phone.settings.entities.includes(entity) ? entity : "task";
  }

  private anOperation(): Operation {
    const { create, update } = this.stage.scenario.workload.operations;
    const draw = this.random.unit();
    return draw < create ? "create" : draw < create + update ? "update" : "delete";
  }

  private aRecord(entity: Entity): Shown | undefined {
    const { hot, hotRecords } = this.stage.scenario.workload;
    const { screen } = this.phone;
    if (this.random.chance(hot)) {
      const shown = screen.get(entity, seedId(entity, this.random.below(hotRecords)));
      if (shown) return shown;
    }
    const rows = screen.all(entity);
    return rows.length === 0 ? undefined : this.random.pick(rows);
  }
}
