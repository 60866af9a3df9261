import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Outside, runFake } from "./outside.fixture.ts";
import { PINNED_FOLDER, readPinned } from "./replay-file.ts";

let io: Outside;
beforeEach(() => {
  io = new Outside();
});
afterEach(() => io.remove());

const example =
  readPinned(PINNED_FOLDER, "/").find(({ file }) => file === "stale-contact-update.json")?.example ??
  expect.fail("it is pinned");

function save(changes: object): void {
  writeFileSync(join(io.cwd, "x.json"), JSON.stringify({ ...example, ...changes }));
}

describe("replay", () => {
  test("STILL VIOLATED is 1, with the prose and the diagram", async () => {
    save({});
    expect(await runFake(["replay", "x.json"], io)).toBe(1);
    expect(io.stdout.text).toMatch(
      /^STILL VIOLATED {2}CON-2 with the planted fault contacts-unguarded {2}x\.json\n/,
    );
    expect(io.stdout.text).toContain(example.note.slice(0, 30));
    expect(io.stdout.text).toMatch(/\n {4}expected {2}.*\n {4}actual {4}/);
    expect(io.stdout.text).toMatch(/\na?.* {2}a0-d0 {2,}/);
    expect(io.stdout.text).toContain("①");
  });

  test("FIXED is 0", async () => {
    save({ fault: undefined });
    expect(await runFake(["replay", "x.json"], io)).toBe(0);
    expect(io.stdout.text).toBe(
      `FIXED  CON-2  x.json\n  CON-2 holds now, and so does every other rule.\n  ${example.note}\n`,
    );
  });

  test("FIXED, too, once its fault is off", async () => {
    save({});
    expect(await runFake(["replay", "x.json", "--no-fault"], io)).toBe(0);
    expect(io.stdout.text).toMatch(/^FIXED {2}CON-2 {2}x\.json\n/);
  });

  test.each([
    [
      "another history",
      { seen: { ...example.seen, digest: "0123456789abcdef" } },
      /still broken, but by another/,
    ],
    ["another rule", { rule: "QUE-9" }, /QUE-9 holds, but another rule is broken: .*CON-2/],
  ])("CHANGED is 1: %s", async (_what, changes, says) => {
    save(changes);
    expect(await runFake(["replay", "x.json"], io)).toBe(1);
    expect(io.stdout.text).toMatch(/^CHANGED {2}/);
    expect(io.stdout.text).toMatch(says);
    expect(io.stdout.text).toContain("✗ ");
  });

  test("--json has verdict and violation, the same bytes each time", async () => {
    save({});
    expect(await runFake(["replay", "x.json", "--json", "-"], io)).toBe(1);
    expect(JSON.parse(io.stdout.text)).toMatchObject({
      schema: "zeke-sync/replay@1",
      verdict: "STILL VIOLATED",
      rule: "CON-2",
      fault: "contacts-unguarded",
      broken: expect.arrayContaining(["CON-2"]),
      digest: example.seen.digest,
      violation: { rule: "CON-2", expected: example.seen.expected },
    });
    await runFake(["replay", "x.json", "--json", "out.json"], io);
    expect(io.stdout.text.startsWith(readFileSync(join(io.cwd, "out.json"), "utf8"))).toBe(true);
  });

  test("--quiet prints the verdict alone", async () => {
    save({});
    await runFake(["replay", "x.json", "--quiet"], io);
    expect(io.stdout.text).toBe("STILL VIOLATED  CON-2 with the planted fault contacts-unguarded  x.json\n");
  });

  test.each([
    ["there.json", undefined, "counterexample there.json cannot be read: there is no such file\n"],
    ["x.json", "no", "x.json is no counterexample: it is no JSON\n"],
    ["x.json", "{}", 'x.json is no counterexample: it has no "form": "zeke-sync/counterexample@1"\n'],
  ])("what is none is 2, and one sentence: %s %s", async (name, text, says) => {
    if (text !== undefined) writeFileSync(join(io.cwd, "x.json"), text);
    expect(await runFake(["replay", name], io)).toBe(2);
    expect(io.stderr.text).toBe(says);
  });

  test.each([
    ["--profile", "some.yaml"],
    ["--push-sink", "0"],
  ])("%s without a target is refused, and not passed over", async (...stray) => {
    save({});
    expect(await runFake(["replay", "x.json", ...stray], io)).toBe(2);
    expect(io.stderr.text).toContain("are for a live target: name it with --target");
  });

  test("a folder is none", async () => {
    mkdirSync(join(io.cwd, "d"));
    expect(await runFake(["replay", "d"], io)).toBe(2);
    expect(io.stderr.text).toBe("counterexample d cannot be read: it is a folder\n");
  });
});
