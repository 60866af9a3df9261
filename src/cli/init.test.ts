/**
 * Owns the proof of `init`: what it writes is read by our own loader, has the form of a workflow, and names options that
 * exist; and it never replaces what is there, nor leaves half of it.
 */

import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { PATHS, Profile, renamedPaths } from "../conformance/profile.ts";
import { startReference } from "./conformance.fixture.ts";
import { INIT_FILES } from "./init-files.ts";
import { BASELINE_TEXT, PROFILE_TEXT } from "./init-profile.ts";
import { Outside, runFake } from "./outside.fixture.ts";
import { readBaseline, readProfile } from "./profile-file.ts";
import { ownVersion } from "./version.ts";

let io: Outside;
beforeEach(() => {
  io = new Outside();
});
afterEach(() => io.remove());

const NAMES = Object.values(INIT_FILES);

function init(...args: readonly string[]): Promise<number> {
  return runFake(["init", ...args], io);
}

function written(name: string, folder = "."): string {
  return readFileSync(join(io.cwd, folder, name), "utf8");
}

/** Puts every setting in force that stands behind a #: prose has one space there, settings none or an even number. */
function allInForce(text: string): string {
  const kept = text.split("\n").map((line) => (/^#(?: {2})*[A-Za-z]/.test(line) ? line.slice(1) : line));
  return kept.join("\n");
}

/** Names of all keys that a schema has, below the entity and path names too. */
function keysOf(schema: unknown): readonly string[] {
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault || schema instanceof z.ZodOptional)
    return keysOf(schema.unwrap());
  if (schema instanceof z.ZodTuple) return schema.def.items.flatMap(keysOf);
  if (schema instanceof z.ZodRecord) return keysOf(schema.valueType);
  if (!(schema instanceof z.ZodObject)) return [];
  return Object.entries(schema.shape).flatMap(([name, below]) => [name, ...keysOf(below)]);
}

describe("the profile", () => {
  beforeEach(() => {
    io.env.ZEKE_TOKEN_A = "secret-a";
    io.env.ZEKE_TOKEN_B = "secret-b";
    io.env.ZEKE_TOKEN_SHORT = "secret-short";
    io.env.ZEKE_TOKEN_SHORT_END = "2030-01-31T12:00:00Z";
    io.env.ZEKE_WEBHOOK_SECRET = "whsec_c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0";
  });

  test("is read unchanged, and says what the defaults are", async () => {
    expect(await init()).toBe(0);
    const { profile, secrets } = readProfile(INIT_FILES.profile, io);
    const { accounts, ...rest } = profile;
    const { accounts: _none, ...defaults } = Profile.parse({});
    expect(rest).toEqual(defaults);
    expect(accounts.map(({ name, token }) => `${name} ${token}`)).toEqual(["a secret-a", "b secret-b"]);
    expect(secrets).toContain("secret-b");
  });

  test("is read with every setting in force, and then still says the defaults of paths", () => {
    writeFileSync(join(io.cwd, "all.yaml"), allInForce(PROFILE_TEXT));
    const { profile } = readProfile("all.yaml", io);
    expect(profile.target.paths).toEqual(PATHS);
    expect(renamedPaths(profile).size).toBe(0);
    expect(profile.phases).toEqual([1, 2, 3, 4, 5]);
    expect(profile.expiredRevision).toMatch(new RegExp(profile.revisions.pattern));
  });

  test("has every key that there is", () => {
    const keys = new Set(keysOf(Profile));
    expect(keys.size).toBeGreaterThan(25);
    const lines = allInForce(PROFILE_TEXT).split("\n");
    for (const key of keys)
      expect(
        lines.some((line) => line.trimStart().replace(/^- /, "").startsWith(`${key}:`)),
        key,
      ).toBe(true);
  });

  test("judges the reference as it stands", async () => {
    const target = await startReference({ settings: { tokens: { "secret-a": "a", "secret-b": "b" } } });
    await init();
    const files = ["--profile", INIT_FILES.profile, "--baseline", INIT_FILES.baseline];
    expect(await runFake(["conformance", target.url, ...files, "--rule", "CON-4", "--runs", "0.2"], io)).toBe(
      0,
    );
    await target.close();
  });
});

describe("the baseline", () => {
  test("has nothing on it, and the entry behind a # is a good one", async () => {
    await init();
    expect(readBaseline(INIT_FILES.baseline, io.cwd)).toEqual({});
    writeFileSync(join(io.cwd, "all.yaml"), allInForce(BASELINE_TEXT));
    expect(readBaseline("all.yaml", io.cwd)).toMatchObject({ "CON-4": { owner: "backend" } });
  });
});

/** What GitHub takes for a workflow, as far as this one goes: an unknown key, or a wrong form, is refused. */
const Name = z.string().regex(/^[A-Za-z_][\w-]*$/);
const Scalars = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]));
const StepBase = { name: z.string().optional(), if: z.string().optional(), env: Scalars.optional() };
const Step = z.union([
  z.strictObject({ ...StepBase, run: z.string().min(1) }),
  z.strictObject({
    ...StepBase,
    uses: z.string().regex(/^[\w-]+\/[\w-]+@v\d+$/),
    with: Scalars.optional(),
  }),
]);
const Job = z.strictObject({
  if: z.string().optional(),
  "runs-on": z.literal("ubuntu-latest"),
  "timeout-minutes": z.number().int().positive(),
  concurrency: z.strictObject({ group: z.string(), "cancel-in-progress": z.boolean() }).optional(),
  env: Scalars.optional(),
  steps: z.array(Step).min(1),
});
const Workflow = z.strictObject({
  name: z.string(),
  on: z.strictObject({ push: z.null(), workflow_dispatch: z.null() }),
  permissions: z.strictObject({ contents: z.literal("read") }),
  env: Scalars,
  jobs: z.record(Name, Job),
});

describe("the workflow", () => {
  test("has the form of one", async () => {
    await init();
    const workflow = Workflow.parse(parse(written(INIT_FILES.workflow)));
    expect(Object.keys(workflow.jobs)).toEqual(["simulate", "conformance"]);
    expect(workflow.env.ZEKE_SYNC).toBe(`zeke-sync@${ownVersion()}`);
    const { conformance } = workflow.jobs;
    expect(conformance?.env).toMatchObject({ ZEKE_TOKEN_A: `\${{ secrets.ZEKE_TOKEN_A }}` });
    const texts = JSON.stringify(conformance?.steps);
    for (const what of ["GITHUB_STEP_SUMMARY", "conformance.junit.xml", INIT_FILES.baseline])
      expect(texts).toContain(what);
    // Every expression is closed, and names a context that GitHub has there.
    for (const [, inside = ""] of written(INIT_FILES.workflow).matchAll(/\$\{\{(.*?)\}\}/g))
      expect(inside).toMatch(/^ (?:!?cancelled\(\)|(?:vars|secrets)\.[A-Z_]+(?: != '')?) $/);
  });

  test("runs commands and options that exist", async () => {
    await init();
    const { jobs } = Workflow.parse(parse(written(INIT_FILES.workflow)));
    const runs = Object.values(jobs).flatMap(({ steps }) =>
      steps.flatMap((step) => ("run" in step ? [step.run] : [])),
    );
    const commands = runs.flatMap((run) => /npx --yes "\$ZEKE_SYNC" ([^;]+)/.exec(run)?.[1] ?? []);
    expect(commands.map((command) => command.split(" ")[0])).toEqual(["simulate", "conformance", "cleanup"]);
    for (const command of commands) {
      const help = new Outside();
      const [name = "", ...words] = command.split(" ");
      expect(await runFake([name, "--help"], help)).toBe(0);
      for (const word of words.filter((one) => one.startsWith("--")))
        expect(help.stdout.text, word).toMatch(new RegExp(`^ {2}${word}\\b`, "m"));
      help.remove();
    }
  });
});

describe("what is there is left alone", () => {
  test("it says what it wrote and what comes next, and twice is once", async () => {
    expect(await init()).toBe(0);
    for (const name of NAMES) expect(io.stdout.text).toContain(`wrote     ${name}`);
    expect(io.stdout.text).toMatch(/Next\n {2}1 {2}Try it against the reference/);
    writeFileSync(join(io.cwd, INIT_FILES.profile), "mine\n");
    expect(await init()).toBe(2);
    expect(io.stderr.text).toBe(
      `zeke-sync.yaml, zeke-sync.baseline.yaml and .github/workflows/zeke-sync.yml are there already, and nothing was written: --force replaces them\n`,
    );
    expect(written(INIT_FILES.profile)).toBe("mine\n");
    expect(await init("--force", "--quiet")).toBe(0);
    expect(written(INIT_FILES.profile)).toBe(PROFILE_TEXT);
  });

  test("one file in the way: none of the others is written", async () => {
    mkdirSync(join(io.cwd, ".github/workflows"), { recursive: true });
    writeFileSync(join(io.cwd, INIT_FILES.workflow), "theirs");
    expect(await init()).toBe(2);
    expect(io.stderr.text).toMatch(
      /^\.github\/workflows\/zeke-sync\.yml is there already, and nothing was written: --force replaces it\n$/,
    );
    expect(readdirSync(io.cwd)).toEqual([".github"]);
  });

  test.each([
    [
      "a folder under the name of a file",
      () => mkdirSync(join(io.cwd, INIT_FILES.baseline)),
      /zeke-sync\.baseline\.yaml cannot be written: what stands there is no file/,
    ],
    [
      "a file where a folder has to be",
      () => writeFileSync(join(io.cwd, ".github"), ""),
      /\.github\/workflows\/zeke-sync\.yml cannot be written: a part of the path is a file/,
    ],
    [
      "a link that leads nowhere, as a folder",
      () => symlinkSync("nowhere", join(io.cwd, ".github")),
      /zeke-sync\.yml cannot be written/,
    ],
  ])("%s: one sentence, and nothing half written", async (_name, put, sentence) => {
    put();
    const before = readdirSync(io.cwd);
    expect(await init("--force")).toBe(2);
    expect(io.stderr.text).toMatch(sentence);
    expect(io.stderr.text.trimEnd().split("\n")).toHaveLength(1);
    expect(readdirSync(io.cwd)).toEqual(before);
  });

  test.skipIf(process.getuid?.() === 0)("a read-only folder", async () => {
    mkdirSync(join(io.cwd, "closed"), { mode: 0o555 });
    expect(await init("closed")).toBe(2);
    expect(io.stderr.text).toBe("closed/zeke-sync.yaml cannot be written: permission is denied\n");
    chmodSync(join(io.cwd, "closed"), 0o755);
  });

  test("a folder that is a file", async () => {
    writeFileSync(join(io.cwd, "here"), "");
    expect(await init("here")).toBe(2);
    expect(io.stderr.text).toBe("here/zeke-sync.yaml cannot be written: a part of the path is a file\n");
  });

  test("a folder that is not there is made, and the commands lead into it", async () => {
    expect(await init("new/place", "--json", "-")).toBe(0);
    const told = JSON.parse(io.stdout.text) as {
      readonly schema: string;
      readonly written: readonly string[];
    };
    expect(told).toMatchObject({ schema: "zeke-sync/init@1", written: NAMES, replaced: [] });
    expect(io.stdout.text).toContain("--profile new/place/zeke-sync.yaml");
    expect(io.stdout.text).toContain("move .github/workflows/zeke-sync.yml there");
    for (const name of NAMES) expect(existsSync(join(io.cwd, "new/place", name))).toBe(true);
  });
});
