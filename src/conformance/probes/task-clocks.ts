/**
 * Owns the probes of clocks that are wrong [MRG-4, CON-12]: a write beats what it was based on, and no clock holds a field
 * for longer than 5 s.
 * Refuses to trust its own clock: the target's is read from its answers.
 */

import { array, boolean, constantFrom, integer, record } from "fast-check";
import { HOUR_MS, SECOND_MS } from "../../base/time.ts";
import { hasPhase } from "../anatomy.ts";
import type { Desk } from "../desk.ts";
import { instantOf } from "../expectations.ts";
import { created, idOf, sure } from "../moves.ts";
import { defineProbe, type Script } from "../probe.ts";
import { listOf, looseOf, type Reply } from "../reply.ts";
import { type Claim, isLarger, over } from "../stamp-book.ts";
import type { TargetFacts } from "../target.ts";
import { each } from "../values.ts";

const AHEAD_MS_MAX = 5 * SECOND_MS;
/** How far the clocks of one target's nodes may be apart. */
const APART_MS = 250;
/** How long a target may take from the receipt of a write to its commit. */
const SLACK_MS = 2 * SECOND_MS;
const AGO_MS = 6 * HOUR_MS;

const enforced = ({ declared }: TargetFacts) =>
  declared.mode === "enforce" ? undefined : "needs conflicts.mode: enforce";

export const taskKnowing = defineProbe({
  id: "tasks/knowing",
  rules: ["CON-12", "MRG-2", "MRG-4"],
  text: "A write beats what it was based on, however far its clock is behind; a field's stamp never falls.",
  phases: [2],
  needs: enforced,
  runs: 7,
  values: ({ declared }) =>
    record({
      baseOffsetMs: constantFrom(0, 100),
      chain: array(
        record({
          offsetMs: constantFrom(-3_600_000, -10, 0, 50, 100, 101, 200),
          blind: declared.ifMatch === "required" ? constantFrom(false) : boolean(),
        }),
        { minLength: 1, maxLength: 3 },
      ),
      late: array(record({ from: integer({ min: 0, max: 2 }), nearMs: constantFrom(-1, 1, 2, 1_000, -50) }), {
        minLength: 1,
        maxLength: 3,
      }),
    }),
  *script(desk, { baseOffsetMs, chain, late }) {
    const zeroMs = (yield* desk.targetNow()) - AGO_MS;
    const first: Claim = { atMs: zeroMs + baseOffsetMs, deviceId: desk.actor("d0").deviceId, key: "" };
    const made = yield* created(desk, desk.actor("d0"), "task", { title: "base" }, { timestamp: first.atMs });
    const known: { revision: string | undefined; claim: Claim }[] = [
      { revision: made.revision, claim: first },
    ];
    let title = "base";
    const id = idOf(made);
    for (const [at, { offsetMs, blind }] of chain.entries()) {
      const actor = desk.actor(`d${at + 1}`);
      const last = known.at(-1) as (typeof known)[number];
      const own: Claim = { atMs: zeroMs + offsetMs, deviceId: actor.deviceId, key: "" };
      title = desk.fresh("title");
      const headers = { timestamp: own.atMs, ...(blind ? {} : { ifMatch: last.revision }) };
      const reply = yield* sure(desk, "CON-12", actor.update("task", id, { title }, headers), 200);
      // Without a base the stamp is the writer's own, but it does not fall.
      const raised = isLarger(own, last.claim) ? own : last.claim;
      known.push({ revision: reply.revision, claim: blind ? raised : over(own, last.claim) });
    }
    for (const [at, { from, nearMs }] of late.entries()) {
      const base = known[Math.min(from, known.length - 2)] as (typeof known)[number];
      const standing = known.at(-1) as (typeof known)[number];
      const actor = desk.actor(`z${at}`);
      const own = { atMs: standing.claim.atMs + nearMs, deviceId: actor.deviceId, key: "" };
      const claim = over(own, base.claim);
      const isWon = isLarger(claim, standing.claim);
      const text = desk.fresh("late");
      const headers = { ifMatch: base.revision, timestamp: own.atMs };
      const reply = yield* desk.send(actor.update("task", id, { title: text }, headers));
      yield* isJudged(desk, reply, isWon, standing.claim, claim);
      if (!isWon || !reply.isOk) continue;
      title = text;
      known.push({ revision: reply.revision, claim });
    }
    const read = yield* desk.send(desk.actor("d0").read("task", id));
    yield* desk.expect("MRG-2", read.record.title === title, {
      expected: title,
      actual: JSON.stringify(read.record.title),
    });
  },
});

/** A stale update of the one field: won or lost by its stamp; where the client resolves, the time is told. */
function* isJudged(desk: Desk, reply: Reply, isWon: boolean, standing: Claim, claim: Claim): Script<void> {
  const because = `the field stands at ${standing.atMs} of ${standing.deviceId}, the write claims ${claim.atMs}`;
  if (reply.status === 409) {
    const told = looseOf(reply.body.stamps).title;
    yield* desk.expect("MRG-4", told === standing.atMs, {
      expected: `stamps.title ${standing.atMs}`,
      actual: String(told),
      because,
    });
  }
  const status = isWon && desk.facts.declared.resolvedBy === "server" ? 200 : 409;
  yield* desk.expect("MRG-4", reply.status === status, {
    expected: String(status),
    actual: reply.says,
    because,
  });
}

export const taskPrecision = defineProbe({
  id: "tasks/precision",
  rules: ["MRG-2", "MRG-4"],
  text: "Within one second the later of two concurrent writes stays; a write without If-Match from a slow clock lowers no stamp.",
  phases: [2],
  needs: enforced,
  runs: 1,
  values: ({ declared }) =>
    record({
      // The second one's device is the larger: where times are cut it would win the tie.
      gapsMs: each([1, 500, 998]),
      isBlind: constantFrom(declared.ifMatch === "optional"),
    }),
  *script(desk, { gapsMs, isBlind }) {
    const baseMs = Math.floor(((yield* desk.targetNow()) - AGO_MS) / SECOND_MS) * SECOND_MS;
    const [maker, left, right] = [desk.actor("maker"), desk.actor("a"), desk.actor("b")];
    if (desk.facts.declared.resolvedBy === "server") yield* isRaised(desk, baseMs);
    for (const gapMs of gapsMs) {
      const made = yield* created(desk, maker, "task", { title: "base" }, { timestamp: baseMs });
      const id = idOf(made);
      const base = { ifMatch: made.revision };
      const lateMs = baseMs + 2 * SECOND_MS - 1;
      const first = left.update("task", id, { title: "later" }, { ...base, timestamp: lateMs });
      const written = yield* sure(desk, "CON-1", first, 200);
      const earlier = { ...base, timestamp: lateMs - gapMs };
      const lost = yield* desk.send(right.update("task", id, { title: "earlier" }, earlier));
      yield* isLost(desk, "MRG-2", lost, lateMs, `a concurrent write ${gapMs} ms before`);
      if (!isBlind) continue;
      // [MRG-4] applied without a base, from a clock that is behind: the field stays at the larger time.
      const blind = left.update("task", id, { title: "blind" }, { timestamp: lateMs - 1_500 });
      yield* sure(desk, "CON-7", blind, 200);
      const between = { ...base, timestamp: lateMs - gapMs };
      const held = yield* desk.send(right.update("task", id, { title: "between" }, between));
      yield* isLost(desk, "MRG-4", held, lateMs, `a write without If-Match, ${written.revision} before it`);
    }
  },
});

/** [MRG-2] who writes what stands there already changes no field, and raises its stamp all the same. */
function* isRaised(desk: Desk, baseMs: number): Script<void> {
  const made = yield* created(desk, desk.actor("maker"), "task", { title: "base" }, { timestamp: baseMs });
  const id = idOf(made);
  for (const [name, title, atMs] of [
    ["a", "same", baseMs + 1_000],
    ["b", "same", baseMs + 3_000],
    ["c", "between", baseMs + 2_000],
  ] as const)
    yield* desk.send(
      desk.actor(name).update("task", id, { title }, { ifMatch: made.revision, timestamp: atMs }),
    );
  const { record: shown } = yield* desk.send(desk.actor("maker").read("task", id));
  yield* desk.expect("MRG-2", shown.title === "same", {
    expected: "title: same, which was written 1 s and 3 s after the base",
    actual: JSON.stringify(shown.title),
    because: "a concurrent write of 2 s after the base arrived last",
  });
}

/** 409, and the time that stands there. */
function* isLost(
  desk: Desk,
  rule: "MRG-2" | "MRG-4",
  reply: Reply,
  atMs: number,
  because: string,
): Script<void> {
  const told = looseOf(reply.body.stamps).title;
  yield* desk.expect(rule, reply.status === 409 && told === atMs, {
    expected: `409 with stamps.title ${atMs}`,
    actual: `${reply.says} with ${JSON.stringify(reply.body.stamps)}`,
    because,
  });
}

export const taskFuture = defineProbe({
  id: "tasks/future",
  rules: ["MRG-4", "CON-1"],
  text: "A timestamp far ahead counts as 5 s after its receipt, and one that is less far ahead counts as it is.",
  phases: [2],
  needs: enforced,
  runs: 3,
  values: () =>
    record({
      farMs: constantFrom(7_000, 60_000, HOUR_MS, 1_000 * HOUR_MS),
      nearMs: constantFrom(500, 2_000, 2_900),
    }),
  *script(desk, { farMs, nearMs }) {
    const fast = desk.actor("fast");
    const slow = desk.actor("slow");
    const clock = yield* created(desk, slow, "task", { title: "clock" });
    const targetMs = instantOf(clock.meta.updatedAt) ?? 0;
    yield* countsAsIs(desk, targetMs + nearMs);
    const far = { timestamp: targetMs + farMs + SLACK_MS };
    const made = yield* created(desk, fast, "task", { title: "a" }, far);
    const id = idOf(made);
    yield* isClamped(desk, ofCall(made), yield* desk.send(slow.create("task", { id, title: "again" })));
    if (hasPhase(desk.facts, 3)) yield* isClampedInBatch(desk, far.timestamp);

    const other = yield* created(desk, slow, "task", { title: "a" });
    const edit = fast.update("task", idOf(other), { title: "b" }, { ifMatch: other.revision, ...far });
    const ahead = yield* sure(desk, "CON-1", edit, 200);
    const late = { ifMatch: other.revision, timestamp: targetMs - 1 };
    const lost = yield* desk.send(slow.update("task", idOf(other), { title: "late" }, late));
    yield* isClamped(desk, ofCall(ahead), lost);
    yield* isNotHeld(desk, idOf(other), other, "title");
  },
});

/** A write, when it was committed, and the time that it claimed. */
interface Written {
  readonly label: string;
  readonly updatedAt: unknown;
  readonly sentMs: number;
}

function ofCall({ ask, meta }: Reply): Written {
  const { label, http } = ask;
  return { label, updatedAt: meta.updatedAt, sentMs: Number(http.headers["x-mutation-timestamp"]) };
}

/** The same of a batch item: its timestamp stands beside it [BAT-4]. */
function* isClampedInBatch(desk: Desk, timestamp: number): Script<void> {
  const id = desk.fresh("t");
  const item = { id: desk.fresh("k"), timestamp, entity: "task", operation: "create" };
  const ask = desk.actor("fast").batch([{ ...item, payload: { id, title: "a" } }]);
  const [result] = listOf((yield* desk.send(ask)).body.results).map(looseOf);
  const { updatedAt } = looseOf(result?.meta);
  if (instantOf(updatedAt) === undefined) return yield* desk.discard("a plain create in a batch failed");
  const again = desk.actor("slow").create("task", { id, title: "again" });
  yield* isClamped(desk, { label: ask.label, updatedAt, sentMs: timestamp }, yield* desk.send(again));
}

/** A 409 tells the time of the field that a clock far ahead wrote: 5 s after the receipt of that write. */
function* isClamped(desk: Desk, { label, updatedAt, sentMs }: Written, told: Reply): Script<void> {
  const committedMs = instantOf(updatedAt) ?? 0;
  // Over a slow way the write may be received so late that it is not far ahead any more.
  const latestMs = Math.min(committedMs + AHEAD_MS_MAX, sentMs);
  const toldMs = Number(looseOf(told.body.stamps).title);
  yield* desk.expect(
    "MRG-4",
    told.status === 409 && toldMs <= latestMs + APART_MS && toldMs >= latestMs - SLACK_MS,
    {
      expected: `409, with stamps.title about ${latestMs}: 5 s after ${label}`,
      actual: `${told.says} with ${JSON.stringify(told.body.stamps)}`,
      because: `its timestamp was ${sentMs}`,
    },
  );
}

/** Less than 5 s ahead: the timestamp itself is the field's time. */
function* countsAsIs(desk: Desk, atMs: number): Script<void> {
  const fast = desk.actor("fast");
  const made = yield* created(desk, fast, "task", { title: "a" });
  const ahead = fast.update("task", idOf(made), { title: "b" }, { ifMatch: made.revision, timestamp: atMs });
  const first = yield* sure(desk, "CON-1", ahead, 200);
  const baseMs = instantOf(made.meta.updatedAt) ?? 0;
  // The base itself was received a moment before: a write counts at least 1 ms after it.
  if (atMs <= baseMs + 1 || atMs > (instantOf(first.meta.updatedAt) ?? 0) + AHEAD_MS_MAX - SLACK_MS) return;
  const behind = { ifMatch: made.revision, timestamp: baseMs - 1 };
  const lost = yield* desk.send(desk.actor("slow").update("task", idOf(made), { title: "c" }, behind));
  yield* desk.expect("MRG-4", looseOf(lost.body.stamps).title === atMs, {
    expected: `409 with stamps.title ${atMs}`,
    actual: `${lost.says} with ${JSON.stringify(lost.body.stamps)}`,
  });
}

/** [MRG-4] a field that a fast clock wrote can be written again at once by another fast clock, which came later. */
function* isNotHeld(desk: Desk, id: string, made: Reply, field: string): Script<void> {
  if (desk.facts.declared.resolvedBy === "client") return;
  yield* desk.wait(2);
  const nowMs = yield* desk.targetNow();
  const value = desk.fresh("later");
  const headers = { ifMatch: made.revision, timestamp: nowMs + 500 * HOUR_MS };
  const later = yield* desk.send(desk.actor("later").update("task", id, { [field]: value }, headers));
  yield* desk.expect("MRG-4", later.status === 200 && later.record[field] === value, {
    expected: `200: ${field} is not held by the clock that was ahead before`,
    actual: later.isOk ? JSON.stringify(later.record) : later.says,
  });
}
