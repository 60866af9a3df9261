/**
 * Owns the probes of revisions as an order of all changes of an account [REV-1, REV-5, REV-6, REV-8].
 * Refuses to know how they are made. What stands where in answers is a watch's.
 */

import { array, boolean, constantFrom, integer, record } from "fast-check";
import { DAY_MS, HOUR_MS } from "../../base/time.ts";
import { ENTITIES, type Entity } from "../../protocol/entity.ts";
import { hasPhase } from "../anatomy.ts";
import type { Desk } from "../desk.ts";
import { fieldsOf, instantOf } from "../expectations.ts";
import {
  changesSince,
  created,
  EVENT_MS_MAX,
  eventsUpToNow,
  framesOf,
  idOf,
  listening,
  stir,
  sure,
  traceless,
} from "../moves.ts";
import { defineProbe, type Script } from "../probe.ts";
import { type Loose, listOf, looseOf, type Reply, textOf } from "../reply.ts";
import { fieldsFor } from "../values.ts";

export const order = defineProbe({
  id: "revisions/order",
  rules: ["REV-3", "REV-5", "REV-6", "REV-9"],
  text: "Changes made one after the other, and together, have revisions of their own, in one order for log, delta and events.",
  phases: [1],
  runs: 3,
  values: () =>
    record({
      rounds: array(record({ entity: constantFrom(...ENTITIES), together: integer({ min: 1, max: 4 }) }), {
        minLength: 2,
        maxLength: 5,
      }),
      deletes: integer({ min: 0, max: 2 }),
      batch: integer({ min: 2, max: 4 }),
    }),
  *script(desk, { rounds, deletes, batch }) {
    const phone = desk.actor("phone");
    const start = yield* created(desk, phone, "task", { title: "start" });
    const socket = yield* listening(desk, phone);
    const answered: Reply[][] = [];
    for (const { entity, together } of rounds) {
      const asks = Array.from({ length: together }, (_, at) =>
        desk.actor(`w${at}`).create(entity, { id: desk.fresh("r"), ...stir(desk, entity) }),
      );
      const replies = yield* desk.atOnce(asks);
      for (const reply of replies)
        yield* desk.expect("REV-5", reply.status === 201, { expected: "201", actual: reply.says });
      answered.push([...replies]);
    }
    for (const [reply] of answered.slice(0, deletes)) {
      const entity = rounds[answered.findIndex((one) => one[0] === reply)]?.entity as Entity;
      const ask = phone.delete(entity, idOf(reply as Reply), { ifMatch: reply?.revision });
      answered.push([yield* sure(desk, "REV-5", ask, 200)]);
    }
    const inBatch = hasPhase(desk.facts, 3) ? yield* batched(desk, batch) : [];
    yield* areUnique(desk, [...answered.flat().map(({ revision = "none" }) => revision), ...inBatch]);
    if (desk.facts.ordered) yield* ascend(desk, answered);
    if (socket === undefined) return;
    const last = answered.at(-1)?.at(-1)?.revision;
    const isThere = (frames: readonly Loose[]) => frames.some(({ revisionId }) => revisionId === last);
    const view = yield* desk.watch(socket, (seen) => isThere(framesOf(seen, "sync_event")), EVENT_MS_MAX);
    const events = framesOf(view, "sync_event").filter(({ id }) => desk.owns(id));
    yield* isOneOrder(desk, phone, start.revision, events);
  },
});

/** Changes of one batch are changes like any other: the revisions that they got. */
function* batched(desk: Desk, count: number): Script<readonly string[]> {
  const mutations = Array.from({ length: Math.min(count, desk.facts.declared.mutationsMax) }, () => ({
    id: desk.fresh("m"),
    entity: "task",
    operation: "create",
    payload: { id: desk.fresh("t"), title: "in a batch" },
  }));
  const reply = yield* sure(desk, "REV-5", desk.actor("phone").batch(mutations), 200);
  const results = listOf(reply.body.results).map((one) => looseOf(looseOf(one).meta).revisionId);
  return results.map((revision) => textOf(revision) ?? "none");
}

function* areUnique(desk: Desk, revisions: readonly string[]): Script<void> {
  const seen = new Set<string>();
  for (const revision of revisions) {
    yield* desk.expect("REV-5", !seen.has(revision), {
      expected: "a new revision for each change",
      actual: `${revision} twice`,
    });
    seen.add(revision);
  }
}

/** What was answered before another was sent has the smaller revision. */
function* ascend(desk: Desk, rounds: readonly (readonly Reply[])[]): Script<void> {
  for (const [at, round] of rounds.entries()) {
    const before = rounds[at - 1] ?? [];
    for (const later of round)
      for (const earlier of before)
        yield* desk.expect("REV-6", (earlier.revision ?? "") < (later.revision ?? ""), {
          expected: `a revision after ${earlier.revision}, which was answered before: ${later.ask.label}`,
          actual: String(later.revision),
        });
  }
}

/** Events carry the revision of their payload, and the delta shows what they show in the same order. */
function* isOneOrder(
  desk: Desk,
  phone: Reply["ask"]["actor"],
  since: string | undefined,
  events: readonly Loose[],
): Script<void> {
  for (const { payload, revisionId, id } of events) {
    const own = (payload as Loose | null | undefined)?.revisionId;
    yield* desk.expect("REV-3", payload === null || own === revisionId, {
      expected: `the payload of ${id} at ${revisionId}`,
      actual: `at ${own}`,
    });
  }
  if (!hasPhase(desk.facts, 5)) return;
  const inDelta = (yield* changesSince(desk, phone, since)).map(({ revisionId }) => textOf(revisionId) ?? "");
  const inEvents = events.map(({ revisionId }) => textOf(revisionId) ?? "");
  const common = inEvents.filter((one, at) => inDelta.includes(one) && inEvents.indexOf(one) === at);
  const same = inDelta.filter((one) => inEvents.includes(one));
  yield* desk.expect("REV-6", common.join() === same.join(), {
    expected: `the delta in the order of the events: ${common.join(", ")}`,
    actual: same.join(", "),
  });
  if (!desk.facts.ordered) return;
  const at = inDelta.findIndex((one, index) => index > 0 && one < (inDelta[index - 1] as string));
  yield* desk.expect("REV-6", at < 0, {
    expected: "a delta in ascending order of revision",
    actual: `${inDelta[at - 1]} before ${inDelta[at]}`,
  });
}

export const readOwn = defineProbe({
  id: "revisions/read-own",
  rules: ["REV-9"],
  text: "After each write every read shows it, in whatever way it is read, and whoever answers.",
  phases: [1],
  runs: 2,
  values: () =>
    record({ entity: constantFrom(...ENTITIES), writes: integer({ min: 2, max: 4 }), ends: boolean() }),
  *script(desk, { entity, writes, ends }) {
    const phone = desk.actor("phone");
    const tablet = desk.actor("tablet");
    let last = yield* created(desk, phone, entity, stir(desk, entity));
    const id = idOf(last);
    for (let nth = 0; nth < writes; nth++) {
      // Reads of before may be kept somewhere.
      yield* desk.atOnce([phone.read(entity, id), tablet.read(entity, id), phone.list(entity)]);
      const headers = { ifMatch: last.revision };
      const isLast = ends && nth === writes - 1;
      const ask = isLast
        ? tablet.delete(entity, id, headers)
        : tablet.update(entity, id, stir(desk, entity), headers);
      last = yield* sure(desk, "API-1", ask, 200);
      for (const read of yield* desk.atOnce([phone.read(entity, id), tablet.read(entity, id)])) {
        const shows = isLast ? read.status === 404 : read.revision === last.revision;
        yield* desk.expect("REV-9", shows, {
          expected: isLast ? `404: ${id} was deleted` : `${id} at ${last.revision}`,
          actual: read.isOk ? String(read.revision) : read.says,
        });
      }
    }
  },
});

export const sameAgain = defineProbe({
  id: "revisions/same-again",
  rules: ["REV-8", "API-1"],
  text: "An update that changes no field is answered with the revision that there is, and makes no event and no change.",
  phases: [1],
  runs: 5,
  values: () =>
    record({
      entity: constantFrom(...ENTITIES),
      fields: fieldsFor,
      part: constantFrom("all", "none", "gone"),
    }),
  *script(desk, { entity, fields, part }) {
    const phone = desk.actor("phone");
    const sent = fields(entity);
    const made = yield* created(desk, phone, entity, sent);
    const id = idOf(made);
    const socket = yield* listening(desk, phone);
    const patch = { all: fieldsOf(made.record), none: {}, gone: { nickname: null } }[part];
    const headers = { ifMatch: made.revision };
    const reply = yield* sure(desk, "API-1", desk.actor("tablet").update(entity, id, patch, headers), 200);
    yield* desk.expect("REV-8", reply.revision === made.revision, {
      expected: `${made.revision}: nothing was changed by ${JSON.stringify(patch)}`,
      actual: String(reply.revision),
    });
    yield* traceless(desk, "REV-8", phone, id, made.revision);
    if (socket === undefined) return;
    const event = (yield* eventsUpToNow(desk, socket, phone)).find((one) => one.id === id);
    yield* desk.expect("REV-8", event === undefined, {
      expected: `no event of ${id}: nothing was changed`,
      actual: `${event?.action} at ${event?.revisionId}`,
    });
  },
});

export const commitTime = defineProbe({
  id: "revisions/commit-time",
  rules: ["REV-1"],
  text: "updatedAt is the time of the commit, whatever time the device says it is.",
  phases: [1],
  runs: 3,
  values: () => record({ entity: constantFrom(...ENTITIES), offDays: constantFrom(-3_000, -30, -2, 2, 400) }),
  *script(desk, { entity, offDays }) {
    const phone = desk.actor("phone");
    const before = yield* created(desk, phone, entity, stir(desk, entity));
    const nowMs = yield* desk.targetNow();
    const headers = { timestamp: nowMs + offDays * DAY_MS };
    const made = yield* created(desk, desk.actor("tablet"), entity, stir(desk, entity), headers);
    const apartMs = (instantOf(made.meta.updatedAt) ?? 0) - (instantOf(before.meta.updatedAt) ?? 0);
    yield* desk.expect("REV-1", Math.abs(apartMs) < HOUR_MS, {
      expected: "meta.updatedAt by the target's clock, as in the answer before",
      actual: `${before.meta.updatedAt}, then ${made.meta.updatedAt}`,
      because: `the device's clock was ${offDays} days off`,
    });
  },
});
