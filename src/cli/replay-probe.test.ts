/**
 * Owns the proof of `replay` for what `conformance` found: live, in memory, and what cannot be played.
 */

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type LiveReference, startPlain, startReference } from "./conformance.fixture.ts";
import { Outside, runFake } from "./outside.fixture.ts";

let io: Outside;
const open: { close(): Promise<void> }[] = [];

beforeEach(() => {
  io = new Outside();
});
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
  io.remove();
});

async function reference(...options: Parameters<typeof startReference>): Promise<LiveReference> {
  const started = await startReference(...options);
  open.push(started);
  return started;
}

/** Runs `replay`; its exit code and what it printed. */
async function replayed(...args: readonly string[]) {
  const before = io.stdout.text.length;
  const code = await runFake(["replay", ...args], io);
  return { code, text: io.stdout.text.slice(before) };
}

/** Judges a faulty reference by one rule, and says where its counterexample is. */
async function found(fault: string, rule: string, ...more: readonly string[]) {
  const target = await reference({ fault });
  expect(await runFake(["conformance", target.url, "--seed", "1", "--rule", rule, ...more], io)).toBe(1);
  return { target, file: `reports/latest/${rule}.json` };
}

/** A wrapped text on one line. */
function flat(text: string): string {
  return text.replaceAll(/\s+/g, " ");
}

function edit(file: string, change: object): string {
  const example = JSON.parse(readFileSync(join(io.cwd, file), "utf8")) as object;
  writeFileSync(join(io.cwd, "x.json"), JSON.stringify({ ...example, ...change }));
  return "x.json";
}

describe("a counterexample of conformance", () => {
  test.each<[fault: string, rule: string, ...more: string[]]>([
    ["stale-delete-of-a-list", "CON-4"],
    ["filter-lost-on-resume", "EVT-4"],
    ["forgotten-key", "IDM-1"],
    ["delta-with-its-start", "DLT-1"],
    // A SHOULD, which a watch sees beside what the probe is about.
    ["etag-of-before", "REV-10", "--level", "should"],
  ])(
    "%s, %s: violated where it was found, fixed in the reference, violated under the fault",
    async (fault, rule, ...more) => {
      const { target, file } = await found(fault, rule, ...more);
      const folders = readdirSync(join(io.cwd, "reports"));
      const live = await replayed(file, "--target", target.url);
      expect(live.text).toMatch(new RegExp(`^STILL VIOLATED  ${rule}  reports/latest/${rule}.json\n`));
      expect(live.text).toMatch(
        /\n {4}expected {2}.*[\s\S]*\n {4}actual {4}[\s\S]*\n {4}request {3}curl .*\*\*\*/,
      );
      expect(live.text).toContain(`\n    replay    zeke-sync replay ${file} --target ${target.url}\n`);
      expect(live.code).toBe(1);
      expect(await target.records()).toEqual([]);
      expect(readdirSync(join(io.cwd, "reports"))).toEqual(folders);
      const clean = await reference();
      const fixed = await replayed(file, "--target", clean.url);
      expect(flat(fixed.text)).toMatch(new RegExp(`^FIXED ${rule} .* The same value, 3 times, against http`));
      expect(fixed.code).toBe(0);
      expect(await clean.records()).toEqual([]);
      expect(await replayed(file)).toMatchObject({ code: 0, text: expect.stringMatching(/^FIXED/) });
      const planted = await replayed(file, "--fault", fault);
      expect(planted).toMatchObject({ code: 1, text: expect.stringMatching(/^STILL VIOLATED/) });
      expect(flat(planted.text)).toContain(` with ${fault}: ${rule} is broken.`);
    },
  );

  test("another rule that is broken is CHANGED", async () => {
    const { target, file } = await found("forgotten-key", "IDM-1");
    const other = edit(file, { rule: "CON-10" });
    const changed = await replayed(other, "--target", target.url, "--json", "-");
    expect(changed.code).toBe(1);
    expect(JSON.parse(changed.text)).toMatchObject({
      schema: "zeke-sync/replay@1",
      verdict: "CHANGED",
      rule: "CON-10",
      broken: ["IDM-1"],
      violation: { rule: "IDM-1", probe: expect.any(String), evidence: expect.any(Object) },
      left: [],
    });
    expect(changed.text).not.toContain("tok-a");
  });

  test("where it cannot be exercised it is inconclusive, with the reason", async () => {
    const { file } = await found("stale-delete-of-a-list", "CON-4");
    const off = await reference({ settings: { conflicts: { mode: "off" } } });
    const { code, text } = await replayed(file, "--target", off.url);
    expect(flat(text)).toMatch(
      /^INCONCLUSIVE CON-4 \S+ Nothing can be said of CON-4 .*: needs conflicts\.mode: enforce\. $/,
    );
    expect(code).toBe(5);
    const quiet = await replayed(file, "--target", off.url, "--quiet");
    expect(quiet).toEqual({ code, text });
  });

  test("what cannot be played is told in one sentence, and nothing is sent", async () => {
    const { target, file } = await found("stale-delete-of-a-list", "CON-4");
    const calls = target.calls();
    const says = async (code: number, line: RegExp, ...args: readonly string[]) => {
      const before = io.stderr.text.length;
      expect(await replayed(...args)).toEqual({ code, text: "" });
      expect(io.stderr.text.slice(before)).toMatch(line);
      expect(io.stderr.text.slice(before).trimEnd().split("\n")).toHaveLength(1);
    };
    const live = ["--target", target.url];
    const schema = "zeke-sync/conformance-counterexample@9";
    await says(2, /^x\.json is no counterexample: its schema is ".*@9"/, edit(file, { schema }), ...live);
    await says(
      2,
      /^x\.json: this version has no probe a\/b; zeke-sync \S+ wrote it/,
      edit(file, { probe: "a/b" }),
    );
    await says(
      2,
      /draws other values now; run conformance --rule CON-4 anew/,
      edit(file, { value: 1 }),
      ...live,
    );
    await says(2, /^x\.json is no counterexample: facts: /, edit(file, { facts: 1 }));
    await says(
      2,
      /there is no planted fault "nope"; zeke-sync rules <id> names those/,
      file,
      "--fault",
      "nope",
    );
    await says(2, /^--fault is planted in memory/, file, "--fault", "create-replaces", ...live);
    await says(2, /^--profile and --push-sink are for a live target/, file, "--push-sink", "0");
    await says(2, /an address is written/, file, "--target", "nope");
    expect(target.calls()).toBe(calls);
    const gone = await startPlain(() => {});
    await gone.close();
    await says(3, /cannot be reached: the connection is refused/, file, "--target", gone.url);
  });

  test("one of explore is not played live", async () => {
    const pinned = new URL("../../fixtures/counterexamples/stale-contact-update.json", import.meta.url);
    writeFileSync(join(io.cwd, "e.json"), readFileSync(pinned));
    expect(await replayed("e.json", "--target", "http://x")).toEqual({ code: 2, text: "" });
    expect(io.stderr.text).toMatch(/^e\.json is a counterexample of explore, which is played in memory/);
  });

  test("each probe that shows a rule broken has a file of its own, and no token stands in any", async () => {
    const token = "s3cr3t-t0ken-of-a";
    const target = await reference({
      fault: "contacts-unguarded",
      settings: { tokens: { [token]: "a", "tok-b": "b" } },
    });
    io.env.TOKEN_A = token;
    const accounts = `accounts:\n  - { name: a, token: "\${TOKEN_A}" }\n  - { name: b, token: tok-b }\n`;
    writeFileSync(join(io.cwd, "p.yaml"), accounts);
    const profile = ["--profile", "p.yaml"];
    expect(await runFake(["conformance", target.url, "--seed", "1", "--rule", "CON-2", ...profile], io)).toBe(
      1,
    );
    const folder = join(io.cwd, "reports/latest");
    const files = readdirSync(folder).filter((name) => /^[A-Z]{3}-\d+(-\d+)?\.json$/.test(name));
    expect(files).toContain("CON-2.json");
    expect(files).toContain("CON-2-2.json");
    const probes = new Set<unknown>();
    for (const name of files) {
      const text = readFileSync(join(folder, name), "utf8");
      expect(text).not.toContain(token);
      probes.add((JSON.parse(text) as { readonly probe: unknown }).probe);
    }
    expect(probes.size).toBe(files.length);
    const again = await replayed("reports/latest/CON-2-2.json", "--target", target.url, ...profile);
    expect(again.code).toBe(1);
    expect(again.text).toContain("--profile p.yaml\n");
    expect(again.text).not.toContain(token);
  });

  test("Ctrl-C ends it with 130, and leaves nothing behind", async () => {
    const { file } = await found("stale-delete-of-a-list", "CON-4");
    const clean = await reference({ called: (count) => void (count === 9 && io.interrupt()) });
    expect((await replayed(file, "--target", clean.url)).code).toBe(130);
    expect(await clean.records()).toEqual([]);
    expect(io.listening).toBe(0);
  });
});
