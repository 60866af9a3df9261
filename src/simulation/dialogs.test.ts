import { describe, expect, test } from "vitest";
import { DAY_MS, HOUR_MS } from "../base/time.ts";
import { createCheckers } from "../checkers/all.ts";
import type { Fact } from "../history/facts.ts";
import { hardDay } from "./hardship.fixture.ts";
import type { ScenarioText } from "./scenario.ts";
import { createSimulation, type World } from "./world.ts";

type Conflicts = NonNullable<NonNullable<ScenarioText["workload"]>["conflicts"]>;
type Named<Name extends Fact["fact"]> = Extract<Fact, { fact: Name }>;

interface Ran {
  readonly world: World;
  readonly violated: readonly string[];
}

/** A day of people who all change the same few contacts, most of them in tunnels. */
function run(conflicts: Conflicts, seed: number, more: Partial<ScenarioText> = {}): Ran {
  const scenario = hardDay({
    text: {
      network: { offline: { perDay: 12 } },
      kills: { perDay: 6 },
      ...more,
      workload: {
        hot: "80%",
        hotRecords: 1,
        editsPerDay: 30,
        entities: { contact: "70%", task: "20%", list: "10%" },
        operations: { create: "10%", update: "75%", delete: "15%" },
        conflicts,
      },
    },
  });
  const checkers = createCheckers({ mode: "enforce", resolvedBy: "server" });
  const world = createSimulation(scenario, seed, { folds: checkers, keepFacts: true });
  while (world.advance(100_000));
  return {
    world,
    violated: checkers.flatMap((checker) => checker.finish().violations.map(({ rule }) => rule)),
  };
}

function named<Name extends Fact["fact"]>({ world }: Ran, name: Name): Named<Name>[] {
  return world.journal.kept.filter((fact) => fact.fact === name) as Named<Name>[];
}

/** Every choice, and since when its dialog was open: the first time that it was asked about since the last choice. */
function answers(ran: Ran): { readonly askedAt: number; readonly chosenAt: number }[] {
  const open = new Map<string, number>();
  return ran.world.journal.kept.flatMap((fact) => {
    if (fact.fact === "asked" && !open.has(fact.mutation)) open.set(fact.mutation, fact.at);
    if (fact.fact !== "chosen") return [];
    const askedAt = open.get(fact.mutation) ?? expect.fail(`${fact.mutation} was chosen about unasked`);
    open.delete(fact.mutation);
    return [{ askedAt, chosenAt: fact.at }];
  });
}

describe("dialogs that nobody answers", () => {
  const ran = run({ ignored: "100%" }, 1);

  test("[SYS-4, SYS-5] stay open, and the run settles around them", () => {
    expect(named(ran, "asked").length).toBeGreaterThan(5);
    expect(named(ran, "chosen")).toEqual([]);
    expect(ran.world.progress().phase).toBe("settled");
    expect(ran.violated).toEqual([]);
    expect(named(ran, "replica").some(({ waiting }) => waiting > 0)).toBe(true);
    const dialogs = new Set(named(ran, "asked").map(({ mutation }) => mutation));
    expect(ran.world.struck()["dialog-ignored"]).toBe(dialogs.size);
  });

  test("[SYS-5] hold up nothing but what was made on top of them", () => {
    const shownWaiting = new Map<string, readonly string[]>();
    for (const { device, entity, id, waiting } of named(ran, "shown"))
      shownWaiting.set(`${device} ${entity} ${id}`, waiting);
    const asked = new Set(named(ran, "asked").map(({ mutation }) => mutation));
    const left = [...shownWaiting.values()].filter((waiting) => waiting.length > 0);
    expect(left.length).toBeGreaterThan(0);
    for (const waiting of left) expect(asked).toContain(waiting[0]);
  });

  test("some answered, some not: the run waits for the one and not for the other", () => {
    for (const seed of [1, 2, 3]) {
      const mixed = run({ ignored: "50%" }, seed);
      expect(mixed).toMatchObject({ violated: [] });
      expect(mixed.world.progress().phase).toBe("settled");
      const answered = named(mixed, "chosen").length;
      const ignored = mixed.world.struck()["dialog-ignored"];
      expect(Math.min(answered, ignored), `seed ${seed}`).toBeGreaterThan(0);
    }
  });
});

describe("dialogs that are put off", () => {
  const laterBy = { p50: "8h", p99: "20h" };
  const soonestMs = (8 * HOUR_MS) / 4;

  test("are answered in a later session, or once faults have stopped", () => {
    let late = 0;
    for (const seed of [1, 2, 3]) {
      const ran = run({ later: "100%", laterBy }, seed, { duration: "2d" });
      expect(ran.violated).toEqual([]);
      expect(ran.world.progress().phase).toBe("settled");
      expect(ran.world.struck()["dialog-put-off"]).toBeGreaterThan(0);
      for (const { askedAt, chosenAt } of answers(ran)) {
        if (chosenAt - ran.world.startMs >= 2 * DAY_MS) continue;
        expect(chosenAt - askedAt).toBeGreaterThanOrEqual(soonestMs);
        late++;
      }
    }
    expect(late).toBeGreaterThan(5);
  });
});

describe("a dialog outlives", () => {
  /** Dialogs that were open when their app was killed, and of them those that the next process asked about again. */
  function killed(ran: Ran): {
    readonly open: number;
    readonly again: number;
    readonly devices: Set<number>;
  } {
    const open = new Map<number, Set<string>>();
    const lost = new Map<number, Set<string>>();
    const devices = new Set<number>();
    let [killedOpen, again] = [0, 0];
    for (const fact of ran.world.journal.kept) {
      if (fact.fact === "asked") {
        if (lost.get(fact.device)?.delete(fact.mutation)) again++;
        const mine = open.get(fact.device) ?? new Set();
        open.set(fact.device, mine.add(fact.mutation));
      } else if (fact.fact === "chosen") open.get(fact.device)?.delete(fact.mutation);
      else if (fact.fact === "killed") {
        const mine = open.get(fact.device) ?? new Set<string>();
        open.delete(fact.device);
        killedOpen += mine.size;
        if (mine.size > 0) devices.add(fact.device);
        lost.set(fact.device, new Set([...(lost.get(fact.device) ?? []), ...mine]));
      }
    }
    return { open: killedOpen, again, devices };
  }

  test("[QUE-7, MRG-9] a kill: every next process asks again, until it is answered", () => {
    const ran = run({ ignored: "100%" }, 1, { kills: { perDay: 20 } });
    const { open, again } = killed(ran);
    expect(open).toBeGreaterThan(10);
    expect(again).toBe(open);
    const answered = run({ thinking: { p50: "10m", p99: "1h" } }, 1, { kills: { perDay: 20 } });
    expect(killed(answered).again).toBeGreaterThan(0);
    expect(named(answered, "replica").every(({ waiting }) => waiting === 0)).toBe(true);
    expect([...ran.violated, ...answered.violated]).toEqual([]);
  });

  test("[QUE-7, MRG-9, SYS-7] an account switch: it waits for whom it asked, and asks nobody else", () => {
    const shared = { tokens: { shared: "100%", switchesPerDay: 20 }, kills: { perDay: 0, afterEdit: "0%" } };
    const ran = run({ ignored: "100%" }, 1, shared);
    expect(ran.world.struck()["account-switch"]).toBeGreaterThan(10);
    // With no other kills, a process that ends is one whose person signed out.
    const { open, again, devices } = killed(ran);
    expect(devices.size).toBeGreaterThan(2);
    expect(again).toBe(open);
    const makers = new Map(named(ran, "edited").map(({ mutation, device }) => [mutation, device]));
    for (const { mutation, device } of named(ran, "asked")) expect(device).toBe(makers.get(mutation));
    expect(ran.violated).toEqual([]);
  });
});

test("what everybody answers for an entity takes the place of what they would have drawn, there and nowhere else", () => {
  const chosen = [1, 2, 3].flatMap((seed) => {
    const ran = run({ always: { contact: "server" }, mine: "100%", server: "0%", merge: "0%" }, seed);
    const entities = new Map(named(ran, "edited").map(({ mutation, entity }) => [mutation, entity]));
    return named(ran, "chosen").map(({ mutation, choice }) => `${entities.get(mutation)} ${choice}`);
  });
  expect(chosen).toContain("contact server");
  const others = chosen.filter((text) => text !== "contact server");
  expect(others.length).toBeGreaterThan(0);
  for (const text of others) expect(["task mine", "list mine"]).toContain(text);
});

test("in name only, none of it changes anything", () => {
  const digest = (conflicts: Conflicts) => run(conflicts, 3).world.progress().digest();
  const idle: Conflicts = { laterBy: { p50: "1h", p99: "2h" }, always: { list: "drawn" }, ignored: "0%" };
  expect(digest(idle)).toBe(digest({}));
  expect(digest({ later: "50%" })).not.toBe(digest({}));
});
