/**
 * Owns the probe of stale deletions [CON-4].
 * Refuses to know how a target decides: it looks at the answer, and at what a read then shows.
 */

import { constantFrom, record } from "fast-check";
import { ENTITIES } from "../../protocol/entity.ts";
import { defineProbe } from "../probe.ts";
import { fieldsFor } from "../values.ts";

export const staleDelete = defineProbe({
  id: "conflict/stale-delete",
  rules: ["CON-4", "CON-3"],
  text: "A delete with the revision before the last one is 409 for every entity, and the record stays as it was.",
  phases: [2],
  needs: ({ declared }) => (declared.mode === "enforce" ? undefined : "needs conflicts.mode: enforce"),
  runs: 4,
  values: () => record({ entity: constantFrom(...ENTITIES), before: fieldsFor, after: fieldsFor }),
  *script(desk, { entity, before, after }) {
    const phone = desk.actor("phone");
    const tablet = desk.actor("tablet");
    const made = yield* desk.made(phone, entity, before(entity));
    const id = String(made.record.id);
    const changed = yield* desk.send(phone.update(entity, id, after(entity), { ifMatch: made.revision }));
    if (changed.revision === made.revision) return;
    const stale = yield* desk.send(tablet.delete(entity, id, { ifMatch: made.revision }));
    yield* desk.expect("CON-4", stale.status === 409 && stale.error === "conflict", {
      expected: "409 conflict",
      actual: stale.says,
      because: `tablet deleted ${id} with If-Match ${made.revision} after phone had moved it to ${changed.revision}`,
    });
    const read = yield* desk.send(tablet.read(entity, id));
    yield* desk.expect("CON-3", read.status === 200 && read.revision === changed.revision, {
      expected: `${id} unchanged at ${changed.revision}`,
      actual: read.isOk ? `at ${read.revision}` : read.says,
    });
  },
});
