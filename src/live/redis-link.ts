/**
 * Owns the connections to Redis and the scripts that run there: every call answers within its time or fails, and every
 * failure is a StoreUnavailable that tells nothing of addresses, passwords and payloads.
 * Refuses to know what is stored. Commands are never sent twice: whoever asked decides about that.
 */

import { createHash } from "node:crypto";
import { Cluster, Redis, type RedisOptions } from "ioredis";
import { StoreUnavailable } from "./durable.ts";

/** How long Redis may take to answer before the caller is told 503. */
export const COMMAND_TIMEOUT_MS = 2_000;
/** How long a connection may take to be made. */
export const CONNECT_TIMEOUT_MS = 5_000;
const RECONNECT_FIRST_MS = 50;
const RECONNECT_MAX_MS = 1_000;

type Argument = string | number;

export interface LinkOptions {
  /** redis:// or rediss://, with user, password and database where they are needed. */
  readonly url: string;
  /** True when the URL names one node of a Redis Cluster. */
  readonly cluster: boolean;
  readonly commandTimeoutMs: number;
}

/** A Lua script, and its name on the server. */
export class Script {
  readonly lua: string;
  readonly sha: string;

  constructor(lua: string) {
    this.lua = lua;
    this.sha = createHash("sha1").update(lua).digest("hex");
  }
}

export class RedisLink {
  private readonly client: Redis | Cluster;
  private closed = false;
  /** The last call was not answered in time. */
  private silent = false;

  constructor(options: LinkOptions) {
    this.client = connect(options);
    // Without a listener every failed reconnection would be printed, addresses and all.
    this.client.on("error", () => {});
  }

  get isReady(): boolean {
    return this.client.status === "ready";
  }

  /** undefined: ready. */
  trouble(): string | undefined {
    if (!this.isReady) return "redis is not reachable";
    return this.silent ? "redis does not answer" : undefined;
  }

  /** Calls `run` now if the connection stands, and whenever it stands again. */
  onReady(run: () => void): void {
    this.client.on("ready", run);
    if (this.isReady) run();
  }

  /** Fulfils when the connection stands; rejects with StoreUnavailable when it does not within the time. */
  ready(withinMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new StoreUnavailable("redis is not reachable")), withinMs);
      this.onReady(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  async call(command: string, ...args: readonly Argument[]): Promise<unknown> {
    try {
      return this.heard(await this.client.call(command, ...args));
    } catch (error) {
      throw this.failed(error);
    }
  }

  /** Runs a script. Its keys are all in one slot. */
  async run(script: Script, keys: readonly string[], args: readonly Argument[]): Promise<unknown> {
    try {
      return this.heard(await this.client.evalsha(script.sha, keys.length, ...keys, ...args));
    } catch (error) {
      if (codeOf(error) !== "NOSCRIPT") throw this.failed(error);
      // Nothing was run: this server has not seen the script yet.
      return this.call("EVAL", script.lua, keys.length, ...keys, ...args);
    }
  }

  /** Listens on a channel from now on, and again after each loss of the connection; then calls `resumed`. */
  subscribe(channel: string, heard: (message: string) => void, resumed: () => void): void {
    this.client.on("message", (_channel: string, message: string) => heard(message));
    this.onReady(() => {
      this.client.subscribe(channel).then(resumed, () => {
        // The connection went again; its return tries again.
      });
    });
  }

  close(): void {
    this.closed = true;
    this.client.disconnect();
  }

  private heard(answer: unknown): unknown {
    this.silent = false;
    return answer;
  }

  /** The error itself is let go of: it may hold the command, with what a user wrote. */
  private failed(error: unknown): StoreUnavailable {
    if (this.closed) return new StoreUnavailable("the store is closed");
    const code = codeOf(error);
    if (code !== undefined) return new StoreUnavailable(`redis refused: ${code}`);
    // The client has no other mark for it than this text.
    this.silent = error instanceof Error && error.message === "Command timed out";
    return new StoreUnavailable(this.silent ? "redis does not answer" : "redis is not reachable");
  }
}

/** The word in capitals with which Redis begins what it refuses. */
function codeOf(error: unknown): string | undefined {
  return error instanceof Error ? /^([A-Z]{2,20})(?:\s|$)/.exec(error.message)?.[1] : undefined;
}

function connect({ url, cluster, commandTimeoutMs }: LinkOptions): Redis | Cluster {
  const retryStrategy = (times: number): number => Math.min(RECONNECT_MAX_MS, RECONNECT_FIRST_MS * times);
  const shared = {
    commandTimeout: commandTimeoutMs,
    connectTimeout: CONNECT_TIMEOUT_MS,
    maxRetriesPerRequest: 0,
    // Sent again after a lost answer, a write without a key could take effect twice.
    autoResendUnfulfilledCommands: false,
    autoResubscribe: false,
    // A former primary, after a failover: the connection must find the new one.
    reconnectOnError: (error: Error) => codeOf(error) === "READONLY",
  } satisfies RedisOptions;
  if (!cluster) return new Redis(url, { ...shared, retryStrategy, enableOfflineQueue: false });
  const { hostname, port, username, password, protocol } = new URL(url);
  return new Cluster([{ host: hostname, port: Number(port || 6379) }], {
    clusterRetryStrategy: retryStrategy,
    enableOfflineQueue: false,
    retryDelayOnFailover: 0,
    redisOptions: {
      ...shared,
      ...(username === "" ? undefined : { username: decodeURIComponent(username) }),
      ...(password === "" ? undefined : { password: decodeURIComponent(password) }),
      ...(protocol === "rediss:" ? { tls: {} } : undefined),
    },
  });
}
