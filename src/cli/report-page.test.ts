import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { SimulationReport } from "../report/result-schema.ts";
import { CHROMIUM, inBrowser, openPage, seriousIn, startBrowser, widthOfAll } from "./browser.fixture.ts";
import { Outside, runFake } from "./outside.fixture.ts";
import { loadRunKit } from "./run-kit.ts";

const PAGE_BYTES_MAX = 1.5 * 1024 * 1024;

const folder = mkdtempSync(join(tmpdir(), "zeke-sync-page-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs for real, in this process; the folder of its report. */
async function simulated(name: string, args: readonly string[]): Promise<string> {
  const io = new Outside();
  try {
    const path = join(folder, name);
    await runFake(["simulate", ...args, "--report", path, "--quiet"], io, {}, await loadRunKit());
    return path;
  } finally {
    io.remove();
  }
}

function reportIn(path: string): SimulationReport {
  return SimulationReport.parse(JSON.parse(readFileSync(join(path, "report.json"), "utf8")));
}

let passing = "";
let violated = "";
beforeAll(async () => {
  passing = await simulated("passing", ["commuter", "--devices", "30", "--duration", "2d"]);
  violated = await simulated("violated", [
    "shared-list",
    "--devices",
    "6",
    "--duration",
    "8h",
    "--fault",
    "lists-replaced",
  ]);
}, 120_000);

describe("report.html", () => {
  test("is written beside report.json, within its bounds", () => {
    for (const path of [passing, violated]) {
      expect(statSync(join(path, "report.html")).size).toBeLessThan(PAGE_BYTES_MAX);
      expect(reportIn(path).series?.devices).toBeGreaterThan(0);
    }
  });

  test("a violated rule has a diagram, in which the violation is marked, and what led to it", () => {
    const broken = reportIn(violated).rules.filter(({ verdict }) => verdict === "violated");
    expect(broken.length).toBeGreaterThan(0);
    for (const { violations } of broken) {
      const diagram = violations[0]?.diagram;
      const marked = [...(diagram?.marks ?? []), ...(diagram?.arrows ?? [])];
      expect(marked.filter(({ offence }) => offence !== undefined).length).toBeGreaterThan(0);
      expect(diagram?.rows.length).toBeGreaterThan(violations[0]?.evidence.length ?? 0);
    }
  });

  test("two runs of one seed have one series and one diagram", async () => {
    const again = await simulated("again", [
      "shared-list",
      "--devices",
      "6",
      "--duration",
      "8h",
      "--fault",
      "lists-replaced",
    ]);
    const { timing: _, again: _again, ...one } = reportIn(violated);
    const { timing: __, again: __again, ...two } = reportIn(again);
    expect(two).toEqual(one);
  });
});

describe.skipIf(CHROMIUM === undefined)(inBrowser("report.html in a browser"), () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await startBrowser();
  });
  afterAll(() => browser.close());

  const opened = (path: string, options?: Parameters<Browser["newContext"]>[0]) =>
    openPage(browser, path, options);

  test("says nothing on the console, and asks nobody for anything", async () => {
    for (const path of [passing, violated]) {
      const { page, said, asked, close } = await opened(path);
      await page.mouse.wheel(0, 4_000);
      for (const svg of await page.locator("figure[data-buckets] svg").all()) await svg.hover();
      expect([said, asked]).toEqual([[], []]);
      await close();
    }
  });

  test("every chart has its marks", async () => {
    const { page, close } = await opened(passing);
    const marks = await page.locator("svg.chart").evaluateAll((charts) =>
      charts.map((chart) => ({
        label: chart.getAttribute("aria-label") ?? "",
        paths: chart.querySelectorAll("path").length,
        texts: chart.querySelectorAll("text").length,
      })),
    );
    expect(marks.length).toBeGreaterThanOrEqual(9);
    for (const { label, paths, texts } of marks) {
      expect(paths, label).toBeGreaterThan(5);
      expect(texts, label).toBeGreaterThan(4);
      expect(label.length).toBeGreaterThan(40);
    }
    expect(await page.locator("svg.strip .edit").count()).toBeGreaterThan(20);
    expect(await page.locator("svg.strip .off").count()).toBeGreaterThan(0);
    await close();
  });

  test("a chart over time answers the pointer with the values of its table", async () => {
    const { page, close } = await opened(passing);
    const figure = page.locator("figure[data-buckets]", { hasText: "Reads from fresh local data" });
    await figure.locator("svg").hover({ position: { x: 250, y: 60 } });
    const tip = (await figure.locator(".tip").textContent()) ?? "";
    const [from, , fresh] = tip.split(" · ");
    const row = figure
      .locator("tbody tr")
      .filter({ has: page.getByRole("rowheader", { name: from ?? "", exact: true, includeHidden: true }) });
    expect(tip).toMatch(/ · reads \d+/);
    expect(`fresh ${(await row.locator("td").nth(1).textContent()) ?? ""}`).toBe(fresh);
    await page.mouse.move(0, 0);
    expect(await figure.locator(".tip").count()).toBe(0);
    await close();
  });

  test("rules are filtered by keyboard alone", async () => {
    const { page, close } = await opened(violated);
    const shown = () => page.locator("details.rule:visible").count();
    const every = await shown();
    await page.keyboard.press("/");
    await page.keyboard.type("con-");
    expect(
      await page.locator("#search").evaluate((input) => input === input.ownerDocument.activeElement),
    ).toBe(true);
    const some = await shown();
    expect(some).toBeGreaterThan(5);
    expect(some).toBeLessThan(every);
    expect(await page.locator("#shown").textContent()).toBe(`${some} of ${every} rules`);
    await page.keyboard.press("Escape");
    expect(await shown()).toBe(every);
    await page.keyboard.press("Tab");
    await page.keyboard.press("ArrowDown");
    const broken = reportIn(violated).rules.filter(({ verdict }) => verdict === "violated");
    expect(await shown()).toBe(broken.length);
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    expect(await page.locator("details.rule[open]").getAttribute("id")).toBe(`rule-${broken[0]?.id}`);
    await close();
  });

  test("a cell of the matrix shows its rules, and all of them when it is chosen again", async () => {
    const { page, close } = await opened(passing);
    const cell = page.locator(".matrix button", { hasText: /./ }).first();
    await cell.focus();
    await page.keyboard.press("Space");
    const family = await cell.getAttribute("data-family");
    const families = await page
      .locator("details.rule:visible")
      .evaluateAll((rules) => rules.map((rule) => rule.getAttribute("data-family")));
    expect([...new Set(families)]).toEqual([family]);
    expect(await cell.getAttribute("aria-pressed")).toBe("true");
    await page.keyboard.press("Space");
    expect(await page.locator("details.rule:visible").count()).toBeGreaterThan(families.length);
    await close();
  });

  for (const colorScheme of ["light", "dark"] as const) {
    test(`axe finds nothing serious by ${colorScheme === "light" ? "day" : "night"}, on a desk and on a phone`, async () => {
      for (const [path, width] of [
        [passing, 1_280],
        [violated, 390],
      ] as const) {
        const viewport = { width, height: 900 };
        const { page, close } = await opened(path, { colorScheme, viewport, bypassCSP: true });
        expect(await seriousIn(page)).toEqual([]);
        await close();
      }
    });
  }

  test("nothing makes the page wider than a phone, or a sheet of paper", async () => {
    for (const path of [passing, violated]) {
      const { page, close } = await opened(path, { viewport: { width: 390, height: 844 } });
      expect(await widthOfAll(page)).toBe(390);
      await page.setViewportSize({ width: 720, height: 1_000 });
      await page.emulateMedia({ media: "print" });
      expect(await widthOfAll(page)).toBe(720);
      expect((await page.pdf()).length).toBeGreaterThan(20_000);
      await close();
    }
  });

  test("without its script, everything is there to be read", async () => {
    const { page, close } = await opened(passing, { javaScriptEnabled: false });
    expect(await page.locator("details.rule").count()).toBe(reportIn(passing).rules.length);
    expect(await page.locator(".filter").isVisible()).toBe(false);
    await close();
  });
});
