/**
 * Owns how requests and texts are shown to people: as a curl command that can be run, and without any secret.
 * Refuses to know where secrets come from: it is handed them.
 */

import type { HttpRequest } from "./target.ts";

/** Shorter ones stand in too many words by chance; where a header holds one, it is hidden by the header's name. */
const SECRET_CHARS_MIN = 4;
const HIDDEN = "***";
const HIDDEN_HEADERS = new Set(["authorization", "cookie", "webhook-signature", "proxy-authorization"]);

/** Takes every secret out of a text. */
export type Redact = (text: string) => string;

/** Hides these wherever they stand, as they are and percent-encoded. */
export function redactor(secrets: readonly string[]): Redact {
  const hidden = [...new Set(secrets.flatMap((secret) => [secret, encodeURIComponent(secret)]))]
    .filter((secret) => secret.length >= SECRET_CHARS_MIN)
    // A secret that holds another goes first.
    .sort((left, right) => right.length - left.length);
  return (text) => hidden.reduce((shown, secret) => shown.replaceAll(secret, HIDDEN), text);
}

/** `value` with every text in it redacted, names of members too. */
export function redactAll<T>(value: T, redact: Redact): T {
  return redactedAny(value, redact) as T;
}

function redactedAny(value: unknown, redact: Redact): unknown {
  if (typeof value === "string") return redact(value);
  if (Array.isArray(value)) return value.map((one) => redactedAny(one, redact));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, one]) => [redact(name), redactedAny(one, redact)]),
  );
}

const BODY_CHARS_MAX = 2_000;

/** One request as a command for a shell; what is secret stands as `***`, and so do the values of `hidden` headers. */
export function curlOf(
  { method, path, headers, body }: HttpRequest,
  baseUrl: string,
  redact: Redact,
  hidden: ReadonlySet<string> = new Set(),
): string {
  const parts = ["curl", ...(method === "GET" ? [] : ["-X", method]), quoted(`${baseUrl}${path}`)];
  for (const [name, value] of Object.entries(headers))
    parts.push("-H", quoted(`${name}: ${shownHeader(name, value, hidden)}`));
  if (body !== undefined) {
    const rest = body.length - BODY_CHARS_MAX;
    parts.push(
      "--data-binary",
      quoted(rest > 0 ? `${body.slice(0, BODY_CHARS_MAX)}… and ${rest} more` : body),
    );
  }
  return redact(parts.join(" "));
}

function shownHeader(name: string, value: string, hidden: ReadonlySet<string>): string {
  if (!HIDDEN_HEADERS.has(name) && !hidden.has(name)) return value;
  return /^bearer /i.test(value) ? `Bearer ${HIDDEN}` : HIDDEN;
}

/** For a POSIX shell. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
