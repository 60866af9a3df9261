/**
 * Owns the finding of references: which schemas a part of a document needs, directly or through others.
 * Refuses to know what a document is for.
 */

import type { Json, JsonObject } from "../../base/canonical-json.ts";
import { componentSchemas } from "./schemas.ts";

/** `components.schemas` with what `part` reaches and nothing else, in the order of all schemas. */
export function reachableSchemas(part: Json): JsonObject {
  const all = new Map(Object.entries(componentSchemas()));
  const reached = new Set<string>();
  const open = [part];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    for (const ref of refsIn(next)) {
      const name = ref.slice(ref.lastIndexOf("/") + 1);
      const schema = all.get(name);
      if (schema === undefined || reached.has(name)) continue;
      reached.add(name);
      open.push(schema);
    }
  }
  return Object.fromEntries([...all].filter(([name]) => reached.has(name)));
}

/** Every `$ref` in a value, however deep. */
export function refsIn(value: Json): readonly string[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([member, inner]: [string, Json]) =>
    member === "$ref" && typeof inner === "string" ? [inner] : refsIn(inner),
  );
}
