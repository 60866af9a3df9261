/**
 * Owns the probes of live events: each commit once, in order, to whom it is for [EVT-1, EVT-2, EVT-3, EVT-4, EVT-7, EVT-9].
 * Refuses to wait for silence: the event of one more write tells that nothing came between.
 */

import { array, constantFrom, record, subarray } from "fast-check";
import { COLLECTION_OF, ENTITIES, type Entity } from "../../protocol/entity.ts";
import { beginning, type Chronicle, movesOf } from "../chronicle.ts";
import type { Desk } from "../desk.ts";
import { created, framesOf, idOf, stir } from "../moves.ts";
import { defineProbe, type Script } from "../probe.ts";
import { textOf } from "../reply.ts";
import { arePrompt, arrives, becomesReady, judgeEvents, settles } from "../stream.ts";
import { each } from "../values.ts";

const REFUSALS = ["no record", "null", "broken", "again", "stale", "stale update"] as const;

export const eventsLive = defineProbe({
  id: "events/live",
  rules: ["EVT-1", "EVT-2", "EVT-3", "EVT-4", "EVT-7", "EVT-9"],
  text: "Each commit becomes one event on every socket that wants its entity, in the log's order; a refused write none.",
  phases: [1],
  runs: 2,
  values: () =>
    record({
      moves: movesOf(3, 6),
      refusals: each(REFUSALS),
      entities: subarray([...ENTITIES], { minLength: 2, maxLength: 2 }),
    }),
  *script(desk, { moves, refusals, entities }) {
    const chronicle = yield* beginning(desk);
    const all = yield* desk.open(desk.actor("watcher"));
    const some = yield* desk.open(desk.actor("filter"), {
      entities: entities.map((entity) => COLLECTION_OF[entity]),
    });
    yield* becomesReady(desk, all, "EVT-9");
    yield* becomesReady(desk, some, "EVT-9");
    yield* chronicle.play(moves);
    // Whatever was drawn: one of each entity, those that are not wanted first.
    for (const entity of ENTITIES) if (!entities.includes(entity)) yield* chronicle.mark(entity);
    for (const entity of entities) yield* chronicle.mark(entity);
    for (const refusal of refusals) yield* refused(desk, chronicle, refusal);
    const wantedOf = () => ({ commits: chronicle.commits, missing: "EVT-1", extra: "EVT-3" }) as const;
    const view = yield* settles(desk, all, chronicle, entities[0] as Entity, wantedOf);
    yield* arePrompt(desk, view, chronicle.commits);

    const commits = chronicle.commits.filter(({ entity }) => entities.includes(entity));
    const last = commits.at(-1);
    if (last === undefined) return;
    const filtered = yield* arrives(desk, some, last);
    const other = framesOf(filtered, "sync_event").find(({ entity }) => !entities.includes(entity as Entity));
    yield* desk.expect("EVT-4", other === undefined, {
      expected: `only events of ${entities.join(", ")}`,
      actual: `one of a ${other?.entity}`,
    });
    yield* judgeEvents(desk, filtered, { commits, missing: "EVT-1", extra: "EVT-3" });
  },
});

export const eventsTogether = defineProbe({
  id: "events/together",
  rules: ["EVT-1", "EVT-2"],
  text: "Many writes at once: two sockets show all of them, in the order of their revisions.",
  phases: [1],
  runs: 2,
  values: () => record({ entities: array(constantFrom(...ENTITIES), { minLength: 4, maxLength: 8 }) }),
  *script(desk, { entities }) {
    const watcher = yield* desk.open(desk.actor("watcher"));
    const other = yield* desk.open(desk.actor("other"));
    yield* becomesReady(desk, watcher, "EVT-9");
    yield* becomesReady(desk, other, "EVT-9");
    // Some make records, some change one and the same.
    const shared = yield* created(desk, desk.actor("phone"), "contact", stir(desk, "contact"));
    const changes = entities
      .slice(0, 3)
      .map((_, at) =>
        desk
          .actor(at % 2 === 0 ? "tablet" : "phone")
          .update("contact", idOf(shared), stir(desk, "contact"), { ifMatch: "*" }),
      );
    const makes = entities.map((entity, at) =>
      desk
        .actor(at % 2 === 0 ? "phone" : "tablet")
        .create(entity, { id: desk.fresh("t"), ...stir(desk, entity) }),
    );
    const made = yield* desk.atOnce([...makes, ...changes]);
    const wanted = made.map(({ revision }) => revision ?? "");
    if (made.some(({ isOk }) => !isOk)) return yield* desk.discard("a plain write was refused");
    const orders: string[] = [];
    for (const socket of [watcher, other]) {
      const seenOf = (view: Parameters<typeof framesOf>[0]) =>
        framesOf(view, "sync_event")
          .flatMap(({ revisionId }) => textOf(revisionId) ?? [])
          .filter((one) => wanted.includes(one));
      const view = yield* desk.watch(socket, (one) => seenOf(one).length >= wanted.length, 2_000);
      const seen = [...new Set(seenOf(view))];
      yield* desk.expect("EVT-1", seen.length === wanted.length, {
        expected: `an event of each of ${wanted.length} writes that were sent together`,
        actual: `${seen.length}`,
      });
      orders.push(seen.join(" "));
    }
    const ascending = desk.facts.ordered
      ? [...wanted].sort((one, two) => (one < two ? -1 : 1)).join(" ")
      : orders[0];
    const wrong = orders.find((order) => order !== ascending);
    yield* desk.expect("EVT-2", wrong === undefined, {
      expected: `events in one order: ${ascending}`,
      actual: `${wrong}`,
    });
  },
});

export const eventsQuiet = defineProbe({
  id: "events/quiet",
  rules: ["EVT-9", "EVT-5", "EVT-6"],
  text: "A socket without a revision is ready at once, sends nothing of before, and can be resumed from what it was told.",
  phases: [1],
  runs: 3,
  values: () => record({ before: movesOf(1, 3), missed: movesOf(1, 4), entity: constantFrom(...ENTITIES) }),
  *script(desk, { before, missed, entity }) {
    const chronicle = yield* beginning(desk);
    yield* chronicle.play(before);
    const quiet = yield* desk.open(desk.actor("watcher"));
    const view = yield* becomesReady(desk, quiet, "EVT-9");
    const old = framesOf(view, "sync_event").find(({ id }) => desk.owns(id));
    yield* desk.expect("EVT-9", old === undefined, {
      expected: "ready, and nothing of before",
      actual: `an event of ${old?.id}`,
    });
    const told = textOf(framesOf(view, "ready")[0]?.revisionId);
    if (desk.facts.ordered)
      yield* desk.expect("EVT-9", (told ?? "") >= chronicle.last, {
        expected: `ready at the head: ${chronicle.last} or after`,
        actual: `${told}`,
      });
    yield* desk.close(quiet);
    const length = chronicle.commits.length;
    yield* chronicle.play(missed);
    const resumed = yield* desk.open(desk.actor("watcher"), { since: told }, "EVT-8");
    yield* settles(desk, resumed, chronicle, entity, () => ({
      commits: chronicle.commits.slice(length),
      missing: "EVT-6",
      extra: "EVT-5",
      because: `resumed from ready ${told};`,
    }));
  },
});

/** A write that must be refused: what comes of it is no commit [EVT-3]. */
function* refused(desk: Desk, chronicle: Chronicle, refusal: (typeof REFUSALS)[number]): Script<void> {
  const phone = desk.actor("phone");
  const made = chronicle.commits.findLast(({ record }) => record !== null);
  if (made === undefined) return;
  const isLiving = chronicle.commits.every(({ id, record }) => id !== made.id || record !== null);
  const { entity, id, revision } = made;
  switch (refusal) {
    case "no record":
      yield* desk.send(phone.update(entity, desk.fresh("none"), stir(desk, entity), { ifMatch: "*" }));
      return;
    case "null":
      yield* desk.send(phone.update(entity, id, { name: null, title: null }, { ifMatch: revision }));
      return;
    case "broken":
      yield* desk.send(phone.create(entity, { id: desk.fresh("bad"), name: 7, title: [] }));
      return;
    case "again":
      if (isLiving) yield* desk.send(phone.create(entity, { id, ...stir(desk, entity) }));
      return;
    case "stale update": {
      // [CON-2] of a contact, where stale writes are refused.
      if (desk.facts.declared.mode !== "enforce") return;
      const contact = yield* chronicle.mark("contact");
      yield* desk.send(
        phone.update("contact", contact.id, stir(desk, "contact"), { ifMatch: chronicle.start }),
      );
      return;
    }
    case "stale":
      // [CON-4] in every mode but off.
      if (desk.facts.declared.mode === "enforce" && isLiving && chronicle.start !== revision)
        yield* desk.send(phone.delete(entity, id, { ifMatch: chronicle.start }));
      return;
  }
}
