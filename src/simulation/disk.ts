/**
 * Owns a phone's durable storage: what was flushed survives a kill, what was written and not yet flushed is lost.
 * Refuses to know what is stored. Values are kept by reference and never change.
 */

import { assert } from "../base/assert.ts";
import type { Put, StoredEntries } from "../device/port.ts";

/** A write on its way to the disk. Writes become durable in order, each whole or not at all. */
export interface PendingWrite {
  readonly write: number;
  readonly puts: readonly Put[];
  lost: boolean;
  /** It will not become durable; those behind it will. */
  readonly fails: boolean;
}

/** One phone's storage. */
export class Disk {
  private readonly durable = new Map<string, unknown>();
  private readonly pending: PendingWrite[] = [];
  private lastFlushMs = 0;

  /** Takes a write in; it will be durable at the returned time, never before those that came earlier. */
  write(
    write: number,
    puts: readonly Put[],
    durableAtMs: number,
    fails = false,
  ): { readonly pending: PendingWrite; readonly atMs: number } {
    const pending = { write, puts, lost: false, fails };
    this.pending.push(pending);
    this.lastFlushMs = Math.max(this.lastFlushMs, durableAtMs);
    return { pending, atMs: this.lastFlushMs };
  }

  /** True while a write is on its way. */
  get isBusy(): boolean {
    return this.pending.length > 0;
  }

  /** The oldest write is durable now, or has failed. */
  flush(done: PendingWrite): void {
    const oldest = this.pending.shift();
    assert(oldest === done, "writes become durable in the order in which they were made");
    if (done.fails) return;
    for (const [key, value] of done.puts) {
      if (value === undefined) this.durable.delete(key);
      else this.durable.set(key, value);
    }
  }

  /** The process is gone: what was not flushed never will be. */
  crash(): void {
    for (const pending of this.pending) pending.lost = true;
    this.pending.length = 0;
    this.lastFlushMs = 0;
  }

  /** What a starting process finds; a copy, as the disk goes on. */
  contents(): StoredEntries {
    return new Map(this.durable);
  }
}
