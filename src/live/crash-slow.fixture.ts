/**
 * Owns a slow disk: every commit of the SQLite store is held up, so that a kill often comes between a work and its
 * commit.
 * Refuses to break anything by it: a store without fault loses nothing however slow it is.
 */

import { Turn } from "./sqlite-turn.ts";

const COMMIT_HELD_MS = 20;

/** From now on, in this process. */
export function slowCommits(): void {
  const clock = new Int32Array(new SharedArrayBuffer(4));
  const turn = Turn.prototype as unknown as { commit(): void };
  const { commit } = turn;
  turn.commit = function (): void {
    Atomics.wait(clock, 0, 0, COMMIT_HELD_MS);
    commit.call(this);
  };
}
