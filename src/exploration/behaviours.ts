/**
 * Owns the names of what happened in a run: the behaviours that the hunt wants to see, each once.
 * Refuses to judge. A behaviour is a short name made of a fact and of what matters in it, so that there are some
 * hundreds of them, and a run that shows a new one has gone somewhere new.
 */

import type { Fact, FactName, MutationResult } from "../history/facts.ts";
import type { FactFold } from "../history/journal.ts";

/** Facts that say nothing new by themselves. */
type Told = Exclude<FactName, "shown" | "replica" | "fresh_replica" | "saved" | "advanced" | "invalidated">;

const WANTS: readonly Told[] = [
  "started",
  "killed",
  "opened",
  "closed",
  "online",
  "offline",
  "clock_set",
  "edited",
  "rekeyed",
  "settled",
  "asked",
  "chosen",
  "retried",
  "discarded",
  "sent",
  "answered",
  "unanswered",
  "connecting",
  "connected",
  "disconnected",
  "severed",
  "frame",
  "pushed",
  "read",
  "sync_started",
  "sync_ended",
  "noticed",
  "committed",
  "push_handed_over",
  "phase",
  "cut_off",
];

/** Gathers the behaviours of a run: single ones, and pairs that followed each other on one device. */
export class Behaviours implements FactFold {
  readonly wants = WANTS;
  readonly seen = new Set<string>();
  /** What each device did last, to make pairs of. */
  private readonly last = new Map<number, string>();
  /** Pages that each device has got in the sync that it is at. */
  private readonly pages = new Map<number, number>();
  private readonly deleted = new Set<string>();
  /** Devices whose socket was open once. */
  private readonly connected = new Set<number>();

  fold(fact: Fact): void {
    const name = nameOf(fact);
    this.seen.add(name);
    this.follow(fact);
    if (!("device" in fact) || fact.device === undefined) return;
    const before = this.last.get(fact.device);
    this.last.set(fact.device, name);
    if (before !== undefined && before !== name) this.seen.add(`${before} > ${name}`);
  }

  /** What one fact alone does not tell. */
  private follow(fact: Fact): void {
    if (fact.fact === "connected") this.connected.add(fact.device);
    else if (fact.fact === "connecting" && fact.since !== undefined && this.connected.has(fact.device))
      this.seen.add("resumed");
    else if (fact.fact === "sync_started") this.pages.set(fact.device, 0);
    else if (
      fact.fact === "answered" &&
      fact.status === 200 &&
      (fact.call === "changes" || fact.call === "list")
    ) {
      const pages = (this.pages.get(fact.device) ?? 0) + 1;
      this.pages.set(fact.device, pages);
      if (pages === 2) this.seen.add("second page");
    } else if (fact.fact === "committed") {
      const record = `${fact.account}/${fact.entity}/${fact.id}`;
      if (fact.action === "deleted") this.deleted.add(record);
      else if (this.deleted.delete(record)) this.seen.add("made again");
    }
  }
}

/** What a run must show to be worth its time, as shares that are measured: each told by one behaviour. */
export const LANDMARKS = {
  /** A write was refused for being stale, or merged. */
  conflict: ["answered 409 conflict", "answered merged", "answered client_won"],
  /** A socket that took up where its former one ended. */
  resumed: ["resumed"],
  /** A sync that took more than one page. */
  "second page": ["second page"],
  /** A cursor or revision that the log no longer reaches back to. */
  expired: ["answered changes 410", "frame resync_required revision_expired"],
  /** A retry that was answered from memory. */
  replayed: ["answered replayed"],
  /** A record that was deleted and made again. */
  recreated: ["made again"],
  deleted: ["committed deleted"],
  killed: ["killed"],
} as const satisfies Readonly<Record<string, readonly string[]>>;

/** Whether a run came to this landmark. */
export function reached(seen: ReadonlySet<string>, landmark: keyof typeof LANDMARKS): boolean {
  return LANDMARKS[landmark].some((name) => seen.has(name));
}

function nameOf(fact: Fact): string {
  switch (fact.fact) {
    case "started":
      return fact.cold ? "started again" : "started";
    case "edited":
      return `edited ${fact.entity} ${fact.operation}${fact.base === undefined ? " unknown" : ""}`;
    case "settled":
      return `settled ${fact.outcome}${fact.error === undefined ? "" : ` ${fact.error}`}`;
    case "chosen":
      return `chosen ${fact.choice}`;
    case "sent":
      return `sent ${fact.call}${fact.since === undefined ? "" : " since"}`;
    case "answered":
      return nameOfAnswer(fact.call, fact.status, fact.error, fact.results);
    case "unanswered":
      return `unanswered ${fact.call} ${fact.why}`;
    case "connecting":
      return fact.since === undefined ? "connecting" : "connecting since";
    case "disconnected":
      return `disconnected ${fact.code}`;
    case "frame":
      return nameOfFrame(fact.frame);
    case "read":
      return fact.fresh ? "read fresh" : "read stale";
    case "sync_started":
    case "sync_ended":
      return `${fact.fact} ${fact.sync} ${fact.reason ?? ""}`;
    case "noticed":
      return `noticed ${fact.notice}`;
    case "committed":
      return `committed ${fact.action}`;
    case "phase":
      return `phase ${fact.phase}`;
    default:
      return fact.fact;
  }
}

function nameOfAnswer(
  call: string,
  status: number,
  error: string | undefined,
  results: readonly MutationResult[],
): string {
  const first = results.find((result) => result.status !== 200 && result.status !== 201) ?? results[0];
  if (first === undefined) return `answered ${call} ${status}${error === undefined ? "" : ` ${error}`}`;
  if (first.replayed) return "answered replayed";
  if (first.resolution !== undefined) return `answered ${first.resolution}`;
  return first.error === undefined ? `answered ${first.status}` : `answered ${first.status} ${first.error}`;
}

function nameOfFrame(frame: {
  readonly type: string;
  readonly action?: unknown;
  readonly reason?: unknown;
}): string {
  return `frame ${frame.type} ${String(frame.action ?? frame.reason ?? "")}`.trimEnd();
}
