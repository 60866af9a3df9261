import { describe, expect, test } from "vitest";
import { applyPatch, fieldsOfCreate } from "./patch.ts";

describe("JSON merge patch (RFC 7396)", () => {
  test("replaces, removes and merges", () => {
    const fields = { name: "Ada", phone: "1", prefs: { a: 1, b: 2 }, tags: ["x"] };
    const patch = { phone: null, prefs: { b: null, c: 3 }, tags: ["y"], notes: "n" };
    expect(applyPatch(fields, patch)).toEqual({
      name: "Ada",
      prefs: { a: 1, c: 3 },
      tags: ["y"],
      notes: "n",
    });
    expect(fields.prefs).toEqual({ a: 1, b: 2 });
  });

  test("[API-5] a field called __proto__ stays a field", () => {
    const patch = JSON.parse('{"__proto__": {"x": 1}, "constructor": "c"}');
    expect(JSON.stringify(applyPatch({ a: 1 }, patch))).toBe('{"a":1,"__proto__":{"x":1},"constructor":"c"}');
  });
});

describe("the fields of a create", () => {
  test("[API-1] null means absent, and what stands deeper is kept as it came", () => {
    const body = {
      id: "c1",
      revisionId: "r",
      updatedAt: "u",
      name: "Ada",
      phone: null,
      extra: { a: null, b: [null] },
    };
    expect(fieldsOfCreate(body)).toEqual({ name: "Ada", extra: { a: null, b: [null] } });
  });

  test("[API-5] a field called __proto__ stays a field", () => {
    const body = JSON.parse('{"name":"Ada","__proto__":"p"}');
    expect(JSON.stringify(fieldsOfCreate(body))).toBe('{"name":"Ada","__proto__":"p"}');
  });
});
