/**
 * Owns the few words in which what a probe sent, and what came back, is told to people.
 * Refuses to lay anything out, and to hide secrets: whoever shows it does both.
 */

import type { Exchange } from "../conformance/desk.ts";
import { type Loose, looseOf, textOf } from "../conformance/reply.ts";
import type { SeenFrame } from "../conformance/target.ts";
import type { HeardFrames } from "../conformance/trial.ts";
import type { HeardSocket, ShownExchange } from "../report/conformance-result.ts";

type Short = (text: string | undefined) => string;

const FRAMES_MAX = 200;
const FRAME_CHARS_MAX = 120;

/** `phone creates contact c1 (201)` */
export function stepOf({ ask, outcome }: Exchange): string {
  const status = outcome.outcome === "answered" ? String(outcome.answer.status) : outcome.reason;
  return `${ask.actor.name} ${ask.label.trim()} (${status})`;
}

/** One exchange for a diagram: with the condition that it bears, and the revision that it came to. */
export function toldOf({ ask, outcome }: Exchange, short: Short): NonNullable<ShownExchange["told"]> {
  const ifMatch = ask.http.headers["if-match"];
  const condition = ifMatch === undefined ? "" : ` If-Match ${shortRevision(ifMatch)}`;
  const told = {
    by: ask.actor.name,
    does: `${shortRevision(short(ask.label.trim()))}${condition}`,
    sentAtMs: outcome.sentAtMs,
  };
  if (outcome.outcome === "indefinite") return told;
  const { status, json } = outcome.answer;
  const body = looseOf(json);
  const revision = textOf(looseOf(body.meta).revisionId) ?? textOf(body.currentRevisionId);
  const says = [
    String(status),
    textOf(body.error),
    revision === undefined ? undefined : shortRevision(revision),
  ];
  return {
    ...told,
    says: says.filter((word) => word !== undefined).join(" "),
    answeredAtMs: outcome.answeredAtMs,
  };
}

/**
 * `tablet updates c1 with If-Match …0a, but phone had moved it to …0b before (phone updates c1 was answered 200)`: of the
 * last request with a condition that was stale when it was sent; undefined: there is none.
 */
export function staleText(exchanges: readonly Exchange[]): string | undefined {
  const at = exchanges.findLastIndex(({ ask }) => ask.http.headers["if-match"] !== undefined);
  const stale = exchanges[at];
  if (stale === undefined) return undefined;
  const told = (stale.ask.http.headers["if-match"] ?? "").replaceAll('"', "");
  const id = decodeURIComponent(
    stale.ask.http.path
      .replace(/[?].*$/, "")
      .split("/")
      .at(-1) ?? "",
  );
  const mover = exchanges
    .slice(0, at)
    .findLast((one) => one.round < stale.round && moved(one, id) !== undefined);
  const now = mover && moved(mover, id);
  if (mover === undefined || now === undefined || now === told || told === "*") return undefined;
  const { ask, outcome } = mover;
  const status = outcome.outcome === "answered" ? outcome.answer.status : outcome.reason;
  return shortRevision(
    `${stale.ask.actor.name} ${stale.ask.label.trim()} with If-Match ${told}, but ${ask.actor.name} had moved it to ${now} before (${ask.label.trim()} was answered ${status})`,
  );
}

/** The revision that this exchange brought the record to; undefined: it changed another, or none. */
function moved({ ask, outcome }: Exchange, id: string): string | undefined {
  if (outcome.outcome === "indefinite" || ask.http.method === "GET") return undefined;
  const { status, json } = outcome.answer;
  const body = looseOf(json);
  const isIts = looseOf(body.data).id === id || ask.http.path.split("/").at(-1) === encodeURIComponent(id);
  return status < 300 && isIts ? textOf(looseOf(body.meta).revisionId) : undefined;
}

/** What a socket brought, a few words a frame. */
export function heardOf(
  { by, path, frames, closeCode }: HeardFrames,
  runId: string,
  short: Short,
): HeardSocket {
  // Others may write meanwhile, other probes of this run among them.
  const mine = frames.filter(({ json }) => idOf(looseOf(json))?.startsWith(`${runId}-`) ?? true);
  const told = mine.slice(0, FRAMES_MAX).map((frame) => short(frameWords(frame)));
  const rest = mine.length - told.length;
  return {
    by,
    path: shortRevision(short(path)),
    frames: rest > 0 ? [...told, `${rest} more`] : told,
    ...(closeCode === undefined ? {} : { closeCode }),
  };
}

/** `created h1 …00007h`; a frame that is no event by its type. */
function frameWords({ json, text }: SeenFrame): string {
  const frame = looseOf(json);
  const type = textOf(frame.type);
  if (type === undefined) return text.slice(0, FRAME_CHARS_MAX);
  const revision = textOf(frame.revisionId) ?? textOf(frame.currentRevision);
  const words = [
    type === "sync_event" ? (textOf(frame.action) ?? type) : type,
    textOf(frame.entity),
    idOf(frame),
    revision === undefined ? undefined : shortRevision(revision),
  ];
  return words.filter((word) => word !== undefined).join(" ");
}

function idOf(frame: Loose): string | undefined {
  return textOf(frame.id) ?? textOf(frame.recordId) ?? textOf(looseOf(frame.data).id);
}

/** `rev_1795390915_00007z` is `…00007z`: within one run the rest is the same, or nearly. */
export function shortRevision(text: string): string {
  return text.replaceAll(/rev_\d+_(?=[0-9a-z]{6})/g, "…");
}
