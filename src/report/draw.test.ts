import { describe, expect, test } from "vitest";
import { drawLines } from "./draw.ts";
import { PLAIN } from "./layout.ts";
import { finishedRun } from "./report.fixture.ts";
import { buildReport } from "./result.ts";

const DRAW = {
  settings: ["duration=1d", "proxy.mode=enforce", "proxy.instances=2", "workload.hot=30%"],
  faults: [
    { name: "loss", on: true, strength: ["network.loss=5%"], struck: 1_234 },
    {
      name: "clock-step",
      on: true,
      strength: ["clocks.jumps.perDay=4", "clocks.jumps.size={p50: 2h, p99: 2d}"],
      struck: 7,
    },
    { name: "kill", on: false, strength: [], struck: 0 },
    { name: "outage", on: false, strength: [], struck: 0 },
  ],
};

function lines(width: number): readonly string[] {
  return drawLines(buildReport(finishedRun({ draw: DRAW })), { width, paint: PLAIN });
}

describe("the draw on the screen", () => {
  test("is a line for each fault that is on, aligned, and names the others", () => {
    expect(lines(80)).toEqual([
      "  drawn       struck  strength",
      "  loss        1 234×  network.loss=5%",
      "  clock-step      7×  clocks.jumps.perDay=4 · clocks.jumps.size={p50: 2h, p99:",
      "                      2d}",
      "  off         kill, outage",
      "  set         duration=1d · proxy.mode=enforce · proxy.instances=2 ·",
      "              workload.hot=30%",
    ]);
  });

  test.each([60, 80, 120])("is no wider than %i columns", (width) => {
    expect(lines(width).filter((line) => line.length > width)).toEqual([]);
  });

  test("is nothing where nothing was drawn", () => {
    expect(drawLines(buildReport(finishedRun()), { width: 80, paint: PLAIN })).toEqual([]);
  });
});
