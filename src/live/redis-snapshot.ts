/**
 * Owns snapshots: an account's fold written out whole under a name of its own, made the base of the account in one
 * step, and read back by an instance that starts cold. What is superseded or pruned is gone from Redis with it.
 * Refuses to know when one is due by anything but counting.
 */

import { randomUUID } from "node:crypto";
import type { AccountId } from "../protocol/messages.ts";
import { StoreUnavailable } from "./durable.ts";
import { captureOf, Restoring, textCountOf, textsOf } from "./redis-dump.ts";
import { AccountFold } from "./redis-fold.ts";
import type { RedisKeys } from "./redis-keys.ts";
import type { RedisLink } from "./redis-link.ts";
import type { RedisScripts } from "./redis-scripts.ts";

/** A stream of fewer steps is left as it is. */
const STEPS_MIN = 2_000;
/** Texts, and UTF-16 units, in one write; and texts, whole pairs of them, in one read. */
const PAGE_TEXTS_MAX = 500;
const PAGE_LENGTH_MAX = 1_000_000;
/** How long a snapshot that was never finished stays, and nobody else begins one. */
const ABANDONED_SECONDS = 300;
/** A base that is replaced while it is read is read anew, so often. */
const READS_MAX = 8;

export interface SnapshotRoom {
  readonly link: RedisLink;
  readonly keys: RedisKeys;
  readonly scripts: RedisScripts;
}

/**
 * True when the stream holds as much as the account itself: so each step is written at most twice, and what is
 * dropped does not stay for longer than it takes the account to be rewritten once.
 */
export function isSnapshotDue(steps: number, size: number): boolean {
  return steps > Math.max(STEPS_MIN, size);
}

/** Writes a snapshot of the fold as it is now. Nothing happens when another instance is at it, or came first. */
export async function writeSnapshot(room: SnapshotRoom, fold: AccountFold): Promise<void> {
  const { link, keys, scripts } = room;
  const { account } = fold;
  const lock = keys.snapshotLock(account);
  const name = randomUUID();
  if ((await link.call("SET", lock, name, "NX", "EX", ABANDONED_SECONDS)) === null) return;
  try {
    const base = await readBase(room, account);
    // Another instance's is newer than what this one counted from.
    if (base.name !== fold.base && base.name !== "") {
      fold.base = base.name;
      fold.stepsSinceBase = 0;
      return;
    }
    const steps = fold.stepsSinceBase;
    const capture = captureOf(fold);
    await writeTexts(link, keys.snapshot(account, name), textsOf(capture));
    const { last } = capture;
    if (await scripts.rebase(account, { former: base.name, name, last, texts: textCountOf(capture) })) {
      fold.base = name;
      fold.stepsSinceBase -= Math.min(steps, fold.stepsSinceBase);
    } else {
      await link.call("DEL", keys.snapshot(account, name));
    }
  } finally {
    await scripts.unlock(lock, name);
  }
}

/** The account as its base has it; an empty fold where there is none. What the stream has since is still to be read. */
export async function readSnapshot(room: SnapshotRoom, account: AccountId): Promise<AccountFold> {
  for (let read = 0; read < READS_MAX; read++) {
    const base = await readBase(room, account);
    if (base.name === "") return new AccountFold(account);
    const restoring = new Restoring(account);
    if (!(await readTexts(room.link, room.keys.snapshot(account, base.name), base.texts, restoring)))
      continue;
    const fold = restoring.end(base.last);
    fold.base = base.name;
    return fold;
  }
  throw new StoreUnavailable("the snapshot of an account cannot be read");
}

interface Base {
  readonly name: string;
  readonly last: string;
  readonly texts: number;
}

async function readBase({ link, keys }: SnapshotRoom, account: AccountId): Promise<Base> {
  const answer = await link.call("HMGET", keys.base(account), "name", "last", "texts");
  const [name, last, texts] = answer as readonly (string | null)[];
  return { name: name ?? "", last: last ?? "", texts: Number(texts ?? 0) };
}

async function writeTexts(link: RedisLink, key: string, texts: Iterable<string>): Promise<void> {
  let page: string[] = [];
  let length = 0;
  const flush = async (): Promise<void> => {
    await link.call("RPUSH", key, ...page);
    await link.call("EXPIRE", key, ABANDONED_SECONDS);
    page = [];
    length = 0;
  };
  for (const text of texts) {
    page.push(text);
    length += text.length;
    if (page.length >= PAGE_TEXTS_MAX || length >= PAGE_LENGTH_MAX) await flush();
  }
  if (page.length > 0) await flush();
}

/** False when not all of it was there. */
async function readTexts(
  link: RedisLink,
  key: string,
  count: number,
  restoring: Restoring,
): Promise<boolean> {
  const pageFrom = (start: number) =>
    link.call("LRANGE", key, start, start + PAGE_TEXTS_MAX - 1) as Promise<readonly string[]>;
  for (let start = 0; start < count; start += PAGE_TEXTS_MAX) {
    const page = await pageFrom(start);
    if (page.length !== Math.min(PAGE_TEXTS_MAX, count - start)) return false;
    restoring.read(page);
  }
  return true;
}
