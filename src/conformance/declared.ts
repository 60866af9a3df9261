/**
 * Owns the reading of `GET /api/sync/capabilities`: what a target declares of itself, member by member.
 * Refuses to judge it: FLG-3 is a probe's. What is missing gets the protocol's default, so that one forgotten
 * member does not hide everything else.
 */

import { ENTITIES } from "../protocol/entity.ts";
import { type Loose, listOf, looseOf, textOf } from "./reply.ts";
import type { Declared } from "./target.ts";

const DEFAULT_BODY_BYTES_MAX = 1_048_576;
const WEEK_SECONDS = 604_800;

/** What the `data` of capabilities says, as far as probes rest on it. */
export function declaredOf(data: unknown): Declared {
  const capabilities = looseOf(data);
  const conflicts = looseOf(capabilities.conflicts);
  const delta = looseOf(capabilities.delta);
  const replayMax = looseOf(capabilities.events).replayMax;
  return {
    phases: listOf(capabilities.phases).filter((phase) => typeof phase === "number"),
    mode: oneOf(conflicts.mode, ["enforce", "off", "advisory"]),
    ifMatch: oneOf(conflicts.ifMatch, ["optional", "required"]),
    resolvedBy: oneOf(conflicts.resolvedBy, ["server", "client"]),
    deltaLimitMax: countOf(delta.limitMax, 100),
    retentionSeconds: countOf(delta.retentionSeconds, WEEK_SECONDS),
    mutationsMax: countOf(looseOf(capabilities.batch).mutationsMax, 50),
    ttlSeconds: countOf(looseOf(capabilities.idempotency).ttlSeconds, WEEK_SECONDS),
    bodyBytesMax: countOf(capabilities.bodyBytesMax, DEFAULT_BODY_BYTES_MAX),
    pushEntities: listOf(looseOf(capabilities.push).entities).filter((entity) => typeof entity === "string"),
    receiptDelaySeconds: countOf(looseOf(capabilities.push).receiptDelaySeconds, 900),
    webhooks: capabilities.webhooks === true,
    ...(typeof replayMax === "number" ? { replayMax } : {}),
    strategies: strategiesOf(capabilities),
  };
}

function strategiesOf(capabilities: Loose): Declared["strategies"] {
  const named = listOf(capabilities.entities).map(looseOf);
  return Object.fromEntries(
    ENTITIES.flatMap((entity) => {
      const strategy = textOf(named.find((one) => one.entity === entity)?.strategy);
      return strategy === undefined ? [] : [[entity, strategy] as const];
    }),
  );
}

function oneOf<const T extends string>(value: unknown, choices: readonly [T, ...T[]]): T {
  return choices.find((choice) => choice === value) ?? choices[0];
}

function countOf(value: unknown, otherwise: number): number {
  return typeof value === "number" && Number.isFinite(value) && value >= 0 ? value : otherwise;
}
