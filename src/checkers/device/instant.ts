/**
 * Owns waiting for the end of an instant: what one step of a device puts out has no promised order, so a suspicion
 * is judged only when the device's next fact of a later instant comes.
 * Refuses to know what is suspected.
 */

import type { EpochMs } from "../../base/time.ts";

/** A live driver's clock may tick inside one step. */
export const INSTANT_MS = 1;

/** Counts what one checker suspects of all devices: while that is nothing, no device need be looked at. */
export class Doubts {
  held = 0;
}

/** Suspicions of one device, by a key under which they can be lifted. */
export class Suspicions<Suspicion> {
  private readonly held = new Map<string, { readonly at: EpochMs; readonly suspicion: Suspicion }>();
  private readonly doubts: Doubts;

  constructor(doubts: Doubts) {
    this.doubts = doubts;
  }

  get size(): number {
    return this.held.size;
  }

  add(key: string, at: EpochMs, suspicion: Suspicion): void {
    if (this.held.has(key)) return;
    this.held.set(key, { at, suspicion });
    this.doubts.held++;
  }

  lift(key: string): void {
    if (this.held.size > 0 && this.held.delete(key)) this.doubts.held--;
  }

  clear(): void {
    if (this.held.size === 0) return;
    this.doubts.held -= this.held.size;
    this.held.clear();
  }

  /** Takes out those whose instant is over at `at`. */
  ripe(at: EpochMs): readonly Suspicion[] {
    if (this.held.size === 0) return NONE;
    const ripe: Suspicion[] = [];
    for (const [key, entry] of this.held) {
      if (at <= entry.at + INSTANT_MS) continue;
      ripe.push(entry.suspicion);
      this.held.delete(key);
    }
    this.doubts.held -= ripe.length;
    return ripe;
  }
}

const NONE: readonly never[] = [];
