/**
 * Owns the settings of a live proxy: their shape, their defaults, and the ProxyConfig that they make.
 * Refuses to read files and flags: it is given values, and says in a sentence what is wrong with them.
 */

import { z } from "zod";
import { type EpochMs, parseDuration, SECOND_MS } from "../base/time.ts";
import { ENTITIES } from "../protocol/entity.ts";
import { type AccountId, CONFLICT_MODES } from "../protocol/messages.ts";
import type { ProxyConfig } from "../proxy/port.ts";
import { BORDER_LIMITS, type BorderLimits } from "./limits.ts";

const Duration = z
  .string()
  .refine((text) => parseDuration(text) !== undefined, "a time is written like 90s, 4h or 30d")
  .transform((text) => (parseDuration(text) ?? 0) / SECOND_MS);
const Count = z.number().int().positive();

/** What may change while the server runs. */
const Conflicts = z.strictObject({
  mode: z.enum(CONFLICT_MODES).default("enforce"),
  ifMatch: z.enum(["optional", "required"]).default("optional"),
  resolvedBy: z.enum(["server", "client"]).default("server"),
});

/** A token's account, and the instant at which it ends by itself [SEC-5]. */
const Lease = z.strictObject({
  account: z.string().min(1),
  expires: z.iso.datetime({ offset: true, error: "an instant is written 2030-01-31T12:00:00Z" }),
});

/** Token to account. Tokens are what `Authorization: Bearer` can carry. */
export const Tokens = z
  .record(
    z.string().regex(/^\S+$/, "a token has no spaces"),
    z.union(
      [z.string().min(1), Lease],
      "a token has an account, such as ann or { account: ann, expires: 2030-01-31T12:00:00Z }",
    ),
  )
  .refine((tokens) => Object.keys(tokens).length > 0, "there is no token in it");

/** [DLT-12] deltas are paged over less than this, and the floor must not pass a sync under way. */
const RETENTION_SECONDS_MIN = 1;
/** [IDM-10] at least 7 days. */
const KEYS_DEFAULT = "7d";

const RECOVER_EVERY_MS = 30_000;

export const Settings = z.strictObject({
  conflicts: Conflicts.prefault({}),
  tokens: Tokens.default({ "tok-a": "a", "tok-b": "b" }),
  /** How long tombstones and the log are kept, at least. */
  retention: Duration.prefault("30d").refine(
    (seconds) => seconds >= RETENTION_SECONDS_MIN,
    "retention is at least 1s",
  ),
  /** How long answers are remembered under their keys. */
  idempotencyTtl: Duration.prefault(KEYS_DEFAULT),
  limits: z
    .strictObject({
      bodyBytesMax: Count.default(1_048_576),
      mutationsMax: Count.default(100),
      deltaLimitMax: Count.default(500),
      listLimitMax: Count.default(500),
      replayMax: Count.default(10_000),
      socketBacklogMax: Count.default(1_000),
      requestsPerSecondMax: Count.optional(),
      socketsPerAccountMax: Count.default(BORDER_LIMITS.socketsPerAccountMax),
      framesPerSecondMax: Count.default(BORDER_LIMITS.framesPerSecondMax),
      requestTimeout: Duration.prefault("30s"),
    })
    .prefault({}),
  /** For a store of that kind. */
  redis: z
    .strictObject({
      /** What all keys begin with. */
      prefix: z.string().min(1).default("zeke"),
      /** The address is that of one node of a Redis Cluster. */
      cluster: z.boolean().default(false),
    })
    .prefault({}),
  push: z
    .strictObject({
      entities: z.array(z.enum(ENTITIES)).default([...ENTITIES]),
      /** Changes this close together become one push [PSH-4]; PSH-1 leaves 5 s. */
      coalesce: Duration.prefault("1s").refine((seconds) => seconds <= 4, "coalesce is at most 4s"),
      receiptDelay: Duration.prefault("15m"),
    })
    .prefault({}),
});
export type Settings = z.infer<typeof Settings>;
export type SettingsInput = z.input<typeof Settings>;

/** The accounts of a tokens file, as a map that may be changed while the server runs; without tokens that have ended. */
export function accountsOf(tokens: Settings["tokens"], nowMs: EpochMs): Map<string, AccountId> {
  return new Map(
    Object.entries(tokens).flatMap(([token, to]): readonly (readonly [string, AccountId])[] => {
      if (typeof to === "string") return [[token, to as AccountId]];
      return Date.parse(to.expires) <= nowMs ? [] : [[token, to.account as AccountId]];
    }),
  );
}

/** When the next of these tokens ends; undefined: none does. */
export function nextExpiryMs(tokens: Settings["tokens"], nowMs: EpochMs): EpochMs | undefined {
  const ends = Object.values(tokens).flatMap((to) =>
    typeof to === "string" ? [] : [Date.parse(to.expires)],
  );
  const ahead = ends.filter((atMs) => atMs > nowMs);
  return ahead.length === 0 ? undefined : Math.min(...ahead);
}

/** What the engines are configured with. `accounts` is shared: what becomes of it later counts at once. */
export function proxyConfigOf(
  settings: Settings,
  accounts: ReadonlyMap<string, AccountId>,
  has: { readonly webhooks: boolean; readonly sharedStore: boolean },
): ProxyConfig {
  const { conflicts, limits, push } = settings;
  const { bodyBytesMax, mutationsMax, deltaLimitMax, listLimitMax, replayMax, socketBacklogMax } = limits;
  return {
    accounts,
    phases: [1, 2, 3, 4, 5],
    conflicts,
    limits: { bodyBytesMax, mutationsMax, deltaLimitMax, listLimitMax, replayMax, socketBacklogMax },
    retentionSeconds: settings.retention,
    idempotencyTtlSeconds: settings.idempotencyTtl,
    push: {
      entities: push.entities,
      coalesceMs: push.coalesce * SECOND_MS,
      receiptDelaySeconds: push.receiptDelay,
      ...(has.sharedStore ? { recoverEveryMs: RECOVER_EVERY_MS } : undefined),
    },
    webhooks: has.webhooks,
  };
}

export function borderLimitsOf({ limits }: Settings): BorderLimits {
  const { requestsPerSecondMax, socketsPerAccountMax, framesPerSecondMax, requestTimeout } = limits;
  const requestTimeoutMs = requestTimeout * SECOND_MS;
  return { requestsPerSecondMax, socketsPerAccountMax, framesPerSecondMax, requestTimeoutMs };
}
