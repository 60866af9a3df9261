import { expect, test } from "vitest";
import {
  advanced,
  answered,
  closed,
  connected,
  connecting,
  frame,
  killed,
  opened,
  phase,
  resyncRequired,
  rev,
  sent,
  started,
  syncEnded,
  syncStarted,
} from "../../history/facts.fixture.ts";
import { satisfied, verdict } from "./device.fixture.ts";
import { SYNC_DUE_MS } from "./life.ts";
import { createOpeningSyncChecker } from "./opening-sync.ts";

const said = (facts: Parameters<typeof verdict>[1]) => verdict(createOpeningSyncChecker(), facts);
const entities = (["contact", "task", "list"] as const).map((entity) => advanced({ entity }));
const stored = [started(), ...entities];
const open = opened({ at: 60_000 });
const end = phase("settled", 60_001 + SYNC_DUE_MS);
const full = (reason?: string) =>
  syncStarted({ at: 60_001, sync: "full", ...(reason !== undefined && { reason }) });

test("[FUL-1] on open it asks for changes, or resumes its event stream from its revision", () => {
  expect(said([...stored, open, sent({ at: 60_001, call: "changes", since: rev(1) }), end])).toEqual(
    satisfied(1),
  );
  expect(said([...stored, open, connecting({ at: 60_001, since: rev(1) }), end])).toEqual(satisfied(1));
  expect(said([...stored, connected(), open, end])).toEqual(satisfied(1));
});

test("[FUL-1] on open it asks for nothing", () => {
  expect(said([...stored, open, end])).toEqual({ exercised: 1, breaches: ["it asked for nothing"] });
  expect(said([...stored, open, connecting({ at: 60_001 }), end]).breaches).toEqual(["it asked for nothing"]);
});

test("[FUL-1] closed, offline or killed it owes nothing", () => {
  expect(said([...stored, open, closed({ at: 60_002 }), end]).breaches).toEqual([]);
  expect(said([...stored, open, killed({ at: 60_002 }), end]).breaches).toEqual([]);
  expect(said([started({ online: false }), ...entities, open, end]).breaches).toEqual([]);
});

test("[FUL-1] in full when nothing is stored, after 410, after resync_required, or when asked to", () => {
  expect(said([started(), full("first")])).toEqual(satisfied(1));
  expect(said([...stored, answered({ call: "changes", status: 410 }), full("expired")])).toEqual(
    satisfied(1),
  );
  expect(said([...stored, frame(resyncRequired()), full("unknown")])).toEqual(satisfied(1));
  expect(said([...stored, full("requested")])).toEqual(satisfied(1));
});

test("[FUL-1] a full sync that was cut off may be begun again", () => {
  const cut = [started(), full("first"), advanced(), killed(), started({ cold: true })];
  expect(said([...cut, full("first")])).toEqual(satisfied(2));
});

test("[FUL-1] in full without cause, and once more after the cause is gone", () => {
  const actual = 'it syncs in full, with the reason "expired"';
  expect(said([...stored, full("expired")])).toEqual({ exercised: 1, breaches: [actual] });
  const done = [
    answered({ call: "changes", status: 410 }),
    full("expired"),
    syncEnded({ at: 60_002, sync: "full" }),
  ];
  expect(said([...stored, ...done, full("expired")]).breaches).toEqual([actual]);
  expect(said([...stored, full("first")]).breaches).toHaveLength(1);
});

test("[FUL-1] in full without a word why", () => {
  expect(said([started(), full()]).breaches).toEqual(["it gave no reason"]);
});

test("[FUL-1] a first opening does not exercise it", () => {
  expect(said([started(), open, end])).toEqual(satisfied(0));
});
