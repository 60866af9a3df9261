/**
 * Holds what help loads: the command line itself, and nothing of what a command works with. How long that takes is
 * measured by `npm run bench:start-up`.
 */

import { execFileSync, spawnSync } from "node:child_process";
import * as module from "node:module";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { Outside, runFake } from "./outside.fixture.ts";
import { ownVersion } from "./version.ts";

const LOADER = fileURLToPath(new URL("./start-up.fixture.ts", import.meta.url));
const MAIN = fileURLToPath(new URL("./main.ts", import.meta.url));
/** Node 22 before 22.18 strips types only when asked to. */
const STRIP = process.features.typescript === false ? ["--experimental-strip-types"] : [];

/** The files of the command line that stand in every help. */
const OWN =
  /\/src\/(?:cli\/(?:program(?:-[a-z]+)*|io|exit|flag-values|run-kit|scenario-names|version)|base\/time)\.ts$/;

function loadedBy(...helps: readonly string[]): readonly string[] {
  return JSON.parse(
    execFileSync(process.execPath, [...STRIP, LOADER, ...helps], { encoding: "utf8" }),
  ) as string[];
}

async function commands(): Promise<readonly string[]> {
  const io = new Outside();
  await runFake(["--help"], io);
  io.remove();
  const listed = io.stdout.text.slice(io.stdout.text.indexOf("Commands:"));
  return [...listed.matchAll(/^ {2}([a-z]+) /gm)]
    .map(([, name = ""]) => name)
    .filter((name) => !/help|zeke/.test(name));
}

describe.skipIf(!("registerHooks" in module))("start-up", () => {
  test("no help loads more than the command line and commander", async () => {
    const names = await commands();
    expect(names).toContain("conformance");
    const loaded = loadedBy("--help", ...names.map((name) => `${name} --help`));
    expect(loaded.some((url) => url.endsWith("/program.ts"))).toBe(true);
    const foreign = loaded.filter(
      (url) => !url.startsWith("node:") && !/\/node_modules\/commander\//.test(url) && !OWN.test(url),
    );
    expect(foreign).toEqual([]);
  });

  test("the list of rules loads none of what puts them to the test", () => {
    const loaded = loadedBy("rules");
    const packages = new Set(
      loaded.flatMap((url) => /\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url)?.[1] ?? []),
    );
    expect([...packages].sort()).toEqual(["chalk", "commander", "fastest-levenshtein", "picomatch"]);
    expect(
      loaded.filter((url) => /\/src\/(?:checkers|conformance|faults|simulation|live|metrics)\//.test(url)),
    ).toEqual([]);
  });

  test.each(["--version", "-V"])("%s is answered without any of it", (option) => {
    const { stdout, stderr, status } = spawnSync(process.execPath, [...STRIP, MAIN, option], {
      encoding: "utf8",
    });
    expect({ stdout, stderr, status }).toEqual({ stdout: `${ownVersion()}\n`, stderr: "", status: 0 });
  });
});
