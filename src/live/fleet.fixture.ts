/**
 * Owns a small live fleet for tests: the reference on a free port, with a fault if one is named, and a fleet that acts on it
 * for a few seconds.
 * Refuses to judge.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startReference } from "../cli/conformance.fixture.ts";
import type { TargetFacts } from "../conformance/target.ts";
import { cleanUp } from "./clean-up.ts";
import { runSmallFleet, type SmallFleetRun } from "./fleet-small.ts";
import { introduce } from "./introduce.ts";
import { Ledger } from "./ledger.ts";
import { LiveTarget } from "./live-target.ts";
import type { SettingsInput } from "./settings.ts";

const LIMITS = { concurrency: 8, requestsPerSecond: 1_000, requestsMax: 3_000, timeoutMs: 5_000 };
const ACCOUNTS = [
  { name: "a", token: "tok-a" },
  { name: "b", token: "tok-b" },
] as const;

export interface TriedFleet {
  readonly fleet: SmallFleetRun;
  /** Rules that were found broken. */
  readonly broken: readonly string[];
  /** Ids of records on the target when the run had been cleaned up. */
  readonly records: readonly string[];
}

export interface TriedOptions {
  readonly seed: number;
  readonly effort: number;
  readonly fault?: string;
  readonly settings?: SettingsInput;
  /** Called with the target once the fleet runs. */
  meanwhile?(target: LiveTarget, url: string): void;
}

/** Runs a fleet against a reference of its own, and cleans up. */
export async function tryFleet({
  seed,
  effort,
  fault,
  settings,
  meanwhile,
}: TriedOptions): Promise<TriedFleet> {
  const reference = await startReference({
    ...(fault === undefined ? {} : { fault }),
    ...(settings === undefined ? {} : { settings }),
  });
  const folder = mkdtempSync(join(tmpdir(), "zeke-fleet-"));
  const prefix = `zs${seed}`;
  const target = new LiveTarget({ baseUrl: reference.url, limits: LIMITS, headers: {}, paths: new Map() });
  const ledger = Ledger.create(
    join(folder, "ledger.jsonl"),
    { schema: "zeke-sync/ledger@1", runId: "test", prefix, url: reference.url },
    { tokens: ["tok-a", "tok-b"], prefix: `${prefix}.` },
  );
  try {
    const { declared, roundTripMs, patienceMs } = await introduce(target, {
      baseUrl: reference.url,
      accounts: ACCOUNTS,
      corrections: {},
    });
    const facts: TargetFacts = {
      ...{ declared, accounts: ACCOUNTS, revision: /./, ordered: true, pushSink: false },
      ...{ roundTripMs, patienceMs, waitMsMax: 5_000 },
    };
    const running = runSmallFleet(target, {
      ...{ facts, seed, effort, ledger, prefix: `${prefix}.f-`, baseUrl: reference.url },
      ...{ headers: {}, paths: new Map(), concurrency: LIMITS.concurrency, timeoutMs: LIMITS.timeoutMs },
    });
    meanwhile?.(target, reference.url);
    const fleet = await running;
    await cleanUp(target, ledger.traces(), {
      ...{ tokens: ["tok-a", "tok-b"], prefix, mutationsMax: 100 },
      gone: (trace) => ledger.gone(trace),
    });
    const records = await reference.records();
    return { fleet, broken: fleet.findings.map(({ violation }) => violation.rule), records };
  } finally {
    ledger.close();
    await target.close();
    await reference.close();
    rmSync(folder, { recursive: true });
  }
}
