/**
 * Owns the proof of what is opened and what is refused: foreign files, newer schemas, a file in use, places without room.
 */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { createSqliteDurable } from "./sqlite-durable.ts";
import { APPLICATION_ID, MIGRATIONS, schemaVersionOf } from "./sqlite-schema.ts";
import { besides, clearShelfAfterEach, newFile, openStore } from "./sqlite-shelf.fixture.ts";
import { A, put } from "./sqlite-write.fixture.ts";
import { StoreRefused } from "./store-refused.ts";

clearShelfAfterEach();

function refusalOf(file: string): string {
  try {
    openStore(file);
  } catch (error) {
    if (error instanceof StoreRefused) return error.message;
    throw error;
  }
  return "opened";
}

function urlOf(module: string): string {
  return JSON.stringify(new URL(module, import.meta.url).href);
}

describe("what is opened", () => {
  test("a new file says whose it is, of which schema, and that each commit is on disk before it returns", async () => {
    const file = newFile();
    const durable = openStore(file);
    await durable.transact(A, () => put(durable.desk, "t1", { v: 1 }));
    const read = besides(file, (db) => [
      db.pragma("application_id", { simple: true }),
      db.pragma("journal_mode", { simple: true }),
      schemaVersionOf(db),
    ]);
    expect(read).toEqual([APPLICATION_ID, "wal", MIGRATIONS.length]);
    // 2 is FULL; it belongs to the connection, so that it must be asked through it.
    const { desk } = (
      durable as unknown as { opened: { desk: { pragma(sql: string, how: object): unknown } } }
    ).opened;
    expect(desk.pragma("synchronous", { simple: true })).toBe(2);
  });

  test("an empty file is a new one, and its header is marked before anything is in the log beside it", () => {
    const file = newFile();
    writeFileSync(file, "");
    openStore(file);
    expect(readFileSync(file).readUInt32BE(68)).toBe(APPLICATION_ID);
  });

  test("a link to a file is the same store", () => {
    const file = newFile();
    openStore(file);
    symlinkSync(file, `${file}-link`);
    expect(refusalOf(`${file}-link`)).toMatch(/in use by another zeke-sync/);
  });
});

describe("what is refused, in one sentence", () => {
  test("a file that is no database, and it stays as it was", () => {
    const file = newFile();
    const text = "name,phone\n".repeat(100);
    writeFileSync(file, text);
    expect(refusalOf(file)).toMatch(/^the store \S+ is no SQLite database: move that file away/);
    expect(readFileSync(file, "utf8")).toBe(text);
    expect(readdirSync(dirname(file))).toEqual(["sync.db"]);
  });

  test("the database of another program, and it stays as it was", () => {
    const file = newFile();
    besides(file, (db) => db.exec("PRAGMA journal_mode = WAL; CREATE TABLE t (x); INSERT INTO t VALUES (1)"));
    const before = readFileSync(file);
    expect(refusalOf(file)).toMatch(/is the database of another program/);
    expect(readFileSync(file).equals(before)).toBe(true);
    expect(readdirSync(dirname(file))).toEqual(["sync.db"]);
  });

  test("a newer schema, and the version that knows it opens it still", async () => {
    const file = newFile();
    const newer = [...MIGRATIONS, "CREATE TABLE later (x)"];
    await openStore(file, { migrations: newer }).close();
    expect(refusalOf(file)).toMatch(
      new RegExp(
        `has schema ${newer.length}, and this zeke-sync knows schemas up to ${MIGRATIONS.length}: use`,
      ),
    );
    await openStore(file, { migrations: newer }).close();
  });

  test("a folder, a missing folder, a place where no file can be made", () => {
    const file = newFile();
    mkdirSync(file);
    expect(refusalOf(file)).toMatch(/is a folder: name a file in it$/);
    const lost = join(file, "no", "where.db");
    expect(refusalOf(lost)).toContain(`there is no folder ${dirname(lost)}: make the folder`);
    expect(refusalOf("/dev/null")).toMatch(/is no plain file/);
    expect(refusalOf("/proc/zeke-sync.db")).toMatch(
      /^the store \/proc\S+ cannot be claimed, because .*: make/,
    );
  });

  test("a file that was damaged", async () => {
    const file = newFile();
    const durable = openStore(file);
    await durable.transact(A, () => put(durable.desk, "t1", { v: 1 }));
    await durable.close();
    const bytes = readFileSync(file);
    writeFileSync(file, bytes.fill(0x55, 100, 8_000));
    expect(refusalOf(file)).toMatch(
      /cannot be opened, because the store's file is damaged \(SQLITE_\w+\): mend/,
    );
  });
});

describe("one process has a file at a time", () => {
  test("a second store over it is refused, until the first is closed", async () => {
    const file = newFile();
    const first = openStore(file);
    expect(refusalOf(file)).toMatch(/is in use by another zeke-sync: stop that one, or name another file$/);
    await first.transact(A, () => put(first.desk, "t1", { v: 1 }));
    await first.close();
    expect(openStore(file).desk.current(A, "task", "t1")?.record).toMatchObject({ v: 1 });
  });

  test("a process that was killed owns nothing any more, and what it was told is there", async () => {
    const file = newFile();
    const script = [
      `import { createSqliteDurable } from ${urlOf("./sqlite-durable.ts")};`,
      `import { A, put } from ${urlOf("./sqlite-write.fixture.ts")};`,
      `const durable = createSqliteDurable({ file: ${JSON.stringify(file)} });`,
      `await durable.transact(A, () => put(durable.desk, "t1", { v: 1 }));`,
      `console.log("stored"); setInterval(() => {}, 1000);`,
    ].join("\n");
    const child = spawn(process.execPath, ["--input-type=module", "--eval", script], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    onTestFinished(() => void child.kill("SIGKILL"));
    await once(child.stdout, "data");
    expect(refusalOf(file)).toMatch(/in use/);
    const gone = once(child, "exit");
    child.kill("SIGKILL");
    await gone;
    expect(existsSync(`${file}-wal`)).toBe(true);
    expect(openStore(file).desk.current(A, "task", "t1")?.record).toMatchObject({ v: 1 });
  });
});

describe("migrations", () => {
  const v2 = "ALTER TABLE receipts ADD COLUMN note TEXT NOT NULL DEFAULT 'none'";
  const v3 = "CREATE TABLE later (x INTEGER); INSERT INTO later SELECT count(*) FROM versions";

  test("lead an older file to the newest schema, with all that is in it", async () => {
    const file = newFile();
    const old = openStore(file);
    const head = await old.transact(A, () => put(old.desk, "t1", { v: 1 }, "k"));
    await old.close();
    const migrated = openStore(file, { migrations: [...MIGRATIONS, v2, v3] });
    expect(migrated.desk.standing(A).head).toBe(head);
    expect(
      besides(file, (db) => [schemaVersionOf(db), db.prepare("SELECT x FROM later").pluck().get()]),
    ).toEqual([MIGRATIONS.length + 2, 1]);
  });

  test("one that fails leaves the schema before it, whole", async () => {
    const file = newFile();
    await openStore(file).close();
    const broken = "CREATE TABLE half (x); CREATE TABLE half (x)";
    expect(() => createSqliteDurable({ file, migrations: [...MIGRATIONS, v2, broken] })).toThrow(
      StoreRefused,
    );
    besides(file, (db) => {
      expect(schemaVersionOf(db)).toBe(MIGRATIONS.length + 1);
      expect(db.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'half'").get()).toBeUndefined();
    });
    const mended = openStore(file, { migrations: [...MIGRATIONS, v2, v3] });
    expect(mended.trouble()).toBeUndefined();
  });
});
