/**
 * Owns the moves that many probes are made of: a call that must succeed, the changes since a revision, the events up to
 * a sentinel, and proof that nothing happened.
 * Refuses to name rules by itself: the probe says what is broken when a move fails.
 */

import { jsonEqual } from "../base/canonical-json.ts";
import { type Entity, REQUIRED_FIELD } from "../protocol/entity.ts";
import type { RuleId } from "../protocol/rules/registry.ts";
import type { Actor, Ask, MutationHeaders } from "./actor.ts";
import { hasPhase } from "./anatomy.ts";
import type { Desk, Subscription } from "./desk.ts";
import type { Script } from "./probe.ts";
import { type Loose, listOf, looseOf, type Reply, textOf } from "./reply.ts";
import type { SeenFrame, SocketView } from "./target.ts";

const PAGES_MAX = 200;
/** [EVT-1] how long a change may take to become an event. */
export const EVENT_MS_MAX = 2_000;

/** Sends what must be answered with this status; `because` tells people how it came to this. */
export function* sure(desk: Desk, rule: RuleId, ask: Ask, status: number, because?: string): Script<Reply> {
  const reply = yield* desk.send(ask);
  yield* desk.expect(rule, reply.status === status, {
    expected: `${ask.label}: ${status}`,
    actual: reply.says,
    ...(because === undefined ? {} : { because }),
  });
  return reply;
}

/** A record that somebody made, with the headers that the probe chose. */
export function* created(
  desk: Desk,
  actor: Actor,
  entity: Entity,
  fields: Loose,
  headers: MutationHeaders = {},
): Script<Reply> {
  const body = { id: desk.fresh(entity.slice(0, 1)), ...fields };
  return yield* sure(desk, "API-1", actor.create(entity, body, headers), 201);
}

/** A patch that surely changes a record: its required field gets a text that nobody used. */
export function stir(desk: Desk, entity: Entity): Loose {
  return { [REQUIRED_FIELD[entity]]: desk.fresh("text") };
}

/** The id that a reply's record has; empty where there is none. */
export function idOf(reply: Reply): string {
  return textOf(reply.record.id) ?? "";
}

/** The changes of this run's records after a revision, all pages of them in the order in which they came. */
export function* changesSince(desk: Desk, actor: Actor, since: string | undefined): Script<readonly Loose[]> {
  const changes: Loose[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < PAGES_MAX; page++) {
    const reply: Reply = yield* desk.send(actor.changes({ since, cursor }));
    if (!reply.isOk) return yield* desk.discard(`the delta was answered ${reply.says}`);
    changes.push(...listOf(reply.body.changes).map(looseOf));
    cursor = textOf(reply.body.nextCursor);
    if (reply.body.hasMore !== true || cursor === undefined) return changes.filter(({ id }) => desk.owns(id));
  }
  return yield* desk.discard("the delta has too many pages");
}

/** Insists that a record stands as it was at this revision: in a read, and in the changes since. */
export function* untouched(
  desk: Desk,
  rule: RuleId,
  actor: Actor,
  entity: Entity,
  id: string,
  revision: string | undefined,
): Script<Reply> {
  const read = yield* desk.send(actor.read(entity, id));
  yield* desk.expect(rule, read.status === 200 && read.revision === revision, {
    expected: `${id} unchanged at ${revision}`,
    actual: read.isOk ? `at ${read.revision}` : read.says,
  });
  yield* traceless(desk, rule, actor, id, revision);
  return read;
}

/** Insists that no change of this record came after a revision, where the target has deltas. */
export function* traceless(
  desk: Desk,
  rule: RuleId,
  actor: Actor,
  id: string,
  since: string | undefined,
): Script<void> {
  if (!hasPhase(desk.facts, 5) || since === undefined) return;
  const change = (yield* changesSince(desk, actor, since)).find((one) => one.id === id);
  // What stands at `since` itself is told although nothing happened: the delta is wrong, and not what was done.
  if (change?.revisionId === since)
    yield* desk.expect("DLT-1", false, {
      expected: `the changes after ${since}, itself not among them`,
      actual: `${change.action} ${id} at ${since}`,
    });
  yield* desk.expect(rule, change === undefined, {
    expected: `no change of ${id} since ${since}`,
    actual: `${change?.action} at ${change?.revisionId}`,
  });
}

/** A socket for all entities that is live; undefined where the target has none. */
export function* listening(desk: Desk, actor: Actor): Script<Subscription | undefined> {
  if (!hasPhase(desk.facts, 1)) return undefined;
  const socket = yield* desk.open(actor);
  yield* desk.watch(socket, (view) => framesOf(view, "ready").length > 0, EVENT_MS_MAX);
  return socket;
}

/**
 * Writes a record, waits for its event, and gives back the events of this run's records before it: order tells that
 * nothing else came between [EVT-2].
 */
export function* eventsUpToNow(desk: Desk, socket: Subscription, actor: Actor): Script<readonly Loose[]> {
  const sentinel = idOf(yield* created(desk, actor, "task", { title: "sentinel" }));
  const isThere = (view: SocketView) => framesOf(view, "sync_event").some(({ id }) => id === sentinel);
  const view = yield* desk.watch(socket, isThere, EVENT_MS_MAX);
  if (!isThere(view)) return yield* desk.discard("the event of a plain write did not come");
  const events = framesOf(view, "sync_event");
  const end = events.findIndex(({ id }) => id === sentinel);
  return events.slice(0, end).filter(({ id }) => desk.owns(id));
}

/** The frames of one type that a socket was sent. */
export function framesOf(
  { frames }: { readonly frames: readonly SeenFrame[] },
  type: string,
): readonly Loose[] {
  return frames.map(({ json }) => looseOf(json)).filter((frame) => frame.type === type);
}

/** Insists that the last event and the delta show the record just as this read does [MRG-8]. */
export function* sameEverywhere(
  desk: Desk,
  rule: RuleId,
  read: Reply,
  since: string | undefined,
  socket: Subscription | undefined,
): Script<void> {
  const id = idOf(read);
  const { actor } = read.ask;
  const wanted = { expected: `${id} as the read shows it: ${JSON.stringify(read.record)}` };
  if (hasPhase(desk.facts, 5) && since !== undefined && since !== read.revision) {
    const change = (yield* changesSince(desk, actor, since)).find((one) => one.id === id);
    const actual = `in the delta: ${JSON.stringify(change?.data)}`;
    yield* desk.expect(rule, jsonEqual(change?.data, read.record), { ...wanted, actual });
  }
  if (socket === undefined) return;
  const event = (yield* eventsUpToNow(desk, socket, actor)).filter((one) => one.id === id).at(-1);
  if (event === undefined) return;
  const actual = `in its last event: ${JSON.stringify(event.payload)}`;
  yield* desk.expect(rule, jsonEqual(event.payload, read.record), { ...wanted, actual });
}
