/**
 * Owns the probes of what a key remembers: refusals that are kept, and those that leave the key free [IDM-5, IDM-8, IDM-9].
 * Refuses to know how long: that is the probe of age.
 */

import { boolean, constantFrom, integer, record } from "fast-check";
import { ENTITIES, type Entity, REQUIRED_FIELD } from "../../protocol/entity.ts";
import type { Actor, Ask } from "../actor.ts";
import { alone, isSame, itemOf, type Mutation, resultsOf, type Told, toldAlone } from "../answers.ts";
import type { Desk } from "../desk.ts";
import { created, idOf, stir } from "../moves.ts";
import { defineProbe, type Script } from "../probe.ts";
import { each } from "../values.ts";
import { isReplay } from "./idempotency.ts";

/** What stands in the way of the first attempt, and is gone at the second. */
const OBSTACLES = ["not there yet", "bad payload", "no if-match", "no token"] as const;

export const notRemembered = defineProbe({
  id: "idempotency/not-remembered",
  rules: ["IDM-5"],
  text: "A refusal other than conflict and already_exists binds no key: the retry is carried out.",
  phases: [3],
  runs: 2,
  values: () => record({ entity: constantFrom(...ENTITIES), obstacles: each(OBSTACLES), batched: boolean() }),
  *script(desk, { entity, obstacles, batched }) {
    for (const [at, obstacle] of obstacles.entries())
      yield* isCarriedOut(desk, entity, obstacle, (at % 2 === 0) === batched);
  },
});

/** Refused at first, and carried out once nothing stands in the way. */
function* isCarriedOut(
  desk: Desk,
  entity: Entity,
  obstacle: (typeof OBSTACLES)[number],
  batched: boolean,
): Script<void> {
  const phone = desk.actor("phone");
  const attempt = yield* hindered(desk, entity, obstacle);
  if (attempt === undefined) return;
  const refused = toldAlone(yield* desk.send(attempt.first));
  if (refused.status < 400) return yield* desk.discard(`${obstacle}: answered ${refused.says}`);
  const mutation = yield* attempt.free();
  const second = batched
    ? resultsOf(yield* desk.send(phone.batch([itemOf(mutation)])))[0]
    : toldAlone(yield* desk.send(alone(phone, mutation)));
  const wanted = mutation.operation === "create" ? 201 : 200;
  yield* desk.expect("IDM-5", second?.status === wanted && !second.isReplay, {
    expected: `${wanted}: the retry is carried out`,
    actual: second?.says ?? "no result",
    because: `first refused (${obstacle}): ${refused.says}`,
  });
  const again = toldAlone(yield* desk.send(alone(phone, mutation)));
  if (second !== undefined) yield* isReplay(desk, "IDM-5", second, again, "again, after the retry was done");
}

export const rememberedRefusals = defineProbe({
  id: "idempotency/remembered-refusals",
  rules: ["IDM-5", "IDM-8", "IDM-9", "BAT-1"],
  text: "409 conflict and already_exists are answered again as they were, when the reason is gone too.",
  phases: [3],
  runs: 1,
  values: () => record({ start: integer({ min: 0, max: 2 }), refusals: each(REFUSALS) }),
  *script(desk, { start, refusals }) {
    for (const [at, refusal] of refusals.entries())
      yield* isRemembered(desk, ENTITIES[(start + at) % ENTITIES.length] as Entity, refusal);
  },
});

/** What is refused, and whether in a batch: at first, and when it is asked again. Like is compared with like first. */
const REFUSALS = [
  { code: "already_exists", firstInBatch: false, secondInBatch: false },
  { code: "conflict", firstInBatch: false, secondInBatch: false },
  { code: "already_exists", firstInBatch: true, secondInBatch: true },
  { code: "conflict", firstInBatch: true, secondInBatch: true },
  { code: "already_exists", firstInBatch: true, secondInBatch: false },
  { code: "conflict", firstInBatch: false, secondInBatch: true },
] as const;

function* isRemembered(
  desk: Desk,
  entity: Entity,
  { code, firstInBatch, secondInBatch }: (typeof REFUSALS)[number],
): Script<void> {
  if (code === "conflict" && desk.facts.declared.mode !== "enforce") return;
  const phone = desk.actor("phone");
  const made = yield* created(desk, desk.actor("tablet"), entity, stir(desk, entity));
  const key = desk.fresh("k");
  const base = { key, entity, id: idOf(made), fields: stir(desk, entity) };
  let last = made.revision;
  let mutation: Mutation = { ...base, operation: "create" };
  if (code === "conflict") {
    const stirred = yield* desk.send(
      desk.actor("tablet").update(entity, idOf(made), stir(desk, entity), { ifMatch: made.revision }),
    );
    last = stirred.revision;
    // [CON-4] a stale deletion is a conflict for every entity.
    mutation = { ...base, operation: "delete", fields: {}, ifMatch: made.revision };
  }
  const first = yield* sent(desk, phone, mutation, firstInBatch);
  if (first.status !== 409 || first.error !== code)
    return yield* desk.discard(`expected ${code}: ${first.says}`);
  // The reason goes away: the record ends.
  const ended = yield* desk.send(desk.actor("tablet").delete(entity, idOf(made), { ifMatch: last }));
  if (!ended.isOk) return yield* desk.discard(`a plain deletion was answered ${ended.says}`);
  const again = yield* sent(desk, phone, mutation, secondInBatch);
  const rule = firstInBatch === secondInBatch ? "IDM-5" : "IDM-9";
  yield* desk.expect(rule, isSame(first, again), {
    expected: first.says,
    actual: again.says,
    because: `${code}, asked again after the record was deleted`,
  });
  yield* isReplay(desk, rule, first, again, "a refusal that is remembered");
  const read = yield* desk.send(phone.read(entity, idOf(made)));
  yield* desk.expect("IDM-5", read.status === 404, { expected: "no effect: 404", actual: read.says });
}

export function* sent(desk: Desk, actor: Actor, mutation: Mutation, inBatch: boolean): Script<Told> {
  if (!inBatch) return toldAlone(yield* desk.send(alone(actor, mutation)));
  const reply = yield* desk.send(actor.batch([itemOf(mutation)]));
  const [result] = resultsOf(reply);
  if (reply.isOk)
    yield* desk.expect("BAT-1", result !== undefined, {
      expected: "one result for one mutation",
      actual: "none",
    });
  return result ?? (yield* desk.discard(`a batch of one was answered ${reply.says}`));
}

interface Attempt {
  readonly first: Ask;
  /** Takes the obstacle away; what is to be sent then. */
  free(): Script<Mutation>;
}

function* hindered(
  desk: Desk,
  entity: Entity,
  obstacle: (typeof OBSTACLES)[number],
): Script<Attempt | undefined> {
  const phone = desk.actor("phone");
  const key = desk.fresh("k");
  const id = desk.fresh("r");
  const create: Mutation = { key, entity, operation: "create", id, fields: stir(desk, entity) };
  switch (obstacle) {
    case "not there yet": {
      const fields = stir(desk, entity);
      const update: Mutation = { key, entity, operation: "update", id, fields, ifMatch: "*" };
      const free = function* (): Script<Mutation> {
        yield* created(desk, phone, entity, { ...stir(desk, entity), id });
        return update;
      };
      return { first: alone(phone, update), free };
    }
    case "bad payload":
      return {
        first: phone.create(entity, { id, [REQUIRED_FIELD[entity]]: 7 }, { key }),
        free: () => just(create),
      };
    case "no token":
      return { first: alone(phone.withToken(undefined), create), free: () => just(create) };
    case "no if-match": {
      if (desk.facts.declared.ifMatch !== "required" || desk.facts.declared.mode === "off") return undefined;
      const made = yield* created(desk, phone, entity, stir(desk, entity));
      const update: Mutation = {
        key,
        entity,
        operation: "update",
        id: idOf(made),
        fields: stir(desk, entity),
      };
      return { first: alone(phone, update), free: () => just({ ...update, ifMatch: made.revision }) };
    }
  }
}

/** Nothing needs to be done. */
function* just<T>(value: T): Script<T> {
  yield* [];
  return value;
}
