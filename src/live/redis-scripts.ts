/**
 * Owns the scripts that run in Redis: each is one atomic step on the keys of one account, or of one token.
 * Refuses to know what steps mean: to Redis they are text.
 */

import type { AccountId } from "../protocol/messages.ts";
import type { RedisKeys } from "./redis-keys.ts";
import { type RedisLink, Script } from "./redis-link.ts";
import type { Parcel } from "./redis-stage.ts";

/** Stream entries in one answer. */
export const ENTRIES_MAX = 256;
/** How long the snapshot before stays, for those who are reading it. */
const GRACE_SECONDS = 60;

/** One entry of an account's stream: its id, and kind, text, kind, text. */
export type Entry = readonly [id: string, texts: readonly string[]];

export type Told =
  /** All is stored; `id` is the stream's end, `before` what it was. */
  | { readonly told: "done"; readonly id: string; readonly before: string }
  /** Nothing is stored: the stream goes on after what was expected, and these come next. */
  | { readonly told: "behind"; readonly entries: readonly Entry[] }
  /** Nothing is stored: the stream no longer reaches back that far, or never had this entry. */
  | { readonly told: "lost" };

/**
 * Adds entries at the end of an account's stream, if it ends where the sender believes, and wakes the others. Without
 * entries it tells whether the sender is up to date. `blind` adds them wherever the stream ends.
 * The entry at which a snapshot was taken is never trimmed, so a stream that is there is never empty.
 */
const APPEND = new Script(`
local tail = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)
local before = '0-0'
if tail[1] then before = tail[1][1] end
local expected = ARGV[1]
if before ~= expected and ARGV[2] == '0' then
  if expected == '0-0' then
    if redis.call('EXISTS', KEYS[2]) == 1 then return {'lost'} end
  elseif #redis.call('XRANGE', KEYS[1], expected, expected) == 0 then
    return {'lost'}
  end
  return {'behind', redis.call('XRANGE', KEYS[1], '(' .. expected, '+', 'COUNT', ARGV[3])}
end
local id = before
local at = 6
while at <= #ARGV do
  local size = tonumber(ARGV[at])
  id = redis.call('XADD', KEYS[1], '*', unpack(ARGV, at + 1, at + size))
  at = at + size + 1
end
if at > 6 then redis.call('PUBLISH', ARGV[4], ARGV[5]) end
return {'done', id, before}
`);

/**
 * Makes a snapshot that was written whole the account's base, if the base is still the one that it replaces, and the
 * stream still goes on from the snapshot: nothing that no base holds is ever trimmed.
 */
const REBASE = new Script(`
local former = redis.call('HGET', KEYS[2], 'name') or ''
if former ~= ARGV[1] then return 0 end
if redis.call('LLEN', KEYS[3]) ~= tonumber(ARGV[4]) then return 0 end
if #redis.call('XRANGE', KEYS[1], ARGV[3], ARGV[3]) == 0 then return 0 end
redis.call('PERSIST', KEYS[3])
redis.call('HSET', KEYS[2], 'name', ARGV[2], 'last', ARGV[3], 'texts', ARGV[4])
redis.call('XTRIM', KEYS[1], 'MINID', ARGV[3])
if former ~= '' then redis.call('EXPIRE', KEYS[4], ARGV[5]) end
return 1
`);

/** Deletes a lock that is still one's own. */
const UNLOCK = new Script(`
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
`);

/** What a snapshot replaces, and what it is. */
export interface Rebase {
  /** The name of the base before; empty for none. */
  readonly former: string;
  readonly name: string;
  /** The id of the newest entry in it. */
  readonly last: string;
  readonly texts: number;
}

export class RedisScripts {
  private readonly link: RedisLink;
  private readonly keys: RedisKeys;
  private readonly instance: string;

  constructor(link: RedisLink, keys: RedisKeys, instance: string) {
    this.link = link;
    this.keys = keys;
    this.instance = instance;
  }

  /** Rejects with StoreUnavailable; then the parcel may be stored or not. */
  async append(account: AccountId, expected: string, parcel: Parcel, blind = false): Promise<Told> {
    const { keys } = this;
    const wake = `${this.instance}\n${account}`;
    const args: (string | number)[] = [expected, blind ? 1 : 0, ENTRIES_MAX, keys.wakes, wake];
    for (const entry of parcel.entries) {
      args.push(entry.length);
      // By hand: an entry may be longer than a call may have arguments.
      for (const text of entry) args.push(text);
    }
    const answer = await this.link.run(APPEND, [keys.log(account), keys.base(account)], args);
    const [told, second, third] = answer as [Told["told"], unknown, unknown];
    switch (told) {
      case "done":
        return { told, id: second as string, before: third as string };
      case "behind":
        return { told, entries: second as readonly Entry[] };
      default:
        return { told: "lost" };
    }
  }

  /** False when another snapshot came first. */
  async rebase(account: AccountId, { former, name, last, texts }: Rebase): Promise<boolean> {
    const { keys } = this;
    const names = [
      keys.log(account),
      keys.base(account),
      keys.snapshot(account, name),
      keys.snapshot(account, former),
    ];
    return (await this.link.run(REBASE, names, [former, name, last, texts, GRACE_SECONDS])) === 1;
  }

  async unlock(key: string, nonce: string): Promise<void> {
    await this.link.run(UNLOCK, [key], [nonce]);
  }
}

/** Who wakes for which account; undefined for what no instance of this says: the channel is open to all of Redis. */
export function readWake(
  message: string,
): { readonly instance: string; readonly account: AccountId } | undefined {
  const end = message.indexOf("\n");
  if (end < 0) return undefined;
  return { instance: message.slice(0, end), account: message.slice(end + 1) as AccountId };
}

/** True when a stream id comes after another. */
export function isAfter(id: string, other: string): boolean {
  const [ms = "", count = ""] = id.split("-");
  const [otherMs = "", otherCount = ""] = other.split("-");
  return ms === otherMs ? Number(count) > Number(otherCount) : Number(ms) > Number(otherMs);
}
