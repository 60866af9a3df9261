/**
 * Owns the asking for the garbage collector in a process that was not started for it.
 * Refuses to say what is garbage.
 */

import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { assert } from "../base/assert.ts";

let collect: unknown;

/** Collects all that nobody holds any more, now. */
export function collectGarbage(): void {
  if (collect === undefined) {
    setFlagsFromString("--expose-gc");
    collect = runInNewContext("gc");
  }
  assert(typeof collect === "function", "the collector is there");
  collect();
}
