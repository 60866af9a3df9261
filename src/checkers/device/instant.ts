/**
 * Owns waiting for the end of an instant: what one step of a device puts out has no promised order, so a suspicion
 * is judged only when the device's next fact of a later instant comes.
 * Refuses to know what is suspected.
 */

import type { EpochMs } from "../../base/time.ts";

/** A live driver's clock may tick inside one step. */
export const INSTANT_MS = 1;

/** Suspicions of one device, by a key under which they can be lifted. */
export class Suspicions<Suspicion> {
  private readonly held = new Map<string, { readonly at: EpochMs; readonly suspicion: Suspicion }>();

  add(key: string, at: EpochMs, suspicion: Suspicion): void {
    if (!this.held.has(key)) this.held.set(key, { at, suspicion });
  }

  lift(key: string): void {
    if (this.held.size > 0) this.held.delete(key);
  }

  clear(): void {
    if (this.held.size > 0) this.held.clear();
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
    return ripe;
  }
}

const NONE: readonly never[] = [];
