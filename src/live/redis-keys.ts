/**
 * Owns the names under which things lie in Redis. All keys of an account carry one hash tag, so that they share a slot
 * and one script may touch them all, and a Redis Cluster spreads accounts [SEC-3: and no two accounts share a name].
 * Refuses to know what lies there.
 */

import { assert } from "../base/assert.ts";
import type { AccountId } from "../protocol/messages.ts";

const PREFIX_FORM = /^[A-Za-z0-9_.:-]{1,64}$/;

export class RedisKeys {
  private readonly prefix: string;

  /** `prefix` parts installations that share a server. A brace in it would put every key into one slot. */
  constructor(prefix: string) {
    assert(PREFIX_FORM.test(prefix), "a key prefix is 1 to 64 of A-Z a-z 0-9 _ . : -");
    this.prefix = prefix;
  }

  /** The stream of an account's steps. */
  log(account: AccountId): string {
    return this.ofAccount(account, "log");
  }

  /** Where the account's snapshot is, and up to where it goes. */
  base(account: AccountId): string {
    return this.ofAccount(account, "base");
  }

  snapshot(account: AccountId, name: string): string {
    return this.ofAccount(account, `snapshot:${name}`);
  }

  /** Held by the instance that is writing a snapshot. */
  snapshotLock(account: AccountId): string {
    return this.ofAccount(account, "snapshot-lock");
  }

  /** The account that a push token belongs to. */
  tokenOwner(token: string): string {
    return `${this.prefix}:token:{${tagOf(token)}}:owner`;
  }

  /** Held while a push token moves. */
  tokenLock(token: string): string {
    return `${this.prefix}:token:{${tagOf(token)}}:lock`;
  }

  /** Every instance that ran and did not take its leave. */
  get instances(): string {
    return `${this.prefix}:instances`;
  }

  /** There as long as the instance shows signs of life. */
  alive(instance: string): string {
    return `${this.prefix}:alive:${instance}`;
  }

  /** The accounts for which an instance has pushes to send. */
  pending(instance: string): string {
    return `${this.prefix}:pending:${instance}`;
  }

  get receipts(): string {
    return `${this.prefix}:receipts`;
  }

  /** The channel by which instances wake each other. */
  get wakes(): string {
    return `${this.prefix}:wakes`;
  }

  private ofAccount(account: AccountId, what: string): string {
    return `${this.prefix}:{${tagOf(account)}}:${what}`;
  }
}

/** Text as it may stand in a hash tag: never empty, no brace in it, and no two texts alike. */
function tagOf(text: string): string {
  const plain = text.replace(
    /[^A-Za-z0-9_.-]/gu,
    (letter) => `%${(letter.codePointAt(0) ?? 0).toString(16)};`,
  );
  return plain === "" ? "%" : plain;
}
