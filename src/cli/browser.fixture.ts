/**
 * Owns what tests of pages stand on: a page opened from disk with nothing else to be had, what it says and asks, and
 * what axe finds.
 * Refuses to judge.
 */

import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type Browser, chromium, type Page } from "playwright-core";

const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
export const CHROMIUM = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(
  existsSync,
);

/** The name of tests that need it. */
export function inBrowser(name: string): string {
  return CHROMIUM === undefined ? `${name} (skipped: there is no Chromium)` : name;
}

/** A browser; whoever starts it closes it. */
export function startBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: CHROMIUM ?? "", args: ["--no-sandbox"] });
}

export interface OpenedPage {
  readonly page: Page;
  /** On its console. */
  readonly said: readonly string[];
  /** Of anybody but its own file. */
  readonly asked: readonly string[];
  close(): Promise<void>;
}

/** Opens the report.html of a folder. */
export async function openPage(
  browser: Browser,
  folder: string,
  options: Parameters<Browser["newContext"]>[0] = {},
): Promise<OpenedPage> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  const said: string[] = [];
  const asked: string[] = [];
  page.on("console", (message) => said.push(message.text()));
  page.on("pageerror", (error) => said.push(error.message));
  const own = pathToFileURL(join(folder, "report.html")).href;
  await page.route("**/*", (route) => {
    const url = route.request().url();
    if (url.split("#")[0] === own) return route.continue();
    asked.push(url);
    return route.abort();
  });
  await page.goto(own);
  return { page, said, asked, close: () => context.close() };
}

interface Axe {
  readonly axe: {
    run(options: {
      resultTypes: string[];
    }): Promise<{ violations: { id: string; impact: string; nodes: { html: string }[] }[] }>;
  };
}

/** What axe finds serious or worse. The page has to be opened with `bypassCSP`. */
export async function seriousIn(page: Page): Promise<readonly string[]> {
  await page.addScriptTag({ path: AXE });
  const found = await page.evaluate(async () => {
    const { violations } = await (globalThis as unknown as Axe).axe.run({
      resultTypes: ["violations"],
    });
    return violations.map(({ id, impact, nodes }) => `${impact} ${id}: ${nodes[0]?.html.slice(0, 200)}`);
  });
  return found.filter((text) => /^(serious|critical)/.test(text));
}

/** How wide the whole page is, with everything in it opened. */
export async function widthOfAll(page: Page): Promise<number> {
  await page.locator("details").evaluateAll((all) => {
    for (const one of all) one.setAttribute("open", "");
  });
  return page.evaluate(
    () =>
      (globalThis as unknown as { document: { documentElement: { scrollWidth: number } } }).document
        .documentElement.scrollWidth,
  );
}
