/** Owns the proof that the judge's own arithmetic is right, against the platform's. */

import { date, property, assert as prove } from "fast-check";
import { expect, test } from "vitest";
import { instantOf, patched, pathNamed } from "./expectations.ts";

test("[REV-1] an instant is read as the platform reads it", () => {
  const years = {
    min: new Date("1970-01-01T00:00:00Z"),
    max: new Date("9999-12-31T23:59:59Z"),
    noInvalidDate: true,
  };
  prove(property(date(years), (at) => instantOf(at.toISOString()) === at.getTime()));
});

test.each([
  "2026-01-05T00:00:00Z",
  "2026-01-05T00:00:00.000+01:00",
  "2026-01-05T00:00:00.000000Z",
  "2026-13-05T00:00:00.000Z",
  "2026-01-05",
  1_767_571_200_000,
  null,
])("[REV-1] %s is no instant of the protocol", (value) => {
  expect(instantOf(value)).toBeUndefined();
});

test.each(["2026-01-05T00:00:00.250Z", "2026-01-05T00:00:00.250+00:00", "2026-01-05t00:00:00.250z"])(
  "[REV-1] %s is UTC, as RFC 3339 writes it",
  (value) => {
    expect(instantOf(value)).toBe(Date.UTC(2026, 0, 5, 0, 0, 0, 250));
  },
);

test.each([
  "/api/contacts/c1",
  "http://host:80/api/contacts/c1",
  "//host/api/contacts/c1",
  "contacts/c1",
  "./contacts/c1",
])("[API-1] Location: %s names the record that was made by a call of /api/contacts", (location) => {
  expect(pathNamed(location, "/api/contacts?x=1")).toBe("/api/contacts/c1");
});

test.each(["c1", "http://", "/api/contacts"])("[API-1] Location: %s names something else", (location) => {
  expect(pathNamed(location, "/api/contacts")).not.toBe("/api/contacts/c1");
});

test("[API-1] a merge patch removes by null, goes into objects and replaces all else", () => {
  const target = { a: "b", c: { d: "e", f: "g" }, list: [1, 2] };
  const patch = { a: "z", c: { f: null, h: { i: null } }, list: { x: 1 }, gone: null };
  expect(patched(target, patch)).toEqual({ a: "z", c: { d: "e", h: {} }, list: { x: 1 } });
});

test("[API-5] a field called __proto__ stays a field", () => {
  const patch = JSON.parse('{"__proto__": {"x": 1}}') as unknown;
  expect(JSON.stringify(patched({}, patch))).toBe('{"__proto__":{"x":1}}');
});
