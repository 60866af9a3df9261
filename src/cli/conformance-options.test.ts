/**
 * Owns the proof of the options of `conformance` that do not touch what is judged: where things are written, what is only
 * told, what is refused.
 */

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type LiveReference, startReference } from "./conformance.fixture.ts";
import { Outside, runFake } from "./outside.fixture.ts";

let io: Outside;
const open: LiveReference[] = [];
beforeEach(() => {
  io = new Outside();
});
afterEach(async () => {
  for (const server of open.splice(0)) await server.close();
  io.remove();
});

async function reference(options?: Parameters<typeof startReference>[0]): Promise<LiveReference> {
  const server = await startReference(options);
  open.push(server);
  return server;
}

function run(...args: readonly string[]): Promise<number> {
  return runFake(["conformance", "--seed", "1", ...args], io);
}

describe("options", () => {
  test("a second Ctrl-C ends at once, and names what deletes the rest", async () => {
    const twice = (count: number) => {
      if (count === 400) for (const _ of "ab") io.interrupt();
    };
    const target = await reference({ called: twice });
    await run(target.url, "--report", "mine", "--quiet");
    expect(io.exits).toEqual([130]);
    expect(io.stderr.text).toBe("what was made is there still: zeke-sync cleanup mine deletes it\n");
  });

  test("--junit - is refused: stdout is for --json", async () => {
    expect(await run("http://127.0.0.1:1", "--junit", "-")).toBe(2);
    expect(io.stderr.text).toBe(
      "--junit -: the JUnit file has to have a name; only --json writes to stdout\n",
    );
  });

  test("where the JSON file cannot be written, the verdict is printed all the same", async () => {
    const target = await reference();
    expect(await run(target.url, "--rule", "CON-4", "--json", "/dev/full")).toBe(2);
    expect(io.stderr.text).toBe("/dev/full cannot be written: the disk is full\n");
    expect(io.stdout.text).toMatch(/every rule that was asked for is satisfied/);
  });

  test("--dry-run says what would be sent, and sends none of it", async () => {
    const target = await reference();
    expect(await run(target.url, "--dry-run", "--rule", "CON-4")).toBe(0);
    expect(io.stdout.text).toMatch(/conflict\/stale-delete +\d+ +CON-4/);
    expect(target.calls()).toBeLessThan(10);
    expect(readdirSync(io.cwd)).toEqual([]);
  });

  test("--dry-run --json - prints JSON and nothing else", async () => {
    const target = await reference();
    expect(await run(target.url, "--dry-run", "--rule", "CON-4", "--json", "-")).toBe(0);
    const plan = JSON.parse(io.stdout.text) as { readonly probes: readonly { readonly requests: number }[] };
    expect(plan).toMatchObject({
      schema: "zeke-sync/conformance-plan@1",
      url: target.url,
      accounts: ["a", "b"],
    });
    expect(plan.probes.length).toBeGreaterThan(0);
    expect(plan.probes.every(({ requests }) => requests > 0)).toBe(true);
  });

  test("a report folder that holds a run is refused, and nothing in it is touched", async () => {
    const target = await reference();
    mkdirSync(join(io.cwd, "mine"));
    writeFileSync(join(io.cwd, "mine/ledger.jsonl"), "theirs");
    expect(await run(target.url, "--rule", "CON-4", "--report", "mine")).toBe(2);
    expect(io.stderr.text).toBe(
      "the report folder mine holds a run already (ledger.jsonl): name another, or leave --report out\n",
    );
    expect(readFileSync(join(io.cwd, "mine/ledger.jsonl"), "utf8")).toBe("theirs");
    expect(readdirSync(join(io.cwd, "mine"))).toEqual(["ledger.jsonl"]);
    expect(target.calls()).toBe(0);
  });
});
