/**
 * Holds planted faults to what they say of themselves: in its own small world each that has one is caught under the rule
 * that it is planted for, and breaks no other than those that it names; in the same world the reference breaks none.
 * What probes catch is proven in src/exploration/prove.test.ts.
 */

import { readFileSync } from "node:fs";
import { afterAll, describe, expect, test } from "vitest";
import { Outside } from "../cli/outside.fixture.ts";
import { runCli } from "../cli/program.ts";
import { judgeWorld, type WorldVerdict } from "../exploration/judge-world.ts";
import { RIGS } from "../exploration/rigs.ts";
import { RULES, ruleById } from "../protocol/rules/registry.ts";
import { REFERENCE } from "../simulation/parts.ts";
import type { ScenarioText } from "../simulation/scenario.ts";
import { FAULTS, faultByName } from "./all.ts";
import type { Fault } from "./fault.ts";

const SIMULATED = FAULTS.flatMap((fault) => (fault.trigger ? [{ fault, trigger: fault.trigger }] : []));

const cleanRuns = new Map<string, WorldVerdict>();

/** The reference in the fault's world; several faults may share one. */
function cleanRun(trigger: ScenarioText): WorldVerdict {
  const name = JSON.stringify(trigger);
  const made = cleanRuns.get(name) ?? judgeWorld(trigger, REFERENCE);
  cleanRuns.set(name, made);
  return made;
}

const table: string[] = [];

function note({ name, rules }: Fault, clean: WorldVerdict, planted: WorldVerdict, tookMs: number): void {
  const [own = ""] = rules;
  const caught = [...planted.broken].map(([rule, count]) => `${rule} ${count}`);
  table.push(
    [
      name.padEnd(26),
      own.padEnd(12),
      String(clean.exercised.get(own) ?? 0).padStart(9),
      `${Math.round(tookMs)} ms`.padStart(8),
      `  ${caught.join(", ")}`,
    ].join(" "),
  );
}

afterAll(() => {
  const head = `${"fault".padEnd(26)} ${"planted for".padEnd(12)} exercised     runs   caught under (breaches, at most 20 kept)`;
  process.stdout.write(`\n${[head, ...table].join("\n")}\n\n`);
});

describe("planted faults", () => {
  test.each(SIMULATED.map(({ fault, trigger }) => [fault.name, fault.rules[0], fault, trigger] as const))(
    "%s is caught under %s, and breaks no rule that it does not name",
    (_name, own, fault, trigger) => {
      const beganMs = performance.now();
      const clean = cleanRun(trigger);
      expect([...clean.broken.keys()], "the reference, in the same world").toEqual([]);
      const planted = judgeWorld(trigger, fault.plant(REFERENCE));
      note(fault, clean, planted, performance.now() - beganMs);
      expect([...planted.broken.keys()]).toContain(own);
      expect([...planted.broken.keys()].filter((rule) => !fault.rules.includes(rule))).toEqual([]);
    },
  );

  test("every rule for devices has a fault that is planted for it", () => {
    const planted = new Set(FAULTS.filter(({ side }) => side === "device").map(({ rules: [own] }) => own));
    const rules = RULES.filter(({ side }) => side === "D").map(({ id }) => id);
    expect(rules).toHaveLength(32);
    expect(rules.filter((id) => !planted.has(id))).toEqual([]);
  });

  test("every rule for proxies has a fault that is planted for it", () => {
    const planted = new Set(FAULTS.filter(({ side }) => side === "proxy").map(({ rules: [own] }) => own));
    const rules = RULES.filter(({ side }) => side === "P").map(({ id }) => id);
    expect(rules.length).toBeGreaterThan(100);
    expect(rules.filter((id) => !planted.has(id))).toEqual([]);
  });

  test("each has a name of its own, rules that exist, and a place where it shows", () => {
    const rigs = RIGS.map(({ name }) => name);
    for (const { name, rules, trigger, rig, smallest } of FAULTS) {
      expect(faultByName(name)?.rules, name).toBe(rules);
      for (const id of rules) expect(ruleById(id), id).toBeDefined();
      expect(trigger ?? rig, name).toBeDefined();
      if (rig === undefined) continue;
      expect(rigs, name).toContain(rig);
      expect(smallest, name).toBeTruthy();
    }
  });
});

describe("simulate --fault", () => {
  const HARD_TIMES = [
    ["--devices", "12"],
    ["--duration", "1d"],
    ["--seed", "3"],
    ["--set", "thresholds=[]"],
    ["--set", "network.loss=4%"],
    ["--set", "workload.editsPerDay=24"],
  ].flat();

  async function simulate(...more: readonly string[]) {
    const io = new Outside();
    try {
      const args = ["simulate", "commuter", ...HARD_TIMES, "--quiet", "--json", "-", ...more];
      const code = await runCli(args, io);
      const report = JSON.parse(io.stdout.text) as { rules: { id: string; verdict: string }[] };
      const violated = report.rules.filter(({ verdict }) => verdict === "violated").map(({ id }) => id);
      return { code, violated };
    } finally {
      io.remove();
    }
  }

  test("ends with 1 and names the rule; without it the same run ends with 0", async () => {
    expect(await simulate()).toEqual({ code: 0, violated: [] });
    expect(await simulate("--fault", "two-drains")).toMatchObject({
      code: 1,
      violated: expect.arrayContaining(["QUE-9"]),
    });
  });

  test("a name that is none is answered with the nearest, before anything runs", async () => {
    const io = new Outside();
    expect(await runCli(["simulate", "--fault", "lost-tombstones"], io)).toBe(2);
    expect(io.stderr.text).toBe(
      'there is no planted fault "lost-tombstones"; did you mean lost-tombstone?\n',
    );
    io.remove();
  });

  test("docs/cli.md lists them as they are", () => {
    const text = readFileSync(new URL("../../docs/cli.md", import.meta.url), "utf8");
    const listed = text.slice(text.indexOf("<!-- faults -->\n") + 16, text.indexOf("<!-- /faults -->"));
    const rows = FAULTS.map(
      ({ name, side, rules, text: what }) => `| \`${name}\` | ${side} | ${rules.join(", ")} | ${what} |\n`,
    );
    expect(listed).toBe(`| fault | side | breaks | does |\n|---|---|---|---|\n${rows.join("")}`);
  });
});
