/**
 * Every probe on every rig of the reference: no verdict against it, and every rule that a probe names is exercised
 * on some rig.
 */

import { describe, expect, test } from "vitest";
import { freshWatches, PROBES } from "../conformance/all-probes.ts";
import { tryProbe } from "../conformance/trial.ts";
import { createEngineTarget } from "./engine-target.ts";
import { RIGS } from "./rigs.ts";

describe.each(RIGS)("on the rig $name", ({ config, instances }) => {
  const makeTarget = () => createEngineTarget({ config, instances });
  const { facts } = makeTarget();

  test.each(PROBES)("$id", (probe) => {
    if (probe.needs?.(facts) !== undefined) return;
    const trial = tryProbe(probe, makeTarget, { seed: 1, watches: freshWatches });
    expect(trial.finding?.violation).toBeUndefined();
    expect([...trial.discarded.keys()]).toEqual([]);
  });
});
