/**
 * Owns an example of a rule: a probe's smallest history that breaks it under a planted fault, and the same history against
 * the reference, both in memory.
 * Refuses to lay it out. The same rule has the same example each time.
 */

import { freshWatches } from "../conformance/all-probes.ts";
import { Desk } from "../conformance/desk.ts";
import type { Probe, Violation } from "../conformance/probe.ts";
import { looseOf, textOf } from "../conformance/reply.ts";
import { advance, STEPS_MAX } from "../conformance/run-script.ts";
import type { HttpAnswer, MemoryTarget, PushView } from "../conformance/target.ts";
import { framesHeard, tryProbe } from "../conformance/trial.ts";
import { Watches } from "../conformance/watch.ts";
import { createEngineTarget } from "../exploration/engine-target.ts";
import { RIGS } from "../exploration/rigs.ts";
import type { Fault } from "../faults/fault.ts";
import type { Rule } from "../protocol/rules/rule.ts";
import type { Play, PlayedExchange, RuleExample } from "../report/rule-example.ts";
import { type Parts, REFERENCE } from "../simulation/parts.ts";
import { heardOf, shortRevision, toldOf } from "./conformance-words.ts";

const SEEDS = [1, 2];
/** Shrinking is for readers here: most is won by the first tries. */
const SHRINK_TRIES_MAX = 60;
/** Trials before the search is given up: nobody waits for an example. */
const TRIALS_MAX = 60;
/** Exchanges that are shown: those before only prepare them. */
const SHOWN_MAX = 4;
const RUN_ID = "r0";
const HEADERS_SHOWN = ["if-match", "if-none-match", "idempotency-key", "x-mutation-timestamp", "webhook-id"];
const ANSWER_HEADERS_SHOWN = ["etag", "location", "retry-after"];

/** What an example is looked for in. */
export interface ExampleSources {
  readonly probes: readonly Probe[];
  readonly faults: readonly Fault[];
}

/** The first example that is found; undefined where no probe shows the rule broken under any planted fault. */
export function exampleOf({ id }: Rule, { probes, faults }: ExampleSources): RuleExample | undefined {
  let trials = 0;
  for (const { fault, probe, rig } of candidates(id, probes, faults)) {
    const targetWith = (parts: Parts) =>
      createEngineTarget({ config: rig.config, instances: rig.instances, parts });
    const broken = () => targetWith(fault.plant(REFERENCE));
    if (probe.needs?.(broken().facts) !== undefined) continue;
    for (const seed of SEEDS) {
      if (++trials > TRIALS_MAX) return undefined;
      const value = breaking(id, probe, broken, seed);
      if (value === undefined) continue;
      const fails = act(probe, value.value, broken(), { watched: id });
      if (fails.violation?.rule !== id) continue;
      const passes = act(probe, value.value, targetWith(REFERENCE), { lengthMax: fails.length });
      const { expected, actual, because } = fails.violation;
      const short = shortTo(RUN_ID);
      return {
        probe: probe.id,
        fault: fault.name,
        faultText: fault.text,
        passes: passes.play,
        fails: {
          ...fails.play,
          expected: short(expected),
          actual: short(actual),
          ...(because === undefined ? {} : { because: short(because) }),
        },
      };
    }
  }
  return undefined;
}

/** Faults planted for the rule itself first, probes that name it first. */
function* candidates(id: string, probes: readonly Probe[], faults: readonly Fault[]) {
  const near = probes.filter(({ rules }) => rules.some((rule) => rule === id));
  const others = probes.filter((probe) => !near.includes(probe));
  const own = faults.filter(({ rules }) => rules[0] === id);
  const beside = faults.filter(({ rules }) => rules.indexOf(id) > 0);
  for (const some of [near, others])
    for (const fault of [...own, ...beside]) {
      const rig = RIGS.find(({ name }) => name === fault.rig);
      if (rig !== undefined) for (const probe of some) yield { fault, probe, rig };
    }
}

/** The smallest value that breaks the rule; a target may break down under a fault, which shows nothing. */
function breaking(id: string, probe: Probe, makeTarget: () => MemoryTarget, seed: number) {
  try {
    const options = { seed, watches: freshWatches, shrinkTriesMax: SHRINK_TRIES_MAX };
    const { finding } = tryProbe(probe, makeTarget, options);
    return finding?.violation.rule === id ? { value: finding.value } : undefined;
  } catch {
    return undefined;
  }
}

interface Acted {
  readonly play: Play;
  readonly violation: Violation | undefined;
  readonly length: number;
}

/** One run of a script: up to so many exchanges, or until a watch sees this rule broken. */
function act(
  probe: Probe,
  value: unknown,
  target: MemoryTarget,
  {
    lengthMax = Number.POSITIVE_INFINITY,
    watched,
  }: { readonly lengthMax?: number; readonly watched?: string },
): Acted {
  const desk = new Desk(target.facts, RUN_ID, new Watches(freshWatches()));
  const script = probe.script(desk, value);
  let violation: Violation | undefined;
  let pushed: PushView | undefined;
  let result: unknown;
  for (let steps = 0; steps < STEPS_MAX; steps++) {
    const wanted = advance(script, result);
    if (watched !== undefined && desk.lesser?.rule === watched) {
      violation = desk.lesser;
      break;
    }
    if ("end" in wanted) {
      if (wanted.end === "violated") violation = wanted.violation;
      break;
    }
    if (wanted.effect === "send" && desk.exchanges.length >= lengthMax) break;
    result = target.perform(wanted);
    if (wanted.effect === "pushes") pushed = result as PushView;
  }
  return { play: playOf(desk, pushed), violation, length: desk.exchanges.length };
}

function playOf(desk: Desk, pushed: PushView | undefined): Play {
  const short = shortTo(desk.runId);
  const shown = desk.exchanges.slice(-SHOWN_MAX);
  return {
    before: desk.exchanges.length - shown.length,
    exchanges: shown.map(({ ask, outcome, round }): PlayedExchange => {
      const { method, path, headers, body } = ask.http;
      const account = ask.actor.account === 0 ? "" : " of another account";
      const told = HEADERS_SHOWN.flatMap((name) => {
        const text = headers[name];
        return text === undefined ? [] : [`${name}: ${short(text)}`];
      });
      return {
        by: `${ask.actor.name}${account}`,
        request: short(`${method} ${path}`),
        headers: headers.authorization === undefined ? [...told, "no token"] : told,
        ...(body === undefined ? {} : { sent: short(body) }),
        brief: toldOf({ ask, outcome, round }, short).says ?? "no answer",
        status: outcome.outcome === "answered" ? String(outcome.answer.status) : outcome.reason,
        answer: outcome.outcome === "answered" ? short(answerText(outcome.answer)) : "",
      };
    }),
    heard: framesHeard(desk).map((socket) => heardOf(socket, desk.runId, short)),
    pushed: (pushed?.messages ?? []).map(({ message }) => {
      const { to, data } = looseOf(message);
      const { entity, revisionId } = looseOf(data);
      return short(
        `${textOf(entity) ?? "a message"} ${textOf(revisionId) ?? ""} to ${textOf(to) ?? "nobody"}`,
      );
    }),
  };
}

/** The headers that rules speak of, then the body. */
function answerText({ headers, text }: HttpAnswer): string {
  const told = ANSWER_HEADERS_SHOWN.flatMap((name) => {
    const value = headers.get(name);
    return value === undefined ? [] : [`${name}: ${value}`];
  });
  return [...told, text].join("  ").trimEnd();
}

/** Ids without what makes them unique, revisions by their ends. */
function shortTo(runId: string): (text: string | undefined) => string {
  return (text) => shortRevision((text ?? "nothing").replaceAll(`${runId}-`, ""));
}
