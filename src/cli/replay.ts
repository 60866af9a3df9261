/**
 * Owns the command `replay`: a counterexample played again, and whether it is fixed.
 * Refuses to search, and to change the file.
 */

import { canonicalJson } from "../base/canonical-json.ts";
import { type Counterexample, type Replayed, replay as replayed } from "../exploration/counterexample.ts";
import { brokenRules } from "../exploration/judge-plan.ts";
import { EXIT, type ExitCode, UsageFault } from "./exit.ts";
import { type Played, seenIn, tell } from "./explore-tell.ts";
import { checkWritable, writeNamed } from "./folder.ts";
import { type Io, widthOf } from "./io.ts";
import { paintFor } from "./paint.ts";
import { plant } from "./planted.ts";
import { readCounterexample, readProbeCounterexample } from "./replay-file.ts";
import { ownVersion } from "./version.ts";

const REPLAY_SCHEMA = "zeke-sync/replay@1";

/** What the command line asked for. */
export interface ReplayOptions {
  readonly file: string;
  readonly json: string | undefined;
  /** false: without the planted fault that it names; a name: with this one. */
  readonly fault: boolean | string;
  /** The address of a live implementation, for what `conformance` found. */
  readonly target: string | undefined;
  readonly profile: string | undefined;
  readonly pushSink: number | undefined;
  readonly quiet: boolean;
  readonly color: boolean;
}

/** Plays a counterexample again, whichever command found it. UsageFault when the file is none. */
export async function replay(options: ReplayOptions, io: Io): Promise<ExitCode> {
  const { file, json, target, profile, pushSink } = options;
  if (target === undefined && (profile !== undefined || pushSink !== undefined))
    throw new UsageFault("--profile and --push-sink are for a live target: name it with --target");
  if (json !== undefined && json !== "-") checkWritable(json, io.cwd);
  const ofProbe = readProbeCounterexample(file, io.cwd);
  if (ofProbe !== undefined) {
    const { replayProbe } = await import("./replay-probe.ts");
    return await replayProbe(ofProbe, options, io);
  }
  return await replayPlan(options, io);
}

/** One that `explore` found: exit 0 when it is fixed, else 1. */
async function replayPlan(options: ReplayOptions, io: Io): Promise<ExitCode> {
  const { file, json } = options;
  const { fault: named, ...bare } = readCounterexample(file, io.cwd);
  if (options.target !== undefined)
    throw new UsageFault(
      `${file} is a counterexample of explore, which is played in memory: --target is for those of conformance`,
    );
  const other = typeof options.fault === "string" ? await plant(options.fault) : undefined;
  const fault = other?.fault.name ?? (options.fault === false ? undefined : named);
  const example = fault === undefined ? bare : { ...bare, fault };
  const outcome = replayed(example, true);
  const seen = seenIn(outcome.judged, { plan: example.plan, rule: ruleToTell(example, outcome) });
  if (json !== undefined) writeJson(`${canonicalJson(jsonOf(example, outcome, seen))}\n`, json, io);
  if (json !== "-") io.stdout.write(textOf(example, outcome, seen, options, io));
  return outcome.verdict === "FIXED" ? EXIT.good : EXIT.violated;
}

/** Its own rule as long as that is broken, else the first that is. */
function ruleToTell({ rule }: Counterexample, outcome: Replayed): string {
  if (outcome.verdict !== "CHANGED" || outcome.broken.includes(rule)) return rule;
  return outcome.broken[0] ?? rule;
}

function writeJson(text: string, to: string, io: Io): void {
  if (to === "-") io.stdout.write(text);
  else writeNamed(to, text, io.cwd);
}

function jsonOf(example: Counterexample, outcome: Replayed, seen: Omit<Played, "judged">) {
  const { rule, fault } = example;
  const { violation } = seen;
  return {
    schema: REPLAY_SCHEMA,
    version: ownVersion(),
    verdict: outcome.verdict,
    rule,
    ...(fault !== undefined && { fault }),
    broken: [...brokenRules(outcome.judged).keys()],
    digest: outcome.judged.digest,
    expectedDigest: example.seen.digest,
    steps: seen.steps,
    ...(violation && {
      violation: {
        rule: violation.rule,
        expected: violation.expected,
        actual: violation.actual,
        because: violation.because,
      },
    }),
  };
}

function textOf(
  example: Counterexample,
  outcome: Replayed,
  seen: Omit<Played, "judged">,
  { quiet, color, file }: ReplayOptions,
  io: Io,
): string {
  const paint = paintFor(io.stdout, io, color);
  const tone = outcome.verdict === "FIXED" ? paint.good : paint.bad;
  const with_ = example.fault === undefined ? "" : ` with the planted fault ${example.fault}`;
  const head = `${tone(outcome.verdict)}  ${example.rule}${with_}  ${paint.dim(file)}`;
  if (quiet) return `${head}\n`;
  const lines = [head, `  ${sentenceOf(example, outcome)}`];
  if (example.note !== "") lines.push(`  ${example.note}`);
  const { violation, steps, diagram } = seen;
  if (violation !== undefined) {
    const { rule, expected, actual, because } = violation;
    const { from } = example.shrunk;
    const tale = { rule, expected, actual, because, steps, from, more: [], diagram };
    lines.push("", ...tell(tale, { width: widthOf(io.stdout), paint }));
  }
  return `${lines.join("\n")}\n`;
}

function sentenceOf({ rule }: Counterexample, outcome: Replayed): string {
  switch (outcome.verdict) {
    case "FIXED":
      return `${rule} holds now, and so does every other rule.`;
    case "STILL VIOLATED":
      return `The same history, to the byte, and ${rule} is broken in it.`;
    case "CHANGED":
      return outcome.broken.includes(rule)
        ? `${rule} is still broken, but by another history than the one that was saved.`
        : `${rule} holds, but another rule is broken: ${outcome.broken.join(", ")}.`;
  }
}
