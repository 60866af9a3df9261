/**
 * Owns the making of a live proxy from its settings: store, push, service, exchange, figures; and what may change of
 * it while it runs.
 * Refuses to listen anywhere: http-server.ts and mount.ts do.
 */

import type { EpochMs } from "../base/time.ts";
import type { AccountId } from "../protocol/messages.ts";
import { type Clock, SYSTEM_CLOCK } from "./clock.ts";
import type { DurableStore } from "./durable.ts";
import { Exchange, type Exchanged } from "./exchange.ts";
import { createExpoGateway } from "./expo-gateway.ts";
import { Figures } from "./figures.ts";
import type { BorderLimits } from "./limits.ts";
import { createMemoryDurable } from "./memory-durable.ts";
import type { PushGateway } from "./push-gateway.ts";
import type { Observer, ServiceOptions } from "./service.ts";
import { SyncService } from "./service.ts";
import {
  accountsOf,
  borderLimitsOf,
  nextExpiryMs,
  proxyConfigOf,
  Settings,
  type SettingsInput,
} from "./settings.ts";
import type { StoreName } from "./store-name.ts";
import { StoreRefused } from "./store-refused.ts";
import type { WebhookSecret } from "./webhook-signature.ts";

export interface OpenOptions {
  /** Where it keeps what it is told; memory when it is not given. */
  readonly store?: StoreName;
  /** What a settings file would hold; defaults for what is missing. */
  readonly settings?: SettingsInput;
  readonly webhookSecrets?: readonly WebhookSecret[];
  readonly push?: { readonly baseUrl?: string; readonly accessToken?: string };
  /** For tests: a clock in their hand, a store of their own, a provider of their own. */
  readonly clock?: Clock;
  readonly durable?: DurableStore;
  readonly gateway?: PushGateway;
  readonly observer?: Observer;
  readonly plant?: ServiceOptions["plant"];
  /** Told of each exchange. */
  exchanged?(exchanged: Exchanged): void;
}

/** A live proxy, open and listening nowhere yet. */
export class Sync {
  readonly service: SyncService;
  readonly exchange: Exchange;
  readonly figures: Figures;
  readonly clock: Clock;
  readonly durable: DurableStore;
  private border: BorderLimits;
  private readonly accounts: Map<string, AccountId>;
  private closing = false;
  private forgetExpiry: () => void = () => {};

  constructor(options: OpenOptions, durable: DurableStore) {
    const settings = Settings.parse(options.settings ?? {});
    const webhookSecrets = options.webhookSecrets ?? [];
    this.clock = options.clock ?? SYSTEM_CLOCK;
    this.durable = durable;
    this.accounts = accountsOf(settings.tokens, this.clock.nowMs());
    this.border = borderLimitsOf(settings);
    const config = proxyConfigOf(settings, this.accounts, {
      webhooks: webhookSecrets.length > 0,
      sharedStore: options.store?.kind === "redis",
    });
    this.figures = new Figures({
      config,
      durable,
      clock: this.clock,
      sockets: () => this.service.socketCount,
    });
    this.service = new SyncService({
      config,
      durable,
      clock: this.clock,
      push: options.gateway ?? createExpoGateway({ ...options.push, isBounded: options.plant === undefined }),
      observer: both(this.figures.observer, options.observer),
      ...(options.plant === undefined ? undefined : { plant: options.plant }),
    });
    this.exchange = new Exchange({
      service: this.service,
      clock: this.clock,
      limits: () => this.border,
      webhookSecrets,
      exchanged: (exchanged) => {
        this.figures.exchanged(exchanged);
        options.exchanged?.(exchanged);
      },
    });
    this.planExpiry(settings.tokens, this.clock.nowMs());
  }

  limits = (): BorderLimits => this.border;

  /**
   * Takes over what may change while it runs: modes, tokens, and the limits of the border. Sockets stay open, but for
   * those whose token is gone [SEC-5, FLG-1]. Throws ZodError, and changes nothing, when the settings are wrong.
   */
  reload(input: SettingsInput): void {
    const settings = Settings.parse(input);
    this.border = borderLimitsOf(settings);
    this.service.reconfigure(settings.conflicts);
    this.takeTokens(settings.tokens);
  }

  /** [SEC-5] those that are good now; again when the next of them ends. */
  private takeTokens(tokens: Settings["tokens"]): void {
    const nowMs = this.clock.nowMs();
    const accounts = accountsOf(tokens, nowMs);
    const formerly = [...this.accounts.values()];
    for (const token of this.accounts.keys()) if (!accounts.has(token)) this.accounts.delete(token);
    for (const [token, account] of accounts) this.accounts.set(token, account);
    this.service.recheckTokens(formerly);
    this.planExpiry(tokens, nowMs);
  }

  private planExpiry(tokens: Settings["tokens"], nowMs: EpochMs): void {
    this.forgetExpiry();
    const atMs = nextExpiryMs(tokens, nowMs);
    this.forgetExpiry =
      atMs === undefined ? () => {} : this.clock.after(atMs - nowMs, () => this.takeTokens(tokens));
  }

  /** Why calls cannot be served now, in a few words; undefined when they can. */
  trouble(): string | undefined {
    return this.closing ? "closing" : this.durable.trouble();
  }

  /** From now on `/readyz` sends callers elsewhere; calls are still answered. */
  beginClose(): void {
    this.closing = true;
  }

  get isClosing(): boolean {
    return this.closing;
  }

  /** Stores what is under way and lets go of everything. Servers over it are closed before. */
  async close(): Promise<void> {
    this.closing = true;
    this.forgetExpiry();
    await this.service.close();
  }
}

/** Opens a live proxy. Rejects with StoreRefused when its store cannot be opened, with ZodError for bad settings. */
export async function openSync(options: OpenOptions = {}): Promise<Sync> {
  const { redis } = Settings.parse(options.settings ?? {});
  const durable = options.durable ?? (await openStore(options.store ?? { kind: "memory" }, redis));
  return new Sync(options, durable);
}

async function openStore(name: StoreName, redis: Settings["redis"]): Promise<DurableStore> {
  switch (name.kind) {
    case "memory":
      return createMemoryDurable();
    case "sqlite": {
      checkNodeApi(process.versions);
      const { createSqliteDurable } = await import("./sqlite-durable.ts");
      return createSqliteDurable({
        file: name.file,
        ...(name.pagesMax === undefined ? undefined : { pagesMax: name.pagesMax }),
      });
    }
    case "redis": {
      const { createRedisDurable } = await import("./redis-durable.ts");
      return createRedisDurable({ url: name.url, ...redis });
    }
  }
}

/** better-sqlite3 is built for this Node-API, and older Nodes die of it without a word. */
const NODE_API_MIN = 10;

/** Throws StoreRefused on a Node that SQLite would end with a segmentation fault. */
export function checkNodeApi({ node, napi = "0" }: NodeJS.ProcessVersions): void {
  if (Number(napi) >= NODE_API_MIN) return;
  throw new StoreRefused(
    `the SQLite store needs Node 22.14 or newer, and this is ${node}: run a newer Node, or use --store memory or redis:<url>`,
  );
}

function both(first: Observer, second: Observer | undefined): Observer {
  if (second === undefined) return first;
  return {
    committed: (commit) => {
      first.committed?.(commit);
      second.committed?.(commit);
    },
    sent: (frame) => {
      first.sent?.(frame);
      second.sent?.(frame);
    },
    closed: (code) => {
      first.closed?.(code);
      second.closed?.(code);
    },
    pushed: (outcome, count) => {
      first.pushed?.(outcome, count);
      second.pushed?.(outcome, count);
    },
    receipts: (outcome, count) => {
      first.receipts?.(outcome, count);
      second.receipts?.(outcome, count);
    },
    trouble: (what, error) => {
      first.trouble?.(what, error);
      second.trouble?.(what, error);
    },
  };
}
