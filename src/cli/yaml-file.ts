/**
 * Owns YAML files that users write: their text, their data, and where in them a fault stands.
 * Refuses to know what a file's values mean: its schema does.
 */

import { readFileSync } from "node:fs";
import { type Document, isMap, isScalar, LineCounter, type Node, type ParsedNode, parseDocument } from "yaml";
import { UsageFault } from "./exit.ts";

/** More faults than this are counted, not told. */
const FAULTS_SHOWN_MAX = 50;

/** One fault of a file: its offset in the text, and what is wrong. */
export interface Positioned {
  readonly offset: number;
  readonly message: string;
}

/** A place in the data; `atKey`: the key is meant, not its value. */
export interface DataPlace {
  readonly path: readonly PropertyKey[];
  readonly atKey: boolean;
}

export interface YamlFile {
  readonly document: Document.Parsed;
  readonly data: unknown;
  /** `path:line:column` of an offset. */
  place(offset: number): string;
}

/** The text of a file; UsageFault `<what>: there is no such file` and the like. */
export function readText(file: string, what: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why =
      code === "ENOENT"
        ? "there is no such file"
        : code === "EISDIR"
          ? "it is a folder"
          : `it cannot be read (${code})`;
    throw new UsageFault(`${what}: ${why}`);
  }
}

/** Parses a file's text. UsageFault with a line for each fault: `path:line:column: what is wrong`. */
export function parseYaml(text: string, path: string): YamlFile {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const place = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${path}:${Math.max(1, line)}:${Math.max(1, col)}`;
  };
  const broken = [...document.errors, ...document.warnings].map((error) => ({
    offset: error.pos[0],
    message: firstLine(error.message),
  }));
  if (broken.length > 0) throw faultLines(broken, place);
  return { document, data: toData(document, place), place };
}

/** The faults of a file as a user is told of them. */
export function faultLines(faults: readonly Positioned[], place: (offset: number) => string): UsageFault {
  const shown = faults.slice(0, FAULTS_SHOWN_MAX).map((fault) => `${place(fault.offset)}: ${fault.message}`);
  const rest = faults.length - shown.length;
  return new UsageFault(...shown, ...(rest > 0 ? [`and ${rest} more`] : []));
}

/** Where a place in the data stands in the text. */
export function offsetOf(fault: DataPlace, document: Document.Parsed): number {
  let node: ParsedNode | Node | null = document.contents;
  let offset = node?.range?.[0] ?? 0;
  for (const [index, name] of fault.path.entries()) {
    const isLast = index === fault.path.length - 1;
    if (isMap(node)) {
      const pair: (typeof node.items)[number] | undefined = node.items.find(
        (item) => isScalar(item.key) && String(item.key.value) === String(name),
      );
      // A missing key: the place where it would stand is the map that lacks it.
      if (pair === undefined) return offset;
      const keyOffset = isScalar(pair.key) ? (pair.key.range?.[0] ?? offset) : offset;
      node = (pair.value ?? null) as Node | null;
      offset = fault.atKey && isLast ? keyOffset : valueOffset(node, keyOffset);
    } else {
      node = (document.getIn(fault.path.slice(0, index + 1), true) ?? null) as Node | null;
      offset = node?.range?.[0] ?? offset;
    }
  }
  return offset;
}

/** A key with nothing behind it is at fault itself. */
function valueOffset(node: Node | null, keyOffset: number): number {
  if (node === null || (isScalar(node) && node.value === null)) return keyOffset;
  return node.range?.[0] ?? keyOffset;
}

function toData(document: Document.Parsed, place: (offset: number) => string): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 }) as unknown;
  } catch (error) {
    // Aliases that multiply beyond measure, or that point nowhere.
    throw new UsageFault(`${place(0)}: ${firstLine((error as Error).message)}`);
  }
}

function firstLine(text: string): string {
  return text.split("\n")[0] ?? text;
}
