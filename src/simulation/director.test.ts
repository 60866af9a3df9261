/**
 * Holds plans to what they say: each action at its time or at its hook, and the same plan the same history.
 */

import { describe, expect, test } from "vitest";
import type { Fact } from "../history/facts.ts";
import { type Action, type Deed, HOOKS, type Hook, PLAN_FORM, Plan, scenarioOfPlan } from "./plan.ts";
import { createSimulation, START_MS } from "./world.ts";

const SECOND = 1_000;

function play(actions: readonly Action[], changes: Plan["scenario"] = {}) {
  const plan = Plan.parse({ form: PLAN_FORM, seed: 1, scenario: changes, actions });
  const world = createSimulation(scenarioOfPlan(plan), plan.seed, {
    folds: [],
    actions: plan.actions,
    keepFacts: true,
  });
  while (world.advance(10_000));
  return { facts: world.journal.kept, digest: world.journal.digest(), phase: world.progress().phase };
}

const at = (seconds: number, deed: Deed): Action => ({ at: { ms: seconds * SECOND }, deed });
const on = (hook: Hook, nth: number, deed: Deed, device?: number): Action => ({
  at: { hook, nth, ...(device === undefined ? {} : { device }) },
  deed,
});
const rename = (device: number, title: string): Deed => ({
  do: "edit",
  device,
  entity: "task",
  operation: "update",
  record: { seed: 0 },
  change: { fields: { title } },
});

function of<Name extends Fact["fact"]>(facts: readonly Fact[], name: Name) {
  return facts.filter((fact): fact is Extract<Fact, { fact: Name }> => fact.fact === name);
}

const commitsOf = (facts: readonly Fact[]) => of(facts, "committed").filter(({ at: ms }) => ms > START_MS);

describe("a plan", () => {
  test("without actions is a world in which nothing happens before the heal", () => {
    const { facts, phase } = play([]);
    const heal = facts.findIndex((fact) => fact.fact === "phase" && fact.phase === "heal");
    expect(of(facts.slice(0, heal), "edited")).toEqual([]);
    expect(of(facts.slice(0, heal), "sent")).toEqual([]);
    expect(phase).toBe("settled");
  });

  test("carries out its actions at their times", () => {
    const { facts } = play([at(1, { do: "open", device: 0 }), at(5, rename(0, "new"))]);
    expect(of(facts, "edited").map(({ at: ms, payload }) => [ms - START_MS, payload])).toEqual([
      [5 * SECOND, { title: "new" }],
    ]);
  });

  test("edits records that it made, by their labels", () => {
    const { facts } = play([
      at(1, { do: "open", device: 0 }),
      at(2, {
        do: "edit",
        device: 0,
        entity: "list",
        operation: "create",
        change: { fields: { name: "shop" }, add: ["milk"] },
        label: "shop",
      }),
      at(9, {
        do: "edit",
        device: 0,
        entity: "list",
        operation: "update",
        record: { made: "shop" },
        change: { add: ["eggs"], reword: [{ at: 0, text: "soy milk" }] },
      }),
    ]);
    const [made, changed] = commitsOf(facts);
    expect(made?.id).toBe(changed?.id);
    const items = (changed?.record?.items ?? []) as readonly { readonly text: string }[];
    expect(items.map(({ text }) => text)).toEqual(["soy milk", "eggs"]);
  });

  test("does nothing where there is nothing to be done: an app that is closed, a record that is not there", () => {
    const deed: Deed = {
      do: "edit",
      device: 0,
      entity: "task",
      operation: "delete",
      record: { made: "none" },
    };
    const { facts } = play([at(1, rename(0, "x")), at(2, { do: "open", device: 0 }), at(3, deed)]);
    expect(of(facts, "edited")).toEqual([]);
  });

  test("is the same history when it is played twice, and another with one action less", () => {
    const actions = [
      at(1, { do: "open", device: 0 }),
      at(1, { do: "open", device: 1 }),
      at(4, rename(0, "a")),
      at(4, rename(1, "b")),
    ];
    expect(play(actions).digest).toBe(play(actions).digest);
    expect(play(actions).digest).not.toBe(play(actions.slice(0, 3)).digest);
  });
});

const STORY: readonly Action[] = [
  at(1, { do: "open", device: 0 }),
  at(1, { do: "open", device: 1 }),
  at(10, rename(0, "a")),
  at(20, rename(1, "b")),
  at(30, { do: "offline", device: 1, forMs: 20 * SECOND }),
  at(35, rename(0, "c")),
  at(40, { do: "write", account: 0, entity: "contact", operation: "create", fields: { name: "n" } }),
  at(41, { do: "write", account: 0, entity: "contact", operation: "create", fields: { name: "m" } }),
];
/** Pages of one record, so that every sync has a second one. */
const SMALL_PAGES = {
  proxy: { deltaLimitMax: 1, instances: 2 },
  fleet: { records: { contact: 3, task: 2, list: 1 } },
};

describe("a hook", () => {
  test.each(HOOKS)("%s is passed, and its action happens at that instant", (hook) => {
    const mark: Deed = {
      do: "write",
      account: 0,
      entity: "task",
      operation: "create",
      fields: { title: "mark" },
    };
    const { facts } = play([...STORY, on(hook, 1, mark)], SMALL_PAGES);
    const marks = commitsOf(facts).filter(({ record }) => record?.title === "mark");
    expect(marks).toHaveLength(1);
  });

  test("is counted, and by the device that is named", () => {
    const { facts } = play([...STORY, on("effect", 1, { do: "kill", device: 1 }, 1)]);
    const kill = of(facts, "killed")[0];
    const own = commitsOf(facts).find(({ device }) => device === 1);
    expect(kill?.at).toBe(own?.at);
    expect(of(play([...STORY, on("effect", 99, { do: "kill", device: 1 })]).facts, "killed")).toEqual([]);
  });

  test("effect: an answer that is lost there never comes, and the write has its one effect", () => {
    const { facts } = play([...STORY, on("effect", 1, { do: "lose" })]);
    const [sent] = of(facts, "sent").filter(({ mutations }) => mutations.length > 0);
    expect(of(facts, "unanswered").map(({ request }) => request)).toContain(sent?.request);
    expect(commitsOf(facts).filter(({ record }) => record?.title === "a")).toHaveLength(1);
  });

  test("effect: an instance that goes down there answers nothing of it", () => {
    const down: Deed = { do: "outage", instance: 0, forMs: 5 * SECOND };
    const { facts } = play([...STORY, on("effect", 1, down)]);
    const [sent] = of(facts, "sent").filter(({ mutations }) => mutations.length > 0);
    expect(of(facts, "unanswered").map(({ request }) => request)).toContain(sent?.request);
  });

  test("fan-out: an instance that is cut off there hears of the change only when the cut is over", () => {
    const cut: Deed = { do: "cut-off", instance: 1, forMs: 15 * SECOND };
    const { facts } = play([...STORY.slice(0, 3), on("fan-out", 1, cut)], { proxy: { instances: 2 } });
    expect(of(facts, "cut_off")).toHaveLength(1);
  });

  test("before-send: an app that is killed there has sent nothing, and sends it after its next start", () => {
    const { facts } = play([
      ...STORY.slice(0, 3),
      on("before-send", 1, { do: "kill", device: 0 }, 0),
      at(60, { do: "open", device: 0 }),
    ]);
    const killed = facts.findIndex(({ fact }) => fact === "killed");
    const sent = facts.findIndex((fact) => fact.fact === "sent" && fact.mutations.length > 0);
    expect(killed).toBeGreaterThan(0);
    expect(sent).toBeGreaterThan(killed);
  });
});
