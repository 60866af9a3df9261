/**
 * Owns the command `conformance`: an implementation is introduced, probed, judged, and left as it was found.
 * Refuses to know probes and verdicts: conformance/ does; and sockets: live/ does.
 */

import { randomInt } from "node:crypto";
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { formatDuration, SECOND_MS } from "../base/time.ts";
import { PROBES, WATCHED } from "../conformance/all-probes.ts";
import { correctionsOf, renamedPaths, requestsPerSecondOf } from "../conformance/profile.ts";
import type { TargetFacts } from "../conformance/target.ts";
import { isAsked, probesFor } from "../conformance/verdicts.ts";
import { runSmallFleet, SMALL_FLEET, type SmallFleetOptions, whyNoFleet } from "../live/fleet-small.ts";
import { type Introduction, introduce, NotServing, Refused } from "../live/introduce.ts";
import { Ledger } from "../live/ledger.ts";
import { Interrupted, runSuite } from "../live/live-suite.ts";
import { LiveTarget } from "../live/live-target.ts";
import { PushSinkServer } from "../live/push-sink-server.ts";
import { Unreachable } from "../live/target-http.ts";
import type { TargetLimits } from "../live/throttle.ts";
import { parseWebhookSecret } from "../live/webhook-signature.ts";
import { RULES } from "../protocol/rules/registry.ts";
import { grouped } from "../report/numbers.ts";
import { quoted } from "./again.ts";
import { type ConformanceOptions, checkedOptions, type Wanted } from "./conformance-options.ts";
import { tell } from "./conformance-tell.ts";
import { planOf, planText } from "./dry-run.ts";
import { EXIT, type ExitCode, UsageFault } from "./exit.ts";
import { cannotWrite, openRunFolder, type RunFolder, writeNamed } from "./folder.ts";
import type { Io } from "./io.ts";
import type { ReadProfile } from "./profile-file.ts";
import { openStatusLine } from "./progress.ts";
import { probesOf } from "./shard-conformance.ts";

/** For one violation, and for all of them together: a target that is wrong all over is not asked without end. */
const SHRINK = { triesMax: 60, msMax: 10 * SECOND_MS, requestsMax: 400 };
const SHRINK_REQUESTS_MAX = 3_000;
/** A target nearer than this is given one place less for each time it is nearer. */
const LANE_MS = 5;
const LANES_MIN = 2;
/** Slower ones are judged all the same; whoever waits is told why. */
const SLOW_MS = SECOND_MS;
/** Shorter than this nobody wonders. */
const QUIET_TOLD_MS = 3 * SECOND_MS;
/** Requests kept for the clean-up beside those for what is there. */
export const RESERVE = 20;
const LEDGER = "ledger.jsonl";

/** Judges an implementation. UsageFault before anything is sent. */
export async function conformance(options: ConformanceOptions, io: Io): Promise<ExitCode> {
  const wanted = checkedOptions(options, io);
  if (options.report !== undefined && existsSync(resolve(io.cwd, options.report, LEDGER)))
    throw folderTaken(options.report);
  const sink = await openSink(options.pushSink ?? wanted.read.profile.push.sinkPort);
  // Whoever let a port be picked has to know which.
  if (sink !== undefined && !options.quiet) io.stderr.write(`push sink: ${sink.url}\n`);
  try {
    return await judged(wanted, options, io, sink);
  } finally {
    await sink?.close();
  }
}

async function judged(
  wanted: Wanted,
  options: ConformanceOptions,
  io: Io,
  sink: PushSinkServer | undefined,
): Promise<ExitCode> {
  const { profile } = wanted.read;
  const prefix = `zs${randomInt(36 ** 6).toString(36)}`;
  // Nothing is written before the target has shown that it can be asked: a ledger is opened behind that.
  let ledger: Ledger | undefined;
  const target = new LiveTarget({
    ...targetOf(wanted, sink),
    sending: (request) => ledger?.sending(request),
    ended: (request, outcome) => ledger?.ended(request, outcome),
    quieted: (ms, status) => tellQuiet(ms, status, wanted, options, io),
  });
  let shown = "";
  const stop = io.onInterrupt(
    pressed(target, io, (again) => {
      if (ledger === undefined || (options.quiet && !again)) return;
      io.stderr.write(
        again
          ? `what was made is there still: zeke-sync cleanup ${shown} deletes it\n`
          : "interrupted: what was made is being deleted; Ctrl-C again ends that, too\n",
      );
    }),
  );
  const startedMs = io.now();
  const began = performance.now();
  try {
    const introduced = await introduce(target, {
      baseUrl: wanted.url,
      accounts: profile.accounts,
      corrections: correctionsOf(profile),
    });
    const facts = factsOf(introduced, wanted, sink !== undefined);
    tellSlow(facts, options, io);
    const probes = probesOf(probesFor(PROBES, facts, wanted.selection, WATCHED), options.shard);
    if (options.dryRun) {
      const { url, seed } = wanted;
      const introducedBy = target.http.throttle.sent;
      const fleet = fleetRequests({ wanted, options, facts });
      const plan = planOf({ probes, facts, url, seed, effort: options.runs, introducedBy, fleet });
      const json = `${JSON.stringify(plan, undefined, 2)}\n`;
      if (options.json !== undefined && options.json !== "-") writeNamed(options.json, json, io.cwd);
      io.stdout.write(options.json === "-" ? json : planText(plan));
      return EXIT.good;
    }
    const folder = openRunFolder({
      cwd: io.cwd,
      report: options.report,
      scenario: "conformance",
      seed: wanted.seed,
      nowMs: startedMs,
    });
    shown = quoted(folder.shown);
    ledger = openLedger(folder, prefix, wanted, options);
    const made = ledger;
    target.http.throttle.keepBack(() => RESERVE + reserveFor(made.size, facts));
    const run = await runProbes(target, { wanted, options, facts, probes, prefix, ledger: made }, io);
    made.close();
    const durationMs = performance.now() - began;
    return tell({ wanted, options, io, facts, run, folder, startedMs, durationMs, target });
  } catch (error) {
    return refusedBy(error, wanted, io);
  } finally {
    stop();
    await target.close();
  }
}

/** The first Ctrl-C ends the probes and cleans up; whoever asks twice will not wait. */
export function pressed(
  target: LiveTarget,
  io: Io,
  told: (again: boolean) => void = () => undefined,
): () => void {
  let count = 0;
  return () => {
    told(++count > 1);
    if (count > 1) io.exitNow(EXIT.interrupted);
    else target.stop(new Interrupted("interrupted"));
  };
}

function limitsOf({ read: { profile }, url }: Wanted): TargetLimits {
  const { concurrency, requestsMax, timeoutSeconds } = profile.limits;
  const requestsPerSecond = requestsPerSecondOf(profile, url);
  return { concurrency, requestsPerSecond, requestsMax, timeoutMs: timeoutSeconds * SECOND_MS };
}

function tellSlow({ roundTripMs }: TargetFacts, { quiet, dryRun: isDry }: ConformanceOptions, io: Io): void {
  if (roundTripMs <= SLOW_MS || quiet || isDry) return;
  const shown = formatDuration(Math.round(roundTripMs));
  io.stderr.write(
    `a round trip takes ${shown}, so this will take long: --runs 0.2 or --rule makes it shorter\n`,
  );
}

/** Nobody should have to guess why nothing happens. */
function tellQuiet(
  ms: number,
  status: number,
  { url, redact }: Wanted,
  { quiet }: ConformanceOptions,
  io: Io,
): void {
  if (ms < QUIET_TOLD_MS || quiet) return;
  io.stderr.write(
    `${redact(url)} answers ${status} and asks for quiet: waiting ${formatDuration(Math.ceil(ms / SECOND_MS) * SECOND_MS)}\n`,
  );
}

/** What stands between us and a target that can be judged, in one sentence. */
export function refusedBy(error: unknown, { redact }: Pick<Wanted, "redact">, io: Io): ExitCode {
  if (error instanceof Interrupted) return EXIT.interrupted;
  if (error instanceof Refused) throw new UsageFault(redact(error.message));
  if (!(error instanceof Unreachable || error instanceof NotServing)) throw error;
  io.stderr.write(`${redact(error.message)}\n`);
  return EXIT.unreachable;
}

export function factsOf(
  { declared, roundTripMs, patienceMs, clockAheadMs }: Introduction,
  { read, selection, waitMsMax }: Pick<Wanted, "read" | "selection" | "waitMsMax">,
  pushSink: boolean,
): TargetFacts {
  const { profile } = read;
  const { accounts, revisions, webhooks, expiredRevision, expiring } = profile;
  const { expiresAtMs = 0 } = expiryOf(read);
  const { phases: asked } = selection;
  const phases =
    asked === undefined ? declared.phases : declared.phases.filter((phase) => asked.includes(phase));
  return {
    declared: { ...declared, phases },
    accounts,
    revision: new RegExp(revisions.pattern),
    ordered: revisions.order === "ascii",
    pushSink,
    ...(webhooks.secret === undefined
      ? {}
      : { webhookAccounts: webhooks.accounts ?? ([accounts[0].name, accounts[1].name] as const) }),
    ...(expiredRevision === undefined ? {} : { expiredRevision }),
    ...(expiring === undefined
      ? {}
      : { revocable: expiring.token, revocableMs: Math.max(0, expiresAtMs - Date.now()) }),
    ...(clockAheadMs === 0 ? {} : { clockAheadMs }),
    roundTripMs,
    patienceMs,
    waitMsMax,
  };
}

interface Running {
  readonly wanted: Wanted;
  readonly options: ConformanceOptions;
  readonly facts: TargetFacts;
  readonly probes: ReturnType<typeof probesFor>;
  readonly prefix: string;
  readonly ledger: Ledger;
}

async function runProbes(
  target: LiveTarget,
  { wanted, options, facts, probes, prefix, ledger }: Running,
  io: Io,
) {
  const { profile } = wanted.read;
  const line = await openStatusLine(io, "conformance", !options.quiet, options.color);
  const began = performance.now();
  let done = 0;
  const show = () =>
    line.update(() => {
      const elapsed = performance.now() - began;
      const left =
        done === 0
          ? ""
          : ` · about ${formatDuration(Math.ceil((elapsed * (probes.length - done)) / done / SECOND_MS) * SECOND_MS)} left`;
      return `conformance ${done} of ${probes.length} probes · ${grouped(target.http.throttle.sent)} requests${left}`;
    });
  show();
  try {
    return await runSuite(target, {
      probes,
      facts,
      seed: wanted.seed,
      effort: options.runs,
      lanes: Math.min(
        profile.limits.concurrency,
        Math.max(LANES_MIN, Math.ceil(facts.roundTripMs / LANE_MS)),
      ),
      shrink: { ...SHRINK, purse: { requestsLeft: SHRINK_REQUESTS_MAX } },
      prefix,
      ledger,
      failsFast: (rule) => options.failFast && isAsked(rule, facts, wanted.selection),
      cleanUp: {
        tokens: [facts.accounts[0].token, facts.accounts[1].token],
        prefix,
        mutationsMax: batchOf(facts),
      },
      ...(hasFleet({ wanted, options, facts })
        ? { fleet: () => runSmallFleet(target, fleetOptions({ wanted, options, facts, prefix, ledger })) }
        : {}),
      tried: () => {
        done++;
        show();
      },
    });
  } finally {
    line.stop();
  }
}

/** Whether live devices act behind the probes: unless the user, the target, a choice of rules or a shard says no. */
function hasFleet({ wanted, options, facts }: Pick<Running, "wanted" | "options" | "facts">): boolean {
  const { fleet, shard } = options;
  if (fleet === false || (shard !== undefined && shard.index > 0)) return false;
  return whyNoFleet(facts) === undefined && RULES.every(({ id }) => wanted.selection.matches(id));
}

/** About so many; 0: there is no fleet. */
function fleetRequests(running: Pick<Running, "wanted" | "options" | "facts">): number {
  return hasFleet(running) ? Math.round(SMALL_FLEET.requests * running.options.runs) : 0;
}

function fleetOptions({
  wanted,
  options,
  facts,
  prefix,
  ledger,
}: Omit<Running, "probes">): SmallFleetOptions {
  const { profile } = wanted.read;
  return {
    facts,
    baseUrl: wanted.url,
    headers: profile.target.headers,
    paths: renamedPaths(profile),
    concurrency: profile.limits.concurrency,
    timeoutMs: profile.limits.timeoutSeconds * SECOND_MS,
    seed: wanted.seed,
    effort: options.runs,
    prefix: `${prefix}.f-`,
    ledger,
  };
}

/** Deletions in one call; 0 where there is no batch. */
export function batchOf({ declared }: TargetFacts): number {
  return declared.phases.includes(3) ? declared.mutationsMax : 0;
}

export function reserveFor(count: number, facts: TargetFacts): number {
  return Math.ceil(count / Math.max(1, Math.min(100, batchOf(facts) / 2)));
}

export async function openSink(port: number | undefined): Promise<PushSinkServer | undefined> {
  if (port === undefined) return undefined;
  try {
    return await PushSinkServer.open(port);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EADDRINUSE") throw new UsageFault(`--push-sink ${port}: the port is taken`);
    if (code === "EACCES")
      throw new UsageFault(`--push-sink ${port}: this user may not listen there; take one above 1023`);
    throw error;
  }
}

export function webhookSecretOf({ profile }: ReadProfile) {
  const { secret } = profile.webhooks;
  if (secret === undefined) return {};
  const webhookSecret = parseWebhookSecret(secret);
  if ("fault" in webhookSecret) throw new UsageFault(`webhooks.secret: ${webhookSecret.fault}`);
  return { webhookSecret };
}

/** A ledger may name what is on a target still: it is never written over. */
function folderTaken(folder: string): UsageFault {
  return new UsageFault(
    `the report folder ${folder} holds a run already (${LEDGER}): name another, or leave --report out`,
  );
}

/** What of the profile is the target's. */
function targetOf(wanted: Wanted, sink: PushSinkServer | undefined) {
  const { profile } = wanted.read;
  return {
    baseUrl: wanted.url,
    limits: limitsOf(wanted),
    headers: profile.target.headers,
    paths: renamedPaths(profile),
    ...(sink === undefined ? {} : { sink }),
    ...webhookSecretOf(wanted.read),
    ...expiryOf(wanted.read),
  };
}

/** [SEC-5] when the token ends that the profile names for that. */
function expiryOf({ profile: { expiring } }: ReadProfile): { readonly expiresAtMs?: number } {
  if (expiring === undefined) return {};
  const { at } = expiring;
  return { expiresAtMs: /^\d+$/.test(String(at)) ? Number(at) * SECOND_MS : Date.parse(String(at)) };
}

export function openLedger(
  folder: RunFolder,
  prefix: string,
  wanted: Pick<Wanted, "read" | "url">,
  { profile }: Pick<ConformanceOptions, "profile">,
  fleet?: { readonly accounts: readonly { readonly token: string }[]; readonly file: string | undefined },
): Ledger {
  const { accounts, webhooks } = wanted.read.profile;
  const names = webhooks.accounts ?? ([accounts[0].name, accounts[1].name] as const);
  const head = {
    schema: "zeke-sync/ledger@1",
    runId: folder.runId,
    prefix,
    url: wanted.url,
    ...(profile === undefined ? {} : { profile }),
    ...(fleet?.file === undefined ? {} : { tokens: fleet.file }),
  } as const;
  const tokens = (fleet?.accounts ?? accounts).map(({ token }) => token);
  try {
    return Ledger.create(folder.path(LEDGER), head, { tokens, webhookAccounts: names, prefix: `${prefix}.` });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") throw folderTaken(folder.shown);
    throw cannotWrite(`${folder.shown}/${LEDGER}`, error);
  }
}
