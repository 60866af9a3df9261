/**
 * Owns small wrong changes to a line of source: what can be mutated, and how.
 * Refuses to know files, and who looks whether a test notices.
 */

import type { Prng } from "../src/base/prng.ts";

/** One wrong change: the line as it would stand. */
export interface Mutant {
  readonly operator: string;
  readonly text: string;
}

interface Operator {
  readonly name: string;
  readonly pattern: RegExp;
  /** What stands in the place of the match. */
  replace(match: string): string;
}

const swap = (pairs: Readonly<Record<string, string>>) => (match: string) => pairs[match] ?? match;

const OPERATORS: readonly Operator[] = [
  {
    name: "equality",
    pattern: / (===|!==) /g,
    replace: (found) => (found === " === " ? " !== " : " === "),
  },
  {
    name: "boundary",
    pattern: / (<=|>=|<|>) (?=[\w(.-]+)/g,
    replace: swap({ " < ": " <= ", " <= ": " < ", " > ": " >= ", " >= ": " > " }),
  },
  { name: "logic", pattern: / (&&|\|\|) /g, replace: (found) => (found === " && " ? " || " : " && ") },
  {
    name: "sum",
    pattern: /(?<=[\w)\]]) [+-] (?=[\w(])/g,
    replace: (found) => (found === " + " ? " - " : " + "),
  },
  { name: "truth", pattern: /\b(true|false)\b/g, replace: (found) => (found === "true" ? "false" : "true") },
  { name: "number", pattern: /(?<![\w."'])\d+(?![\w."'])/g, replace: (found) => String(Number(found) + 1) },
  { name: "negation", pattern: /(?<=\(|=> |return |&& |\|\| )!(?=\w)/g, replace: () => "" },
  { name: "default", pattern: / \?\? [\w.]+/g, replace: () => "" },
];

/** A whole statement that can be left out without breaking the syntax. */
const STATEMENT =
  /^\s+(?!return\b|const\b|let\b|case\b|break\b|continue\b|throw\b)[\w.?[\]]+(\(.*\)| [+-]?= .*);$/;
/** Types, imports, comments and the heads of members hold nothing that runs. */
const INERT =
  /^\s*(import|export (type|interface)|type |interface |readonly |\*|\/\/|\/\*|private readonly \w+: |assert(Never)?\()/;

/** All wrong changes that a line offers. */
export function mutantsOf(line: string): readonly Mutant[] {
  if (INERT.test(line)) return [];
  const [code = ""] = line.split("//");
  const found: Mutant[] = [];
  for (const { name, pattern, replace } of OPERATORS) {
    for (const match of code.matchAll(pattern)) {
      if (isQuoted(code, match.index)) continue;
      const text = line.slice(0, match.index) + replace(match[0]) + line.slice(match.index + match[0].length);
      if (text !== line) found.push({ operator: name, text });
    }
  }
  if (STATEMENT.test(line)) found.push({ operator: "left out", text: "" });
  return found;
}

/** One of them, or undefined where the line offers none. */
export function drawMutant(random: Prng, line: string): Mutant | undefined {
  const mutants = mutantsOf(line);
  return mutants.length === 0 ? undefined : random.pick(mutants);
}

/** Whether a place lies inside a text: an odd number of quotes stands before it. */
function isQuoted(code: string, at: number): boolean {
  for (const quote of ['"', "`"]) {
    if ((code.slice(0, at).split(quote).length - 1) % 2 === 1) return true;
  }
  return false;
}
