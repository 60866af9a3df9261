/**
 * Owns the passes that know what a plan is: each gives plans that are smaller in one way, most telling first.
 * Refuses to know which of them still break the rule.
 */

import type { Json } from "../base/canonical-json.ts";
import { seedId } from "../simulation/names.ts";
import {
  type Action,
  type Change,
  type Deed,
  isPlayable,
  type Plan,
  QUIET,
  type RecordName,
} from "../simulation/plan.ts";

/** Of longer plans, pairs of actions are too many to try. */
const PAIRED_MAX = 12;

/** Ways to make a plan smaller, most telling first. */
export type Pass = (plan: Plan) => Iterable<Plan>;

/** One setting less, whole branches first; the fleet does not grow by it. */
function* fewerSettings(plan: Plan): Iterable<Plan> {
  const { accounts, devicesPerAccount } = fleetOf(plan);
  for (const scenario of without(plan.scenario as Json)) {
    const candidate = { ...plan, scenario: scenario as Plan["scenario"] };
    const fleet = fleetOf(candidate);
    const grows = fleet.accounts > accounts || fleet.devicesPerAccount > devicesPerAccount;
    if (!grows && isPlayable(candidate)) yield candidate;
  }
}

interface Fleet {
  readonly accounts: number;
  readonly devicesPerAccount: number;
}

function fleetOf(plan: Plan): Fleet {
  return { ...QUIET.fleet, ...(plan.scenario.fleet as object | undefined) } as Fleet;
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
  const actions = plan.actions.map(
    ({ at, deed }): Action => ({
      at: "hook" in at && at.device !== undefined ? { ...at, device: other(at.device) } : at,
      deed: "device" in deed ? { ...deed, device: other(deed.device) } : deed,
    }),
  );
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

/** Two actions at once: what only goes together, such as a deletion and the making again. */
function* withoutPairs(plan: Plan): Iterable<Plan> {
  const { actions } = plan;
  if (actions.length > PAIRED_MAX) return;
  for (let first = 0; first < actions.length; first++) {
    for (let second = first + 1; second < actions.length; second++) {
      yield { ...plan, actions: actions.filter((_, place) => place !== first && place !== second) };
    }
  }
}

/** A record that was made only to be there: the account has one of its own. */
function* recordsAtHand(plan: Plan): Iterable<Plan> {
  for (const [place, { deed }] of plan.actions.entries()) {
    if (!("operation" in deed) || deed.operation !== "create") continue;
    const id = deed.do === "write" ? deed.fields?.id : undefined;
    const label = deed.do === "edit" ? deed.label : undefined;
    const isIt = (name: RecordName | undefined): boolean =>
      name !== undefined && (("id" in name && name.id === id) || ("made" in name && name.made === label));
    const rest = plan.actions.filter((_, other) => other !== place);
    const actions = rest.map((action) => renamed(action, isIt, id));
    yield { ...plan, actions };
  }
}

function renamed(
  action: Action,
  isIt: (name: RecordName | undefined) => boolean,
  id: Json | undefined,
): Action {
  const { deed } = action;
  if ("record" in deed && isIt(deed.record)) return { ...action, deed: { ...deed, record: { seed: 0 } } };
  if (deed.do !== "write" || id === undefined || deed.fields?.id !== id) return action;
  return { ...action, deed: { ...deed, fields: { ...deed.fields, id: seedId(deed.entity, 0) } } };
}

/** Another client that deletes could as well have changed the record, and then need not make it again. */
function* gentlerWrites(plan: Plan): Iterable<Plan> {
  for (const [place, action] of plan.actions.entries()) {
    const { deed } = action;
    if (deed.do !== "write" || deed.operation !== "delete") continue;
    const fields = { [deed.entity === "task" ? "title" : "name"]: "other" };
    const gentle: Action = { ...action, deed: { ...deed, operation: "update", fields } };
    const changed = plan.actions.map((one, other) => (other === place ? gentle : one));
    for (let gone = 0; gone < changed.length; gone++) {
      if (gone !== place) yield { ...plan, actions: changed.filter((_, other) => other !== gone) };
    }
  }
}

/** Smaller randomness reads better, and two plans with one seed can be compared. */
function* smallerSeed(plan: Plan): Iterable<Plan> {
  if (plan.seed > 1) yield { ...plan, seed: 1 };
}

export const PASSES: readonly Pass[] = [
  recordsAtHand,
  withoutPairs,
  gentlerWrites,
  fewerSettings,
  fewerHands,
  smallerFleet,
  shorterTimes,
  simplerActions,
  smallerSeed,
  ordered,
];
