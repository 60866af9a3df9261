/**
 * Owns the probes of sockets beside each other, and of what clients send on them [EVT-12, EVT-13].
 * Refuses to demand that a socket stays open where the protocol lets a target close it.
 */

import { boolean, constantFrom, integer, record } from "fast-check";
import { ENTITIES } from "../../protocol/entity.ts";
import { beginning, movesOf } from "../chronicle.ts";
import { framesOf } from "../moves.ts";
import { defineProbe } from "../probe.ts";
import { textOf } from "../reply.ts";
import { arrives, becomesReady, judgeEvents, settles } from "../stream.ts";

/** [EVT-13] */
const FRAME_BYTES_MAX = 65_536;
const BAD = ["not json", "{", '{"type":"ping"', "[1,", "\u0000"] as const;
const GOOD = [
  '{"type":"hello","of":"later"}',
  "null",
  "17",
  "[]",
  '"text"',
  '{"type":"sync_event","entity":"contact","action":"deleted","id":"x","revisionId":"rev_9999999999_zzzzzz"}',
  '{"type":"ready"}',
  '{"__proto__":{"type":"x"}}',
] as const;

export const eventsSecondSocket = defineProbe({
  id: "events/second-socket",
  rules: ["EVT-12", "EVT-2"],
  text: "A device opens a second socket and its first is closed late: the second one is sent everything.",
  phases: [1],
  runs: 3,
  values: () =>
    record({
      before: movesOf(1, 3),
      between: movesOf(1, 3),
      after: movesOf(1, 3),
      how: constantFrom("cleanly", "abruptly"),
      resumes: boolean(),
      entity: constantFrom(...ENTITIES),
    }),
  *script(desk, { before, between, after, how, resumes, entity }) {
    const chronicle = yield* beginning(desk);
    const device = desk.actor("watcher");
    const first = yield* desk.open(device);
    const told = yield* becomesReady(desk, first, "EVT-9");
    yield* chronicle.play(before);
    const since = resumes ? textOf(framesOf(told, "ready")[0]?.revisionId) : undefined;
    const length = since === undefined ? chronicle.commits.length : (chronicle.lengthAt(since) ?? 0);
    const second = yield* desk.open(device, { since }, "EVT-12");
    yield* becomesReady(desk, second, "EVT-12");
    yield* chronicle.play(between);
    yield* desk.close(first, how);
    yield* chronicle.play(after);
    yield* settles(desk, second, chronicle, entity, () => ({
      commits: chronicle.commits.slice(length),
      missing: "EVT-12",
      extra: "EVT-3",
      because: `the first socket of ${device.name} was closed ${how} meanwhile;`,
    }));
  },
});

export const eventsBadFrame = defineProbe({
  id: "events/bad-frame",
  rules: ["EVT-13", "EVT-1"],
  text: "What is no JSON, or over 64 KiB, harms no other socket; other JSON, also of 64 KiB, is ignored.",
  phases: [1],
  runs: 5,
  values: () =>
    record({
      bad: constantFrom(...BAD, "too long", "too long"),
      good: constantFrom(...GOOD),
      over: integer({ min: 1, max: 40_000 }),
      entity: constantFrom(...ENTITIES),
    }),
  *script(desk, { bad, good, over, entity }) {
    const chronicle = yield* beginning(desk);
    const rude = yield* desk.open(desk.actor("watcher"));
    const same = yield* desk.open(desk.actor("watcher"));
    const other = yield* desk.open(desk.actor("other"));
    for (const socket of [rude, same, other]) yield* becomesReady(desk, socket, "EVT-9");
    yield* desk.say(same, good);
    yield* desk.say(other, `"${"x".repeat(FRAME_BYTES_MAX - 2)}"`);
    yield* desk.say(rude, bad === "too long" ? `"${"x".repeat(FRAME_BYTES_MAX - 2 + over)}"` : bad);
    const mark = yield* chronicle.mark(entity);
    for (const socket of [same, other]) {
      const view = yield* arrives(desk, socket, mark, "EVT-13");
      yield* judgeEvents(desk, view, { commits: chronicle.commits, missing: "EVT-13", extra: "EVT-3" });
    }
  },
});
