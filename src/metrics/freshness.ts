/**
 * Owns how fresh an app is when somebody opens it, how long and how many bytes until it knows that it is, and how soon
 * what was missed in a tunnel is there. Refuses to know by which channel it came.
 */

import type { EpochMs } from "../base/time.ts";
import type { Fact, FactOf } from "../history/facts.ts";
import { Fleet, type Missing, Watched } from "./backlog.ts";
import { Distribution, type Durations } from "./distribution.ts";
import type { Measure } from "./measure.ts";

/** What a brief disconnection hid should be on the screen so soon after the app has a network and a user again. */
const CAUGHT_UP_WITHIN_MS = 10_000;
/** A longer time without a network is not brief. */
const BRIEF_MS = 3_600_000;

export interface Freshness {
  /** Times that the app was opened with a network, but for the first one after installation. */
  readonly opens: number;
  /** Of them, those at which nothing that others had changed was missing. */
  readonly freshOpens: number;
  /** From such an opening until the app knew that it was current, where it came to that. Milliseconds. */
  readonly untilCurrent: Durations;
  /** Bytes that came down until then, a mean; null without openings. */
  readonly bytesUntilCurrent: number | null;
  /** Changes by others during a brief disconnection; and those on the screen within CAUGHT_UP_WITHIN_MS of its end. */
  readonly missed: number;
  readonly caughtUp: number;
}

interface Unseen extends Missing {
  /** It was made while the device had no network. */
  hidden: boolean;
  /** When network and user were both back. */
  backAt: EpochMs | undefined;
}

class Screen extends Watched<Unseen> {
  openedBefore = false;
  openedAt: EpochMs | undefined;
  bytes = 0;
  offlineAt: EpochMs | undefined;
}

/** A new measure of freshness. */
export function createFreshness(): FreshnessMeasure {
  return new FreshnessMeasure();
}

class FreshnessMeasure implements Measure<Freshness> {
  readonly wants = [
    "started",
    "killed",
    "opened",
    "closed",
    "online",
    "offline",
    "committed",
    "shown",
    "sync_ended",
    "answered",
    "frame",
  ] as const;
  private readonly fleet = new Fleet(() => new Screen());
  private readonly untilCurrent = new Distribution();
  private opens = 0;
  private freshOpens = 0;
  private bytes = 0;
  private missed = 0;
  private caughtUp = 0;

  fold(fact: Fact): void {
    if (fact.fact === "committed") return this.committed(fact);
    if (fact.fact === "answered" || fact.fact === "frame") return this.came(fact);
    if (fact.fact === "shown") {
      const seen = this.fleet.of(fact).take(fact.entity, fact.id, fact.revision);
      if (seen) this.saw(seen, fact.at);
      return;
    }
    if (fact.fact === "sync_ended") {
      if (fact.revision !== undefined) this.current(fact, fact.revision);
      return;
    }
    this.lives(fact);
  }

  merge(other: FreshnessMeasure): void {
    this.untilCurrent.merge(other.untilCurrent);
    this.opens += other.opens;
    this.freshOpens += other.freshOpens;
    this.bytes += other.bytes;
    this.missed += other.missed;
    this.caughtUp += other.caughtUp;
  }

  result(): Freshness {
    const { opens, freshOpens, missed, caughtUp } = this;
    const untilCurrent = this.untilCurrent.durations();
    const bytesUntilCurrent = untilCurrent.count === 0 ? null : this.bytes / untilCurrent.count;
    return { opens, freshOpens, untilCurrent, bytesUntilCurrent, missed, caughtUp };
  }

  private lives(fact: Fact): void {
    if (!("device" in fact) || fact.device === undefined || !("account" in fact)) return;
    const { at } = fact;
    const screen = this.fleet.of({ account: fact.account, device: fact.device });
    switch (fact.fact) {
      case "started":
        screen.online = fact.online;
        return;
      case "opened":
        screen.open = true;
        this.opened(screen, at);
        return this.mayBeBack(screen, at);
      case "online":
        screen.online = true;
        this.endTunnel(screen, at);
        return this.mayBeBack(screen, at);
      case "offline":
        screen.online = false;
        screen.offlineAt = at;
        return this.leaves(screen, at);
      case "closed":
      case "killed":
        screen.open = false;
        return this.leaves(screen, at);
    }
  }

  private committed(fact: FactOf<"committed">): void {
    const { entity, id, revision, at } = fact;
    for (const screen of this.fleet.others(fact)) {
      const before = screen.missing.get(`${entity}/${id}`);
      const hidden = !screen.online || before?.hidden === true;
      screen.missing.set(`${entity}/${id}`, { entity, id, revision, at, hidden, backAt: before?.backAt });
    }
  }

  private opened(screen: Screen, at: EpochMs): void {
    if (screen.online && screen.openedBefore) {
      this.opens++;
      if (screen.missing.size === 0) this.freshOpens++;
      screen.openedAt = at;
      screen.bytes = 0;
    }
    screen.openedBefore = true;
  }

  private came(fact: FactOf<"answered" | "frame">): void {
    const screen = this.fleet.of(fact);
    screen.bytes += fact.bytes;
    if (fact.fact === "frame" && fact.frame.type === "ready") this.current(fact, fact.frame.revisionId);
  }

  /** The device knows that it holds all up to here. */
  private current(
    on: { readonly account: number; readonly device: number; readonly at: EpochMs },
    revision: Unseen["revision"],
  ): void {
    const screen = this.fleet.of(on);
    for (const seen of screen.takeUpTo(revision)) this.saw(seen, on.at);
    if (screen.openedAt === undefined) return;
    this.untilCurrent.record(on.at - screen.openedAt);
    this.bytes += screen.bytes;
    screen.openedAt = undefined;
  }

  private endTunnel(screen: Screen, at: EpochMs): void {
    const isBrief = screen.offlineAt !== undefined && at - screen.offlineAt <= BRIEF_MS;
    screen.offlineAt = undefined;
    if (!isBrief) for (const item of screen.missing.values()) item.hidden = false;
  }

  private mayBeBack(screen: Screen, at: EpochMs): void {
    if (!screen.online || !screen.open) return;
    for (const item of screen.missing.values()) if (item.hidden) item.backAt ??= at;
  }

  private saw({ hidden, backAt }: Unseen, at: EpochMs): void {
    if (!hidden) return;
    this.missed++;
    // What is there before anybody looks is in time.
    if (backAt === undefined || at - backAt <= CAUGHT_UP_WITHIN_MS) this.caughtUp++;
  }

  /** Whoever goes before the time is up proves nothing; who waited in vain does. */
  private leaves(screen: Screen, at: EpochMs): void {
    screen.openedAt = undefined;
    for (const item of screen.missing.values()) {
      if (item.backAt === undefined) continue;
      if (at - item.backAt > CAUGHT_UP_WITHIN_MS) {
        this.missed++;
        item.hidden = false;
      }
      item.backAt = undefined;
    }
  }
}
