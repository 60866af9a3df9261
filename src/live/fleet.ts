/**
 * Owns a run of live devices against a target: observers first, then what accounts hold, then people with phones and
 * plain clients; at the end all is healed, and settled, and written down.
 * Refuses to judge and to clean up: folds are told the history, and the ledger names what was made.
 */

import { stream } from "../base/prng.ts";
import type { DeviceSettings } from "../device/port.ts";
import type { Fact, Roster, SentMutation } from "../history/facts.ts";
import { createJournal, type Journal } from "../history/journal.ts";
import { ENTITIES } from "../protocol/entity.ts";
import type { DeviceId } from "../protocol/messages.ts";
import { FleetActs, type GroupOf } from "./fleet-acts.ts";
import { FleetAgenda } from "./fleet-agenda.ts";
import { Courier } from "./fleet-courier.ts";
import { populate } from "./fleet-first.ts";
import { FleetHistory } from "./fleet-history.ts";
import { FleetLines } from "./fleet-lines.ts";
import { FleetObserver } from "./fleet-observer.ts";
import { RawClient } from "./fleet-raw.ts";
import { Blind, type FleetOptions, type FleetRun, Unsettled } from "./fleet-run.ts";
import { settle } from "./fleet-settle.ts";
import type { FleetNames, FleetStage } from "./fleet-stage.ts";
import { FrameReader, PageReader } from "./fleet-wire.ts";
import { LatencyBook } from "./latency-book.ts";
import { LivePhone } from "./live-phone.ts";

/** So long before faults stop plain clients write once more. */
const LAST_WORDS_MS = 250;
const LIVE_WITHIN_MS = 4_000;
const LIVE_EACH_MS = 5;
/** Whoever is later than this by its own fault judges nobody by time. */
const LATE_MS_MAX = 2_000;
const FRESH_FOR_MS = 60_000;
const ATTEMPTS_MAX = 5;

export class Fleet {
  readonly roster: Roster;
  readonly names: FleetNames;
  readonly startMs: number;
  private readonly options: FleetOptions;
  private readonly agenda = new FleetAgenda((what) => this.enter(what));
  private readonly courier: Courier;
  private readonly lines: FleetLines;
  private readonly history: FleetHistory;
  private readonly journal: Journal;
  private readonly stage: FleetStage;
  private readonly observers: readonly FleetObserver[];
  private readonly plain: readonly RawClient[];
  private readonly phones: LivePhone[] = [];
  private readonly byName = new Map<string, number>();
  private begun = new Set<number>();
  private healedAtMs: number | undefined;
  /** Requests that were not answered, or put off, before faults stopped. */
  private troublesBefore = 0;
  private isOver = false;
  private halt: (why: Error) => void = () => {};
  private readonly halted: Promise<never>;

  constructor(options: FleetOptions) {
    this.options = options;
    const { baseUrl, headers, paths, accounts, throttle, ledger, concurrency } = options;
    this.halted = new Promise((_resolve, reject) => {
      this.halt = reject;
    });
    this.halted.catch(() => undefined);
    this.startMs = this.agenda.startMs;
    this.names = namesOf(options.prefix);
    const stop = (why: Error): void => this.stop(why);
    const enter = (what: () => void): void => this.enter(what);
    this.courier = new Courier({ baseUrl, headers, paths, concurrency, throttle, ledger, enter, stop });
    this.lines = new FleetLines(baseUrl, headers, paths, enter);
    this.journal = createJournal({ folds: options.folds });
    this.history = new FleetHistory({
      accounts: accounts.length,
      names: this.names,
      tell: (fact) => this.journal.record(fact),
      now: () => this.agenda.now,
      deviceNamed: (account, deviceId) => this.byName.get(`${account} ${deviceId}`),
    });
    this.stage = this.makeStage();
    const count = options.phones.length;
    const ears = {
      begins: (account: number, revision: string) => this.begins(account, revision),
      passed: (account: number, revision: string) => this.history.observed(account, revision),
      fails: (why: string) => this.history.tear(why),
    };
    this.observers = accounts.map(
      (_, account) => new FleetObserver(this.stage, count + account, account, ears),
    );
    this.plain = accounts.map(
      (_, account) => new RawClient(this.stage, count + accounts.length + account, account),
    );
    this.roster = this.enlist();
  }

  /** Runs it to its end. Never rejects for what the target does; what stopped it is in the outcome. */
  async run(): Promise<FleetRun> {
    let ended: FleetRun["ended"];
    let why: Error | undefined;
    try {
      ended = await Promise.race([this.live(), this.halted]);
      // [SYS-5] where the network or this machine may have been the reason, nobody is blamed for the time.
      if (ended === "unsettled" && this.isExcused()) throw new Unsettled();
      this.stage.record({ fact: "phase", at: this.agenda.now, phase: ended });
    } catch (error) {
      ended = "stopped";
      why = error instanceof Error ? error : new Error(String(error));
    }
    const agitatedMs = this.healedAtMs ?? this.agenda.nowMs;
    const ranMs = this.agenda.nowMs;
    this.history.flush();
    await this.close();
    return {
      ended,
      why,
      roster: this.roster,
      startMs: this.startMs,
      ranMs,
      agitatedMs,
      facts: this.journal.count,
      digest: this.journal.digest(),
      commits: this.history.commits,
      torn: this.history.torn,
      requests: this.courier.sent,
      failures: this.courier.failures,
      socketsMax: this.lines.openMax,
      socketsRefused: this.lines.refused,
      lateMsMax: this.agenda.lateMsMax,
      late: this.agenda.late.figures(),
      latencies: this.stage.latencies.figures(),
    };
  }

  /** Ends it now. */
  stop(why: Error): void {
    this.halt(why);
  }

  /** How far it is: 0 to 1, and in words. */
  progress(): {
    readonly share: number;
    readonly phase: string;
    readonly requests: number;
    readonly sockets: number;
  } {
    const { durationMs } = this.options;
    const isSettling = this.healedAtMs !== undefined;
    const share = isSettling ? 0.97 : Math.min(0.95, this.agenda.nowMs / (durationMs * 1.05));
    const phase = isSettling ? "settling" : this.phones.length === 0 ? "first records" : "faults on";
    return { share, phase, requests: this.courier.sent, sockets: this.lines.open };
  }

  private async live(): Promise<"settled" | "unsettled"> {
    const { options, agenda } = this;
    await this.observe();
    await populate(this.stage, this.plain, options);
    this.people();
    this.stage.record({ fact: "phase", at: agenda.now, phase: "agitate" });
    const groupOf: GroupOf = (device) => options.phones[device]?.group ?? 0;
    new FleetActs(this.stage, this.phones, options.acts, groupOf).begin();
    if (options.plainEveryMs !== undefined)
      for (const [nth, client] of this.plain.entries()) this.keepActing(nth, client);
    const untilMs = agenda.nowMs + options.durationMs;
    if (options.plainEveryMs !== undefined) {
      await this.agitated(untilMs - LAST_WORDS_MS);
      for (const client of this.plain) client.says();
    }
    await this.agitated(untilMs);
    this.healedAtMs = agenda.nowMs;
    this.troublesBefore = this.courier.troubles;
    const { settleWithinMs: withinMs, roundTripMs, patienceMs, spreadMs } = options;
    const { phones, plain } = this;
    const isSettled = await settle(this.stage, {
      phones,
      plain,
      withinMs,
      roundTripMs,
      patienceMs,
      spreadMs,
    });
    return isSettled ? "settled" : "unsettled";
  }

  /** Until every account's observer is live, nobody does anything: what is not seen cannot be judged. */
  private async observe(): Promise<void> {
    for (const observer of this.observers) observer.connect();
    const untilMs =
      this.agenda.nowMs + LIVE_WITHIN_MS + LIVE_EACH_MS * this.observers.length + this.options.patienceMs;
    const isBlind = (): boolean => this.agenda.nowMs > untilMs || this.history.torn !== undefined;
    await this.until(() => this.begun.size === this.observers.length || isBlind());
    if (this.begun.size < this.observers.length)
      throw new Blind(
        `the target's sockets could not be opened, and nobody could watch what it commits: ${this.blindSpot()}`,
      );
  }

  /** Whose observer is not live, the first of them, and what its socket was answered. */
  private blindSpot(): string {
    const account = this.observers.findIndex((_, nth) => !this.begun.has(nth));
    const { name } = this.options.accounts[account] ?? { name: "?" };
    const status = this.lines.lastRefusal;
    const count = this.observers.length - this.begun.size;
    return `${count} of ${this.observers.length} accounts, such as ${name}${status === 0 ? "" : `; the last was answered ${status}`}`;
  }

  private people(): void {
    const { options, stage } = this;
    for (const [index, { account, clockOffsetMs }] of options.phones.entries()) {
      const settings: DeviceSettings = {
        deviceId: this.roster.devices[index]?.name as DeviceId,
        token: options.accounts[account]?.token ?? "",
        entities: ENTITIES,
        // No push reaches a phone that is none.
        phases: new Set(options.phases.filter((phase) => phase !== 4)),
        attemptsMax: ATTEMPTS_MAX,
        requestTimeoutMs: options.requestTimeoutMs,
        freshForMs: FRESH_FOR_MS,
        pollEveryMs: options.pollEveryMs,
        batchFrom: options.batchFrom,
      };
      this.phones.push(new LivePhone(stage, index, account, settings, clockOffsetMs));
    }
  }

  private keepActing(nth: number, client: RawClient): void {
    const random = stream(this.options.seed, `plain-${nth}/times`);
    const again = (): void => {
      const waitMs = random.exponential(this.options.plainEveryMs ?? 1_000);
      this.agenda.put(this.agenda.nowMs + waitMs, () => {
        if (this.stage.healed) return;
        client.acts();
        again();
      });
    };
    again();
  }

  private async agitated(untilMs: number): Promise<void> {
    const { requestsSoftMax } = this.options;
    await this.until(() => this.agenda.nowMs >= untilMs || this.courier.sent >= requestsSoftMax);
  }

  private async until(holds: () => boolean): Promise<void> {
    await new Promise<void>((resolve) => {
      const look = (): void => {
        if (holds()) resolve();
        else this.agenda.put(this.agenda.nowMs + 20, look);
      };
      look();
    });
  }

  /** Whatever comes from outside comes through here: one instant, and no error that nobody hears of. */
  private enter(what: () => void): void {
    if (this.isOver) return;
    this.agenda.refresh();
    try {
      what();
    } catch (error) {
      this.stop(error instanceof Error ? error : new Error(String(error)));
    }
  }

  private isExcused(): boolean {
    return this.courier.troubles > this.troublesBefore || this.agenda.lateMsMax > LATE_MS_MAX;
  }

  private begins(account: number, revision: string): void {
    this.history.begins(account, revision);
    this.begun.add(account);
  }

  private async close(): Promise<void> {
    this.isOver = true;
    this.agenda.end();
    this.lines.closeAll();
    await this.courier.close();
  }

  private enlist(): Roster {
    const { accounts, phones } = this.options;
    const devices = [
      ...phones.map(({ account }, nth) => ({ name: `${this.names.prefix}d${nth}`, account })),
      ...this.observers.map(({ name }, account) => ({ name, account })),
      ...this.plain.map(({ name }, account) => ({ name, account })),
    ];
    for (const [index, { name, account }] of devices.entries()) this.byName.set(`${account} ${name}`, index);
    return { devices, accounts: accounts.map(({ name }) => ({ name })) };
  }

  private makeStage(): FleetStage {
    const { seed, speed, accounts } = this.options;
    const { agenda, courier, lines, names, history } = this;
    const isOver = (): boolean => this.isOver;
    return {
      seed,
      agenda,
      courier,
      lines,
      frames: new FrameReader(),
      pages: new PageReader(this.options.phones.length / accounts.length),
      names,
      tokens: accounts.map(({ token }) => token),
      latencies: new LatencyBook(),
      speed,
      healed: false,
      movedAtMs: 0,
      record(fact: Fact, mutations?: readonly SentMutation[]): void {
        if (!isOver()) history.take(fact, mutations);
      },
    };
  }
}

function namesOf(prefix: string): FleetNames {
  return {
    prefix,
    owns: (id) => id.startsWith(prefix),
    accountOf: (id) => {
      if (!id.startsWith(`${prefix}a`)) return undefined;
      const account = Number.parseInt(id.slice(prefix.length + 1), 10);
      return Number.isNaN(account) ? undefined : account;
    },
  };
}
