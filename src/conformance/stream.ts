/**
 * Owns the judging of a socket's frames against the commits of a history: which events must be there, in which order,
 * and what each must say [EVT-1 to EVT-5, EVT-7].
 * Refuses to look at events of records that the run did not make.
 */

import { jsonEqual } from "../base/canonical-json.ts";
import type { Entity } from "../protocol/entity.ts";
import { CLOSE } from "../protocol/request.ts";
import type { RuleId } from "../protocol/rules/registry.ts";
import type { Chronicle, Commit } from "./chronicle.ts";
import { mayBePruned } from "./delta.ts";
import type { Desk, Subscription } from "./desk.ts";
import { EVENT_MS_MAX, framesOf } from "./moves.ts";
import type { Script } from "./probe.ts";
import { type Loose, looseOf, textOf } from "./reply.ts";
import type { SocketView } from "./target.ts";

/** Commits that a socket must have been sent, and what is broken where it was not. */
export interface Wanted {
  readonly commits: readonly Commit[];
  /** Broken where one is missing. */
  readonly missing: RuleId;
  /** Broken where there is one that should not be: before `since`, or of what never was committed. */
  readonly extra: RuleId;
  /** What was subscribed to [EVT-4]; undefined: all. */
  readonly entities?: readonly Entity[] | undefined;
  readonly because?: string;
}

/** Waits for `ready`; false when the socket was closed or nothing came. */
export function* becomesReady(desk: Desk, socket: Subscription, rule: RuleId): Script<SocketView> {
  const isReady = (view: SocketView) => framesOf(view, "ready").length > 0;
  const view = yield* desk.watch(socket, isReady, EVENT_MS_MAX);
  if (!isReady(view)) yield* isNotTooSlow(desk, view);
  const revision = framesOf(view, "ready")[0]?.revisionId;
  yield* desk.expect(rule, textOf(revision) !== undefined, {
    expected: "ready, with a revisionId",
    actual: toldOf(view),
  });
  return view;
}

/** Waits until the event of a commit is there [EVT-1]. */
export function* arrives(
  desk: Desk,
  socket: Subscription,
  { revision, id }: Commit,
  rule: RuleId = "EVT-1",
): Script<SocketView> {
  const isThere = (view: SocketView) =>
    framesOf(view, "sync_event").some((one) => one.revisionId === revision);
  const view = yield* desk.watch(socket, isThere, EVENT_MS_MAX);
  if (!isThere(view)) yield* isNotTooSlow(desk, view);
  yield* desk.expect(rule, isThere(view), {
    expected: `the event of ${id} at ${revision} within ${EVENT_MS_MAX} ms`,
    actual: toldOf(view),
  });
  return view;
}

/** Writes one more record of an entity, waits for its event, and judges all that came. */
export function* settles(
  desk: Desk,
  socket: Subscription,
  chronicle: Chronicle,
  entity: Entity,
  wantedOf: () => Wanted,
): Script<SocketView> {
  const mark = yield* chronicle.mark(entity);
  const wanted = wantedOf();
  const view = yield* arrives(desk, socket, mark, wanted.missing);
  yield* judgeEvents(desk, view, wanted);
  return view;
}

/** Judges the events of our records that a socket was sent. Call it when the event of the last one is there. */
export function* judgeEvents(desk: Desk, view: SocketView, wanted: Wanted): Script<void> {
  const { commits, missing, extra } = wanted;
  yield* isNotPruned(desk, view);
  const events = framesOf(view, "sync_event").filter(({ id }) => desk.owns(id));
  const because = `${wanted.because ?? ""} sent: ${events.map(briefly).join(", ")}`;
  const known = new Map(commits.map((commit) => [commit.revision, commit] as const));
  const other = events.find(({ entity }) => wanted.entities?.includes(entity as Entity) === false);
  if (wanted.entities !== undefined)
    yield* desk.expect("EVT-4", other === undefined, {
      expected: `only events of ${wanted.entities.join(", ")}`,
      actual: other === undefined ? "" : briefly(other),
      because,
    });
  const odd = events.find(({ revisionId }) => !known.has(String(revisionId)));
  yield* desk.expect(extra, odd === undefined, {
    expected: `no event but those of ${commits.map(({ revision }) => revision).join(", ")}`,
    actual: odd === undefined ? "" : briefly(odd),
    because,
  });
  // The same once more is a double; another one with that revision is no commit's.
  const bent = events.find((event) =>
    events.some((one) => one.revisionId === event.revisionId && !jsonEqual(one, event)),
  );
  yield* desk.expect(extra, bent === undefined, {
    expected: "one event of each revision",
    actual: bent === undefined ? "" : `${briefly(bent)}, and another one that differs`,
    because,
  });
  const revisions = [...new Set(events.map(({ revisionId }) => String(revisionId)))];
  const lost = commits.find(({ revision }) => !revisions.includes(revision));
  yield* desk.expect(missing, lost === undefined, {
    expected: `the event of ${lost?.action} ${lost?.id} at ${lost?.revision}`,
    actual: "left out, and later ones came",
    because,
  });
  const swapped = commits.findIndex(({ revision }, at) => revisions[at] !== revision);
  yield* desk.expect("EVT-2", swapped < 0, {
    expected: `events in the order of the log: ${commits[swapped]?.revision}`,
    actual: `${revisions[swapped]}`,
    because,
  });
  for (const event of events) yield* judgeEvent(desk, event, known.get(String(event.revisionId)));
  yield* desk.expect("EVT-7", events.length === revisions.length, {
    expected: "nothing twice on one socket",
    actual: `${events.length} events of ${revisions.length} changes`,
    because,
  });
}

/** [EVT-10] a reader that could not keep up may be closed with 1013: on a busy machine that may have been ours. */
function* isNotTooSlow(desk: Desk, { closeCode }: SocketView): Script<void> {
  if (closeCode === CLOSE.overloaded) yield* desk.discard("a socket was closed with 1013, as too slow");
}

/** Changes that the probes beside this one may have committed meanwhile, in the same account. */
const BESIDE_MAX = 1_000;

/**
 * Ends a run whose resumption was refused by right: so slow that its revision may be pruned [DLT-13, EVT-8], or
 * with more changes after it than the target says it replays.
 */
export function* isNotPruned(desk: Desk, { frames }: SocketView): Script<void> {
  const resync = frames.find(({ json }) => looseOf(json).type === "resync_required");
  if (resync === undefined) return;
  const { reason } = looseOf(resync.json);
  const { replayMax = Number.POSITIVE_INFINITY } = desk.facts.declared;
  if (reason === "too_far_behind" && replayMax < BESIDE_MAX)
    yield* desk.discard(`more than events.replayMax (${replayMax}) changes came after its revision`);
  if (reason === "revision_expired" && mayBePruned(desk, resync.atMs))
    yield* desk.discard("its revisions are older than retention");
}

/** [EVT-1] each event came within 2 s of its commit, which was before the answer to it. */
export function* arePrompt(desk: Desk, view: SocketView, commits: readonly Commit[]): Script<void> {
  for (const { json, atMs } of view.frames) {
    const commit = commits.find(({ revision }) => revision === looseOf(json).revisionId);
    if (commit === undefined || looseOf(json).type !== "sync_event") continue;
    const lateMs = atMs - commit.answeredAtMs;
    yield* desk.expect("EVT-1", lateMs <= EVENT_MS_MAX + desk.facts.patienceMs, {
      expected: `the event of ${commit.id} within ${EVENT_MS_MAX} ms`,
      actual: `${lateMs} ms after the write was answered`,
    });
  }
}

function* judgeEvent(desk: Desk, event: Loose, commit: Commit | undefined): Script<void> {
  if (commit === undefined) return;
  const { entity, id, action, record, deviceId, key } = commit;
  const isNamed = event.entity === entity && event.id === id && event.action === action;
  yield* desk.expect("EVT-1", isNamed, {
    expected: `${action} ${entity} ${id}`,
    actual: `${event.action} ${event.entity} ${event.id}`,
  });
  const isWhole = record === null ? event.payload === null : jsonEqual(event.payload, record);
  yield* desk.expect("EVT-1", isWhole, {
    expected: `the payload of ${id} at ${commit.revision}: ${JSON.stringify(record)}`,
    actual: JSON.stringify(event.payload) ?? "none",
  });
  const origin = looseOf(event.origin);
  if (deviceId === undefined) return;
  // The mutation's id may be left out; one that stands there is the right one.
  const isRight = origin.deviceId === deviceId && (origin.mutationId ?? key) === key;
  yield* desk.expect("EVT-1", isRight, {
    expected: `origin ${deviceId}, ${key ?? "no mutation"}`,
    actual: JSON.stringify(event.origin) ?? "no origin",
  });
}

/** What a socket was sent, for people. */
export function toldOf({ frames, closeCode }: SocketView): string {
  const last = frames.slice(-5).map(({ json, text }) => {
    const frame = looseOf(json);
    return frame.type === "sync_event" ? briefly(frame) : text.slice(0, 80);
  });
  const end = closeCode === undefined ? "" : `, then closed with ${closeCode}`;
  return `${frames.length} frames${last.length === 0 ? "" : `, at last ${last.join(", ")}`}${end}`;
}

function briefly({ action, id, revisionId }: Loose): string {
  return `${action} ${id} ${revisionId}`;
}
