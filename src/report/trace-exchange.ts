/**
 * Owns the words of a trace for what goes over the network: requests, answers, sockets, frames, pushes.
 * Refuses to know what else befalls a device (trace-tell.ts), and to lay lines out.
 */

import { assertNever } from "../base/assert.ts";
import type { FactOf, MutationResult, SentMutation } from "../history/facts.ts";
import type { Frame } from "../protocol/request.ts";
import type { TracedLife } from "./trace-life.ts";
import {
  ascii,
  mark,
  shortBytes,
  shortFields,
  shortId,
  shortKey,
  shortOffset,
  shortRecord,
  shortRevision,
  shortSpan,
} from "./trace-short.ts";

/** `→` left the device, `←` reached it, `?` may have happened, `*` happened on the server, a space: on the device. */
export type Direction = "→" | "←" | "?" | "*" | " ";

/** One line's own part. */
export interface Told {
  readonly direction: Direction;
  readonly verb: string;
  readonly text: string;
}

export function here(direction: Direction, verb: string, text: string): Told {
  return { direction, verb, text };
}

/** A request that leaves: a line, and one for each item of a batch. */
export function sent(life: TracedLife, fact: FactOf<"sent">): readonly Told[] {
  const { request, call, mutations, since, bytes, altered = [] } = fact;
  const tail = [shortBytes(bytes), ...altered.map((header) => `altered ${ascii(header)}`)].join(" ");
  const from = since === undefined ? "" : ` since @${shortRevision(since)}`;
  const [only] = mutations;
  if (call !== "batch" && only) {
    return [here("→", "send", `#${request} ${mutationText(life, only)} ${tail}`)];
  }
  const size = call === "batch" ? ` of ${mutations.length}` : "";
  const items = mutations.map((mutation) => here("→", "  item", mutationText(life, mutation)));
  return [here("→", "send", `#${request} ${call}${size}${from} ${tail}`), ...items];
}

/** `update task-0  1ycu4d~5 if @7571200.d`; after a rekey its payload too, as that may be another by now. */
function mutationText(life: TracedLife, mutation: SentMutation): string {
  const { operation, entity, id, key, ifMatch, ifMatchMutation, timestamp, payload } = mutation;
  const known = life.editOf(key);
  const offMs = known === undefined || timestamp === undefined ? 0 : timestamp - known.at;
  return [
    `${operation} ${shortRecord(entity, id)}  ${shortKey(key)}`,
    ifMatch === undefined ? "" : `if @${shortRevision(ifMatch)}`,
    ifMatchMutation === undefined ? "" : `if after ${shortKey(ifMatchMutation)}`,
    offMs === 0 ? "" : `stamp ${shortOffset(offMs)}`,
    known?.rekeyed && payload !== undefined ? `${mark(payload)} ${shortFields(payload)}` : "",
  ]
    .filter((part) => part !== "")
    .join(" ");
}

/** What a request was answered: a line, and one for each item of a batch. */
export function answered(life: TracedLife, fact: FactOf<"answered">): readonly Told[] {
  const { request, call, status, error, retryAfterMs, results, bytes, at } = fact;
  const asked = life.requests.get(request);
  const again = retryAfterMs === undefined ? "" : ` again after ${shortSpan(retryAfterMs)}`;
  const took = asked ? ` in ${shortSpan(at - asked.at)}` : "";
  const tail = `${again}${took} ${shortBytes(bytes)}`;
  const [only] = results;
  if (call !== "batch" && only) {
    return [here("←", "answer", `#${request} ${resultText(life, only)}${tail}`)];
  }
  const why = error === undefined ? "" : ` ${ascii(error)}`;
  const items = results.map((result) => here("←", "  item", resultText(life, result)));
  return [here("←", "answer", `#${request} ${status}${why} ${call}${tail}`), ...items];
}

function resultText(life: TracedLife, result: MutationResult): string {
  const { key, status, error, resolution, replayed, revision, record } = result;
  const known = life.editOf(key);
  return [
    String(status),
    error === undefined ? "" : ascii(error),
    known === undefined ? "" : `${shortRecord(known.entity, known.id)} `,
    shortKey(key),
    revision === undefined ? "" : `@${shortRevision(revision)}`,
    record ? mark(record) : "",
    resolution ?? "",
    replayed ? "replayed" : "",
  ]
    .filter((part) => part !== "")
    .join(" ");
}

/** Facts of the network that are one line each. */
export type ExchangeName =
  | "unanswered"
  | "connecting"
  | "connected"
  | "disconnected"
  | "severed"
  | "frame"
  | "pushed";

/** Any other fact of the network. */
export function exchange(life: TracedLife, fact: FactOf<ExchangeName>): Told {
  switch (fact.fact) {
    case "unanswered":
      return unanswered(life, fact);
    case "connecting": {
      const only = fact.entities === undefined ? "" : ` ${ascii(fact.entities.join(","))}`;
      return here("→", "connect", `socket ${fact.socket} since @${shortRevision(fact.since)}${only}`);
    }
    case "connected":
      return here("←", "connect", `socket ${fact.socket} is open${socketAge(life, fact)}`);
    case "disconnected":
      return here(" ", "hangup", `socket ${fact.socket} code ${fact.code}${socketAge(life, fact)}`);
    case "severed":
      return here("?", "severed", `socket ${fact.socket}: both ends believe in it, nothing passes`);
    case "frame":
      return frameTold(life, fact.frame, fact.bytes);
    case "pushed":
      return here("←", "push", `${fact.entity} @${shortRevision(fact.revision)}`);
    default:
      return assertNever(fact);
  }
}

function unanswered(life: TracedLife, fact: FactOf<"unanswered">): Told {
  const asked = life.requests.get(fact.request);
  const mutations = asked?.mutations ?? [];
  const waited = asked ? ` after ${shortSpan(fact.at - asked.at)}` : "";
  const carried = mutations.map(({ entity, id, key }) => ` ${shortRecord(entity, id)} ${shortKey(key)}`);
  const what = `#${fact.request} ${fact.call}${carried.join(",")}`;
  if (fact.why === "unreachable") return here(" ", "no way", `${what}: it did not leave the phone`);
  return here("?", "timeout", `${what}${waited}${mutations.length > 0 ? ": it may have taken effect" : ""}`);
}

function socketAge(life: TracedLife, fact: FactOf<"connected" | "disconnected">): string {
  const sinceMs = life.sockets.get(fact.socket);
  return sinceMs === undefined ? "" : ` after ${shortSpan(fact.at - sinceMs)}`;
}

function frameTold(life: TracedLife, frame: Frame, bytes: number): Told {
  switch (frame.type) {
    case "sync_event": {
      const { entity, id, action, revisionId, payload, origin } = frame;
      const mutation = origin?.mutationId;
      const isOwn = mutation !== undefined && life.keys.has(mutation);
      const by = isOwn ? ` own ${shortKey(mutation)}` : origin ? ` by ${shortId(origin.deviceId)}` : "";
      const data = payload ? ` ${mark(payload)}` : "";
      const record = `${shortRecord(entity, id)} @${shortRevision(revisionId)}${data}`;
      return here("←", "event", `${action} ${record}${by} ${shortBytes(bytes)}`);
    }
    case "ready":
      return here("←", "ready", `@${shortRevision(frame.revisionId)}`);
    case "checkpoint":
      return here("←", "checkpt", `@${shortRevision(frame.revisionId)}`);
    case "resync_required": {
      const { reason, revisionId, floorRevision } = frame;
      const text = `${reason}, head @${shortRevision(revisionId)} floor @${shortRevision(floorRevision)}`;
      return here("←", "resync", text);
    }
    default:
      return assertNever(frame);
  }
}
