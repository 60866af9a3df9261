/**
 * Owns the probe that takes a delta from every revision that a history passed through [DLT-1, DLT-2, DLT-6, DLT-11].
 * Refuses to know snapshots: the pages, applied to the state at `since`, must give the state now.
 */

import { integer, record } from "fast-check";
import { jsonEqual } from "../../base/canonical-json.ts";
import {
  beginning,
  type Chronicle,
  type Commit,
  type Move,
  movesOf,
  nameOf,
  type State,
} from "../chronicle.ts";
import { endOf, folded, type Page, pagesOf } from "../delta.ts";
import type { Desk } from "../desk.ts";
import { defineProbe, type Script } from "../probe.ts";
import { type Loose, textOf } from "../reply.ts";
import { each, fieldsFor } from "../values.ts";

export const deltaHistory = defineProbe({
  id: "delta/history",
  rules: ["DLT-1", "DLT-2", "DLT-4", "DLT-6", "DLT-7", "DLT-11"],
  text: "From every revision of a history the delta, applied to the state then, gives the state now.",
  phases: [5],
  runs: 2,
  values: () =>
    record({
      moves: movesOf(2, 5),
      limit: integer({ min: 1, max: 4 }),
      lives: each(LIVES),
      fields: fieldsFor,
    }),
  *script(desk, { moves, limit, lives, fields }) {
    const chronicle = yield* beginning(desk);
    yield* chronicle.play(moves);
    const drawn = chronicle.commits.length;
    yield* chronicle.play(lives.map((life) => ({ ...life, fields })));
    const lengths = [...chronicle.revisions.keys()];
    const isPaged = (length: number): boolean => length < drawn && length % 2 === 0;
    const told = new Map<number, readonly Page[]>();
    for (const length of lengths.filter((one) => !isPaged(one)))
      told.set(length, yield* judged(desk, chronicle, length, undefined));
    // First what a device lacks for good [DLT-6], then what it need not have had.
    for (const [length, pages] of told) yield* judgeGone(desk, chronicle, length, pages);
    for (const length of lengths.filter(isPaged)) yield* judged(desk, chronicle, length, limit);
  },
});

/** A delta from the revision after so many commits, judged. */
function* judged(
  desk: Desk,
  chronicle: Chronicle,
  length: number,
  limit: number | undefined,
): Script<readonly Page[]> {
  const query = { since: chronicle.revisions[length], limit };
  const pages = yield* pagesOf(desk, desk.actor("reader"), query, "DLT-6");
  for (const page of pages) yield* judgePage(desk, chronicle, length, page);
  yield* judgeWhole(desk, chronicle, length, pages);
  yield* isUsable(desk, chronicle, endOf(pages));
  return pages;
}

/** Whatever was drawn: records of their own that come and go, are made again, and stay. */
const LIVES: readonly Omit<Move, "fields">[] = [
  [6, false],
  [7, false],
  [7, true],
  [8, false],
  [8, true],
  [8, false],
].map(([slot, ends]) => ({ slot, ends, by: "phone", batched: false, keyed: false }) as Omit<Move, "fields">);

/** [DLT-2] what came and went in between is told of, too: a device may have it by an event. */
function* judgeGone(desk: Desk, chronicle: Chronicle, length: number, pages: readonly Page[]): Script<void> {
  const told = new Set(pages.flatMap(({ changes }) => changes.map(({ entity, id }) => nameOf(entity, id))));
  const [before, now] = [chronicle.stateAfter(length), chronicle.stateAfter()];
  const lost = chronicle.commits
    .slice(length)
    .map(({ entity, id }) => nameOf(entity, id))
    .find((name) => !before.has(name) && !now.has(name) && !told.has(name));
  yield* desk.expect("DLT-2", lost === undefined, {
    expected: `${lost} deleted: it came and went since ${chronicle.revisions[length]}`,
    actual: "left out",
  });
}

/** What must hold of each page of a delta after the first `length` commits, when nobody writes meanwhile. */
function* judgePage(desk: Desk, chronicle: Chronicle, length: number, { changes }: Page): Script<void> {
  const before = chronicle.stateAfter(length);
  const because = `changes since ${chronicle.revisions[length]}: ${JSON.stringify(changes.map(briefly))}`;
  const names = changes.map(({ entity, id }) => nameOf(entity, id));
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  yield* desk.expect("DLT-1", twice === undefined, {
    expected: "each record at most once a page",
    actual: `${twice} twice`,
    because,
  });
  const revisions = changes.map(({ revisionId }) => textOf(revisionId) ?? "");
  const fall = desk.facts.ordered
    ? revisions.findIndex((one, at) => at > 0 && one <= (revisions[at - 1] as string))
    : -1;
  yield* desk.expect("DLT-1", fall < 0, {
    expected: "changes ascending by revision",
    actual: `${revisions[fall]} after ${revisions[fall - 1]}`,
    because,
  });
  for (const change of changes) yield* judgeChange(desk, chronicle.commits, length, before, change, because);
}

function* judgeChange(
  desk: Desk,
  commits: readonly Commit[],
  length: number,
  before: State,
  change: Loose,
  because: string,
): Script<void> {
  const { entity, action, id, revisionId, data } = change;
  const latest = commits.findLast((one) => one.entity === entity && one.id === id);
  const isAfter = latest !== undefined && commits.indexOf(latest) >= length;
  yield* desk.expect("DLT-1", isAfter && revisionId === latest?.revision, {
    expected: `${id} only if it changed since, at ${latest?.revision}`,
    actual: `at ${revisionId}`,
    because,
  });
  if (latest === undefined) return;
  const lived = before.has(nameOf(entity, id));
  const wanted = latest.record === null ? "deleted" : lived ? "updated" : "created";
  const wasGone = commits.some((one) => one.id === id && one.record === null);
  if (wasGone && latest.record !== null)
    yield* desk.expect("DLT-11", action !== "deleted", {
      expected: `${id} alive: it was made again`,
      actual: String(action),
      because,
    });
  yield* desk.expect("DLT-2", action === wanted, {
    expected: `${id} ${wanted}: it ${lived ? "lived" : "did not live"} at since`,
    actual: String(action),
    because,
  });
  const isSame =
    latest.record === null ? data === undefined || data === null : jsonEqual(data, latest.record);
  yield* desk.expect("DLT-1", isSame, {
    expected: `${id} in its latest state: ${JSON.stringify(latest.record)}`,
    actual: JSON.stringify(data) ?? "no data",
    because,
  });
}

function* judgeWhole(desk: Desk, chronicle: Chronicle, length: number, pages: readonly Page[]): Script<void> {
  const since = chronicle.revisions[length];
  const wanted = chronicle.stateAfter();
  const got = folded(chronicle.stateAfter(length), pages);
  const gone = new Set(
    chronicle.commits.filter(({ record }) => record === null).map(({ entity, id }) => nameOf(entity, id)),
  );
  // [DLT-11] only where nothing else is lost is it the tombstone of the past that hides one.
  const isAgain = (name: string): boolean => gone.has(name) && wanted.has(name);
  const all = differences(got, wanted);
  const differs = all.find((name) => !isAgain(name)) ?? all[0];
  const rule = differs !== undefined && isAgain(differs) ? "DLT-11" : "DLT-6";
  const latest = chronicle.commits.findLast(({ entity, id }) => nameOf(entity, id) === differs);
  yield* desk.expect(rule, differs === undefined, {
    expected: `every change since ${since}: ${differs} is ${latest?.action} at ${latest?.revision}`,
    actual: `pages of ${JSON.stringify(pages.map(({ changes }) => changes.map(briefly)))}`,
  });
  const isQuiet = length === chronicle.commits.length;
  if (!isQuiet) return;
  const [first] = pages;
  yield* desk.expect("DLT-7", first !== undefined && first.changes.length === 0, {
    expected: "no changes: nothing is new",
    actual: JSON.stringify(first?.changes.map(briefly)),
  });
}

/** A delta that is done answers the head, or what others made of it, and from there nothing of ours is new. */
function* isUsable(desk: Desk, chronicle: Chronicle, end: string): Script<void> {
  if (!desk.facts.ordered) return;
  yield* desk.expect("DLT-6", end >= chronicle.last, {
    expected: `currentRevision at or after ${chronicle.last}`,
    actual: end,
  });
}

/** The first record in which two states differ. */
export function difference(one: State, other: State): string | undefined {
  return differences(one, other)[0];
}

function differences(one: State, other: State): readonly string[] {
  const names = [...new Set([...one.keys(), ...other.keys()])];
  return names.filter((name) => !jsonEqual(one.get(name), other.get(name)));
}

export function briefly({ action, id, revisionId }: Loose): string {
  return `${action} ${id} ${revisionId}`;
}
