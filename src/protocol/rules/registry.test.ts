/**
 * Holds the registry and docs/protocol.md together: the document's tables are parsed here, by another way than
 * the registry was written, and must say the same.
 */

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { RULES, ruleById } from "./registry.ts";
import { RULE_FAMILIES, type Rule } from "./rule.ts";

const DOCUMENT = readFileSync(new URL("../../../docs/protocol.md", import.meta.url), "utf8");

interface Row {
  readonly phase: number;
  readonly cells: readonly string[];
}

/** Rows of every table whose header begins with `id`, with the phase that the section's heading names. */
function ruleRows(markdown: string): readonly Row[] {
  const rows: Row[] = [];
  let phase = 0;
  let header: readonly string[] = [];
  for (const line of markdown.split("\n")) {
    if (line.startsWith("## ")) phase = Number(/· phase (\d)/.exec(line)?.[1] ?? 0);
    if (!line.startsWith("|")) {
      header = [];
      continue;
    }
    const cells = line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim());
    if (header.length === 0) header = cells;
    else if (header[0] === "id" && !cells.every((cell) => /^-+$/.test(cell)))
      rows.push({ phase, cells: [...withSide(header, cells)] });
  }
  return rows;
}

/** The table of section 11 has no side: its rules are the system's. */
function withSide(header: readonly string[], cells: readonly string[]): readonly string[] {
  return header.includes("side") ? cells : [...cells.slice(0, 2), "S", ...cells.slice(2)];
}

/** What the document's cell must have said for the registry to say this: text and origin, put together again. */
function saidInOneCell(rule: Rule, cell: string): boolean {
  switch (rule.origin.kind) {
    case "design":
      return cell === rule.text;
    case "decided":
      return cell === `${rule.text} decided: ${rule.origin.quote}`;
    case "seed": {
      const [before, after, ...more] = cell.split(`seed: "${rule.origin.quote}"`);
      return (
        more.length === 0 && after !== undefined && `${before?.trim()} ${after.trim()}`.trim() === rule.text
      );
    }
  }
}

const ROWS = ruleRows(DOCUMENT);

describe("the registry is the document", () => {
  test("same ids in the same order, none more, none less", () => {
    expect(RULES.map((rule) => rule.id)).toEqual(ROWS.map((row) => row.cells[0]));
  });

  test("no line of the document that looks like a rule is missed by the table parser", () => {
    const lines = DOCUMENT.split("\n").filter((line) => /^\|\s*[A-Z]{2,4}-\d+\b/.test(line));
    expect(ROWS.length).toBe(lines.length);
    expect(ROWS.length).toBeGreaterThan(100);
  });

  test.each(ROWS.map((row) => [row.cells[0] ?? "", row] as const))("%s says what its row says", (id, row) => {
    const rule = ruleById(id);
    if (rule === undefined) return expect.fail(`${id} is in docs/protocol.md and not in the registry`);
    const [, level, side, cell] = row.cells;
    expect({ level: rule.level, side: rule.side, phase: rule.phase }).toEqual({
      level,
      side,
      phase: row.phase,
    });
    expect(row.cells.length).toBe(4);
    if (!saidInOneCell(rule, cell ?? "")) expect({ text: rule.text, origin: rule.origin }).toEqual(cell);
  });

  test("no text still speaks of its origin", () => {
    for (const rule of RULES) expect(rule.text).not.toMatch(/\b(seed|decided):/);
  });
});

describe("the registry by itself", () => {
  test("a family is the letters before the dash, and every family has a rule", () => {
    for (const rule of RULES) expect(rule.id.split("-")[0]).toBe(rule.family);
    expect([...new Set(RULES.map((rule) => rule.family))].sort()).toEqual([...RULE_FAMILIES].sort());
  });

  test("an id stands once, and finds its rule; no other text finds one", () => {
    expect(new Set(RULES.map((rule) => rule.id)).size).toBe(RULES.length);
    for (const rule of RULES) expect(ruleById(rule.id)).toBe(rule);
    for (const text of ["", "REV-0", "rev-1", "REV-1 ", "__proto__", "constructor"])
      expect(ruleById(text)).toBeUndefined();
  });

  test("four rules quote the roadmap", () => {
    const seeds = RULES.filter((rule) => rule.origin.kind === "seed");
    expect(seeds.map((rule) => rule.id)).toEqual(["REV-1", "API-6", "CON-2", "FLG-1"]);
  });
});
