/**
 * Owns the probe of concurrent updates of a task [MRG-2, MRG-3, MRG-8, MRG-11]: one set of writes, on one revision, in
 * several orders of arrival, ends in the same fields, and in each field stays the largest stamp.
 * Refuses to know how a target merges. Where the client resolves, it plays the client.
 */

import { array, boolean, constantFrom, record, shuffledSubarray } from "fast-check";
import { jsonEqual } from "../../base/canonical-json.ts";
import { HOUR_MS } from "../../base/time.ts";
import type { Actor } from "../actor.ts";
import { hasPhase } from "../anatomy.ts";
import type { Desk, Subscription } from "../desk.ts";
import { fieldsOf } from "../expectations.ts";
import { created, idOf, listening, sameEverywhere, sure } from "../moves.ts";
import { defineProbe, type Script } from "../probe.ts";
import { type Loose, looseOf, type Reply } from "../reply.ts";
import { type Claim, isLarger, over } from "../stamp-book.ts";

const FIELDS = ["title", "notes", "dueAt", "colour"] as const;
/** Orders that locales and numbers see otherwise than code points do; none begins another. */
const NAMES = ["a", "B", "_", "9", "10"] as const;
/** Times around that of the base: what is at or before it counts as 1 ms after. */
const OFFSETS_MS = [-60_000, 0, 1, 2, 2, 3, 1_000] as const;
const AGO_MS = 6 * HOUR_MS;

interface Edit extends Claim {
  readonly actor: Actor;
  readonly device: string | null;
  readonly patch: Loose;
}

export const taskMerge = defineProbe({
  id: "tasks/merge",
  rules: ["MRG-2", "MRG-3", "MRG-8", "MRG-11", "CON-2", "CON-11"],
  text: "Concurrent updates of a task end alike in every order of arrival: in each field the largest stamp stays.",
  phases: [2],
  needs: ({ declared }) => (declared.mode === "enforce" ? undefined : "needs conflicts.mode: enforce"),
  runs: 4,
  values: ({ declared }) =>
    record({
      writes: array(
        record({
          offsetMs: constantFrom(...OFFSETS_MS),
          fields: shuffledSubarray([...FIELDS], { minLength: 1 }),
          removes: boolean(),
        }),
        { minLength: 3, maxLength: 4 },
      ).map(tied),
      names: shuffledSubarray([...NAMES], { minLength: 4 }),
      order: shuffledSubarray([0, 1, 2, 3], { minLength: 4 }),
      // Ties need a word of device and key, which a client that resolves by itself is not told of.
      ties: declared.resolvedBy === "client" ? constantFrom("none") : constantFrom("named", "bare"),
    }),
  *script(desk, { writes, names, order, ties }) {
    const nowMs = yield* desk.targetNow();
    const baseMs = nowMs - AGO_MS;
    const all = writes.map((write, at) => ({ ...write, name: names[at] as string, nth: at }));
    const ends: Loose[] = [];
    for (const arrival of ["forth", "back", "together"] as const) {
      if (arrival === "together" && desk.facts.declared.resolvedBy === "client") continue;
      const socket = arrival === "back" ? yield* listening(desk, desk.actor("reader")) : undefined;
      const made = yield* created(desk, desk.actor("maker"), "task", baseFields(), { timestamp: baseMs });
      const edits = all.map((one) => editOf(desk, one, baseMs, ties));
      const sequence = arranged(edits, arrival, order);
      const wanted =
        arrival === "together"
          ? yield* together(desk, made, sequence)
          : yield* oneByOne(desk, made, sequence);
      ends.push(yield* endsIn(desk, made, edits, wanted, socket, arrival));
    }
    for (const end of ends)
      yield* desk.expect("MRG-2", jsonEqual(end, ends[0]), {
        expected: `the same fields in every order: ${JSON.stringify(ends[0])}`,
        actual: JSON.stringify(end),
      });
  },
});

interface Write {
  readonly offsetMs: number;
  readonly fields: readonly (typeof FIELDS)[number][];
  readonly removes: boolean;
}

/** The first two tie up to their keys in one field that is theirs alone, the first and the third up to their devices. */
function tied(writes: readonly Write[]): readonly Write[] {
  const { offsetMs } = writes[0] as Write;
  return writes.map((write, nth) => {
    const others = write.fields.filter((field) => field !== "colour" && field !== "title");
    if (nth === 0) return { ...write, fields: ["colour", "title", ...others] };
    if (nth === 1) return { ...write, offsetMs, fields: ["colour", ...others] };
    return { ...write, offsetMs: nth === 2 ? offsetMs : write.offsetMs, fields: ["title", ...others] };
  });
}

function baseFields(): Loose {
  return { title: "base", notes: "base", dueAt: "2026-01-01T00:00:00.000Z", colour: "base" };
}

function editOf(
  desk: Desk,
  write: Write & { readonly name: string; readonly nth: number },
  baseMs: number,
  ties: string,
): Edit {
  const { offsetMs, fields, removes, name, nth } = write;
  const hasKeys = hasPhase(desk.facts, 3);
  const isBare = ties === "bare" && nth === 3;
  const actor = desk.actor(nth < 2 && hasKeys && ties !== "none" ? "one" : name);
  const device = isBare ? null : actor.deviceId;
  const patch = Object.fromEntries(
    fields.map((field) => {
      if (field === "dueAt") return [field, `2026-02-0${nth + 1}T00:00:00.000Z`];
      return [field, removes && nth === 1 && field === "notes" ? null : `${field} of ${name}`];
    }),
  );
  return {
    actor,
    device,
    patch,
    // Where nothing may tie every writer has a time of its own.
    atMs: ties === "none" ? baseMs + 10 + nth + Math.max(0, offsetMs) * 10 : baseMs + offsetMs,
    deviceId: device ?? "",
    key: hasKeys && !isBare ? `${name}${desk.fresh("k")}` : "",
  };
}

function arranged(edits: readonly Edit[], arrival: string, order: readonly number[]): readonly Edit[] {
  const forth = order.flatMap((at) => edits[at] ?? []);
  return arrival === "back" ? [...forth].reverse() : forth;
}

/** The update as it goes out, on the revision that all of them are based on. */
function asking({ actor, patch, atMs, device, key }: Edit, made: Reply) {
  const headers = { ifMatch: made.revision, timestamp: atMs, deviceId: device };
  return actor.update("task", idOf(made), patch, key === "" ? headers : { ...headers, key });
}

/** One after the other: each answer is told in advance. Says the fields that must stand at the end. */
function* oneByOne(desk: Desk, made: Reply, edits: readonly Edit[]): Script<Loose> {
  const baseMs = Number(made.ask.http.headers["x-mutation-timestamp"]);
  const base: Claim = { atMs: baseMs, deviceId: made.ask.actor.deviceId, key: "" };
  const stamps = new Map<string, Claim>(FIELDS.map((field) => [field, base]));
  let wanted = fieldsOf(made.record);
  for (const [at, edit] of edits.entries()) {
    const claim = over(edit, base);
    const fields = Object.keys(edit.patch);
    const won = fields.filter((field) => at === 0 || isLarger(claim, stamps.get(field) ?? base));
    for (const field of won) stamps.set(field, claim);
    wanted = withFields(wanted, edit.patch, won);
    const reply = yield* desk.send(asking(edit, made));
    if (at > 0 && desk.facts.declared.resolvedBy === "client") yield* resolved(desk, edit, made, reply, won);
    else yield* isAnswered(desk, reply, edits.slice(0, at + 1), won.length, wanted);
  }
  return wanted;
}

function* isAnswered(
  desk: Desk,
  reply: Reply,
  arrived: readonly Edit[],
  won: number,
  wanted: Loose,
): Script<void> {
  const of = Object.keys((arrived.at(-1) as Edit).patch).length;
  const because = `a stale update that wins ${won} of its ${of} fields`;
  if (arrived.length === 1) {
    yield* desk.expect("CON-1", reply.status === 200, { expected: "200", actual: reply.says });
    return;
  }
  const isPart = won > 0 && won < of;
  const resolution = isPart ? "merged" : "client_won";
  const isConflict = reply.status === 409 && reply.error === "conflict";
  const isRight = won === 0 ? isConflict : reply.status === 200 && reply.meta.resolution === resolution;
  // A refusal of what is won in part is one thing, a field that the wrong write has is another.
  if (isRight || !(isPart && isConflict))
    yield* isShown(desk, fieldsOf(reply.isOk ? reply.data : reply.body.serverData), wanted, arrived, because);
  yield* desk.expect("MRG-3", isRight, {
    expected: won === 0 ? "409 conflict" : `200 with meta.resolution ${resolution}`,
    actual: reply.isOk ? `${reply.status} with ${reply.meta.resolution}` : reply.says,
    because,
  });
}

/** Each field holds the largest stamp of those who wrote it; what one alone wrote stays [MRG-2, MRG-11]. */
function* isShown(
  desk: Desk,
  fields: Loose,
  wanted: Loose,
  edits: readonly Edit[],
  because: string,
): Script<void> {
  for (const field of FIELDS) {
    const writers = edits.filter(({ patch }) => Object.hasOwn(patch, field));
    if (writers.length === 0) continue;
    yield* desk.expect(writers.length > 1 ? "MRG-2" : "MRG-11", jsonEqual(fields[field], wanted[field]), {
      expected: `${field}: ${JSON.stringify(wanted[field])}`,
      actual: JSON.stringify(fields[field]),
      because: `${because}; concurrent writes of this field: ${writers.length}`,
    });
  }
}

/** The client's part: what its times win is sent again on what the 409 says. */
function* resolved(
  desk: Desk,
  edit: Edit,
  made: Reply,
  refused: Reply,
  won: readonly string[],
): Script<void> {
  yield* desk.expect("CON-2", refused.status === 409 && refused.error === "conflict", {
    expected: "409 conflict: the client resolves here",
    actual: refused.says,
  });
  const times = looseOf(refused.body.stamps);
  const mine = Object.keys(edit.patch).filter((field) => !(Number(times[field]) >= edit.atMs));
  yield* desk.expect("MRG-2", mine.length === won.length && mine.every((field) => won.includes(field)), {
    expected: `stamps that leave ${won.join(", ") || "nothing"} to the write at ${edit.atMs}`,
    actual: JSON.stringify(refused.body.stamps),
  });
  if (mine.length === 0) return;
  const patch = Object.fromEntries(mine.map((field) => [field, edit.patch[field]]));
  const headers = { ifMatch: String(refused.body.currentRevision), timestamp: edit.atMs };
  yield* sure(desk, "CON-11", edit.actor.update("task", idOf(made), patch, headers), 200);
}

/** All on the way at once: whoever is first, the end is the same. */
function* together(desk: Desk, made: Reply, edits: readonly Edit[]): Script<Loose> {
  const replies = yield* desk.atOnce(edits.map((edit) => asking(edit, made)));
  const isFine = ({ status }: Reply) => status === 200 || status === 409;
  yield* desk.expect("MRG-3", replies.every(isFine), {
    expected: "200, or 409 where nothing is won",
    actual: replies.map(({ says }) => says).join(", "),
  });
  let wanted = fieldsOf(made.record);
  for (const field of FIELDS) {
    const winner = largest(
      edits.filter(({ patch }) => Object.hasOwn(patch, field)),
      made,
    );
    if (winner) wanted = withFields(wanted, winner.patch, [field]);
  }
  return wanted;
}

function largest(edits: readonly Edit[], made: Reply): Edit | undefined {
  const baseMs = Number(made.ask.http.headers["x-mutation-timestamp"]);
  const base: Claim = { atMs: baseMs, deviceId: "", key: "" };
  let best: Edit | undefined;
  for (const edit of edits) if (!best || isLarger(over(edit, base), over(best, base))) best = edit;
  return best;
}

function* endsIn(
  desk: Desk,
  made: Reply,
  edits: readonly Edit[],
  wanted: Loose,
  socket: Subscription | undefined,
  arrival: string,
): Script<Loose> {
  const read = yield* desk.send(desk.actor("reader").read("task", idOf(made)));
  const fields = fieldsOf(read.record);
  yield* isShown(desk, fields, wanted, edits, `arrived ${arrival}`);
  if (arrival === "back") yield* sameEverywhere(desk, "MRG-8", read, made.revision, socket);
  return fields;
}

function withFields(fields: Loose, patch: Loose, names: readonly string[]): Loose {
  const members = new Map(Object.entries(fields));
  for (const name of names) {
    const value = patch[name];
    if (value === null) members.delete(name);
    else members.set(name, value);
  }
  return Object.fromEntries(members);
}

export const tasksApart = defineProbe({
  id: "tasks/apart",
  rules: ["MRG-11", "CON-2", "CON-11"],
  text: "Concurrent updates of different fields of a task all stay, whatever their clocks say and whichever comes first.",
  phases: [2],
  needs: ({ declared }) => (declared.mode === "enforce" ? undefined : "needs conflicts.mode: enforce"),
  runs: 5,
  values: () =>
    record({
      fields: shuffledSubarray([...FIELDS], { minLength: 2 }),
      offsetsMs: array(constantFrom(...OFFSETS_MS), { minLength: 4, maxLength: 4 }),
    }),
  *script(desk, { fields, offsetsMs }) {
    const baseMs = (yield* desk.targetNow()) - AGO_MS;
    const made = yield* created(desk, desk.actor("maker"), "task", baseFields(), { timestamp: baseMs });
    const id = idOf(made);
    const sent = fields.map((field) => [
      field,
      field === "dueAt" ? "2026-03-01T00:00:00.000Z" : desk.fresh(field),
    ]);
    for (const [at, one] of sent.entries()) {
      const actor = desk.actor(`w${at}`);
      const patch = Object.fromEntries([one]);
      const timestamp = baseMs + (offsetsMs[at] as number);
      const ask = actor.update("task", id, patch, { ifMatch: made.revision, timestamp });
      if (at === 0 || desk.facts.declared.resolvedBy === "server") {
        yield* sure(desk, at === 0 ? "CON-1" : "MRG-11", ask, 200, "nobody else wrote this field");
        continue;
      }
      const refused = yield* sure(desk, "CON-2", ask, 409);
      const headers = { ifMatch: String(refused.body.currentRevision), timestamp };
      yield* sure(desk, "CON-11", actor.update("task", id, patch, headers), 200);
    }
    const read = yield* desk.send(desk.actor("maker").read("task", id));
    const wanted = { ...baseFields(), ...Object.fromEntries(sent) };
    yield* desk.expect("MRG-11", jsonEqual(fieldsOf(read.record), wanted), {
      expected: JSON.stringify(wanted),
      actual: JSON.stringify(fieldsOf(read.record)),
    });
  },
});
