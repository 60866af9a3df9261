/**
 * Owns a deliberate breach of IDM-6, loaded before `serve` to see the crash test find it: a change and the key of its
 * mutation are committed one after the other, not in one step.
 * Refuses to let answers leave before both.
 */

import Database from "better-sqlite3";
import { SqliteDesk } from "./sqlite-desk.ts";

/** Between the two commits: a kill often comes there. */
const TORN_MS = 10;

const clock = new Int32Array(new SharedArrayBuffer(4));
const { commit } = SqliteDesk.prototype;
const { prepare } = Database.prototype;
/** The connection that writes. */
let writing: InstanceType<typeof Database> | undefined;

Database.prototype.prepare = function (this: InstanceType<typeof Database>, sql: string) {
  if (sql === "BEGIN IMMEDIATE") writing = this;
  return prepare.call(this, sql);
} as typeof prepare;

SqliteDesk.prototype.commit = function (account, plan, nowMs) {
  const { version, remember, ...rest } = plan;
  if (version === undefined || remember === undefined) return commit.call(this, account, plan, nowMs);
  if (commit.call(this, account, { ...rest, version, remember: undefined }, nowMs) === "raced")
    return "raced";
  writing?.exec("COMMIT");
  Atomics.wait(clock, 0, 0, TORN_MS);
  writing?.exec("BEGIN IMMEDIATE");
  const expect = { head: version.revision, current: version.revision, raises: 0 };
  return commit.call(
    this,
    account,
    { ...rest, expect, version: undefined, raise: undefined, remember },
    nowMs,
  );
};
