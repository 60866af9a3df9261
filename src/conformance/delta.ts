/**
 * Owns the reading of deltas by a judge: pages asked for one by one, and folded into a state as a device does it.
 * Refuses to look at records that the run did not make: others may stand beside ours.
 */

import { SECOND_MS } from "../base/time.ts";
import type { RuleId } from "../protocol/rules/registry.ts";
import type { Actor, ChangesQuery } from "./actor.ts";
import { nameOf, type State } from "./chronicle.ts";
import type { Desk } from "./desk.ts";
import type { Script } from "./probe.ts";
import { type Loose, listOf, looseOf, type Reply, textOf } from "./reply.ts";

/** Pages that one delta may have: an account of others may be large, and a loop must end. */
const PAGES_MAX = 120;

/** One page, as far as it is ours. */
export interface Page {
  readonly reply: Reply;
  /** Of this run's records. */
  readonly changes: readonly Loose[];
  /** Of everybody's. */
  readonly length: number;
  readonly hasMore: boolean;
  readonly cursor: string | undefined;
  readonly currentRevision: string;
}

/** One page of a delta, which must be answered 200 and have its members. */
export function* pageOf(desk: Desk, actor: Actor, query: ChangesQuery, rule: RuleId): Script<Page> {
  const reply = yield* desk.send(actor.changes(query));
  // [DLT-13] what was the head longer ago than that may be pruned: this run was slow, and the target is right.
  if (reply.status === 410 && query.since !== undefined && mayBePruned(desk, reply.answeredAtMs))
    return yield* desk.discard(`its revisions are older than retention: ${reply.says}`);
  const { changes, hasMore, nextCursor, currentRevision } = reply.body;
  const isPage =
    Array.isArray(changes) && typeof hasMore === "boolean" && typeof currentRevision === "string";
  yield* desk.expect(rule, reply.status === 200 && isPage, {
    expected: "200 with changes, hasMore and currentRevision",
    actual: reply.isOk ? reply.answer.text.slice(0, 200) : reply.says,
    because: `${actor.name} asked for changes since ${query.since ?? "nothing"}`,
  });
  yield* desk.expect("DLT-4", hasMore === false || textOf(nextCursor) !== undefined, {
    expected: "nextCursor where hasMore is true",
    actual: JSON.stringify(nextCursor) ?? "none",
  });
  return readPage(desk, reply);
}

/** Whether a revision of this run may lie below the floor by now: its first exchange is longer ago than retention. */
export function mayBePruned(desk: Desk, nowMs: number): boolean {
  const [first] = desk.exchanges;
  const beganAtMs = first?.outcome.sentAtMs ?? nowMs;
  return nowMs - beganAtMs >= desk.facts.declared.retentionSeconds * SECOND_MS;
}

/** What an answer says as a page, whether it is a good one or not. */
export function readPage(desk: Desk, reply: Reply): Page {
  const { changes, hasMore, nextCursor, currentRevision } = reply.body;
  const all = listOf(changes).map(looseOf);
  return {
    reply,
    changes: all.filter(({ id }) => desk.owns(id)),
    length: all.length,
    hasMore: hasMore === true,
    cursor: textOf(nextCursor),
    currentRevision: textOf(currentRevision) ?? "",
  };
}

/** All pages; `between` runs after each page that says there are more. */
export function* pagesOf(
  desk: Desk,
  actor: Actor,
  query: ChangesQuery,
  rule: RuleId,
  between: (page: number) => Script<void> = nothing,
): Script<readonly Page[]> {
  const pages: Page[] = [];
  let cursor: string | undefined;
  for (let at = 0; at < PAGES_MAX; at++) {
    const page: Page = yield* pageOf(desk, actor, cursor === undefined ? query : { ...query, cursor }, rule);
    pages.push(page);
    if (!page.hasMore) return pages;
    cursor = page.cursor;
    yield* between(at);
  }
  return yield* desk.discard(`a delta of more than ${PAGES_MAX} pages`);
}

/** What a device has after it applied these pages to what it had: a later occurrence replaces an earlier one [DLT-1]. */
export function folded(before: State, pages: readonly Page[]): State {
  const state = new Map(before);
  for (const { changes } of pages) {
    for (const { entity, action, id, data } of changes) {
      if (action === "deleted") state.delete(nameOf(entity, id));
      else state.set(nameOf(entity, id), looseOf(data));
    }
  }
  return state;
}

/** The revision that the last page says is safe to go on from [DLT-5]. */
export function endOf(pages: readonly Page[]): string {
  return pages.at(-1)?.currentRevision ?? "";
}

function* nothing(): Script<void> {}
