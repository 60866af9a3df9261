/**
 * Tests of the journal: who is told what, what is counted and kept, and what the digest depends on.
 * Random facts come from the arbitrary below; no checker and no driver takes part.
 */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { deleted, edited, killed, record, rev, saved, shown } from "./facts.fixture.ts";
import type { Fact } from "./facts.ts";
import { arbitraryFact, changeOneMember } from "./facts-arbitrary.fixture.ts";
import { createJournal, type FactFold } from "./journal.ts";

function listener(...wants: FactFold["wants"]): FactFold & { readonly heard: Fact[] } {
  const heard: Fact[] = [];
  return { wants, heard, fold: (fact) => heard.push(fact) };
}

describe("a journal", () => {
  test("tells each fold the facts that it wants, once and in order", () => {
    const edits = listener("edited", "saved", "edited");
    const kills = listener("killed");
    const none = listener();
    const journal = createJournal({ folds: [edits, kills, none] });
    const facts = [edited(), saved(), killed(), edited({ mutation: "m2" })];
    for (const fact of facts) journal.record(fact);
    expect(edits.heard).toEqual([facts[0], facts[1], facts[3]]);
    expect(kills.heard).toEqual([facts[2]]);
    expect(none.heard).toEqual([]);
    expect(journal.count).toBe(4);
  });

  test("keeps nothing unless asked, and no more than asked", () => {
    const facts = [edited(), saved(), killed()];
    const keep = (keepMax: boolean | number | undefined) => {
      const journal = createJournal(keepMax === undefined ? {} : { keep: keepMax });
      for (const fact of facts) journal.record(fact);
      return journal.kept;
    };
    expect(keep(undefined)).toEqual([]);
    expect(keep(true)).toEqual(facts);
    expect(keep(2)).toEqual(facts.slice(0, 2));
  });
});

function digestOf(...facts: readonly Fact[]): string {
  const journal = createJournal();
  for (const fact of facts) journal.record(fact);
  return journal.digest();
}

describe("the digest", () => {
  test("is 16 hex digits, also of nothing", () => {
    expect(digestOf()).toMatch(/^[0-9a-f]{16}$/);
    expect(digestOf(edited())).toMatch(/^[0-9a-f]{16}$/);
  });

  test("is the same for the same facts, and can be asked in between", () => {
    fc.assert(
      fc.property(fc.array(arbitraryFact, { maxLength: 8 }), (facts) => {
        const journal = createJournal();
        for (const fact of facts) {
          journal.record(structuredClone(fact));
          journal.digest();
        }
        expect(journal.digest()).toBe(digestOf(...facts));
      }),
    );
  });

  test("changes with any member of any fact, wherever it stands", () => {
    const draws = fc.tuple(
      fc.array(arbitraryFact, { maxLength: 3 }),
      arbitraryFact,
      fc.array(arbitraryFact, { maxLength: 3 }),
      fc.nat(),
    );
    fc.assert(
      fc.property(draws, ([before, fact, after, choice]) => {
        const changed = changeOneMember(fact, choice);
        expect(digestOf(...before, changed, ...after)).not.toBe(digestOf(...before, fact, ...after));
      }),
      { numRuns: 3_000 },
    );
  });

  test("changes with the order of facts, and when one is missing", () => {
    expect(digestOf(edited(), saved())).not.toBe(digestOf(saved(), edited()));
    expect(digestOf(edited(), saved())).not.toBe(digestOf(edited()));
    expect(digestOf(killed(), killed())).not.toBe(digestOf(killed()));
  });

  test("tells absent from empty, and null from absent", () => {
    const digests = [
      digestOf(shown({ fields: undefined })),
      digestOf(shown({ fields: {} })),
      digestOf(shown({ fields: { name: null } })),
      digestOf(shown({ fields: { name: "" } })),
      digestOf(shown({ fields: { name: [] } })),
      digestOf(shown({ fields: { name: {} } })),
      digestOf(shown({ fields: { name: false } })),
      digestOf(shown({ fields: { name: 0 } })),
      digestOf(shown({ fields: { name: 0.5 } })),
      digestOf(deleted(1)),
      digestOf(deleted(1, { record: record("c1", 1) })),
      digestOf(deleted(1, { device: 0 })),
      digestOf(deleted(1, { previous: rev(0) })),
      digestOf(deleted(1, { ifMatch: rev(0) })),
    ];
    expect(new Set(digests).size).toBe(digests.length);
  });

  test("takes a field called __proto__ for a field", () => {
    const odd = Object.fromEntries([["__proto__", "x"]]);
    expect(digestOf(shown({ fields: odd }))).not.toBe(digestOf(shown({ fields: {} })));
  });
});
