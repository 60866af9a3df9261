/**
 * What a watch sees broken and only should be ends no run: what must be is judged on, and the lesser thing is told.
 */

import { constant } from "fast-check";
import { expect, test } from "vitest";
import { createEngineTarget } from "../exploration/engine-target.ts";
import { RIGS } from "../exploration/rigs.ts";
import { idOf } from "./moves.ts";
import { defineProbe } from "./probe.ts";
import { tryProbe } from "./trial.ts";
import type { Watch } from "./watch.ts";

const [rig] = RIGS;
if (rig === undefined) throw new Error("there is a rig");
const { config, instances } = rig;
const finding = { expected: "this", actual: "that" };
const sees = (rule: "REV-10" | "REV-1"): Watch => ({ rules: [rule], look: () => ({ rule, ...finding }) });

function tried(watches: readonly Watch[], holds: boolean) {
  const probe = defineProbe({
    id: "test/two-rules",
    rules: ["API-1"],
    text: "A record is made.",
    phases: [],
    runs: 3,
    values: () => constant(undefined),
    *script(desk) {
      const made = yield* desk.made(desk.actor("phone"), "task", { title: "t" });
      yield* desk.expect("API-1", holds && idOf(made) !== "", finding);
    },
  });
  return tryProbe(probe, () => createEngineTarget({ config, instances }), {
    seed: 1,
    watches: () => watches,
  });
}

test("[REV-10] a SHOULD that a watch sees broken is found, and every run goes to its end", () => {
  const trial = tried([sees("REV-10")], true);
  expect(trial.finding).toMatchObject({ violation: { rule: "REV-10" }, beside: true });
  expect(trial.exercised.get("API-1")).toBe(3);
});

test("a MUST is found before a SHOULD, by a probe or by a later watch", () => {
  expect(tried([sees("REV-10")], false).finding?.violation.rule).toBe("API-1");
  expect(tried([sees("REV-10"), sees("REV-1")], true).finding?.violation.rule).toBe("REV-1");
});
