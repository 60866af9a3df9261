/**
 * Freedoms that the protocol leaves and the reference does not take: no probe accuses a target of one of them.
 */

import { describe, expect, test } from "vitest";
import { HOUR_MS } from "../base/time.ts";
import { freshWatches } from "../conformance/all-probes.ts";
import type { Probe } from "../conformance/probe.ts";
import { deltaLimits } from "../conformance/probes/delta-pages.ts";
import { eventsResume } from "../conformance/probes/events-resume.ts";
import { eventsSecondSocket } from "../conformance/probes/events-sockets.ts";
import { eventsPing, eventsSlowReader } from "../conformance/probes/events-upkeep.ts";
import { pushReaches } from "../conformance/probes/push.ts";
import { recordLife } from "../conformance/probes/record-life.ts";
import { webhookCommits, webhookSignature } from "../conformance/probes/webhooks.ts";
import { looseOf } from "../conformance/reply.ts";
import type { Effect, EffectResult, MemoryTarget, Outcome, SocketView } from "../conformance/target.ts";
import { tryProbe } from "../conformance/trial.ts";
import type { ProxyConfig } from "../proxy/port.ts";
import { createEngineTarget } from "./engine-target.ts";
import { RIGS } from "./rigs.ts";

const [{ config: PLAIN }] = RIGS as unknown as readonly [{ readonly config: ProxyConfig }];

type Bend = (effect: Effect, target: MemoryTarget) => EffectResult[Effect["effect"]];

/** The reference with its answers bent. */
function bent(bend: Bend, config = PLAIN, facts: Partial<MemoryTarget["facts"]> = {}): MemoryTarget {
  const target = createEngineTarget({ config, instances: 1 });
  const perform = (effect: Effect) => bend(effect, target);
  return { facts: { ...target.facts, ...facts }, perform: perform as MemoryTarget["perform"] };
}

function accused(probe: Probe, makeTarget: () => MemoryTarget) {
  const trial = tryProbe(probe, makeTarget, { seed: 1, effort: 3, watches: freshWatches });
  return { violation: trial.finding?.violation, exercised: trial.exercised };
}

function withLocation(outcome: Outcome, path: string): Outcome {
  if (outcome.outcome !== "answered") return outcome;
  const { answer } = outcome;
  const location = answer.headers.get("location");
  if (location === undefined) return outcome;
  const folder = path.slice(0, path.lastIndexOf("/") + 1);
  const headers = new Map([...answer.headers, ["location", location.replace(folder, "")]]);
  return { ...outcome, answer: { ...answer, headers } };
}

test("[API-1] Location may be relative to what was asked", () => {
  const relative: Bend = (effect, target) => {
    const result = target.perform(effect);
    if (effect.effect !== "send") return result;
    const outcomes = result as readonly Outcome[];
    return outcomes.map((one, at) => withLocation(one, effect.requests[at]?.path ?? ""));
  };
  const { violation, exercised } = accused(recordLife, () => bent(relative));
  expect(violation).toBeUndefined();
  expect(exercised.get("API-1")).toBeGreaterThan(0);
});

test.each([eventsResume, eventsSecondSocket])("[EVT-5] $id: replayMax may be small", (probe) => {
  const config = { ...PLAIN, limits: { ...PLAIN.limits, replayMax: 2 } };
  expect(accused(probe, () => createEngineTarget({ config, instances: 1 })).violation).toBeUndefined();
});

test("[DLT-4] a page may be empty and tell of more", () => {
  const makeTarget = () => {
    const kept: Outcome[] = [];
    const hesitant: Bend = (effect, target) => {
      const at =
        effect.effect === "send" ? /cursor=later-(\d+)/.exec(effect.requests[0]?.path ?? "")?.[1] : "";
      if (at !== undefined && at !== "") return [kept[Number(at)] as Outcome];
      const result = target.perform(effect);
      const path = effect.effect === "send" ? (effect.requests[0]?.path ?? "") : "";
      if (!path.startsWith("/api/sync/changes?") || path.includes("cursor=")) return result;
      const [outcome] = result as readonly Outcome[];
      if (outcome?.outcome !== "answered" || outcome.answer.status !== 200) return result;
      const nextCursor = `later-${kept.push(outcome) - 1}`;
      const json = { ...looseOf(outcome.answer.json), changes: [], hasMore: true, nextCursor };
      return [{ ...outcome, answer: { ...outcome.answer, json, text: JSON.stringify(json) } }];
    };
    return bent(hesitant);
  };
  const { violation, exercised } = accused(deltaLimits, makeTarget);
  expect(violation).toBeUndefined();
  expect(exercised.get("DLT-4")).toBeGreaterThan(0);
});

test("[EVT-11] a ping may come with the first frame, and is answered", () => {
  const early = (view: SocketView): SocketView => ({ ...view, pings: view.pings + 1 });
  const pinging: Bend = (effect, target) =>
    effect.effect === "watch"
      ? early(target.perform({ ...effect, until: (view: SocketView) => effect.until(early(view)) }))
      : target.perform(effect);
  const { violation, exercised } = accused(eventsPing, () => bent(pinging));
  expect(violation).toBeUndefined();
  expect(exercised.get("EVT-11")).toBeGreaterThan(0);
});

test("[EVT-10] bodies and batches may be small, and sockets patient: much is written all the same", () => {
  const limits = { ...PLAIN.limits, bodyBytesMax: 50_000, mutationsMax: 5, socketBacklogMax: 100_000 };
  const config = { ...PLAIN, limits };
  const { violation, exercised } = accused(eventsSlowReader, () =>
    createEngineTarget({ config, instances: 1 }),
  );
  expect(violation).toBeUndefined();
  expect(exercised.get("EVT-10")).toBeGreaterThan(0);
});

test.each(["contact", "list"] as const)("[PSH-1] push.entities may be %s alone", (entity) => {
  const config = { ...PLAIN, push: { ...PLAIN.push, entities: [entity] } };
  const { violation, exercised } = accused(pushReaches, () => createEngineTarget({ config, instances: 1 }));
  expect(violation).toBeUndefined();
  expect(exercised.get("PSH-1")).toBeGreaterThan(0);
});

describe.each([1, -1])("the target's clock is %i hours ahead of ours", (hours) => {
  const ahead: Bend = (effect, target) => {
    const result = target.perform(effect);
    return effect.effect === "now" ? (result as number) - hours * HOUR_MS : result;
  };
  test.each([webhookCommits, webhookSignature])("[WHK-2] $id", (probe) => {
    const makeTarget = () => bent(ahead, PLAIN, { clockAheadMs: hours * HOUR_MS });
    const { violation, exercised } = accused(probe, makeTarget);
    expect(violation).toBeUndefined();
    expect(exercised.get("WHK-1")).toBeGreaterThan(0);
  });
});
