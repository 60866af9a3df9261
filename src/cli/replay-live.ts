/**
 * Owns the replay of a probe's counterexample against a live implementation: introduced, asked, and left as it was found,
 * within the limits of its profile. What may be left behind stands in a ledger meanwhile.
 * Refuses to print, and to judge.
 */

import { randomInt } from "node:crypto";
import { rmSync } from "node:fs";
import { SECOND_MS } from "../base/time.ts";
import { type ConformanceCounterexample, pinned } from "../conformance/counterexample.ts";
import type { Probe } from "../conformance/probe.ts";
import { correctionsOf, renamedPaths, requestsPerSecondOf } from "../conformance/profile.ts";
import type { TargetFacts } from "../conformance/target.ts";
import { whyNotRun } from "../conformance/verdicts.ts";
import { introduce } from "../live/introduce.ts";
import type { Ledger } from "../live/ledger.ts";
import { runSuite, type SuiteRun } from "../live/live-suite.ts";
import { LiveTarget } from "../live/live-target.ts";
import type { PushSinkServer } from "../live/push-sink-server.ts";
import {
  batchOf,
  factsOf,
  openLedger,
  openSink,
  pressed,
  RESERVE,
  refusedBy,
  reserveFor,
  webhookSecretOf,
} from "./conformance.ts";
import { checkedOptions, WAIT_DEFAULT, type Wanted } from "./conformance-options.ts";
import type { ExitCode } from "./exit.ts";
import { openRunFolder, type RunFolder } from "./folder.ts";
import type { Io } from "./io.ts";

/** What is sent together arrives in another order each time: once is not enough to call something fixed. */
const TRIES = 3;

export interface LiveReplayOptions {
  readonly url: string;
  readonly profile: string | undefined;
  readonly pushSink: number | undefined;
  readonly quiet: boolean;
  readonly color: boolean;
}

/** How it went, and with what its requests are shown. */
export interface LiveReplay {
  readonly wanted: Wanted;
  /** `refused`: there is no target that can be asked; said already. */
  readonly came: SuiteRun | { readonly why: string } | { readonly refused: ExitCode };
  /** The run to be cleaned up, when something stayed. */
  readonly runId: string | undefined;
}

/** Runs one value up to three times. UsageFault for what is wrong with options, profile or token. */
export async function replayLive(
  example: ConformanceCounterexample,
  probe: Probe,
  value: unknown,
  options: LiveReplayOptions,
  io: Io,
): Promise<LiveReplay> {
  const wanted = { ...wantedOf(options, example, io), waitMsMax: example.facts.waitMsMax };
  const sink = await openSink(options.pushSink ?? wanted.read.profile.push.sinkPort);
  if (sink !== undefined && !options.quiet) io.stderr.write(`push sink: ${sink.url}\n`);
  try {
    return await new Replay(wanted, options, io, sink).run(pinned(probe, value, TRIES));
  } finally {
    await sink?.close();
  }
}

function wantedOf(options: LiveReplayOptions, { seed }: ConformanceCounterexample, io: Io): Wanted {
  const { url, profile, pushSink, quiet, color } = options;
  const none = {
    shard: undefined,
    phase: undefined,
    level: undefined,
    baseline: undefined,
    junit: undefined,
    json: undefined,
  };
  const switches = { failFast: false, dryRun: false, allowUnexercised: false, quiet, color };
  const rest = { rule: [], runs: 1, report: undefined, wait: WAIT_DEFAULT };
  return checkedOptions({ url, profile, pushSink, seed, ...none, ...switches, ...rest }, io);
}

class Replay {
  private readonly wanted: Wanted;
  private readonly options: LiveReplayOptions;
  private readonly io: Io;
  private readonly sink: PushSinkServer | undefined;
  private readonly prefix = `zs${randomInt(36 ** 6).toString(36)}`;
  private readonly target: LiveTarget;
  private ledger: Ledger | undefined;

  constructor(wanted: Wanted, options: LiveReplayOptions, io: Io, sink: PushSinkServer | undefined) {
    this.wanted = wanted;
    this.options = options;
    this.io = io;
    this.sink = sink;
    const { profile } = wanted.read;
    const { limits } = profile;
    this.target = new LiveTarget({
      baseUrl: wanted.url,
      limits: {
        concurrency: limits.concurrency,
        requestsPerSecond: requestsPerSecondOf(profile, wanted.url),
        requestsMax: limits.requestsMax,
        timeoutMs: limits.timeoutSeconds * SECOND_MS,
      },
      headers: profile.target.headers,
      paths: renamedPaths(profile),
      ...(sink === undefined ? {} : { sink }),
      ...webhookSecretOf(wanted.read),
      sending: (request) => this.ledger?.sending(request),
      ended: (request, outcome) => this.ledger?.ended(request, outcome),
    });
  }

  async run(probe: Probe): Promise<LiveReplay> {
    const { wanted, target, io } = this;
    const { profile } = wanted.read;
    const stop = io.onInterrupt(pressed(target, io));
    try {
      const introduced = await introduce(target, {
        baseUrl: wanted.url,
        accounts: profile.accounts,
        corrections: correctionsOf(profile),
      });
      const facts = factsOf(introduced, wanted, this.sink !== undefined);
      const why = whyNotRun(probe, facts);
      if (why !== undefined) return { wanted, came: { why }, runId: undefined };
      return await this.inFolder(probe, facts);
    } catch (error) {
      return { wanted, came: { refused: refusedBy(error, wanted, io) }, runId: undefined };
    } finally {
      stop();
      await target.close();
    }
  }

  /** A folder for the ledger; it goes when nothing stayed on the target, and `reports/latest` stays where it points. */
  private async inFolder(probe: Probe, facts: TargetFacts): Promise<LiveReplay> {
    const { wanted, io } = this;
    const folder = openRunFolder({
      cwd: io.cwd,
      report: undefined,
      scenario: "replay",
      seed: wanted.seed,
      nowMs: io.now(),
    });
    const came = await this.asked(probe, facts, folder);
    if (came.left.length > 0) return { wanted, came, runId: folder.runId };
    rmSync(folder.path("."), { recursive: true, force: true });
    return { wanted, came, runId: undefined };
  }

  private async asked(probe: Probe, facts: TargetFacts, folder: RunFolder): Promise<SuiteRun> {
    const { wanted, target, prefix, options } = this;
    const ledger = openLedger(folder, prefix, wanted, options);
    this.ledger = ledger;
    target.http.throttle.keepBack(() => RESERVE + reserveFor(ledger.size, facts));
    try {
      return await runSuite(target, {
        probes: [probe],
        facts,
        seed: wanted.seed,
        effort: 1,
        lanes: 1,
        shrink: { triesMax: 0, msMax: 0, requestsMax: 0 },
        prefix,
        ledger,
        failsFast: () => false,
        cleanUp: {
          tokens: [facts.accounts[0].token, facts.accounts[1].token],
          prefix,
          mutationsMax: batchOf(facts),
        },
      });
    } finally {
      ledger.close();
    }
  }
}
