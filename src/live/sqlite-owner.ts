/**
 * Owns the claim that one process has on a store: a lock on a small file beside it, which the system takes back when
 * the process ends, however it ends.
 * Refuses to know the store itself. The file stays when the claim ends: a file that is taken away could be claimed twice.
 */

import { rmSync } from "node:fs";
import Database from "better-sqlite3";
import { isSqliteError, wordsOf } from "./sqlite-failure.ts";
import { StoreRefused } from "./store-refused.ts";

/** Two that start together may both stand in the other's way at first. */
const CLAIM_WITHIN_MS = 250;

export interface Claim {
  release(): void;
  /** Releases, and takes the file away: the store beside it is none of ours. */
  withdraw(): void;
}

function ownerFileOf(file: string): string {
  return `${file}-owner`;
}

/** Claims a store for this process. Throws StoreRefused when another has it, or no file can be made there. */
export function claim(file: string, name: string): Claim {
  const path = ownerFileOf(file);
  let db: InstanceType<typeof Database> | undefined;
  try {
    db = new Database(path, { timeout: CLAIM_WITHIN_MS });
    // Nothing is ever written; the transaction is open as long as the store is.
    db.exec("BEGIN EXCLUSIVE");
  } catch (error) {
    db?.close();
    if (isSqliteError(error) && error.code.startsWith("SQLITE_BUSY")) {
      throw new StoreRefused(
        `the store ${name} is in use by another zeke-sync: stop that one, or name another file`,
      );
    }
    throw new StoreRefused(
      `the store ${name} cannot be claimed, because no lock can be held on ${path} (${wordsOf(error)}): make its folder writable, or name a file on a local disk`,
      { cause: error },
    );
  }
  const held = db;
  return {
    release: () => void held.close(),
    withdraw: () => {
      held.close();
      rmSync(path, { force: true });
    },
  };
}
