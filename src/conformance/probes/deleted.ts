/**
 * Owns the probes of records that were deleted: what an update of one becomes [CON-8], and the id made again [CON-9].
 * Refuses to know tombstones.
 */

import { constantFrom, record } from "fast-check";
import { jsonEqual } from "../../base/canonical-json.ts";
import { SECOND_MS } from "../../base/time.ts";
import { ENTITIES, type Entity } from "../../protocol/entity.ts";
import { hasPhase } from "../anatomy.ts";
import { isWhole } from "../conflict-body.ts";
import type { Desk } from "../desk.ts";
import { fieldsOf } from "../expectations.ts";
import { changesSince, created, eventsUpToNow, idOf, listening, stir, sure } from "../moves.ts";
import { defineProbe, type Script } from "../probe.ts";
import { looseOf, type Reply } from "../reply.ts";
import { fieldsFor } from "../values.ts";

export const updateDeleted = defineProbe({
  id: "conflict/update-deleted",
  rules: ["CON-8", "CON-11", "CON-3"],
  text: "An update to a deleted record is 409 with deleted: true when If-Match is there, else 404, and never revives it.",
  phases: [2],
  runs: 3,
  values: () =>
    record({
      entity: constantFrom(...ENTITIES),
      fields: fieldsFor,
    }),
  *script(desk, { entity, fields }) {
    const phone = desk.actor("phone");
    const made = yield* created(desk, phone, entity, fields(entity));
    const id = idOf(made);
    const edit = phone.update(entity, id, stir(desk, entity), { ifMatch: made.revision });
    const moved = yield* sure(desk, "CON-1", edit, 200);
    const gone = yield* sure(desk, "CON-1", phone.delete(entity, id, { ifMatch: moved.revision }), 200);
    for (const ifMatch of [
      made.revision,
      moved.revision,
      gone.revision,
      `"${moved.revision}"`,
      "*",
      undefined,
    ])
      yield* isRefused(desk, entity, id, gone, ifMatch);
    const read = yield* desk.send(phone.read(entity, id));
    yield* desk.expect("CON-8", read.status === 404, {
      expected: `404: ${id} is not brought back to life`,
      actual: read.says,
    });
    if (!hasPhase(desk.facts, 5)) return;
    const change = (yield* changesSince(desk, phone, moved.revision)).find((one) => one.id === id);
    yield* desk.expect("CON-8", change?.action === "deleted" && change.revisionId === gone.revision, {
      expected: `${id} deleted at ${gone.revision} in the delta`,
      actual: JSON.stringify(change),
    });
  },
});

function* isRefused(
  desk: Desk,
  entity: Entity,
  id: string,
  gone: Reply,
  ifMatch: string | undefined,
): Script<void> {
  const { mode, retentionSeconds } = desk.facts.declared;
  const client = stir(desk, entity);
  const reply = yield* desk.send(desk.actor("tablet").update(entity, id, client, { ifMatch }));
  // Once the tombstone is pruned nobody knows that there was a record.
  const isPruned = (yield* desk.now()) - gone.answeredAtMs >= retentionSeconds * SECOND_MS;
  if (ifMatch === undefined || mode === "off" || (isPruned && reply.status === 404)) {
    yield* desk.expect("CON-8", reply.status === 404, { expected: "404", actual: reply.says });
    return;
  }
  const clash = { entity, code: "conflict", revision: gone.revision, server: null, client } as const;
  yield* isWhole(desk, "CON-8", reply, clash);
}

export const madeAgain = defineProbe({
  id: "conflict/made-again",
  rules: ["CON-9", "CON-2", "CON-4"],
  text: "An id that was deleted is made again as a new record, alive for reads, lists, deltas and sockets, without its past.",
  phases: [2],
  runs: 3,
  values: () => record({ entity: constantFrom(...ENTITIES), before: fieldsFor, after: fieldsFor }),
  *script(desk, { entity, before, after }) {
    const phone = desk.actor("phone");
    const made = yield* created(desk, phone, entity, { ...before(entity), notes: "of the first life" });
    const id = idOf(made);
    const socket = yield* listening(desk, phone);
    const gone = yield* sure(desk, "CON-1", phone.delete(entity, id, { ifMatch: made.revision }), 200);
    const ask = desk.actor("tablet").create(entity, { id, ...after(entity) });
    const again = yield* sure(desk, "CON-9", ask, 201, `${id} was deleted before`);
    yield* isNew(desk, again, after(entity), [made.revision, gone.revision]);
    yield* isNew(desk, yield* desk.send(phone.read(entity, id)), after(entity), [made.revision]);
    for (const since of hasPhase(desk.facts, 5) ? [undefined, made.revision, gone.revision] : []) {
      const changes = (yield* changesSince(desk, phone, since)).filter((one) => one.id === id);
      const last = changes.at(-1);
      yield* desk.expect(
        "CON-9",
        last?.action !== "deleted" && jsonEqual(fieldsOf(last?.data), after(entity)),
        {
          expected: `${id} alive in the changes since ${since ?? "the beginning"}`,
          actual: JSON.stringify(last),
        },
      );
    }
    if (socket !== undefined) {
      const event = (yield* eventsUpToNow(desk, socket, phone)).filter((one) => one.id === id).at(-1);
      yield* desk.expect("CON-9", jsonEqual(fieldsOf(looseOf(event).payload), after(entity)), {
        expected: `the last event of ${id} shows it alive`,
        actual: JSON.stringify(event),
      });
    }
    yield* knowsItsPast(desk, entity, made, again);
  },
});

function* isNew(
  desk: Desk,
  reply: Reply,
  fields: object,
  former: readonly (string | undefined)[],
): Script<void> {
  const isFresh = reply.isOk && !former.includes(reply.revision);
  yield* desk.expect("CON-9", isFresh && jsonEqual(fieldsOf(reply.record), fields), {
    expected: `a new record, with ${JSON.stringify(fields)} alone`,
    actual: reply.isOk ? `${reply.revision} with ${JSON.stringify(fieldsOf(reply.record))}` : reply.says,
  });
}

/** A revision of the first life is stale in the second. */
function* knowsItsPast(desk: Desk, entity: Entity, made: Reply, again: Reply): Script<void> {
  if (desk.facts.declared.mode !== "enforce") return;
  const tablet = desk.actor("tablet");
  const id = idOf(made);
  const headers = { ifMatch: made.revision };
  yield* sure(
    desk,
    "CON-4",
    tablet.delete(entity, id, headers),
    409,
    `${made.revision} is of its first life`,
  );
  if (entity === "contact")
    yield* sure(desk, "CON-2", tablet.update(entity, id, stir(desk, entity), headers), 409);
  const read = yield* desk.send(tablet.read(entity, id));
  yield* desk.expect("CON-9", read.revision === again.revision, {
    expected: `${id} at ${again.revision}`,
    actual: read.isOk ? String(read.revision) : read.says,
  });
}
