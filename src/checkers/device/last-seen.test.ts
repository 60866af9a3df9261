import { expect, test } from "vitest";
import {
  advanced,
  connecting,
  frame,
  killed,
  ready,
  rev,
  sent,
  shown,
  started,
  syncEnded,
  syncStarted,
} from "../../history/facts.fixture.ts";
import { satisfied, verdict } from "./device.fixture.ts";
import { createLastSeenChecker } from "./last-seen.ts";

const said = (facts: Parameters<typeof verdict>[1]) => verdict(createLastSeenChecker(), facts);
const at5 = advanced({ at: 1, revision: rev(5) });
const restart = [killed({ at: 10 }), started({ at: 20, cold: true })];
const asks = (n: number) => sent({ at: 21, call: "changes", since: rev(n) });

test("[REV-11] the last-seen revision rises, and a restarted device asks from it", () => {
  expect(said([advanced({ revision: rev(1) }), at5, ...restart, asks(5)])).toEqual(satisfied(2));
});

test("[REV-11] it falls without a full sync", () => {
  expect(said([at5, advanced({ at: 2, revision: rev(4) })]).breaches).toEqual([`it fell to ${rev(4)}`]);
});

test("[REV-11] a full sync may set it back, whether told before or after its end", () => {
  const full = [syncStarted({ at: 2, sync: "full", reason: "expired" }), syncEnded({ at: 3, sync: "full" })];
  expect(said([at5, ...full, advanced({ at: 4, revision: rev(2) })]).breaches).toEqual([]);
  expect(
    said([at5, ...full, advanced({ at: 4 }), advanced({ at: 5, revision: rev(0) })]).breaches,
  ).toHaveLength(1);
});

test("[REV-11] a restarted device asks from a revision that was never durable", () => {
  expect(said([at5, ...restart, asks(6)]).breaches).toEqual([`it resumes from ${rev(6)}`]);
  expect(said([...restart, asks(1)]).breaches).toHaveLength(1);
});

test("[REV-11] entities that share a socket resume from the smallest of theirs", () => {
  const task = advanced({ at: 2, entity: "task", revision: rev(3) });
  const both = (n: number) => connecting({ at: 21, since: rev(n), entities: ["contacts", "tasks"] });
  expect(said([at5, task, ...restart, both(3)])).toEqual(satisfied(1));
  expect(said([at5, task, ...restart, both(5)]).breaches).toHaveLength(1);
  expect(
    said([at5, task, ...restart, connecting({ at: 21, since: rev(5), entities: ["contacts"] })]),
  ).toEqual(satisfied(1));
});

test("[REV-11] what was received in this process may be asked from before it is durable", () => {
  expect(said([at5, ...restart, frame(ready(9), { at: 21 }), asks(9)])).toEqual(satisfied(0));
});

test("[REV-11] a revision that was durable before the data that it covers", () => {
  const data = shown({ at: 2, revision: rev(5) });
  const older = shown({ at: 20, revision: rev(4) });
  expect(said([at5, data, ...restart, older]).breaches).toEqual([`it has it at ${rev(4)}`]);
  // Not yet covered when the app was killed: the data may be lost with it.
  expect(said([advanced({ revision: rev(4) }), data, ...restart, older]).breaches).toEqual([]);
});

test("[REV-11] a first revision, and a first start, do not exercise it", () => {
  expect(said([started(), at5, sent({ at: 2, call: "changes", since: rev(5) })])).toEqual(satisfied(0));
});
