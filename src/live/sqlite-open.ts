/**
 * Owns the way from a file's name to connections that may be used: whose file it is, of which schema, and how safely
 * it writes.
 * Refuses to touch a file that is not ours. Each refusal is one sentence that says how it is mended.
 */

import { accessSync, closeSync, constants, openSync, readSync, realpathSync, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import Database, { type Database as Connection } from "better-sqlite3";
import { isSqliteError, wordsOf } from "./sqlite-failure.ts";
import { type Claim, claim } from "./sqlite-owner.ts";
import { APPLICATION_ID, migrate } from "./sqlite-schema.ts";
import { StoreRefused } from "./store-refused.ts";

/** How long a call may be held up by a program that looks at the file, such as the sqlite3 shell. */
const BUSY_TIMEOUT_MS = 50;
/** Pages that the log of changes may hold before they are moved into the file: what one commit in so many costs more. */
const CHECKPOINT_PAGES = 2_000;
/** What the log of changes is cut back to after it grew. */
const WAL_BYTES_MAX = 64 * 1024 * 1024;
/** A commit walks through all of it now and then: more than this costs more than it saves. The system caches the rest. */
const CACHE_KIB = 16 * 1024;
/** Writes come to random pages; a commit costs by the page more than by the byte. */
const PAGE_BYTES = 8_192;

const MAGIC = Buffer.from("SQLite format 3\0", "latin1");
const HEADER_BYTES = 100;
const APPLICATION_ID_AT = 68;

export interface OpenFile {
  /** The only connection that writes. */
  readonly desk: Connection;
  /** Sees what is committed, and nothing else. */
  readonly watch: Connection;
  readonly claim: Claim;
}

/** Opens a store's file, and makes it when there is none. Throws StoreRefused. */
export function openFile(name: string, migrations: readonly string[] | undefined): OpenFile {
  const file = placeOf(name);
  const owner = claim(file, name);
  let isOurs = false;
  const opened: Connection[] = [];
  try {
    refuseForeign(file, name);
    isOurs = true;
    const desk = new Database(file, { timeout: BUSY_TIMEOUT_MS });
    opened.push(desk);
    desk.pragma("synchronous = FULL");
    makeOurs(desk);
    migrate(desk, name, migrations);
    setUp(desk, name);
    const watch = new Database(file, { readonly: true, fileMustExist: true, timeout: BUSY_TIMEOUT_MS });
    opened.push(watch);
    return { desk, watch, claim: owner };
  } catch (error) {
    for (const db of opened) db.close();
    if (isOurs) owner.release();
    else owner.withdraw();
    throw refusalOf(error, name);
  }
}

/** Where the file really lies; links to it are the same store. */
function placeOf(name: string): string {
  const path = resolve(name);
  const folder = statSync(dirname(path), { throwIfNoEntry: false });
  if (!folder?.isDirectory()) {
    throw new StoreRefused(
      `the store ${name} has no place, because there is no folder ${dirname(path)}: make the folder, or name another file`,
    );
  }
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) return join(realpathSync(dirname(path)), basename(path));
  if (found.isDirectory()) throw new StoreRefused(`the store ${name} is a folder: name a file in it`);
  if (!found.isFile()) throw new StoreRefused(`the store ${name} is no plain file: name another`);
  try {
    accessSync(path, constants.R_OK | constants.W_OK);
  } catch (error) {
    throw new StoreRefused(
      `the store ${name} cannot be written by this user: change its rights, or name another file`,
      { cause: error },
    );
  }
  return realpathSync(path);
}

/**
 * Reads the header by itself: SQLite would make files beside a database that is not ours. Only after the claim, because
 * the system drops a process's locks on a file when the process closes any handle of it.
 */
function refuseForeign(file: string, name: string): void {
  if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) === 0) return;
  const header = Buffer.alloc(HEADER_BYTES);
  const handle = openSync(file, "r");
  try {
    readSync(handle, header, 0, HEADER_BYTES, 0);
  } finally {
    closeSync(handle);
  }
  if (!header.subarray(0, MAGIC.length).equals(MAGIC)) {
    throw new StoreRefused(
      `the store ${name} is no SQLite database: move that file away, or name another file`,
    );
  }
  if (header.readUInt32BE(APPLICATION_ID_AT) !== APPLICATION_ID) {
    throw new StoreRefused(`the store ${name} is the database of another program: name another file`);
  }
}

/** Marks a new file while its header is written straight into it; later it would only stand in the log beside it. */
function makeOurs(desk: Connection): void {
  if (desk.pragma("application_id", { simple: true }) === APPLICATION_ID) return;
  desk.pragma(`page_size = ${PAGE_BYTES}`);
  desk.pragma(`application_id = ${APPLICATION_ID}`);
}

function setUp(desk: Connection, name: string): void {
  if (desk.pragma("journal_mode = WAL", { simple: true }) !== "wal") {
    throw new StoreRefused(
      `the store ${name} lies where SQLite cannot keep a write-ahead log: name a file on a local disk`,
    );
  }
  // On a Mac, what was synced is on disk only after a request of its own.
  desk.pragma("fullfsync = ON");
  desk.pragma("checkpoint_fullfsync = ON");
  desk.pragma(`wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
  desk.pragma(`journal_size_limit = ${WAL_BYTES_MAX}`);
  desk.pragma(`cache_size = -${CACHE_KIB}`);
}

function refusalOf(error: unknown, name: string): unknown {
  if (!isSqliteError(error)) return error;
  return new StoreRefused(
    `the store ${name} cannot be opened, because ${wordsOf(error)}: mend that, or name another file`,
    { cause: error },
  );
}
