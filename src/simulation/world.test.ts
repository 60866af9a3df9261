import { describe, expect, test } from "vitest";
import { canonicalJson } from "../base/canonical-json.ts";
import type { Fact } from "../history/facts.ts";
import { Scenario, type ScenarioText } from "./scenario.ts";
import { createSimulation, type World } from "./world.ts";

const HARD: ScenarioText = {
  name: "hard",
  duration: "1d",
  fleet: { accounts: 2 },
  network: { loss: "5%", duplication: "3%", reordering: "5%", partition: { perDay: 3 } },
  habits: { sessionsPerDay: 12, together: "40%" },
  kills: { perDay: 6, afterEdit: "8%" },
  workload: { editsPerDay: 20 },
  proxy: { outages: { perDay: 6, length: { p50: "20m", p99: "1h" } } },
};

function run(text: ScenarioText, seed = 1): World {
  const world = createSimulation(Scenario.parse(text), seed, { folds: [], keepFacts: true });
  while (world.advance(50_000));
  return world;
}

function named<Name extends Fact["fact"]>(world: World, name: Name): Extract<Fact, { fact: Name }>[] {
  return world.journal.kept.filter((fact) => fact.fact === name) as Extract<Fact, { fact: Name }>[];
}

describe("a run", () => {
  test("agitates, heals, settles, and shows every fault of its scenario", () => {
    const world = run(HARD);
    expect(named(world, "phase").map(({ phase }) => phase)).toEqual(["agitate", "heal", "settled"]);
    expect(world.progress()).toMatchObject({ phase: "settled", facts: world.journal.count });
    for (const name of ["killed", "offline", "clock_set", "pushed", "read"] as const) {
      expect(named(world, name).length, name).toBeGreaterThan(0);
    }
    const unanswered = named(world, "unanswered").map(({ why }) => why);
    expect(unanswered).toContain("timeout");
    expect(named(world, "answered").some(({ status }) => status === 503)).toBe(true);
    const codes = new Set(named(world, "disconnected").map(({ code }) => code));
    expect([...codes]).toEqual(expect.arrayContaining([1000, 1001, 1006]));
  });

  test("ends with one replica a device and one fresh one an account, and a kill loses only what was not flushed", () => {
    const world = run(HARD);
    expect(named(world, "replica").length).toBe(6);
    expect(named(world, "fresh_replica").length).toBe(2);
    const saved = new Set(named(world, "saved").map(({ mutation }) => mutation));
    const settled = new Set(named(world, "settled").map(({ mutation }) => mutation));
    const edits = named(world, "edited");
    expect(edits.some(({ mutation }) => !saved.has(mutation))).toBe(true);
    expect(edits.filter(({ mutation }) => saved.has(mutation) && !settled.has(mutation))).toEqual([]);
  });

  test("of one seed is the same to the last fact, of another seed another", () => {
    const digest = run(HARD, 7).progress().digest();
    expect(run(HARD, 7).progress().digest()).toBe(digest);
    expect(run(HARD, 8).progress().digest()).not.toBe(digest);
  });

  test("taking an account out of the fleet does not change the fate of the others", () => {
    const of = (world: World): string[] =>
      world.journal.kept
        .filter((fact) => "account" in fact && fact.account === 0 && fact.at < world.startMs + 86_400_000)
        // One call to the push service carries several accounts; who stands first in it is of no account.
        .filter(({ fact }) => fact !== "push_handed_over")
        .map((fact) => canonicalJson(fact));
    expect(of(run({ ...HARD, fleet: { accounts: 1 } }))).toEqual(
      of(run({ ...HARD, fleet: { accounts: 3 } })),
    );
  });

  test("sliced finely or coarsely is the same run, and an interrupted one goes no further", () => {
    const fine = createSimulation(Scenario.parse(HARD), 1, { folds: [] });
    while (fine.advance(7));
    expect(fine.progress().digest()).toBe(run(HARD).progress().digest());
    const cut = createSimulation(Scenario.parse(HARD), 1, { folds: [] });
    cut.advance(1_000);
    cut.interrupt();
    expect(cut.advance(1)).toBe(false);
    expect(cut.progress()).toMatchObject({ phase: "interrupted", events: 1_000 });
  });

  test("that cannot settle in time says so", () => {
    const world = run({ ...HARD, settleWithin: "5m" });
    expect(world.progress().phase).toBe("unsettled");
  });

  test("a socket is TCP: frames come in the order of their revisions, each once", () => {
    const world = run({ ...HARD, proxy: { ...HARD.proxy, instances: 3 } });
    const last = new Map<string, string>();
    for (const { device, socket, frame } of named(world, "frame")) {
      if (frame.type !== "sync_event") continue;
      const line = `${device}/${socket}`;
      expect(frame.revisionId > (last.get(line) ?? "")).toBe(true);
      last.set(line, frame.revisionId);
    }
    expect(last.size).toBeGreaterThan(5);
  });

  test("several proxies over one store hear of each other's commits", () => {
    const world = run({ ...HARD, proxy: { ...HARD.proxy, instances: 3 } });
    expect(world.progress().phase).toBe("settled");
    expect(named(world, "frame").length).toBeGreaterThan(100);
  });
});
