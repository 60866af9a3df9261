/**
 * Owns what a failure of SQLite means: for a caller, who may come again, and for the operator, in a few words.
 * Refuses to show what was asked: messages name the kind of failure and nothing of the data [SEC-4].
 */

import Database from "better-sqlite3";
import { StoreUnavailable } from "./durable.ts";

export function isSqliteError(error: unknown): error is InstanceType<typeof Database.SqliteError> {
  return error instanceof Database.SqliteError;
}

/** By the first words of SQLite's own codes; an extended code begins with its plain one. */
const TROUBLES: readonly (readonly [code: string, words: string])[] = [
  ["SQLITE_FULL", "the disk is full"],
  ["SQLITE_BUSY", "another program holds the store's file locked"],
  ["SQLITE_LOCKED", "another program holds the store's file locked"],
  ["SQLITE_READONLY", "the store's file cannot be written"],
  ["SQLITE_IOERR", "the disk fails"],
  ["SQLITE_CANTOPEN", "the store's files cannot be opened"],
  ["SQLITE_CORRUPT", "the store's file is damaged"],
  ["SQLITE_NOTADB", "the store's file is damaged"],
  ["SQLITE_NOMEM", "there is no memory left"],
];

/** In a few words, for people. */
export function wordsOf(error: unknown): string {
  if (!isSqliteError(error)) return "a fault inside the store";
  const { code } = error;
  const words = TROUBLES.find(([start]) => code.startsWith(start))?.[1];
  return words === undefined ? `the store fails (${code})` : `${words} (${code})`;
}

export function unavailableOf(error: unknown): StoreUnavailable {
  return new StoreUnavailable(wordsOf(error), undefined, { cause: error });
}
