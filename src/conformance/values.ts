/**
 * Owns the generated values that several probes share: fields of records, texts that break naive servers, lists.
 * Refuses to know what is done with them.
 */

import {
  Arbitrary,
  boolean,
  constantFrom,
  oneof,
  option,
  record,
  Stream,
  string,
  uniqueArray,
  Value,
} from "fast-check";
import type { Entity } from "../protocol/entity.ts";

export type SentFields = { readonly [field: string]: unknown };

/** Texts that come back changed from naive servers: other planes, combining marks, other directions, odd spaces [API-5]. */
export const ODD_TEXTS: readonly string[] = [
  "",
  " ",
  "Zoë",
  "Zoe\u0308",
  "👩‍👩‍👧‍👦 🏳️‍🌈",
  "שלום עולם",
  "\u202eabc\u202c",
  "line\nbreak\ttab",
  'quote " slash \\ /',
  "null",
  "2026-01-05T00:00:00.000Z",
  "__proto__",
  "<b>&amp;</b>",
  "\u0000\u0001\u007f",
  "ﬁ Å İ ß",
];
const oddText: Arbitrary<string> = constantFrom(...ODD_TEXTS);

export const text: Arbitrary<string> = oneof(
  { weight: 3, arbitrary: string({ minLength: 0, maxLength: 12, unit: "grapheme" }) },
  { weight: 1, arbitrary: oddText },
);

/** One item of a list; ids are made unique by who puts them together. */
const item = record({
  id: string({ minLength: 1, maxLength: 6, unit: "grapheme-ascii" }),
  text,
  done: boolean(),
});

const items = uniqueArray(item, { minLength: 0, maxLength: 5, selector: ({ id }) => id });

const contact = record({ name: text, phone: text, email: text, notes: text }, { requiredKeys: ["name"] });
const task = record(
  {
    title: text,
    done: boolean(),
    dueAt: constantFrom("2026-01-05T09:00:00.000Z", "2027-12-31T23:59:59.999Z"),
    notes: text,
  },
  { requiredKeys: ["title"] },
);
const list = record({ name: text, items: option(items, { nil: undefined }) }, { requiredKeys: ["name"] });

/** Good fields for a record of any entity: ask it for the entity in hand. */
export const fieldsFor: Arbitrary<(entity: Entity) => SentFields> = record({ contact, task, list }).map(
  (fields) => (entity: Entity) => defined(fields[entity]),
);

/**
 * All of these, in this order: a run that goes through them leaves none to the luck of the draw. What breaks shrinks to
 * one of them where that is enough, else loses what it does not need.
 */
export function each<T>(cases: readonly T[]): Arbitrary<readonly T[]> {
  return new Each(cases);
}

class Each<T> extends Arbitrary<readonly T[]> {
  private readonly cases: readonly T[];

  constructor(cases: readonly T[]) {
    super();
    this.cases = cases;
  }

  override generate(): Value<readonly T[]> {
    return new Value(this.cases, undefined);
  }

  override canShrinkWithoutContext(value: unknown): value is readonly T[] {
    return Array.isArray(value) && value.every((one) => this.cases.includes(one));
  }

  override shrink(value: readonly T[]): Stream<Value<readonly T[]>> {
    if (value.length < 2) return Stream.nil();
    const alone = value.map((one) => [one]);
    const fewer = value.length === 2 ? [] : value.map((_, at) => value.filter((_one, other) => other !== at));
    return Stream.of(...[...alone, ...fewer].map((cases) => new Value<readonly T[]>(cases, undefined)));
  }
}

function defined(fields: SentFields): SentFields {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
