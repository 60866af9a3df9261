/**
 * Owns scenario files: where they are, their YAML, and every fault in one with line and column.
 * Refuses to run anything, and to know what a scenario's values mean: the schema does.
 */

import { readdirSync, readFileSync } from "node:fs";
import { isAbsolute, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { type Document, isMap, isScalar, LineCounter, type Node, type ParsedNode, parseDocument } from "yaml";
import { byCodeUnit } from "../base/canonical-json.ts";
import { parseThreshold } from "../report/threshold.ts";
import { Scenario } from "../simulation/scenario.ts";
import { UsageFault } from "./exit.ts";
import { suggestion } from "./nearest.ts";
import { faultsOf, type ScenarioFault, sumFaults, withSuggestion } from "./scenario-faults.ts";

/** The package's own scenarios; the same two levels up from src/cli and from dist/cli. */
const SHIPPED_FOLDER = fileURLToPath(new URL("../../scenarios/", import.meta.url));
/** More faults than this are counted, not told. */
const FAULTS_SHOWN_MAX = 50;

/** A scenario file without faults, as its writer wrote it: defaults are not filled in. */
export interface ScenarioFile {
  /** The path as a user would write it from where they are. */
  readonly path: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** Names of the shipped scenarios. */
export function scenarioNames(): readonly string[] {
  return readdirSync(SHIPPED_FOLDER)
    .filter((file) => file.endsWith(".yaml"))
    .map((file) => file.slice(0, -".yaml".length))
    .sort(byCodeUnit);
}

/** Reads a shipped scenario by name, or a file by path. UsageFault with every fault in it. */
export function readScenario(nameOrPath: string, cwd: string): ScenarioFile {
  const file = locate(nameOrPath, cwd);
  const path = isAbsolute(nameOrPath) ? nameOrPath : relative(cwd, file) || file;
  return { path, data: parseScenario(readText(file, path), path) };
}

/** Parses and validates a file's text. UsageFault with a line for each fault: `path:line:column: what is wrong`. */
export function parseScenario(text: string, path: string): Readonly<Record<string, unknown>> {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const place = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return `${path}:${Math.max(1, line)}:${Math.max(1, col)}`;
  };
  const broken = [...document.errors, ...document.warnings].map((error) => ({
    offset: error.pos[0],
    message: firstLine(error.message),
  }));
  if (broken.length > 0) throw faultLines(broken, place);
  const data = toData(document, place);
  const faults = [...positioned(data, document, text)].sort((left, right) => left.offset - right.offset);
  if (faults.length > 0) throw faultLines(faults, place);
  return data as Readonly<Record<string, unknown>>;
}

interface Positioned {
  readonly offset: number;
  readonly message: string;
}

function locate(nameOrPath: string, cwd: string): string {
  if (/[/\\]/.test(nameOrPath) || /\.ya?ml$/.test(nameOrPath)) return resolve(cwd, nameOrPath);
  const names = scenarioNames();
  if (names.includes(nameOrPath)) return resolve(SHIPPED_FOLDER, `${nameOrPath}.yaml`);
  throw new UsageFault(
    withSuggestion(
      `there is no scenario "${nameOrPath}"`,
      suggestion(nameOrPath, names, "the scenarios are"),
    ),
    "A file of your own is given by its path, such as ./my-scenario.yaml.",
  );
}

function readText(file: string, path: string): string {
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
    throw new UsageFault(`scenario ${path}: ${why}`);
  }
}

function toData(document: Document.Parsed, place: (offset: number) => string): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 }) as unknown;
  } catch (error) {
    // Aliases that multiply beyond measure, or that point nowhere.
    throw new UsageFault(`${place(0)}: ${firstLine((error as Error).message)}`);
  }
}

function positioned(data: unknown, document: Document.Parsed, text: string): readonly Positioned[] {
  if (data === null || data === undefined) {
    return [{ offset: 0, message: "the file is empty; a scenario has at least a name" }];
  }
  const outcome = Scenario.safeParse(data);
  const faults = outcome.success ? sumFaults(outcome.data) : faultsOf(outcome.error.issues, data);
  return [
    ...faults.map((fault) => ({ offset: offsetOf(fault, document), message: fault.message })),
    ...thresholdFaults(data, document, text),
  ];
}

function offsetOf(fault: ScenarioFault, document: Document.Parsed): number {
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

function thresholdFaults(data: unknown, document: Document.Parsed, text: string): readonly Positioned[] {
  const thresholds = (data as { readonly thresholds?: unknown }).thresholds;
  if (!Array.isArray(thresholds)) return [];
  return thresholds.flatMap((threshold: unknown, index): readonly Positioned[] => {
    if (typeof threshold !== "string") return [];
    const message = thresholdFault(threshold);
    if (message === undefined) return [];
    const node = document.getIn(["thresholds", index], true);
    const [start, end] = isScalar(node) && node.range ? node.range : [0, 0];
    const at = text.slice(start, end).indexOf(threshold);
    return [{ offset: start + (at < 0 ? 0 : at + message.offset), message: message.message }];
  });
}

/** What is wrong with a threshold, in a sentence, and where in its text; undefined when nothing is. */
export function thresholdFault(text: string): Positioned | undefined {
  const outcome = parseThreshold(text);
  if (outcome.parsed) return undefined;
  const { offset, message, wrong } = outcome.fault;
  const offered = wrong === undefined ? "" : suggestion(wrong.word, wrong.right, "the metrics are");
  return { offset, message: withSuggestion(message, offered) };
}

function faultLines(faults: readonly Positioned[], place: (offset: number) => string): UsageFault {
  const shown = faults.slice(0, FAULTS_SHOWN_MAX).map((fault) => `${place(fault.offset)}: ${fault.message}`);
  const rest = faults.length - shown.length;
  return new UsageFault(...shown, ...(rest > 0 ? [`and ${rest} more`] : []));
}

function firstLine(text: string): string {
  return text.split("\n")[0] ?? text;
}
