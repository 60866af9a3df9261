/**
 * Owns the shrinking of a plan that breaks a rule: less of everything, as long as the same rule is still broken.
 * Refuses to judge: it asks, as often as it is allowed to. The same plan and the same answers give the same result.
 */

import { check, property } from "fast-check";
import { canonicalJson, type Json } from "../base/canonical-json.ts";
import { type Action, type Change, type Deed, type Plan, QUIET } from "../simulation/plan.ts";
import { anyPlan } from "./plan-arbitrary.ts";

export interface ShrinkOptions {
  /** Whether this plan breaks the rule. */
  breaks(plan: Plan): boolean;
  /** How often `breaks` may be asked. */
  triesMax: number;
  /** True once time is up: the best so far is given back. Asked before each try. */
  enough?(): boolean;
}

export interface Shrunk {
  readonly plan: Plan;
  readonly tries: number;
  /** Nothing smaller that this shrinker knows of breaks the rule; false: it was stopped before. */
  readonly done: boolean;
}

/** The smallest plan found by fast-check among those that its seed leads to; for plans that were drawn. */
export function shrinkDrawn(seed: number, plan: Plan, options: ShrinkOptions): Shrunk {
  const asked = new Asked(options);
  let best = plan;
  const holds = (candidate: Plan): boolean => {
    if (!asked.breaks(candidate)) return true;
    best = candidate;
    return false;
  };
  check(property(anyPlan, holds), { seed: seed | 0, numRuns: 1 });
  return { plan: best, tries: asked.tries, done: !asked.isOver };
}

/** Passes that know what a plan is: actions, settings, times, values, again until none of them helps. */
export function shrinkPlan(plan: Plan, options: ShrinkOptions): Shrunk {
  const asked = new Asked(options);
  let best = plan;
  for (let before: Plan | undefined; before !== best; ) {
    before = best;
    best = withFewerActions(best, asked);
    for (const pass of PASSES) best = firstOf(best, pass, asked);
  }
  return { plan: best, tries: asked.tries, done: !asked.isOver };
}

/** The asking, and its bound. What was asked before is not asked again, so that no two passes go round in circles. */
class Asked {
  tries = 0;
  isOver = false;
  private readonly options: ShrinkOptions;
  private readonly known = new Set<string>();

  constructor(options: ShrinkOptions) {
    this.options = options;
  }

  breaks(plan: Plan): boolean {
    const text = canonicalJson(plan as unknown as Json);
    if (this.known.has(text)) return false;
    this.isOver ||= this.tries >= this.options.triesMax || this.options.enough?.() === true;
    if (this.isOver) return false;
    this.tries++;
    this.known.add(text);
    return this.options.breaks(plan);
  }
}

/** Zeller's ddmin over the actions: halves first, then smaller and smaller pieces. */
function withFewerActions(plan: Plan, asked: Asked): Plan {
  let best = plan;
  for (
    let size = Math.ceil(best.actions.length / 2);
    size >= 1;
    size = size === 1 ? 0 : Math.ceil(size / 2)
  ) {
    for (let from = 0; from < best.actions.length; ) {
      const actions = [...best.actions.slice(0, from), ...best.actions.slice(from + size)];
      const candidate = { ...best, actions };
      if (asked.breaks(candidate)) best = candidate;
      else from += size;
    }
  }
  return best;
}

/** Ways to make a plan smaller, most telling first. */
type Pass = (plan: Plan) => Iterable<Plan>;

/**
 * Takes every candidate of a pass that still breaks, each on top of the former. After one that helped it goes on where
 * it was: those before it did not help, and are asked again when all passes begin anew.
 */
function firstOf(plan: Plan, pass: Pass, asked: Asked): Plan {
  let best = plan;
  let failed = 0;
  for (let helped = true; helped; ) {
    helped = false;
    let place = 0;
    for (const candidate of pass(best)) {
      if (place++ < failed) continue;
      if (!asked.breaks(candidate)) {
        failed++;
        continue;
      }
      best = candidate;
      helped = true;
      break;
    }
  }
  return best;
}

/** One setting less, whole branches first; the fleet does not grow by it. */
function* fewerSettings(plan: Plan): Iterable<Plan> {
  const { accounts, devicesPerAccount } = fleetOf(plan);
  for (const scenario of without(plan.scenario as Json)) {
    const candidate = { ...plan, scenario: scenario as Plan["scenario"] };
    const fleet = fleetOf(candidate);
    if (fleet.accounts <= accounts && fleet.devicesPerAccount <= devicesPerAccount) yield candidate;
  }
}

function fleetOf(plan: Plan): { readonly accounts: number; readonly devicesPerAccount: number } {
  return { accounts: 1, devicesPerAccount: 2, ...QUIET.fleet, ...(plan.scenario.fleet as object | undefined) };
}

function* without(value: Json): Iterable<Json> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return;
  const members = Object.entries(value);
  for (const [name] of members) yield Object.fromEntries(members.filter(([other]) => other !== name));
  for (const [name, member] of members) {
    for (const less of without(member)) {
      yield Object.fromEntries(members.map(([other, kept]) => [other, other === name ? less : kept]));
    }
  }
}

/** No device and no account that nobody needs: what is left is as large as a quiet world, or one smaller. */
function* smallerFleet(plan: Plan): Iterable<Plan> {
  const fleet = fleetOf(plan);
  for (const member of ["accounts", "devicesPerAccount"] as const) {
    if (fleet[member] > 1) yield withFleet(plan, { [member]: fleet[member] - 1 });
  }
}

function withFleet(plan: Plan, changes: Record<string, number>): Plan {
  const fleet = { ...(plan.scenario.fleet as object | undefined), ...changes };
  return { ...plan, scenario: { ...plan.scenario, fleet } };
}

/** What one device did, another does: two hands are fewer than three, and the first ones are told first. */
function* fewerHands(plan: Plan): Iterable<Plan> {
  const devices = [...new Set(plan.actions.flatMap(devicesOf))].sort((a, b) => b - a);
  const top = devices[0] ?? 0;
  for (const from of devices) {
    for (let to = 0; to < from && to <= top; to++) yield handedOver(plan, from, to);
  }
}

function devicesOf({ at, deed }: Action): readonly number[] {
  return [
    ...("hook" in at && at.device !== undefined ? [at.device] : []),
    ...("device" in deed ? [deed.device] : []),
  ];
}

function handedOver(plan: Plan, from: number, to: number): Plan {
  const other = (device: number): number => (device === from ? to : device);
  const actions = plan.actions.map(({ at, deed }): Action => ({
    at: "hook" in at && at.device !== undefined ? { ...at, device: other(at.device) } : at,
    deed: "device" in deed ? { ...deed, device: other(deed.device) } : deed,
  }));
  return { ...plan, actions };
}

/** In the order in which they happen, for whoever reads it. */
function* ordered(plan: Plan): Iterable<Plan> {
  const timeOf = ({ at }: Action): number => ("ms" in at ? at.ms : Number.MAX_SAFE_INTEGER);
  const actions = [...plan.actions].sort((left, right) => timeOf(left) - timeOf(right));
  if (actions.some((action, place) => action !== plan.actions[place])) yield { ...plan, actions };
}

/** Gaps that nobody needs are a second, or nothing; then everything is over sooner. */
function* shorterTimes(plan: Plan): Iterable<Plan> {
  const times = [...new Set(plan.actions.flatMap(({ at }) => ("ms" in at ? [at.ms] : [])))].sort(
    (a, b) => a - b,
  );
  for (const gapMs of [100, 1_000, 10_000]) {
    const moved = compacted(times, gapMs);
    if (moved.size > 0) yield retimed(plan, moved);
  }
  for (const ms of times) {
    for (const rounded of [Math.floor(ms / 10_000) * 10_000, Math.floor(ms / 1_000) * 1_000]) {
      if (rounded !== ms) yield retimed(plan, new Map([[ms, rounded]]));
    }
  }
}

function compacted(times: readonly number[], gapMsMax: number): ReadonlyMap<number, number> {
  const moved = new Map<number, number>();
  let toMs = 0;
  let fromMs = 0;
  for (const ms of times) {
    toMs += Math.min(ms - fromMs, gapMsMax);
    fromMs = ms;
    if (toMs !== ms) moved.set(ms, toMs);
  }
  return moved;
}

function retimed(plan: Plan, moved: ReadonlyMap<number, number>): Plan {
  const actions = plan.actions.map((action): Action => {
    if (!("ms" in action.at)) return action;
    return { ...action, at: { ms: moved.get(action.at.ms) ?? action.at.ms } };
  });
  return { ...plan, actions };
}

/** Each action alone, said with less. */
function* simplerActions(plan: Plan): Iterable<Plan> {
  for (const [index, action] of plan.actions.entries()) {
    for (const simpler of simplified(action)) {
      yield { ...plan, actions: plan.actions.map((one, place) => (place === index ? simpler : one)) };
    }
  }
}

function* simplified(action: Action): Iterable<Action> {
  const { at, deed } = action;
  if ("hook" in at && at.nth > 1) {
    yield { ...action, at: { ...at, nth: 1 } };
    yield { ...action, at: { ...at, nth: at.nth - 1 } };
  }
  if ("forMs" in deed) {
    for (const forMs of [1_000, 10_000, 60_000])
      if (deed.forMs > forMs) yield { ...action, deed: { ...deed, forMs } };
  }
  if (deed.do === "edit" && deed.change !== undefined) {
    for (const change of lessChange(deed.change))
      yield { ...action, deed: { ...deed, change } satisfies Deed };
  }
}

function* lessChange(change: Change): Iterable<Change> {
  for (const member of ["fields", "add", "remove", "reword"] as const) {
    if (change[member] === undefined) continue;
    const { [member]: _gone, ...rest } = change;
    if (Object.keys(rest).length > 0) yield rest;
  }
  const fields = Object.entries(change.fields ?? {});
  if (fields.length > 1) for (const [name, value] of fields) yield { ...change, fields: { [name]: value } };
}

/** Smaller randomness reads better, and two plans with one seed can be compared. */
function* smallerSeed(plan: Plan): Iterable<Plan> {
  if (plan.seed > 1) yield { ...plan, seed: 1 };
}

const PASSES: readonly Pass[] = [
  fewerSettings,
  fewerHands,
  smallerFleet,
  shorterTimes,
  simplerActions,
  smallerSeed,
  ordered,
];
