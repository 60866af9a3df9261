import { expect, test } from "vitest";
import {
  event,
  frame,
  killed,
  offline,
  online,
  phase,
  pushed,
  record,
  rev,
  started,
  syncEnded,
  syncStarted,
} from "../../history/facts.fixture.ts";
import { satisfied, verdict } from "./device.fixture.ts";
import { SYNC_DUE_MS } from "./life.ts";
import { createPushSyncChecker } from "./push-sync.ts";

const said = (facts: Parameters<typeof verdict>[1]) => verdict(createPushSyncChecker(), facts);
const begin = [started()];
const push = (at = 10, n = 5) => pushed({ at, revision: rev(n) });
const end = phase("settled", SYNC_DUE_MS + 100);
const nothing = [`it began no sync, and had not seen ${rev(5)} in another way`];

test("[PSH-8] a push begins a sync, and many at once begin one", () => {
  expect(
    said([
      ...begin,
      push(),
      push(),
      push(),
      syncStarted({ at: 10 }),
      syncEnded({ at: 90, revision: rev(5) }),
      end,
    ]),
  ).toEqual(satisfied(3));
});

test("[PSH-8] a push begins nothing", () => {
  expect(said([...begin, push(), end])).toEqual({ exercised: 1, breaches: nothing });
});

test("[PSH-8] what was seen in another way needs no sync", () => {
  expect(said([...begin, push(), frame(event(record("c1", 5)), { at: 20 }), end])).toEqual(satisfied(1));
  expect(said([...begin, frame(event(record("c1", 5)), { at: 5 }), push(), end])).toEqual(satisfied(1));
  expect(said([...begin, frame(event(record("c1", 4)), { at: 5 }), push(), end]).breaches).toEqual(nothing);
});

test("[PSH-8] a sync that runs covers what it reaches, and no more", () => {
  const runs = [...begin, syncStarted({ at: 5 }), push()];
  expect(said([...runs, syncEnded({ at: 20, revision: rev(5) }), end])).toEqual(satisfied(1));
  expect(
    said([...runs, syncEnded({ at: 20, revision: rev(4) }), phase("settled", SYNC_DUE_MS + 200)]).breaches,
  ).toEqual(nothing);
  expect(said([...runs, syncEnded({ at: 20, revision: rev(4) }), syncStarted({ at: 21 }), end])).toEqual(
    satisfied(1),
  );
});

test("[PSH-8] a push begins a second sync beside the first", () => {
  const beside = [...begin, syncStarted({ at: 5 }), push(), syncStarted({ at: 10 })];
  expect(said([...beside, syncEnded({ at: 50 }), end]).breaches).toEqual([
    "a second delta sync began beside it",
  ]);
  // The first was given up in the same instant.
  expect(said([...beside, syncEnded({ at: 10, revision: undefined }), end]).breaches).toEqual([]);
});

test("[PSH-8] offline the clock stands still, and a kill ends the demand", () => {
  const late = phase("settled", 2 * SYNC_DUE_MS);
  expect(said([...begin, push(), offline({ at: 20 }), late])).toEqual(satisfied(1));
  expect(said([...begin, push(), offline({ at: 20 }), online({ at: 30 }), late]).breaches).toEqual(nothing);
  expect(said([...begin, push(), killed({ at: 20 }), late])).toEqual(satisfied(1));
});

test("[PSH-8] without a push, or without an app that runs, it is not exercised", () => {
  expect(said([...begin, syncStarted(), syncEnded({ at: 9 }), end])).toEqual(satisfied(0));
  expect(said([push(), end])).toEqual(satisfied(0));
});
