/**
 * Owns the proof that the quick checks say what the schemas of the protocol say, in both directions.
 */

import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CREATE_FIELDS, DeviceIdText, ENTITIES, PATCH_FIELDS, RecordId } from "../protocol/entity.ts";
import { areFieldsFine, faultOfFields, isDeviceId, isRecordId } from "./fields-check.ts";

const value = fc.oneof(
  fc.constantFrom(null, undefined, true, false, "", "x", 0, 1.5, {}, [], [{ id: "a", text: "t" }]),
  fc.string({ maxLength: 3 }),
);
const item = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record(
      {
        id: fc.constantFrom("a", "b", "c", "", "i".repeat(128), "i".repeat(129), 5),
        text: fc.constantFrom("", "t", 5, null),
        done: value,
      },
      { requiredKeys: [] },
    ),
  },
  { weight: 5, arbitrary: fc.record({ id: fc.constantFrom("a", "b", "c", "d"), text: fc.constant("t") }) },
  { weight: 1, arbitrary: value },
);
const fields = fc.oneof(
  fc.record(
    {
      name: value,
      title: value,
      phone: value,
      email: value,
      notes: value,
      done: value,
      dueAt: value,
      items: fc.oneof(fc.array(item, { maxLength: 4 }), value),
      other: value,
    },
    { requiredKeys: [] },
  ),
  fc.record({ name: fc.constant("n"), title: fc.constant("t"), items: fc.array(item, { maxLength: 3 }) }),
  value,
  fc.jsonValue(),
);

describe("[API-2] the quick check and the schema", () => {
  for (const entity of ENTITIES) {
    test(`${entity}: agree on every body`, () => {
      const verdicts = new Set<boolean>();
      fc.assert(
        fc.property(fields, (body) => {
          const created = areFieldsFine(entity, "create", body);
          const patched = areFieldsFine(entity, "update", body);
          verdicts.add(created);
          expect(created).toBe(CREATE_FIELDS[entity].safeParse(body).success);
          expect(patched).toBe(PATCH_FIELDS[entity].safeParse(body).success);
          expect(faultOfFields(entity, "create", body) === undefined).toBe(created);
          expect(faultOfFields(entity, "update", body) === undefined).toBe(patched);
        }),
        { numRuns: 1_000 },
      );
      expect(verdicts.size).toBe(2);
    });
  }

  test("a member called `__proto__` changes no verdict", () => {
    const hidden = JSON.parse('{"__proto__":{"name":"x","title":"x"}}') as unknown;
    for (const entity of ENTITIES) {
      expect(areFieldsFine(entity, "create", hidden)).toBe(CREATE_FIELDS[entity].safeParse(hidden).success);
      expect(areFieldsFine(entity, "create", hidden)).toBe(false);
    }
  });

  test("names of records and devices", () => {
    const text = fc.oneof(
      fc.string({ unit: "binary", maxLength: 4 }),
      fc.stringMatching(/^[A-Za-z0-9_.-]{0,4}\n?$/),
      fc.constantFrom(".", "..", "...", "x".repeat(128), "x".repeat(129), "a\n"),
    );
    fc.assert(
      fc.property(text, (name) => {
        expect(isRecordId(name)).toBe(RecordId.safeParse(name).success);
        expect(isDeviceId(name)).toBe(DeviceIdText.safeParse(name).success);
      }),
      { numRuns: 500 },
    );
    expect(isRecordId(5)).toBe(false);
  });

  test("says where the fault is", () => {
    expect(faultOfFields("task", "create", { title: 5 })).toMatch(/^title: /);
    expect(faultOfFields("list", "create", { name: "x", items: [{ id: "a", text: 5 }] })).toMatch(
      /^items\.0\.text: /,
    );
    expect(faultOfFields("task", "update", null)).toBeTypeOf("string");
  });
});
