/**
 * Owns scenario files: where they are, their YAML, and every fault in one with line and column.
 * Refuses to run anything, and to know what a scenario's values mean: the schema does.
 */

import { isAbsolute, relative, resolve } from "node:path";
import { type Document, isScalar } from "yaml";
import { parseThreshold } from "../report/threshold.ts";
import { Scenario } from "../simulation/scenario.ts";
import { UsageFault } from "./exit.ts";
import { suggestion, withSuggestion } from "./nearest.ts";
import { faultsOf, sumFaults } from "./scenario-faults.ts";
import { SHIPPED_FOLDER, scenarioNames } from "./scenario-names.ts";
import { faultLines, offsetOf, type Positioned, parseYaml, readText } from "./yaml-file.ts";

/** A scenario file without faults, as its writer wrote it: defaults are not filled in. */
export interface ScenarioFile {
  /** The path as a user would write it from where they are. */
  readonly path: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** Reads a shipped scenario by name, or a file by path. UsageFault with every fault in it. */
export function readScenario(nameOrPath: string, cwd: string): ScenarioFile {
  const file = locate(nameOrPath, cwd);
  const path = isAbsolute(nameOrPath) ? nameOrPath : relative(cwd, file) || file;
  return { path, data: parseScenario(readText(file, `scenario ${path}`), path) };
}

/** Parses and validates a file's text. UsageFault with a line for each fault: `path:line:column: what is wrong`. */
export function parseScenario(text: string, path: string): Readonly<Record<string, unknown>> {
  const { document, data, place } = parseYaml(text, path);
  const faults = [...positioned(data, document, text)].sort((left, right) => left.offset - right.offset);
  if (faults.length > 0) throw faultLines(faults, place);
  return data as Readonly<Record<string, unknown>>;
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
