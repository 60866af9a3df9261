import { expect, test } from "vitest";
import {
  advanced,
  connecting,
  event,
  frame,
  killed,
  record,
  rev,
  shown,
} from "../../history/facts.fixture.ts";
import type { Entity } from "../../protocol/entity.ts";
import { satisfied, verdict } from "./device.fixture.ts";
import { createForeignFrameChecker } from "./foreign-frame.ts";

const said = (facts: Parameters<typeof verdict>[1]) => verdict(createForeignFrameChecker(), facts);
const foreign = "voicemail" as Entity;
const unknown = frame(event(record("v1", 5), { entity: foreign }), { at: 10 });
const resumes = (n: number, at = 20_000) => connecting({ at, since: rev(n) });

test("[EVT-18] an unknown entity moves the revision on", () => {
  expect(said([unknown, resumes(5)])).toEqual(satisfied(1));
  expect(said([unknown, advanced({ at: 11, revision: rev(5) }), resumes(5)])).toEqual(satisfied(1));
});

test("[EVT-18] an unknown entity is not counted as seen", () => {
  expect(said([unknown, resumes(4)])).toEqual({ exercised: 1, breaches: [`it resumes from ${rev(4)}`] });
});

test("[EVT-18] an unknown entity is shown", () => {
  expect(said([shown({ entity: foreign, id: "v1" })]).breaches).toEqual(["it shows v1"]);
});

test("[EVT-18] an unknown type of frame is ignored", () => {
  const odd = frame({ type: "weather", revisionId: rev(9) } as never);
  expect(said([odd, resumes(4)])).toEqual(satisfied(1));
});

test("[EVT-18] known frames, a kill, and a reconnect before storage can follow do not exercise it", () => {
  expect(said([frame(event(record("c1", 5))), resumes(4)])).toEqual(satisfied(0));
  expect(said([unknown, frame(event(record("c1", 6))), resumes(4)])).toEqual(satisfied(0));
  expect(said([unknown, killed({ at: 15 }), resumes(4)])).toEqual(satisfied(0));
  expect(said([unknown, resumes(4, 12)])).toEqual(satisfied(0));
});
