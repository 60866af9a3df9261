import { expect, test } from "vitest";
import {
  edited,
  frame,
  killed,
  opened,
  phase,
  ready,
  resyncRequired,
  saved,
  settled,
  shown,
  started,
  syncEnded,
  syncStarted,
} from "../../history/facts.fixture.ts";
import { satisfied, verdict } from "./device.fixture.ts";
import { SYNC_DUE_MS } from "./life.ts";
import { createResyncChecker } from "./resync.ts";

const said = (facts: Parameters<typeof verdict>[1]) => verdict(createResyncChecker(), facts);
const begin = [started(), opened(), edited(), shown({ waiting: ["m1"] })];
const told = frame(resyncRequired(), { at: 10 });
const end = phase("settled", SYNC_DUE_MS + 100);

test("[EVT-15] it syncs, by delta or in full, or has begun to", () => {
  for (const sync of ["delta", "full"] as const) {
    expect(said([...begin, told, syncStarted({ at: 11, sync }), syncEnded({ at: 20, sync }), end])).toEqual(
      satisfied(1),
    );
  }
  expect(said([...begin, syncStarted({ at: 5 }), told, end])).toEqual(satisfied(1));
});

test("[EVT-15] it begins no sync", () => {
  expect(said([...begin, told, end])).toEqual({ exercised: 1, breaches: ["it began no sync"] });
});

test("[EVT-15] in the background, or killed, it owes none", () => {
  expect(said([started(), told, end])).toEqual(satisfied(1));
  expect(said([...begin, told, killed({ at: 20 }), end])).toEqual(satisfied(1));
});

test("[EVT-15] pending work is lost on the way", () => {
  const runs = [...begin, told, syncStarted({ at: 11 })];
  expect(said([...runs, shown({ at: 20 }), syncEnded({ at: 20 }), end]).breaches).toEqual([
    "it is no longer shown as waiting, and was not settled",
  ]);
  expect(said([...runs, shown({ at: 20 }), settled({ at: 20 }), syncEnded({ at: 20 }), end])).toEqual(
    satisfied(1),
  );
  expect(said([...runs, syncEnded({ at: 20 }), shown({ at: 30 }), saved({ at: 40 }), end]).breaches).toEqual(
    [],
  );
});

test("[EVT-15] without resync_required it is not exercised", () => {
  expect(said([...begin, frame(ready(), { at: 10 }), end])).toEqual(satisfied(0));
});
