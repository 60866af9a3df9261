/**
 * Owns the command `conformance`: an implementation is introduced, probed, judged, and left as it was found.
 * Refuses to know probes and verdicts: conformance/ does; and sockets: live/ does.
 */

import { randomInt } from "node:crypto";
import { formatDuration, SECOND_MS } from "../base/time.ts";
import { PROBES, WATCHED } from "../conformance/all-probes.ts";
import { correctionsOf, renamedPaths, requestsPerSecondOf } from "../conformance/profile.ts";
import type { TargetFacts } from "../conformance/target.ts";
import { isAsked, probesFor } from "../conformance/verdicts.ts";
import { type Introduction, introduce, NotServing, Refused } from "../live/introduce.ts";
import { Ledger } from "../live/ledger.ts";
import { Interrupted, runSuite } from "../live/live-suite.ts";
import { LiveTarget } from "../live/live-target.ts";
import { PushSinkServer } from "../live/push-sink-server.ts";
import { Unreachable } from "../live/target-http.ts";
import { parseWebhookSecret } from "../live/webhook-signature.ts";
import { grouped } from "../report/numbers.ts";
import { type ConformanceOptions, checkedOptions, type Wanted } from "./conformance-options.ts";
import { tell } from "./conformance-tell.ts";
import { dryRun } from "./dry-run.ts";
import { EXIT, type ExitCode, UsageFault } from "./exit.ts";
import { openRunFolder, type RunFolder } from "./folder.ts";
import type { Io } from "./io.ts";
import type { ReadProfile } from "./profile-file.ts";
import { openStatusLine } from "./progress.ts";

const SHRINK = { triesMax: 60, msMax: 10 * SECOND_MS };
/** A target nearer than this is given one place less for each time it is nearer. */
const LANE_MS = 5;
const LANES_MIN = 2;
/** Requests kept for the clean-up beside those for what is there. */
const RESERVE = 20;

/** Judges an implementation. UsageFault before anything is sent. */
export async function conformance(options: ConformanceOptions, io: Io): Promise<ExitCode> {
  const wanted = checkedOptions(options, io);
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
    baseUrl: wanted.url,
    limits: {
      concurrency: profile.limits.concurrency,
      requestsPerSecond: requestsPerSecondOf(profile, wanted.url),
      requestsMax: profile.limits.requestsMax,
      timeoutMs: profile.limits.timeoutSeconds * SECOND_MS,
    },
    headers: profile.target.headers,
    paths: renamedPaths(profile),
    ...(sink === undefined ? {} : { sink }),
    ...webhookSecretOf(wanted.read),
    sending: (request) => ledger?.sending(request),
    ended: (request, outcome) => ledger?.ended(request, outcome),
  });
  const stop = io.onInterrupt(pressed(target, io));
  const startedMs = io.now();
  const began = performance.now();
  try {
    const introduced = await introduce(target, {
      baseUrl: wanted.url,
      accounts: profile.accounts,
      corrections: correctionsOf(profile),
    });
    const facts = factsOf(introduced, wanted, sink !== undefined);
    const probes = probesFor(PROBES, facts, wanted.selection, WATCHED);
    if (options.dryRun) {
      io.stdout.write(
        dryRun({
          probes,
          facts,
          url: wanted.url,
          seed: wanted.seed,
          effort: options.runs,
          introducedBy: target.http.throttle.sent,
        }),
      );
      return EXIT.good;
    }
    const folder = openRunFolder({
      cwd: io.cwd,
      report: options.report,
      scenario: "conformance",
      seed: wanted.seed,
      nowMs: startedMs,
    });
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
function pressed(target: LiveTarget, io: Io): () => void {
  let count = 0;
  return () => {
    if (++count > 1) io.exitNow(EXIT.interrupted);
    else target.stop(new Interrupted("interrupted"));
  };
}

/** What stands between us and a target that can be judged, in one sentence. */
function refusedBy(error: unknown, { redact }: Wanted, io: Io): ExitCode {
  if (error instanceof Interrupted) return EXIT.interrupted;
  if (error instanceof Refused) throw new UsageFault(redact(error.message));
  if (!(error instanceof Unreachable || error instanceof NotServing)) throw error;
  io.stderr.write(`${redact(error.message)}\n`);
  return EXIT.unreachable;
}

function factsOf(
  { declared, roundTripMs, patienceMs }: Introduction,
  { read, selection, waitMsMax }: Wanted,
  pushSink: boolean,
): TargetFacts {
  const { profile } = read;
  const { accounts, revisions, webhooks, expiredRevision } = profile;
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
      shrink: SHRINK,
      prefix,
      ledger,
      failsFast: (rule) => options.failFast && isAsked(rule, facts, wanted.selection),
      cleanUp: {
        tokens: [facts.accounts[0].token, facts.accounts[1].token],
        prefix,
        mutationsMax: batchOf(facts),
      },
      tried: () => {
        done++;
        show();
      },
    });
  } finally {
    line.stop();
  }
}

/** Deletions in one call; 0 where there is no batch. */
function batchOf({ declared }: TargetFacts): number {
  return declared.phases.includes(3) ? declared.mutationsMax : 0;
}

function reserveFor(count: number, facts: TargetFacts): number {
  return Math.ceil(count / Math.max(1, Math.min(100, batchOf(facts) / 2)));
}

async function openSink(port: number | undefined): Promise<PushSinkServer | undefined> {
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

function webhookSecretOf({ profile }: ReadProfile) {
  const { secret } = profile.webhooks;
  if (secret === undefined) return {};
  const webhookSecret = parseWebhookSecret(secret);
  if ("fault" in webhookSecret) throw new UsageFault(`webhooks.secret: ${webhookSecret.fault}`);
  return { webhookSecret };
}

function openLedger(
  folder: RunFolder,
  prefix: string,
  wanted: Wanted,
  { profile }: ConformanceOptions,
): Ledger {
  const { accounts, webhooks } = wanted.read.profile;
  const names = webhooks.accounts ?? ([accounts[0].name, accounts[1].name] as const);
  return Ledger.create(
    folder.path("ledger.jsonl"),
    {
      schema: "zeke-sync/ledger@1",
      runId: folder.runId,
      prefix,
      url: wanted.url,
      ...(profile === undefined ? {} : { profile }),
    },
    { tokens: [accounts[0].token, accounts[1].token], webhookAccounts: names, prefix: `${prefix}.` },
  );
}
