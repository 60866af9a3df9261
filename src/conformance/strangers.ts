/**
 * Owns revisions that a log never had, and texts that are none: what a bent client may resume from [DLT-9, EVT-8].
 * Refuses to guess: a revision of another account is only one where order shows that this log has none there.
 */

import type { Entity } from "../protocol/entity.ts";
import { hasPhase } from "./anatomy.ts";
import type { Desk } from "./desk.ts";
import { created } from "./moves.ts";
import type { Script } from "./probe.ts";
import { listOf, textOf } from "./reply.ts";
import type { TargetFacts } from "./target.ts";

/** The odd texts that are no revision of this target: what matches its pattern is one (section 2). */
export function malformedFor(facts: TargetFacts): readonly string[] {
  const fitting = NO_REVISIONS.filter((text) => !facts.revision.test(text));
  return fitting.length === 0 ? ["\n"] : fitting;
}

const NO_REVISIONS: readonly string[] = [
  "not a revision",
  "rev_17040672",
  "REV 1",
  "rev_1704067200_00abc1'; --",
  "rev_\u0661\u0662\u0663",
  `rev_1704067200_${"0".repeat(300)}!`,
];

/** Revisions of the target's form that no commit ever had, made from one that has it. */
export function strangersTo(facts: TargetFacts, known: string): readonly string[] {
  const form = /^rev_(\d{10})_([0-9a-z]+)$/.exec(known);
  const made =
    form === null
      ? [known.replace(/\d/g, "9")]
      : [
          `rev_9999999999_${"z".repeat((form[2] as string).length)}`,
          `rev_0000000001_${"1".repeat((form[2] as string).length)}`,
          `rev_${form[1]}_${"z".repeat((form[2] as string).length)}`,
        ];
  return made.filter((one) => one !== known && facts.revision.test(one));
}

/** A revision of the second account, where it is certain that the first account's log has no such one. */
export function* foreignRevision(desk: Desk, entity: Entity): Script<string | undefined> {
  if (!desk.facts.ordered || !hasPhase(desk.facts, 5)) return undefined;
  const phone = desk.actor("phone");
  const stranger = desk.actor("stranger", 1);
  const fields = { name: "n", title: "t" };
  const before = (yield* created(desk, phone, entity, fields)).revision;
  const foreign = (yield* created(desk, stranger, entity, fields)).revision;
  const after = (yield* created(desk, phone, entity, fields)).revision;
  if (before === undefined || foreign === undefined || after === undefined) return undefined;
  const between = yield* desk.send(phone.changes({ since: before }));
  const isOnly = between.isOk && listOf(between.body.changes).length === 1;
  const isApart = before < foreign && foreign < after;
  return isOnly && isApart ? textOf(foreign) : undefined;
}
