/**
 * Owns a slow disk: every commit of the SQLite store is held up, so that a kill often comes between a work and its
 * commit.
 * Refuses to break anything by it: a store without fault loses nothing however slow it is.
 */

import { Turn } from "./sqlite-turn.ts";

const COMMIT_HELD_MS = 20;

/** From now on, in this process: commits begin so late, and are told of so long after they are on disk. */
export function slowCommits(beforeMs = COMMIT_HELD_MS, afterMs = 0): void {
  const clock = new Int32Array(new SharedArrayBuffer(4));
  const turn = Turn.prototype as unknown as { commit(): void };
  const { commit } = turn;
  turn.commit = function (): void {
    if (beforeMs > 0) Atomics.wait(clock, 0, 0, beforeMs);
    commit.call(this);
    if (afterMs > 0) Atomics.wait(clock, 0, 0, afterMs);
  };
}
