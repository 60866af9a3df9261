/**
 * Owns the probe of a write whose answer was lost, sent again under its key [CON-10].
 * Refuses to know more of idempotency than that: the family IDM has probes of its own.
 */

import { boolean, record } from "fast-check";
import { jsonEqual } from "../../base/canonical-json.ts";
import { SECOND_MS } from "../../base/time.ts";
import type { Entity } from "../../protocol/entity.ts";
import type { Actor, Ask } from "../actor.ts";
import { hasPhase } from "../anatomy.ts";
import type { Desk } from "../desk.ts";
import { changesSince, created, idOf, stir, sure } from "../moves.ts";
import { defineProbe, type Script } from "../probe.ts";
import type { Loose, Reply } from "../reply.ts";
import { each, fieldsFor, type SentFields } from "../values.ts";

export const lostAnswer = defineProbe({
  id: "conflict/lost-answer",
  rules: ["CON-10", "CON-1"],
  text: "A write that was applied gets its own answer again when it is retried, not a 409 against itself.",
  phases: [2],
  runs: 1,
  values: () => record({ cases: each(CASES), before: fieldsFor, turned: boolean() }),
  *script(desk, { cases, before, turned }) {
    yield* isDeletedAgain(desk, before);
    // Keys come with phase 3. Who has them before answers by them; who has not cannot tell a retry from a second write.
    if (!hasPhase(desk.facts, 3) && !(yield* knowsKeys(desk))) return;
    for (const [at, [entity, operation]] of cases.entries())
      yield* isAnsweredAgain(desk, entity, operation, before, (at % 2 === 0) === turned);
  },
});

/** What is already deleted is 200 again, and so is a retry without a key (section 3). */
function* isDeletedAgain(desk: Desk, before: (entity: Entity) => SentFields): Script<void> {
  const { mode, ifMatch } = desk.facts.declared;
  if (mode !== "off" && ifMatch === "required") return;
  const phone = desk.actor("phone");
  const made = yield* created(desk, phone, "contact", before("contact"));
  const first = yield* sure(desk, "CON-1", phone.delete("contact", idOf(made)), 200);
  const again = yield* desk.send(phone.delete("contact", idOf(made)));
  const isPruned =
    (yield* desk.now()) - first.answeredAtMs >= desk.facts.declared.retentionSeconds * SECOND_MS;
  if (isPruned && again.status === 404) return;
  yield* desk.expect("CON-10", again.status === 200 && again.revision === first.revision, {
    expected: `200 at ${first.revision}`,
    actual: `${again.says} at ${again.revision}`,
    because: `${first.ask.label} was sent twice`,
  });
}

/** Two creates under one key and without an id: one record where keys are remembered, else two. */
function* knowsKeys(desk: Desk): Script<boolean> {
  const ask = desk.actor("phone").create("contact", stir(desk, "contact"), { key: desk.fresh("key") });
  const first = yield* sure(desk, "API-1", ask, 201);
  const again = yield* desk.send(ask);
  return idOf(first) === idOf(again);
}

/** A contact's update comes first: only there a retry that is judged anew is surely refused. */
const CASES = [
  ["contact", "update"],
  ["task", "create"],
  ["contact", "delete"],
  ["list", "create"],
  ["task", "update"],
  ["list", "delete"],
] as const;

function* isAnsweredAgain(
  desk: Desk,
  entity: Entity,
  operation: (typeof CASES)[number][1],
  before: (entity: Entity) => SentFields,
  overtaken: boolean,
): Script<void> {
  const phone = desk.actor("phone");
  const made = yield* created(desk, phone, entity, before(entity));
  const ask = keyed(desk, phone, entity, made, operation);
  const first = yield* sure(desk, "CON-1", ask, operation === "create" ? 201 : 200);
  const id = operation === "create" ? idOf(first) : idOf(made);
  let last = first;
  if (overtaken && operation !== "delete") {
    const edit = desk.actor("tablet").update(entity, id, stir(desk, entity), { ifMatch: first.revision });
    last = yield* sure(desk, "CON-1", edit, 200);
  }
  const again = yield* desk.send(ask);
  const isSame = again.status === first.status && jsonEqual(again.answer.json, first.answer.json);
  yield* desk.expect("CON-10", isSame, {
    expected: `the answer of the first time: ${first.answer.text}`,
    actual: `${again.says}: ${again.answer.text}`,
    because: `${ask.label} was sent twice with the same key${overtaken ? ", and overtaken between" : ""}`,
  });
  const read = yield* desk.send(phone.read(entity, id));
  const stands = operation === "delete" ? read.status === 404 : read.revision === last.revision;
  yield* desk.expect("CON-10", stands, {
    expected: operation === "delete" ? "404" : `${id} at ${last.revision}: one effect`,
    actual: read.isOk ? String(read.revision) : read.says,
  });
  if (!hasPhase(desk.facts, 5) || operation !== "delete") return;
  const change = (yield* changesSince(desk, phone, made.revision)).find((one) => one.id === id);
  yield* desk.expect("CON-10", change?.revisionId === first.revision, {
    expected: `${id} deleted once, at ${first.revision}`,
    actual: String(change?.revisionId),
  });
}

function keyed(
  desk: Desk,
  phone: Actor,
  entity: Entity,
  made: Reply,
  operation: "create" | "update" | "delete",
): Ask {
  const fields: Loose = stir(desk, entity);
  const key = desk.fresh("key");
  const headers = { key, ifMatch: made.revision };
  switch (operation) {
    case "create":
      return phone.create(entity, { id: desk.fresh("c"), ...fields }, { key });
    case "update":
      return phone.update(entity, idOf(made), fields, headers);
    case "delete":
      return phone.delete(entity, idOf(made), headers);
  }
}
