/**
 * Owns the probes of writes that are on the way together [CON-5, CON-9, CON-4].
 * Refuses to say who wins: exactly one does.
 */

import { array, constantFrom, integer, record } from "fast-check";
import { jsonEqual } from "../../base/canonical-json.ts";
import { ENTITIES } from "../../protocol/entity.ts";
import { hasPhase } from "../anatomy.ts";
import { isWhole } from "../conflict-body.ts";
import type { Desk } from "../desk.ts";
import { fieldsOf, patched } from "../expectations.ts";
import { changesSince, created, idOf, stir } from "../moves.ts";
import { defineProbe, type Script } from "../probe.ts";
import { looseOf, type Reply } from "../reply.ts";
import { fieldsFor } from "../values.ts";

export const race = defineProbe({
  id: "conflict/race",
  rules: ["CON-5", "CON-3", "CON-11"],
  text: "Of N updates sent together on one revision of a contact exactly one is applied; the others get 409 with its result.",
  phases: [2],
  needs: ({ declared }) => (declared.mode === "enforce" ? undefined : "needs conflicts.mode: enforce"),
  runs: 4,
  values: ({ declared }) =>
    record({
      entity: constantFrom(...(declared.resolvedBy === "client" ? ENTITIES : (["contact"] as const))),
      before: fieldsFor,
      writers: integer({ min: 2, max: 8 }),
    }),
  *script(desk, { entity, before, writers }) {
    const made = yield* created(desk, desk.actor("phone"), entity, before(entity));
    const id = idOf(made);
    const patches = Array.from({ length: writers }, () => stir(desk, entity));
    const asks = patches.map((patch, at) =>
      desk.actor(`w${at}`).update(entity, id, patch, { ifMatch: made.revision }),
    );
    const replies = yield* desk.atOnce(asks);
    const winner = yield* oneWins(desk, replies, `${writers} updates at once on ${made.revision}`);
    const patch = patches[replies.indexOf(winner)];
    const wanted = patched(fieldsOf(made.record), patch);
    const read = yield* desk.send(desk.actor("phone").read(entity, id));
    const isResult = read.revision === winner.revision && jsonEqual(fieldsOf(read.record), wanted);
    yield* desk.expect("CON-3", isResult, {
      expected: `${id} at ${winner.revision} with ${JSON.stringify(wanted)}: only what was applied`,
      actual: `at ${read.revision} with ${JSON.stringify(fieldsOf(read.record))}`,
    });
    for (const [at, reply] of replies.entries()) {
      if (reply === winner) continue;
      const clash = { entity, code: "conflict", revision: read.revision, server: read.record } as const;
      yield* isWhole(desk, "CON-5", reply, { ...clash, client: patches[at] });
    }
    yield* oneChange(desk, made, winner);
  },
});

export const mixedRace = defineProbe({
  id: "conflict/mixed-race",
  rules: ["CON-4", "CON-8", "CON-3"],
  text: "Of one update and some deletions sent together on one revision, one is applied and the others learn of it.",
  phases: [2],
  needs: ({ declared }) => (declared.mode === "enforce" ? undefined : "needs conflicts.mode: enforce"),
  runs: 3,
  values: () =>
    record({ entity: constantFrom(...ENTITIES), before: fieldsFor, deletions: integer({ min: 1, max: 3 }) }),
  *script(desk, { entity, before, deletions }) {
    const phone = desk.actor("phone");
    const made = yield* created(desk, phone, entity, before(entity));
    const id = idOf(made);
    const update = phone.update(entity, id, stir(desk, entity), { ifMatch: made.revision });
    const asks = Array.from({ length: deletions }, (_, at) =>
      desk.actor(`d${at}`).delete(entity, id, { ifMatch: made.revision }),
    );
    const [first, ...others] = (yield* desk.atOnce([update, ...asks])) as readonly [Reply, ...Reply[]];
    const read = yield* desk.send(phone.read(entity, id));
    if (first.isOk) {
      for (const reply of others)
        yield* desk.expect("CON-4", reply.status === 409, {
          expected: `409 for a deletion on ${made.revision}, after the update was applied`,
          actual: reply.says,
        });
      yield* desk.expect("CON-3", read.revision === first.revision, {
        expected: `${id} at ${first.revision}`,
        actual: read.isOk ? String(read.revision) : read.says,
      });
      return;
    }
    yield* desk.expect("CON-8", first.status === 409 && first.body.deleted === true, {
      expected: "409 with deleted: true for the update, or 200",
      actual: `${first.says}, deleted: ${first.body.deleted}`,
    });
    yield* desk.expect("CON-8", read.status === 404 && others.some(({ isOk }) => isOk), {
      expected: `${id} deleted by one of the deletions`,
      actual: `${read.status}; deletions: ${others.map(({ says }) => says).join(", ")}`,
    });
  },
});

export const sameId = defineProbe({
  id: "conflict/same-id",
  rules: ["CON-9", "CON-11"],
  text: "Of N creates of one id exactly one is 201; the others, and every later one, are 409 already_exists with its record.",
  phases: [2],
  runs: 4,
  values: () =>
    record({
      entity: constantFrom(...ENTITIES),
      bodies: array(fieldsFor, { minLength: 2, maxLength: 5 }),
      late: fieldsFor,
    }),
  *script(desk, { entity, bodies, late }) {
    const id = desk.fresh("same");
    const sent = [...bodies, late].map((fields) => ({ id, ...fields(entity), ...stir(desk, entity) }));
    const asks = sent.map((body, at) => desk.actor(`w${at}`).create(entity, body));
    const replies = yield* desk.atOnce(asks.slice(0, -1));
    const winners = replies.filter(({ status }) => status === 201);
    yield* desk.expect("CON-9", winners.length === 1, {
      expected: `exactly one 201 of ${replies.length} creates of ${id}`,
      actual: replies.map(({ says }) => says).join(", "),
    });
    const last = yield* desk.send(asks.at(-1) as (typeof asks)[number]);
    const server = looseOf(winners[0]?.data);
    for (const [at, reply] of [...replies, last].entries()) {
      if (reply.status === 201 && reply !== last) continue;
      const clash = { entity, code: "already_exists", revision: winners[0]?.revision, server } as const;
      yield* isWhole(desk, "CON-9", reply, { ...clash, client: sent[at] });
    }
  },
});

function* oneWins(desk: Desk, replies: readonly Reply[], because: string): Script<Reply> {
  const [winner, ...more] = replies.filter(({ isOk }) => isOk);
  const refused = replies.filter(({ status }) => status === 409);
  const holds = winner !== undefined && more.length === 0 && refused.length === replies.length - 1;
  yield* desk.expect("CON-5", holds, {
    expected: `one 200 and ${replies.length - 1} times 409`,
    actual: replies.map(({ says }) => says).join(", "),
    because,
  });
  return winner ?? (yield* desk.discard("nobody won"));
}

function* oneChange(desk: Desk, made: Reply, winner: Reply): Script<void> {
  if (!hasPhase(desk.facts, 5)) return;
  const changes = yield* changesSince(desk, desk.actor("phone"), made.revision);
  const own = changes.filter(({ id }) => id === idOf(made)).map(({ revisionId }) => revisionId);
  yield* desk.expect("CON-3", own.length === 1 && own[0] === winner.revision, {
    expected: `one change of ${idOf(made)}: ${winner.revision}`,
    actual: own.join(", "),
  });
}
