/**
 * Owns the figures of event sockets: memory of idle ones, events per second to the sockets of one account, and how long
 * a change takes to them.
 * Refuses to open more sockets than the process may have files.
 */

import { execFileSync } from "node:child_process";
import { type Bench, startOurs } from "./serve-calls.ts";
import { count, median, type Row, type Section } from "./serve-table.ts";

export interface SocketsSize {
  /** Idle sockets in all; the first account has `perAccount` of them. */
  readonly sockets: number;
  readonly perAccount: number;
  readonly runs: number;
  readonly seconds: number;
  readonly writes: number;
}

const AIM = { kibPerSocket: 20, eventsPerSecond: 60_000, medianMs: 50 } as const;
/** Files that a process has open beside its sockets. */
const OTHER_FILES = 200;
const WRITERS = 20;
const PAUSE_MS = 25;

export async function measureSockets(bench: Bench, size: SocketsSize): Promise<readonly Section[]> {
  const { client, logLevel } = bench;
  const room = filesMax() - OTHER_FILES;
  const perAccount = Math.min(size.perAccount, room);
  const accounts = Math.floor(Math.min(size.sockets, room) / perAccount);
  const tokens = Array.from({ length: accounts }, (_, index) => `tok-${index}`);
  const { server, port } = await startOurs({
    store: { kind: "memory" },
    logLevel,
    tokens: Object.fromEntries(tokens.map((token) => [token, `account-${token}`])),
  });
  const before = await server.ask("memory", undefined);
  const open = await client.ask("openCrowd", { port, tokens, perToken: perAccount });
  const after = await server.ask("memory", undefined);
  const kib = (after.rss - before.rss) / 1_024 / open;
  const heapKib = (after.heapUsed - before.heapUsed) / 1_024 / open;

  const spread = await client.ask("spread", { writes: size.writes, pauseMs: PAUSE_MS });
  const rates: number[] = [];
  const notes: string[] = [];
  for (let run = 0; run < size.runs; run++) {
    const cpu = await server.ask("cpu", undefined);
    const fan = await client.ask("fanOut", { writers: WRITERS, seconds: size.seconds, tag: `f${run}` });
    const used = ((await server.ask("cpu", undefined)) - cpu) / 1e6;
    if (fan.missing > 0 || fan.gone > 0) {
      throw new Error(`${fan.missing} of ${fan.events} events did not come, ${fan.gone} sockets were closed`);
    }
    rates.push(fan.events / fan.seconds);
    notes.push(
      `${count(fan.writes)} writes, ${count(fan.events)} events, none missing, in ${fan.seconds.toFixed(1)} s; ` +
        `busy: server ${Math.round((100 * used) / fan.seconds)} %, client ${Math.round(fan.cpu / 1e4 / fan.seconds)} %`,
    );
  }
  await client.ask("closeCrowd", undefined);
  const isShort = open < size.sockets;
  return [
    {
      title: `Event sockets, ${count(open)} open, ${count(perAccount)} of them on one account`,
      rows: rowsOf(kib, rates, spread, perAccount),
      notes: [
        ...(isShort ? [`ulimit -n is ${count(filesMax())}: too low for ${count(size.sockets)} sockets`] : []),
        `of the memory of a socket, ${heapKib.toFixed(1)} KiB are heap`,
        ...notes,
      ],
    },
  ];
}

function rowsOf(
  kib: number,
  rates: readonly number[],
  { medianMs, lastMs }: { readonly medianMs: readonly number[]; readonly lastMs: readonly number[] },
  perAccount: number,
): readonly Row[] {
  const rate = median(rates);
  const half = median(medianMs);
  return [
    {
      what: "memory of the server per idle socket (rss)",
      figure: `${kib.toFixed(1)} KiB`,
      aim: `< ${AIM.kibPerSocket} KiB`,
      isMet: kib < AIM.kibPerSocket,
    },
    {
      what: "events a second, received",
      figure: count(rate),
      aim: `>= ${count(AIM.eventsPerSecond)}`,
      isMet: rate >= AIM.eventsPerSecond,
    },
    {
      what: `from a write's sending to its arrival at half of ${count(perAccount)} sockets`,
      figure: `${half.toFixed(1)} ms`,
      aim: `< ${AIM.medianMs} ms`,
      isMet: half < AIM.medianMs,
    },
    { what: "the same, to the last of them", figure: `${median(lastMs).toFixed(1)} ms` },
    { what: "the worst of all writes, to the last of them", figure: `${Math.max(...lastMs).toFixed(1)} ms` },
  ];
}

/** How many files a child of ours may have open. */
function filesMax(): number {
  const text = execFileSync("sh", ["-c", "ulimit -n"], { encoding: "utf8" }).trim();
  return text === "unlimited" ? Number.MAX_SAFE_INTEGER : Number(text);
}
