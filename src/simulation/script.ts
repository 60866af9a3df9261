/**
 * Owns a workload that is the same whatever the app can do: the sessions, edits, reads, tunnels and kills of a scenario,
 * written down as actions before anything runs. Refuses to look at a screen: what people want to edit does not depend on
 * what a sync has brought them; an edit of a record that is not on the screen is simply not made.
 */

import { type Prng, stream } from "../base/prng.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../base/time.ts";
import { ENTITIES, type Entity } from "../protocol/entity.ts";
import { quantile } from "./fate.ts";
import { deviceName } from "./names.ts";
import type { Action, Deed } from "./plan.ts";
import type { Scenario } from "./scenario.ts";
import { ScriptedEdits, type Slot } from "./script-edits.ts";

const TOGETHER_WITHIN_MS = MINUTE_MS;
const SWIPE_WITHIN_MS = 150;
const BURST_GAP_MS_MAX = 2_500;
const READS_PER_SESSION_MAX = 400;

/** Somebody wants to use the app from then on. */
interface Wish {
  readonly atMs: number;
  readonly lengthMs: number;
}

/** What one phone's owner does, before sessions are put in order. */
interface Life {
  readonly device: number;
  readonly random: Prng;
  readonly wishes: Wish[];
  readonly kills: readonly number[];
}

/** The scenario's workload as actions, in order of time. The same seed gives the same ones for every set of phases. */
export function scriptOf(scenario: Scenario, seed: number): readonly Action[] {
  const { accounts, devicesPerAccount } = scenario.fleet;
  const actions: Action[] = [];
  for (let account = 0; account < accounts; account++) {
    const lives = Array.from({ length: devicesPerAccount }, (_, nth) =>
      beginLife(scenario, seed, account * devicesPerAccount + nth, deviceName(account, nth)),
    );
    for (const life of lives) wishSessions(scenario, life, lives, actions);
    const slots = lives.flatMap((life) => playSessions(scenario, life, actions));
    const edits = new ScriptedEdits(scenario, stream(seed, `account-${account}/script`));
    actions.push(...edits.fill(slots));
  }
  return actions.sort((left, right) => timeOf(left) - timeOf(right));
}

/** The scenario without what its script plays. */
export function withoutWorkload(scenario: Scenario): Scenario {
  const { habits, network, kills, workload } = scenario;
  return {
    ...scenario,
    habits: { ...habits, sessionsPerDay: 0, together: 0 },
    network: { ...network, offline: { ...network.offline, perDay: 0 } },
    kills: { ...kills, perDay: 0, afterEdit: 0 },
    workload: { ...workload, editsPerDay: 0, readsPerMinute: 0, refreshesPerDay: 0, scrolls: 0, twins: 0 },
  };
}

function timeOf({ at }: Action): number {
  return "ms" in at ? at.ms : 0;
}

function act(actions: Action[], ms: number, deed: Deed): void {
  actions.push({ at: { ms }, deed });
}

/** Times of something that happens so often a day, up to the end of the run. */
function timesOf(random: Prng, perDay: number, untilMs: number): readonly number[] {
  const times: number[] = [];
  if (perDay === 0) return times;
  for (let atMs = next(0); atMs < untilMs; atMs = next(atMs)) times.push(atMs);
  return times;

  function next(afterMs: number): number {
    return afterMs + Math.ceil(random.exponential(DAY_MS / perDay));
  }
}

function beginLife(scenario: Scenario, seed: number, device: number, name: string): Life {
  const random = stream(seed, `${name}/script`);
  const kills = timesOf(stream(seed, `${name}/script/kills`), scenario.kills.perDay, scenario.duration);
  return { device, random, wishes: [], kills };
}

/** Sessions of this person's own accord, those that they bring others to, and those in tunnels. */
function wishSessions(scenario: Scenario, life: Life, lives: readonly Life[], actions: Action[]): void {
  const { habits, network, duration } = scenario;
  const { random, device } = life;
  const [from, to] = habits.awake;
  const awakeMs = Math.max(HOUR_MS / 4, (to - from) * HOUR_MS);
  const lengthMs = () => Math.max(1_000, quantile(habits.sessionLength, random.unit()));
  let atMs = 0;
  while (habits.sessionsPerDay > 0) {
    atMs += Math.ceil(random.exponential(awakeMs / habits.sessionsPerDay));
    const inDay = atMs % DAY_MS;
    if (inDay < from * HOUR_MS) atMs += from * HOUR_MS - inDay + random.below(HOUR_MS);
    else if (inDay >= to * HOUR_MS) atMs += DAY_MS - inDay + from * HOUR_MS + random.below(HOUR_MS);
    if (atMs >= duration) break;
    life.wishes.push({ atMs, lengthMs: lengthMs() });
    if (!random.chance(habits.together)) continue;
    for (const other of lives)
      if (other !== life)
        other.wishes.push({ atMs: atMs + random.below(TOGETHER_WITHIN_MS), lengthMs: lengthMs() });
  }
  let freeMs = 0;
  for (const beginsMs of timesOf(random, network.offline.perDay, duration)) {
    const forMs = quantile(network.offline.length, random.unit());
    const isUsed = random.chance(network.offline.used);
    const usedAtMs = beginsMs + 1 + random.below(MINUTE_MS);
    if (beginsMs < freeMs) continue;
    freeMs = beginsMs + forMs;
    act(actions, beginsMs, { do: "offline", device, forMs });
    if (isUsed) life.wishes.push({ atMs: usedAtMs, lengthMs: lengthMs() });
  }
}

/** Sessions one after the other, each ended by the person or by a kill; returns when which edits are to be made. */
function playSessions(scenario: Scenario, life: Life, actions: Action[]): readonly Slot[] {
  const { device, wishes, kills } = life;
  const slots: Slot[] = [];
  for (const atMs of kills) act(actions, atMs, { do: "kill", device });
  wishes.sort((left, right) => left.atMs - right.atMs || left.lengthMs - right.lengthMs);
  let freeMs = 0;
  for (const { atMs, lengthMs } of wishes) {
    if (atMs < freeMs || atMs >= scenario.duration) continue;
    freeMs = playSession(scenario, life, { atMs, lengthMs }, { actions, slots });
  }
  return slots;
}

function playSession(
  scenario: Scenario,
  { device, random, kills }: Life,
  { atMs, lengthMs }: Wish,
  { actions, slots }: { readonly actions: Action[]; readonly slots: Slot[] },
): number {
  const killedMs = kills.find((kill) => kill > atMs && kill <= atMs + lengthMs);
  const edits = drawSlots(scenario, random, device, atMs, lengthMs);
  const swiped = edits.find(() => random.chance(scenario.kills.afterEdit));
  const swipedMs = swiped && swiped.atMs + 1 + random.below(SWIPE_WITHIN_MS);
  const endMs = Math.min(
    atMs + lengthMs,
    killedMs ?? Number.POSITIVE_INFINITY,
    swipedMs ?? Number.POSITIVE_INFINITY,
  );
  act(actions, atMs, { do: "open", device });
  if (endMs === swipedMs) act(actions, endMs, { do: "kill", device });
  else if (endMs !== killedMs) act(actions, endMs, { do: "close", device });
  slots.push(...edits.filter((slot) => slot.atMs < endMs));
  for (const readMs of drawReads(scenario, random, atMs, lengthMs)) {
    const deed = drawRead(scenario, random, device);
    if (readMs < endMs) act(actions, readMs, deed);
  }
  const { refreshesPerDay } = scenario.workload;
  const isRefreshed = random.chance(refreshesPerDay / sessionsOf(scenario));
  const refreshMs = atMs + random.below(lengthMs);
  if (isRefreshed && refreshMs < endMs) act(actions, refreshMs, { do: "refresh", device });
  return endMs + 1;
}

function drawSlots(scenario: Scenario, random: Prng, device: number, atMs: number, lengthMs: number): Slot[] {
  const { workload } = scenario;
  const wanted = (workload.editsPerDay / sessionsOf(scenario)) * 2 * random.unit();
  const count = Math.floor(wanted) + (random.chance(wanted - Math.floor(wanted)) ? 1 : 0);
  const slots: Slot[] = [];
  for (let i = 0; i < count; i++) {
    const first: Slot = { device, atMs: atMs + random.below(lengthMs), follows: undefined };
    slots.push(first);
    if (!random.chance(workload.burst)) continue;
    let nextMs = first.atMs;
    for (let more = 2 + random.below(2); more > 0; more--) {
      nextMs += 1 + random.below(BURST_GAP_MS_MAX);
      slots.push({ device, atMs: nextMs, follows: first });
    }
  }
  return slots.sort((left, right) => left.atMs - right.atMs);
}

function drawReads(scenario: Scenario, random: Prng, atMs: number, lengthMs: number): readonly number[] {
  const mean = (scenario.workload.readsPerMinute * lengthMs) / MINUTE_MS;
  const count = Math.min(READS_PER_SESSION_MAX, 1 + Math.floor(mean));
  return Array.from({ length: count }, () => atMs + random.below(lengthMs));
}

function drawRead(scenario: Scenario, random: Prng, device: number): Deed {
  const entity: Entity = random.pick(ENTITIES);
  const records = scenario.fleet.records[entity];
  const isWhole = random.chance(0.4) || records === 0;
  return isWhole
    ? { do: "read", device, entity }
    : { do: "read", device, entity, record: { seed: random.below(records) } };
}

/** Who never opens the app by themselves may be brought to it. */
function sessionsOf({ habits }: Scenario): number {
  return habits.sessionsPerDay === 0 ? 1 : habits.sessionsPerDay;
}
