/**
 * Owns folders and stores that a test makes, and their end after it.
 * Refuses to know what is tested, and to act by being loaded: test files of one worker share this module.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { afterEach } from "vitest";
import { createSqliteDurable, type SqliteDurable, type SqliteOptions } from "./sqlite-durable.ts";

const folders: string[] = [];
const open: SqliteDurable[] = [];

/** To be called by each test file that makes any: what it made ends with each of its tests. */
export function clearShelfAfterEach(): void {
  afterEach(async () => {
    for (const durable of open.splice(0)) await durable.close();
    for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
  });
}

/** A file's name in a folder of its own, which is taken away after the test. */
export function newFile(): string {
  const folder = mkdtempSync(join(tmpdir(), "zeke-sync-sqlite-"));
  folders.push(folder);
  return join(folder, "sync.db");
}

/** A store that is closed after the test, if it was not before. */
export function openStore(file = newFile(), options: Omit<SqliteOptions, "file"> = {}): SqliteDurable {
  const durable = createSqliteDurable({ file, ...options });
  open.push(durable);
  return durable;
}

/** Another program's look at the file, or its hand on it. */
export function besides<T>(file: string, run: (db: InstanceType<typeof Database>) => T): T {
  const db = new Database(file);
  try {
    return run(db);
  } finally {
    db.close();
  }
}
