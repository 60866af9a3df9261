/**
 * Owns the roll of instances: who shows signs of life, for which accounts each has pushes to send, and what the dead
 * left behind. Pushes of an instance that only seemed dead may be sent twice, never not at all [PSH-1].
 * Refuses to know what a push says.
 */

import type { AccountId } from "../protocol/messages.ts";
import type { RedisKeys } from "./redis-keys.ts";
import type { RedisLink } from "./redis-link.ts";

/** An instance that showed no sign of life for this long is taken for dead. */
const ALIVE_SECONDS = 45;
/** How often a sign of life is given, and the dead are looked for. */
export const BEAT_EVERY_MS = 15_000;

/** What another instance has to send, or had. */
export interface Estate {
  readonly instance: string;
  readonly isDead: boolean;
  readonly accounts: readonly AccountId[];
}

export class RedisInstances {
  readonly own: string;
  private readonly link: RedisLink;
  private readonly keys: RedisKeys;

  constructor(link: RedisLink, keys: RedisKeys, own: string) {
    this.link = link;
    this.keys = keys;
    this.own = own;
  }

  /** Gives a sign of life. True when this instance was not on the roll: it is new, or was taken for dead. */
  async beat(): Promise<boolean> {
    await this.link.call("SET", this.keys.alive(this.own), "1", "EX", ALIVE_SECONDS);
    return (await this.link.call("SADD", this.keys.instances, this.own)) === 1;
  }

  /** Notes that this instance may have pushes to send for an account. Before the first of them is stored. */
  async list(account: AccountId): Promise<void> {
    await this.link.call("SADD", this.keys.pending(this.own), account);
  }

  async unlist(account: AccountId): Promise<void> {
    await this.link.call("SREM", this.keys.pending(this.own), account);
  }

  /** What all others have on their lists, the living included. */
  async estates(): Promise<readonly Estate[]> {
    const instances = (await this.link.call("SMEMBERS", this.keys.instances)) as readonly string[];
    const others = instances.filter((instance) => instance !== this.own);
    return Promise.all(
      others.map(async (instance) => {
        const [alive, accounts] = await Promise.all([
          this.link.call("EXISTS", this.keys.alive(instance)),
          this.link.call("SMEMBERS", this.keys.pending(instance)),
        ]);
        return { instance, isDead: alive === 0, accounts: accounts as readonly AccountId[] };
      }),
    );
  }

  /** Strikes a dead instance off the roll, once all that it left is on this instance's list. */
  async bury({ instance, accounts }: Estate): Promise<void> {
    // Only what was read: the dead may rise, and list more.
    if (accounts.length > 0) await this.link.call("SREM", this.keys.pending(instance), ...accounts);
    await this.link.call("SREM", this.keys.instances, instance);
  }

  /** Leaves the roll; what is still to be sent is for the others at once. */
  async leave(nothingLeft: boolean): Promise<void> {
    await this.link.call("DEL", this.keys.alive(this.own));
    if (!nothingLeft) return;
    await this.link.call("DEL", this.keys.pending(this.own));
    await this.link.call("SREM", this.keys.instances, this.own);
  }
}
