/**
 * Owns the proof that a violation is shrunk live within its bounds: so many tries, so many requests, and those that all
 * trials share; with ids that nobody used before.
 */

import { integer } from "fast-check";
import { afterEach, expect, test } from "vitest";
import { startPlain } from "../cli/conformance.fixture.ts";
import { defineProbe } from "../conformance/probe.ts";
import type { TargetFacts } from "../conformance/target.ts";
import { LiveTarget } from "./live-target.ts";
import { type ShrinkBound, tryProbeLive } from "./live-trial.ts";

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});

const FACTS = {
  accounts: [
    { name: "a", token: "tok-a" },
    { name: "b", token: "tok-b" },
  ],
  declared: { phases: [1] },
  patienceMs: 100,
} as unknown as TargetFacts;

const ASKS = 4;

/** Broken for every number from 1000 on; asks a few times for each. */
const largeNumbers = defineProbe({
  id: "test/large-numbers",
  rules: ["API-1"],
  text: "No number is large.",
  phases: [1],
  runs: 50,
  values: () => integer({ min: 0, max: 1_000_000_000 }),
  *script(desk, value: number) {
    for (let asked = 0; asked < ASKS; asked++)
      yield* desk.send(desk.actor("phone").raw("GET", `/api/contacts/${desk.fresh("c")}`));
    yield* desk.expect("API-1", value < 1_000, { expected: "a small one", actual: String(value) });
  },
});

async function shrunk(shrink: ShrinkBound) {
  const server = await startPlain((_request, response) =>
    response.setHeader("content-type", "application/json").end('{"data":{},"meta":{}}'),
  );
  open.push(server);
  const limits = { concurrency: 4, requestsPerSecond: 10_000, requestsMax: 10_000, timeoutMs: 5_000 };
  const target = new LiveTarget({ baseUrl: server.url, limits, headers: {}, paths: new Map() });
  open.push(target);
  const runIds: string[] = [];
  const trial = await tryProbeLive(largeNumbers, target, FACTS, {
    seed: 1,
    runs: 50,
    shrink,
    freshRunId: () => {
      runIds.push(`t.${runIds.length}`);
      return `t.${runIds.length - 1}`;
    },
    watches: () => [],
    goesOn: () => true,
    resting: (wait) => wait(),
  });
  return { trial, runIds };
}

const FREE: ShrinkBound = { triesMax: 1_000, msMax: 60_000, requestsMax: 10_000 };

test("with room enough the smallest value is found, each try under ids of its own", async () => {
  const { trial, runIds } = await shrunk(FREE);
  expect(trial.finding?.value).toBe(1_000);
  expect(trial.path).toMatch(/^\d+(:\d+)+$/);
  expect(runIds).toHaveLength(trial.runs);
  expect(new Set(runIds).size).toBe(runIds.length);
  expect(trial.finding?.exchanges.map(({ ask }) => ask.http.path)).toContain(
    `/api/contacts/${trial.finding?.runId}-c1`,
  );
});

test.each([
  ["tries", { ...FREE, triesMax: 3 }, 3],
  ["requests", { ...FREE, requestsMax: 2 * ASKS }, 2],
  ["requests of all trials together", { ...FREE, purse: { requestsLeft: 2 * ASKS } }, 2],
  ["time", { ...FREE, msMax: 0 }, 0],
])("it ends with its %s, and tells what it came to", async (_bound, shrink, tries) => {
  const all = await shrunk(FREE);
  const first = all.trial.runs;
  const { trial } = await shrunk(shrink);
  expect(trial.runs).toBeLessThan(first);
  expect(trial.requests).toBe(trial.runs * ASKS);
  expect(trial.finding?.violation.rule).toBe("API-1");
  const found = await shrunk({ ...FREE, msMax: 0 });
  expect(trial.runs - found.trial.runs).toBe(tries);
});

test("a run that ends without a verdict is run again, twice at most in a trial", async () => {
  const server = await startPlain((_request, response) => response.end("{}"));
  open.push(server);
  const limits = { concurrency: 4, requestsPerSecond: 10_000, requestsMax: 10_000, timeoutMs: 5_000 };
  const target = new LiveTarget({ baseUrl: server.url, limits, headers: {}, paths: new Map() });
  open.push(target);
  const seen: number[] = [];
  const probe = (discards: number) =>
    defineProbe({
      id: "test/lost",
      rules: ["API-1"],
      text: "Something is lost on the way.",
      phases: [1],
      runs: 3,
      values: () => integer({ min: 0, max: 1_000_000_000 }),
      *script(desk, value: number) {
        seen.push(value);
        if (seen.length <= discards) return yield* desk.discard("lost");
        yield* desk.expect("API-1", true, { expected: "", actual: "" });
      },
    });
  const options = { seed: 1, runs: 3, shrink: { triesMax: 1, msMax: 1, requestsMax: 1 }, watches: () => [] };
  const rest = { goesOn: () => true, resting: <T>(wait: () => Promise<T>) => wait() };
  const trial = async (discards: number) => {
    let ids = 0;
    seen.length = 0;
    const freshRunId = () => `t.${ids++}`;
    return await tryProbeLive(probe(discards), target, FACTS, { ...options, ...rest, freshRunId });
  };
  const once = await trial(1);
  expect(once.exercised.get("API-1")).toBe(3);
  expect(seen[1]).toBe(seen[0]);
  const often = await trial(5);
  expect(often.exercised.get("API-1")).toBeUndefined();
  expect(often.discarded.get("lost")).toBe(5);
});
