/**
 * Owns the figures of a live fleet: its requests per second and core next to autocannon's on the same `serve`, what a live
 * socket takes of the device side, and 10,000 devices for two minutes.
 * Refuses to pass or fail: it prints, with versions and machine, and what was aimed at. Ratios are of rounds in turn.
 *
 *   node --expose-gc bench/scale-live.ts [--quick] [--only ratio,sockets,fleet] [--rounds n]
 */

import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { ownVersion } from "../src/cli/version.ts";
import type { ClientFigures, LiveClientCalls } from "./scale-live-client.ts";
import { Child, PLACES } from "./serve-process.ts";
import type { ServerCalls } from "./serve-server.ts";

const FULL = {
  ratio: { rounds: 5, seconds: 8, accounts: 500, phonesPerAccount: 2, acts: { write: 700, refresh: 2_000 } },
  sockets: { count: 10_000, accounts: 100 },
  fleet: { devices: 10_000, accounts: 3_400, duration: "2m", ramp: "40s", speed: 20 },
};
const QUICK: typeof FULL = {
  ratio: { rounds: 1, seconds: 3, accounts: 20, phonesPerAccount: 2, acts: { write: 200, refresh: 400 } },
  sockets: { count: 1_000, accounts: 20 },
  fleet: { devices: 300, accounts: 100, duration: "8s", ramp: "2s", speed: 20 },
};
type Work = "write" | "refresh";
const WORKS: Readonly<Record<Work, string>> = { write: "edits", refresh: "full syncs" };
const RATIO_AIM = 0.6;
const SOCKET_AIM_KIB = 16;
const KIB = 1_024;
const MAIN = fileURLToPath(new URL("../src/cli/main.ts", import.meta.url));

function line(name: string, figure: string, aim = ""): void {
  console.log(`${name.padEnd(58)} ${figure.padStart(14)}${aim === "" ? "" : `   (aim: ${aim})`}`);
}

function tokensOf(accounts: number): Readonly<Record<string, string>> {
  return Object.fromEntries(Array.from({ length: accounts }, (_, nth) => [`tok-${nth}`, `a${nth}`]));
}

/** A server and a client of their own, and what one asks of the other. */
async function beside<Result>(
  accounts: number,
  ask: (url: string, tokens: readonly string[], client: Child<LiveClientCalls>) => Promise<Result>,
): Promise<Result> {
  const server = new Child<ServerCalls>("serve-server.ts", 0);
  const client = new Child<LiveClientCalls>("scale-live-client.ts", 1, ["--expose-gc"]);
  try {
    const tokens = tokensOf(accounts);
    const port = await server.ask("sync", { store: { kind: "memory" }, tokens, logLevel: "error" });
    return await ask(`http://127.0.0.1:${port}`, Object.keys(tokens), client);
  } finally {
    await client.end();
    await server.end();
  }
}

function microseconds({ cpu, requests }: ClientFigures): number {
  return cpu / Math.max(1, requests);
}

function middle(values: readonly number[]): number {
  return values.toSorted((left, right) => left - right)[Math.floor(values.length / 2)] ?? Number.NaN;
}

async function ratio(work: Work, size: (typeof FULL)["ratio"]): Promise<void> {
  const { rounds, seconds, accounts, phonesPerAccount, acts } = size;
  const shots: ClientFigures[] = [];
  const drives: ClientFigures[] = [];
  await beside(accounts, async (url, tokens, client) => {
    await client.ask("prepare", { url, tokens });
    // The first fleet of a process finds its code cold.
    const options = { tokens, phonesPerAccount, actsPerSecond: acts[work], seconds, work };
    await client.ask("drive", { url, options: { ...options, round: 0 } });
    for (let round = 1; round <= rounds; round++) {
      shots.push(await client.ask("shoot", { url, tokens, seconds, work }));
      drives.push(await client.ask("drive", { url, options: { ...options, round } }));
    }
  });
  const faults = shots.reduce((sum, { faults: some }) => sum + some, 0);
  if (faults > 0) throw new Error(`${faults} shots were not answered with 2xx`);
  const broken = drives.reduce((sum, { faults: some }) => sum + some, 0);
  for (const [nth, shot] of shots.entries()) roundLine(nth + 1, shot, drives[nth] as ClientFigures);
  const shares = drives.map((drive, nth) => microseconds(shots[nth] as ClientFigures) / microseconds(drive));
  line(
    `${WORKS[work]}: requests a second and core, to autocannon's`,
    middle(shares).toFixed(2),
    `${RATIO_AIM}`,
  );
  line(
    "CPU time of a request: the fleet's, autocannon's",
    `${middle(drives.map(microseconds)).toFixed(0)}, ${middle(shots.map(microseconds)).toFixed(0)} us`,
  );
  line("rules that the fleet saw broken", String(broken), "0");
}

function roundLine(round: number, shot: ClientFigures, drive: ClientFigures): void {
  const perCore = (one: ClientFigures): string => Math.round(1e6 / microseconds(one)).toLocaleString("en");
  const perSecond = Math.round(drive.requests / drive.seconds).toLocaleString("en");
  console.log(
    `    round ${round}: autocannon ${perCore(shot)} a second and core, fleet ${perCore(drive)} ` +
      `(${perSecond} requests a second; ${drive.facts.toLocaleString("en")} facts in all)`,
  );
}

async function sockets({ count, accounts }: (typeof FULL)["sockets"]): Promise<void> {
  const figures = await beside(accounts, (url, tokens, client) =>
    client.ask("sockets", { url, tokens, count }),
  );
  line("live sockets open", figures.open.toLocaleString("en"), count.toLocaleString("en"));
  line(
    "memory of a live socket, device side",
    `${(figures.rssBytes / KIB).toFixed(1)} KiB`,
    `${SOCKET_AIM_KIB} KiB`,
  );
  line("of it on the heap of JavaScript", `${(figures.heapBytes / KIB).toFixed(1)} KiB`);
}

/** The command as a user gives it, beside a `serve` as a user starts it. */
async function fleet({ devices, accounts, duration, ramp, speed }: (typeof FULL)["fleet"]): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "zeke-bench-"));
  const file = join(folder, "tokens.yaml");
  const tokens = Object.entries(tokensOf(accounts));
  writeFileSync(file, tokens.map(([token, account]) => `${token}: ${account}\n`).join(""));
  const serve = spawn(process.execPath, [MAIN, "serve", "--port", "0", "--tokens", file, "--quiet"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  try {
    const url = await new Promise<string>((resolve, reject) => {
      serve.stdout.once("data", (text) => resolve(String(text).trim().replace("listening ", "")));
      serve.once("exit", () => reject(new Error("serve ended")));
    });
    const words = ["simulate", "--target", url, "--tokens", file, "--devices", String(devices)];
    words.push("--duration", duration, "--ramp", ramp, "--speed", String(speed));
    const args = [MAIN, ...words, "--report", join(folder, "report")];
    console.log(`\nzeke-sync ${words.join(" ")}`);
    const run = spawn(process.execPath, args, { stdio: ["ignore", "inherit", "inherit"] });
    const code = await new Promise<number | null>((resolve) => run.once("exit", resolve));
    line(`${devices.toLocaleString("en")} live devices for ${duration}: exit code`, String(code), "0");
  } finally {
    serve.kill();
    rmSync(folder, { recursive: true });
  }
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      quick: { type: "boolean", default: false },
      only: { type: "string", default: "ratio,sockets,fleet" },
      rounds: { type: "string" },
    },
  });
  const size = values.quick ? QUICK : FULL;
  const rounds = values.rounds === undefined ? size.ratio.rounds : Number(values.rounds);
  const only = new Set(values.only.split(","));
  console.log(
    `zeke-sync ${ownVersion()} · node ${process.version} · ${cpus()[0]?.model ?? "unknown"} · ${cpus().length} cores · load ${loadavg()[0]?.toFixed(1)}`,
  );
  console.log(PLACES);
  if (only.has("ratio"))
    for (const work of ["refresh", "write"] as const) await ratio(work, { ...size.ratio, rounds });
  if (only.has("sockets")) await sockets(size.sockets);
  if (only.has("fleet")) await fleet(size.fleet);
}

await main();
