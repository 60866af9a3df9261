/**
 * Owns the one text that equal JSON values share: members sorted by code unit, no white space (RFC 8785 order).
 * Refuses what JSON cannot say (undefined members are left out, as JSON.stringify does).
 */

/** Any value that JSON can carry. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [member: string]: Json };

/** A JSON object. */
export type JsonObject = { readonly [member: string]: Json };

/** The canonical text of a value: equal values give equal texts, whatever order their members came in. */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value !== "object") return JSON.stringify(value) ?? "null";
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  const source = value as Record<string, unknown>;
  const members: string[] = [];
  for (const name of Object.keys(source).sort(byCodeUnit)) {
    const member = source[name];
    if (member !== undefined) members.push(`${JSON.stringify(name)}:${canonicalJson(member)}`);
  }
  return `{${members.join(",")}}`;
}

/** True when two JSON values are equal, member order apart. */
export function jsonEqual(left: unknown, right: unknown): boolean {
  if (left === right) return true;
  if (left === null || right === null || typeof left !== "object" || typeof right !== "object") return false;
  if (Array.isArray(left) !== Array.isArray(right)) return false;
  if (Array.isArray(left)) {
    const other = right as readonly unknown[];
    return left.length === other.length && left.every((item, index) => jsonEqual(item, other[index]));
  }
  const source = left as Record<string, unknown>;
  const target = right as Record<string, unknown>;
  const names = Object.keys(source);
  return (
    names.length === Object.keys(target).length &&
    names.every((name) => Object.hasOwn(target, name) && jsonEqual(source[name], target[name]))
  );
}

/** Compares two strings by code unit: the only order of strings that this project uses. */
export function byCodeUnit(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
