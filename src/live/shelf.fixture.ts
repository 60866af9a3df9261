/**
 * Owns the places where live stores lie during a test: memory, a file, a Redis.
 * Refuses to know what is stored.
 */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createMemoryStore } from "../proxy/memory-store.ts";
import type { DurableStore } from "./durable.ts";
import { createMemoryDurable } from "./memory-durable.ts";
import { createRedisDurable } from "./redis-durable.ts";
import { createSqliteDurable } from "./sqlite-durable.ts";

/** One store's place. */
export interface Shelf {
  /** What an instance has of it. */
  open(): Promise<DurableStore>;
  /** After all instances are closed. */
  clear(): Promise<void>;
}

export async function createMemoryShelf(): Promise<Shelf> {
  const store = createMemoryStore();
  return { open: async () => createMemoryDurable(store), clear: async () => {} };
}

/** A file of its own. Instances that are open at once share one store, as they must. */
export async function createSqliteShelf(): Promise<Shelf> {
  const folder = await mkdtemp(join(tmpdir(), "zeke-sync-"));
  let shared: { readonly durable: DurableStore; users: number } | undefined;
  const open = async (): Promise<DurableStore> => {
    shared ??= { durable: createSqliteDurable({ file: join(folder, "sync.db") }), users: 0 };
    const mine = shared;
    mine.users++;
    return handleOf(mine.durable, async () => {
      if (--mine.users > 0) return;
      shared = undefined;
      await mine.durable.close();
    });
  };
  return { open, clear: () => rm(folder, { recursive: true }) };
}

let prefixes = 0;

/** Keys of its own in a Redis. Each instance has connections of its own. */
export async function createRedisShelf(url: string): Promise<Shelf> {
  const prefix = `shelf-${prefixes++}`;
  return { open: () => createRedisDurable({ url, prefix }), clear: async () => {} };
}

/** The same store, but for what closing means. */
function handleOf(durable: DurableStore, close: () => Promise<void>): DurableStore {
  return {
    desk: durable.desk,
    watch: durable.watch,
    transact: (account, work) => durable.transact(account, work),
    upkeep: (work) => durable.upkeep(work),
    open: (account) => durable.open(account),
    onForeign: (tell) => durable.onForeign(tell),
    trouble: () => durable.trouble(),
    close,
  };
}
