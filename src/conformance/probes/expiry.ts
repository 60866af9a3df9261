/**
 * Owns the probes of retention: what must still be there just before it is over, and that afterwards nobody gets a
 * clean but incomplete answer [DLT-9, DLT-10, DLT-12, DLT-13, EVT-8].
 * Refuses to demand that anything is ever pruned: a target may keep more than it declares.
 */

import { constantFrom, record } from "fast-check";
import { formatDuration, MINUTE_MS, SECOND_MS } from "../../base/time.ts";
import { ENTITIES } from "../../protocol/entity.ts";
import { beginning, type Chronicle, movesOf } from "../chronicle.ts";
import { folded, pageOf, pagesOf, readPage } from "../delta.ts";
import type { Desk } from "../desk.ts";
import { defineProbe, type Script } from "../probe.ts";
import type { Reply } from "../reply.ts";
import type { TargetFacts } from "../target.ts";
import { difference } from "./delta-history.ts";
import { isExpired } from "./delta-since.ts";
import { floorOf, mustResync } from "./events-lost.ts";

/** Looks at the log after retention is over, a quarter of retention apart. */
const LOOKS = 4;
const CURSOR_MS = 5 * MINUTE_MS;
const SHORT_RETENTION = "a test target that declares 8 s of delta.retentionSeconds shows it in waits of 28 s";

export const expiry = defineProbe({
  id: "delta/expiry",
  rules: ["DLT-8", "DLT-9", "DLT-10", "DLT-13", "EVT-8"],
  text: "Up to retention a former head and tombstones serve; after it an answer is complete or 410, and the head serves.",
  phases: [5],
  needs: (facts) => whyNoWait(facts, 3.5 * retentionMs(facts), SHORT_RETENTION),
  // A former head is only known where nobody else writes.
  alone: true,
  runs: 2,
  values: () => record({ before: movesOf(2, 5), after: movesOf(1, 4), entity: constantFrom(...ENTITIES) }),
  *script(desk, { before, after, entity }) {
    const chronicle = yield* beginning(desk);
    yield* chronicle.play(before);
    const made = yield* chronicle.mark(entity);
    const length = chronicle.commits.length;
    yield* desk.wait(1.1 * retentionMs(desk.facts));
    const head = yield* headServes(desk);
    // It was the head when that was asked at the earliest, unless somebody else wrote.
    const isHead = head.revision === made.revision;
    const ended = yield* ends(desk, chronicle, made.id);
    yield* chronicle.play(after);
    const untilMs = (isHead ? head : { sentAtMs: made.answeredAtMs }).sentAtMs + retentionMs(desk.facts);
    if (!isHead && ended.sentAtMs >= untilMs) return;
    for (const leftMs of [retentionMs(desk.facts) / 4, 5 * desk.facts.roundTripMs]) {
      yield* waitUntil(desk, untilMs - leftMs);
      yield* servesStill(desk, chronicle, length, untilMs);
    }
    yield* waitUntil(desk, untilMs + desk.facts.roundTripMs);
    yield* isNeverPartial(desk, chronicle, length);
    const full = yield* pagesOf(desk, desk.actor("reader"), {}, "DLT-8");
    const differs = difference(folded(new Map(), full), chronicle.stateAfter());
    yield* desk.expect("DLT-8", differs === undefined, {
      expected: `${differs} as it is, in a full sync after retention`,
      actual: "otherwise",
    });
    yield* headServes(desk);
  },
});

export const expiredRevision = defineProbe({
  id: "delta/expired-revision",
  rules: ["DLT-9", "EVT-8"],
  text: "A revision below the floor is 410 for a delta, and resync_required on a socket.",
  phases: [5],
  needs: ({ expiredRevision: expired }) =>
    expired === undefined ? "needs expiredRevision in the profile: a revision below the floor" : undefined,
  runs: 1,
  values: () => record({ entity: constantFrom(...ENTITIES) }),
  *script(desk) {
    const since = desk.facts.expiredRevision ?? "";
    yield* isBelow(desk, since);
  },
});

export const cursorAge = defineProbe({
  id: "delta/cursor-age",
  rules: ["DLT-12"],
  text: "A cursor serves for at least 5 minutes, also when retention is over meanwhile; after that it serves in full, or is 410.",
  phases: [5],
  needs: (facts) => whyNoWait(facts, CURSOR_MS, "allow waits of 5 min"),
  runs: 1,
  values: () =>
    record({ before: movesOf(3, 6), meanwhile: movesOf(1, 3), entity: constantFrom(...ENTITIES) }),
  *script(desk, { before, meanwhile, entity }) {
    const phone = desk.actor("phone");
    const chronicle = yield* beginning(desk);
    yield* chronicle.play(before);
    yield* chronicle.mark(entity);
    yield* chronicle.mark(entity);
    for (const query of [{ since: chronicle.start, limit: 1 }, { limit: 1 }]) {
      const first = yield* pageOf(desk, phone, query, "DLT-12");
      const { cursor, reply } = first;
      if (cursor === undefined) return;
      yield* chronicle.play(meanwhile);
      yield* waitUntil(desk, reply.sentAtMs + CURSOR_MS - desk.facts.patienceMs);
      const again = yield* desk.send(phone.changes({ ...query, cursor }));
      if (again.answeredAtMs < reply.sentAtMs + CURSOR_MS)
        yield* desk.expect("DLT-12", again.status === 200, {
          expected: "200 for a cursor that is younger than 5 minutes",
          actual: again.says,
        });
    }
  },
});

/** [DLT-13] the head never is below the floor. The answer that told it. */
function* headServes(desk: Desk): Script<Reply> {
  const phone = desk.actor("phone");
  const told = yield* desk.send(phone.capabilities());
  const quiet = yield* desk.send(phone.changes({ since: told.revision }));
  yield* desk.expect("DLT-13", quiet.status === 200, {
    expected: `200 from the head, ${told.revision}`,
    actual: quiet.says,
  });
  return told;
}

/** Deletes a record that the history made last. */
function* ends(desk: Desk, chronicle: Chronicle, id: string): Script<Reply> {
  const made = chronicle.commits.at(-1);
  if (made === undefined || made.id !== id) return yield* desk.discard("the history has no such record");
  const phone = desk.actor("phone");
  const reply = yield* desk.send(phone.delete(made.entity, id, { ifMatch: made.revision }));
  if (reply.status !== 200 || reply.revision === undefined)
    return yield* desk.discard(`a plain deletion was answered ${reply.says}`);
  chronicle.commits.push({
    ...made,
    revision: reply.revision,
    action: "deleted",
    record: null,
    deviceId: phone.deviceId,
    answeredAtMs: reply.answeredAtMs,
  });
  return reply;
}

/** [DLT-10, DLT-13] before retention is over the delta is there, and holds the deletion. */
function* servesStill(desk: Desk, chronicle: Chronicle, length: number, untilMs: number): Script<void> {
  const since = chronicle.revisions[length] as string;
  const reply = yield* desk.send(desk.actor("reader").changes({ since }));
  // Answered too late: it may be gone by right.
  if (reply.answeredAtMs >= untilMs) return;
  yield* desk.expect("DLT-13", reply.status === 200, {
    expected: `200 from ${since}, which was the head less than ${desk.facts.declared.retentionSeconds} s ago`,
    actual: reply.says,
  });
  yield* isComplete(desk, chronicle, length, reply);
}

/** [DLT-10] as the log is pruned: 410, or all of it. */
function* isNeverPartial(desk: Desk, chronicle: Chronicle, length: number): Script<void> {
  const since = chronicle.revisions[length] as string;
  for (let look = 0; look < LOOKS; look++) {
    const reply = yield* desk.send(desk.actor("reader").changes({ since }));
    if (reply.status !== 200) return yield* isBelow(desk, since);
    yield* isComplete(desk, chronicle, length, reply);
    yield* desk.wait(retentionMs(desk.facts) / 4);
    // A log that nobody writes to may rest as it is.
    yield* chronicle.mark("contact");
  }
}

function* isComplete(desk: Desk, chronicle: Chronicle, length: number, reply: Reply): Script<void> {
  const page = readPage(desk, reply);
  // By the time that a second page is asked for, the log may have been pruned by right.
  if (page.hasMore) return;
  const differs = difference(folded(chronicle.stateAfter(length), [page]), chronicle.stateAfter());
  yield* desk.expect("DLT-10", differs === undefined, {
    expected: `every change since ${chronicle.revisions[length]}, that of ${differs} too`,
    actual: "200, and it is not there",
  });
}

/** [DLT-9, EVT-8] a revision below the floor, and the floor itself. */
function* isBelow(desk: Desk, since: string): Script<void> {
  const reader = desk.actor("reader");
  yield* isExpired(desk, yield* desk.send(reader.changes({ since })));
  const floor = yield* floorOf(desk);
  if (floor !== undefined) {
    const atFloor = yield* desk.send(reader.changes({ since: floor }));
    if ((yield* floorOf(desk)) === floor)
      yield* desk.expect("DLT-9", atFloor.status === 200, {
        expected: `200 from the floor, ${floor}`,
        actual: atFloor.says,
      });
  }
  if (!desk.facts.declared.phases.includes(1)) return;
  const socket = yield* desk.open(reader, { since }, "EVT-8");
  yield* mustResync(desk, socket, since);
}

function* waitUntil(desk: Desk, atMs: number): Script<void> {
  const nowMs = yield* desk.now();
  if (atMs > nowMs) yield* desk.wait(atMs - nowMs);
}

function retentionMs({ declared }: TargetFacts): number {
  return declared.retentionSeconds * SECOND_MS;
}

function whyNoWait({ waitMsMax }: TargetFacts, needMs: number, mend: string): string | undefined {
  if (needMs <= waitMsMax) return undefined;
  return `needs ${formatDuration(needMs)} of waiting, and ${formatDuration(waitMsMax)} may be waited here: ${mend}`;
}
