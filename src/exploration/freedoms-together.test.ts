/**
 * Every probe on every rig of a target that takes all freedoms of the protocol at once: none accuses it, and none that
 * judges the reference falls silent.
 */

import { describe, expect, test } from "vitest";
import { freshWatches, PROBES } from "../conformance/all-probes.ts";
import type { Probe } from "../conformance/probe.ts";
import type { MemoryTarget } from "../conformance/target.ts";
import { tryProbe } from "../conformance/trial.ts";
import { createEngineTarget } from "./engine-target.ts";
import { freed } from "./freedoms.fixture.ts";
import { RIGS } from "./rigs.ts";

describe.each(RIGS)("on the rig $name", ({ config, instances }) => {
  const plain = () => createEngineTarget({ config, instances });
  const { facts } = plain();
  const tried = (probe: Probe, makeTarget: () => MemoryTarget) =>
    tryProbe(probe, makeTarget, { seed: 1, watches: freshWatches });

  test.each(PROBES.filter((probe) => probe.needs?.(facts) === undefined))("$id", (probe) => {
    const trial = tried(probe, () => freed(plain()));
    expect(trial.finding?.violation).toBeUndefined();
    expect([...trial.discarded.keys()]).toEqual([]);
    expect([...trial.exercised.keys()]).toEqual(
      expect.arrayContaining([...tried(probe, plain).exercised.keys()]),
    );
  });
});
