/**
 * Owns the probes of If-Match itself: its forms, what is none, and what becomes of a write without it
 * [CON-1, CON-6, CON-7, CON-12].
 * Refuses to know what a stale write becomes.
 */

import { array, boolean, constantFrom, integer, record } from "fast-check";
import { jsonEqual } from "../../base/canonical-json.ts";
import { ENTITIES, type Entity } from "../../protocol/entity.ts";
import type { Desk } from "../desk.ts";
import { fieldsOf, patched } from "../expectations.ts";
import { created, idOf, stir, sure, untouched } from "../moves.ts";
import { defineProbe, type Script } from "../probe.ts";
import { each, fieldsFor, type SentFields } from "../values.ts";

const FORMS = ["bare", "quoted", "any"] as const;
const DAY_MS = 86_400_000;

export const current = defineProbe({
  id: "conflict/current",
  rules: ["CON-1", "CON-6", "CON-12"],
  text: "Updates on the current revision are applied one after the other, quoted or bare, whatever their timestamps say.",
  phases: [2],
  runs: 2,
  values: () =>
    record({
      // Contacts first: what goes wrong there is refused, and not merged.
      entities: each(ENTITIES),
      before: fieldsFor,
      firstAheadMs: integer({ min: -DAY_MS, max: DAY_MS }),
      writes: array(
        record({
          fields: fieldsFor,
          aheadMs: constantFrom(-1_000_000_000, -DAY_MS, -1, 0, 3_000, DAY_MS),
        }),
        { minLength: FORMS.length, maxLength: FORMS.length },
      ),
      ends: boolean(),
    }),
  *script(desk, { entities, ...past }) {
    for (const entity of entities) yield* isApplied(desk, entity, past);
  },
});

interface Past {
  readonly before: (entity: Entity) => SentFields;
  readonly firstAheadMs: number;
  readonly writes: readonly { readonly fields: (entity: Entity) => SentFields; readonly aheadMs: number }[];
  readonly ends: boolean;
}

/** A write in each form, one on top of the other. */
function* isApplied(desk: Desk, entity: Entity, { before, firstAheadMs, writes, ends }: Past): Script<void> {
  const phone = desk.actor("phone");
  const nowMs = yield* desk.targetNow();
  const headers = { timestamp: nowMs + firstAheadMs };
  let last = yield* created(desk, phone, entity, before(entity), headers);
  const id = idOf(last);
  let wanted = before(entity);
  // What others do to other records is nothing to this one.
  yield* created(desk, phone, entity, stir(desk, entity));
  for (const [at, { fields, aheadMs }] of writes.entries()) {
    const patch = { ...fields(entity), ...stir(desk, entity) };
    wanted = fieldsOf(patched(wanted, patch));
    const form = FORMS[at % FORMS.length] as (typeof FORMS)[number];
    const ifMatch = { quoted: `"${last.revision}"`, bare: last.revision, any: "*" }[form];
    const writer = desk.actor(at % 2 === 0 ? "tablet" : "phone");
    const ask = writer.update(entity, id, patch, { ifMatch, timestamp: nowMs + aheadMs });
    const rule = form === "bare" ? "CON-1" : "CON-6";
    last = yield* sure(desk, rule, ask, 200, `If-Match: ${ifMatch}, at a time ${aheadMs} ms from now`);
    yield* desk.expect("CON-12", jsonEqual(fieldsOf(last.record), wanted), {
      expected: `every field of a write that is not stale: ${JSON.stringify(wanted)}`,
      actual: JSON.stringify(fieldsOf(last.record)),
      because: `its timestamp was ${aheadMs} ms from now`,
    });
  }
  const read = yield* desk.send(phone.read(entity, id));
  yield* desk.expect("CON-1", jsonEqual(fieldsOf(read.record), wanted), {
    expected: JSON.stringify(wanted),
    actual: JSON.stringify(fieldsOf(read.record)),
  });
  if (!ends) return;
  const gone = phone.delete(entity, id, { ifMatch: `"${last.revision}"`, timestamp: nowMs - DAY_MS });
  yield* sure(desk, "CON-6", gone, 200);
}

/** What is no revision at all, in any pattern that a target may have. */
const NONSENSE = ['"nonsense"', "nonsense", '""', '"0"', "rev_", '"rev_12_ab"', "%00", '"*"x'] as const;

export const nonsense = defineProbe({
  id: "conflict/no-revision",
  rules: ["CON-6", "CON-4"],
  text: "A weak tag never matches, and what is no revision at all is refused, for updates and for deletions.",
  phases: [2],
  needs: ({ declared }) => (declared.mode === "enforce" ? undefined : "needs conflicts.mode: enforce"),
  runs: 2,
  values: () =>
    record({
      entity: constantFrom(...ENTITIES),
      nonsense: each(NONSENSE),
      deletes: boolean(),
    }),
  *script(desk, { entity, nonsense, deletes }) {
    const phone = desk.actor("phone");
    const made = yield* created(desk, phone, entity, stir(desk, entity));
    const id = idOf(made);
    const weak = `W/"${made.revision}"`;
    const tags = [weak, ...nonsense].filter((tag) => !desk.facts.revision.test(tag.replaceAll('"', "")));
    for (const ifMatch of tags) {
      // A weak tag is one that does not match: stale, which is 409 for a deletion, and for a contact.
      const isDeletion = deletes || (ifMatch === weak && entity !== "contact");
      const ask = isDeletion
        ? phone.delete(entity, id, { ifMatch })
        : phone.update(entity, id, stir(desk, entity), { ifMatch });
      const reply = yield* desk.send(ask);
      yield* desk.expect("CON-6", reply.status === 400 || reply.status === 409, {
        expected: `400 or 409 with If-Match: ${ifMatch}`,
        actual: `${ask.label}: ${reply.says}`,
      });
    }
    yield* untouched(desk, "CON-6", phone, entity, id, made.revision);
  },
});

export const unconditional = defineProbe({
  id: "conflict/unconditional",
  rules: ["CON-7", "CON-3"],
  text: "Without If-Match an update and a deletion are applied, or 428 where it is required.",
  phases: [2],
  runs: 2,
  values: () =>
    record({ entity: constantFrom(...ENTITIES), before: fieldsFor, deletions: each([false, true]) }),
  *script(desk, { entity, before, deletions }) {
    for (const deletes of deletions) yield* isBare(desk, entity, before(entity), deletes);
  },
});

function* isBare(desk: Desk, entity: Entity, before: SentFields, deletes: boolean): Script<void> {
  const { mode, ifMatch } = desk.facts.declared;
  const isRequired = ifMatch === "required" && mode !== "off";
  const phone = desk.actor("phone");
  const made = yield* created(desk, phone, entity, before);
  const id = idOf(made);
  const moved = yield* sure(
    desk,
    "CON-1",
    phone.update(entity, id, stir(desk, entity), { ifMatch: made.revision }),
    200,
  );
  const patch = stir(desk, entity);
  const bare = deletes ? phone.delete(entity, id) : phone.update(entity, id, patch);
  const reply = yield* sure(desk, "CON-7", bare, isRequired ? 428 : 200);
  if (isRequired) {
    yield* desk.expect("CON-7", reply.error === "precondition_required", {
      expected: "precondition_required",
      actual: reply.says,
    });
    yield* untouched(desk, "CON-3", phone, entity, id, moved.revision);
    return;
  }
  const read = yield* desk.send(phone.read(entity, id));
  const wanted = patched(fieldsOf(moved.record), patch);
  const isDone = deletes ? read.status === 404 : jsonEqual(fieldsOf(read.record), wanted);
  yield* desk.expect("CON-7", isDone, {
    expected: deletes ? `404 for ${id}, which was deleted` : JSON.stringify(wanted),
    actual: read.isOk ? JSON.stringify(fieldsOf(read.record)) : read.says,
  });
}
