import { expect, test } from "vitest";
import { diagramOfExchanges, type ExchangeStep, STEPS_MAX } from "./space-time-exchanges.ts";
import { renderDiagramSvg } from "./space-time-svg.ts";
import { renderDiagramText } from "./space-time-text.ts";

const STEPS: readonly ExchangeStep[] = [
  { actor: "phone", sentAtMs: 0, label: "POST c1", answer: { label: "201 …0a", atMs: 40 } },
  { actor: "phone", sentAtMs: 100, label: "PATCH c1 If-Match …0a", answer: { label: "200 …0b", atMs: 150 } },
  { actor: "phone", sentAtMs: 160, label: "GET c1", answer: "lost" },
  {
    actor: "tablet",
    sentAtMs: 200,
    label: "DELETE c1 If-Match …0a",
    answer: { label: "200", atMs: 260 },
    violated: true,
  },
];

test("a stale delete that is not refused reads as cli.md has it", () => {
  const diagram = diagramOfExchanges(STEPS, { title: "CON-4" });
  expect(diagram.lanes.map(({ name, kind }) => `${kind} ${name}`)).toEqual([
    "device phone",
    "device tablet",
    "proxy proxy",
  ]);
  expect(renderDiagramText(diagram, { width: 80 }).split("\n").slice(0, 8)).toEqual([
    "            phone   tablet  proxy",
    "00:00.000   ├───────┼──────▶│   POST c1",
    "00:00.040   │◀──────┼───────┤   201 …0a",
    "00:00.100   ├───────┼──────▶│   PATCH c1 If-Match …0a",
    "00:00.150   │◀──────┼───────┤   200 …0b",
    "00:00.160   ├──────✕│       │   GET c1",
    "00:00.200   │       ├──────▶│   DELETE c1 If-Match …0a",
    "00:00.260 ▶ │       ◉◀──────┤   ① 200",
  ]);
});

test("the violated step is marked where its answer comes, a lost request is cut", () => {
  const diagram = diagramOfExchanges(STEPS);
  const svg = renderDiagramSvg(diagram);
  expect(svg.match(/class="zst-ring"/g)).toHaveLength(1);
  expect(svg.match(/class="zst-request zst-lost"/g)).toHaveLength(1);
  expect(diagram.arrows.filter(({ offence }) => offence === 1)).toMatchObject([
    { kind: "answer", text: "200", from: { lane: 2 }, to: { lane: 1 } },
  ]);
});

test("several violations are numbered in the order of sending, whatever the order of the steps", () => {
  const late = { actor: "b", sentAtMs: 500, label: "late", answer: "lost", violated: true } as const;
  const early = { actor: "a", sentAtMs: 100, label: "early", answer: "lost", violated: true } as const;
  const { arrows } = diagramOfExchanges([late, early]);
  expect(arrows.map(({ text, offence }) => [text, offence])).toEqual([
    ["early", 1],
    ["late", 2],
  ]);
});

test("requests that cross are drawn as they crossed, and each instance has a lane", () => {
  const first = { actor: "a", sentAtMs: 0, label: "A", answer: { label: "a", atMs: 90 }, proxy: "p1" };
  const second = { actor: "b", sentAtMs: 10, label: "B", answer: { label: "b", atMs: 20 }, proxy: "p2" };
  const { arrows, lanes } = diagramOfExchanges([first, second]);
  expect(lanes.map(({ name }) => name)).toEqual(["a", "b", "p1", "p2"]);
  const rows = arrows.map(({ text, textAt, from, to }) => [text, textAt === "from" ? from.row : to.row]);
  expect(Object.fromEntries(rows)).toEqual({ A: 0, B: 1, b: 2, a: 3 });
});

test("of many steps the last are told, and every violated one", () => {
  const steps = Array.from({ length: 100 }, (_, nth) => ({
    actor: "a",
    sentAtMs: nth * 10,
    label: `step ${nth}`,
    answer: { label: "200" },
    violated: nth === 3,
  }));
  const { arrows, notes } = diagramOfExchanges(steps);
  expect(arrows).toHaveLength(2 * STEPS_MAX);
  expect(arrows[0]?.text).toBe("step 3");
  expect(notes).toEqual(["80 earlier exchanges are left out"]);
});

test("the drawing explains the signs that it has, and no others", () => {
  const lost = { actor: "a", sentAtMs: 0, label: "A", answer: "lost" } as const;
  const wrong = { actor: "a", sentAtMs: 9, label: "B", answer: { label: "b" }, violated: true } as const;
  const svg = renderDiagramSvg(diagramOfExchanges([lost, wrong]));
  expect(svg).toContain(">cross: lost on its way · red ring: the violation<");
  expect(svg).not.toContain("app not running");
  const { answer } = wrong;
  expect(renderDiagramSvg(diagramOfExchanges([{ ...lost, answer }]))).not.toMatch(/lost on|the violation/);
});

test("no steps make an empty diagram, and foreign text stays text", () => {
  expect(renderDiagramSvg(diagramOfExchanges([]))).toContain("</svg>");
  expect(renderDiagramText(diagramOfExchanges([]), { width: 80 })).toContain("violation");
  const evil = { actor: "<b>", sentAtMs: 0, label: "\u202e</text><script>\u001b", answer: "lost" } as const;
  const svg = renderDiagramSvg(diagramOfExchanges([evil], { title: "<i>&\ud800" }));
  expect(svg).not.toMatch(/<script|<b>|<i>|\u202e|\ud800/);
  expect(svg).toContain("&lt;script&gt;\ufffd");
});
