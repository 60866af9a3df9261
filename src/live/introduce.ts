/**
 * Owns the first words with a target: is it there, does it speak the protocol, are the tokens good, what does it
 * declare, how long does a round trip take.
 * Refuses to judge: what is no proxy at all is told in one sentence, so that a hundred failures of one cause never are.
 */

import { SECOND_MS } from "../base/time.ts";
import { declaredOf } from "../conformance/declared.ts";
import { looseOf } from "../conformance/reply.ts";
import type { Declared, HttpAnswer } from "../conformance/target.ts";
import type { LiveTarget } from "./live-target.ts";

/** The target is there, but cannot be judged like this: the user's to mend. */
export class Refused extends Error {
  override readonly name = "Refused";
}

/** The target does not answer, or answers that it cannot. */
export class NotServing extends Error {
  override readonly name = "NotServing";
}

export interface Introduction {
  readonly declared: Declared;
  /** False: there are no capabilities; what is declared are defaults. */
  readonly declares: boolean;
  readonly roundTripMs: number;
  readonly patienceMs: number;
}

export interface IntroduceOptions {
  readonly baseUrl: string;
  readonly accounts: readonly [
    { readonly name: string; readonly token: string },
    { readonly name: string; readonly token: string },
  ];
  /** What the profile says of the target, over what it declares of itself. */
  readonly corrections: { readonly [member: string]: unknown };
}

const CAPABILITIES = "/api/sync/capabilities";
const ROUND_TRIPS = 5;
const PATIENCE_MS_MIN = SECOND_MS;
const PATIENCE_ROUND_TRIPS = 20;

/** Asks. Rejects with Refused, NotServing, and what the target rejects with. */
export async function introduce(target: LiveTarget, options: IntroduceOptions): Promise<Introduction> {
  const [first, second] = options.accounts;
  const answer = await asked(target, CAPABILITIES, first, options);
  if (answer.status === 404) return await withoutCapabilities(target, options);
  const data = looseOf(answer.json).data;
  if (answer.status !== 200 || typeof data !== "object" || data === null)
    throw new Refused(
      `${options.baseUrl}${CAPABILITIES} answers ${answer.status} ${kindOf(answer)}, not capabilities`,
    );
  await asked(target, CAPABILITIES, second, options);
  const roundTripMs = await measured(target, CAPABILITIES, first, options);
  return {
    declared: declaredOf({ ...looseOf(data), ...merged(looseOf(data), options.corrections) }),
    declares: true,
    roundTripMs,
    patienceMs: patienceOf(roundTripMs),
  };
}

/** A target of phase 1 alone declares nothing; records are there all the same. */
async function withoutCapabilities(target: LiveTarget, options: IntroduceOptions): Promise<Introduction> {
  const path = "/api/contacts?limit=1";
  const [first, second] = options.accounts;
  const answer = await asked(target, path, first, options);
  if (answer.status !== 200 || !Array.isArray(looseOf(answer.json).data))
    throw new Refused(
      `${options.baseUrl} has neither ${CAPABILITIES} (404) nor /api/contacts (${answer.status} ${kindOf(answer)}): is the address right, and are target.paths of the profile?`,
    );
  await asked(target, path, second, options);
  const roundTripMs = await measured(target, path, first, options);
  const declared = declaredOf({ phases: [1], ...options.corrections });
  return { declared, declares: false, roundTripMs, patienceMs: patienceOf(roundTripMs) };
}

/** One call; what is no answer of a proxy's is told in a sentence. */
async function asked(
  target: LiveTarget,
  path: string,
  { name, token }: IntroduceOptions["accounts"][number],
  { baseUrl }: IntroduceOptions,
): Promise<HttpAnswer> {
  const outcome = await target.ask({ method: "GET", path, headers: { authorization: `Bearer ${token}` } });
  const where = `${baseUrl}${path}`;
  if (outcome.outcome === "indefinite")
    throw new NotServing(
      outcome.reason === "timeout"
        ? `${where} does not answer in time`
        : `${where} breaks off: it speaks no HTTP, or no HTTP of this kind`,
    );
  const { answer } = outcome;
  const { status } = answer;
  if (status >= 300 && status <= 399)
    throw new Refused(
      `${where} redirects to ${answer.headers.get("location") ?? "elsewhere"}: give the address that answers by itself`,
    );
  if (status === 401 || status === 403)
    throw new Refused(
      `${baseUrl} refuses the token of account ${name} (${status}): name good ones under accounts of the profile`,
    );
  if (status >= 500 || status === 429) throw new NotServing(`${where} answers ${status}`);
  if (status !== 404 && answer.json === undefined)
    throw new Refused(`${where} answers ${kindOf(answer)}, not JSON: is the address right?`);
  return answer;
}

function kindOf({ headers, json }: HttpAnswer): string {
  return json === undefined ? (headers.get("content-type") ?? "without a type") : "JSON";
}

async function measured(
  target: LiveTarget,
  path: string,
  account: IntroduceOptions["accounts"][number],
  options: IntroduceOptions,
): Promise<number> {
  const times: number[] = [];
  for (let nth = 0; nth < ROUND_TRIPS; nth++) {
    const startedMs = performance.now();
    await asked(target, path, account, options);
    times.push(performance.now() - startedMs);
  }
  times.sort((left, right) => left - right);
  return times[Math.floor(times.length / 2)] ?? 0;
}

function patienceOf(roundTripMs: number): number {
  return Math.max(PATIENCE_MS_MIN, PATIENCE_ROUND_TRIPS * roundTripMs);
}

/** The profile's members over the target's, one level deep. */
function merged(data: { readonly [member: string]: unknown }, corrections: IntroduceOptions["corrections"]) {
  return Object.fromEntries(
    Object.entries(corrections).map(([name, value]) => [
      name,
      typeof value === "object" && value !== null && !Array.isArray(value)
        ? { ...looseOf(data[name]), ...value }
        : value,
    ]),
  );
}
