/**
 * Owns a diagram as one self-contained SVG: selectable text, light and dark, no script and nothing from elsewhere.
 * Refuses to place anything: space-time-geometry.ts does.
 */

import { hashString } from "../base/prng.ts";
import { wrap } from "./layout.ts";
import { type Diagram, type DiagramSpan, shortLaneName } from "./space-time.ts";
import {
  CHARACTER,
  type Geometry,
  MARGIN,
  measure,
  type PlacedArrow,
  type PlacedLabel,
  type PlacedMark,
  type Spot,
} from "./space-time-geometry.ts";
import { SPACE_TIME_STYLE } from "./space-time-style.ts";
import { endCut } from "./trace-short.ts";

const WIDTH = 980;
const LINE_HEIGHT = 16;
const TITLE_CHARACTER = 8.8;
const NAME_WIDTH = 74;
const CAPTION_LINES_MAX = 4;
const NOTE_LINES_MAX = 6;

/** The diagram as SVG, 980 pixels wide; put it where it can be scrolled sideways. */
export function renderDiagramSvg(diagram: Diagram): string {
  const geometry = measure(diagram, WIDTH);
  const title = wrap(diagram.title, Math.floor((WIDTH - 2 * MARGIN) / TITLE_CHARACTER)).slice(0, 3);
  const caption = captionLines(diagram);
  const top = MARGIN + (title.length + caption.length) * LINE_HEIGHT + 12;
  const notes = noteLines(diagram);
  const height = Math.ceil(top + geometry.height + notes.length * 14 + MARGIN);
  const words = [diagram.title, ...diagram.caption.map(({ label, text }) => `${label}: ${text}`)].join("\n");
  const id = `zst-${hashString(JSON.stringify(diagram), 0x811c9dc5).toString(36)}`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" class="zst" role="img" aria-labelledby="${id}-t ${id}-d" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}">`,
    `<title id="${id}-t">${xml(`Space-time diagram. ${diagram.title}`)}</title>`,
    `<desc id="${id}-d">${xml(`${words}\n${tellRows(diagram).join("\n")}`)}</desc>`,
    `<style>${SPACE_TIME_STYLE}</style>`,
    `<rect class="zst-page" width="${WIDTH}" height="${height}"/>`,
    ...title.map((line, index) =>
      text({ x: MARGIN, y: MARGIN + 12 + index * LINE_HEIGHT }, "zst-title", line),
    ),
    ...caption.flatMap(({ label, line }, index) => {
      const y = MARGIN + 14 + (title.length + index) * LINE_HEIGHT;
      const name = label === "" ? [] : [text({ x: MARGIN, y }, "zst-name", label)];
      return [...name, text({ x: MARGIN + NAME_WIDTH, y }, "", line)];
    }),
    `<g transform="translate(0 ${top})">`,
    ...lanes(diagram, geometry),
    ...diagram.spans.map((span) => spanShape(span, geometry)),
    ...rowShapes(diagram, geometry),
    ...geometry.arrows.map(arrowShape),
    ...geometry.marks.map(markShape),
    ...geometry.arrows.map(({ label, arrow }) => labelShape(label, arrow.offence)),
    ...geometry.marks.map(({ label, mark }) => labelShape(label, mark.offence)),
    "</g>",
    ...notes.map((line, index) =>
      text({ x: MARGIN, y: top + geometry.height + 12 + index * 14 }, "zst-small", line),
    ),
    "</svg>\n",
  ]
    .filter((line) => line !== "")
    .join("\n");
}

/** The same in words, for those who cannot see it. */
function tellRows(diagram: Diagram): readonly string[] {
  const told = [
    ...diagram.marks.map(({ row, lane, text: words }) => ({ row, lane, words })),
    ...diagram.arrows.map(({ from, to, textAt, text: words }) => {
      const { lane, row } = textAt === "from" ? from : to;
      return { row, lane, words };
    }),
  ].sort((left, right) => left.row - right.row);
  return told
    .filter(({ words }) => words !== "")
    .map(({ lane, words }) => `${diagram.lanes[lane]?.name ?? ""}: ${words}`);
}

function captionLines(diagram: Diagram): readonly { readonly label: string; readonly line: string }[] {
  const width = Math.floor((WIDTH - 2 * MARGIN - NAME_WIDTH) / CHARACTER);
  return diagram.caption.flatMap(({ label, text: words }) =>
    wrap(endCut(words, CAPTION_LINES_MAX * width - 40), width)
      .slice(0, CAPTION_LINES_MAX)
      .map((line, index) => ({ label: index === 0 ? label : "", line: endCut(line, width) })),
  );
}

function noteLines(diagram: Diagram): readonly string[] {
  const width = Math.floor((WIDTH - 2 * MARGIN) / 6.1);
  return [keyOf(diagram), ...diagram.notes]
    .filter((note) => note !== "")
    .flatMap((note) =>
      wrap(note, width)
        .slice(0, NOTE_LINES_MAX)
        .map((line) => endCut(line, width)),
    );
}

/** What the signs mean that are in the drawing. */
function keyOf({ spans, arrows, marks }: Diagram): string {
  const signs: readonly (readonly [isThere: boolean, text: string])[] = [
    [spans.some(({ state }) => state === "offline"), "shaded: offline"],
    [spans.some(({ state }) => state === "down"), "broken line: app not running"],
    [arrows.some(({ fate }) => fate === "lost"), "cross: lost on its way"],
    [arrows.some(({ fate }) => fate === "absent"), "dashed with a cross: never came"],
    [[...arrows, ...marks].some(({ offence }) => offence !== undefined), "red ring: the violation"],
  ];
  return signs.flatMap(([isThere, text]) => (isThere ? [text] : [])).join(" · ");
}

function lanes(diagram: Diagram, { laneXs, laneTop, height, nameWidth }: Geometry): readonly string[] {
  return diagram.lanes.flatMap(({ name, note, kind }, lane) => {
    const x = laneXs[lane] ?? 0;
    const short = shortLaneName(name, Math.floor((nameWidth - 8) / 7));
    const width = Math.max(44, short.length * 7 + 14);
    return [
      `<line class="zst-lane" x1="${x}" y1="${laneTop - 6}" x2="${x}" y2="${height}"/>`,
      `<rect class="zst-box" x="${round(x - width / 2)}" y="0" width="${round(width)}" height="20" rx="${kind === "proxy" ? 2 : 9}"/>`,
      text({ x, y: 14 }, "zst-head", short),
      note === undefined ? "" : text({ x, y: 30 }, "zst-headnote zst-label", `clock ${note}`),
    ];
  });
}

function spanShape({ lane, fromRow, toRow, state }: DiagramSpan, geometry: Geometry): string {
  const x = geometry.laneXs[lane] ?? 0;
  const top = fromRow === 0 ? geometry.laneTop - 6 : (geometry.rowYs[fromRow] ?? 0) - 12;
  const isLast = toRow === geometry.rowYs.length - 1;
  const bottom = isLast ? geometry.height : (geometry.rowYs[toRow] ?? 0) + 12;
  return state === "down"
    ? `<line class="zst-down" x1="${x}" y1="${top}" x2="${x}" y2="${bottom}"><title>not running</title></line>`
    : `<rect class="zst-offline" x="${x - 8}" y="${top}" width="16" height="${bottom - top}" rx="3"><title>offline</title></rect>`;
}

function rowShapes(diagram: Diagram, { rowYs, laneXs }: Geometry): readonly string[] {
  let before = "";
  return diagram.rows.flatMap((row, index) => {
    const y = rowYs[index] ?? 0;
    if (row.kind === "gap") {
      const breaks = laneXs.map(
        (x) => `<line class="zst-break" x1="${x}" y1="${y - 14}" x2="${x}" y2="${y + 14}"/>`,
      );
      return [...breaks, text({ x: MARGIN, y: y + 4 }, "zst-gap", `… ${row.text}`)];
    }
    const isSame = row.time === before;
    before = row.time;
    return isSame ? [] : [text({ x: MARGIN, y: y + 4 }, "zst-time", row.time)];
  });
}

function arrowShape({ arrow, tail, head, place }: PlacedArrow): string {
  const direction = Math.sign(head.x - tail.x) || 1;
  const length =
    Math.sqrt((head.x - tail.x) * (head.x - tail.x) + (head.y - tail.y) * (head.y - tail.y)) || 1;
  const unit = { x: (head.x - tail.x) / length, y: (head.y - tail.y) / length };
  const arrives = arrow.fate === "arrives";
  const end = arrives ? { x: head.x - unit.x * 4, y: head.y - unit.y * 4 } : head;
  const tip = arrives ? point(end, unit) : cross(head, direction);
  return [
    `<g class="zst-${arrow.kind} zst-${arrow.fate}">`,
    `<line class="zst-shaft" x1="${round(tail.x)}" y1="${round(tail.y)}" x2="${round(end.x)}" y2="${round(end.y)}"/>`,
    tip,
    arrow.offence === undefined ? "" : ring(place, arrow.offence),
    "</g>",
  ].join("");
}

/** A head whose tip is at `end`, along `unit`. */
function point(end: Spot, unit: Spot): string {
  const back = { x: end.x - unit.x * 9, y: end.y - unit.y * 9 };
  const side = { x: -unit.y * 4, y: unit.x * 4 };
  const corners = [
    end,
    { x: back.x + side.x, y: back.y + side.y },
    { x: back.x - side.x, y: back.y - side.y },
  ];
  return `<polygon points="${corners.map(({ x, y }) => `${round(x)},${round(y)}`).join(" ")}"/>`;
}

function cross({ x, y }: Spot, direction: number): string {
  const from = round(x - 6 * direction);
  const to = round(x + 6 * direction);
  return `<path class="zst-cross" d="M${from} ${round(y - 6)}L${to} ${round(y + 6)}M${from} ${round(y + 6)}L${to} ${round(y - 6)}"/>`;
}

function markShape({ mark, x, y }: PlacedMark): string {
  const offence = mark.offence === undefined ? "" : ring({ x, y }, mark.offence);
  return `${shape(mark.shape, x, y)}${offence}`;
}

function shape(kind: PlacedMark["mark"]["shape"], x: number, y: number): string {
  switch (kind) {
    case "commit":
      return `<circle class="zst-mark zst-solid" cx="${x}" cy="${y}" r="5"/>`;
    case "edit":
      return `<path class="zst-mark zst-solid" d="M${x - 5} ${y}L${x} ${y - 5}L${x + 5} ${y}L${x} ${y + 5}Z"/>`;
    case "view":
      return `<circle class="zst-mark" cx="${x}" cy="${y}" r="5"/><circle class="zst-mark zst-solid" cx="${x}" cy="${y}" r="1"/>`;
    case "killed":
      return `<path class="zst-mark" d="M${x - 5} ${y - 5}L${x + 5} ${y + 5}M${x - 5} ${y + 5}L${x + 5} ${y - 5}"/>`;
    case "started":
      return `<path class="zst-mark" d="M${x - 4} ${y - 5}L${x + 5} ${y}L${x - 4} ${y + 5}Z"/>`;
    case "judged":
    case "life":
      return `<rect class="zst-mark" x="${x - 4}" y="${y - 4}" width="8" height="8"/>`;
  }
}

function ring({ x, y }: Spot, offence: number): string {
  return [
    `<circle class="zst-ring" cx="${x}" cy="${round(y)}" r="10"/>`,
    `<circle class="zst-badge" stroke="none" cx="${x - 21}" cy="${round(y)}" r="8"/>`,
    `<text class="zst-number" stroke="none" x="${x - 21}" y="${round(y + 4)}">${offence}</text>`,
  ].join("");
}

function labelShape(label: PlacedLabel | undefined, offence: number | undefined): string {
  if (label === undefined || label.text === "") return "";
  const tone = offence === undefined ? "zst-label" : "zst-label zst-offends";
  if (label.full === undefined) return text(label, tone, label.text);
  return `<g><title>${xml(label.full)}</title>${text(label, tone, label.text)}</g>`;
}

function text({ x, y }: Spot, tone: string, words: string): string {
  const look = tone === "" ? "" : ` class="${tone}"`;
  return `<text${look} x="${round(x)}" y="${round(y)}">${xml(words)}</text>`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

/** Text as XML: markup made harmless, what XML forbids replaced. */
function xml(words: string): string {
  return words
    .replaceAll(/(?![\t\n\r])[\p{Cc}\p{Cs}\ufffe\uffff]/gu, "\ufffd")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}
