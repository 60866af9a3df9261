/**
 * Owns the replay of a probe's counterexample in memory: the reference, set up as the target declared itself, with a
 * planted fault in it or without.
 * Refuses to print.
 */

import { freshWatches } from "../conformance/all-probes.ts";
import type { ConformanceCounterexample } from "../conformance/counterexample.ts";
import { pinned } from "../conformance/counterexample.ts";
import type { Probe } from "../conformance/probe.ts";
import type { Declared } from "../conformance/target.ts";
import { type Trial, tryProbe } from "../conformance/trial.ts";
import { whyNotRun } from "../conformance/verdicts.ts";
import { createEngineTarget } from "../exploration/engine-target.ts";
import { RIGS } from "../exploration/rigs.ts";
import { ENTITIES } from "../protocol/entity.ts";
import type { ProxyConfig } from "../proxy/port.ts";
import { REFERENCE } from "../simulation/parts.ts";
import { plant } from "./planted.ts";

/** What is sent together arrives in another order each time. */
const TRIES = 5;

/** Runs it, or says why this target cannot exercise it. UsageFault for a fault that there is not. */
export async function replayInMemory(
  { facts }: ConformanceCounterexample,
  probe: Probe,
  value: unknown,
  fault: string | undefined,
): Promise<Trial | { readonly why: string }> {
  const parts = (await plant(fault))?.fault;
  const config = configOf(facts.declared as Declared);
  let seed = 0;
  const makeTarget = () =>
    createEngineTarget({ config, seed: ++seed, parts: parts?.plant(REFERENCE) ?? REFERENCE });
  const why = whyNotRun(probe, makeTarget().facts);
  if (why !== undefined) return { why };
  return tryProbe(pinned(probe, value, TRIES), makeTarget, { seed: 1, watches: freshWatches });
}

/** The reference, set up so that it declares this. */
function configOf(declared: Declared): ProxyConfig {
  const [{ config }] = RIGS as readonly [(typeof RIGS)[number], ...typeof RIGS];
  const { mode, ifMatch, resolvedBy, replayMax, pushEntities } = declared;
  return {
    ...config,
    phases: [...declared.phases] as ProxyConfig["phases"],
    conflicts: { mode, ifMatch, resolvedBy },
    limits: {
      ...config.limits,
      bodyBytesMax: declared.bodyBytesMax,
      mutationsMax: declared.mutationsMax,
      deltaLimitMax: declared.deltaLimitMax,
      listLimitMax: declared.deltaLimitMax,
      ...(replayMax === undefined ? {} : { replayMax }),
    },
    retentionSeconds: declared.retentionSeconds,
    idempotencyTtlSeconds: declared.ttlSeconds,
    push: {
      ...config.push,
      entities: ENTITIES.filter((entity) => pushEntities.includes(entity)),
      receiptDelaySeconds: declared.receiptDelaySeconds,
    },
    webhooks: declared.webhooks,
  };
}
