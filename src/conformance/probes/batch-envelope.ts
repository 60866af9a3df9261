/**
 * Owns the probes of a batch's envelope: how many items, and what is no batch [BAT-6, BAT-7].
 * Refuses to know items: batch-order does.
 */

import { constantFrom, record } from "fast-check";
import { ENTITIES, type Entity } from "../../protocol/entity.ts";
import { resultsOf } from "../answers.ts";
import type { Desk } from "../desk.ts";
import { stir } from "../moves.ts";
import { defineProbe, type Script } from "../probe.ts";
import { type Loose, listOf, looseOf } from "../reply.ts";
import type { TargetFacts } from "../target.ts";
import { each } from "../values.ts";

/** Bytes of an item as this probe makes them, with some room. */
const ITEM_BYTES = 200;

export const batchSize = defineProbe({
  id: "batch/size",
  rules: ["BAT-6"],
  text: "One item more than mutationsMax: 413 and nothing done; exactly as many: all done; none: 200 and no results.",
  phases: [3],
  needs: whyNotFull,
  runs: 1,
  values: () => record({ entity: constantFrom(...ENTITIES) }),
  *script(desk, { entity }) {
    const { mutationsMax } = desk.facts.declared;
    const phone = desk.actor("phone");
    const tooMany = itemsOf(desk, entity, mutationsMax + 1);
    const refused = yield* desk.send(phone.batch(tooMany));
    yield* desk.expect("BAT-6", refused.status === 413 && refused.error === "batch_too_large", {
      expected: `413 batch_too_large for ${tooMany.length} mutations: mutationsMax is ${mutationsMax}`,
      actual: refused.says,
    });
    for (const at of [0, tooMany.length - 1]) yield* isNotThere(desk, "BAT-6", entity, tooMany[at]);
    const most = itemsOf(desk, entity, mutationsMax);
    const full = yield* desk.send(phone.batch(most));
    const done = resultsOf(full).filter(({ status }) => status === 201).length;
    yield* desk.expect("BAT-6", full.status === 200 && done === mutationsMax, {
      expected: `${mutationsMax} creates done`,
      actual: `${full.says}, ${done} done`,
    });
    const empty = yield* desk.send(phone.batch([]));
    const isEmpty = Array.isArray(empty.body.results) && listOf(empty.body.results).length === 0;
    yield* desk.expect("BAT-6", empty.status === 200 && isEmpty, {
      expected: "200 without results for no mutations",
      actual: empty.isOk ? empty.answer.text.slice(0, 200) : empty.says,
    });
  },
});

const ENVELOPES: readonly (readonly [string, (item: Loose) => string])[] = [
  ["an array", (item) => JSON.stringify([item])],
  ["one item", (item) => JSON.stringify(item)],
  ["no mutations", (item) => JSON.stringify({ mutation: [item] })],
  ["mutations that are an object", (item) => JSON.stringify({ mutations: { 0: item, length: 1 } })],
  ["mutations that are null", () => '{"mutations":null}'],
  ["mutations that are a text", (item) => JSON.stringify({ mutations: JSON.stringify([item]) })],
  ["null", () => "null"],
  ["a number", () => "7"],
  ["a text", (item) => JSON.stringify(JSON.stringify({ mutations: [item] }))],
  ["broken JSON", (item) => `{"mutations":[${JSON.stringify(item)},`],
  ["JSON with something behind it", (item) => `${JSON.stringify({ mutations: [item] })}]`],
  ["nothing", () => ""],
];

export const batchEnvelope = defineProbe({
  id: "batch/envelope",
  rules: ["BAT-7"],
  text: "What is no {mutations: [...]} is 400 as a whole, and nothing of it is done.",
  phases: [3],
  runs: 1,
  values: () => record({ entity: constantFrom(...ENTITIES), envelopes: each(ENVELOPES) }),
  *script(desk, { entity, envelopes }) {
    const phone = desk.actor("phone");
    // Each carries the same item: at the end it is seen that none was taken.
    const [item] = itemsOf(desk, entity, 1);
    for (const [what, wrap] of envelopes) {
      const headers = { "content-type": "application/json" };
      const body = wrap(looseOf(item));
      const ask = phone.raw("POST", "/api/sync/batch", headers, body, `sends ${what} as a batch`);
      const reply = yield* desk.send(ask);
      yield* desk.expect("BAT-7", reply.status === 400, { expected: `400 for ${what}`, actual: reply.says });
    }
    yield* isNotThere(desk, "BAT-7", entity, item);
  },
});

function itemsOf(desk: Desk, entity: Entity, count: number): readonly Loose[] {
  return Array.from({ length: count }, () => {
    const payload = { id: desk.fresh("b"), ...stir(desk, entity) };
    return { id: desk.fresh("k"), entity, operation: "create", payload };
  });
}

function* isNotThere(
  desk: Desk,
  rule: "BAT-6" | "BAT-7",
  entity: Entity,
  item: Loose | undefined,
): Script<void> {
  const id = String(looseOf(item?.payload).id);
  const read = yield* desk.send(desk.actor("tablet").read(entity, id));
  yield* desk.expect(rule, read.status === 404, { expected: `nothing done: no ${id}`, actual: read.says });
}

function whyNotFull({ declared }: TargetFacts): string | undefined {
  const { mutationsMax, bodyBytesMax } = declared;
  if (mutationsMax > 1_000)
    return `needs a smaller batch.mutationsMax: ${mutationsMax} records are too many to make`;
  if ((mutationsMax + 3) * ITEM_BYTES > bodyBytesMax)
    return "needs a larger bodyBytesMax: a body with more than batch.mutationsMax items is too large for it";
  return undefined;
}
