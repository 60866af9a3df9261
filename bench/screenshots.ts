/**
 * Owns the pictures of reports in README.md and docs/reading-a-report.md: made of two real runs, in a real browser.
 * Refuses to touch anything but docs/images/. Run it by `npm run screenshots` after a change of how a page looks.
 */

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { type Browser, chromium } from "playwright-core";

const MAIN = fileURLToPath(new URL("../src/cli/main.ts", import.meta.url));
const IMAGES = fileURLToPath(new URL("../docs/images/", import.meta.url));
const BYTES_MAX = 150_000;
const BROWSERS = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** What is run, and with which exit code it ends. */
const RUNS = {
  commuter: { args: ["commuter"], status: 0 },
  broken: {
    args: ["shared-list", "--devices", "6", "--duration", "8h", "--fault", "lists-replaced"],
    status: 1,
  },
} as const;

interface Shot {
  readonly name: string;
  readonly run: keyof typeof RUNS;
  readonly scheme: "light" | "dark";
  readonly width: number;
  readonly height: number;
  /** What stands at the top; the page's own top without it. */
  readonly from?: string;
  /** Typed into the search before. */
  readonly search?: string;
}

const SHOTS: readonly Shot[] = [
  { name: "report", run: "commuter", scheme: "light", width: 1_060, height: 880 },
  { name: "report-metrics", run: "commuter", scheme: "light", width: 1_060, height: 900, from: "#metrics" },
  {
    name: "report-dark",
    run: "commuter",
    scheme: "dark",
    width: 1_060,
    height: 740,
    from: "section:has(> h3:text-is('Offline queue size'))",
  },
  {
    name: "report-rules",
    run: "commuter",
    scheme: "light",
    width: 1_060,
    height: 900,
    from: "#rules",
    search: "queue",
  },
  { name: "report-devices", run: "commuter", scheme: "light", width: 1_060, height: 720, from: "#devices" },
  {
    name: "report-violation",
    run: "broken",
    scheme: "light",
    width: 1_060,
    height: 1_060,
    from: "#violations",
  },
  { name: "report-phone", run: "commuter", scheme: "light", width: 390, height: 844 },
];

const folder = mkdtempSync(join(tmpdir(), "zeke-sync-screenshots-"));
const executablePath = BROWSERS.find(existsSync);
if (executablePath === undefined) throw new Error(`there is no Chromium at ${BROWSERS.join(", ")}`);
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-lcd-text"] });
try {
  mkdirSync(IMAGES, { recursive: true });
  for (const [name, { args, status }] of Object.entries(RUNS)) {
    const ran = spawnSync(
      process.execPath,
      [MAIN, "simulate", ...args, "--report", join(folder, name), "--quiet"],
      {
        encoding: "utf8",
      },
    );
    if (ran.status !== status)
      throw new Error(`${name} ended with ${ran.status}, not ${status}: ${ran.stderr}`);
  }
  for (const shot of SHOTS) await take(shot, browser);
} finally {
  await browser.close();
  rmSync(folder, { recursive: true, force: true });
}

async function take(shot: Shot, from: Browser): Promise<void> {
  const { width, height, scheme } = shot;
  const page = await from.newPage({ viewport: { width, height }, colorScheme: scheme });
  await page.goto(pathToFileURL(join(folder, shot.run, "report.html")).href);
  // The time of a run is not part of the picture: it would be another one each time.
  await page.locator(".brand").evaluate((brand) => brand.remove());
  if (shot.search !== undefined) await page.fill("#search", shot.search);
  if (shot.from !== undefined) {
    await page.addStyleTag({ content: "html{scroll-behavior:auto!important}nav{display:none}" });
    await page
      .locator(shot.from)
      .first()
      .evaluate((element) => element.scrollIntoView({ block: "start" }));
  }
  const path = join(IMAGES, `${shot.name}.png`);
  await page.screenshot({ path, animations: "disabled" });
  await page.close();
  const { size } = statSync(path);
  if (size > BYTES_MAX) throw new Error(`${shot.name}.png has ${size} bytes, more than ${BYTES_MAX}`);
  console.log(`${shot.name}.png  ${Math.round(readFileSync(path).length / 1_000)} kB`);
}
