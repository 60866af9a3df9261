/**
 * Owns the device side of the live bench: a fleet that is judged, autocannon beside it, and bare sockets of the fleet's
 * own kind, each on a server that is there.
 * Refuses to judge what it measured. Figures are of the steady middle of each: what is done once is not in them.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import autocannon from "autocannon";
import { FleetLines } from "../src/live/fleet-lines.ts";
import { Ledger } from "../src/live/ledger.ts";
import { LiveTarget } from "../src/live/live-target.ts";
import { type BusyFleetOptions, busyFleet } from "./scale-live-fleet.ts";
import { answerParent } from "./serve-process.ts";

/** CPU time is of this process, all threads, microseconds. */
export interface ClientFigures {
  readonly requests: number;
  readonly cpu: number;
  readonly seconds: number;
  /** Of autocannon: answers that were not 2xx. Of the fleet: rules that it saw broken. */
  readonly faults: number;
  readonly facts: number;
}

export interface SocketFigures {
  readonly open: number;
  /** Of this process, for each socket. */
  readonly rssBytes: number;
  readonly heapBytes: number;
}

interface Shooting {
  readonly url: string;
  readonly tokens: readonly string[];
  readonly seconds: number;
  readonly work: BusyFleetOptions["work"];
}

const CONNECTIONS = 64;
const WARM_SECONDS = 1;
const OPEN_WITHIN_MS = 120_000;

function since(cpu: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(cpu);
  return user + system;
}

/** The same work as the fleet's, without anybody who looks at the answers: edits of what is there, or full syncs. */
async function shoot({ url, tokens, seconds, work }: Shooting): Promise<ClientFigures> {
  const requests = tokens.map((token, nth) => {
    const headers = { authorization: `Bearer ${token}`, "x-device-id": `shooter-${nth}` };
    if (work === "refresh") return { method: "GET", path: "/api/sync/changes", headers };
    return {
      method: "PATCH",
      path: "/api/contacts/shot",
      headers: { ...headers, "content-type": "application/json", "idempotency-key": "[<id>]" },
      body: '{"name":"name [<id>]","phone":"+49 30 1234567"}',
    };
  });
  const run = (duration: number) =>
    autocannon({ url, connections: CONNECTIONS, duration, idReplacement: work === "write", requests });
  await run(WARM_SECONDS);
  const cpu = process.cpuUsage();
  const result = await run(seconds);
  return {
    requests: result["2xx"] + result.non2xx,
    cpu: since(cpu),
    seconds: result.duration,
    faults: result.non2xx + result.errors,
    facts: 0,
  };
}

/** Makes what is shot at. */
async function prepare(url: string, tokens: readonly string[]): Promise<void> {
  for (const token of tokens) {
    const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
    const answer = await fetch(`${url}/api/contacts`, {
      method: "POST",
      headers,
      body: '{"id":"shot","name":"first"}',
    });
    await answer.arrayBuffer();
    if (answer.status !== 201 && answer.status !== 409) throw new Error(`what is shot at: ${answer.status}`);
  }
}

async function drive(url: string, options: BusyFleetOptions): Promise<ClientFigures> {
  const folder = mkdtempSync(join(tmpdir(), "zeke-bench-"));
  const prefix = "zsbench";
  const limits = {
    concurrency: CONNECTIONS,
    requestsPerSecond: 100_000,
    requestsMax: 10_000_000,
    timeoutMs: 10_000,
  };
  const target = new LiveTarget({ baseUrl: url, limits, headers: {}, paths: new Map() });
  const ledger = Ledger.create(
    join(folder, "ledger.jsonl"),
    { schema: "zeke-sync/ledger@1", runId: "bench", prefix, url },
    { tokens: options.tokens, prefix: `${prefix}.` },
  );
  try {
    return await busyFleet({ ...options, url, prefix: `${prefix}${options.round}.f-`, target, ledger });
  } finally {
    await target.close();
    ledger.close();
    rmSync(folder, { recursive: true });
  }
}

async function settled(): Promise<NodeJS.MemoryUsage> {
  for (let pass = 0; pass < 4; pass++) {
    (globalThis as { gc?: () => void }).gc?.();
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  return process.memoryUsage();
}

/** Opens so many sockets of the fleet's kind; each is open when it was told `ready`. */
async function openSockets(url: string, tokens: readonly string[], count: number): Promise<SocketFigures> {
  const lines = new FleetLines(url, {}, new Map(), (what) => what());
  let ready = 0;
  const connect = (nth: number): void => {
    const token = tokens[nth % tokens.length] ?? "";
    const headers = { authorization: `Bearer ${token}`, "x-device-id": `line-${nth}` };
    lines.connect(
      { path: "/api/sync/events", headers },
      { opened: () => {}, text: () => void ready++, closed: () => {} },
    );
  };
  const until = async (wanted: number): Promise<void> => {
    const untilMs = performance.now() + OPEN_WITHIN_MS;
    while (ready < wanted && performance.now() < untilMs)
      await new Promise((resolve) => setTimeout(resolve, 20));
  };
  // What the first sockets bring with them is not what each costs.
  const first = Math.ceil(count / 50);
  for (let nth = 0; nth < first; nth++) connect(nth);
  await until(first);
  const before = await settled();
  for (let nth = first; nth < count; nth++) connect(nth);
  await until(count);
  const after = await settled();
  const { open } = lines;
  lines.closeAll();
  const each = count - first;
  return {
    open,
    rssBytes: (after.rss - before.rss) / each,
    heapBytes: (after.heapUsed - before.heapUsed) / each,
  };
}

const CALLS = {
  prepare: ({ url, tokens }: { readonly url: string; readonly tokens: readonly string[] }) =>
    prepare(url, tokens),
  shoot: (shooting: Shooting) => shoot(shooting),
  drive: ({ url, options }: { readonly url: string; readonly options: BusyFleetOptions }) =>
    drive(url, options),
  sockets: (given: { readonly url: string; readonly tokens: readonly string[]; readonly count: number }) =>
    openSockets(given.url, given.tokens, given.count),
};

export type LiveClientCalls = typeof CALLS;

answerParent(CALLS);
