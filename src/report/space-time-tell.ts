/**
 * Owns the telling of chosen happenings: each becomes moments and messages between lanes, the offence marked.
 * Refuses to choose, and to place what is told in rows.
 */

import { formatDuration } from "../base/time.ts";
import type { Fact, FactOf } from "../history/facts.ts";
import type { MarkShape } from "./space-time.ts";
import type { At, Exchange, Happening } from "./space-time-gather.ts";
import type { Instant, Message, Moment } from "./space-time-place.ts";
import { deviceOf, type Subject } from "./space-time-subject.ts";
import type { Words } from "./space-time-words.ts";
import { ascii, endCut, shortOffset } from "./trace-short.ts";

/** An event that came sooner than this after its commit is drawn from there; of others the sending is not known. */
const LIVE_MS_MAX = 5_000;
/** The one violation of a history's diagram. */
const OFFENCE = 1;

/** Turns happenings into moments and messages. */
export class Teller {
  readonly moments: Moment[] = [];
  readonly messages: Message[] = [];
  private readonly words: Words;
  private readonly subject: Subject;
  private readonly laneByDevice: ReadonlyMap<number, number>;
  private readonly proxy: number;
  /** Moments by the place of their fact in the history: none is told twice. */
  private readonly toldMoments = new Set<number>();
  private readonly commits = new Set<number>();
  /** The place of the offence, when it is something that a device received. */
  private offencePlace: number | undefined;

  constructor(words: Words, subject: Subject, devices: readonly number[]) {
    this.words = words;
    this.subject = subject;
    this.laneByDevice = new Map(devices.map((device, lane) => [device, lane]));
    this.proxy = devices.length;
  }

  /** Tells all, in their order: what is committed is told before what comes of it. */
  tell(happenings: readonly Happening[], placeOfViolation: number): void {
    for (const happening of happenings) {
      if (happening.what !== "delivery") this.tellOne(happening);
      if (happening.what === "delivery" && happening.receipt?.fact === this.subject.offence)
        this.offencePlace = happening.receipt?.index;
      if (happening.what === "moment" && happening.at.fact === this.subject.offence)
        this.offencePlace = happening.at.index;
    }
    for (const happening of happenings) if (happening.what === "delivery") this.delivery(happening);
    const { offence, violation, culprit } = this.subject;
    if (offence !== undefined) return;
    // What did not happen has no fact: its time is when it was missed.
    const lane = culprit === undefined ? this.proxy : (this.laneByDevice.get(culprit) ?? this.proxy);
    const words = `expected ${violation.expected}; ${violation.actual}`;
    const text = endCut(this.words.sentence(words), 160);
    const when = { order: placeOfViolation, at: violation.at };
    this.moments.push({ lane, when, shape: "judged", text, offence: OFFENCE });
  }

  private tellOne(happening: Exclude<Happening, { what: "delivery" }>): void {
    if (happening.what === "exchange") this.exchange(happening);
    else if (happening.at.fact.fact === "committed") this.commit(happening.at as At<FactOf<"committed">>);
    else this.moment(happening.at);
  }

  private offence(fact: Fact): { readonly offence?: number } {
    return fact === this.subject.offence ? { offence: OFFENCE } : {};
  }

  private exchange({ sent, end, commits }: Exchange): void {
    const lane = this.laneByDevice.get(sent.fact.device);
    for (const commit of commits) {
      const mutation = sent.fact.mutations.find(({ key }) => key === commit.fact.key);
      this.commit(commit, mutation?.ifMatch);
    }
    if (lane === undefined) return;
    const [first] = commits;
    const unreachable = end?.fact.fact === "unanswered" && end.fact.why === "unreachable";
    const vanished = end !== undefined && end.fact.fact !== "answered" && first === undefined;
    this.messages.push({
      kind: "request",
      from: { lane, when: instant(sent) },
      to: { lane: this.proxy, ...(first ? { when: instant(first) } : {}) },
      fate: vanished || unreachable ? "lost" : "arrives",
      text: this.words.sent(sent.fact),
      textAt: "from",
      ...this.offence(sent.fact),
    });
    if (end) this.answer(lane, sent, end, commits.at(-1));
  }

  private answer(
    lane: number,
    sent: Exchange["sent"],
    end: NonNullable<Exchange["end"]>,
    commit: Exchange["commits"][number] | undefined,
  ): void {
    const { fact } = end;
    if (fact.fact === "killed") this.moment(end);
    // What was committed only afterwards had no answer yet that could be lost.
    if (fact.fact !== "answered" && (commit === undefined || commit.index > end.index)) {
      if (fact.fact === "unanswered") this.note(lane, end, this.words.unanswered(fact, sent.fact.at));
      return;
    }
    const text =
      fact.fact === "answered"
        ? this.words.answered(fact)
        : fact.fact === "unanswered"
          ? this.words.unanswered(fact, sent.fact.at)
          : "";
    const from = commit !== undefined && commit.index < end.index ? { when: instant(commit) } : {};
    this.messages.push({
      kind: "answer",
      from: { lane: this.proxy, ...from },
      to: { lane, when: instant(end) },
      fate: fact.fact === "answered" ? "arrives" : "lost",
      text,
      textAt: "to",
      // A kill has a mark of its own.
      ...(fact.fact === "killed" ? {} : this.offence(fact)),
    });
  }

  private commit(at: At<FactOf<"committed">>, ifMatchSent?: string): void {
    this.commits.add(at.index);
    this.put(this.proxy, at, "commit", this.words.committed(at.fact, ifMatchSent));
  }

  private delivery({ commit, receipt, device }: Extract<Happening, { what: "delivery" }>): void {
    const lane = this.laneByDevice.get(device);
    const told = receipt ?? commit;
    if (lane === undefined || told === undefined) return;
    const { fact } = told;
    const isLive = receipt && commit && receipt.fact.at - commit.fact.at <= LIVE_MS_MAX;
    const source = isLive && this.commits.has(commit.index) ? { when: instant(commit) } : {};
    const isPush = fact.fact === "pushed" || fact.fact === "push_handed_over";
    const text = this.words.delivery(fact);
    const kind = isPush ? "push" : "event";
    if (receipt) {
      // A commit has a mark of its own; that a push left has none.
      const cause = commit?.fact.fact === "push_handed_over" ? commit.fact : fact;
      const offends = this.offence(fact).offence === undefined ? this.offence(cause) : this.offence(fact);
      const to = { lane, when: instant(receipt) };
      const from = { lane: this.proxy, ...source };
      this.messages.push({ kind, from, to, fate: "arrives", text, textAt: "to", ...offends });
    } else this.undelivered(lane, told, kind, text);
  }

  /** What did not come: a push that left and was lost, or an event of which nothing was seen. */
  private undelivered(lane: number, told: At, kind: "push" | "event", text: string): void {
    const { offence } = this.subject;
    const isPush = kind === "push";
    const replay = this.replayBefore(told);
    const place = { order: told.index + (isPush ? 0 : 0.5), at: told.fact.at };
    this.messages.push({
      kind,
      from: { lane: this.proxy },
      to: { lane, when: replay ?? place },
      fate: isPush ? "lost" : "absent",
      text: isPush ? `${text} is lost` : replay ? `${text} is left out` : `${text} never comes`,
      textAt: "to",
      ...(isPush && told.fact === offence ? { offence: OFFENCE } : {}),
    });
  }

  /** A socket asked for later owes its replay what was committed before: that is where it is missing. */
  private replayBefore(commit: At): Instant | undefined {
    const { offence, evidence } = this.subject;
    if (offence?.fact !== "frame" || this.offencePlace === undefined) return undefined;
    const isLater = [...evidence].some((fact) => fact.fact === "connecting" && fact.at > commit.fact.at);
    return isLater ? { order: this.offencePlace - 0.5, at: offence.at } : undefined;
  }

  private moment(at: At): void {
    const device = deviceOf(at.fact);
    const lane = device === undefined ? this.proxy : this.laneByDevice.get(device);
    if (lane === undefined) return;
    const { fact } = at;
    if (fact.fact === "connecting" || fact.fact === "frame") return this.socket(lane, at, fact);
    this.put(lane, at, shapeOf(fact), this.momentText(fact));
  }

  /** A socket that is asked for, and what its proxy says of it. */
  private socket(lane: number, at: At, fact: FactOf<"connecting" | "frame">): void {
    const isUp = fact.fact === "connecting";
    const device = { lane, when: instant(at) };
    const proxy = { lane: this.proxy };
    this.messages.push({
      kind: isUp ? "request" : "event",
      from: isUp ? device : proxy,
      to: isUp ? proxy : device,
      fate: "arrives",
      text: isUp
        ? `socket ${fact.socket} since ${this.words.revision(fact.since)}`
        : this.words.delivery(fact),
      textAt: isUp ? "from" : "to",
      ...this.offence(fact),
    });
  }

  private note(lane: number, at: At, text: string): void {
    this.put(lane, at, "life", text);
  }

  private put(lane: number, at: At, shape: MarkShape, text: string): void {
    if (this.toldMoments.has(at.index)) return;
    this.toldMoments.add(at.index);
    this.moments.push({ lane, when: instant(at), shape, text, ...this.offence(at.fact) });
  }

  private momentText(fact: Fact): string {
    const { words } = this;
    switch (fact.fact) {
      case "edited":
        return words.edited(fact);
      case "shown":
        return words.shown(fact);
      case "read": {
        const at = fact.revision === undefined ? "" : ` at ${words.revision(fact.revision)}`;
        return `reads ${words.record(fact.entity, fact.id)}${at}${fact.fresh ? ", as fresh" : ""}`;
      }
      case "replica":
      case "fresh_replica":
        return words.replica(fact);
      case "advanced":
        return `has seen ${words.revision(fact.revision)} of ${ascii(fact.entity)}s`;
      case "sync_started":
        return `${fact.sync} sync begins${fact.reason === undefined ? "" : ` (${ascii(fact.reason)})`}`;
      case "sync_ended":
        return `${fact.sync} sync ends at ${words.revision(fact.revision)}`;
      case "started":
        return fact.cold ? "starts again" : "starts";
      case "clock_set":
        return fact.offsetMs === 0 ? "clock is right" : `clock is off by ${shortOffset(fact.offsetMs)}`;
      case "disconnected":
        return `socket ${fact.socket} ends (${fact.code})`;
      case "severed":
        return `socket ${fact.socket} is dead, unnoticed`;
      case "noticed":
        return `notices: ${fact.notice}`;
      case "invalidated":
        return `makes stale ${fact.queries.map(({ entity, id }) => words.record(entity, id)).join(", ")}`;
      case "cut_off":
        return `instances hear late for ${formatDuration(fact.until - fact.at)}`;
      default:
        return this.mutationText(fact);
    }
  }

  private mutationText(fact: Fact): string {
    if (!("mutation" in fact)) return fact.fact;
    const name = this.words.mutationName(fact.mutation);
    switch (fact.fact) {
      case "settled":
        return `${name} ${fact.outcome}${fact.error === undefined ? "" : `: ${ascii(fact.error)}`}`;
      case "rekeyed":
        return `${name} goes on under ${this.words.key(fact.key)}`;
      case "asked":
        return `asks: ${name}, mine or theirs?`;
      case "chosen":
        return `the user takes ${fact.choice} for ${name}`;
      default:
        return `${name} ${fact.fact}`;
    }
  }
}

function instant({ index, fact }: At): Instant {
  return { order: index, at: fact.at };
}

function shapeOf(fact: Fact): MarkShape {
  switch (fact.fact) {
    case "edited":
      return "edit";
    case "shown":
    case "read":
    case "replica":
    case "fresh_replica":
      return "view";
    case "killed":
      return "killed";
    case "started":
      return "started";
    default:
      return "life";
  }
}
