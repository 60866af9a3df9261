/**
 * Owns the replay of a counterexample that `conformance` found: where it is played, what came of it, and how that is told.
 * Refuses to draw another value than the one that was saved.
 */

import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { PROBES } from "../conformance/all-probes.ts";
import { type ConformanceCounterexample, valueAgain } from "../conformance/counterexample.ts";
import type { Probe } from "../conformance/probe.ts";
import { renamedPaths } from "../conformance/profile.ts";
import { redactAll, redactor } from "../conformance/redact.ts";
import type { Trial } from "../conformance/trial.ts";
import type { SuiteRun } from "../live/live-suite.ts";
import { ruleById } from "../protocol/rules/registry.ts";
import type { RuleViolation } from "../report/conformance-result.ts";
import { violationLines } from "../report/conformance-violation.ts";
import { labelled, wrap } from "../report/layout.ts";
import { quoted } from "./again.ts";
import { type Shown, traceText, violationOf } from "./conformance-result.ts";
import { replayCommand } from "./conformance-save.ts";
import { EXIT, type ExitCode, gravest, UsageFault } from "./exit.ts";
import { cannotWrite } from "./folder.ts";
import { type Io, widthOf } from "./io.ts";
import { paintFor } from "./paint.ts";
import type { ReplayOptions } from "./replay.ts";
import { type LiveReplay, replayLive } from "./replay-live.ts";
import { replayInMemory } from "./replay-memory.ts";
import { ownVersion } from "./version.ts";

type Verdict = "FIXED" | "STILL VIOLATED" | "CHANGED" | "INCONCLUSIVE";

/** What came of it, and with what it is shown. */
interface Outcome {
  readonly verdict: Verdict;
  /** Why nothing can be said. */
  readonly reason?: string;
  readonly runs: number;
  readonly broken?: { readonly rule: string; readonly violation: RuleViolation };
  readonly where: string;
  /** What could not be deleted, and how it can be. */
  readonly left: readonly string[];
  readonly runId?: string | undefined;
  /** Beside the verdict's own. */
  readonly codes: readonly ExitCode[];
}

const INDENT = 14;
const CODES: Readonly<Record<Verdict, ExitCode>> = {
  FIXED: EXIT.good,
  "STILL VIOLATED": EXIT.violated,
  CHANGED: EXIT.violated,
  INCONCLUSIVE: EXIT.inconclusive,
};

/** Plays it, live with `--target`, else in memory. UsageFault when it cannot be played as it is asked for. */
export async function replayProbe(
  example: ConformanceCounterexample,
  options: ReplayOptions,
  io: Io,
): Promise<ExitCode> {
  const { file, target, fault } = options;
  if (target !== undefined && typeof fault === "string")
    throw new UsageFault("--fault is planted in memory: it goes without --target");
  const probe = PROBES.find(({ id }) => id === example.probe);
  if (probe === undefined)
    throw new UsageFault(
      `${file}: this version has no probe ${example.probe}; zeke-sync ${example.suite} wrote it`,
    );
  const drawn = valueAgain(example, probe);
  if ("fault" in drawn)
    throw new UsageFault(
      `${file} cannot be played: ${drawn.fault}; run conformance --rule ${example.rule} anew`,
    );
  const outcome =
    target === undefined
      ? await inMemory(example, probe, drawn.value, options)
      : await live(example, probe, drawn.value, { ...options, url: target }, io);
  if ("refused" in outcome) return outcome.refused;
  if (options.json !== undefined) writeJson(jsonOf(example, outcome), options.json, io);
  if (options.json !== "-") io.stdout.write(textOf(example, outcome, options, io));
  return gravest([CODES[outcome.verdict], ...outcome.codes]);
}

async function inMemory(
  example: ConformanceCounterexample,
  probe: Probe,
  value: unknown,
  options: ReplayOptions,
): Promise<Outcome> {
  const fault = typeof options.fault === "string" ? options.fault : undefined;
  const came = await replayInMemory(example, probe, value, fault);
  const where = fault === undefined ? "the reference in memory" : `the reference in memory with ${fault}`;
  const again = `zeke-sync replay ${quoted(options.file)}${fault === undefined ? "" : ` --fault ${fault}`}`;
  const redact = redactor(["tok-a", "tok-b"]);
  const shown = { url: "http://reference", headers: {}, paths: new Map(), redact, replay: () => again };
  return outcomeOf(example, came, shown, { where, left: [], codes: [] });
}

async function live(
  example: ConformanceCounterexample,
  probe: Probe,
  value: unknown,
  options: ReplayOptions & { readonly url: string },
  io: Io,
): Promise<Outcome | { readonly refused: ExitCode }> {
  const { wanted, came, runId } = await replayLive(example, probe, value, options, io);
  if ("refused" in came) return came;
  const { profile } = wanted.read;
  const shown: Shown = {
    url: wanted.url,
    headers: profile.target.headers,
    paths: renamedPaths(profile),
    redact: wanted.redact,
    replay: () => replayCommand(options.file, wanted, options),
  };
  if ("why" in came) return outcomeOf(example, came, shown, { where: wanted.url, left: [], codes: [] });
  if (came.fault !== undefined) throw came.fault;
  if (came.ended === "lost") io.stderr.write(`the target was lost: ${wanted.redact(came.message ?? "")}\n`);
  const [trial] = came.trials;
  return outcomeOf(example, trial ?? { why: whyEnded(came) }, shown, {
    where: wanted.url,
    left: came.left.map(({ trace, why }) => wanted.redact(`${traceText(trace)}: ${why}`)),
    runId,
    codes: codesOf(came),
  });
}

function whyEnded({
  ended,
  message,
}: Exclude<LiveReplay["came"], { why: string } | { refused: ExitCode }>): string {
  return ended === "interrupted" ? "it was interrupted" : (message ?? "it ended before its end");
}

function codesOf({ ended }: SuiteRun): readonly ExitCode[] {
  if (ended === "interrupted") return [EXIT.interrupted];
  return ended === "lost" ? [EXIT.unreachable] : [];
}

function outcomeOf(
  { rule }: ConformanceCounterexample,
  came: Trial | { readonly why: string },
  shown: Shown,
  about: Pick<Outcome, "where" | "left" | "runId" | "codes">,
): Outcome {
  if ("why" in came) return { verdict: "INCONCLUSIVE", reason: shown.redact(came.why), runs: 0, ...about };
  const { finding, exercised, discarded, runs, probe } = came;
  // What only should be, and was seen beside, is not what a MUST was replayed for.
  const isBeside = finding?.beside === true && finding.violation.rule !== rule;
  if (finding !== undefined && !(isBeside && ruleById(rule)?.level === "MUST")) {
    const broken = finding.violation.rule;
    const violation = redactAll(violationOf({ ...finding, probe }, "", shown), shown.redact);
    const verdict = broken === rule ? "STILL VIOLATED" : "CHANGED";
    return { verdict, runs, broken: { rule: broken, violation }, ...about };
  }
  if (runs > 0 && [...exercised.keys()].some((id) => id === rule))
    return { verdict: "FIXED", runs, ...about };
  const [why = "its occasion never came"] = discarded.keys();
  return { verdict: "INCONCLUSIVE", reason: shown.redact(why), runs, ...about };
}

function sentenceOf(
  { rule }: ConformanceCounterexample,
  { verdict, runs, broken, reason, where }: Outcome,
): string {
  const times = runs === 1 ? "once" : `${runs} times`;
  switch (verdict) {
    case "FIXED":
      return `The same value, ${times}, against ${where}: ${rule} was put to the test, and holds.`;
    case "STILL VIOLATED":
      return `The same value against ${where}: ${rule} is broken.`;
    case "CHANGED":
      return `The same value against ${where}: it does not come to ${rule}, ${broken?.rule ?? "another rule"} is broken before.`;
    case "INCONCLUSIVE":
      return `Nothing can be said of ${rule} against ${where}: ${reason ?? "it was not exercised"}.`;
  }
}

function textOf(
  example: ConformanceCounterexample,
  outcome: Outcome,
  { file, quiet, color }: ReplayOptions,
  io: Io,
): string {
  const paint = paintFor(io.stdout, io, color);
  const width = widthOf(io.stdout);
  const { verdict, broken, left, runId } = outcome;
  const tone = verdict === "FIXED" ? paint.good : verdict === "INCONCLUSIVE" ? paint.warn : paint.bad;
  const head = `${tone(verdict)}  ${example.rule}  ${paint.dim(file)}`;
  const stayed = left.map(
    (text) => `left behind: ${text}${runId === undefined ? "" : ` (zeke-sync cleanup ${runId})`}`,
  );
  const sentence = wrap(sentenceOf(example, outcome), width - 2).map((line) => `  ${line}`);
  // Neither verdict says by itself which rule stands in the way, or what does.
  const isSilent = quiet && verdict !== "INCONCLUSIVE" && verdict !== "CHANGED";
  const lines = [head, ...(isSilent ? [] : sentence), ...stayed];
  if (quiet) return `${lines.join("\n")}\n`;
  if (broken !== undefined) {
    const { level = "", text = "", phase = "?" } = ruleById(broken.rule) ?? {};
    const heading = `${broken.rule}  ${level}  `;
    lines.push(
      "",
      ...labelled(
        `✗ ${heading}`,
        `${text} · phase ${phase}`,
        Math.min(heading.length + 2, INDENT + 4),
        width,
      ),
      ...violationLines(broken.violation, { width }),
    );
  }
  return `${lines.join("\n")}\n`;
}

function jsonOf(example: ConformanceCounterexample, outcome: Outcome): string {
  const { verdict, reason, runs, broken, where, left } = outcome;
  const told = {
    schema: "zeke-sync/replay@1",
    version: ownVersion(),
    verdict,
    rule: example.rule,
    probe: example.probe,
    against: where,
    runs,
    broken: broken === undefined ? [] : [broken.rule],
    ...(reason === undefined ? {} : { reason }),
    ...(broken === undefined ? {} : { violation: { rule: broken.rule, ...broken.violation } }),
    left,
  };
  return `${JSON.stringify(told, undefined, 2)}\n`;
}

function writeJson(text: string, to: string, io: Io): void {
  if (to === "-") {
    io.stdout.write(text);
    return;
  }
  try {
    writeFileSync(resolve(io.cwd, to), text);
  } catch (error) {
    throw cannotWrite(to, error);
  }
}
