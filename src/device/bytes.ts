/**
 * Owns the estimate of how many bytes a value takes as JSON: never too small, and cheap.
 * Refuses to make the text.
 */

import type { Json } from "../base/canonical-json.ts";

const ESCAPED = 6;
const WIDE = 3;

/** An upper bound of the UTF-8 bytes of the value's JSON. */
export function measure(value: Json | undefined): number {
  if (value === undefined || value === null) return 4;
  if (typeof value === "string") return measureText(value);
  if (typeof value !== "object") return 24;
  let bytes = 2;
  if (Array.isArray(value)) {
    for (const item of value as readonly Json[]) bytes += measure(item) + 1;
    return bytes;
  }
  const members = value as { readonly [member: string]: Json };
  for (const name of Object.keys(members)) bytes += measureText(name) + 2 + measure(members[name]);
  return bytes;
}

function measureText(text: string): number {
  let bytes = 2;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x20 || (unit >= 0xd800 && unit < 0xe000)) bytes += ESCAPED;
    else if (unit === 0x22 || unit === 0x5c) bytes += 2;
    else bytes += unit < 0x80 ? 1 : WIDE;
  }
  return bytes;
}
