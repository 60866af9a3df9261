/**
 * Owns how many bytes a message would take on the wire, by estimate: the simulation sends no bytes.
 * Refuses to be exact: text counts one byte a UTF-16 unit, headers a fixed sum. Records are measured once.
 */

/** Request line, headers that every call carries, and TLS framing. */
export const HEADER_BYTES = 420;
export const FRAME_BYTES = 8;

const measured = new WeakMap<object, number>();
const DEPTH_MAX = 64;

/** Bytes of a value's JSON text, about. */
export function jsonBytes(value: unknown, depth = 0): number {
  if (typeof value === "string") return value.length + 2;
  if (typeof value !== "object" || value === null) return 5;
  // A record travels many times; what wraps it travels once, and is cheaper measured than remembered.
  const isRecord = "updatedAt" in value && "id" in value;
  const known = isRecord ? measured.get(value) : undefined;
  if (known !== undefined) return known;
  let bytes = 2;
  if (depth < DEPTH_MAX) {
    if (Array.isArray(value)) for (const item of value) bytes += jsonBytes(item, depth + 1) + 1;
    else
      for (const name in value)
        bytes += name.length + 4 + jsonBytes((value as Record<string, unknown>)[name], depth + 1);
  }
  if (isRecord) measured.set(value, bytes);
  return bytes;
}
