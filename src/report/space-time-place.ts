/**
 * Owns the order of a diagram: from moments and messages in time to rows, with gaps where nothing was told for long.
 * Refuses to choose what is told, and to word it.
 */

import { assert } from "../base/assert.ts";
import { type EpochMs, formatDuration } from "../base/time.ts";
import type {
  ArrowEnd,
  ArrowKind,
  DiagramArrow,
  DiagramLane,
  DiagramMark,
  DiagramRow,
  DiagramSpan,
  MarkShape,
} from "./space-time.ts";
import { elapsed } from "./trace-short.ts";

/** From here on, time between two rows is told. */
const GAP_MS_MIN = 60_000;

/** When something happened: `order` decides, `at` is told. Equal orders share a row. */
export interface Instant {
  readonly order: number;
  readonly at: EpochMs;
}

/** Something to be told at one place. */
export interface Moment {
  readonly lane: number;
  readonly when: Instant;
  readonly shape: MarkShape;
  readonly text: string;
  readonly offence?: number;
}

/** A message to be told. The end at which its text stands is known in time, the other one perhaps. */
export interface Message {
  readonly kind: ArrowKind;
  readonly from: { readonly lane: number; readonly when?: Instant };
  readonly to: { readonly lane: number; readonly when?: Instant };
  readonly fate: DiagramArrow["fate"];
  readonly text: string;
  readonly textAt: "from" | "to";
  readonly offence?: number;
}

/** A state of a lane over time; no `until`: to the end. */
export interface Spell {
  readonly lane: number;
  readonly from: EpochMs;
  readonly until?: EpochMs;
  readonly state: DiagramSpan["state"];
}

/** All that is to be told, in no order. */
export interface Story {
  readonly lanes: readonly DiagramLane[];
  readonly moments: readonly Moment[];
  readonly messages: readonly Message[];
  readonly spells: readonly Spell[];
  /** What the times of rows count from. */
  readonly startMs: EpochMs;
}

/** A story's place on the page. */
export interface Placed {
  readonly rows: readonly DiagramRow[];
  readonly marks: readonly DiagramMark[];
  readonly arrows: readonly DiagramArrow[];
  readonly spans: readonly DiagramSpan[];
}

interface Plan {
  readonly rows: readonly DiagramRow[];
  readonly instants: readonly (Instant & { readonly row: number })[];
  readonly rowByOrder: ReadonlyMap<number, number>;
}

/** Gives every moment and message its rows. */
export function place(story: Story): Placed {
  const plan = planRows(story);
  return {
    rows: plan.rows,
    marks: story.moments
      .map(({ when, ...moment }) => ({ ...moment, row: rowOf(plan, when) }))
      .sort((left, right) => left.row - right.row),
    arrows: story.messages
      .map((message) => placeMessage(plan, message))
      .sort((left, right) => left.from.row - right.from.row),
    spans: story.spells.flatMap((spell) => placeSpell(plan, spell) ?? []),
  };
}

function planRows(story: Story): Plan {
  const byOrder = new Map<number, Instant>();
  for (const { when } of story.moments) byOrder.set(when.order, when);
  for (const message of story.messages) {
    for (const end of [message.from, message.to]) if (end.when) byOrder.set(end.when.order, end.when);
  }
  const sorted = [...byOrder.values()].sort((left, right) => left.order - right.order);
  const timeOf = clockFor(sorted, story.startMs);
  const rows: DiagramRow[] = [];
  const instants: (Instant & { row: number })[] = [];
  const rowByOrder = new Map<number, number>();
  let before: Instant | undefined;
  for (const instant of sorted) {
    const passedMs = before === undefined ? 0 : instant.at - before.at;
    if (passedMs >= GAP_MS_MIN) rows.push({ kind: "gap", text: `${formatDuration(passedMs)} later` });
    rowByOrder.set(instant.order, rows.length);
    instants.push({ ...instant, row: rows.length });
    rows.push({ kind: "step", time: timeOf(instant.at) });
    before = instant;
  }
  return { rows, instants, rowByOrder };
}

/** Times as traces have them, without the days, and then the hours, in which nothing differs from zero. */
function clockFor(instants: readonly Instant[], startMs: EpochMs): (at: EpochMs) => string {
  const texts = instants.map(({ at }) => elapsed(Math.max(0, at - startMs)));
  const dayless = texts.every((text) => text.startsWith("0d "));
  const hourless = dayless && texts.every((text) => text.startsWith("0d 00:"));
  const start = hourless ? 6 : dayless ? 3 : 0;
  return (at) => elapsed(Math.max(0, at - startMs)).slice(start);
}

function rowOf(plan: Plan, when: Instant): number {
  const row = plan.rowByOrder.get(when.order);
  assert(row !== undefined, "every instant that is told has a row");
  return row;
}

function placeMessage(plan: Plan, { from, to, ...message }: Message): DiagramArrow {
  const known = message.textAt === "from" ? from.when : to.when;
  assert(known !== undefined, "the end with the text is known in time");
  const row = rowOf(plan, known);
  // What is not known to have taken time takes half a row.
  const end = (side: Message["from"], loose: number): ArrowEnd => ({
    lane: side.lane,
    row: side.when === undefined ? loose : rowOf(plan, side.when),
  });
  return { ...message, from: end(from, row - 0.5), to: end(to, row + 0.5) };
}

/** Undefined for what was over before the first row, or began after the last. */
function placeSpell(plan: Plan, spell: Spell): DiagramSpan | undefined {
  const { until = Number.POSITIVE_INFINITY } = spell;
  const inside = plan.instants.filter(({ at }) => at >= spell.from && at < until);
  const [first, last] = [inside[0], inside.at(-1)];
  if (first === undefined || last === undefined) return undefined;
  return { lane: spell.lane, fromRow: first.row, toRow: last.row, state: spell.state };
}
