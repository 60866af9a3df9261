/** report.html of `conformance`, `explore` and `prove`: written, self-contained, to be used by anybody. */

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { FAULTS } from "../faults/all.ts";
import { CHROMIUM, inBrowser, openPage, seriousIn, startBrowser, widthOfAll } from "./browser.fixture.ts";
import { startReference } from "./conformance.fixture.ts";
import { Outside } from "./outside.fixture.ts";
import { runCli } from "./program.ts";
import { MADE } from "./prove.fixture.ts";
import { renderProvePage } from "./prove-page.ts";
import type { SeenProof } from "./prove-report.ts";

const io = new Outside();
afterAll(() => io.remove());
const at = (name: string) => join(io.cwd, name);
const pageOf = (name: string) => readFileSync(join(at(name), "report.html"), "utf8");
const dataOf = (name: string) => JSON.parse(readFileSync(join(at(name), "report.json"), "utf8"));

/** A proof in which the first fault survived, the second was caught under its own rule, the third under another. */
function seenProof(): SeenProof {
  const [survivor, caught, elsewhere] = FAULTS as unknown as readonly [
    (typeof FAULTS)[number],
    (typeof FAULTS)[number],
    (typeof FAULTS)[number],
  ];
  const nothing = { notUnderOwnRule: [], crashed: [], idleRules: [], againstReference: [] };
  return {
    proof: {
      ...nothing,
      hunts: [
        { fault: survivor, kills: [], tried: 6 },
        { fault: caught, kills: [{ rule: caught.rules[0] ?? "", by: "some/probe" }], tried: 1 },
        { fault: elsewhere, kills: [{ rule: "XXX-1", by: "simulation" }], tried: 2 },
      ],
      survivors: [survivor.name],
      onlyUnderOthers: [elsewhere.name],
      holds: false,
    },
    seed: 1,
    canary: { runs: 200, carriers: [3], missed: [], falseAlarms: [], alive: true },
    tookMs: 1_234,
    partial: true,
    ...MADE,
  };
}

beforeAll(async () => {
  const target = await startReference({ fault: "lists-replaced" });
  await runCli(
    ["conformance", target.url, "--seed", "1", "--rule", "MRG-*", "--report", "conformance", "--quiet"],
    io,
  );
  await target.close();
  const hunted = ["--runs", "4", "--workers", "1", "--fault", "lists-replaced", "--report", "explore"];
  await runCli(["explore", "--seed", "1", ...hunted, "--quiet"], io);
  mkdirSync(at("prove"));
  writeFileSync(join(at("prove"), "report.html"), renderProvePage(seenProof()));
}, 120_000);

describe("report.html", () => {
  test("of conformance says which rule is violated, how to see it again, and what no black box can see", () => {
    const text = pageOf("conformance");
    expect(text).toContain('id="violation-MRG-5"');
    expect(text).toContain("zeke-sync replay conformance/MRG-5.json --target http://127.0.0.1:");
    expect(text).toContain("curl ");
    expect(text).toContain('class="zst"');
    for (const { verdict, reason } of dataOf("conformance").rules)
      if (verdict === "not exercised") expect(text).toContain(reason);
    expect(text).toContain("What no black box can see");
    expect(text).not.toContain("tok-a");
  });

  test("of explore has each finding with its steps, and what was done to the fleet in how many runs", () => {
    const text = pageOf("explore");
    const { findings, deeds, runs } = dataOf("explore");
    expect(findings.length).toBeGreaterThan(0);
    for (const { counterexample } of findings)
      expect(text).toContain(`zeke-sync replay explore/${counterexample}`);
    expect(text).toMatch(/zeke-sync prove --fault [a-z]/);
    const edits = deeds.find(({ deed }: { readonly deed: string }) => deed === "edit");
    expect(edits.runs).toBeLessThanOrEqual(runs);
    expect(/a user edits<\/th>\s*<td class="n">(\d+)</.exec(text)?.[1]).toBe(String(edits.runs));
  });

  test("of prove has each fault with the rules that caught it, survivors first", () => {
    const text = pageOf("prove");
    const verdicts = [...text.matchAll(/id="fault-[^"]*" .*data-verdict="([^"]*)"/g)].map(([, word]) => word);
    expect(verdicts).toEqual(["survived", "caught elsewhere", "caught"]);
    expect(text).toContain("some/probe");
  });

  test("is rendered anew by report --html, to the letter, and named on the screen", async () => {
    for (const name of ["conformance", "explore"]) {
      const before = io.stdout.text.length;
      await runCli(["report", name, "--html", "-"], io);
      expect(io.stdout.text.slice(before)).toBe(pageOf(name));
      const printed = io.stdout.text.length;
      await runCli(["report", name], io);
      expect(io.stdout.text.slice(printed)).toMatch(new RegExp(`report +${name}/report\\.html\\n`));
    }
  });
});

describe.skipIf(CHROMIUM === undefined)(inBrowser("in a browser"), () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await startBrowser();
  });
  afterAll(() => browser.close());

  test.each([
    ["conformance", "mrg-", 4],
    ["explore", "mrg-", 4],
    ["prove", FAULTS[0]?.name ?? "", 1],
  ])(
    "%s: nothing is said or asked, rows are filtered by keyboard, a phone is wide enough",
    async (name, word, least) => {
      const { page, said, asked, close } = await openPage(browser, at(name));
      const shown = () => page.locator("details.rule:visible").count();
      const every = await shown();
      await page.keyboard.press("/");
      await page.keyboard.type(word);
      const some = await shown();
      expect(some).toBeGreaterThanOrEqual(least);
      expect(some).toBeLessThan(every);
      expect(await page.locator("#shown").textContent()).toMatch(new RegExp(`^${some} of ${every} `));
      await page.keyboard.press("Escape");
      expect(await shown()).toBe(every);
      await page.keyboard.press("Tab");
      await page.keyboard.press("ArrowDown");
      expect(await shown()).toBeLessThan(every);
      await page.keyboard.press("Tab");
      await page.keyboard.press("Enter");
      expect(await page.locator("details.rule[open]").count()).toBe(1);
      await page.setViewportSize({ width: 390, height: 844 });
      expect(await widthOfAll(page)).toBe(390);
      await page.setViewportSize({ width: 720, height: 1_000 });
      await page.emulateMedia({ media: "print" });
      expect(await widthOfAll(page)).toBe(720);
      expect([said, asked]).toEqual([[], []]);
      await close();
    },
  );

  test.each([
    ["conformance", "light", 1_280],
    ["conformance", "dark", 390],
    ["explore", "dark", 1_280],
    ["explore", "light", 390],
    ["prove", "light", 1_280],
    ["prove", "dark", 390],
  ] as const)("axe finds nothing serious in %s, %s, %i wide", async (name, colorScheme, width) => {
    const viewport = { width, height: 900 };
    const { page, close } = await openPage(browser, at(name), { colorScheme, viewport, bypassCSP: true });
    expect(await seriousIn(page)).toEqual([]);
    await close();
  });
});
