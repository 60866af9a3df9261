/**
 * Owns a reference on the loopback for benches of the suite: on a store, under settings, with a fault in it or none,
 * as one server or as several over one store.
 * Refuses to judge it.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { faultByName } from "../src/faults/all.ts";
import type { Clock } from "../src/live/clock.ts";
import { startHttpServer } from "../src/live/http-server.ts";
import { openSync } from "../src/live/open.ts";
import type { SettingsInput } from "../src/live/settings.ts";
import type { StoreName } from "../src/live/store-name.ts";
import { parseWebhookSecret } from "../src/live/webhook-signature.ts";
import { REFERENCE } from "../src/simulation/parts.ts";
import { startInTurn } from "./in-turn.ts";
import { type RedisProcess, startRedis } from "./redis-process.ts";

/** What webhooks are signed with, in every bench. */
export const WEBHOOK_SECRET = "whsec_emVrZS1zeW5jLWJlbmNoLXNlY3JldA==";

export const STORES = ["memory", "sqlite", "redis"] as const;
export type StoreKind = (typeof STORES)[number];

export interface LiveTargetOptions {
  readonly store: StoreKind;
  readonly settings: SettingsInput;
  /** Where its calls to Expo go. */
  readonly pushUrl: string;
  readonly fault?: string;
  /** Servers over one store, asked in turn; more than one needs Redis. */
  readonly instances?: number;
  /** A server's hour is a second here, or whatever this makes of it. */
  readonly clock?: Clock;
}

export interface BenchTarget {
  readonly url: string;
  close(): Promise<void>;
}

/** Starts it. Rejects where the store is not to be had. */
export async function startTarget(options: LiveTargetOptions): Promise<BenchTarget> {
  const folder = mkdtempSync(join(tmpdir(), "zeke-bench-"));
  const redis = options.store === "redis" ? await startRedis(folder) : undefined;
  const opened: { close(): Promise<void> }[] = [];
  const close = async (): Promise<void> => {
    for (const one of opened.toReversed()) await one.close();
    await redis?.end();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const urls: string[] = [];
    for (let nth = 0; nth < (options.instances ?? 1); nth++) {
      const instance = await startInstance(options, storeOf(options.store, folder, redis));
      opened.push(instance);
      urls.push(instance.url);
    }
    const [only] = urls;
    if (urls.length === 1 && only !== undefined) return { url: only, close };
    const front = await startInTurn(urls);
    opened.push(front);
    return { url: front.url, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function startInstance(options: LiveTargetOptions, store: StoreName): Promise<BenchTarget> {
  const { settings, pushUrl, fault, clock } = options;
  const secret = parseWebhookSecret(WEBHOOK_SECRET);
  if ("fault" in secret) throw new Error(secret.fault);
  const planted = fault === undefined ? undefined : faultByName(fault);
  if (fault !== undefined && planted === undefined) throw new Error(`there is no fault ${fault}`);
  const sync = await openSync({
    store,
    settings,
    webhookSecrets: [secret],
    push: { baseUrl: pushUrl },
    ...(clock === undefined ? {} : { clock }),
    ...(planted === undefined ? {} : { plant: (parts) => planted.plant({ ...REFERENCE, ...parts }) }),
  });
  const server = await startHttpServer(sync, { host: "127.0.0.1", port: 0 });
  return {
    url: server.url,
    close: async () => {
      await server.close();
      await sync.close();
    },
  };
}

function storeOf(kind: StoreKind, folder: string, redis: RedisProcess | undefined): StoreName {
  if (kind === "memory") return { kind };
  if (kind === "sqlite") return { kind, file: join(folder, "log.db") };
  if (redis === undefined) throw new Error("redis-server is not on the PATH");
  return { kind, url: redis.url };
}
