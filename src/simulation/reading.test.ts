import { describe, expect, test } from "vitest";
import type { Fact } from "../history/facts.ts";
import { hardDay } from "./hardship.fixture.ts";
import { createSimulation, type World } from "./world.ts";

type Read = Extract<Fact, { fact: "read" }>;

function run(scrolls: string): World {
  const text = { fleet: { accounts: 2, records: { contact: 40 } }, workload: { scrolls } };
  const world = createSimulation(hardDay({ text }), 4, { folds: [], keepFacts: true });
  while (world.advance(100_000));
  return world;
}

/** Reads of one device at one instant: a screen. */
function screens(world: World): readonly (readonly Read[])[] {
  const byScreen = new Map<string, Read[]>();
  for (const fact of world.journal.kept) {
    if (fact.fact !== "read") continue;
    const name = `${fact.device} ${fact.at}`;
    byScreen.set(name, [...(byScreen.get(name) ?? []), fact]);
  }
  return [...byScreen.values()];
}

describe("reads", () => {
  test("are of single records and of whole lists, of every entity", () => {
    const kinds = new Set(
      screens(run("0%")).flatMap((reads) => reads.map(({ entity, id }) => `${entity} ${id === undefined}`)),
    );
    expect([...kinds].sort((a, b) => (a < b ? -1 : 1))).toEqual(
      ["contact", "list", "task"].flatMap((entity) => [`${entity} false`, `${entity} true`]),
    );
  });

  test("of a list that is scrolled are those of its records, screen by screen, each once", () => {
    const scrolled = screens(run("100%")).filter((reads) => reads.length > 1);
    expect(scrolled.length).toBeGreaterThan(50);
    const rows = scrolled.map((reads) => reads.filter(({ id }) => id !== undefined));
    for (const reads of rows)
      expect(new Set(reads.map(({ entity, id }) => `${entity} ${id}`)).size).toBe(reads.length);
    // Eight rows fill a screen; two screens in one instant are rare, and a list may have fewer.
    expect(rows.filter(({ length }) => length === 8).length).toBeGreaterThan(30);
    expect(screens(run("0%")).every((reads) => reads.length <= 2)).toBe(true);
  });

  test("that are more are no other history: edits and their fates stay as they were", () => {
    const edits = (world: World) =>
      world.journal.kept.filter(({ fact }) => fact === "edited" || fact === "opened").length;
    expect(edits(run("50%"))).toBe(edits(run("0%")));
  });
});
