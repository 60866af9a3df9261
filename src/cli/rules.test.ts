import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { RULES } from "../protocol/rules/registry.ts";
import { Outside, runFake } from "./outside.fixture.ts";

/** Nobody waits longer for an example; here the machine may be busy with other tests. */
const SLOW_MS = 4_000;

let io: Outside;
beforeEach(() => {
  io = new Outside();
});
afterEach(() => io.remove());

async function printed(...args: readonly string[]): Promise<string> {
  expect(await runFake(["rules", ...args], io)).toBe(0);
  return io.stdout.text;
}

describe("rules", () => {
  test("lists every rule, a line each into a pipe, by family with level, side and phase", async () => {
    const lines = (await printed()).split("\n");
    for (const rule of RULES) {
      const line = lines.find((candidate) => candidate.startsWith(`  ${rule.id} `)) ?? expect.fail(rule.id);
      expect(line).toMatch(new RegExp(`^  ${rule.id} +${rule.level} +${rule.side}  phase ${rule.phase}  `));
      expect(line.endsWith(rule.text)).toBe(true);
    }
    expect(lines).toContain("QUE  the device's queue · section 7");
    expect(lines.filter((line) => /^[A-Z]{3} {2}/.test(line))).toHaveLength(15);
  });

  test("wraps on a terminal", async () => {
    const terminal = new Outside(60);
    await runFake(["rules", "--no-color"], terminal);
    expect(Math.max(...terminal.stdout.text.split("\n").map((line) => line.length))).toBeLessThanOrEqual(60);
    terminal.remove();
  });

  test("explains one", async () => {
    expect(await printed("QUE-10")).toBe(
      [
        "QUE-10",
        "  An edit made while an earlier one is on its way is sent after it, on top of",
        "  its result",
        "",
        "  level      MUST",
        "  side       D, a device",
        "  phase      3",
        "  section    7, the device's queue (docs/protocol.md)",
        "  origin     the protocol's design",
        "  judged by  a checker of histories, on the facts edited",
        "  broken by  edits-on-what-was-seen",
        "  shown by   zeke-sync simulate --fault edits-on-what-was-seen",
        "             zeke-sync prove --fault edits-on-what-was-seen (in a small world of",
        "             its own)",
        "",
      ].join("\n"),
    );
  });

  test("tells where a rule comes from, which probes ask for it, and which faults break it", async () => {
    const text = await printed("CON-2");
    expect(text).toContain(`origin     the roadmap: "Return 409 Conflict if revision doesn't match"`);
    expect(text).toMatch(/judged by {2}the probes conflict\/stale-write, /);
    expect(text).toMatch(/broken by {2}contacts-unguarded, /);
  });

  test("shows the same few requests where they pass, and where a planted fault makes them fail", async () => {
    const text = await printed("CON-4");
    const [passes = "", fails = ""] = text.slice(text.indexOf("\n  passes  ")).split("\n  fails   ");
    expect(passes).toMatch(/^\n {2}passes {2}conflict\/stale-delete, against the reference\n/);
    expect(passes).toMatch(
      /tablet: DELETE \/api\/\w+\/\w+ {2}if-match: …000001\n {6}→ 409 \{"error":"conflict",/,
    );
    expect(fails).toMatch(/^with the planted fault stale-delete-of-a-list\n/);
    expect(fails).toContain("    … 2 before, the same\n");
    expect(fails).toMatch(/tablet: DELETE \/api\/\w+\/\w+ {2}if-match: …000001\n {6}→ 200 /);
    expect(fails).toMatch(/\n {4}expected {2}409 conflict\n {4}actual {4}200\n {4}because {3}\S/);
  });

  test("shows an example of each rule that probes judge, the same each time, or how to see it broken", {
    timeout: 120_000,
  }, async () => {
    const without: string[] = [];
    const slow: string[] = [];
    for (const { id } of RULES.filter(({ side }) => side === "P")) {
      const outside = new Outside();
      const began = performance.now();
      expect(await runFake(["rules", id], outside)).toBe(0);
      if (performance.now() - began > SLOW_MS) slow.push(id);
      const { text } = outside.stdout;
      outside.remove();
      const example = text.slice(Math.max(0, text.indexOf("\n  passes  ")));
      const longest = Math.max(...example.split("\n").map((line) => line.length));
      expect(longest, id).toBeLessThanOrEqual(80);
      if (!text.includes("\n  fails   with the planted fault ")) without.push(id);
    }
    expect(without).toEqual([]);
    expect(slow).toEqual([]);
    const again = new Outside();
    await runFake(["rules", "EVT-2"], again);
    expect(await printed("EVT-2")).toBe(again.stdout.text);
    again.remove();
  });

  test("has the example in the JSON of one rule, and of one alone", async () => {
    type Printed = { readonly rules: readonly { readonly example?: { readonly probe: string } }[] };
    const one = JSON.parse(await printed("CON-4", "--json", "-")) as Printed;
    expect(one.rules[0]?.example).toMatchObject({
      probe: "conflict/stale-delete",
      fault: "stale-delete-of-a-list",
      passes: { exchanges: expect.arrayContaining([expect.objectContaining({ status: "409" })]) },
      fails: { expected: "409 conflict", actual: "200" },
    });
    await printed("CON", "--json", "all.json");
    const all = JSON.parse(readFileSync(join(io.cwd, "all.json"), "utf8")) as Printed;
    expect(all.rules.some(({ example }) => example !== undefined)).toBe(false);
  });

  test("says of a rule for the reference alone that no black box shows it", async () => {
    expect(await printed("IDM-6")).toContain(
      "judged by  tests of the reference alone: no black box shows it",
    );
  });

  test.each([
    ["que-10", ["QUE-10"]],
    ["FLG", ["FLG-1", "FLG-2", "FLG-3", "FLG-4"]],
    ["WHK-*", ["WHK-1", "WHK-2", "WHK-3", "WHK-4"]],
    ["DLT-1*", ["DLT-1", "DLT-10", "DLT-11", "DLT-12", "DLT-13"]],
  ])("%s chooses", async (wanted, ids) => {
    expect(await printed(wanted, "--quiet")).toBe(`${ids.join("\n")}\n`);
  });

  test("as JSON, with its checkers", async () => {
    const { schema, rules } = JSON.parse(await printed("QUE-10", "--json", "-")) as {
      readonly schema: string;
      readonly rules: readonly object[];
    };
    expect(schema).toBe("zeke-sync/rules@1");
    expect(rules).toMatchObject([
      { id: "QUE-10", level: "MUST", side: "D", phase: 3, section: 7, checkers: [{ facts: ["edited"] }] },
    ]);
  });

  test("as JSON in a file", async () => {
    expect(await printed("--json", "rules.json")).toBe("");
    const text = readFileSync(join(io.cwd, "rules.json"), "utf8");
    expect((JSON.parse(text) as { readonly rules: readonly object[] }).rules).toHaveLength(RULES.length);
  });

  test.each([
    ["QUE-99", /^there is no rule "QUE-99"; did you mean QUE-\d+/],
    ["QEU-1", /did you mean .*QUE-1/],
    ["XXXXXX", /the families are REV, API/],
    ["XXXXX*", /the families are REV, API/],
    ["__proto__", /there is no rule "__proto__"/],
  ])("%s is no rule: the nearest are offered, exit 2", async (id, line) => {
    expect(await runFake(["rules", id], io)).toBe(2);
    expect(io.stderr.text).toMatch(line);
    expect(io.stdout.text).toBe("");
  });
});
