/**
 * Owns the probes of one key used by many at the same time [IDM-1, IDM-2, IDM-3].
 * Refuses to know who comes first: what holds in every order is asked for.
 */

import { constantFrom, integer, record } from "fast-check";
import { ENTITIES } from "../../protocol/entity.ts";
import { alone, isDone, isSame, itemOf, type Mutation, resultsOf, type Told, toldAlone } from "../answers.ts";
import type { Desk } from "../desk.ts";
import { created, eventsUpToNow, idOf, listening, stir } from "../moves.ts";
import { defineProbe, type Script } from "../probe.ts";
import type { Reply } from "../reply.ts";

export const sameAtOnce = defineProbe({
  id: "idempotency/same-at-once",
  rules: ["IDM-2", "IDM-1"],
  text: "One mutation, sent many times at once, alone and in batches: one effect; all get its answer, or in_flight.",
  phases: [3],
  runs: 4,
  values: () =>
    record({
      entity: constantFrom(...ENTITIES),
      operation: constantFrom<Mutation["operation"][]>("create", "update", "delete"),
      alone: integer({ min: 2, max: 5 }),
      batches: integer({ min: 0, max: 2 }),
    }),
  *script(desk, { entity, operation, alone: count, batches }) {
    const phone = desk.actor("phone");
    const socket = yield* listening(desk, desk.actor("watcher"));
    const mutation = yield* planned(desk, entity, operation);
    const asks = [
      ...Array.from({ length: count }, () => alone(phone, mutation)),
      ...Array.from({ length: batches }, () => phone.batch([itemOf(mutation)])),
    ];
    const replies = yield* desk.atOnce(asks);
    const answers = replies.map((reply) => toldOf(reply));
    const done = answers.filter(isDone);
    const because = answers.map(({ says }) => says).join(" | ");
    yield* desk.expect("IDM-2", done.length > 0, {
      expected: "one that was carried out",
      actual: "none",
      because,
    });
    for (const [at, answer] of answers.entries()) {
      const isFlying = answer.status === 409 && answer.error === "in_flight";
      const first = done[0] as Told;
      yield* desk.expect("IDM-2", isSame(answer, first) || isFlying, {
        expected: `${first.says}, or 409 in_flight`,
        actual: answer.says,
        because,
      });
      const retryAfter = replies[at]?.header("retry-after");
      if (isFlying && at < count)
        yield* desk.expect("IDM-2", retryAfter !== undefined, {
          expected: "Retry-After with in_flight",
          actual: "none",
        });
    }
    const again = toldAlone(yield* desk.send(alone(phone, mutation)));
    yield* desk.expect("IDM-1", isSame(again, done[0] as Told), {
      expected: (done[0] as Told).says,
      actual: again.says,
      because: "again, when all was answered",
    });
    if (socket === undefined) return;
    const events = (yield* eventsUpToNow(desk, socket, phone)).filter(({ id }) => id === mutation.id);
    const wanted = operation === "create" ? 1 : 2;
    yield* desk.expect("IDM-2", events.length === wanted, {
      expected: `one effect: ${wanted} events of ${mutation.id}`,
      actual: `${events.length}: ${events.map(({ action, revisionId }) => `${action} ${revisionId}`).join(", ")}`,
      because,
    });
  },
});

export const otherAtOnce = defineProbe({
  id: "idempotency/other-at-once",
  rules: ["IDM-3"],
  text: "Different mutations under one key at once: one is carried out, the others are 422 and leave no trace.",
  phases: [3],
  runs: 3,
  values: () => record({ entity: constantFrom(...ENTITIES), count: integer({ min: 2, max: 4 }) }),
  *script(desk, { entity, count }) {
    const phone = desk.actor("phone");
    const key = desk.fresh("k");
    const mutations = Array.from({ length: count }, (): Mutation => {
      return { key, entity, operation: "create", id: desk.fresh("r"), fields: stir(desk, entity) };
    });
    const answers = (yield* desk.atOnce(mutations.map((one) => alone(phone, one)))).map(toldAlone);
    const because = answers.map(({ says }) => says).join(" | ");
    const done = answers.filter(isDone);
    yield* desk.expect("IDM-3", done.length === 1, {
      expected: `one of ${count} mutations under one key`,
      actual: `${done.length}`,
      because,
    });
    for (const [at, answer] of answers.entries()) {
      if (isDone(answer)) continue;
      yield* desk.expect("IDM-3", answer.status === 422, { expected: "422", actual: answer.says, because });
      const read = yield* desk.send(phone.read(entity, mutations[at]?.id ?? ""));
      yield* desk.expect("IDM-3", read.status === 404, { expected: "no effect: 404", actual: read.says });
    }
  },
});

function* planned(
  desk: Desk,
  entity: Mutation["entity"],
  operation: Mutation["operation"],
): Script<Mutation> {
  const key = desk.fresh("k");
  if (operation === "create")
    return { key, entity, operation, id: desk.fresh("r"), fields: stir(desk, entity) };
  const made = yield* created(desk, desk.actor("tablet"), entity, stir(desk, entity));
  const fields = operation === "update" ? stir(desk, entity) : {};
  return { key, entity, operation, id: idOf(made), fields, ifMatch: made.revision };
}

function toldOf(reply: Reply): Told {
  return resultsOf(reply)[0] ?? toldAlone(reply);
}
