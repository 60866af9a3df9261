/**
 * Owns a diagram as text for a terminal: lanes on the left, what happened beside them, a line or more for each row.
 * Refuses colours: the caller may paint lines, and all is told without.
 */

import { cut, wrap } from "./layout.ts";
import {
  type Diagram,
  type DiagramArrow,
  type DiagramMark,
  type MarkShape,
  shortLaneName,
} from "./space-time.ts";

const WIDTH_MIN = 60;
/** Beyond this a line is hard to read. */
const WIDTH_MAX = 140;
/** Columns from one lane to the next. */
const LANE_MIN = 5;
const LANE_MAX = 12;
/** What the words of a row should have at least. */
const WORDS_MIN = 34;
const LINES_MAX = 3;

const MARKS: Readonly<Record<MarkShape, string>> = {
  edit: "◆",
  commit: "●",
  view: "○",
  life: "□",
  killed: "✕",
  started: "▷",
  judged: "□",
};
const NUMBERS = "①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮⑯⑰⑱⑲⑳";

/** How a diagram is printed. */
export interface DiagramTextOptions {
  /** Columns; from 60 to 140 are used. */
  readonly width: number;
  /** Title and words above the diagram; unless set, they stand elsewhere already. */
  readonly caption?: boolean;
}

/** The diagram in lines of at most `width` characters. */
export function renderDiagramText(diagram: Diagram, { width, caption = false }: DiagramTextOptions): string {
  const page = new TextPage(diagram, Math.max(WIDTH_MIN, Math.min(WIDTH_MAX, width)));
  return `${[...(caption ? page.caption() : []), ...page.head(), ...page.rows(), ...page.notes()]
    .map((line) => line.trimEnd())
    .join("\n")}\n`;
}

/** What a row has to say; a row without it is where an arrow ends whose words are elsewhere. */
interface Told {
  readonly mark?: DiagramMark;
  readonly arrow?: DiagramArrow;
}

class TextPage {
  private readonly diagram: Diagram;
  private readonly width: number;
  private readonly timeWidth: number;
  private readonly laneGap: number;
  private readonly wordsAt: number;
  private readonly told: ReadonlyMap<number, Told>;

  constructor(diagram: Diagram, width: number) {
    this.diagram = diagram;
    this.width = width;
    const times = diagram.rows.map((row) => (row.kind === "step" ? row.time.length : 0));
    this.timeWidth = Math.max(0, ...times) + 3;
    const lanes = Math.max(1, diagram.lanes.length);
    const room = Math.floor((width - this.timeWidth - WORDS_MIN - 2) / lanes);
    const names = Math.max(0, ...diagram.lanes.map(({ name }) => name.length)) + 2;
    this.laneGap = Math.max(LANE_MIN, Math.min(LANE_MAX, room, Math.max(8, names)));
    this.wordsAt = this.timeWidth + (lanes - 1) * this.laneGap + 4;
    this.told = tellRows(diagram);
  }

  caption(): readonly string[] {
    const { title, caption } = this.diagram;
    const words = caption.flatMap(({ label, text }) => {
      const lines = wrap(text, this.width - 12).slice(0, LINES_MAX);
      return lines.map((line, index) => cut(`${(index === 0 ? label : "").padEnd(12)}${line}`, this.width));
    });
    return [...wrap(title, this.width).map((line) => cut(line, this.width)), ...words, ""];
  }

  head(): readonly string[] {
    const names = this.blank();
    const { lanes } = this.diagram;
    for (const [lane, { name }] of lanes.entries())
      this.write(
        names,
        this.column(lane),
        shortLaneName(name, lane === lanes.length - 1 ? LANE_MAX : this.laneGap - 1),
      );
    const clocks = lanes.flatMap(({ name, note }) =>
      note === undefined ? [] : [cut(`clock of ${name}: ${note}`, this.width)],
    );
    return [...clocks, names.join("")];
  }

  rows(): readonly string[] {
    let before = "";
    return this.diagram.rows.flatMap((row, index) => {
      if (row.kind === "gap") {
        const cells = this.blank();
        for (const lane of this.diagram.lanes.keys()) cells[this.column(lane)] = "┊";
        return [this.line(cells, `… ${row.text}`)];
      }
      const time = row.time === before ? "" : row.time;
      before = row.time;
      return this.row(index, time);
    });
  }

  private row(index: number, time: string): readonly string[] {
    const { mark, arrow } = this.told.get(index) ?? {};
    const offence = mark?.offence ?? arrow?.offence;
    const number = offence === undefined ? "" : `${NUMBERS[offence - 1] ?? `(${offence})`} `;
    const text = `${number}${mark?.text ?? arrow?.text ?? ""}`;
    const lines = wrap(text, this.width - this.wordsAt).slice(0, LINES_MAX);
    const cells = this.lanes(index, time);
    if (arrow) this.drawArrow(cells, arrow);
    if (mark) cells[this.column(mark.lane)] = offence === undefined ? MARKS[mark.shape] : "◉";
    // The number in the margin finds the violation at a glance.
    if (offence !== undefined) cells[this.timeWidth - 2] = "▶";
    return lines.map((line, nth) => this.line(nth === 0 ? cells : this.lanes(index, ""), line));
  }

  notes(): readonly string[] {
    const key =
      "◆ edit ● commit ○ view ✕ killed or lost ▷ start ┄ never sent ▒ offline ┆ not running ◉ violation";
    return [key, ...this.diagram.notes].flatMap((note) =>
      wrap(note, this.width - 2).map((line) => cut(`  ${line}`, this.width)),
    );
  }

  /** A message, straight on the row of its words. */
  private drawArrow(cells: string[], { from, to, fate, textAt, kind, offence }: DiagramArrow): void {
    const [tail, head] = [this.column(from.lane), this.column(to.lane)];
    const right = head > tail;
    const shaft = fate === "absent" ? "┄" : kind === "push" ? "╌" : "─";
    const middle = tail + Math.trunc((head - tail) * 0.44);
    const end = fate === "arrives" ? head : middle;
    for (let at = Math.min(tail, end) + 1; at < Math.max(tail, end); at++)
      cells[at] = cells[at] === " " ? shaft : fate === "absent" ? shaft : "┼";
    cells[tail] = right ? "├" : "┤";
    if (fate === "arrives") cells[head + (right ? -1 : 1)] = right ? "▶" : "◀";
    else cells[middle] = "✕";
    if (offence !== undefined) cells[textAt === "from" ? tail : head] = "◉";
  }

  private lanes(row: number, time: string): string[] {
    const cells = this.blank();
    this.write(cells, 0, time);
    for (const lane of this.diagram.lanes.keys()) cells[this.column(lane)] = this.laneAt(lane, row);
    return cells;
  }

  private laneAt(lane: number, row: number): string {
    const states = this.diagram.spans
      .filter((span) => span.lane === lane && span.fromRow <= row && row <= span.toRow)
      .map(({ state }) => state);
    return states.includes("down") ? "┆" : states.includes("offline") ? "▒" : "│";
  }

  private column(lane: number): number {
    return this.timeWidth + lane * this.laneGap;
  }

  private blank(): string[] {
    return new Array<string>(this.wordsAt + LANE_MAX).fill(" ");
  }

  private write(cells: string[], at: number, text: string): void {
    for (let i = 0; i < text.length; i++) cells[at + i] = text.charAt(i);
  }

  private line(cells: readonly string[], words: string): string {
    return cut(`${cells.slice(0, this.wordsAt).join("")}${words}`, this.width);
  }
}

function tellRows(diagram: Diagram): ReadonlyMap<number, Told> {
  const told = new Map<number, Told>();
  for (const arrow of diagram.arrows) {
    const row = arrow.textAt === "from" ? arrow.from.row : arrow.to.row;
    told.set(row, { arrow });
  }
  for (const mark of diagram.marks) told.set(mark.row, { ...told.get(mark.row), mark });
  return told;
}
