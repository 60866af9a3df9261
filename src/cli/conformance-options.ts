/**
 * Owns what the command `conformance` is asked for: its options, checked against each other and against the files that
 * they name, and the command line that asks for the same again.
 * Refuses to send anything.
 */

import { randomInt } from "node:crypto";
import picomatch from "picomatch";
import { parseDuration } from "../base/time.ts";
import type { Baseline } from "../conformance/baseline.ts";
import { type Redact, redactor } from "../conformance/redact.ts";
import type { Selection } from "../conformance/verdicts.ts";
import { RULES, ruleById } from "../protocol/rules/registry.ts";
import { quoted } from "./again.ts";
import { UsageFault } from "./exit.ts";
import { checkWritable } from "./folder.ts";
import type { Io } from "./io.ts";
import { suggestion, withSuggestion } from "./nearest.ts";
import { type ReadProfile, readBaseline, readProfile } from "./profile-file.ts";

export interface ConformanceOptions {
  readonly url: string | undefined;
  readonly profile: string | undefined;
  /** `1-3`, `1,2` */
  readonly phase: string | undefined;
  readonly rule: readonly string[];
  readonly level: "must" | "should" | undefined;
  /** So many times the usual number of runs. */
  readonly runs: number;
  readonly seed: number | undefined;
  readonly baseline: string | undefined;
  /** Of the probes, those of this shard; `index` from 0. */
  readonly shard?: { readonly index: number; readonly of: number } | undefined;
  readonly junit: string | undefined;
  readonly json: string | undefined;
  readonly report: string | undefined;
  readonly failFast: boolean;
  readonly dryRun: boolean;
  readonly pushSink: number | undefined;
  /** The longest that a probe waits for its own sake. */
  readonly wait: string;
  readonly allowUnexercised: boolean;
  /** False: no live devices act when the probes are over. */
  readonly fleet?: boolean | undefined;
  readonly quiet: boolean;
  readonly color: boolean;
}

const SEEDS = 1_000_000;
/** `--wait` where it is not given. */
export const WAIT_DEFAULT = "5s";

/** What the user asked for, checked. */
export interface Wanted {
  readonly url: string;
  readonly read: ReadProfile;
  readonly selection: Selection;
  readonly baseline: Baseline;
  readonly waitMsMax: number;
  readonly seed: number;
  readonly redact: Redact;
}

/** All that the user asked for; UsageFault with what is wrong and where. */
export function checkedOptions(options: ConformanceOptions, io: Io): Wanted {
  const read = readProfile(options.profile, io);
  const url = (options.url ?? read.profile.target.baseUrl)?.replace(/\/$/, "");
  if (url === undefined) throw new UsageFault("no target: give its address, or target.baseUrl in a profile");
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))
    throw new UsageFault(`${url}: an address is written http://host:port or https://host`);
  if (new URL(url).password !== "")
    throw new UsageFault(
      "an address holds no password: put it under target.headers of a profile, from the environment",
    );
  if (options.junit === "-")
    throw new UsageFault("--junit -: the JUnit file has to have a name; only --json writes to stdout");
  for (const file of [options.junit, options.json])
    if (file !== undefined && file !== "-") checkWritable(file, io.cwd);
  if (options.shard !== undefined && options.seed === undefined)
    throw new UsageFault(
      "--shard wants --seed, the same for all shards: what is merged has to be of one seed",
    );
  const waitMsMax = parseDuration(options.wait);
  if (waitMsMax === undefined)
    throw new UsageFault(`--wait ${options.wait}: a time is written like 5s or 2m`);
  return {
    url,
    read,
    selection: {
      phases: options.phase === undefined ? read.profile.phases : parsePhases(options.phase),
      matches: ruleMatcher(options.rule),
      level: options.level,
    },
    baseline: readBaseline(options.baseline, io.cwd),
    waitMsMax,
    seed: options.seed ?? randomInt(SEEDS),
    redact: redactor(read.secrets),
  };
}

function parsePhases(text: string): readonly number[] {
  const phases = text.split(",").flatMap((part) => {
    const range = /^([1-5])(?:-([1-5]))?$/.exec(part.trim());
    if (range === null) throw new UsageFault(`--phase ${text}: phases are written 2, 1-3 or 1,2,5`);
    const from = Number(range[1]);
    const to = Number(range[2] ?? range[1]);
    return Array.from({ length: Math.max(0, to - from + 1) }, (_, at) => from + at);
  });
  if (phases.length === 0) throw new UsageFault(`--phase ${text}: phases are written 2, 1-3 or 1,2,5`);
  return [...new Set(phases)];
}

function ruleMatcher(globs: readonly string[]): (rule: string) => boolean {
  if (globs.length === 0) return () => true;
  const matchers = globs.map((glob) => {
    const matches = picomatch(glob.toUpperCase());
    const some = RULES.filter(({ id }) => matches(id));
    if (some.length === 0) {
      const near = suggestion(
        glob.replaceAll("*", "").toUpperCase(),
        RULES.map(({ id }) => id),
      );
      throw new UsageFault(
        withSuggestion(`--rule ${glob}: there is no such rule (zeke-sync rules lists them)`, near),
      );
    }
    if (!some.some(({ side }) => side === "P")) {
      const side = ruleById(some[0]?.id ?? "")?.side;
      throw new UsageFault(
        `--rule ${glob}: a rule of side ${side}; conformance judges those of the proxy (side P)`,
      );
    }
    return matches;
  });
  return (rule) => matchers.some((matches) => matches(rule));
}

/** What decides a run, as a user would type it. */
export function againCommand({ url, seed }: Wanted, options: ConformanceOptions): string {
  const words = ["zeke-sync", "conformance", url, "--seed", String(seed)];
  if (options.profile !== undefined) words.push("--profile", options.profile);
  if (options.phase !== undefined) words.push("--phase", options.phase);
  for (const rule of options.rule) words.push("--rule", rule);
  if (options.level !== undefined) words.push("--level", options.level);
  if (options.runs !== 1) words.push("--runs", String(options.runs));
  if (options.wait !== WAIT_DEFAULT) words.push("--wait", options.wait);
  if (options.shard !== undefined) words.push("--shard", `${options.shard.index + 1}/${options.shard.of}`);
  if (options.pushSink !== undefined) words.push("--push-sink", String(options.pushSink));
  if (options.fleet === false) words.push("--no-fleet");
  return words.map(quoted).join(" ");
}
