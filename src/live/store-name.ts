/**
 * Owns the names of stores as people write them: `memory`, `sqlite:<file>`, `redis:<url>`.
 * Refuses to open one.
 */

export type StoreName =
  | { readonly kind: "memory" }
  | { readonly kind: "sqlite"; readonly file: string; readonly pagesMax?: number }
  | { readonly kind: "redis"; readonly url: string };

/** Where the address of Redis stands when it holds a password. */
const REDIS_URL_VARIABLE = "ZEKE_REDIS_URL";

/** The store of this name, or what is wrong with it, in one sentence. */
export function parseStoreName(
  text: string,
  env: Readonly<Record<string, string | undefined>>,
): StoreName | { readonly fault: string } {
  if (text === "memory") return { kind: "memory" };
  if (text.startsWith("sqlite:")) {
    const file = text.slice("sqlite:".length);
    return file === "" ? { fault: "sqlite: needs a file, as in sqlite:./sync.db" } : { kind: "sqlite", file };
  }
  if (text === "redis" || text.startsWith("redis:")) {
    return redisOf(text === "redis" ? undefined : text.slice("redis:".length), env[REDIS_URL_VARIABLE]);
  }
  return { fault: `"${text}" is no store: memory, sqlite:<file> or redis:<url>` };
}

function redisOf(text: string | undefined, fromEnv: string | undefined): ReturnType<typeof parseStoreName> {
  if (text === undefined) {
    return fromEnv === undefined || fromEnv === ""
      ? { fault: `redis needs an address: --store redis:<url>, or the variable ${REDIS_URL_VARIABLE}` }
      : checkRedisUrl(fromEnv, REDIS_URL_VARIABLE);
  }
  // `redis:redis://host` and `redis://host` are the same.
  const url = text.startsWith("//") ? `redis:${text}` : text;
  const checked = checkRedisUrl(url, "--store");
  if ("fault" in checked) return checked;
  return new URL(url).password === ""
    ? checked
    : {
        fault: `a password on the command line can be read by every user of the machine: use --store redis and the variable ${REDIS_URL_VARIABLE}`,
      };
}

function checkRedisUrl(url: string, where: string): ReturnType<typeof parseStoreName> {
  const protocol = URL.canParse(url) ? new URL(url).protocol : "";
  return protocol === "redis:" || protocol === "rediss:"
    ? { kind: "redis", url }
    : { fault: `${where}: the address of Redis is written redis://host:port/db or rediss://...` };
}
