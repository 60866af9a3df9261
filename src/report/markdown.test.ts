import { describe, expect, test } from "vitest";
import type { Fact } from "../history/facts.ts";
import { RULES } from "../protocol/rules/registry.ts";
import { renderMarkdown } from "./markdown.ts";
import { brokenRun, finishedRun, KILLED, violation } from "./report.fixture.ts";
import { buildReport, type FinishedRun } from "./result.ts";

const markdown = (run: FinishedRun) => renderMarkdown(buildReport(run));

describe("report.md", () => {
  test("begins with the verdict, and names every rule", () => {
    const text = markdown(finishedRun());
    expect(text.startsWith("# commuter, seed 7: pass\n\n2 rules satisfied, none violated.\n")).toBe(true);
    for (const rule of RULES) expect(text).toContain(`| ${rule.id} |`);
  });

  test("every table has as many cells in each row", () => {
    for (const run of [finishedRun(), brokenRun()]) {
      for (const block of markdown(run)
        .split("\n\n")
        .filter((part) => part.startsWith("|"))) {
        const counts = block.split("\n").map((line) => line.replaceAll("\\|", "").split("|").length);
        expect(new Set(counts).size, block).toBe(1);
      }
    }
  });

  test("violations come with evidence by name and instant; the rest are counted", () => {
    const text = markdown(brokenRun());
    expect(text).toContain("### ✗ CON-4 · MUST · phase 2");
    expect(text).toContain("| expected | 409 conflict, and contact c1 unchanged |");
    expect(text).toContain("2026-01-05T00:01:01.000Z a1-tablet · killed");
    expect(text).toContain("11 more of this rule.");
  });

  test("foreign text cannot become markup", () => {
    const nasty = "<img src=x> | ``` [a](b)\n# title";
    const fact: Fact = { fact: "retried", at: KILLED.at, device: 1, account: 0, mutation: nasty };
    const broken = violation("SYS-1", { actual: nasty, evidence: [fact] });
    const text = markdown(
      finishedRun({ judgements: [{ rule: "SYS-1", judgement: { exercised: 1, violations: [broken] } }] }),
    );
    expect(text).toContain("| actual | \\<img src=x\\> \\| \\`\\`\\` \\[a\\](b) # title |");
    expect(text).toContain("````\n2026");
    expect(text).not.toContain("\n# title");
  });
});
