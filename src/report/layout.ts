/**
 * Owns how text is laid out on a terminal: wrapping, columns, and the few tones that it may have.
 * Refuses to know what is printed, and whether the terminal has colours: paint is handed in.
 */

/** Tones by meaning. Each gives its text back, painted or not. */
export interface Paint {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly good: (text: string) => string;
  readonly bad: (text: string) => string;
  readonly warn: (text: string) => string;
}

const same = (text: string): string => text;

/** No colours. */
export const PLAIN: Paint = { bold: same, dim: same, good: same, bad: same, warn: same };

/** Spaces, but not those inside a number such as 1 234 567. */
const BREAK = /(?<!\d) +| +(?!\d{3}(?!\d))/;

/** Words of `text` in lines of at most `width` characters; a longer word gets a line of its own, and is not cut. */
export function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  for (const paragraph of harmless(text).split("\n")) {
    let line = "";
    for (const word of paragraph.split(BREAK)) {
      if (line !== "" && line.length + 1 + word.length > width) {
        lines.push(line);
        line = word;
      } else line = line === "" ? word : `${line} ${word}`;
    }
    lines.push(line);
  }
  return lines;
}

/** Foreign text must not steer the terminal: control characters but the newline become a mark. */
function harmless(text: string): string {
  return text.replaceAll(/(?!\n)\p{Cc}/gu, "␦");
}

/** `label` in a column of `indent` characters, then `text`, wrapped beside it. */
export function labelled(label: string, text: string, indent: number, width: number): readonly string[] {
  const lines = wrap(text, Math.max(20, width - indent));
  return lines.map((line, index) => `${(index === 0 ? label : "").padEnd(indent)}${line}`.trimEnd());
}

export type Align = "left" | "right";

/** Rows as columns two spaces apart, each as wide as its widest cell. Nothing is painted or cut. */
export function columns(rows: readonly (readonly string[])[], aligns: readonly Align[]): readonly string[] {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((text, column) => {
      widths[column] = Math.max(widths[column] ?? 0, text.length);
    });
  }
  return rows.map((row) =>
    row
      .map((text, column) => {
        const width = widths[column] ?? 0;
        return aligns[column] === "right" ? text.padStart(width) : text.padEnd(width);
      })
      .join("  ")
      .trimEnd(),
  );
}

/** `text` cut to `width` characters, the last of them an ellipsis when something was lost. */
export function cut(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`;
}
