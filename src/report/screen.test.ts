import { describe, expect, test } from "vitest";
import { RULES } from "../protocol/rules/registry.ts";
import { type Paint, PLAIN } from "./layout.ts";
import { brokenRun, finishedRun, violation } from "./report.fixture.ts";
import { buildReport, type FinishedRun } from "./result.ts";
import { renderScreen, renderTrouble } from "./screen.ts";
import { parseThreshold } from "./threshold.ts";

const FOLDER = "reports/2026-11-22-commuter-s7";

function screen(run: FinishedRun, width = 80, paint: Paint = PLAIN): string {
  return renderScreen(buildReport(run), { width, paint, folder: FOLDER });
}

/** Every family exercised, three thresholds: as much as a clean run can have to say. */
function fullRun(): FinishedRun {
  const outcomes = ["conflict rate < 5%", "cache hit rate > 60%", "full sync rate < 5%"].map(parseThreshold);
  return finishedRun({
    judgements: RULES.map((rule) => ({ rule: rule.id, judgement: { exercised: 123_456, violations: [] } })),
    thresholds: outcomes.flatMap((outcome) => (outcome.parsed ? [outcome.threshold] : [])),
  });
}

describe("the screen", () => {
  test("a full, clean run is one screen: 80 columns, under 50 lines", () => {
    const lines = screen(fullRun()).trimEnd().split("\n");
    expect(lines.length).toBeLessThanOrEqual(48);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
  });

  test.each([40, 50, 64, 80, 120])("nothing but a path or a command is wider than %i columns", (width) => {
    for (const run of [fullRun(), brokenRun(), finishedRun({ ended: "interrupted" })]) {
      const wide = screen(run, width)
        .split("\n")
        .filter((line) => line.length > width && !/reports\/|zeke-sync/.test(line));
      expect(wide).toEqual([]);
    }
  });

  test("of 60 columns says something of each figure: the largest queue, for one", () => {
    expect(screen(finishedRun(), 60)).toMatch(/offline queue size .* 37$/m);
  });

  test("says what was simulated, what was measured, what was judged, where it stands and how to run it again", () => {
    const text = screen(finishedRun());
    for (const part of [
      "✓ commuter · seed 7  2 rules satisfied, none violated",
      "2 devices of 1 account, phases 1 2 3 4 5",
      "7 d, settled 12 min 34 s after the heal",
      "12 600 edits · 81 234 requests · 9 876 commits · 1 490 kills",
      "8.2 s · 1.2 M events",
      "20.5 h simulated a second",
      "p50     p90     p99     max",
      "180 ms  620 ms   1.8 s   9.3 s",
      "full sync rate   0.5 %  of 31 111 (first 150, expired 8, requested 3)",
      "✓ QUE    the device's queue  1 of 16 rules        42×",
      "· not exercised: REV, API,",
      `report      ${FOLDER}/report.html`,
      "again       zeke-sync simulate commuter --seed 7",
    ]) {
      expect(text).toContain(part);
    }
  });

  test("a violation reads as cli.md says; the first of each rule, and how many more", () => {
    const text = screen(brokenRun());
    expect(text).toContain("✗ commuter · seed 7  2 rules violated");
    expect(text).toContain(
      "✗ CON-4  MUST  A stale delete is 409 for every entity. · phase 2\n    expected  409 conflict,",
    );
    expect(text).toContain("    actual    200, and contact c1 is gone\n    because   tablet deleted");
    expect(text).toContain("    when      61 min 1 s into the run; 13 more of this rule");
    expect(text.match(/✗ CON-4/g)).toHaveLength(1);
  });

  test("many violated rules do not push the screen away", () => {
    const judgements = RULES.map((rule) => ({
      rule: rule.id,
      judgement: { exercised: 1, violations: [violation(rule.id)] },
    }));
    const text = screen(finishedRun({ judgements }));
    expect(text).toContain("also violated: REV-4, REV-5");
    expect(text.match(/ {4}expected/g)).toHaveLength(3);
  });

  test("a checker that has much to say does not push it away either", () => {
    const long = violation("SYS-1", { actual: "word ".repeat(500) });
    const judgements = [{ rule: "SYS-1", judgement: { exercised: 1, violations: [long] } }];
    expect(screen(finishedRun({ judgements })).split("\n").length).toBeLessThan(46);
  });

  test("a missed threshold says what was measured", () => {
    const outcome = parseThreshold("conflict rate < 1%");
    const text = screen(finishedRun({ thresholds: outcome.parsed ? [outcome.threshold] : [] }));
    expect(text).toContain("✗ conflict rate < 1% · was 3.1 %");
    expect(text).toContain("1 threshold missed");
  });

  test("an interrupted run says what that means, an unsettled one too", () => {
    expect(screen(finishedRun({ ended: "interrupted" }))).toContain(
      "interrupted: what is judged at the end was not judged",
    );
    expect(screen(finishedRun({ ended: "unsettled" }))).toContain("✗ commuter · seed 7  not settled in time");
  });

  test("paint marks what is good and bad, and changes no character", () => {
    const mark = (tone: string) => (text: string) => `<${tone}>${text}</${tone}>`;
    const paint = {
      bold: mark("b"),
      dim: mark("d"),
      good: mark("good"),
      bad: mark("bad"),
      warn: mark("warn"),
    };
    const painted = screen(brokenRun(), 80, paint);
    expect(painted).toContain("<bad>✗</bad> CON");
    expect(painted).toContain("<good>✓</good> SYS");
    expect(painted.replaceAll(/<\/?(b|d|good|bad|warn)>/g, "")).toBe(screen(brokenRun()));
  });
});

describe("--quiet", () => {
  const options = { width: 80, paint: PLAIN, folder: FOLDER };

  test("says nothing when all is well", () => {
    expect(renderTrouble(buildReport(fullRun()), options)).toBe("");
  });

  test("says what is wrong, and where to read on", () => {
    const text = renderTrouble(buildReport(brokenRun()), options);
    expect(text).toContain("✗ CON-4");
    expect(text).toContain(FOLDER);
    expect(text).not.toContain("p50");
  });
});
