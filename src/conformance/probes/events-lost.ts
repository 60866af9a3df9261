/**
 * Owns the probes of revisions that no stream can be resumed from, and of the longest replay [EVT-5, EVT-8].
 * Refuses to know reasons: which of the three is told is the target's word.
 */

import { constantFrom, record } from "fast-check";
import { ENTITIES } from "../../protocol/entity.ts";
import { hasPhase } from "../anatomy.ts";
import { beginning, type Chronicle, movesOf } from "../chronicle.ts";
import type { Desk, Subscription } from "../desk.ts";
import { framesOf, stir } from "../moves.ts";
import { defineProbe, type Script } from "../probe.ts";
import { listOf, looseOf, textOf } from "../reply.ts";
import { foreignRevision, malformedFor, strangersTo } from "../strangers.ts";
import { arrives, becomesReady, judgeEvents, toldOf } from "../stream.ts";
import type { SocketView, TargetFacts } from "../target.ts";

const REASONS = ["revision_expired", "revision_unknown", "too_far_behind"];
/** Requests that a probe of the longest replay may cost. */
const COST_MAX = 40;

export const eventsUnknown = defineProbe({
  id: "events/unknown-revision",
  rules: ["EVT-8"],
  text: "A revision that the log never had, or that is none: resync_required with head and floor, ready, then live.",
  phases: [1],
  runs: 1,
  values: (facts) =>
    record({
      moves: movesOf(1, 4),
      entity: constantFrom(...ENTITIES),
      none: constantFrom(...malformedFor(facts)),
    }),
  *script(desk, { moves, entity, none }) {
    const chronicle = yield* beginning(desk);
    yield* chronicle.play(moves);
    const foreign = yield* foreignRevision(desk, entity);
    const strangers = strangersTo(desk.facts, chronicle.last);
    for (const since of [none, ...strangers, ...(foreign === undefined ? [] : [foreign])]) {
      const socket = yield* desk.open(desk.actor("watcher"), { since }, "EVT-8");
      yield* mustResync(desk, socket, since);
      const mark = yield* chronicle.mark(entity);
      yield* arrives(desk, socket, mark, "EVT-8");
      yield* desk.close(socket);
    }
  },
});

export const eventsFloor = defineProbe({
  id: "events/floor",
  rules: ["EVT-8", "DLT-9"],
  text: "From the floor itself the stream is replayed in full, and the delta is 200.",
  phases: [1],
  runs: 2,
  values: () => record({ moves: movesOf(2, 5) }),
  *script(desk, { moves }) {
    const chronicle = yield* beginning(desk);
    yield* chronicle.play(moves);
    const floor = yield* floorOf(desk);
    if (floor === undefined) return yield* desk.discard("nothing tells the floor");
    const watcher = desk.actor("watcher");
    const delta = hasPhase(desk.facts, 5) ? yield* desk.send(watcher.changes({ since: floor })) : undefined;
    const socket = yield* desk.open(watcher, { since: floor }, "EVT-8");
    const view = yield* becomesReady(desk, socket, "EVT-8");
    // It may have risen since it was told.
    if ((yield* floorOf(desk)) !== floor) return;
    if (delta !== undefined)
      yield* desk.expect("DLT-9", delta.status === 200, {
        expected: `200 from the floor, ${floor}`,
        actual: delta.says,
      });
    const [resync] = framesOf(view, "resync_required");
    if (resync?.reason === "too_far_behind") return;
    yield* desk.expect("EVT-8", resync === undefined, {
      expected: `a full replay from the floor, ${floor}`,
      actual: `resync_required: ${resync?.reason}`,
    });
    yield* judgeEvents(desk, view, { commits: chronicle.commits, missing: "EVT-8", extra: "EVT-3" });
  },
});

export const eventsReplayMax = defineProbe({
  id: "events/replay-max",
  rules: ["EVT-5", "EVT-8"],
  text: "As many events as replayMax are replayed; one more is a full replay or resync_required, never a part.",
  phases: [1],
  needs: whyNoReplayMax,
  runs: 1,
  values: () => record({ entity: constantFrom(...ENTITIES) }),
  *script(desk, { entity }) {
    const replayMax = desk.facts.declared.replayMax ?? 0;
    const chronicle = yield* beginning(desk);
    const first = yield* chronicle.mark(entity);
    const revisions = yield* many(desk, chronicle, replayMax);
    for (const [since, wanted] of [
      [first.revision, revisions],
      [chronicle.start, [first.revision, ...revisions]],
    ] as const) {
      const socket = yield* desk.open(desk.actor("watcher"), { since }, "EVT-8");
      const view = yield* becomesReady(desk, socket, "EVT-5");
      const told = framesOf(view, "sync_event").map(({ revisionId }) => String(revisionId));
      const [resync] = framesOf(view, "resync_required");
      const missing = wanted.find((revision) => !told.includes(revision));
      const count = yield* countSince(desk, since);
      const mayResync = count > replayMax || wanted.length > replayMax;
      yield* desk.expect(
        mayResync ? "EVT-8" : "EVT-5",
        missing === undefined || (mayResync && resync !== undefined),
        {
          expected: `all ${wanted.length} events after ${since}${mayResync ? ", or resync_required" : ""}`,
          actual: resync === undefined ? `not that of ${missing}` : `resync_required: ${resync.reason}`,
          because: `events.replayMax is ${replayMax}`,
        },
      );
      yield* desk.close(socket);
    }
  },
});

/** [EVT-8] resync_required before anything of the past, with the head and the floor, then ready. */
export function* mustResync(desk: Desk, socket: Subscription, since: string): Script<SocketView> {
  const view = yield* becomesReady(desk, socket, "EVT-8");
  const at = view.frames.findIndex(({ json }) => looseOf(json).type === "resync_required");
  const readyAt = view.frames.findIndex(({ json }) => looseOf(json).type === "ready");
  const { reason, revisionId, floorRevision } = looseOf(view.frames[at]?.json);
  const isWhole = textOf(revisionId) !== undefined && textOf(floorRevision) !== undefined;
  const isFirst = at >= 0 && at < readyAt && isWhole && REASONS.includes(String(reason));
  yield* desk.expect("EVT-8", isFirst, {
    expected: `resync_required for ${since}, with reason, revisionId and floorRevision, then ready`,
    actual: at < 0 ? toldOf(view) : (view.frames[at]?.text ?? ""),
  });
  const early = framesOf({ frames: view.frames.slice(0, readyAt) }, "sync_event").find(({ id }) =>
    desk.owns(id),
  );
  yield* desk.expect("EVT-8", early === undefined, {
    expected: "no partial replay",
    actual: `an event of ${early?.id} before ready`,
  });
  return view;
}

/** The floor, from capabilities; where they have no word of deltas, from a stream that cannot be resumed. */
export function* floorOf(desk: Desk): Script<string | undefined> {
  const reply = yield* desk.send(desk.actor("phone").capabilities());
  const told = textOf(looseOf(reply.record.delta).floorRevision);
  if (told !== undefined || hasPhase(desk.facts, 5)) return told;
  const socket = yield* desk.open(desk.actor("watcher"), { since: "none" }, "EVT-8");
  const view = yield* becomesReady(desk, socket, "EVT-8");
  yield* desk.close(socket);
  return textOf(framesOf(view, "resync_required")[0]?.floorRevision);
}

/** How many events the log has after a revision at least, others' among them. */
function* countSince(desk: Desk, since: string): Script<number> {
  if (!hasPhase(desk.facts, 5)) return Number.POSITIVE_INFINITY;
  const head = (yield* desk.send(desk.actor("phone").capabilities())).revision;
  const reply = yield* desk.send(
    desk.actor("phone").changes({ since, limit: desk.facts.declared.deltaLimitMax }),
  );
  const isOurs = listOf(reply.body.changes).every((one) => desk.owns(looseOf(one).id));
  return isOurs && reply.body.currentRevision === head ? 0 : Number.POSITIVE_INFINITY;
}

/** So many commits: one record, changed in batches whose items each rest on the one before, or by single writes. */
function* many(desk: Desk, chronicle: Chronicle, count: number): Script<readonly string[]> {
  if (!hasPhase(desk.facts, 3)) {
    const revisions: string[] = [];
    while (revisions.length < count) revisions.push((yield* chronicle.mark("contact")).revision);
    return revisions;
  }
  const { mutationsMax } = desk.facts.declared;
  const made = yield* chronicle.mark("contact");
  const revisions = [made.revision];
  let ifMatch = made.revision;
  while (revisions.length < count) {
    const items: unknown[] = [];
    let before: string | undefined;
    for (let at = 0; at < Math.min(mutationsMax, count - revisions.length); at++) {
      const id = desk.fresh("k");
      const base = before === undefined ? { ifMatch } : { ifMatchMutation: before };
      items.push({
        id,
        entity: "contact",
        operation: "update",
        recordId: made.id,
        payload: stir(desk, "contact"),
        ...base,
      });
      before = id;
    }
    const reply = yield* desk.send(desk.actor("phone").batch(items));
    if (!reply.isOk) return yield* desk.discard(`a batch of ${items.length} was answered ${reply.says}`);
    for (const one of listOf(reply.body.results).map(looseOf)) {
      const revision = textOf(looseOf(one.meta).revisionId);
      if (one.status !== 200 || revision === undefined)
        return yield* desk.discard(`an update in a batch was answered ${one.status} ${one.error}`);
      revisions.push(revision);
      ifMatch = revision;
    }
  }
  return revisions;
}

function whyNoReplayMax(facts: TargetFacts): string | undefined {
  const { replayMax, mutationsMax } = facts.declared;
  if (replayMax === undefined) return "needs events.replayMax to be declared";
  const cost = hasPhase(facts, 3) ? Math.ceil(replayMax / Math.max(1, mutationsMax)) : replayMax;
  if (cost > COST_MAX) return `needs a smaller events.replayMax: ${replayMax} commits take ${cost} requests`;
  return undefined;
}
