/**
 * Owns YAML files that users write: their text, their data, and where in them a fault stands.
 * Refuses to know what a file's values mean: its schema does.
 */

import { readFileSync } from "node:fs";
import { relative, resolve } from "node:path";
import { type Document, isMap, isScalar, LineCounter, type Node, type ParsedNode, parseDocument } from "yaml";
import { z } from "zod";
import { UsageFault } from "./exit.ts";
import { suggestion, withSuggestion } from "./nearest.ts";

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

/** What is wrong at a place in the data. */
export interface DataFault extends DataPlace {
  readonly message: string;
}

export interface YamlFile {
  /** As a user would write it from where they are. */
  readonly path: string;
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
          : code === "EACCES"
            ? "permission is denied"
            : `it cannot be read (${code})`;
    throw new UsageFault(`${what}: ${why}`);
  }
}

/** Reads and parses a file as a user names it; `what` it is stands in a fault. UsageFault. */
export function openYaml(name: string, what: string, cwd: string): YamlFile {
  const path = resolve(cwd, name);
  return parseYaml(readText(path, `${what} ${name}`), relative(cwd, path) || path);
}

/** What the schema makes of the data of a file. UsageFault with a line for each fault in it. */
export function checkedBy<Schema extends z.ZodType>(
  schema: Schema,
  data: unknown,
  file: YamlFile,
): z.output<Schema> {
  const outcome = schema.safeParse(data);
  if (outcome.success) return outcome.data;
  const faults = outcome.error.issues.flatMap((issue): readonly DataFault[] =>
    issue.code === "unrecognized_keys"
      ? issue.keys.map((key) => ({
          path: [...issue.path, key],
          atKey: true,
          message: unknownKey(key, issue.path, schema),
        }))
      : [
          {
            path: issue.path,
            atKey: issue.code === "invalid_key",
            message: `${dotted(issue.path)}: ${inWords(issue.message)}`,
          },
        ],
  );
  throw faultsIn(file, faults);
}

const KINDS: ReadonlyMap<string, string> = new Map([
  ["object", "keys with values"],
  ["record", "keys with values"],
  ["array", "a list"],
  ["tuple", "a list"],
  ["string", "text"],
  ["number", "a number"],
  ["int", "a whole number"],
  ["boolean", "true or false"],
  ["null", "nothing"],
  ["undefined", "nothing"],
]);

/** What a schema says of a value of the wrong kind, for people who write YAML; its other sentences as they are. */
function inWords(message: string): string {
  const wrongKind = /^Invalid input: expected (\w+), received (\w+)$/.exec(message);
  if (wrongKind === null) return message;
  const [, expected = "", found = ""] = wrongKind;
  return `expected ${KINDS.get(expected) ?? expected}, found ${KINDS.get(found) ?? found}`;
}

/** Faults of a file's data in the order in which they stand in it. */
export function faultsIn({ document, place }: YamlFile, faults: readonly DataFault[]): UsageFault {
  const positioned = faults.map((fault) => ({ offset: offsetOf(fault, document), message: fault.message }));
  return faultLines(
    positioned.sort((left, right) => left.offset - right.offset),
    place,
  );
}

/** `limits.concurrency`; `the file` for its root. */
export function dotted(path: readonly PropertyKey[]): string {
  return path.length === 0 ? "the file" : path.map(String).join(".");
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
    message:
      error.code === "TAB_AS_INDENT" ? `${firstLine(error.message)}: use spaces` : firstLine(error.message),
  }));
  if (broken.length > 0) throw faultLines(broken, place);
  return { path, document, data: toData(document, place), place };
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

function unknownKey(key: string, parent: readonly PropertyKey[], schema: z.ZodType): string {
  const place = parent.length === 0 ? "this file" : dotted(parent);
  return withSuggestion(
    `there is no key "${key}" in ${place}`,
    suggestion(key, keysAt(schema, parent), "its keys are"),
  );
}

/** The keys of the object at this path of a schema. */
function keysAt(schema: z.ZodType, path: readonly PropertyKey[]): readonly string[] {
  let at: unknown = schema;
  for (const name of [...path, undefined]) {
    while (at instanceof z.ZodDefault || at instanceof z.ZodPrefault || at instanceof z.ZodOptional)
      at = at.unwrap();
    if (at instanceof z.ZodTuple) {
      at = at.def.items[Number(name)];
      continue;
    }
    if (at instanceof z.ZodRecord) {
      if (name === undefined) return at.keyType instanceof z.ZodEnum ? at.keyType.options.map(String) : [];
      at = at.valueType;
      continue;
    }
    if (!(at instanceof z.ZodObject)) return [];
    if (name === undefined) return Object.keys(at.shape);
    at = at.shape[String(name)];
  }
  return [];
}
