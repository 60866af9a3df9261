/**
 * Owns the space-time diagram as data: lanes, rows in order of time, and what stands and moves between them.
 * Refuses to know how it is drawn, and where it comes from: a history (space-time-history.ts) or bare exchanges
 * (space-time-exchanges.ts).
 */

/** A device or a proxy: one line through time. */
export interface DiagramLane {
  readonly name: string;
  readonly kind: "device" | "proxy";
  /** What holds for it all along, such as a wrong clock. */
  readonly note?: string;
}

/** Rows follow each other in time, not to scale. */
export type DiagramRow =
  | { readonly kind: "step"; readonly time: string }
  /** Much time passes between the row above and the one below. */
  | { readonly kind: "gap"; readonly text: string };

export type MarkShape = "edit" | "commit" | "view" | "life" | "killed" | "started" | "judged";

/** Something that happened in one place. */
export interface DiagramMark {
  readonly lane: number;
  readonly row: number;
  readonly shape: MarkShape;
  readonly text: string;
  /** The number of the violation that this is. */
  readonly offence?: number;
}

export type ArrowKind = "request" | "answer" | "event" | "push";

/** One end of an arrow. A row of n + 0.5 is between two rows: the history does not say when exactly. */
export interface ArrowEnd {
  readonly lane: number;
  readonly row: number;
}

/** A message. Its text stands at the end that is at a device: the one that `textAt` names. */
export interface DiagramArrow {
  readonly kind: ArrowKind;
  readonly from: ArrowEnd;
  readonly to: ArrowEnd;
  /** `lost`: it ends on its way. `absent`: it ought to have been sent, and was not. */
  readonly fate: "arrives" | "lost" | "absent";
  readonly text: string;
  readonly textAt: "from" | "to";
  /** The number of the violation that this is; its mark is at the end that has the text. */
  readonly offence?: number;
}

/** A state that a lane is in from one row to another, both included. */
export interface DiagramSpan {
  readonly lane: number;
  readonly fromRow: number;
  readonly toRow: number;
  readonly state: "offline" | "down";
}

/** A line of words above the diagram. */
export interface DiagramCaption {
  readonly label: string;
  readonly text: string;
}

/** Everything that a renderer needs. Each row has the text of at most one mark or arrow. */
export interface Diagram {
  readonly title: string;
  readonly caption: readonly DiagramCaption[];
  readonly lanes: readonly DiagramLane[];
  readonly rows: readonly DiagramRow[];
  readonly marks: readonly DiagramMark[];
  readonly arrows: readonly DiagramArrow[];
  readonly spans: readonly DiagramSpan[];
  /** What was left out, and what short names stand for. */
  readonly notes: readonly string[];
}

/** A lane's name in `width` characters: its end is what tells it from its neighbours. */
export function shortLaneName(name: string, width: number): string {
  return name.length <= width ? name : `…${name.slice(name.length - Math.max(1, width - 1))}`;
}
