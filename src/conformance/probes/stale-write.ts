/**
 * Owns the probe of stale updates that must be refused [CON-2, CON-3, CON-11, MRG-1]: of contacts, and of every entity where
 * the client resolves.
 * Refuses to know merges: those of tasks and lists have probes of their own.
 */

import { boolean, constant, constantFrom, integer, record } from "fast-check";
import { jsonEqual } from "../../base/canonical-json.ts";
import { ENTITIES } from "../../protocol/entity.ts";
import { isWhole } from "../conflict-body.ts";
import { fieldsOf, patched } from "../expectations.ts";
import { created, eventsUpToNow, idOf, listening, stir, sure, untouched } from "../moves.ts";
import { defineProbe } from "../probe.ts";
import { each, fieldsFor } from "../values.ts";

/** On what a stale write may rest; one of them is no revision of the record at all. */
const BASES = ["first", "last but one", "another record's"] as const;

export const staleWrite = defineProbe({
  id: "conflict/stale-write",
  rules: ["CON-1", "CON-2", "CON-3", "CON-11"],
  text: "A stale update of a contact is 409 with both versions and no trace; sent again on currentRevision it is applied.",
  phases: [2],
  needs: ({ declared }) => (declared.mode === "enforce" ? undefined : "needs conflicts.mode: enforce"),
  runs: 3,
  values: ({ declared }) =>
    record({
      entity: constantFrom(...(declared.resolvedBy === "client" ? ENTITIES : (["contact"] as const))),
      before: fieldsFor,
      mine: fieldsFor,
      moves: integer({ min: 1, max: 3 }),
      bases: each(BASES),
      aheadMs: constantFrom(-3_600_000, 0, 4_000, 3_600_000),
      quoted: boolean(),
    }),
  *script(desk, { entity, before, mine, moves, bases, aheadMs, quoted }) {
    const phone = desk.actor("phone");
    const tablet = desk.actor("tablet");
    const made = yield* created(desk, phone, entity, before(entity));
    const id = idOf(made);
    const revisions = [made.revision];
    for (let nth = 0; nth < moves; nth++) {
      const ask = phone.update(entity, id, stir(desk, entity), { ifMatch: revisions.at(-1) });
      revisions.push((yield* sure(desk, "CON-1", ask, 200)).revision);
    }
    const stranger = yield* created(desk, phone, entity, before(entity));
    const current = revisions.at(-1);
    const known = {
      first: revisions[0],
      "last but one": revisions.at(-2),
      "another record's": stranger.revision,
    };
    const socket = yield* listening(desk, phone);
    const read = yield* desk.send(phone.read(entity, id));

    const patch = { ...mine(entity), ...stir(desk, entity) };
    const timestamp = (yield* desk.targetNow()) + aheadMs;
    let told = current ?? "";
    for (const base of bases) {
      const ifMatch = quoted ? `"${known[base]}"` : known[base];
      const stale = yield* desk.send(tablet.update(entity, id, patch, { ifMatch, timestamp }));
      const clash = { entity, code: "conflict", revision: current, server: read.record } as const;
      yield* isWhole(desk, "CON-2", stale, { ...clash, client: patch });
      told = String(stale.body.currentRevision);
    }
    yield* untouched(desk, "CON-3", phone, entity, id, current);
    if (socket !== undefined) {
      const event = (yield* eventsUpToNow(desk, socket, phone)).find((one) => one.id === id);
      yield* desk.expect("CON-3", event === undefined, {
        expected: `no event of ${id}: the write was refused`,
        actual: `${event?.action} at ${event?.revisionId}`,
      });
    }
    const again = tablet.update(entity, id, patch, { ifMatch: told });
    const applied = yield* sure(desk, "CON-11", again, 200, "nobody wrote since the 409");
    const wanted = fieldsOf(patched(fieldsOf(read.record), patch));
    yield* desk.expect("CON-1", jsonEqual(fieldsOf(applied.record), wanted), {
      expected: JSON.stringify(wanted),
      actual: JSON.stringify(fieldsOf(applied.record)),
    });
  },
});

export const onTheHead = defineProbe({
  id: "conflict/on-the-head",
  rules: ["CON-2", "CON-4"],
  text: "The log's head is no current revision of a record that another change came after: a write on it is stale.",
  phases: [2],
  needs: ({ declared }) => (declared.mode === "enforce" ? undefined : "needs conflicts.mode: enforce"),
  // Among other probes the head would be another one by the time that the write arrives.
  alone: true,
  runs: 1,
  values: () => record({ entity: constant("contact" as const) }),
  *script(desk, { entity }) {
    const phone = desk.actor("phone");
    const made = yield* created(desk, phone, entity, stir(desk, entity));
    const id = idOf(made);
    const patch = stir(desk, entity);
    for (const [rule, write] of [
      ["CON-2", (ifMatch: string) => phone.update(entity, id, patch, { ifMatch })],
      ["CON-4", (ifMatch: string) => phone.delete(entity, id, { ifMatch })],
    ] as const) {
      const { revision: head = "" } = yield* created(desk, phone, "task", { title: "newer" });
      yield* sure(desk, rule, write(head), 409, `${head} is that of another record, and the head`);
    }
    yield* untouched(desk, "CON-4", phone, entity, id, made.revision);
  },
});

export const contactApart = defineProbe({
  id: "conflict/contact-apart",
  rules: ["MRG-1", "CON-1"],
  text: "A stale update never changes a contact, not even in fields that nobody else touched.",
  phases: [2],
  needs: ({ declared }) => (declared.mode === "enforce" ? undefined : "needs conflicts.mode: enforce"),
  runs: 4,
  values: () =>
    record({
      before: fieldsFor,
      field: constantFrom("phone", "email", "notes", "nickname"),
      aheadMs: constantFrom(-1_000, 0, 1_000, 3_600_000),
    }),
  *script(desk, { before, field, aheadMs }) {
    const made = yield* created(desk, desk.actor("phone"), "contact", before("contact"));
    const id = idOf(made);
    const edit = desk.actor("phone").update(
      "contact",
      id,
      { name: desk.fresh("name") },
      {
        ifMatch: made.revision,
      },
    );
    const moved = yield* sure(desk, "CON-1", edit, 200);
    const headers = { ifMatch: made.revision, timestamp: (yield* desk.targetNow()) + aheadMs };
    const patch = { [field]: desk.fresh(field) };
    const stale = yield* desk.send(desk.actor("tablet").update("contact", id, patch, headers));
    const read = yield* untouched(desk, "MRG-1", desk.actor("phone"), "contact", id, moved.revision);
    yield* desk.expect("MRG-1", stale.status === 409 && jsonEqual(read.record, moved.record), {
      expected: `409, and ${JSON.stringify(moved.record)}`,
      actual: `${stale.says}, and ${JSON.stringify(read.record)}`,
    });
  },
});
