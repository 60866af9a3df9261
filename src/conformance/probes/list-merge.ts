/**
 * Owns the probes of concurrent updates of a list [MRG-5, MRG-6, MRG-7, MRG-8]: what each side added, removed and edited,
 * and where it stands at the end.
 * Refuses to know how a target merges: for each item it says what must have become of it.
 */

import { boolean, constantFrom, integer, record } from "fast-check";
import { jsonEqual } from "../../base/canonical-json.ts";
import { HOUR_MS } from "../../base/time.ts";
import type { Actor } from "../actor.ts";
import type { Desk } from "../desk.ts";
import { created, idOf, listening, sameEverywhere, sure } from "../moves.ts";
import { defineProbe, type Script } from "../probe.ts";
import { type Loose, listOf, looseOf, type Reply } from "../reply.ts";
import { type Claim, isLarger, over } from "../stamp-book.ts";
import type { TargetFacts } from "../target.ts";
import { each } from "../values.ts";

const AGO_MS = 6 * HOUR_MS;
const NAMES = ["a", "B", "_"] as const;
const OPS = ["keep", "text", "done", "both", "remove"] as const;
type Op = (typeof OPS)[number];

/** The base must still be in the log when the stale write comes. */
const RETENTION_SECONDS_MIN = 5;

function resolvedByServer({ declared }: TargetFacts): string | undefined {
  if (declared.mode !== "enforce") return "needs conflicts.mode: enforce";
  if (declared.resolvedBy === "client") return "needs conflicts.resolvedBy: server";
  return declared.retentionSeconds < RETENTION_SECONDS_MIN
    ? `needs delta.retentionSeconds of at least ${RETENTION_SECONDS_MIN}`
    : undefined;
}

/** One side: what it made of the list that both began with. */
interface Side extends Claim {
  readonly actor: Actor;
  readonly ops: readonly Op[];
  readonly items: readonly Loose[];
  readonly patch: Loose;
}

/** Every two things that may be done to one item, removals first: each item meets one of them. */
const PAIRS: readonly (readonly [Op, Op])[] = [...OPS]
  .reverse()
  .flatMap((one) => OPS.map((two): readonly [Op, Op] => [one, two]));

const side = record({
  atMs: constantFrom(-50, 1, 2, 2, 1_000),
  adds: integer({ min: 0, max: 2 }),
  inFront: boolean(),
  backwards: boolean(),
});

/** Which side comes first; and once only one of them renames the list. */
const ARRIVALS = [
  { isBack: false, oneName: false },
  { isBack: true, oneName: false },
  { isBack: false, oneName: true },
] as const;

export const listMerge = defineProbe({
  id: "lists/merge",
  rules: ["MRG-5", "MRG-6", "MRG-7", "MRG-8"],
  text: "Two concurrent updates of a list: nothing added is lost, removals and edits meet as they must, in either order.",
  phases: [2],
  needs: resolvedByServer,
  runs: 3,
  values: () =>
    record({
      pairs: each(PAIRS),
      left: side,
      right: side,
      edits: boolean(),
      ties: boolean(),
      arrivals: each(ARRIVALS),
    }),
  *script(desk, { pairs, left, right, edits, ties, arrivals }) {
    const baseMs = (yield* desk.targetNow()) - AGO_MS;
    for (const { isBack, oneName } of arrivals) {
      const socket = isBack ? yield* listening(desk, desk.actor("reader")) : undefined;
      const items = pairs.map((_, at) => ({
        id: `i${at}`,
        text: `base ${at}`,
        done: false,
      }));
      const made = yield* created(
        desk,
        desk.actor("maker"),
        "list",
        { name: "base", items },
        { timestamp: baseMs },
      );
      const sides = [left, right].map((one, at) => {
        // The right side may leave all items alone.
        const ops = pairs.map((pair): Op => (at === 0 || edits ? (pair[at] as Op) : "keep"));
        const renames = at === 0 || !oneName;
        const own = { ...one, ops, renames, atMs: baseMs + (ties ? left.atMs : one.atMs) };
        return sideOf(desk, own, NAMES[at] as string, items);
      }) as [Side, Side];
      const [first, second] = isBack ? [sides[1], sides[0]] : sides;
      const before = yield* sure(desk, "CON-1", update(first, made), 200);
      const reply = yield* desk.send(update(second, made));
      const isStale = before.revision !== made.revision;
      const holds = reply.status === 200 && (!isStale || reply.meta.resolution === "merged");
      yield* desk.expect("MRG-5", holds, {
        expected: "200 with meta.resolution merged for a stale update of a list",
        actual: reply.isOk ? `200 with ${reply.meta.resolution}` : reply.says,
      });
      const read = yield* desk.send(desk.actor("reader").read("list", idOf(made)));
      yield* desk.expect("MRG-8", jsonEqual(read.record, reply.record), {
        expected: `a read as the answer was: ${JSON.stringify(reply.record)}`,
        actual: JSON.stringify(read.record),
      });
      const base: Claim = { atMs: baseMs, deviceId: "", key: "" };
      yield* isMerged(desk, read, items, first, second, base);
      if (isStale) yield* isInOrder(desk, read, before, second);
      if (isBack) yield* sameEverywhere(desk, "MRG-8", read, made.revision, socket);
    }
  },
});

function sideOf(
  desk: Desk,
  write: {
    readonly atMs: number;
    readonly ops: readonly Op[];
    readonly adds: number;
    readonly inFront: boolean;
    readonly renames: boolean;
    readonly backwards: boolean;
  },
  name: string,
  base: readonly { readonly id: string; readonly text: string; readonly done: boolean }[],
): Side {
  const { atMs, ops, adds, inFront, renames, backwards } = write;
  const kept = base.flatMap((item, at) => {
    const op = ops[at] ?? "keep";
    if (op === "remove") return [];
    const text = op === "text" || op === "both" ? `${item.text} by ${name}` : item.text;
    return [{ ...item, text, done: op === "done" || op === "both" }];
  });
  const added = Array.from({ length: adds }, (_, at) => ({ id: `${name}${at}`, text: `added by ${name}` }));
  const all: readonly Loose[] = inFront ? [...added, ...kept] : [...kept, ...added];
  const items = backwards ? [...all].reverse() : all;
  const isTouched = adds > 0 || backwards || ops.slice(0, base.length).some((op) => op !== "keep");
  const actor = desk.actor(name);
  const patch = { ...(renames || !isTouched ? { name: `by ${name}` } : {}), ...(isTouched ? { items } : {}) };
  return {
    actor,
    atMs,
    deviceId: actor.deviceId,
    key: "",
    ops: isTouched ? ops : base.map(() => "keep"),
    items: isTouched ? items : base,
    patch,
  };
}

function update({ actor, patch, atMs }: Side, made: Reply) {
  return actor.update("list", idOf(made), patch, { ifMatch: made.revision, timestamp: atMs });
}

function* isMerged(
  desk: Desk,
  read: Reply,
  base: readonly { readonly id: string; readonly text: string }[],
  first: Side,
  second: Side,
  zero: Claim,
): Script<void> {
  const items = listOf(read.record.items).map(looseOf);
  const because = `first ${JSON.stringify(first.patch)}, then, concurrent, ${JSON.stringify(second.patch)}`;
  const ids = items.map(({ id }) => id);
  yield* desk.expect("MRG-5", new Set(ids).size === ids.length, {
    expected: "no item twice",
    actual: JSON.stringify(ids),
    because,
  });
  const known = new Set(base.map(({ id }) => id));
  for (const added of [...first.items, ...second.items].filter(({ id }) => !known.has(String(id)))) {
    const there = items.find(({ id }) => id === added.id);
    yield* desk.expect("MRG-5", jsonEqual(there, added), {
      expected: `${JSON.stringify(added)}, which was added`,
      actual: JSON.stringify(there ?? ids),
      because,
    });
  }
  const larger = isLarger(over(second, zero), over(first, zero)) ? second : first;
  for (const [at, item] of base.entries()) {
    const ops: readonly [Op, Op] = [first.ops[at] ?? "keep", second.ops[at] ?? "keep"];
    const there = items.find(({ id }) => id === item.id);
    yield* isSettled(desk, item, ops, there, { first, second, larger }, because);
  }
  const named = [first, second].filter(({ patch }) => Object.hasOwn(patch, "name"));
  const name = named.length === 2 ? larger.patch.name : (named[0]?.patch.name ?? "base");
  yield* desk.expect("MRG-7", read.record.name === name, {
    expected: `the name ${JSON.stringify(name)}`,
    actual: JSON.stringify(read.record.name),
    because,
  });
}

/** What must have become of one item that both began with. */
function* isSettled(
  desk: Desk,
  item: { readonly id: string; readonly text: string },
  [one, two]: readonly [Op, Op],
  there: Loose | undefined,
  { first, second, larger }: { readonly first: Side; readonly second: Side; readonly larger: Side },
  because: string,
): Script<void> {
  const removes = [one, two].filter((op) => op === "remove").length;
  const isGone = removes === 2 || (removes === 1 && [one, two].includes("keep"));
  if (removes > 0)
    yield* desk.expect("MRG-6", isGone === (there === undefined), {
      expected: `${item.id} ${isGone ? "gone" : "there"}: ${one} on one side, ${two} on the other`,
      actual: there === undefined ? "gone" : JSON.stringify(there),
      because,
    });
  if (there === undefined) {
    yield* desk.expect("MRG-5", isGone, {
      expected: `${item.id}, which nobody removed`,
      actual: "gone",
      because,
    });
    return;
  }
  const editors = [
    { op: one, side: first },
    { op: two, side: second },
  ].filter(({ op }) => op === "text" || op === "both");
  const editor = editors.length === 2 ? larger : editors[0]?.side;
  const text = editor === undefined ? item.text : `${item.text} by ${nameOf(editor)}`;
  const rule = editors.length === 2 ? "MRG-7" : "MRG-6";
  yield* desk.expect(rule, there.text === text, {
    expected: `${item.id} with the text ${text}`,
    actual: JSON.stringify(there.text),
    because,
  });
  const isDone = [one, two].some((op) => op === "done" || op === "both");
  yield* desk.expect("MRG-6", there.done === isDone, {
    expected: `${item.id} done: ${isDone}`,
    actual: JSON.stringify(there.done),
    because,
  });
}

function nameOf({ actor }: Side): string {
  return actor.name;
}

/** [MRG-7] the server's order, then the client's new items in the client's order. */
function* isInOrder(desk: Desk, read: Reply, before: Reply, { items }: Side): Script<void> {
  const ids = listOf(read.record.items).map((one) => String(looseOf(one).id));
  const servers = listOf(before.record.items).map((one) => String(looseOf(one).id));
  const clients = items.map(({ id }) => String(id));
  const wanted = [
    ...servers.filter((id) => ids.includes(id)),
    ...clients.filter((id) => ids.includes(id) && !servers.includes(id)),
  ];
  yield* desk.expect("MRG-7", ids.join("\n") === wanted.join("\n"), {
    expected: `the order ${wanted.join(", ")}`,
    actual: ids.join(", "),
    because: `the server had ${servers.join(", ")}, the client sent ${clients.join(", ")}`,
  });
}

/** In both lives of a list, and left out by who knows only the first: in the second it was added anew. */
const SAME = [{ id: "same", text: "same" }];

export const listUnion = defineProbe({
  id: "lists/union",
  rules: ["MRG-5", "MRG-6", "MRG-7"],
  text: "A stale update whose base is older than a deletion of the list is merged as a union: nothing of either is lost.",
  phases: [2],
  needs: resolvedByServer,
  runs: 4,
  values: () => record({ mineLater: boolean(), adds: integer({ min: 0, max: 2 }) }),
  *script(desk, { mineLater, adds }) {
    const phone = desk.actor("phone");
    const baseMs = (yield* desk.targetNow()) - AGO_MS;
    const at = (ms: number) => ({ timestamp: baseMs + ms });
    const old = [{ id: "old", text: "old" }, { id: "both", text: "old" }, ...SAME];
    const made = yield* created(desk, phone, "list", { name: "first", items: old }, at(0));
    const id = idOf(made);
    yield* sure(desk, "CON-1", phone.delete("list", id, { ifMatch: made.revision }), 200);
    const now = [{ id: "new", text: "new" }, { id: "both", text: "server's" }, ...SAME];
    const again = phone.create("list", { id, name: "second", items: now }, at(1_000));
    yield* sure(desk, "CON-9", again, 201);
    const added = Array.from({ length: adds }, (_, nth) => ({ id: `a${nth}`, text: "mine" }));
    const sent = [{ id: "old", text: "old" }, { id: "both", text: "mine" }, ...added];
    const headers = { ifMatch: made.revision, ...at(mineLater ? 2_000 : 500) };
    const ask = desk.actor("tablet").update("list", id, { items: sent }, headers);
    const reply = yield* sure(desk, "MRG-5", ask, 200);
    const ids = listOf(reply.record.items).map((one) => String(looseOf(one).id));
    const wanted = ["new", "both", "same", "old", ...added.map((one) => one.id)];
    yield* desk.expect("MRG-6", wanted.every((one) => ids.includes(one)) && ids.length === wanted.length, {
      expected: `the union ${wanted.join(", ")}`,
      actual: ids.join(", "),
    });
    yield* desk.expect("MRG-7", ids.join() === wanted.join(), {
      expected: `the order ${wanted.join(", ")}`,
      actual: ids.join(", "),
    });
    const text = looseOf(listOf(reply.record.items).find((one) => looseOf(one).id === "both")).text;
    yield* desk.expect("MRG-7", text === (mineLater ? "mine" : "server's"), {
      expected: `the larger stamp: ${mineLater ? "mine" : "server's"}`,
      actual: JSON.stringify(text),
    });
  },
});
