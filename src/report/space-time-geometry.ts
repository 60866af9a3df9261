/**
 * Owns where everything of a diagram stands on a page, in pixels: lanes, rows, labels that do not meet.
 * Refuses to know SVG. Widths are reckoned by characters, as all labels are in a font of one width.
 */

import type { Diagram, DiagramArrow, DiagramMark } from "./space-time.ts";
import { endCut } from "./trace-short.ts";

export const MARGIN = 16;
/** A character of the labels' font at its size, rounded up. */
export const CHARACTER = 6.7;
const ROW_HEIGHT = 36;
const GAP_HEIGHT = 30;
/** Between the times and the first lane: room for the number of a violation. */
const BADGE_ROOM = 40;
const RIGHT_MIN = 90;
const RIGHT_MAX = 385;
const LABEL_OFFSET = 13;
/** How far what is lost comes: rarely just to another lane. */
const LOST_AT = 0.44;
/** Above the top of a label's baseline, and below it. */
const ASCENT = 10;
const DESCENT = 3;
const HEAD_HEIGHT = 46;

/** A point on the page. */
export interface Spot {
  readonly x: number;
  readonly y: number;
}

/** The text of a mark or arrow, cut to the room that it has. */
export interface PlacedLabel extends Spot {
  readonly row: number;
  readonly text: string;
  /** All of it, when it was cut. */
  readonly full?: string;
}

/** A mark where it stands. */
export interface PlacedMark extends Spot {
  readonly mark: DiagramMark;
  readonly label: PlacedLabel;
}

/** An arrow from end to end; `head` is where it really ends. */
export interface PlacedArrow {
  readonly arrow: DiagramArrow;
  readonly tail: Spot;
  readonly head: Spot;
  /** The end that has the text. */
  readonly place: Spot;
  readonly label: PlacedLabel | undefined;
}

/** Names in boxes over the lanes, and everything below them; y counts from the top of the boxes. */
export interface Geometry {
  readonly width: number;
  readonly height: number;
  readonly laneXs: readonly number[];
  /** The middle of each row. */
  readonly rowYs: readonly number[];
  readonly laneTop: number;
  /** What a lane's name may be wide at most. */
  readonly nameWidth: number;
  readonly marks: readonly PlacedMark[];
  readonly arrows: readonly PlacedArrow[];
}

/** Places a diagram on a page of this width. */
export function measure(diagram: Diagram, width: number): Geometry {
  const rowYs = rowsDown(diagram);
  const laneXs = lanesAcross(diagram, width);
  const gap = (laneXs[1] ?? width) - (laneXs[0] ?? 0);
  const sheet = new Sheet(width, laneXs, rowYs);
  return {
    width,
    height: (rowYs.at(-1) ?? HEAD_HEIGHT) + ROW_HEIGHT,
    laneXs,
    rowYs,
    laneTop: HEAD_HEIGHT - 8,
    nameWidth: Math.max(40, Math.min(gap, 160) - 8),
    marks: diagram.marks.map((mark) => sheet.mark(mark)),
    arrows: diagram.arrows.map((arrow) => sheet.arrow(arrow)),
  };
}

/** The box that a label fills. */
export function labelBox(label: PlacedLabel): { left: number; right: number; top: number; bottom: number } {
  const { x, y, text } = label;
  return { left: x, right: x + text.length * CHARACTER, top: y - ASCENT, bottom: y + DESCENT };
}

function rowsDown(diagram: Diagram): readonly number[] {
  const ys: number[] = [];
  let top = HEAD_HEIGHT;
  for (const row of diagram.rows) {
    const height = row.kind === "gap" ? GAP_HEIGHT : ROW_HEIGHT;
    ys.push(top + height / 2);
    top += height;
  }
  return ys;
}

/** Devices share the room between the times and the last proxy, behind which its own labels stand. */
function lanesAcross(diagram: Diagram, width: number): readonly number[] {
  const wide = diagram.rows.map((row) =>
    row.kind === "step" ? row.time.length * CHARACTER + BADGE_ROOM : (row.text.length + 3) * CHARACTER,
  );
  const left = MARGIN + Math.max(0, ...wide);
  const last = diagram.lanes.length - 1;
  const texts = diagram.marks.filter(({ lane }) => lane === last).map(({ text }) => text.length);
  const wanted = Math.max(0, ...texts) * CHARACTER + LABEL_OFFSET + MARGIN;
  const right = width - Math.min(RIGHT_MAX, Math.max(RIGHT_MIN, wanted));
  if (last <= 0) return [left];
  return diagram.lanes.map((_lane, index) => Math.round(left + ((right - left) * index) / last));
}

class Sheet {
  private readonly width: number;
  private readonly laneXs: readonly number[];
  private readonly rowYs: readonly number[];

  constructor(width: number, laneXs: readonly number[], rowYs: readonly number[]) {
    this.width = width;
    this.laneXs = laneXs;
    this.rowYs = rowYs;
  }

  mark(mark: DiagramMark): PlacedMark {
    const spot = this.spot(mark);
    return { mark, ...spot, label: this.label(spot, mark.row, 4, mark.text) };
  }

  arrow(arrow: DiagramArrow): PlacedArrow {
    const tail = this.spot(arrow.from);
    const end = this.spot(arrow.to);
    const reach = arrow.fate === "arrives" ? 1 : LOST_AT;
    const head = { x: tail.x + (end.x - tail.x) * reach, y: tail.y + (end.y - tail.y) * reach };
    const isFrom = arrow.textAt === "from";
    const place = isFrom ? tail : end;
    // An arrow leaves downwards and comes from above: its label stands on the side where it is not.
    const row = isFrom ? arrow.from.row : arrow.to.row;
    const label = arrow.text === "" ? undefined : this.label(place, row, isFrom ? -6 : 14, arrow.text);
    return { arrow, tail, head, place, label };
  }

  private spot({ lane, row }: { readonly lane: number; readonly row: number }): Spot {
    const above = this.rowYs[Math.floor(row)] ?? HEAD_HEIGHT;
    const below = this.rowYs[Math.ceil(row)] ?? above + ROW_HEIGHT;
    return { x: this.laneXs[lane] ?? 0, y: above + (below - above) * (row - Math.floor(row)) };
  }

  private label({ x, y }: Spot, row: number, down: number, text: string): PlacedLabel {
    const left = x + LABEL_OFFSET;
    const room = Math.floor((this.width - 4 - left) / CHARACTER);
    const short = endCut(text, room);
    return { x: left, y: y + down, row, text: short, ...(short === text ? {} : { full: text }) };
  }
}
