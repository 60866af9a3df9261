import { describe, expect, test } from "vitest";
import { renderJson } from "./json.ts";
import { PLAIN } from "./layout.ts";
import { renderMarkdown } from "./markdown.ts";
import { finishedRun, METRICS_OF_A_RUN } from "./report.fixture.ts";
import { buildReport } from "./result.ts";
import { SimulationReport as Schema } from "./result-schema.ts";
import { renderScreen } from "./screen.ts";

const screen = (run = finishedRun(), width = 80) =>
  renderScreen(buildReport(run), { width, paint: PLAIN, folder: "reports/x" });

/** The same run with no conflict in it. */
function peaceful() {
  const { contact } = METRICS_OF_A_RUN.conflicts.byEntity;
  const none = { ...contact, stale: 0 };
  const byEntity = { contact: none, task: none, list: none };
  return finishedRun({
    metrics: { ...METRICS_OF_A_RUN, conflicts: { ...METRICS_OF_A_RUN.conflicts, byEntity } },
  });
}

describe("conflicts by entity and by who resolved them", () => {
  test("stand in report.json, and add up", () => {
    const { conflicts } = Schema.parse(JSON.parse(renderJson(buildReport(finishedRun()))));
    expect(conflicts.map(({ entity }) => entity)).toEqual(["contact", "task", "list"]);
    expect(conflicts[0]).toMatchObject({ writes: 3_000, stale: 100 });
    expect(conflicts[0]?.endedBy).toMatchObject({ device: 90, mine: 4, theirs: 3, merged: 3, open: 0 });
    for (const { stale, endedBy } of conflicts)
      expect(Object.values(endedBy).reduce((sum, count) => sum + count, 0)).toBe(stale);
  });

  test("on the screen, without the columns and rows that hold nothing", () => {
    expect(screen()).toContain(
      [
        "  conflicts  stale  server  device  mine  theirs  merged",
        "  contact      100       ·      90     4       3       3",
        "  task         222     222       ·     ·       ·       ·",
      ].join("\n"),
    );
    expect(screen()).not.toMatch(/^ {2}list /m);
    expect(screen(peaceful())).not.toContain("conflicts  stale");
  });

  test("in Markdown, with what the columns mean", () => {
    const text = renderMarkdown(buildReport(finishedRun()));
    expect(text).toContain("## Conflicts\n\nStale writes, and who resolved them:");
    expect(text).toContain("| contact | 100 | · | 90 | 4 | 3 | 3 |");
    expect(renderMarkdown(buildReport(peaceful()))).not.toContain("## Conflicts");
  });
});

describe("the faults that struck", () => {
  test("stand in report.json with those that did not", () => {
    const { faults } = Schema.parse(JSON.parse(renderJson(buildReport(finishedRun()))));
    expect(faults).toEqual({ loss: 1_204, duplication: 310, "captive-portal": 0, kill: 1_490, outage: 1 });
  });

  test("on one line of the screen, most first, as many as it has room for", () => {
    expect(screen()).toContain("  faults      1 490 kills · 1 204 lost · 310 doubled · 1 outage\n");
    expect(screen(finishedRun(), 50)).toContain("  faults      1 490 kills · 1 204 lost · 2 more\n");
    expect(screen(finishedRun({ struck: { loss: 0 } }))).not.toContain("  faults");
  });

  test("leave the screen to the draw of a swarm, which tells of each", () => {
    const draw = { settings: [], faults: [{ name: "loss", on: true, strength: ["9%"], struck: 1_204 }] };
    expect(screen(finishedRun({ draw }))).not.toContain("  faults");
  });

  test("in Markdown, all of them", () => {
    const text = renderMarkdown(buildReport(finishedRun()));
    expect(text).toContain(
      "| kill | 1 490 kills |\n| loss | 1 204 lost |\n| duplication | 310 doubled |\n| outage | 1 outage |",
    );
    expect(text).not.toContain("captive");
  });
});

test("a report of an older version, which has neither, is read", () => {
  const { conflicts: _conflicts, faults: _faults, ...older } = buildReport(finishedRun());
  expect(Schema.parse(older)).toMatchObject({ conflicts: [], faults: {} });
});
