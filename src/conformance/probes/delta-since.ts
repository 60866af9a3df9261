/**
 * Owns the probes of what may stand in `since`, `entities` and `cursor` [DLT-3, DLT-7, DLT-9, DLT-12].
 * Refuses to know how cursors are made.
 */

import { constantFrom, record } from "fast-check";
import { COLLECTION_OF, ENTITIES } from "../../protocol/entity.ts";
import type { ChangesQuery } from "../actor.ts";
import { beginning, movesOf } from "../chronicle.ts";
import { folded, pageOf, pagesOf } from "../delta.ts";
import type { Desk } from "../desk.ts";
import { created } from "../moves.ts";
import { defineProbe, type Script } from "../probe.ts";
import { type Reply, textOf } from "../reply.ts";
import { foreignRevision, malformedFor, strangersTo } from "../strangers.ts";
import { difference } from "./delta-history.ts";

export const deltaSince = defineProbe({
  id: "delta/since",
  rules: ["DLT-9", "DLT-3", "DLT-7"],
  text: "A revision that the log never had is 410, what is none is 400, the head is 200, an unknown collection is 400.",
  phases: [5],
  runs: 2,
  values: (facts) =>
    record({ entity: constantFrom(...ENTITIES), none: constantFrom(...malformedFor(facts)) }),
  *script(desk, { entity, none }) {
    const phone = desk.actor("phone");
    const made = yield* created(desk, phone, entity, { name: "n", title: "t" });
    for (const since of strangersTo(desk.facts, made.revision ?? ""))
      yield* isExpired(desk, yield* desk.send(phone.changes({ since })));
    const foreign = yield* foreignRevision(desk, entity);
    if (foreign !== undefined) yield* isExpired(desk, yield* desk.send(phone.changes({ since: foreign })));
    yield* isRefused(desk, "DLT-9", yield* desk.send(phone.changes({ since: none })));
    const unknown = { since: made.revision, entities: ["contacts", "gadgets"] };
    yield* isRefused(desk, "DLT-3", yield* desk.send(phone.changes(unknown)));
    const head = (yield* desk.send(phone.capabilities())).revision;
    const quiet = yield* pageOf(desk, phone, { since: head }, "DLT-7");
    yield* desk.expect("DLT-7", quiet.changes.length === 0, {
      expected: "no changes since the head",
      actual: quiet.reply.answer.text.slice(0, 200),
    });
    const later = yield* created(desk, phone, entity, { name: "n", title: "t" });
    // Others may have written so much meanwhile that it stands on a later page.
    const next = yield* pagesOf(desk, phone, { since: quiet.currentRevision }, "DLT-7");
    yield* desk.expect(
      "DLT-7",
      next.some(({ changes }) => changes.some(({ id }) => id === later.record.id)),
      {
        expected: `the change after currentRevision ${quiet.currentRevision}`,
        actual: `not in ${next.length} pages: ${next.at(-1)?.reply.answer.text.slice(0, 200)}`,
      },
    );
  },
});

export const deltaCursor = defineProbe({
  id: "delta/cursor",
  rules: ["DLT-12", "DLT-4"],
  text: "A cursor serves twice; with another account, since, entities or call it is 400.",
  phases: [5],
  runs: 1,
  values: () => record({ moves: movesOf(6, 10), entity: constantFrom(...ENTITIES) }),
  *script(desk, { moves, entity }) {
    const phone = desk.actor("phone");
    const chronicle = yield* beginning(desk);
    yield* chronicle.play(moves);
    // Two more, so that there is always a second page.
    yield* chronicle.mark(entity);
    const last = yield* chronicle.mark(entity);
    const query = { since: chronicle.start, limit: 1 };
    const first = yield* pageOf(desk, phone, query, "DLT-4");
    const { cursor } = first;
    if (cursor === undefined) return;
    const misuses: readonly (readonly [string, ChangesQuery])[] = [
      ["another since", { ...query, since: last.revision, cursor }],
      ["no since", { limit: 1, cursor }],
      ["other entities", { ...query, entities: [COLLECTION_OF[entity]], cursor }],
    ];
    for (const [what, misused] of misuses)
      yield* isMisused(desk, what, yield* desk.send(phone.changes(misused)));
    yield* isStrangersMisuse(desk, { since: undefined, limit: 1, cursor });
    yield* isMisused(desk, "a listing", yield* desk.send(phone.list(entity, { limit: 1, cursor })));
    // [DLT-12] after all of this it serves, and serves again.
    yield* pageOf(desk, phone, { ...query, cursor }, "DLT-12");
    const rest = yield* pagesOf(desk, phone, { ...query, cursor, limit: 3 }, "DLT-12");
    const differs = difference(folded(new Map(), [first, ...rest]), chronicle.stateAfter());
    yield* desk.expect("DLT-12", differs === undefined, {
      expected: `${differs}, in the pages that the cursor serves again`,
      actual: "not there",
    });
  },
});

/** The other account asks with our cursor; with its own since, where it may have one, and with none. */
function* isStrangersMisuse(desk: Desk, query: ChangesQuery): Script<void> {
  const stranger = desk.actor("stranger", 1);
  const own = (yield* desk.send(stranger.capabilities())).revision;
  for (const since of [undefined, own])
    yield* isMisused(desk, "another account", yield* desk.send(stranger.changes({ ...query, since })));
}

function* isMisused(desk: Desk, what: string, reply: Reply): Script<void> {
  yield* desk.expect("DLT-12", reply.status === 400, {
    expected: `400 for a cursor that is used with ${what}`,
    actual: reply.says,
  });
}

function* isRefused(desk: Desk, rule: "DLT-9" | "DLT-3", reply: Reply): Script<void> {
  yield* desk.expect(rule, reply.status === 400, {
    expected: `400 for ${reply.ask.http.path}`,
    actual: reply.says,
  });
}

/** [DLT-9] 410, with the head and the floor. */
export function* isExpired(desk: Desk, reply: Reply): Script<void> {
  const isWhole = [reply.body.currentRevision, reply.body.floorRevision].every(
    (one) => textOf(one) !== undefined,
  );
  yield* desk.expect("DLT-9", reply.status === 410 && reply.error === "revision_expired" && isWhole, {
    expected: "410 revision_expired with currentRevision and floorRevision",
    actual: `${reply.says} ${isWhole ? "" : "without them"}`,
    because: reply.ask.label,
  });
}
