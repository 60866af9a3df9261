/** Holds the error registry to the sentence of docs/protocol.md that lists the codes. */

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { ERROR_CODES, ERRORS } from "./errors.ts";

const DOCUMENT = readFileSync(new URL("../../docs/protocol.md", import.meta.url), "utf8");
const paragraph = /\nErrors: [\s\S]*?Codes:\n([\s\S]*?)\n\n/.exec(DOCUMENT)?.[1] ?? "";
const listed = [...paragraph.matchAll(/`([a-z_]+)` (\d{3})/g)].map(
  ([, code = "", status]) => [code, Number(status)] as const,
);

describe("the error codes", () => {
  test("are those of section 3, in its order, none more, none less", () => {
    expect(listed.map(([code]) => code)).toEqual([...ERROR_CODES]);
    expect(Object.keys(ERRORS)).toEqual([...ERROR_CODES]);
  });

  test.each(listed)("%s is answered with %d", (code, status) => {
    expect(Object.entries(ERRORS).find(([name]) => name === code)?.[1].status).toBe(status);
  });

  test("only an answer that leaves the outcome open is indefinite", () => {
    expect(ERROR_CODES.filter((code) => !ERRORS[code].definite)).toEqual(["in_flight", "unavailable"]);
  });

  test("each says something for people", () => {
    for (const code of ERROR_CODES) expect(ERRORS[code].meaning.length).toBeGreaterThan(10);
    expect(new Set(ERROR_CODES.map((code) => ERRORS[code].meaning)).size).toBe(ERROR_CODES.length);
  });
});
