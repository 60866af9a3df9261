/**
 * Owns the comparison of the SQLite store with the memory store: any sequence of writes, prunings and reopenings leaves
 * both with the same answers to every question.
 */

import fc from "fast-check";
import { expect, test } from "vitest";
import { ENTITIES } from "../protocol/entity.ts";
import { GENESIS, type Revision } from "../protocol/revision.ts";
import { createMemoryStore } from "../proxy/memory-store.ts";
import type { Store } from "../proxy/store.ts";
import { createSqliteDurable } from "./sqlite-durable.ts";
import { clearShelfAfterEach, newFile } from "./sqlite-shelf.fixture.ts";
import { ACCOUNTS, anyStep, IDS, KEYS, Walk } from "./sqlite-walk.fixture.ts";
import { A, T0 } from "./sqlite-write.fixture.ts";

clearShelfAfterEach();

/** The answers to all questions, as plain data. */
function answers(store: Store, revisions: readonly Revision[], nowMs: number): unknown {
  return ACCOUNTS.map((account) => {
    const { head, floor, bottom } = store.standing(account);
    const all = { entities: new Set(ENTITIES), tombstones: true, limit: 99 };
    return {
      standing: store.standing(account),
      log: store.logAfter(account, bottom, 99),
      some: store.logAfter(account, floor, 2),
      revisions: revisions.map((revision) => [
        revision,
        store.has(account, revision),
        store.countAfter(account, revision),
        store.load(account, { entity: "task", id: undefined, base: revision, key: undefined }, nowMs).base,
        store.snapshot(account, { ...all, after: floor, upTo: revision }).map((version) => version.revision),
        store.snapshot(account, { ...all, after: revision, upTo: head, limit: 3 }),
        store.snapshot(account, {
          ...all,
          entities: new Set(["task", "list"]),
          tombstones: false,
          after: GENESIS,
          upTo: revision,
        }),
      ]),
      records: ENTITIES.map((entity) => [
        store.living(account, entity, undefined, Number.MAX_SAFE_INTEGER),
        store.living(account, entity, "B", 2),
        IDS.map((id) => store.current(account, entity, id)),
      ]),
      keys: KEYS.map((key) => [store.remembered(account, key, nowMs), store.remembered(account, key, T0)]),
      registrations: [...store.push.registrations(account)],
    };
  });
}

function pushed(store: Store): unknown {
  return [[...store.push.allPending()], [...store.push.allReceipts()]];
}

test("any sequence of writes, prunings and reopenings leaves what the memory store has", {
  timeout: 120_000,
}, async () => {
  const sequence = fc.array(anyStep, { minLength: 1, maxLength: 60, size: "max" });
  await fc.assert(
    fc.asyncProperty(sequence, async (steps) => {
      const file = newFile();
      const open = () => createSqliteDurable({ file, pruneRowsMax: 10_000 });
      let durable = open();
      try {
        const memory = createMemoryStore();
        const expected = new Walk();
        const actual = new Walk();
        for (const one of steps) {
          expect(actual.take(durable.desk, one)).toEqual(expected.take(memory, one));
          if (one.do === "commit") {
            await durable.transact(A, () => {});
            const { revisions, nowMs } = expected;
            expect(answers(durable.watch, revisions, nowMs)).toEqual(answers(memory, revisions, nowMs));
          }
          if (one.do === "reopen") {
            await durable.close();
            durable = open();
          }
        }
        const { revisions, nowMs } = expected;
        expect(answers(durable.desk, revisions, nowMs)).toEqual(answers(memory, revisions, nowMs));
        expect(pushed(durable.desk)).toEqual(pushed(memory));
      } finally {
        await durable.close();
      }
    }),
    { numRuns: 150 },
  );
});
