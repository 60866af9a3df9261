/**
 * Owns how serve's bench shows what it measured: a figure, its aim, whether it is met, and what it was made of.
 * Refuses to pass or fail: a bench prints.
 */

export interface Row {
  readonly what: string;
  readonly figure: string;
  readonly aim?: string;
  /** undefined: for information. */
  readonly isMet?: boolean;
  /** Why it could not be measured. */
  readonly fault?: string;
}

export interface Section {
  readonly title: string;
  readonly rows: readonly Row[];
  /** What the figures were made of. */
  readonly notes: readonly string[];
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

export function count(value: number): string {
  return Math.round(value).toLocaleString("en");
}

export function atLeast(what: string, value: number, aim: number): Row {
  return { what, figure: value.toFixed(2), aim: `>= ${aim}`, isMet: value >= aim };
}

export function atMost(what: string, value: number, aim: number): Row {
  return { what, figure: value.toFixed(2), aim: `<= ${aim}`, isMet: value <= aim };
}

export function print({ title, rows, notes }: Section): void {
  console.log(`\n${title}`);
  for (const { what, figure, aim = "", isMet, fault } of rows) {
    const verdict = fault !== undefined ? fault : isMet === undefined ? "" : isMet ? "met" : "NOT MET";
    console.log(`  ${what.padEnd(66)} ${figure.padStart(12)}  ${aim.padEnd(12)} ${verdict}`.trimEnd());
  }
  for (const note of notes) console.log(`    ${note}`);
}
