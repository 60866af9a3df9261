import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { Outside } from "../cli/outside.fixture.ts";
import { runCli } from "../cli/program.ts";
import { ruleById } from "../protocol/rules/registry.ts";
import { FAULTS, faultByName } from "./all.ts";

/** A small fleet in hard times: every fault has what it needs within a day, and a run takes a second or two. */
const HARD_TIMES = [
  ["--devices", "30"],
  ["--duration", "1d"],
  ["--seed", "3"],
  ["--set", "thresholds=[]"],
  ["--set", "network.loss=4%"],
  ["--set", "kills.afterEdit=6%"],
  ["--set", "workload.editsPerDay=24"],
  ["--set", "workload.hot=70%"],
  ["--set", "network.offline.perDay=10"],
].flat();

interface Verdict {
  readonly code: number;
  readonly violated: readonly string[];
}

async function simulate(...more: readonly string[]): Promise<Verdict> {
  const io = new Outside();
  try {
    const code = await runCli(["simulate", "commuter", ...HARD_TIMES, "--quiet", "--json", "-", ...more], io);
    const report = JSON.parse(io.stdout.text) as { rules: { id: string; verdict: string }[] };
    return {
      code,
      violated: report.rules.filter(({ verdict }) => verdict === "violated").map(({ id }) => id),
    };
  } finally {
    io.remove();
  }
}

describe("planted faults", () => {
  test("the clean reference breaks no rule in the same hard times", async () => {
    expect(await simulate()).toEqual({ code: 0, violated: [] });
  });

  test.each(FAULTS.map(({ name, rules }) => [name, rules] as const))(
    "simulate --fault %s ends with 1 and names a rule of %j",
    async (name, rules) => {
      const { code, violated } = await simulate("--fault", name);
      expect(code).toBe(1);
      expect(violated.filter((id) => rules.includes(id))).not.toEqual([]);
    },
  );

  test("there are at least five on each side, each with rules that exist and a name of its own", () => {
    for (const side of ["proxy", "device"])
      expect(FAULTS.filter((fault) => fault.side === side).length).toBeGreaterThan(4);
    for (const { name, rules } of FAULTS) {
      expect(faultByName(name)?.rules).toBe(rules);
      for (const id of rules) expect(ruleById(id), id).toBeDefined();
    }
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
