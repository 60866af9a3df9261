/**
 * Owns how many bytes a message would take on the wire, by estimate: the simulation sends no bytes.
 * Refuses to be exact: text counts one byte a UTF-16 unit, headers a fixed sum.
 */

/** Request line, headers that every call carries, and TLS framing. */
export const HEADER_BYTES = 420;
export const FRAME_BYTES = 8;

const DEPTH_MAX = 64;

/** Bytes of a value's JSON text, about. */
export function jsonBytes(value: unknown, depth = 0): number {
  if (typeof value === "string") return value.length + 2;
  if (typeof value !== "object" || value === null) return 5;
  let bytes = 2;
  if (depth >= DEPTH_MAX) return bytes;
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) bytes += jsonBytes(value[i], depth + 1) + 1;
    return bytes;
  }
  const members = value as Readonly<Record<string, unknown>>;
  for (const name in members) bytes += name.length + 4 + jsonBytes(members[name], depth + 1);
  return bytes;
}
