/**
 * Owns the probes of resumption: from every revision of a history, and while others write [EVT-2, EVT-5, EVT-6].
 * Refuses to accept a replay of states for one of changes: each commit has its event.
 */

import { boolean, constantFrom, integer, record, subarray } from "fast-check";
import { jsonEqual } from "../../base/canonical-json.ts";
import { COLLECTION_OF, ENTITIES, type Entity } from "../../protocol/entity.ts";
import { hasPhase } from "../anatomy.ts";
import { beginning, type Chronicle, movesOf, nameOf, type State } from "../chronicle.ts";
import { endOf, folded, pagesOf } from "../delta.ts";
import type { Desk } from "../desk.ts";
import { framesOf } from "../moves.ts";
import { defineProbe, type Script } from "../probe.ts";
import { type Loose, listOf, looseOf, type Reply, textOf } from "../reply.ts";
import { becomesReady, isNotPruned, judgeEvents, settles, toldOf } from "../stream.ts";
import type { SocketView } from "../target.ts";

const LIST_PAGES_MAX = 40;

export const eventsResume = defineProbe({
  id: "events/resume",
  rules: ["EVT-1", "EVT-2", "EVT-4", "EVT-5", "EVT-6", "EVT-7"],
  text: "From every revision of a history the events after it come in order, then ready, then what is live.",
  phases: [1],
  runs: 3,
  values: () => record({ moves: movesOf(4, 7), entities: subarray([...ENTITIES], { minLength: 1 }) }),
  *script(desk, { moves, entities }) {
    const chronicle = yield* beginning(desk);
    yield* chronicle.play(moves);
    const isFiltered = entities.length < ENTITIES.length;
    const filter = isFiltered ? { entities: entities.map((entity) => COLLECTION_OF[entity]) } : {};
    const isWanted = ({ entity }: { readonly entity: Entity }) => entities.includes(entity);
    for (const [length, since] of chronicle.revisions.entries()) {
      const commits = chronicle.commits.slice(length).filter(isWanted);
      const socket = yield* desk.open(desk.actor("watcher"), { since, ...filter }, "EVT-8");
      const view = yield* becomesReady(desk, socket, "EVT-5");
      const at = view.frames.findIndex(({ json }) => looseOf(json).type === "ready");
      const replay = { ...view, frames: view.frames.slice(0, at) };
      const because = `resumed from ${since};`;
      yield* isNoResync(desk, view, since);
      yield* judgeEvents(desk, replay, {
        commits,
        missing: "EVT-5",
        extra: "EVT-5",
        entities: isFiltered ? entities : undefined,
        because,
      });
      // One of them stays open for what comes live.
      if (length === Math.floor(chronicle.commits.length / 2)) {
        yield* settles(desk, socket, chronicle, entities[0] as Entity, () => ({
          commits: chronicle.commits.slice(length).filter(isWanted),
          missing: "EVT-6",
          extra: "EVT-3",
          entities: isFiltered ? entities : undefined,
          because,
        }));
      }
      yield* desk.close(socket, length % 2 === 0 ? "cleanly" : "abruptly");
    }
  },
});

export const eventsNoGap = defineProbe({
  id: "events/no-gap",
  rules: ["EVT-6", "EVT-2", "EVT-7"],
  text: "A listing or delta, and the stream resumed from its revision, give everything that is written all the while.",
  phases: [1],
  runs: 4,
  values: () =>
    record({
      before: movesOf(2, 6),
      during: movesOf(1, 3),
      meanwhile: movesOf(1, 3),
      after: movesOf(1, 4),
      by: constantFrom("listing", "pages", "delta"),
      entity: constantFrom(...ENTITIES),
      limit: integer({ min: 1, max: 2 }),
      straight: boolean(),
    }),
  *script(desk, { before, during, meanwhile, after, by, entity, limit, straight }) {
    const chronicle = yield* beginning(desk);
    yield* chronicle.play(before);
    const written = [...during];
    const interfere = function* (): Script<void> {
      const move = written.shift();
      if (move !== undefined) yield* chronicle.play([move]);
    };
    const isDelta = by === "delta" && hasPhase(desk.facts, 5);
    const seen = isDelta
      ? yield* byDelta(desk, chronicle, limit, interfere)
      : yield* byListing(desk, entity, by === "pages" ? limit + 1 : undefined, interfere);
    yield* chronicle.play(meanwhile);
    const entities = isDelta ? {} : { entities: [COLLECTION_OF[entity]] };
    const socket = yield* desk.open(desk.actor("watcher"), { since: seen.revision, ...entities }, "EVT-8");
    // Straight after the upgrade, while the replay is under way; or when it is over.
    if (!straight) yield* becomesReady(desk, socket, "EVT-5");
    yield* chronicle.play(after);
    const mark = yield* chronicle.mark(entity);
    const isThere = (view: SocketView) => framesOf(view, "sync_event").some(({ id }) => id === mark.id);
    const view = yield* desk.watch(socket, isThere, 2_000);
    yield* isNotPruned(desk, view);
    yield* desk.expect("EVT-6", isThere(view), {
      expected: `the event of ${mark.id}, which was written last`,
      actual: toldOf(view),
    });
    yield* agrees(desk, chronicle, seen, view, isDelta ? undefined : entity);
  },
});

interface Seen {
  readonly state: State;
  /** Where the stream goes on from. */
  readonly revision: string;
}

function* byDelta(
  desk: Desk,
  chronicle: Chronicle,
  limit: number,
  interfere: () => Script<void>,
): Script<Seen> {
  const query = { since: chronicle.start, limit };
  const pages = yield* pagesOf(desk, desk.actor("watcher"), query, "DLT-5", interfere);
  return { state: folded(new Map(), pages), revision: endOf(pages) };
}

/** A listing, whole or by pages: the head of the first page is the one to sync from (section 3). */
function* byListing(
  desk: Desk,
  entity: Entity,
  limit: number | undefined,
  interfere: () => Script<void>,
): Script<Seen> {
  const watcher = desk.actor("watcher");
  const state = new Map<string, Loose>();
  let revision: string | undefined;
  let cursor: string | undefined;
  for (let page = 0; page < LIST_PAGES_MAX; page++) {
    const query = { ...(limit === undefined ? {} : { limit }), ...(cursor === undefined ? {} : { cursor }) };
    const reply: Reply = yield* desk.send(watcher.list(entity, query));
    revision ??= reply.revision;
    for (const one of listOf(reply.data).map(looseOf))
      if (desk.owns(one.id)) state.set(nameOf(entity, one.id), one);
    cursor = textOf(reply.meta.nextCursor);
    if (limit === undefined || reply.meta.hasMore !== true || cursor === undefined) {
      if (revision === undefined) return yield* desk.discard("a listing does not tell the head");
      return { state, revision };
    }
    yield* interfere();
  }
  return yield* desk.discard(`a listing of more than ${LIST_PAGES_MAX} pages`);
}

/** What was seen, with the events applied in their order, is what is there. */
function* agrees(
  desk: Desk,
  chronicle: Chronicle,
  { state, revision }: Seen,
  view: SocketView,
  entity: Entity | undefined,
): Script<void> {
  const result = new Map(state);
  const events = framesOf(view, "sync_event").filter(({ id }) => desk.owns(id));
  for (const event of events) {
    const name = nameOf(event.entity, event.id);
    if (event.payload === null) result.delete(name);
    else result.set(name, looseOf(event.payload));
  }
  const wanted = [...chronicle.stateAfter()].filter(
    ([name]) => entity === undefined || name.startsWith(`${entity} `),
  );
  const because = `from ${revision} on: ${toldOf(view)}`;
  const names = new Set([...result.keys(), ...wanted.map(([name]) => name)]);
  const current = new Map(wanted);
  const wrong = [...names].find((name) => !jsonEqual(result.get(name), current.get(name)));
  yield* desk.expect("EVT-6", wrong === undefined, {
    expected: `${wrong} at ${current.get(wrong ?? "")?.revisionId ?? "its deletion"}`,
    actual: `at ${result.get(wrong ?? "")?.revisionId ?? "its deletion"}`,
    because,
  });
  const length = chronicle.lengthAt(revision);
  if (length === undefined) return;
  const commits = chronicle.commits
    .slice(length)
    .filter((one) => entity === undefined || one.entity === entity);
  yield* judgeEvents(desk, view, { commits, missing: "EVT-6", extra: "EVT-5", because });
}

function* isNoResync(desk: Desk, view: SocketView, since: string): Script<void> {
  yield* isNotPruned(desk, view);
  const [resync] = framesOf(view, "resync_required");
  yield* desk.expect("EVT-5", resync === undefined, {
    expected: `the events after ${since}, which the log has`,
    actual: `resync_required: ${resync?.reason}`,
  });
}
