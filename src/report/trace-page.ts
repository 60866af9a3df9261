/**
 * Owns the layout of a trace: its columns, which facts share a line, and where violations stand.
 * Refuses to choose words (trace-tell.ts) and to gather facts (trace.ts).
 */

import type { EpochMs } from "../base/time.ts";
import type { Violation } from "../checkers/port.ts";
import type { Fact, FactOf } from "../history/facts.ts";
import { type Paint, PLAIN } from "./layout.ts";
import { here, type Told } from "./trace-exchange.ts";
import { TracedLife } from "./trace-life.ts";
import { ascii, elapsed, endCut, shortOffset, shortRevision } from "./trace-short.ts";
import { shownBriefly, tell } from "./trace-tell.ts";

/** No line is longer; what is lost has a `~`. */
export const TRACE_COLUMNS_MAX = 160;
/** Up to this many records shown in one step have a line each; more of them share lines. */
const SHOWN_APART_MAX = 3;
const TIME_WIDTH = 15;
/** The position of what was before the first fact. */
const BEFORE_ALL = -1;
const VERB_WIDTH = 10;

/** A device to trace: its index in the roster, and its name. */
export interface TraceSubject {
  readonly device: number;
  readonly name: string;
}

/** What a trace is finished with. */
export interface TraceEnd {
  /** True time at the start of the run. */
  readonly startMs: EpochMs;
  /** One line about the run, for the head of the trace. */
  readonly title: string;
  /** All that checkers found; those that name a traced device stand at their place. */
  readonly violations: readonly Violation[];
  readonly paint?: Paint;
}

/** Facts of one device that are told together: records shown at once, one revision seen for several entities. */
type Step = readonly [Fact, ...Fact[]];

/** The columns before what happened. */
interface Margin {
  readonly gutter: string;
  readonly time: string;
  readonly device: string;
  readonly clock: string;
  readonly net: string;
  readonly app: string;
  readonly queue: string;
  readonly seen: string;
}

const HEAD: Margin = {
  gutter: "#",
  time: "time",
  device: "device",
  clock: "clock",
  net: "net",
  app: "app",
  queue: "q",
  seen: "seen",
};

/** One trace as it is written. */
export class Page {
  private readonly lives: ReadonlyMap<number, TracedLife>;
  private readonly facts: readonly Fact[];
  private readonly end: TraceEnd;
  private readonly paint: Paint;
  /** 0 for a single device: its name is in the head. */
  private readonly nameWidth: number;
  private readonly textWidth: number;
  /** Violations by the position of the fact behind which they stand. */
  private readonly violations: ReadonlyMap<number, readonly Violation[]>;
  private readonly evidence = new Set<Fact>();
  private readonly lines: string[] = [];

  constructor(subjects: readonly TraceSubject[], facts: readonly Fact[], end: TraceEnd) {
    this.lives = new Map(subjects.map(({ device, name }) => [device, new TracedLife(name)]));
    this.facts = facts;
    this.end = end;
    this.paint = end.paint ?? PLAIN;
    this.nameWidth = subjects.length < 2 ? 0 : Math.max(...subjects.map(({ name }) => name.length), 6);
    this.textWidth = TRACE_COLUMNS_MAX - this.margin(HEAD).length - VERB_WIDTH - 3;
    this.violations = this.placed();
  }

  /** The text. `left`: how many facts did not fit into what was kept. */
  render(left: number): string {
    const names = [...this.lives].map(([device, { name }]) => `${name} (device ${device})`).join(", ");
    this.lines.push(this.paint.dim(`# ${names}: ${this.end.title}`));
    this.lines.push(this.paint.dim(`${this.margin(HEAD)}   what happened`));
    this.tellViolationsAt(BEFORE_ALL);
    for (let position = 0; position < this.facts.length; ) {
      const step = this.stepAt(position);
      this.tellStep(step);
      const next = position + step.length;
      for (; position < next; position++) this.tellViolationsAt(position);
    }
    if (left > 0) this.lines.push(this.paint.dim(`# ${left} later facts are not shown`));
    return `${this.lines.join("\n")}\n`;
  }

  /** A violation stands behind the last of its facts that is told here, else behind its moment. */
  private placed(): ReadonlyMap<number, readonly Violation[]> {
    const positions = new Map<Fact, number>();
    const placed = new Map<number, Violation[]>();
    const concerned = this.end.violations.filter((violation) => this.isConcerned(violation));
    if (concerned.length === 0) return placed;
    for (const [position, fact] of this.facts.entries()) positions.set(fact, position);
    for (const violation of concerned) {
      for (const fact of violation.evidence) this.evidence.add(fact);
      const told = violation.evidence.flatMap((fact) => positions.get(fact) ?? []);
      const position = told.length > 0 ? Math.max(...told) : this.lastUntil(violation.at);
      const there = placed.get(position);
      if (there) there.push(violation);
      else placed.set(position, [violation]);
    }
    return placed;
  }

  /** True when a traced device is in the evidence or in the words of a violation. */
  private isConcerned({ evidence, expected, actual, because }: Violation): boolean {
    if (evidence.some((fact) => this.lifeOf(fact) !== undefined)) return true;
    const named = `${expected} ${actual} ${because}`.matchAll(/\bdevice (\d+)\b/g);
    return [...named].some(([, device]) => this.lives.has(Number(device)));
  }

  private lifeOf(fact: Fact): TracedLife | undefined {
    return "device" in fact && fact.device !== undefined ? this.lives.get(fact.device) : undefined;
  }

  private lastUntil(at: EpochMs): number {
    const later = this.facts.findIndex((fact) => fact.at > at);
    return later < 0 ? this.facts.length - 1 : later - 1;
  }

  /** The facts from here on that are told together. */
  private stepAt(position: number): Step {
    const first = this.facts[position] as Fact;
    const step: [Fact, ...Fact[]] = [first];
    for (;;) {
      const next = this.facts[position + step.length];
      if (next === undefined || !isOneStep(first, next)) return step;
      step.push(next);
    }
  }

  private tellStep(step: Step): void {
    const [first] = step;
    const life = this.lifeOf(first);
    if (life === undefined) return this.tellRun(first);
    const told = toldTogether(life, step, this.textWidth);
    for (const fact of step) life.take(fact);
    const gutter = step.some((fact) => this.evidence.has(fact)) ? "!" : " ";
    const margin = this.margin({
      gutter,
      time: this.time(first.at),
      device: life.name,
      clock: life.clockOffsetMs === 0 ? "" : shortOffset(life.clockOffsetMs),
      net: life.network,
      app: life.app,
      queue: String(life.queue.size),
      seen: shortRevision(life.seen),
    });
    for (const one of told) this.line(margin, one);
  }

  /** A fact of the run is of no device: a rule across the columns. */
  private tellRun(fact: Fact): void {
    const dashes = { device: "", clock: "", net: "", app: "", queue: "", seen: "" };
    const margin = this.margin({ gutter: " ", time: this.time(fact.at), ...dashes });
    for (const one of tell(new TracedLife(""), fact)) this.line(margin, one);
  }

  private tellViolationsAt(position: number): void {
    for (const violation of this.violations.get(position) ?? []) this.tellViolation(violation);
  }

  private tellViolation({ rule, at, expected, actual, because }: Violation): void {
    const sentences: readonly (readonly [string, string])[] = [
      ["expected", expected],
      ["actual", actual],
      ["because", because],
    ];
    for (const [label, text] of sentences) {
      const line = `✗ ${this.time(at)} ${rule.padEnd(7)} ${label.padEnd(8)} ${ascii(text)}`;
      this.lines.push(this.paint.bad(endCut(line, TRACE_COLUMNS_MAX)));
    }
  }

  private line(margin: string, { direction, verb, text }: Told): void {
    const line = `${margin} ${direction} ${verb.padEnd(VERB_WIDTH)}${text}`;
    this.lines.push(endCut(line.trimEnd(), TRACE_COLUMNS_MAX));
  }

  private margin({ gutter, time, device, clock, net, app, queue, seen }: Margin): string {
    const name = this.nameWidth === 0 ? "" : `${device.padEnd(this.nameWidth)} `;
    const state = `${clock.padEnd(7)} ${net.padEnd(4)} ${app.padEnd(3)} ${queue.padStart(3)}`;
    return `${gutter} ${time.padEnd(TIME_WIDTH)} ${name}${state} ${seen.padEnd(10)}`;
  }

  private time(at: EpochMs): string {
    return elapsed(at - this.end.startMs).padStart(TIME_WIDTH);
  }
}

function isOneStep(first: Fact, next: Fact): boolean {
  if (next.fact !== first.fact || next.at !== first.at) return false;
  if (next.fact === "shown") return next.device === (first as FactOf<"shown">).device;
  if (next.fact !== "advanced") return false;
  const { device, revision } = first as FactOf<"advanced">;
  return next.device === device && next.revision === revision;
}

function toldTogether(life: TracedLife, step: Step, width: number): readonly Told[] {
  const [first] = step;
  if (first.fact === "advanced") {
    const entities = (step as readonly FactOf<"advanced">[]).map(({ entity }) => entity);
    return [here(" ", "seen", `@${shortRevision(first.revision)} ${entities.join(", ")}`)];
  }
  if (first.fact === "shown" && step.length > SHOWN_APART_MAX) {
    return packed(step as readonly FactOf<"shown">[], width);
  }
  return step.flatMap((fact) => tell(life, fact));
}

/** Many records on few lines: none is left out. */
function packed(shown: readonly FactOf<"shown">[], width: number): readonly Told[] {
  const told: Told[] = [];
  let text = "";
  for (const fact of shown) {
    const one = shownBriefly(fact);
    if (text !== "" && text.length + 2 + one.length > width) {
      told.push(here(" ", "show", text));
      text = "";
    }
    text = text === "" ? one : `${text}, ${one}`;
  }
  return [...told, here(" ", "show", text)];
}
