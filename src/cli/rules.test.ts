import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { RULES } from "../protocol/rules/registry.ts";
import { Outside, runFake } from "./outside.fixture.ts";

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
