/**
 * Owns the first words with a target: is it there, does it speak the protocol, are the tokens good, what does it
 * declare, how long does a round trip take.
 * Refuses to judge: what is no proxy at all is told in one sentence, so that a hundred failures of one cause never are.
 */

import { formatDuration, SECOND_MS } from "../base/time.ts";
import { declaredOf } from "../conformance/declared.ts";
import { looseOf } from "../conformance/reply.ts";
import type { Declared, HttpAnswer } from "../conformance/target.ts";
import type { LiveTarget } from "./live-target.ts";
import { NO_HTTP } from "./target-http.ts";

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
  /** How far the target's clock is ahead of ours; 0 where its Date header tells none, or no more than a few seconds. */
  readonly clockAheadMs: number;
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
/** What has none of these is something else, and not capabilities with a member forgotten. */
const MEMBERS = ["phases", "entities", "conflicts", "delta", "batch", "idempotency", "events", "push"];
/** A connection that is broken off is tried again so often: nothing of an introduction changes anything. */
const BREAKS_MAX = 3;
const ROUND_TRIPS = 5;
/** One that is slow need not be measured often. */
const MEASURED_MS_MAX = 2 * SECOND_MS;
/** The longest in all that a target is let ask for quiet: whoever waits for the first word should not have to guess. */
const QUIET_MS_MAX = 60 * SECOND_MS;
const PATIENCE_MS_MIN = SECOND_MS;
const PATIENCE_ROUND_TRIPS = 20;
/** A Date header is cut to seconds: less than this is no difference. */
const CLOCK_MS_MIN = 3 * SECOND_MS;

/** Asks. Rejects with Refused, NotServing, and what the target rejects with, or was stopped with. */
export async function introduce(target: LiveTarget, options: IntroduceOptions): Promise<Introduction> {
  target.http.patienceMsLeft = QUIET_MS_MAX;
  const introduced = await introduction(target, options);
  target.http.patienceMsLeft = Number.POSITIVE_INFINITY;
  return introduced;
}

async function introduction(target: LiveTarget, options: IntroduceOptions): Promise<Introduction> {
  const [first, second] = options.accounts;
  const answer = await asked(target, CAPABILITIES, first, options);
  if (answer.status === 404) return await withoutCapabilities(target, options);
  const data = looseOf(answer.json).data;
  // Where the profile says what there is, it is taken at its word.
  const isTold = options.corrections.phases !== undefined;
  const isKnown = isTold || MEMBERS.some((member) => Object.hasOwn(looseOf(data), member));
  if (answer.status !== 200 || !isKnown)
    throw new Refused(
      `${options.baseUrl}${CAPABILITIES} answers ${answer.status} ${kindOf(answer)}, not capabilities ({data: {phases, entities, conflicts, …}, meta}): is the address right, and is target.paths.capabilities of the profile?`,
    );
  await asked(target, CAPABILITIES, second, options);
  const times = await measured(target, CAPABILITIES, first, options);
  return {
    declared: declaredOf({ ...looseOf(data), ...merged(looseOf(data), options.corrections) }),
    declares: true,
    ...times,
    patienceMs: patienceOf(times.roundTripMs),
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
  const times = await measured(target, path, first, options);
  const declared = declaredOf({ phases: [1], ...options.corrections });
  return { declared, declares: false, ...times, patienceMs: patienceOf(times.roundTripMs) };
}

/** One call; what is no answer of a proxy's is told in a sentence. */
async function asked(
  target: LiveTarget,
  path: string,
  { name, token }: IntroduceOptions["accounts"][number],
  { baseUrl }: IntroduceOptions,
): Promise<HttpAnswer> {
  const answer = await heard(target, path, token, baseUrl);
  const where = `${baseUrl}${path}`;
  const { status } = answer;
  if (status >= 300 && status <= 399)
    throw new Refused(
      `${where} redirects to ${answer.headers.get("location") ?? "elsewhere"}: give the address that answers by itself, without a login page before it`,
    );
  if (status === 401 || status === 403)
    throw new Refused(
      `${baseUrl} refuses the token of account ${name} (${status}): name good ones under accounts of the profile (zeke-sync init writes one)`,
    );
  if (answer.headers.has("retry-after") && (status === 429 || status === 503)) {
    const granted = QUIET_MS_MAX - target.http.patienceMsLeft;
    throw new NotServing(
      `${where} ${granted === 0 ? "" : `was given ${formatDuration(granted)} of the quiet that it asked for, and still `}answers ${status} with Retry-After: ${answer.headers.get("retry-after")}: try again later`,
    );
  }
  if (status === 429)
    throw new NotServing(
      `${where} answers 429: its limit is used up; wait, or lower limits.requestsPerSecond of the profile`,
    );
  if (status >= 500)
    throw new NotServing(
      `${where} answers ${status}: it is there and does not work, or nothing works behind it; its log says why`,
    );
  if (status !== 404 && answer.json === undefined)
    throw new Refused(`${where} answers ${status} with ${kindOf(answer)}, not JSON: is the address right?`);
  return answer;
}

/** The answer to one call, whatever it is; no answer is told in a sentence. */
async function heard(target: LiveTarget, path: string, token: string, baseUrl: string): Promise<HttpAnswer> {
  for (let breaks = 1; ; breaks++) {
    const outcome = await target.question({
      method: "GET",
      path,
      headers: { authorization: `Bearer ${token}` },
    });
    if (outcome.outcome === "answered") return outcome.answer;
    const where = `${baseUrl}${path}`;
    const { timeoutMs } = target.http;
    if (outcome.reason === "timeout")
      throw new NotServing(
        `${where} does not answer within ${formatDuration(timeoutMs)}: limits.timeoutSeconds of the profile allows more`,
      );
    const { trouble } = target.http;
    if (trouble !== undefined && trouble !== NO_HTTP)
      throw new Refused(`${where} cannot be read: ${trouble} (is the address right?)`);
    if (breaks < BREAKS_MAX) continue;
    const other = baseUrl.startsWith("http:") ? ", or is it https://" : "";
    throw new NotServing(
      `${where} breaks the connection off, ${BREAKS_MAX} times of ${BREAKS_MAX}${trouble === undefined ? "" : ` (${trouble})`}: is the port right${other}?`,
    );
  }
}

function kindOf({ headers, json, text }: HttpAnswer): string {
  if (json !== undefined) return "JSON";
  if (text === "") return "an empty body";
  const type = headers.get("content-type");
  if (type === undefined) return "a body without a type";
  return /json/i.test(type) ? `what is called ${type} and cannot be parsed` : type;
}

async function measured(
  target: LiveTarget,
  path: string,
  account: IntroduceOptions["accounts"][number],
  options: IntroduceOptions,
): Promise<Pick<Introduction, "roundTripMs" | "clockAheadMs">> {
  const times: number[] = [];
  const aheads: number[] = [];
  const beganMs = performance.now();
  for (let nth = 0; nth < ROUND_TRIPS; nth++) {
    const startedMs = performance.now();
    if (times.length > 0 && startedMs - beganMs > MEASURED_MS_MAX) break;
    const answer = await asked(target, path, account, options);
    const tookMs = performance.now() - startedMs;
    times.push(tookMs);
    const toldMs = Date.parse(answer.headers.get("date") ?? "") + SECOND_MS / 2;
    if (!Number.isNaN(toldMs)) aheads.push(Math.round(toldMs - (Date.now() - tookMs / 2)));
  }
  const clockAheadMs = medianOf(aheads);
  return {
    roundTripMs: medianOf(times),
    clockAheadMs: Math.abs(clockAheadMs) < CLOCK_MS_MIN ? 0 : clockAheadMs,
  };
}

/** 0 of none. */
function medianOf(values: readonly number[]): number {
  return values.toSorted((left, right) => left - right)[Math.floor(values.length / 2)] ?? 0;
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
