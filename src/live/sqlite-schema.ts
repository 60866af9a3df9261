/**
 * Owns the tables, their versions, and the way from an older version to the newest.
 * Refuses to know what is asked of them. A migration that was released is never changed again; the next one is added.
 */

import type { Database } from "better-sqlite3";
import { StoreRefused } from "./store-refused.ts";

/** "zeke": marks a file as ours, in its header. */
export const APPLICATION_ID = 0x7a656b65;

/**
 * A place is an account's number times this, plus a position in its log (or among its keys): one integer, by which
 * an account's rows lie together, in order. 2^20 accounts of 2^33 positions fill the integers that a number can hold.
 */
export const POSITIONS_PER_ACCOUNT = 2 ** 33;
export const ACCOUNTS_MAX = 2 ** 20 - 1;

/** Index 0 leads from an empty file to version 1, and so on. */
export const MIGRATIONS: readonly string[] = [
  `
  -- One row an account. The head is as it was at the last pruning: a newer one is that of the newest version.
  CREATE TABLE accounts (
    number INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    head TEXT NOT NULL,
    head_at_ms INTEGER NOT NULL,
    head_position INTEGER NOT NULL,
    floor TEXT NOT NULL,
    floor_position INTEGER NOT NULL,
    bottom TEXT NOT NULL,
    bottom_position INTEGER NOT NULL,
    sinking TEXT,
    sinking_position INTEGER,
    sinking_since_ms INTEGER,
    swept_position INTEGER NOT NULL
  ) STRICT;

  -- The log. A version once written is not touched again, but for stamps that rise: the one that superseded it names
  -- it as its previous. Short columns stand first: who passes a version over reads no page of its record.
  CREATE TABLE versions (
    place INTEGER PRIMARY KEY,
    account INTEGER NOT NULL,
    entity INTEGER NOT NULL,
    id TEXT NOT NULL,
    revision TEXT NOT NULL,
    previous INTEGER,
    action INTEGER NOT NULL,
    committed_at_ms INTEGER NOT NULL,
    born_at TEXT NOT NULL,
    raises INTEGER NOT NULL DEFAULT 0,
    device TEXT,
    key TEXT,
    backend_version REAL,
    past_lives TEXT,
    stamps TEXT,
    raised TEXT,
    record TEXT
  ) STRICT;
  CREATE UNIQUE INDEX versions_by_revision ON versions (account, revision);
  CREATE UNIQUE INDEX versions_by_previous ON versions (previous) WHERE previous IS NOT NULL;

  -- Where each record's newest version is, tombstones included.
  CREATE TABLE records (
    account INTEGER NOT NULL,
    entity INTEGER NOT NULL,
    id TEXT NOT NULL,
    place INTEGER NOT NULL,
    PRIMARY KEY (account, entity, id)
  ) STRICT, WITHOUT ROWID;

  -- In the order in which they were bound, which is the order in which they expire.
  CREATE TABLE keys (
    place INTEGER PRIMARY KEY,
    account INTEGER NOT NULL,
    key TEXT NOT NULL,
    expires_at_ms INTEGER NOT NULL,
    bound TEXT NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX keys_by_key ON keys (account, key);

  -- Tokens and tickets are JSON texts: whatever they hold comes back as it was.
  CREATE TABLE registrations (
    place INTEGER PRIMARY KEY,
    account TEXT NOT NULL,
    device TEXT NOT NULL,
    token TEXT NOT NULL UNIQUE,
    platform TEXT NOT NULL,
    topics TEXT NOT NULL,
    registered_at_ms INTEGER NOT NULL,
    UNIQUE (account, device)
  ) STRICT;
  CREATE TABLE pending (
    place INTEGER PRIMARY KEY,
    account TEXT NOT NULL,
    device TEXT NOT NULL,
    entity INTEGER NOT NULL,
    revision TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    UNIQUE (account, device, entity)
  ) STRICT;
  CREATE TABLE receipts (
    place INTEGER PRIMARY KEY,
    ticket TEXT NOT NULL UNIQUE,
    token TEXT NOT NULL,
    sent_at_ms INTEGER NOT NULL,
    attempts INTEGER NOT NULL
  ) STRICT;

  -- Empty but for a moment: what is written to find out whether there is room again.
  CREATE TABLE probe (bytes BLOB NOT NULL) STRICT;
  `,
];

/** The version of a file's schema; 0 for a file in which nothing was made yet. */
export function schemaVersionOf(db: Database): number {
  return db.pragma("user_version", { simple: true }) as number;
}

/**
 * Brings a file to the newest schema, one transaction a step: a crash leaves it at a version that is whole.
 * Throws StoreRefused, and changes nothing, when the file is newer than this code.
 */
export function migrate(db: Database, name: string, migrations: readonly string[] = MIGRATIONS): void {
  const found = schemaVersionOf(db);
  if (found > migrations.length) {
    throw new StoreRefused(
      `the store ${name} has schema ${found}, and this zeke-sync knows schemas up to ${migrations.length}: use the newer one that wrote it`,
    );
  }
  for (let version = found; version < migrations.length; version++) {
    const step = db.transaction(() => {
      db.exec(migrations[version] as string);
      db.pragma(`user_version = ${version + 1}`);
    });
    step.immediate();
  }
}
