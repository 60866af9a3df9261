/**
 * Owns whom a push token belongs to, across accounts: one key per token names the account, and a lock per token keeps
 * two registrations from passing each other [PSH-3, SEC-3].
 * Refuses to know devices: within an account a token is the fold's.
 */

import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { EpochMs } from "../base/time.ts";
import type { AccountId } from "../protocol/messages.ts";
import { StoreUnavailable } from "./durable.ts";
import { STREAM_START } from "./redis-fold.ts";
import type { RedisKeys } from "./redis-keys.ts";
import type { RedisLink } from "./redis-link.ts";
import type { RedisScripts } from "./redis-scripts.ts";
import { type Parcel, parcelOf } from "./redis-stage.ts";

/** Far above what a registration takes: an instance that is held up for longer may leave a token in two accounts. */
const LOCK_MS = 15_000;
const LOCK_ATTEMPTS_MAX = 60;
const LOCK_RETRY_MS = 50;
/** [PSH-3] whoever registered it before, and whenever. */
const EVER: EpochMs = Number.MAX_SAFE_INTEGER;

export interface TokenRoom {
  readonly link: RedisLink;
  readonly keys: RedisKeys;
  readonly scripts: RedisScripts;
  /** A step was added to an account's stream, whichever instance serves it. */
  touched(account: AccountId): void;
}

export class RedisTokens {
  private readonly room: TokenRoom;

  constructor(room: TokenRoom) {
    this.room = room;
  }

  /**
   * Takes the tokens that a parcel registers away from other accounts, and holds them until the returned function is
   * called: then the parcel is stored, or nobody has them.
   */
  async claim(account: AccountId, parcel: Parcel): Promise<() => Promise<void>> {
    const tokens = new Set<string>();
    for (const step of parcel.steps) if (step.step === "register") tokens.add(step.registration.token);
    const held: string[] = [];
    const nonce = randomUUID();
    const release = async (): Promise<void> => {
      for (const key of held) await this.room.scripts.unlock(key, nonce).catch(() => {});
    };
    try {
      // In one order, so that two who want the same do not wait for each other.
      for (const token of [...tokens].sort((left, right) => (left < right ? -1 : 1))) {
        const key = this.room.keys.tokenLock(token);
        await this.lock(key, nonce);
        held.push(key);
        await this.take(account, token);
      }
    } catch (error) {
      await release();
      throw error;
    }
    return release;
  }

  /** [PSH-6] ends a token wherever it is registered, unless it was registered again after `sentAtMs`. */
  async end(token: string, sentAtMs: EpochMs): Promise<void> {
    const { link, keys } = this.room;
    const owner = await link.call("GET", keys.tokenOwner(token));
    if (typeof owner === "string") await this.endIn(owner as AccountId, token, sentAtMs);
  }

  private async take(account: AccountId, token: string): Promise<void> {
    const { link, keys } = this.room;
    const key = keys.tokenOwner(token);
    const owner = await link.call("GET", key);
    if (owner === account) return;
    if (typeof owner === "string") await this.endIn(owner as AccountId, token, EVER);
    await link.call("SET", key, account);
  }

  private async endIn(account: AccountId, token: string, sentAtMs: EpochMs): Promise<void> {
    await this.room.scripts.append(
      account,
      STREAM_START,
      parcelOf({ step: "end_token", token, sentAtMs }),
      true,
    );
    this.room.touched(account);
  }

  private async lock(key: string, nonce: string): Promise<void> {
    for (let attempt = 0; attempt < LOCK_ATTEMPTS_MAX; attempt++) {
      if ((await this.room.link.call("SET", key, nonce, "NX", "PX", LOCK_MS)) !== null) return;
      await sleep(LOCK_RETRY_MS);
    }
    throw new StoreUnavailable("a push token is being registered by others");
  }
}
