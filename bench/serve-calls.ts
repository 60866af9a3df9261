/**
 * Owns the comparison of serve's calls with the yardsticks: conditional PATCH with a key, and deltas, over each store.
 * Refuses to know how a load is made.
 */

import { join } from "node:path";
import { type Comparison, compare, type Length, type Side } from "./compare.ts";
import { startRedis } from "./redis-process.ts";
import type { ClientCalls } from "./serve-client.ts";
import { Child } from "./serve-process.ts";
import type { Listening, ServerCalls } from "./serve-server.ts";
import { atLeast, atMost, type Row, type Section } from "./serve-table.ts";

export interface Bench {
  readonly client: Child<ClientCalls>;
  readonly length: Length;
  /** How many writers are many. */
  readonly manyCallers: number;
  /** A folder of this run's own, on the disk that is measured. */
  readonly folder: string;
  readonly logLevel: string;
  /** Where a CPU profile of the memory store's PATCH goes. */
  readonly profile?: string;
}

type Server = Child<ServerCalls>;

const TOKENS = { "tok-a": "a", "tok-b": "b" };
const CALLERS = 50;
const DELTA = { token: "tok-b", records: 1_000, changes: 10 };

const started: Server[] = [];

function startServer(nodeOptions: readonly string[] = []): Server {
  const server: Server = new Child("./serve-server.ts", 0, nodeOptions);
  started.push(server);
  return server;
}

/** Ends every server that was started and still runs. */
export async function endServers(): Promise<void> {
  for (const server of started.splice(0)) await server.end();
}

export async function startOurs(
  listening: Omit<Listening, "tokens"> & Partial<Pick<Listening, "tokens">>,
  nodeOptions: readonly string[] = [],
): Promise<{ readonly server: Server; readonly port: number }> {
  const server = startServer(nodeOptions);
  return { server, port: await server.ask("sync", { tokens: TOKENS, ...listening }) };
}

export async function startBare(
  kind: "bare" | "express",
): Promise<{ readonly server: Server; readonly port: number }> {
  const server = startServer();
  return { server, port: await server.ask(kind, undefined) };
}

let loads = 0;

function patch(
  name: string,
  { server, port }: { readonly server: Server; readonly port: number },
  callers: number,
  creates: boolean,
): Side {
  const work = { kind: "patch", tag: `w${loads++}`, creates } as const;
  return { name, server, load: { port, token: "tok-a", callers, work } };
}

/** PATCH and deltas over the memory store, against both yardsticks. */
export async function measureMemory(bench: Bench): Promise<readonly Section[]> {
  const ours = await startOurs({ store: { kind: "memory" }, logLevel: bench.logLevel });
  const bare = await startBare("bare");
  const express = await startBare("express");
  if (bench.profile !== undefined) await ours.server.ask("profile", undefined);
  const patches = await compare(
    bench.client,
    [
      patch("node:http", bare, CALLERS, false),
      patch("memory", ours, CALLERS, true),
      patch("Express 5", express, CALLERS, false),
    ],
    bench.length,
  );
  if (bench.profile !== undefined) await ours.server.ask("profiled", bench.profile);

  const since = await ours.server.ask("fill", DELTA);
  const target = `/api/sync/changes?since=${since}`;
  const answer = await fetch(`http://127.0.0.1:${ours.port}${target}`, {
    headers: { authorization: `Bearer ${DELTA.token}` },
  });
  const text = await answer.text();
  await bare.server.ask("answerWith", text);
  await express.server.ask("answerWith", text);
  const get = (name: string, { server, port }: typeof ours): Side => ({
    name,
    server,
    load: { port, token: DELTA.token, callers: CALLERS, work: { kind: "get", target } },
  });
  const deltas = await compare(
    bench.client,
    [get("node:http", bare), get("memory", ours), get("Express 5", express)],
    bench.length,
  );
  return [
    {
      title: `Conditional PATCH with key, ${CALLERS} writers, memory store`,
      rows: againstBoth(patches),
      notes: patches.notes(),
    },
    {
      title: `Delta of ${DELTA.changes} changes, ${CALLERS} readers, memory store`,
      rows: againstBoth(deltas),
      notes: deltas.notes(),
    },
  ];
}

function againstBoth(comparison: Comparison): readonly Row[] {
  return [
    atLeast("requests/s to bare node:http", comparison.ratio("memory", "node:http", "rate"), 0.6),
    byCpu(comparison, "memory", "node:http"),
    atLeast("requests/s to bare Express 5", comparison.ratio("memory", "Express 5", "rate"), 3),
    byCpu(comparison, "memory", "Express 5"),
  ];
}

/** What the rates would come to if each server had its core to itself and never waited: steadier on a busy machine. */
function byCpu(comparison: Comparison, name: string, base: string): Row {
  const figure = 1 / comparison.ratio(name, base, "cpu");
  return { what: `  the same by the server's CPU time per request`, figure: figure.toFixed(2) };
}

/** PATCH over SQLite with full durability, against node:http and against one commit per call. */
export async function measureSqlite(bench: Bench): Promise<readonly Section[]> {
  const { logLevel, folder, manyCallers } = bench;
  const store = (name: string) => ({ kind: "sqlite", file: join(folder, name) }) as const;
  const bare = await startBare("bare");
  const ours = await startOurs({ store: store("joined.db"), logLevel });
  const alone = await startOurs({ store: store("alone.db"), logLevel, alone: true });
  const sections: Section[] = [];
  for (const [callers, aim] of [
    [CALLERS, 0.4],
    [manyCallers, 0.5],
  ] as const) {
    const comparison = await compare(
      bench.client,
      [
        patch("node:http", bare, callers, false),
        patch("SQLite", ours, callers, true),
        patch("SQLite, one commit per call", alone, callers, true),
      ],
      bench.length,
    );
    sections.push({
      title: `Conditional PATCH with key, ${callers} writers, SQLite with full durability`,
      rows: [
        atLeast("requests/s to bare node:http", comparison.ratio("SQLite", "node:http", "rate"), aim),
        byCpu(comparison, "SQLite", "node:http"),
        atLeast(
          "requests/s to one commit per call",
          comparison.ratio("SQLite", "SQLite, one commit per call", "rate"),
          5,
        ),
        atMost("p99 to that of bare node:http", comparison.ratio("SQLite", "node:http", "p99Ms"), 3),
      ],
      notes: comparison.notes(),
    });
  }
  return sections;
}

/** PATCH over a Redis of this run's own, for information; nothing when there is no redis-server. */
export async function measureRedis(bench: Bench): Promise<readonly Section[]> {
  const redis = await startRedis(bench.folder);
  if (redis === undefined) return [];
  try {
    const bare = await startBare("bare");
    const ours = await startOurs({ store: { kind: "redis", url: redis.url }, logLevel: bench.logLevel });
    const comparison = await compare(
      bench.client,
      [patch("node:http", bare, CALLERS, false), patch("Redis", ours, CALLERS, true)],
      bench.length,
    );
    return [
      {
        title: `Conditional PATCH with key, ${CALLERS} writers, Redis (for information; it has no core of its own)`,
        rows: [
          {
            what: "requests/s to bare node:http",
            figure: comparison.ratio("Redis", "node:http", "rate").toFixed(2),
          },
          byCpu(comparison, "Redis", "node:http"),
        ],
        notes: comparison.notes(),
      },
    ];
  } finally {
    await endServers();
    await redis.end();
  }
}
