/**
 * Owns the command `simulate --target`: a scenario's fleet and workload in real time against a live target, from its name to
 * the exit code.
 * Refuses to know sockets: live/ does; and what only virtual time can bring about: the simulation does.
 */

import { randomInt } from "node:crypto";
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { parseDuration, SECOND_MS } from "../base/time.ts";
import {
  correctionsOf,
  isLocal,
  type Profile,
  renamedPaths,
  requestsPerSecondOf,
} from "../conformance/profile.ts";
import { redactor } from "../conformance/redact.ts";
import { cleanUp } from "../live/clean-up.ts";
import { Blind, Unsettled } from "../live/fleet-run.ts";
import { type Introduction, introduce } from "../live/introduce.ts";
import type { Ledger } from "../live/ledger.ts";
import { Interrupted } from "../live/live-suite.ts";
import { LiveTarget } from "../live/live-target.ts";
import { figuresOf } from "../live/target-figures.ts";
import { Unreachable } from "../live/target-http.ts";
import { BudgetSpent } from "../live/throttle.ts";
import { renderJson } from "../report/json.ts";
import { renderMarkdown } from "../report/markdown.ts";
import { renderPage } from "../report/page.ts";
import type { SimulationReport } from "../report/result-schema.ts";
import { renderScreen, renderTrouble } from "../report/screen.ts";
import type { Scenario } from "../simulation/scenario.ts";
import { quoted } from "./again.ts";
import { openLedger, pressed, RESERVE, refusedBy } from "./conformance.ts";
import { EXIT, type ExitCode, gravest, UsageFault } from "./exit.ts";
import { tellFault } from "./fault.ts";
import { type FleetAccounts, readAccounts } from "./fleet-accounts.ts";
import { type LiveLoad, liveLoad } from "./fleet-load.ts";
import { reportOfFleet, type Spent, targetLines } from "./fleet-report.ts";
import { cannotWrite, checkWritable, openRunFolder, type RunFolder, writeNamed } from "./folder.ts";
import { type Io, widthOf } from "./io.ts";
import { adjust } from "./override.ts";
import { paintFor } from "./paint.ts";
import { type ReadProfile, readProfile } from "./profile-file.ts";
import { openStatusLine } from "./progress.ts";
import { readScenario } from "./scenario-file.ts";
import type { SimulateOptions } from "./simulate.ts";

/** What the command line asked for. */
export interface FleetSimulateOptions extends SimulateOptions {
  readonly target: string;
  readonly profile: string | undefined;
  readonly tokens: string | undefined;
  readonly speed: number;
  readonly ramp: string;
}

const MICROSECONDS = 1_000_000;
const DURATION_DEFAULT = "1m";
const DURATION_MS_MAX = 24 * 3_600_000;
/** It counts from a commit to its sight, and with it how long somebody was away: --speed shortens that, and the heal ends it. */
const OF_ABSENCE = "sync latency came back";
const NOT_HELD = "not held live, for it counts how long people are away (--set thresholds=[...] holds it)";
const LEDGER = "ledger.jsonl";
/** In one call of the clean-up, about. */
const DELETED_AT_ONCE = 50;
/** Without a profile's word, a target on this machine may be asked as fast as it answers. */
const UNLIMITED = { concurrency: 64, requestsPerSecond: 20_000, requestsMax: 10_000_000 };

/** Runs it and says how it ended. UsageFault before anything is sent. */
export async function simulateLive(options: FleetSimulateOptions, io: Io): Promise<ExitCode> {
  const wanted = checked(options, io);
  const { url, read, scenario, accounts } = wanted;
  const redact = redactor([...read.secrets, ...accounts.map(({ token }) => token)]);
  const prefix = `zs${randomInt(36 ** 6).toString(36)}`;
  const limits = limitsOf(read.profile, options, url);
  const target = new LiveTarget({
    baseUrl: url,
    limits,
    headers: read.profile.target.headers,
    paths: renamedPaths(read.profile),
  });
  const stop = io.onInterrupt(pressed(target, io));
  try {
    const introduced = await introduce(target, {
      baseUrl: url,
      accounts: [accounts[0], accounts[1]],
      corrections: correctionsOf(read.profile),
    });
    if (!introduced.declared.phases.includes(1) || read.profile.revisions.order !== "ascii")
      throw new UsageFault(
        `${url}: a live fleet wants phase 1 and revisions in ASCII order; conformance judges what there is`,
      );
    const folder = openFolder(options, scenario, io);
    const ledger = openLedger(folder, prefix, wanted, options, { accounts, file: options.tokens });
    target.http.throttle.keepBack(() => RESERVE + Math.ceil(ledger.size / DELETED_AT_ONCE));
    const load = liveLoad({ ...wanted, options, target, limits, introduced, prefix, ledger });
    if (!options.quiet) for (const text of wanted.put) io.stderr.write(`${text}: ${NOT_HELD}\n`);
    const startedMs = io.now();
    const spending = await spendingOf(target);
    const run = await watched(load, target, options, io);
    const spent = await spending();
    const left = await cleaned(target, ledger, accounts, prefix, introduced);
    const again = againOf(options);
    const report = await reportOfFleet({
      load,
      run,
      scenario,
      options,
      url,
      again,
      folder,
      startedMs,
      io,
      left,
      spent,
    });
    const written = write(report, options, folder, io);
    print(report, options, folder, io);
    return gravest([written, ...codesOf(report), ...endedBy(run.why, redact, io)]);
  } catch (error) {
    return refusedBy(error, { redact }, io);
  } finally {
    stop();
    await target.close();
  }
}

/** What a run that did not come to its end has to say, and its exit code. What is nobody's else is our own fault. */
function endedBy(why: Error | undefined, redact: (text: string) => string, io: Io): readonly ExitCode[] {
  if (why === undefined) return [];
  if (why instanceof Interrupted) return [EXIT.interrupted];
  if (why instanceof Blind) {
    io.stderr.write(`${why.message}\n`);
    return [EXIT.unreachable];
  }
  if (why instanceof Unsettled) {
    io.stderr.write(`${why.message}\n`);
    return [EXIT.inconclusive];
  }
  if (why instanceof Unreachable) {
    io.stderr.write(`the target was lost: ${redact(why.message)}\n`);
    return [EXIT.unreachable];
  }
  if (!(why instanceof BudgetSpent)) throw why;
  io.stderr.write(`${why.message}: raise limits.requestsMax in the profile\n`);
  return [EXIT.inconclusive];
}

interface Checked {
  readonly url: string;
  readonly read: ReadProfile;
  readonly accounts: FleetAccounts;
  readonly scenario: Scenario;
  /** Thresholds that are not held. */
  readonly put: readonly string[];
  readonly durationMs: number;
  readonly rampMs: number;
}

function checked(options: FleetSimulateOptions, io: Io): Checked {
  const { swarm, fault, trace, shard } = options;
  const alone = swarm
    ? "--swarm"
    : fault !== undefined
      ? "--fault"
      : shard !== undefined
        ? "--shard"
        : undefined;
  if (alone !== undefined || trace.length > 0)
    throw new UsageFault(
      `${alone ?? "--trace"} is of the simulation alone: leave it out, or leave out --target`,
    );
  const read = readProfile(options.profile, io);
  const known = readAccounts(options.tokens, read, io);
  const url = options.target.replace(/\/$/, "");
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))
    throw new UsageFault(`--target ${url}: an address is written http://host:port or https://host`);
  if (new URL(url).password !== "")
    throw new UsageFault(
      "an address holds no password: put it under target.headers of a profile, from the environment",
    );
  const text = options.duration ?? DURATION_DEFAULT;
  const durationMs = parseDuration(text);
  if (durationMs === undefined || durationMs === 0 || durationMs > DURATION_MS_MAX)
    throw new UsageFault(
      `--duration ${text}: with --target it is real time, at most 24h, written like 90s or 2m`,
    );
  const rampMs = parseDuration(options.ramp);
  if (rampMs === undefined || rampMs > durationMs)
    throw new UsageFault(`--ramp ${options.ramp}: a time no longer than --duration, written like 10s`);
  if (options.json !== undefined && options.json !== "-") checkWritable(options.json, io.cwd);
  if (options.report !== undefined && existsSync(resolve(io.cwd, options.report, LEDGER)))
    throw new UsageFault(`the report folder ${options.report} holds a run already (${LEDGER}): name another`);
  const adjusted = adjust(readScenario(options.scenario, io.cwd), {
    set: options.set,
    devices: options.devices,
    duration: undefined,
  });
  const { scenario, put } = heldLive(adjusted.scenario, options.set);
  if (!options.quiet) for (const note of adjusted.notes) io.stderr.write(`${note}\n`);
  const accounts = accountsFor(scenario, known);
  return { url, read, accounts, scenario, put, durationMs, rampMs };
}

/** The scenario with the thresholds that a live run can be held to, and those that were put away. */
function heldLive(scenario: Scenario, set: readonly string[]) {
  if (set.some((change) => change.startsWith("thresholds="))) return { scenario, put: [] };
  const isOfAbsence = (text: string): boolean => text.trim().startsWith(OF_ABSENCE);
  const thresholds = scenario.thresholds.filter((text) => !isOfAbsence(text));
  return { scenario: { ...scenario, thresholds }, put: scenario.thresholds.filter(isOfAbsence) };
}

/** No more than the scenario has: an account without a phone shows nothing. */
function accountsFor({ fleet }: Scenario, [first, second, ...more]: FleetAccounts): FleetAccounts {
  return [first, second, ...more.slice(0, Math.max(0, fleet.accounts - 2))];
}

function limitsOf(profile: Profile, { profile: named }: FleetSimulateOptions, url: string) {
  const { concurrency, requestsMax, timeoutSeconds } = profile.limits;
  const timeoutMs = timeoutSeconds * SECOND_MS;
  if (named === undefined && isLocal(url)) return { ...UNLIMITED, timeoutMs };
  return { concurrency, requestsPerSecond: requestsPerSecondOf(profile, url), requestsMax, timeoutMs };
}

function openFolder(options: FleetSimulateOptions, scenario: Scenario, io: Io): RunFolder {
  const { report, seed } = options;
  return openRunFolder({ cwd: io.cwd, report, scenario: `${scenario.name}-live`, seed, nowMs: io.now() });
}

/** Begins to count what both sides spend; the returned function ends it. */
async function spendingOf(target: LiveTarget): Promise<() => Promise<Spent>> {
  const before = await figuresOf(target);
  const cpu = process.cpuUsage();
  return async () => {
    const { user, system } = process.cpuUsage(cpu);
    const after = before === undefined ? undefined : await figuresOf(target);
    const cpuSeconds = (user + system) / MICROSECONDS;
    if (before === undefined || after === undefined) return { cpuSeconds, theirs: undefined };
    return {
      cpuSeconds,
      theirs: { ...after, cpuSeconds: Math.max(0, after.cpuSeconds - before.cpuSeconds) },
    };
  };
}

async function watched(load: LiveLoad, target: LiveTarget, options: FleetSimulateOptions, io: Io) {
  const { fleet } = load;
  const line = await openStatusLine(io, "live fleet", !options.quiet, options.color);
  const forget = target.onStop((why) => fleet.stop(why));
  const timer = setInterval(
    () =>
      line.update(() => {
        const { share, phase, requests, sockets } = fleet.progress();
        return `${options.scenario} live ${Math.floor(share * 100)} % · ${phase} · ${sockets} sockets · ${requests} requests`;
      }),
    200,
  );
  try {
    return await fleet.run();
  } finally {
    clearInterval(timer);
    forget();
    line.stop();
  }
}

/** What is there still after the clean-up. */
async function cleaned(
  target: LiveTarget,
  ledger: Ledger,
  accounts: FleetAccounts,
  prefix: string,
  { declared }: Introduction,
): Promise<number> {
  target.http.throttle.openReserve();
  try {
    const left = await cleanUp(target, ledger.traces(), {
      tokens: accounts.map(({ token }) => token),
      prefix,
      mutationsMax: declared.phases.includes(3) ? declared.mutationsMax : 0,
      gone: (trace) => ledger.gone(trace),
    });
    return left.length;
  } catch {
    return ledger.size;
  } finally {
    ledger.close();
  }
}

function againOf(options: FleetSimulateOptions): string {
  const { scenario, seed, target, profile, tokens, devices, duration, speed, ramp, set } = options;
  const words = ["zeke-sync", "simulate", scenario, "--target", target, "--seed", String(seed)];
  if (profile !== undefined) words.push("--profile", profile);
  if (tokens !== undefined) words.push("--tokens", tokens);
  if (devices !== undefined) words.push("--devices", String(devices));
  words.push("--duration", duration ?? DURATION_DEFAULT, "--speed", String(speed), "--ramp", ramp);
  for (const change of set) words.push("--set", change);
  return words.map(quoted).join(" ");
}

function write(
  report: SimulationReport,
  { json }: FleetSimulateOptions,
  folder: RunFolder,
  io: Io,
): ExitCode {
  try {
    folder.write("report.json", renderJson(report));
    folder.write("report.md", renderMarkdown(report));
    folder.write("report.html", renderPage(report));
    folder.publish();
    if (json !== undefined && json !== "-") writeNamed(json, renderJson(report), io.cwd);
    return EXIT.good;
  } catch (error) {
    // What a target showed in real time is still printed.
    return tellFault(cannotWrite(`the report in ${folder.shown}`, error), io);
  }
}

function print(report: SimulationReport, options: FleetSimulateOptions, folder: RunFolder, io: Io): void {
  if (options.json === "-") {
    io.stdout.write(renderJson(report));
    return;
  }
  const screen = {
    width: widthOf(io.stdout),
    paint: paintFor(io.stdout, io, options.color),
    folder: folder.shown,
  };
  if (options.quiet) {
    io.stdout.write(renderTrouble(report, screen));
    return;
  }
  io.stdout.write(renderScreen(report, screen));
  io.stdout.write(`\n${targetLines(report).join("\n")}\n`);
}

function codesOf(report: SimulationReport): readonly ExitCode[] {
  return [
    ...(report.run.ended === "unsettled" || report.rules.some(({ verdict }) => verdict === "violated")
      ? [EXIT.violated]
      : []),
    ...(report.thresholds.some(({ verdict }) => verdict !== "met") ? [EXIT.threshold] : []),
  ];
}
