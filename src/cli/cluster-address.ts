/**
 * Owns the address of a hunt's queue: as people write it, and as it may be shown.
 * Refuses to connect to it.
 */

import { UsageFault } from "./exit.ts";

/** Where the address of Redis stands when it holds a password. */
const QUEUE_VARIABLE = "ZEKE_QUEUE_URL";
/** The address behind `--queue`: `redis://host:port/db`, or `redis` for the variable's. UsageFault when it is none. */
export function queueAddress(text: string, env: Readonly<Record<string, string | undefined>>): URL {
  if (text === "redis") {
    const kept = env[QUEUE_VARIABLE] ?? "";
    if (!isRedisUrl(kept))
      throw new UsageFault(
        `--queue redis: set the variable ${QUEUE_VARIABLE} to redis://[user:password@]host:port/db`,
      );
    return new URL(kept);
  }
  if (!isRedisUrl(text)) {
    throw new UsageFault(
      `--queue "${text}" is no address of Redis: write redis://host:port/db, or redis with the variable ${QUEUE_VARIABLE}`,
    );
  }
  const url = new URL(text);
  if (url.password !== "") {
    throw new UsageFault(
      `a password on the command line can be read by every user of the machine: use --queue redis and the variable ${QUEUE_VARIABLE}`,
    );
  }
  return url;
}

/** The address as it may be shown. */
export function shownAddress(url: URL): string {
  return `${url.protocol}//${url.host}${url.pathname === "/" ? "" : url.pathname}`;
}

/** Redis could not be reached: exit 3. */
export class QueueUnreachable extends Error {
  override readonly name = "QueueUnreachable";
}

function isRedisUrl(text: string): boolean {
  return URL.canParse(text) && /^rediss?:$/.test(new URL(text).protocol) && new URL(text).hostname !== "";
}
