/**
 * Owns the live kill table: the reference is served with each planted fault of the proxy in turn, and `conformance` is
 * run against it; a fault that none of its own rules catches has survived, and ends the bench with 1.
 * Refuses to decide what a fault needs: kill-plan.ts does. Everything is on the loopback.
 *
 * npm run bench:kill -- [--only name,name] [--shard 1/2] [--lanes 3] [--seed 1] [--seeds 3] [--out file]
 */

import { appendFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { FAULTS, faultByName } from "../src/faults/all.ts";
import type { Fault } from "../src/faults/fault.ts";
import { freePort, judge, rulesOf } from "./judged.ts";
import { type Attempt, attemptsOn, BEYOND, type Ground, groundOf } from "./kill-plan.ts";
import { startTarget } from "./live-target.ts";

interface Row {
  readonly fault: string;
  /** The rule that it was caught under; undefined: none of its own. */
  readonly under: string | undefined;
  /** Other rules that were seen to be broken. */
  readonly others: readonly string[];
  readonly seconds: number;
  readonly waited: number;
  readonly requests: number;
  readonly runs: number;
  readonly trouble: string;
}

const { values: flags } = parseArgs({
  options: {
    only: { type: "string" },
    shard: { type: "string", default: "1/1" },
    lanes: { type: "string", default: "3" },
    seed: { type: "string", default: "1" },
    seeds: { type: "string", default: "3" },
    out: { type: "string" },
  },
});

const faults = chosen();
const rows: Row[] = [];
say(header());
const began = performance.now();
const queue = [...faults];
await Promise.all(Array.from({ length: Number(flags.lanes) }, lane));
tell();
process.exit(rows.every(({ under }) => under !== undefined) ? 0 : 1);

async function lane(): Promise<void> {
  for (let fault = queue.shift(); fault !== undefined; fault = queue.shift()) {
    const row = await hunt(fault);
    rows.push(row);
    say(line(row));
  }
}

/** A fault's attempts, one after the other, until one of its own rules catches it. */
async function hunt(fault: Fault): Promise<Row> {
  const others = new Set<string>();
  const beganMs = performance.now();
  let [requests, waited, runs, trouble] = [0, 0, 0, ""];
  let under: string | undefined;
  for (const attempt of attemptsOn(fault, Number(flags.seed), Number(flags.seeds))) {
    const { code, report, trouble: said } = await tried(fault, attempt);
    runs++;
    requests += report?.requests ?? 0;
    waited += report?.waitedMs ?? 0;
    const broken = rulesOf(report, "violated").map(({ id }) => id);
    if (code === BEYOND[fault.name]) under = `exit ${code}`;
    if (code === 1) under = broken.find((rule) => isNamed(fault, rule));
    for (const rule of broken) if (rule !== under) others.add(rule);
    if (code !== 1 && code !== 0 && code !== 5 && under === undefined) trouble = `exit ${code}: ${said}`;
    if (under !== undefined) break;
  }
  const seconds = (performance.now() - beganMs) / 1_000;
  const told = { others: [...others], seconds, waited: waited / 1_000, requests, runs, trouble };
  return { fault: fault.name, under, ...told };
}

/** One that names no rule of the proxy's own may be caught under any. */
function isNamed({ rules }: Fault, rule: string): boolean {
  return rules.includes(rule) || rules.every((one) => one.startsWith("SYS-"));
}

async function tried(fault: Fault, attempt: Attempt) {
  const port = await freePort();
  const ground: Ground = groundOf(fault, Date.now());
  const target = await startTarget({ ...ground, fault: fault.name, pushUrl: `http://127.0.0.1:${port}` });
  try {
    const words = [target.url, "--seed", String(attempt.seed), "--wait", attempt.wait, "--fail-fast"];
    const asked = attempt.rules.flatMap((rule) => ["--rule", rule]);
    return await judge(
      [...words, ...asked, "--level", "should", "--push-sink", String(port)],
      ground.profile.join("\n"),
    );
  } finally {
    await target.close();
  }
}

function chosen(): readonly Fault[] {
  const all = FAULTS.filter(({ side }) => side === "proxy");
  if (flags.only !== undefined)
    return flags.only.split(",").map((name) => {
      const fault = faultByName(name);
      if (fault === undefined) throw new Error(`there is no fault ${name}`);
      return fault;
    });
  const [index = 1, count = 1] = flags.shard.split("/").map(Number);
  return all.filter((_, at) => at % count === index - 1);
}

function header(): string {
  const names = "fault".padEnd(36) + "caught under".padEnd(14);
  return `${names}${"s".padStart(7)}${"waited".padStart(8)}${"requests".padStart(10)}${"runs".padStart(6)}  also`;
}

function line({ fault, under, others, seconds, waited, requests, runs, trouble }: Row): string {
  const figures = `${seconds.toFixed(1).padStart(7)}${waited.toFixed(1).padStart(8)}${String(requests).padStart(10)}`;
  const also = [others.join(" "), trouble].filter((one) => one !== "").join(" · ");
  return `${fault.padEnd(36)}${(under ?? "SURVIVES").padEnd(14)}${figures}${String(runs).padStart(6)}  ${also}`;
}

function tell(): void {
  const survivors = rows.filter(({ under }) => under === undefined);
  const notOwn = rows.filter(
    ({ fault, under }) =>
      under !== undefined && BEYOND[fault] === undefined && faultByName(fault)?.rules[0] !== under,
  );
  const seconds = ((performance.now() - began) / 1_000).toFixed(0);
  const requests = rows.reduce((sum, row) => sum + row.requests, 0);
  say("");
  say(`${rows.length} faults, ${rows.length - survivors.length} caught; ${seconds} s, ${requests} requests`);
  if (notOwn.length > 0)
    say(
      `caught under a rule that they name, not their first: ${notOwn.map(({ fault }) => fault).join(", ")}`,
    );
  for (const { fault, others } of survivors)
    say(`survives: ${fault}${others.length > 0 ? ` (only under ${others.join(", ")})` : ""}`);
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
  if (flags.out === undefined) return;
  if (rows.length === 0 && text === header()) writeFileSync(flags.out, "");
  appendFileSync(flags.out, `${text}\n`);
}
