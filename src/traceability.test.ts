/**
 * Holds that a rule can be followed through the source by its id alone: where it is enforced, where it is judged, which
 * planted fault breaks it, and which test shows it. A rule that lacks one of these says here why it does.
 */

import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { createCheckers } from "./checkers/all.ts";
import { freshWatches, PROBES } from "./conformance/all-probes.ts";
import { FAULTS } from "./faults/all.ts";
import { RULES, type RuleId, ruleById } from "./protocol/rules/registry.ts";
import type { Rule } from "./protocol/rules/rule.ts";

/** What a search for an id must bring up. */
type Place = "enforced" | "judged" | "broken" | "tested";
const PLACES: readonly Place[] = ["enforced", "judged", "broken", "tested"];

/** Path below src/ to text. */
type Sources = ReadonlyMap<string, string>;

function readSources(): Sources {
  const root = new URL("./", import.meta.url);
  const names = readdirSync(root, { recursive: true, encoding: "utf8" });
  const sources = names.filter((name) => name.endsWith(".ts")).sort();
  return new Map(sources.map((name) => [name, readFileSync(new URL(name, root), "utf8")]));
}

const SOURCES = readSources();

/** Where nothing can stand, and why. Every entry must be needed: one that no longer is fails. */
const WITHOUT: Partial<Record<RuleId, { readonly places: readonly Place[]; readonly why: string }>> = {
  "REV-7": {
    places: ["judged", "broken"],
    why: "binds the reference alone: of another proxy nobody outside can set the clock or count the instances",
  },
  "IDM-6": {
    places: ["judged", "broken"],
    why: "binds the reference alone: a crash between two steps needs a hand inside; the crash tests of live/ have one",
  },
  "SYS-1": {
    places: ["enforced"],
    why: "what follows when devices miss nothing (EVT-2, DLT-1), keep the newest (REV-12) and know how far they are (REV-11)",
  },
  "SYS-2": {
    places: ["enforced"],
    why: "what follows when no stale write passes unseen (CON-2, CON-4) and merges lose nothing (MRG-3, MRG-5)",
  },
  "SYS-3": {
    places: ["enforced"],
    why: "what follows when a mutation keeps its key (QUE-4) and a key has one effect (IDM-1)",
  },
  "SYS-4": {
    places: ["enforced"],
    why: "what follows when edits are durable (QUE-1), refusals are shown (QUE-6, QUE-8) and people are asked (MRG-9)",
  },
  "SYS-5": {
    places: ["enforced"],
    why: "what follows when everything is tried again, and ever more seldom (QUE-5, EVT-19)",
  },
  "SYS-6": {
    places: ["enforced"],
    why: "what follows when nothing older replaces a newer (REV-12) and waiting edits stay on top (QUE-12)",
  },
  "SYS-7": {
    places: ["enforced"],
    why: "what follows when the proxy keeps accounts apart (SEC-2, SEC-3, IDM-4)",
  },
};

const isTest = (name: string) => /\.(test|fixture)\.ts$/.test(name);

/** Who can keep a rule of this side: a side, the server around it, and what both share. A rule of the whole has no place. */
const ENFORCERS: Readonly<Record<Rule["side"], RegExp | undefined>> = {
  P: /^(proxy|live|protocol\/[a-z-]+\.ts)/,
  R: /^(proxy|live|protocol\/[a-z-]+\.ts)/,
  D: /^(device|protocol\/[a-z-]+\.ts)/,
  S: undefined,
};

/** The files in which a search for the id finds each place. */
function trace({ id, side }: Rule, sources: Sources): Readonly<Record<Place, readonly string[]>> {
  // As comments write them: `[QUE-10]`, `[REV-4, REV-10]`. A list of ids in code has quotes.
  const mark = new RegExp(`\\[[^\\]"\\n]*\\b${id}\\b[^\\]"\\n]*\\]`);
  const title = new RegExp(`["'\`]\\[[^\\]\\n]*\\b${id}\\b[^\\]\\n]*\\] `);
  const among = (matches: (name: string, text: string) => boolean) =>
    [...sources].filter(([name, text]) => matches(name, text)).map(([name]) => name);
  return {
    enforced: among((name, text) => !isTest(name) && ENFORCERS[side]?.test(name) === true && mark.test(text)),
    judged: among(
      (name, text) => !isTest(name) && /^(checkers|conformance)\//.test(name) && text.includes(`"${id}"`),
    ),
    broken: among((name, text) => !isTest(name) && name.startsWith("faults/") && text.includes(`"${id}"`)),
    tested: among((name, text) => isTest(name) && title.test(text)),
  };
}

/** What a search for the id does not bring up. */
function missing(rule: Rule, sources: Sources): readonly Place[] {
  const found = trace(rule, sources);
  return PLACES.filter((place) => found[place].length === 0);
}

describe("from a rule's id alone, one search finds", () => {
  test.each(RULES.map((rule) => [rule.id, rule] as const))("%s", (id, rule) => {
    expect(missing(rule, SOURCES)).toEqual(WITHOUT[id]?.places ?? []);
  });
});

describe("what the search finds is so", () => {
  const judged = new Set<string>([
    ...createCheckers().map(({ rule }) => rule),
    ...PROBES.flatMap(({ rules }) => rules),
    ...freshWatches().flatMap(({ rules }) => rules),
  ]);
  const broken = new Set(FAULTS.flatMap(({ rules }) => rules));

  test.each(RULES.map(({ id }) => id))("%s is judged, and a planted fault names it", (id) => {
    const without = WITHOUT[id]?.places ?? [];
    expect(judged.has(id)).toBe(!without.includes("judged"));
    expect(broken.has(id)).toBe(!without.includes("broken"));
  });

  test("every id that a comment names is a rule's", () => {
    const unknown = [...SOURCES].flatMap(([name, text]) =>
      [...text.matchAll(/\[([A-Z]{3}-\d+(?:(?:, | to )[A-Z]{3}-\d+)*)\]/g)]
        .flatMap(([, ids = ""]) => ids.split(/, | to /))
        .filter((id) => ruleById(id) === undefined)
        .map((id) => `${name}: ${id}`),
    );
    expect(unknown).toEqual([]);
  });

  test("every reason is given for a rule of the reference alone, or of the whole", () => {
    for (const id of Object.keys(WITHOUT)) expect(["R", "S"]).toContain(ruleById(id)?.side);
  });
});

describe("a place that goes is missed", () => {
  const rule = ruleById("QUE-10") as Rule;
  const gone: readonly (readonly [Place, string, RegExp])[] = [
    ["enforced", "marks of the device", /^(device|protocol)\//],
    ["judged", "checkers", /^checkers\//],
    ["broken", "faults", /^faults\//],
    ["tested", "tests", /\.(test|fixture)\.ts$/],
  ];
  test.each(gone)("%s: without its %s", (place, _what, files) => {
    const left = new Map([...SOURCES].map(([name, text]) => [name, files.test(name) ? "" : text]));
    expect(missing(rule, left)).toEqual([place]);
  });

  test("an id that only begins like it is another", () => {
    const sources = new Map([
      ["device/x.ts", "// [QUE-10] waits"],
      ["checkers/x.ts", 'const rule = "QUE-10";'],
    ]);
    expect(missing(ruleById("QUE-1") as Rule, sources)).toEqual(PLACES);
    expect(missing(rule, sources)).toEqual(["broken", "tested"]);
  });
});
