/**
 * Owns the probes of items that rest on others: temporary ids, and `ifMatchMutation` [BAT-3, BAT-5, BAT-8].
 * Refuses to judge unknown mutations in mode off, where If-Match is ignored [FLG-2].
 */

import { boolean, constantFrom, record } from "fast-check";
import { ENTITIES, type Entity, REQUIRED_FIELD } from "../../protocol/entity.ts";
import type { RuleId } from "../../protocol/rules/registry.ts";
import { resultsOf, revisionOf, type Told } from "../answers.ts";
import type { Desk } from "../desk.ts";
import { created, idOf, stir } from "../moves.ts";
import { defineProbe, type Script } from "../probe.ts";
import { type Loose, looseOf } from "../reply.ts";

export const temporaryIds = defineProbe({
  id: "batch/temporary-id",
  rules: ["BAT-5"],
  text: "An update and a delete that name a create's mutation reach the record that it made, also in a later batch.",
  phases: [3],
  runs: 8,
  values: () =>
    record({ entity: constantFrom(...ENTITIES), later: boolean(), ends: boolean(), named: boolean() }),
  *script(desk, { entity, later, ends, named }) {
    const [first, second, third] = [desk.fresh("k"), desk.fresh("k"), desk.fresh("k")];
    const id = named ? { id: desk.fresh("b") } : {};
    const patch = stir(desk, entity);
    const create = { id: first, entity, operation: "create", payload: { ...id, ...stir(desk, entity) } };
    const on = { entity, recordId: first };
    const update = { ...on, id: second, operation: "update", payload: patch, ifMatchMutation: first };
    const end = { ...on, id: third, operation: "delete", ifMatchMutation: second };
    const rest = ends ? [update, end] : [update];
    const told = later
      ? [...(yield* sentAll(desk, [create])), ...(yield* sentAll(desk, rest))]
      : yield* sentAll(desk, [create, ...rest]);
    const [made, changed, ended] = told;
    yield* is(desk, "API-1", made, 201, "a create");
    const recordId = String(looseOf(made?.body.data).id);
    yield* is(desk, "BAT-5", changed, 200, `an update of ${first}, which made ${recordId}`);
    yield* desk.expect("BAT-5", looseOf(changed?.body.data).id === recordId, {
      expected: `the record ${recordId}`,
      actual: JSON.stringify(changed?.body.data),
    });
    if (ends) yield* is(desk, "BAT-5", ended, 200, `a delete of ${first}`);
    const read = yield* desk.send(desk.actor("tablet").read(entity, recordId));
    const isRight = ends
      ? read.status === 404
      : read.record[REQUIRED_FIELD[entity]] === patch[REQUIRED_FIELD[entity]];
    yield* desk.expect("BAT-5", isRight, {
      expected: ends ? "404: it was deleted by its temporary id" : JSON.stringify(patch),
      actual: read.isOk ? JSON.stringify(read.data) : read.says,
    });
  },
});

export const failedCreate = defineProbe({
  id: "batch/failed-create",
  rules: ["BAT-3", "BAT-5", "IDM-5"],
  text: "Items that rest on a create that failed are 424, those that do not go on; later they are carried out.",
  phases: [3],
  needs: ({ declared }) => (declared.mutationsMax >= 4 ? undefined : "needs batch.mutationsMax of 4 or more"),
  runs: 6,
  values: () =>
    record({
      entity: constantFrom(...ENTITIES),
      why: constantFrom("broken", "lives already"),
      ends: boolean(),
    }),
  *script(desk, { entity, why, ends }) {
    const phone = desk.actor("phone");
    const first = desk.fresh("k");
    const living = yield* created(desk, phone, entity, stir(desk, entity));
    const bad =
      why === "broken"
        ? { id: desk.fresh("b"), [REQUIRED_FIELD[entity]]: null }
        : { id: idOf(living), ...stir(desk, entity) };
    const create = { id: first, entity, operation: "create", payload: bad };
    const dependent = {
      id: desk.fresh("k"),
      entity,
      operation: ends ? "delete" : "update",
      recordId: first,
      ifMatch: "*",
      ...(ends ? {} : { payload: stir(desk, entity) }),
    };
    const payload = { id: desk.fresh("b"), ...stir(desk, entity) };
    const independent = { id: desk.fresh("k"), entity, operation: "create", payload };
    const [failed, orphan, other] = yield* sentAll(desk, [create, dependent, independent]);
    yield* is(desk, "BAT-3", failed, why === "broken" ? 400 : 409, `a create that is ${why}`);
    yield* is(desk, "BAT-5", orphan, 424, "an item that rests on it");
    yield* desk.expect("BAT-5", orphan?.error === "dependency_failed", {
      expected: "dependency_failed",
      actual: orphan?.says ?? "none",
    });
    yield* is(desk, "BAT-5", other, 201, "an independent item after it");
    const read = yield* desk.send(phone.read(entity, idOf(living)));
    yield* desk.expect("BAT-5", read.revision === living.revision, {
      expected: `${idOf(living)} untouched at ${living.revision}`,
      actual: read.isOk ? `at ${read.revision}` : read.says,
    });
    if (why === "lives already") {
      // A remembered failure is known in later batches too.
      const [later] = yield* sentAll(desk, [{ ...dependent, id: desk.fresh("k") }]);
      yield* is(desk, "BAT-5", later, 424, "an item of a later batch that rests on it");
      return;
    }
    // [IDM-5] neither 400 nor 424 binds a key: what was wrong is put right, and both are done.
    const good = { ...create, payload: { ...bad, ...stir(desk, entity) } };
    const [made, done] = yield* sentAll(desk, [good, dependent]);
    yield* is(desk, "IDM-5", made, 201, "the create, put right, under its key");
    yield* is(desk, "IDM-5", done, 200, "what rests on it, again");
  },
});

export const ifMatchMutation = defineProbe({
  id: "batch/if-match-mutation",
  rules: ["BAT-8"],
  text: "ifMatchMutation stands for the revision that its mutation ended with; a later writer makes it stale.",
  phases: [3],
  runs: 10,
  values: () =>
    record({
      entity: constantFrom(...ENTITIES),
      base: constantFrom("same batch", "former batch", "former call"),
      overtaken: boolean(),
      ends: boolean(),
    }),
  *script(desk, { entity, base, overtaken, ends }) {
    const phone = desk.actor("phone");
    const [first, second] = [desk.fresh("k"), desk.fresh("k")];
    const id = desk.fresh("b");
    const payload = { id, ...stir(desk, entity) };
    const create = { id: first, entity, operation: "create", payload };
    const change = {
      id: second,
      entity,
      operation: ends ? "delete" : "update",
      recordId: id,
      ifMatchMutation: first,
      ...(ends ? {} : { payload: stir(desk, entity) }),
    };
    if (base === "same batch") {
      const between = overtaken ? [overtaking(desk, entity, id, first)] : [];
      const told = yield* sentAll(desk, [create, ...between, change]);
      return yield* isJudged(desk, entity, told.at(-1), overtaken, ends);
    }
    if (base === "former batch") yield* sentAll(desk, [create]);
    else yield* desk.send(phone.create(entity, payload, { key: first }));
    if (overtaken) {
      const ask = desk.actor("tablet").update(entity, id, stir(desk, entity), { ifMatch: "*" });
      const reply = yield* desk.send(ask);
      if (!reply.isOk) return yield* desk.discard(`${ask.label}: answered ${reply.says}`);
    }
    const [told] = yield* sentAll(desk, [change]);
    yield* isJudged(desk, entity, told, overtaken, ends);
  },
});

export const ifMatchFailed = defineProbe({
  id: "batch/if-match-failed",
  rules: ["BAT-8"],
  text: "ifMatchMutation of a mutation that failed, or that nobody knows: 424, and nothing happens.",
  phases: [3],
  needs: ({ declared }) =>
    declared.mode === "off" ? "needs conflicts.mode: advisory or enforce, where If-Match counts" : undefined,
  runs: 6,
  values: () =>
    record({
      entity: constantFrom(...ENTITIES),
      why: constantFrom("failed", "unknown", "another account's"),
    }),
  *script(desk, { entity, why }) {
    const phone = desk.actor("phone");
    const made = yield* created(desk, phone, entity, stir(desk, entity));
    const first = desk.fresh("k");
    const failing = { id: first, entity, operation: "update", recordId: idOf(made), ifMatch: made.revision };
    const bad = { ...failing, payload: { [REQUIRED_FIELD[entity]]: null } };
    if (why === "another account's") {
      const stranger = desk.actor("stranger", 1);
      yield* desk.send(
        stranger.create(entity, { id: desk.fresh("s"), ...stir(desk, entity) }, { key: first }),
      );
    }
    const base = { entity, operation: "update", recordId: idOf(made), ifMatchMutation: first };
    const change = { ...base, id: desk.fresh("k"), payload: stir(desk, entity) };
    const told = yield* sentAll(desk, why === "failed" ? [bad, change] : [change]);
    yield* is(
      desk,
      "BAT-8",
      told.at(-1),
      424,
      `an item whose base ${why === "failed" ? "failed" : `is ${why}`}`,
    );
    const read = yield* desk.send(phone.read(entity, idOf(made)));
    yield* desk.expect("BAT-8", read.revision === made.revision, {
      expected: `${idOf(made)} untouched at ${made.revision}`,
      actual: read.isOk ? `at ${read.revision}` : read.says,
    });
  },
});

/** An update of somebody else's, which does not rest on the first. */
function overtaking(desk: Desk, entity: Entity, id: string, first: string): Loose {
  const payload = stir(desk, entity);
  return { id: desk.fresh("k"), entity, operation: "update", recordId: id, payload, ifMatchMutation: first };
}

/** [BAT-8] as If-Match with that revision is judged in this mode. */
function* isJudged(
  desk: Desk,
  entity: Entity,
  told: Told | undefined,
  overtaken: boolean,
  ends: boolean,
): Script<void> {
  const { mode, resolvedBy } = desk.facts.declared;
  const isRefused =
    overtaken && mode === "enforce" && (ends || entity === "contact" || resolvedBy === "client");
  // Whether a stale update of a task wins is a matter of stamps [MRG-3].
  const mayLose = overtaken && mode === "enforce" && entity === "task" && told?.status === 409;
  if (mayLose && !isRefused) return desk.exercise("BAT-8");
  const because = overtaken ? "somebody wrote after the mutation that it names" : "nobody wrote in between";
  yield* is(desk, "BAT-8", told, isRefused ? 409 : 200, `an item with ifMatchMutation: ${because}`);
  if (!overtaken || mode !== "advisory") return;
  yield* desk.expect("BAT-8", looseOf(told?.body.meta).conflict !== undefined, {
    expected: "meta.conflict: it is stale",
    actual: told?.says ?? "none",
  });
}

function* is(desk: Desk, rule: RuleId, told: Told | undefined, status: number, what: string): Script<void> {
  yield* desk.expect(rule, told?.status === status, {
    expected: `${status} for ${what}`,
    actual: told?.says ?? "no result",
    ...(told === undefined ? {} : { because: `its revision: ${revisionOf(told)}` }),
  });
}

function* sentAll(desk: Desk, items: readonly Loose[]): Script<readonly Told[]> {
  const reply = yield* desk.send(desk.actor("phone").batch(items));
  if (reply.status !== 200)
    return yield* desk.discard(`a batch of ${items.length} was answered ${reply.says}`);
  return resultsOf(reply);
}
