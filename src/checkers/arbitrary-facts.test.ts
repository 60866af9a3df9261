/**
 * Tests that every checker takes in any facts in any order: a history may begin in the middle, a live driver may tell
 * things late, and no checker may fall over that, or say something that has no evidence.
 */

import fc from "fast-check";
import { expect, test } from "vitest";
import { frame, killed, phase, started } from "../history/facts.fixture.ts";
import type { Fact, MutationResult, SentMutation } from "../history/facts.ts";
import { arbitraryFact } from "../history/facts-arbitrary.fixture.ts";
import type { Entity } from "../protocol/entity.ts";
import type { EventFrame } from "../protocol/messages.ts";
import { createCheckers } from "./all.ts";
import { createDeviceCheckers } from "./device/all.ts";
import { judge } from "./judge.fixture.ts";
import type { Checker } from "./port.ts";
import { createWitness, type Ruling } from "./witness.ts";

const EVIDENCE_MAX = 20;
const FACTS_MAX = 60;

const RULINGS: readonly Ruling[] = [
  { mode: "enforce", resolvedBy: "server" },
  { mode: "enforce", resolvedBy: "client" },
  { mode: "advisory", resolvedBy: "server" },
  { mode: "changing", resolvedBy: "changing" },
];

/** A few names for all: so that random facts are about one another. */
const NAMES = ["m1", "m2", "__proto__", "constructor"] as const;
const few = fc.constantFrom(...NAMES);
const entity = fc.constantFrom("contact", "task", "list", "note") as fc.Arbitrary<Entity>;
const index = fc.nat(1);

/** Random facts that meet: of two devices, two accounts, few requests, few records and few mutations. */
const meeting: fc.Arbitrary<Fact> = fc
  .tuple(
    arbitraryFact,
    fc.record({ at: fc.nat(400_000), device: index, index, name: few, key: few, id: few, entity }),
  )
  .map(([fact, less]) => near(fact, less));

interface Less {
  readonly at: number;
  readonly device: number;
  readonly index: number;
  readonly name: string;
  readonly key: string;
  readonly id: string;
  readonly entity: Entity;
}

/** The same fact with near names, where it has any. */
function near(fact: Fact, less: Less): Fact {
  const members = {
    at: less.at,
    device: less.device,
    account: less.index,
    request: less.index,
    socket: less.index,
    mutation: less.name,
    key: less.key,
    id: less.id,
    entity: less.entity,
  };
  const told = new Set(Object.keys(fact));
  const changed = Object.entries(members).filter(([name]) => told.has(name));
  const one = { ...fact, ...Object.fromEntries(changed) } as Fact;
  const carried = (item: SentMutation): SentMutation => ({ ...item, key: less.key, id: less.id });
  const result = (item: MutationResult): MutationResult => ({ ...item, key: less.key });
  switch (one.fact) {
    case "sent":
      return { ...one, mutations: one.mutations.map(carried) };
    case "answered":
      return { ...one, results: one.results.map(result) };
    case "shown":
      return { ...one, waiting: one.waiting.map(() => less.name) };
    default:
      return one;
  }
}

const odd: fc.Arbitrary<Fact> = fc.constantFrom(
  frame({ type: "presence" } as unknown as EventFrame),
  killed({ at: 200_000 }),
  started({ at: 200_001, cold: true }),
);

function* violationsOf(checkers: readonly Checker[], facts: readonly Fact[]) {
  const wanted = checkers.map(({ wants }) => new Set(wants));
  for (const fact of facts) {
    for (const [place, checker] of checkers.entries()) if (wanted[place]?.has(fact.fact)) checker.fold(fact);
  }
  for (const checker of checkers) {
    const { exercised, violations } = checker.finish();
    expect(exercised, checker.rule).toBeGreaterThanOrEqual(0);
    for (const violation of violations) yield { checker, violation };
  }
}

function holdsUp(checkers: readonly Checker[], facts: readonly Fact[]): void {
  const told = new Set<Fact>(facts);
  for (const { checker, violation } of violationsOf(checkers, facts)) {
    expect(violation.rule).toBe(checker.rule);
    expect(violation.evidence.length, checker.rule).toBeLessThanOrEqual(EVIDENCE_MAX);
    for (const fact of violation.evidence) expect(told.has(fact), checker.rule).toBe(true);
    for (const words of [violation.expected, violation.actual, violation.because])
      expect(words, checker.rule).not.toBe("");
  }
}

test("no checker throws on random facts in any order, and what it says rests on facts that it was told", () => {
  const facts = fc.array(
    fc.oneof({ arbitrary: arbitraryFact, weight: 1 }, { arbitrary: meeting, weight: 8 }, odd),
    {
      maxLength: FACTS_MAX,
    },
  );
  fc.assert(
    fc.property(facts, fc.constantFrom(...RULINGS), (history, ruling) => {
      holdsUp(createCheckers(ruling), history);
    }),
    { numRuns: 300 },
  );
});

test("no device checker throws when it stands alone and is told of no others", () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(meeting, odd), { maxLength: FACTS_MAX }), (history) => {
      for (const checker of alone()) judge(checker, history);
    }),
    { numRuns: 100 },
  );
});

test("the order in which devices that have nothing in common are told changes no verdict", () => {
  const of = (device: number) =>
    fc.array(
      meeting.map((fact) => onto(fact, device)),
      { maxLength: 20 },
    );
  fc.assert(
    fc.property(of(0), of(1), (first, second) => {
      // What is owed is judged up to the last fact, which must be one.
      const end = phase("settled", 10_000_000);
      expect(verdicts([...second, ...first, end])).toEqual(verdicts([...first, ...second, end]));
    }),
    { numRuns: 100 },
  );
});

/** The fact as one of this device, in an account of its own. */
function onto(fact: Fact, device: number): Fact {
  const at = { account: device, ...("device" in fact && { device }) };
  return fact.fact === "phase" || fact.fact === "cut_off"
    ? started({ device, account: device })
    : { ...fact, ...at };
}

/** Every device checker with a witness of its own, which it tells itself. */
function alone(): readonly Checker[] {
  const { length } = createDeviceCheckers(createWitness());
  return Array.from({ length }, (_, place) => createDeviceCheckers(createWitness())[place] as Checker);
}

/** How often each device rule was exercised and broken. */
function verdicts(facts: readonly Fact[]): readonly string[] {
  return alone().map((checker) => {
    const { exercised, violations } = judge(checker, facts);
    return `${checker.rule} ${exercised} ${violations.length}`;
  });
}
