/**
 * Owns the command `cleanup`: what a run left on its target is deleted from the run's ledger.
 * Refuses to name anything that the ledger does not.
 */

import { appendFileSync, existsSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { SECOND_MS } from "../base/time.ts";
import { correctionsOf, renamedPaths, requestsPerSecondOf } from "../conformance/profile.ts";
import { redactAll, redactor } from "../conformance/redact.ts";
import { nameOfTrace } from "../conformance/traces.ts";
import { cleanUp } from "../live/clean-up.ts";
import { introduce, NotServing, Refused } from "../live/introduce.ts";
import { readLedger } from "../live/ledger.ts";
import { LiveTarget } from "../live/live-target.ts";
import { Unreachable } from "../live/target-http.ts";
import { grouped } from "../report/numbers.ts";
import { traceText } from "./conformance-result.ts";
import { EXIT, type ExitCode, UsageFault } from "./exit.ts";
import { readAccounts } from "./fleet-accounts.ts";
import { checkWritable, writeNamed } from "./folder.ts";
import type { Io } from "./io.ts";
import { suggestion, withSuggestion } from "./nearest.ts";
import { readProfile } from "./profile-file.ts";
import { REPORTS } from "./run-place.ts";

export interface CleanupOptions {
  readonly runId: string;
  readonly profile: string | undefined;
  readonly json: string | undefined;
  readonly quiet: boolean;
}

const LEDGER = "ledger.jsonl";
/** A clean-up is not a test of load. */
const CONCURRENCY = 4;

/** Deletes what is left. UsageFault when there is no such run; 3 when the target is not there, 1 when something stays. */
export async function cleanup(options: CleanupOptions, io: Io): Promise<ExitCode> {
  const path = ledgerPath(options.runId, io.cwd);
  const found = readLedger(path);
  if (found === undefined) throw new UsageFault(`${path} is no ledger of zeke-sync`);
  if (options.json !== undefined && options.json !== "-") checkWritable(options.json, io.cwd);
  const { head, traces } = found;
  const read = readProfile(options.profile ?? head.profile, io);
  const { profile } = read;
  const accounts = readAccounts(head.tokens, read, io);
  const redact = redactor([...read.secrets, ...accounts.map(({ token }) => token)]);
  const target = new LiveTarget({
    baseUrl: head.url,
    limits: {
      concurrency: CONCURRENCY,
      requestsPerSecond: requestsPerSecondOf(profile, head.url),
      requestsMax: profile.limits.requestsMax,
      timeoutMs: profile.limits.timeoutSeconds * SECOND_MS,
    },
    headers: profile.target.headers,
    paths: renamedPaths(profile),
  });
  try {
    const { declared } = await introduce(target, {
      baseUrl: head.url,
      accounts: [accounts[0], accounts[1]],
      corrections: correctionsOf(profile),
    });
    const left = await cleanUp(target, traces, {
      tokens: accounts.map(({ token }) => token),
      prefix: head.prefix,
      mutationsMax: declared.phases.includes(3) ? declared.mutationsMax : 0,
      gone: (trace) => appendFileSync(path, `${JSON.stringify({ gone: nameOfTrace(trace) })}\n`),
    });
    const told = {
      schema: "zeke-sync/cleanup@1",
      runId: head.runId,
      url: head.url,
      deleted: traces.length - left.length,
      left: left.map(({ trace, why }) => ({ what: traceText(trace), why })),
    };
    tell(redactAll(told, redact), options, io);
    return left.length === 0 ? EXIT.good : EXIT.violated;
  } catch (error) {
    if (error instanceof Refused) throw new UsageFault(redact(error.message));
    if (!(error instanceof Unreachable || error instanceof NotServing)) throw error;
    io.stderr.write(`${redact(error.message)}\n`);
    return EXIT.unreachable;
  } finally {
    await target.close();
  }
}

interface Told {
  readonly url: string;
  readonly deleted: number;
  readonly left: readonly { readonly what: string; readonly why: string }[];
}

function tell(told: Told, { json, quiet }: CleanupOptions, io: Io): void {
  const text = `${JSON.stringify(told, undefined, 2)}\n`;
  if (json === "-") {
    io.stdout.write(text);
    return;
  }
  if (json !== undefined) writeNamed(json, text, io.cwd);
  for (const { what, why } of told.left) io.stdout.write(`left behind: ${what}: ${why}\n`);
  if (quiet && told.left.length === 0) return;
  const all = told.left.length === 0 ? "" : `, ${grouped(told.left.length)} could not be`;
  io.stdout.write(`${grouped(told.deleted)} deleted from ${told.url}${all}\n`);
}

/** The ledger of a run by its name under reports/, or by its folder. */
function ledgerPath(runId: string, cwd: string): string {
  const places = [join(REPORTS, runId, LEDGER), join(runId, LEDGER)].map((place) => resolve(cwd, place));
  const path = places.find((place) => existsSync(place));
  if (path !== undefined) return path;
  throw new UsageFault(
    withSuggestion(
      `there is no run "${runId}" with a ledger under reports/`,
      suggestion(runId, runsWithLedger(cwd), "there are"),
    ),
  );
}

function runsWithLedger(cwd: string): readonly string[] {
  const reports = resolve(cwd, REPORTS);
  if (!existsSync(reports)) return [];
  return readdirSync(reports).filter((name) => existsSync(join(reports, name, LEDGER)));
}
