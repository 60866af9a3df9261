/**
 * Owns the drawing of plans: a small world, and a few motifs in it, one after the other or all at once.
 * Refuses uniform noise: what is drawn is what breaks sync systems. Two accounts mirror each other in some plans,
 * so that what crosses between them shows.
 */

import { type Arbitrary, array, boolean, constantFrom, integer, record, sample } from "fast-check";
import type { JsonObject } from "../base/canonical-json.ts";
import { MINUTE_MS } from "../base/time.ts";
import { ACTIONS_MAX, type Action, type Deed, PLAN_FORM, type Plan } from "../simulation/plan.ts";
import { anyMotif, at, type Stage } from "./motifs.ts";

/** Everybody has opened the app, and its first sync is over, when the first motif begins. */
const OPENED_MS = 10_000;
const AFTER_MS = 2 * MINUTE_MS;

interface Ground {
  readonly devicesPerAccount: number;
  readonly mirrored: boolean;
  readonly instances: number;
  readonly pageMax: number;
  readonly retention: "2m" | "1h";
  readonly resolvedBy: "server" | "client";
  readonly ifMatch: "optional" | "required";
  readonly batchFrom: number;
  readonly latencyMs: number;
  readonly loss: number;
}

const ground: Arbitrary<Ground> = record({
  devicesPerAccount: integer({ min: 2, max: 3 }),
  mirrored: integer({ min: 0, max: 4 }).map((draw) => draw === 4),
  instances: constantFrom(1, 1, 2, 3),
  pageMax: constantFrom(20, 1, 2, 3),
  retention: constantFrom("1h", "2m"),
  resolvedBy: constantFrom("server", "server", "server", "client"),
  ifMatch: constantFrom("optional", "optional", "required"),
  batchFrom: constantFrom(3, 2, 500),
  latencyMs: constantFrom(20, 200, 2_000),
  loss: constantFrom(0, 0, 0, 10),
});

const RETENTION_MS = { "2m": 2 * MINUTE_MS, "1h": 60 * MINUTE_MS } as const;

/** All plans, with the small ones first in line when one is shrunk. */
export const anyPlan: Arbitrary<Plan> = ground.chain((world) =>
  record({
    seed: integer({ min: 0, max: 0xffff }),
    story: array(record({ gapMs: constantFrom(0, 100, 5_000, 60_000), motif: anyMotif(stageOf(world)) }), {
      minLength: 1,
      maxLength: 4,
    }),
    opensLate: boolean(),
  }).map(({ seed, story, opensLate }) => planOf(world, seed, story, opensLate)),
);

/** The plan of a seed. The same seed gives the same plan. */
export function planOfSeed(seed: number): Plan {
  const [plan] = sample(anyPlan, { seed: seed | 0, numRuns: 1 });
  return plan as Plan;
}

function stageOf(world: Ground): Stage {
  const { devicesPerAccount, instances, pageMax, retention } = world;
  // The motifs of a mirrored plan are played by the first account, and by the second one after it.
  return {
    devices: devicesPerAccount,
    devicesPerAccount,
    instances,
    pageMax,
    retentionMs: RETENTION_MS[retention],
  };
}

function planOf(
  world: Ground,
  seed: number,
  story: readonly { readonly gapMs: number; readonly motif: readonly Action[] }[],
  opensLate: boolean,
): Plan {
  const actions: Action[] = [];
  let beganMs = OPENED_MS;
  for (const { gapMs, motif } of story) {
    beganMs += gapMs;
    for (const action of motif) actions.push(later(action, beganMs));
  }
  const accounts = world.mirrored ? 2 : 1;
  const mirrored = world.mirrored ? actions.map((action) => mirror(action, world.devicesPerAccount)) : [];
  const opened = Array.from({ length: accounts * world.devicesPerAccount }, (_, device) =>
    at(opensLate && device === 0 ? OPENED_MS : 1_000, { do: "open", device }),
  );
  const all = [...opened, ...actions, ...mirrored].slice(0, ACTIONS_MAX);
  return { form: PLAN_FORM, seed, scenario: scenarioOf(world, accounts, endOf(all)), actions: all };
}

function endOf(actions: readonly Action[]): number {
  let endMs = OPENED_MS;
  for (const { at: when, deed } of actions) {
    const forMs = "forMs" in deed ? deed.forMs : 0;
    if ("ms" in when) endMs = Math.max(endMs, when.ms + forMs);
  }
  return endMs + AFTER_MS;
}

function scenarioOf(world: Ground, accounts: number, durationMs: number): JsonObject {
  const {
    devicesPerAccount,
    instances,
    pageMax,
    retention,
    resolvedBy,
    ifMatch,
    batchFrom,
    latencyMs,
    loss,
  } = world;
  return {
    duration: `${Math.ceil(durationMs / 1_000)}s`,
    fleet: { accounts, devicesPerAccount, batchFrom },
    network: { latency: { p50: `${latencyMs}ms`, p99: `${latencyMs}ms` }, loss: `${loss}%` },
    proxy: { instances, deltaLimitMax: pageMax, retention, resolvedBy, ifMatch },
  };
}

function later(action: Action, byMs: number): Action {
  return "ms" in action.at ? { ...action, at: { ms: action.at.ms + byMs } } : action;
}

/** The same action in the next account. */
function mirror({ at: when, deed }: Action, devicesPerAccount: number): Action {
  const there =
    "hook" in when && when.device !== undefined ? { ...when, device: when.device + devicesPerAccount } : when;
  return { at: there, deed: mirrorDeed(deed, devicesPerAccount) };
}

function mirrorDeed(deed: Deed, devicesPerAccount: number): Deed {
  if ("device" in deed) {
    const moved = { ...deed, device: deed.device + devicesPerAccount };
    return moved.do === "edit" ? mirrorNames(moved) : moved;
  }
  return "account" in deed ? { ...deed, account: deed.account + 1 } : deed;
}

/** Labels live in the plan, not in an account. */
function mirrorNames(deed: Extract<Deed, { readonly do: "edit" }>): Deed {
  const { label, record: name } = deed;
  return {
    ...deed,
    ...(label === undefined ? {} : { label: `${label}-b` }),
    ...(name !== undefined && "made" in name ? { record: { made: `${name.made}-b` } } : {}),
  };
}
