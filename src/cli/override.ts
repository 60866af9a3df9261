/**
 * Owns what the command line changes in a scenario: `--set`, `--devices`, `--duration`.
 * Refuses to change the file's name and description, and to keep a value that the schema would not take.
 */

import { parseDocument } from "yaml";
import { Scenario } from "../simulation/scenario.ts";
import { UsageFault } from "./exit.ts";
import { listed, nearest, suggestion, withSuggestion } from "./nearest.ts";
import { faultsOf, sumFaults } from "./scenario-faults.ts";
import { type ScenarioFile, thresholdFault } from "./scenario-file.ts";
import { defaultAt, formAt, keysAt, scenarioKeys } from "./scenario-keys.ts";

/** What the user asked for beside the file. */
export interface Overrides {
  /** `path=value`, value in YAML, later ones win. */
  readonly set: readonly string[];
  readonly devices: number | undefined;
  readonly duration: string | undefined;
}

export interface AdjustedScenario {
  readonly scenario: Scenario;
  /** Things that the user should know, a sentence each. */
  readonly notes: readonly string[];
}

interface Change {
  /** How the user wrote it, for messages. */
  readonly source: string;
  readonly path: readonly string[];
  readonly value: unknown;
}

type Data = Readonly<Record<string, unknown>>;

/** The scenario of a file with the command line's changes. UsageFault with a line for each change that cannot be. */
export function adjust(file: ScenarioFile, overrides: Overrides): AdjustedScenario {
  const changes = overrides.set.map(parseSet);
  if (overrides.duration !== undefined) {
    changes.push({
      source: `--duration ${overrides.duration}`,
      path: ["duration"],
      value: overrides.duration,
    });
  }
  if (
    overrides.devices !== undefined &&
    changes.some((change) => change.path.join(".") === "fleet.accounts")
  ) {
    throw new UsageFault("--devices and --set fleet.accounts say the same; give one of them");
  }
  const scenario = validate(apply(file.data, changes), changes);
  if (overrides.devices === undefined) return { scenario, notes: [] };
  return scaleFleet(scenario, overrides.devices);
}

/** Accounts are scaled and the devices of one account stay; what does not divide is rounded up, and said. */
function scaleFleet(scenario: Scenario, devices: number): AdjustedScenario {
  const { devicesPerAccount } = scenario.fleet;
  const accounts = Math.ceil(devices / devicesPerAccount);
  const outcome = Scenario.shape.fleet.unwrap().shape.accounts.safeParse(accounts);
  if (!outcome.success) {
    throw new UsageFault(
      `--devices ${devices}: at most 100000 accounts of ${devicesPerAccount} devices can be simulated`,
    );
  }
  const total = accounts * devicesPerAccount;
  const notes =
    total === devices
      ? []
      : [
          `${devices} devices do not divide into accounts of ${devicesPerAccount}: ${total} devices of ${accounts} accounts run.`,
        ];
  return { scenario: { ...scenario, fleet: { ...scenario.fleet, accounts } }, notes };
}

function parseSet(text: string): Change {
  const at = text.indexOf("=");
  if (at < 1) throw new UsageFault(`--set ${text}: expected path=value, for instance network.loss=10%`);
  const path = text.slice(0, at).trim().split(".");
  checkPath(path, text);
  const document = parseDocument(text.slice(at + 1), { prettyErrors: false });
  const [error] = [...document.errors, ...document.warnings];
  if (error !== undefined) throw new UsageFault(`--set ${text}: ${error.message.split("\n")[0]}`);
  return { source: `--set ${text}`, path, value: dataOf(document, text) };
}

function dataOf(document: ReturnType<typeof parseDocument>, text: string): unknown {
  try {
    return document.toJS() as unknown;
  } catch (error) {
    // An alias that points nowhere.
    throw new UsageFault(`--set ${text}: ${(error as Error).message.split("\n")[0]}`);
  }
}

function checkPath(path: readonly string[], text: string): void {
  const name = path.join(".");
  if (name === "name" || name === "description")
    throw new UsageFault(`--set ${text}: ${name} belongs to the file`);
  if (formAt(path) !== undefined && keysAt(path.slice(0, -1)).includes(path.at(-1) ?? "")) return;
  if (keysAt(path).length > 0 && path.join("") !== "") return;
  throw new UsageFault(withSuggestion(`--set ${text}: there is no key "${name}"`, nearKeys(path)));
}

/** What the path could have meant: a key beside the wrong one, else a whole path like it, else one that ends so. */
function nearKeys(path: readonly string[]): string {
  const depth = path.findIndex((name, index) => !keysAt(path.slice(0, index)).includes(name));
  const parent = path.slice(0, depth);
  const siblings = keysAt(parent);
  if (depth > 0 && siblings.length > 0) {
    const wrong = path[depth] ?? "";
    const near = nearest(wrong, siblings).map((name) => [...parent, name].join("."));
    if (near.length > 0) return `did you mean ${listed(near, "or")}?`;
    return suggestion(wrong, siblings, `the keys of ${parent.join(".")} are`);
  }
  const known = scenarioKeys().map((key) => key.path);
  const alike = suggestion(path.join("."), known);
  if (alike !== "") return alike;
  const namesakes = known.filter((key) => key.endsWith(`.${path.at(-1)}`));
  if (namesakes.length > 0 && namesakes.length <= 3) return `did you mean ${listed(namesakes, "or")}?`;
  return suggestion(path[0] ?? "", keysAt([]), "the keys at the top are");
}

function apply(data: Data, changes: readonly Change[]): Data {
  return changes.reduce((changed, change) => put(changed, change.path, [], change.value), data);
}

/** A copy of `data` with one value put in; parts that the file leaves out begin as their defaults. */
function put(data: Data, path: readonly string[], above: readonly string[], value: unknown): Data {
  const [name = "", ...rest] = path;
  if (rest.length === 0) return { ...data, [name]: value };
  const here = [...above, name];
  const inner = Object.hasOwn(data, name) ? data[name] : undefined;
  const start = isData(inner) ? inner : defaultAt(here);
  return { ...data, [name]: put(isData(start) ? start : {}, rest, here, value) };
}

function isData(value: unknown): value is Data {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}

function validate(data: Data, changes: readonly Change[]): Scenario {
  const outcome = Scenario.safeParse(data);
  const faults = outcome.success ? sumFaults(outcome.data) : faultsOf(outcome.error.issues, data);
  const lines = faults.map((fault) => `${sourceOf(fault.path.map(String), changes)}: ${fault.message}`);
  for (const change of changes.filter((candidate) => candidate.path.join() === "thresholds")) {
    const texts = Array.isArray(change.value) ? change.value.filter((text) => typeof text === "string") : [];
    for (const text of texts) {
      const fault = thresholdFault(text);
      if (fault !== undefined) lines.push(`${change.source}: ${fault.message}`);
    }
  }
  if (!outcome.success || lines.length > 0) throw new UsageFault(...lines);
  return outcome.data;
}

/** The change that brought a fault: the last one on the way to it or below it. */
function sourceOf(path: readonly string[], changes: readonly Change[]): string {
  const near = changes.filter((change) => {
    const shared = Math.min(path.length, change.path.length);
    return path.slice(0, shared).join("\0") === change.path.slice(0, shared).join("\0");
  });
  return near.at(-1)?.source ?? "the scenario";
}
