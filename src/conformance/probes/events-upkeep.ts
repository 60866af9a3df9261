/**
 * Owns the probes of sockets over time: pings, checkpoints, and readers that are too slow [EVT-10, EVT-11, EVT-17].
 * Refuses to demand a bound that nobody declares: a reader that catches up without a gap was not too slow.
 */

import { constant, constantFrom, record } from "fast-check";
import { SECOND_MS } from "../../base/time.ts";
import { COLLECTION_OF, ENTITIES } from "../../protocol/entity.ts";
import { hasPhase } from "../anatomy.ts";
import { beginning } from "../chronicle.ts";
import type { Desk } from "../desk.ts";
import { created, framesOf, idOf, stir, sure } from "../moves.ts";
import { defineProbe, type Script } from "../probe.ts";
import { listOf, looseOf, type Reply, textOf } from "../reply.ts";
import { arrives, becomesReady, toldOf } from "../stream.ts";
import type { SocketView } from "../target.ts";

const PING_MS = 30 * SECOND_MS;
const CHECKPOINT_MS = 60 * SECOND_MS;
/** Batches that a deaf reader is left behind by. */
const BATCHES_MIN = 20;
const CATCH_UP_MS = 20 * SECOND_MS;
/** Batches that hold fewer mutations are no faster than single writes. */
const BATCH_MIN = 5;
/** Single writes that a deaf reader is left behind by, and the bytes that they should have together. */
const WRITES_MAX = 64;
const UNREAD_BYTES = 8_000_000;
/** So much unread shows that nothing is dropped when a reader is behind. */
const UNREAD_BYTES_MIN = 1_000_000;

export const eventsPing = defineProbe({
  id: "events/ping",
  rules: ["EVT-11", "EVT-1"],
  text: "A ping comes within 30 s; a socket that does not answer is closed within 30 s more, one that does stays.",
  phases: [1],
  needs: ({ waitMsMax }) =>
    waitMsMax >= PING_MS
      ? undefined
      : "needs half a minute of waiting: allow waits of 30 s, or 60 s for all of it",
  runs: 1,
  values: () => record({ entity: constantFrom(...ENTITIES) }),
  *script(desk, { entity }) {
    const chronicle = yield* beginning(desk);
    const alive = yield* desk.open(desk.actor("watcher"));
    const mute = yield* desk.open(desk.actor("mute"));
    yield* becomesReady(desk, alive, "EVT-9");
    yield* desk.impair(mute, "mute");
    // What was pinged before was answered: the time counts from the first ping that is not.
    const answered = (yield* desk.watch(mute, () => true)).pings;
    for (const [socket, before] of [
      [alive, 0],
      [mute, answered],
    ] as const) {
      const isPinged = ({ pings, closeCode }: SocketView) => pings > before || closeCode !== undefined;
      const view = yield* desk.watch(socket, isPinged, PING_MS);
      yield* desk.expect("EVT-11", isPinged(view), {
        expected: "a ping within 30 s",
        actual: toldOf(view),
      });
    }
    if (desk.facts.waitMsMax < PING_MS) return;
    const view = yield* desk.watch(mute, () => false, PING_MS);
    yield* desk.expect("EVT-11", view.closeCode !== undefined, {
      expected: "a socket that answers no ping is closed within 30 s more",
      actual: "open still",
    });
    const mark = yield* chronicle.mark(entity);
    yield* arrives(desk, alive, mark);
  },
});

export const eventsCheckpoint = defineProbe({
  id: "events/checkpoint",
  rules: ["EVT-17", "EVT-6", "EVT-4"],
  text: "A filtered socket that saw nothing of a change is told the head within a minute, and can be resumed from it.",
  phases: [1],
  needs: ({ waitMsMax }) =>
    waitMsMax >= CHECKPOINT_MS ? undefined : "needs a minute of waiting: allow waits of 60 s",
  runs: 1,
  values: () =>
    record({ entity: constantFrom(...ENTITIES), other: constantFrom(...ENTITIES) }).filter(
      ({ entity, other }) => entity !== other,
    ),
  *script(desk, { entity, other }) {
    const chronicle = yield* beginning(desk);
    const filter = { entities: [COLLECTION_OF[entity]] };
    const socket = yield* desk.open(desk.actor("watcher"), filter);
    yield* becomesReady(desk, socket, "EVT-9");
    const unseen = yield* chronicle.mark(other);
    // A checkpoint, or an event of somebody's: either takes this reader past the change.
    const pastIn = (view: SocketView) =>
      [...framesOf(view, "checkpoint"), ...framesOf(view, "sync_event")]
        .flatMap(({ revisionId }) => textOf(revisionId) ?? [])
        .find((one) => !desk.facts.ordered || one >= unseen.revision);
    const view = yield* desk.watch(socket, (one) => pastIn(one) !== undefined, CHECKPOINT_MS);
    const past = pastIn(view);
    yield* desk.expect("EVT-17", past !== undefined, {
      expected: `a checkpoint at ${unseen.revision} or after, within a minute`,
      actual: toldOf(view),
    });
    const own = framesOf(view, "sync_event").find(({ id }) => desk.owns(id));
    yield* desk.expect("EVT-4", own === undefined, { expected: `only ${entity}`, actual: `${own?.id}` });
    const mark = yield* chronicle.mark(entity);
    const resumed = yield* desk.open(desk.actor("watcher"), { since: past, ...filter }, "EVT-8");
    yield* arrives(desk, resumed, mark, "EVT-6");
  },
});

export const eventsSlowReader = defineProbe({
  id: "events/slow-reader",
  rules: ["EVT-10"],
  text: "A reader that stops reading while much is written gets a prefix without gaps, and is closed or catches up.",
  phases: [1],
  // What it writes reaches the sockets of all others, and might be too much for them.
  alone: true,
  runs: 1,
  values: () => record({ entity: constant("contact" as const) }),
  *script(desk, { entity }) {
    const socket = yield* desk.open(desk.actor("watcher"));
    yield* becomesReady(desk, socket, "EVT-9");
    yield* desk.impair(socket, "deaf");
    const { revisions, bytes } = yield* muchWritten(desk);
    yield* desk.impair(socket, "hears");
    const last = revisions.at(-1);
    const isDone = (view: SocketView) =>
      framesOf(view, "sync_event").some(({ revisionId }) => revisionId === last);
    const view = yield* desk.watch(socket, isDone, CATCH_UP_MS);
    const told = framesOf(view, "sync_event").flatMap(({ revisionId }) => textOf(revisionId) ?? []);
    const ours = [...new Set(told.filter((one) => revisions.includes(one)))];
    const gap = ours.findIndex((one, at) => one !== revisions[at]);
    const finding = {
      expected: `a prefix without gaps: ${revisions[gap]}`,
      actual: `${ours[gap]}, after ${gap} ${entity} events`,
    };
    const isClosed = view.closeCode !== undefined;
    // A reader that is open and was sent all of it: nothing was dropped, if there was more than buffers take anyway.
    if (isClosed || bytes >= UNREAD_BYTES_MIN) desk.exercise("EVT-10");
    if (gap >= 0) yield* desk.expect("EVT-10", false, finding);
    if (isClosed || isDone(view)) return;
    yield* desk.expect("EVT-10", false, {
      expected: "closed, or sent all that was written",
      actual: `open, and sent ${ours.length} of ${revisions.length} events`,
    });
  },
});

/** What was written while somebody did not read: the revisions, and how many bytes the payloads have at least. */
interface Much {
  readonly revisions: readonly string[];
  readonly bytes: number;
}

/** One record changed very often: in batches as large as they may be, or by large writes where there are no batches. */
function* muchWritten(desk: Desk): Script<Much> {
  const made = yield* created(desk, desk.actor("phone"), "contact", { name: "much" });
  const isBatched = hasPhase(desk.facts, 3) && desk.facts.declared.mutationsMax >= BATCH_MIN;
  return isBatched ? yield* inBatches(desk, made) : yield* inWrites(desk, made);
}

function* inWrites(desk: Desk, made: Reply): Script<Much> {
  const room = Math.min(desk.facts.declared.bodyBytesMax, 1_000_000) / 2 - 400;
  const size = Math.max(0, Math.floor(room));
  const writes = Math.max(BATCHES_MIN, Math.min(WRITES_MAX, Math.ceil(UNREAD_BYTES / Math.max(1, size))));
  const notes = "x".repeat(size);
  const revisions = [made.revision ?? ""];
  for (let nth = 0; nth < writes; nth++) {
    const patch = { ...stir(desk, "contact"), notes };
    const ask = desk.actor("phone").update("contact", idOf(made), patch, { ifMatch: revisions.at(-1) });
    revisions.push((yield* sure(desk, "API-1", ask, 200)).revision ?? "");
  }
  return { revisions, bytes: writes * size };
}

function* inBatches(desk: Desk, made: Reply): Script<Much> {
  const { mutationsMax, bodyBytesMax } = desk.facts.declared;
  const phone = desk.actor("phone");
  const revisions = [made.revision ?? ""];
  const room = Math.floor(Math.min(bodyBytesMax, 1_000_000) / 2 / mutationsMax) - 400;
  const notes = "x".repeat(Math.max(0, Math.min(room, 100_000)));
  // Where bodies are small more of them make as much.
  const enough = Math.ceil(UNREAD_BYTES_MIN / Math.max(1, notes.length * mutationsMax));
  const batches = Math.max(BATCHES_MIN, Math.min(WRITES_MAX, enough));
  let ifMatch = made.revision;
  for (let batch = 0; batch < batches; batch++) {
    let before: string | undefined;
    const items = Array.from({ length: mutationsMax }, () => {
      const base = before === undefined ? { ifMatch } : { ifMatchMutation: before };
      const id = desk.fresh("k");
      before = id;
      const payload = { ...stir(desk, "contact"), notes };
      return { id, entity: "contact", operation: "update", recordId: idOf(made), payload, ...base };
    });
    const reply = yield* desk.send(phone.batch(items));
    for (const one of listOf(reply.body.results).map(looseOf)) {
      const revision = textOf(looseOf(one.meta).revisionId);
      if (one.status !== 200 || revision === undefined)
        return yield* desk.discard(`an update in a batch was answered ${one.status} ${one.error}`);
      revisions.push(revision);
      ifMatch = revision;
    }
  }
  return { revisions, bytes: (revisions.length - 1) * notes.length };
}
