import { expect, test } from "vitest";
import {
  advanced,
  answered,
  connecting,
  disconnected,
  event,
  frame,
  invalidated,
  killed,
  read,
  ready,
  record,
  resyncRequired,
  rev,
  shown,
  started,
  syncEnded,
  syncStarted,
} from "../../history/facts.fixture.ts";
import { satisfied, verdict } from "./device.fixture.ts";
import { createResumeChecker } from "./resume.ts";

const said = (facts: Parameters<typeof verdict>[1]) => verdict(createResumeChecker(), facts);
const at5 = [started(), advanced({ revision: rev(5) })];
const resumes = (n: number | undefined, some: Partial<ReturnType<typeof connecting>> = {}) =>
  connecting({ at: 10, ...(n !== undefined && { since: rev(n) }), ...some });

test("[EVT-14] it resumes from what is durable, up to what it has received", () => {
  expect(said([...at5, resumes(5)])).toEqual(satisfied(1));
  for (const n of [5, 6, 7])
    expect(said([...at5, frame(ready(7), { at: 2 }), resumes(n)])).toEqual(satisfied(1));
  expect(said([...at5, syncEnded({ at: 2, revision: rev(8) }), resumes(8)])).toEqual(satisfied(1));
});

test("[EVT-14] it resumes from an older revision, a newer one, or none", () => {
  expect(said([...at5, resumes(4)]).breaches).toEqual([`it resumes from ${rev(4)}`]);
  expect(said([...at5, resumes(6)]).breaches).toEqual([`it resumes from ${rev(6)}`]);
  expect(said([...at5, resumes(undefined)]).breaches).toEqual(["it names no revision"]);
});

test("[EVT-14] after a restart it knows only what was durable", () => {
  const restart = [killed({ at: 5 }), started({ at: 6, cold: true })];
  expect(said([...at5, frame(ready(7), { at: 2 }), ...restart, resumes(7)]).breaches).toHaveLength(1);
  expect(said([...at5, frame(ready(7), { at: 2 }), ...restart, resumes(5)])).toEqual(satisfied(1));
});

test("[EVT-14, REV-11] entities that share a socket resume from the smallest of theirs", () => {
  const task = advanced({ at: 1, entity: "task", revision: rev(3) });
  const both = ["contacts", "tasks"];
  expect(said([...at5, task, resumes(3, { entities: both })])).toEqual(satisfied(1));
  expect(said([...at5, task, resumes(5, { entities: both })]).breaches).toHaveLength(1);
  expect(said([...at5, task, resumes(5, { entities: ["contacts"] })])).toEqual(satisfied(1));
  const alone = [
    connecting({ at: 2, since: rev(5), entities: ["contacts"] }),
    frame(ready(9), { at: 3 }),
    disconnected({ at: 4 }),
  ];
  expect(said([...at5, task, ...alone, resumes(9, { socket: 2, entities: both })]).breaches).toHaveLength(1);
});

test("[EVT-14] while its revision is of no use, nothing is asked of it", () => {
  expect(said([...at5, frame(resyncRequired(9), { at: 2 }), resumes(undefined)])).toEqual(satisfied(0));
  expect(said([...at5, answered({ call: "changes", status: 410 }), resumes(undefined)])).toEqual(
    satisfied(0),
  );
  expect(said([...at5, syncStarted({ sync: "full", reason: "requested" }), resumes(undefined)])).toEqual(
    satisfied(0),
  );
});

const cached = [read(), read({ id: undefined }), read({ id: "c2" })];
const changed = frame(event(record("c1", 6)), { at: 20_000 });
const stale = invalidated({ at: 20_000, queries: [{ entity: "contact", id: "c1" }, { entity: "contact" }] });

test("[EVT-14] an event makes stale the reads of its record and of its collection", () => {
  const reads = [read({ at: 30_000 }), read({ at: 30_000, id: undefined }), read({ at: 30_000, id: "c2" })];
  expect(said([...cached, changed, stale, ...reads])).toEqual(satisfied(1));
});

test("[EVT-14] an event makes nothing stale", () => {
  const actual = ["it was answered as fresh, and nothing had made it stale"];
  expect(said([...cached, changed, read({ at: 30_000 })])).toEqual({ exercised: 1, breaches: actual });
  expect(said([...cached, changed, read({ at: 30_000, id: undefined })]).breaches).toEqual(actual);
  expect(said([...cached, changed, read({ at: 30_000, fresh: false })])).toEqual(satisfied(1));
});

test("[EVT-14] an event makes stale what it does not touch", () => {
  const all = invalidated({ at: 20_000, queries: [{ entity: "contact", id: "c1" }, { entity: "task" }] });
  expect(said([...cached, changed, all]).breaches).toEqual(["it made task (all) stale too"]);
  const neighbour = invalidated({ at: 20_000, queries: [{ entity: "contact", id: "c2" }] });
  expect(said([...cached, changed, neighbour]).breaches).toEqual(["it made contact c2 stale too"]);
});

test("[EVT-14] near a sync, and for what brings nothing new, nothing is judged", () => {
  const all = invalidated({ at: 20_000, queries: [{ entity: "task" }] });
  expect(said([...cached, syncStarted({ at: 19_000 }), changed, all])).toEqual(satisfied(0));
  expect(said([...cached, shown({ revision: rev(6) }), changed, read({ at: 30_000 })])).toEqual(satisfied(0));
});

test("[EVT-14] what a sync has covered touches nothing", () => {
  const synced = [syncStarted({ at: 1_000 }), syncEnded({ at: 1_100, revision: rev(6) })];
  expect(said([...cached, ...synced, changed, read({ at: 30_000 })])).toEqual(satisfied(0));
});

test("[EVT-14] a first connection, and reads without events, do not exercise it", () => {
  expect(said([started(), connecting(), ...cached, read({ at: 30_000 })])).toEqual(satisfied(0));
});
