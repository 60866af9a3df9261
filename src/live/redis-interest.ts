/**
 * Owns which accounts this instance serves sockets of: nobody says when the last socket is gone, but who is told that
 * an account moved and does not look has none.
 * Refuses to know sockets.
 */

import type { EpochMs } from "../base/time.ts";
import type { AccountId } from "../protocol/messages.ts";

/** How long after a move nobody may have looked before the interest is over: far above a late turn of the loop. */
const UNSEEN_MS_MAX = 60_000;

interface Interest {
  lookedMs: EpochMs;
  /** When it moved first since it was looked at; undefined: it did not. */
  movedMs: EpochMs | undefined;
}

export class RedisInterest {
  private readonly byAccount = new Map<AccountId, Interest>();

  get size(): number {
    return this.byAccount.size;
  }

  get accounts(): Iterable<AccountId> {
    return this.byAccount.keys();
  }

  has(account: AccountId): boolean {
    return this.byAccount.has(account);
  }

  /** A socket is about to be opened. */
  begin(account: AccountId, nowMs: EpochMs): void {
    this.byAccount.set(account, { lookedMs: nowMs, movedMs: undefined });
  }

  /** The watch was asked about the account. */
  looked(account: AccountId, nowMs: EpochMs): void {
    const interest = this.byAccount.get(account);
    if (interest === undefined) return;
    interest.lookedMs = nowMs;
    interest.movedMs = undefined;
  }

  /** The watch shows more of the account, and its sockets are told. */
  moved(account: AccountId, nowMs: EpochMs): void {
    const interest = this.byAccount.get(account);
    if (interest !== undefined) interest.movedMs ??= nowMs;
  }

  /** Forgets the accounts that moved without anybody looking. */
  lapse(nowMs: EpochMs): void {
    for (const [account, { movedMs }] of this.byAccount) {
      if (movedMs !== undefined && nowMs - movedMs > UNSEEN_MS_MAX) this.byAccount.delete(account);
    }
  }
}
