/** `report merge` of `explore`, `prove` and `conformance`: all shards are the whole, and nothing else is put together. */

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type Piece, type Work, workOf } from "../exploration/prove.ts";
import { FAULTS } from "../faults/all.ts";
import type { ConformanceReport } from "../report/conformance-result.ts";
import { startReference } from "./conformance.fixture.ts";
import { EXIT } from "./exit.ts";
import { ExploreReport } from "./explore-schema.ts";
import { Outside } from "./outside.fixture.ts";
import { runCli } from "./program.ts";
import { MADE } from "./prove.fixture.ts";
import { faultNamed, proofOf } from "./prove.ts";
import { proofJson, type SeenProof } from "./prove-report.ts";
import { proofShard, workOfShard } from "./shard-prove.ts";

// Two hundred runs for nothing that is looked at here.
vi.mock("../exploration/canary.ts", () => ({
  carriesCanary: () => true,
  probeCanary: () => ({ runs: 0, carriers: [], missed: [], falseAlarms: [], alive: true }),
}));

const io = new Outside();
afterAll(() => io.remove());

const run = async (...args: readonly string[]) => {
  const before = io.stderr.text.length;
  const code = await runCli(args, io);
  return { code, said: io.stderr.text.slice(before) };
};
const textOf = (folder: string, file: string) => readFileSync(join(io.cwd, folder, file), "utf8");
const dataOf = (folder: string): unknown => JSON.parse(textOf(folder, "report.json"));
const merge = (name: string) =>
  run("report", "merge", `${name}-2`, `${name}-1`, "--report", `${name}-merged`, "--quiet");

const HUNT = ["--seed", "1", "--runs", "6", "--workers", "1", "--fault", "lists-replaced", "--quiet"];
const SETTINGS = { seed: 1, effort: 1, full: false, attempts: 1 };
const PROVED = FAULTS.slice(0, 3).map(({ name }) => name);

/** Every fault is caught but the first; nothing is hunted for it. */
function pieceOf(work: Work): Piece {
  switch (work.work) {
    case "clean-rig":
      return { piece: "clean", where: work.rig, verdicts: [] };
    case "clean-world":
      return { piece: "clean", where: `the world of ${work.fault}`, verdicts: [] };
    default: {
      const { name, rules } = faultNamed(work.fault);
      const kills = name === PROVED[0] ? [] : [{ rule: rules[0] ?? "", by: work.work }];
      return { piece: "hunted", fault: work.fault, kills, tried: 1, crashed: undefined };
    }
  }
}

function seenOf(pieces: readonly Piece[]): SeenProof {
  const canary = { runs: 0, carriers: [], missed: [], falseAlarms: [], alive: true };
  const proof = proofOf(pieces, SETTINGS, PROVED.map(faultNamed));
  return { proof, seed: 1, canary, tookMs: 7, partial: true, ...MADE };
}

/** A shard as `prove --shard` leaves it. */
function writeProofShard(index: number): void {
  const shard = { index, of: 2 };
  const asked = PROVED.map(faultNamed);
  const pieces = workOfShard(asked, SETTINGS, shard).map(pieceOf);
  const rest = { workers: 1, json: undefined, report: undefined, quiet: true, color: false };
  const options = { seed: 1, effort: 1, full: false, faults: PROVED, ...rest };
  const [name, text] = proofShard({ options, settings: SETTINGS, pieces, seen: seenOf(pieces), shard });
  mkdirSync(join(io.cwd, `prove-${index + 1}`));
  writeFileSync(join(io.cwd, `prove-${index + 1}`, name), text);
}

let url = "";
beforeAll(async () => {
  for (const nth of [1, 2]) {
    await run("explore", ...HUNT, "--shard", `${nth}/2`, "--report", `explore-${nth}`);
    writeProofShard(nth - 1);
  }
  const target = await startReference({ fault: "stale-delete-of-a-list" });
  url = target.url;
  const judged = ["conformance", url, "--seed", "1", "--rule", "CON-4", "--rule", "CON-1", "--quiet"];
  await run(...judged, "--report", "conformance-whole");
  for (const nth of [1, 2]) await run(...judged, "--shard", `${nth}/2`, "--report", `conformance-${nth}`);
  await target.close();
}, 120_000);

describe("all shards there", () => {
  test("explore: runs, rules and deeds are summed, findings are the whole's, each with its counterexample", async () => {
    const { code, said } = await merge("explore");
    expect([code, said]).toEqual([EXIT.violated, ""]);
    const [one, two, all] = ["explore-1", "explore-2", "explore-merged"].map((name) =>
      ExploreReport.parse(dataOf(name)),
    ) as [ExploreReport, ExploreReport, ExploreReport];
    expect(one.runs).toBeGreaterThan(0);
    expect([one.runs + two.runs, one.events + two.events]).toEqual([6, all.events]);
    expect(all).toMatchObject({ runs: 6, verdict: "fail", seed: 1 });
    expect(all.shard).toBeUndefined();
    const runsOf = (report: ExploreReport, deed: string) =>
      report.deeds?.find((entry) => entry.deed === deed)?.runs ?? 0;
    for (const deed of ["edit", "offline", "kill"])
      expect(runsOf(all, deed)).toBe(runsOf(one, deed) + runsOf(two, deed));
    const sights = ({ findings }: ExploreReport) => findings.map(({ rule, shape }) => `${rule} ${shape}`);
    expect(new Set(sights(all))).toEqual(new Set([...sights(one), ...sights(two)]));
    expect(all.findings.length).toBeGreaterThan(0);
    for (const { counterexample } of all.findings) {
      expect(JSON.parse(textOf("explore-merged", counterexample))).toMatchObject({ fault: "lists-replaced" });
      expect(textOf("explore-merged", "report.html")).toContain(
        `zeke-sync replay explore-merged/${counterexample}`,
      );
    }
  });

  test("prove: the proof of both is that of one process", async () => {
    const { code, said } = await merge("prove");
    expect([code, said]).toEqual([EXIT.violated, ""]);
    const asked = { ...SETTINGS, faults: PROVED.map(faultNamed) };
    const whole = proofJson(seenOf(workOf(asked).map(pieceOf)));
    const { timing: _, canary: _canary, again: _again, ...told } = whole;
    const merged = dataOf("prove-merged") as ReturnType<typeof proofJson>;
    expect(merged).toMatchObject(told);
    expect(merged.again).toBe(
      `zeke-sync prove --seed 1 ${PROVED.map((name) => `--fault ${name}`).join(" ")}`,
    );
    expect(merged.timing).toMatchObject({ startedAt: MADE.startedAt, node: MADE.node });
    expect(told).toMatchObject({ survivors: [PROVED[0]], holds: false });
    expect(textOf("prove-merged", "report.html")).toContain(`id="fault-${PROVED[2]}"`);
  });

  test("conformance: verdicts are the whole run's, requests are summed, the file of each violation is there", async () => {
    const { code, said } = await merge("conformance");
    expect([code, said]).toEqual([EXIT.violated, ""]);
    const [whole, one, two, all] = ["whole", "1", "2", "merged"].map((name) =>
      dataOf(`conformance-${name}`),
    ) as [ConformanceReport, ConformanceReport, ConformanceReport, ConformanceReport];
    const verdicts = ({ rules }: ConformanceReport) => rules.map(({ id, verdict }) => `${id} ${verdict}`);
    expect(verdicts(all)).toEqual(verdicts(whole));
    const probes = ({ probes: { each } }: ConformanceReport) => each.map(({ probe }) => probe);
    expect(probes(one).filter((probe) => probes(two).includes(probe))).toEqual([]);
    expect([...probes(one), ...probes(two)].sort()).toEqual([...probes(whole)].sort());
    expect(all.requests).toBe(one.requests + two.requests);
    expect(all.probes.run).toBe(whole.probes.run);
    const [violation] = all.rules.find(({ id }) => id === "CON-4")?.violations ?? [];
    expect(textOf("conformance-merged", violation?.counterexample ?? "")).toContain('"CON-4"');
    expect(textOf("conformance-merged", "report.html")).toContain('id="violation-CON-4"');
  });
});

describe.each(["explore", "prove", "conformance"])("%s: what is not one run", (name) => {
  const [one, two] = [`${name}-1`, `${name}-2`];

  /** The second shard with something changed. */
  function changed(into: string, change: object): string {
    const folder = `${name}-${into}`;
    mkdirSync(join(io.cwd, folder), { recursive: true });
    const shard = JSON.parse(textOf(two, "shard.json")) as object;
    writeFileSync(join(io.cwd, folder, "shard.json"), JSON.stringify({ ...shard, ...change }));
    return folder;
  }

  test.each([
    ["a shard is missing", () => [one], "shard 2/2 missing: run with --shard 2/2"],
    ["one is there twice", () => [one, two, two], `shard 2/2 is there 2 times: ${two}, ${two}`],
    ["another version", () => [one, changed("version", { version: "0.0.1" })], "made by the versions"],
    ["another seed", () => [one, changed("seed", { seed: 8 })], "seeds 1 and 8"],
    ["other settings", () => [one, changed("settings", { settings: "00" })], "not of one run: settings"],
    ["another cut", () => [one, changed("cut", { shard: { index: 2, of: 3 } })], "numbers of shards 2 and 3"],
  ])("%s: one sentence, exit 2", async (_, shards, sentence) => {
    const { code, said } = await run("report", "merge", ...shards());
    expect(code).toBe(EXIT.usage);
    expect(said).toContain(sentence);
    expect(said.trim().split("\n")).toHaveLength(1);
  });
});
