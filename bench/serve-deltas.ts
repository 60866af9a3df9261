/**
 * Owns the figure of a delta as its account grows: 100 changes out of very many records against the same out of few.
 * Refuses to compare across stores.
 */

import { join } from "node:path";
import type { StoreName } from "../src/live/store-name.ts";
import { compare, type Side } from "./compare.ts";
import { type Bench, endServers, startOurs } from "./serve-calls.ts";
import { atMost, count, type Section } from "./serve-table.ts";

const CHANGES = 100;
const FEW = 1_000;
const READERS = 4;
const AIM = 1.5;
/** A million records of the memory store are more than Node takes for its heap by itself. */
const HEAP = ["--max-old-space-size=8192"];

export async function measureDeltas(bench: Bench, many: number): Promise<readonly Section[]> {
  const stores: readonly StoreName[] = [
    { kind: "memory" },
    { kind: "sqlite", file: join(bench.folder, "many.db") },
  ];
  const sections: Section[] = [];
  for (const store of stores) sections.push(await measureStore(bench, store, many));
  return sections;
}

async function measureStore(bench: Bench, store: StoreName, many: number): Promise<Section> {
  const { server, port } = await startOurs({ store, logLevel: bench.logLevel }, HEAP);
  const beganAt = performance.now();
  const few = await server.ask("fill", { token: "tok-a", records: FEW, changes: CHANGES });
  const lots = await server.ask("fill", { token: "tok-b", records: many, changes: CHANGES });
  const filled = (performance.now() - beganAt) / 1_000;
  const get = (name: string, token: string, since: string): Side => ({
    name,
    server,
    load: {
      port,
      token,
      callers: READERS,
      work: { kind: "get", target: `/api/sync/changes?since=${since}` },
    },
  });
  const out = `out of ${count(many)}`;
  const comparison = await compare(
    bench.client,
    [get(`out of ${count(FEW)}`, "tok-a", few), get(out, "tok-b", lots)],
    bench.length,
  );
  await endServers();
  return {
    title: `Delta of ${CHANGES} changes as the account grows, ${store.kind} store`,
    rows: [
      atMost(
        `time ${out} to out of ${count(FEW)}`,
        1 / comparison.ratio(out, `out of ${count(FEW)}`, "rate"),
        AIM,
      ),
      atMost(`CPU ${out} to out of ${count(FEW)}`, comparison.ratio(out, `out of ${count(FEW)}`, "cpu"), AIM),
    ],
    notes: [...comparison.notes(), `filled in ${filled.toFixed(0)} s, not over HTTP`],
  };
}
