/**
 * Owns the proof of section 2: REV. The clock is in the test's hand, and two instances share one store.
 */

import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ENTITIES, type Entity } from "../protocol/entity.ts";
import { GENESIS, parseRevision } from "../protocol/revision.ts";
import { A, changesOf, metaOfAnswer, recordOf, recordsOf, revisionOf, START_MS } from "./desk.fixture.ts";
import type { DeskMaker, TestDesk } from "./test-desk.fixture.ts";

export function declareRevisionRules(desks: DeskMaker): void {
  describe("meta", () => {
    test("[REV-1, REV-4] every 2xx has meta: the record's revision on one record, the head everywhere else", async () => {
      const desk = await desks.create();
      const first = await desk.create("contact", { id: "c1", name: "Ada" });
      const second = await desk.create("task", { id: "t1", title: "x" });
      const head = revisionOf(second);
      expect(revisionOf(await desk.read("contact", "c1"))).toBe(revisionOf(first));
      expect(metaOfAnswer(await desk.read("contact", "c1")).updatedAt).toBe("2024-01-01T00:00:00.001Z");
      for (const answer of [
        await desk.list("contact"),
        await desk.list("list"),
        await desk.list("list", { limit: 5 }),
        await desk.changes(),
        await desk.changes({ since: head }),
        await desk.call({ call: "capabilities" }),
        await desk.call({ call: "batch", body: { mutations: [] } }),
        await desk.call({ call: "push_unregister" }, { deviceId: "d1" }),
      ]) {
        expect(answer.status).toBe(200);
        expect(metaOfAnswer(answer)).toMatchObject({
          revisionId: head,
          updatedAt: "2024-01-01T00:00:00.002Z",
        });
      }
      const deleted = await desk.delete("contact", "c1");
      expect(revisionOf(deleted)).toBe(await desk.head());
      expect(revisionOf(await desk.delete("contact", "c1"))).toBe(revisionOf(deleted));
      expect(metaOfAnswer(deleted).updatedAt).toBe("2024-01-01T00:00:00.013Z");
    });

    test("[REV-4] before any change the head is genesis", async () => {
      const desk = await desks.create();
      for (const answer of [
        await desk.list("contact"),
        await desk.changes(),
        await desk.call({ call: "capabilities" }),
      ]) {
        expect(metaOfAnswer(answer)).toMatchObject({
          revisionId: GENESIS,
          updatedAt: "1970-01-01T00:00:00.000Z",
        });
      }
    });

    test("[REV-3] wherever a record appears it carries the revision of its latest change", async () => {
      const desk = await desks.create();
      const socket = await desk.open();
      await desk.made("task", { id: "t1", title: "x" });
      const updated = await desk.update("task", "t1", { title: "y" });
      const revision = revisionOf(updated);
      await desk.made("task", { id: "t2", title: "later" });
      expect(recordOf(updated).revisionId).toBe(revision);
      expect(recordOf(await desk.read("task", "t1")).revisionId).toBe(revision);
      expect(recordsOf(await desk.list("task"))[0]?.revisionId).toBe(revision);
      const [change] = changesOf(await desk.changes()).changes;
      expect([change?.revisionId, change?.data?.revisionId]).toEqual([revision, revision]);
      expect((await desk.frames(socket))[2]).toMatchObject({
        revisionId: revision,
        payload: { revisionId: revision },
      });
      const refused = await desk.create("task", { id: "t1", title: "z" });
      expect(refused.body).toMatchObject({ currentRevision: revision, serverData: { revisionId: revision } });
      expect(
        (
          await desk.batch([{ id: "m1", entity: "task", operation: "update", recordId: "t1", payload: {} }])
        )[0],
      ).toMatchObject({
        data: { revisionId: revision },
        meta: { revisionId: revision },
      });
    });

    test("[REV-10] single-record 2xx answers carry an ETag", async () => {
      const desk = await desks.create();
      const created = await desk.create("task", { id: "t1", title: "x" });
      expect(created.headers.etag).toBe(`"${revisionOf(created)}"`);
      expect((await desk.read("task", "t1")).headers.etag).toBe(`"${revisionOf(created)}"`);
      const updated = await desk.update("task", "t1", { title: "y" });
      expect(updated.headers.etag).toBe(`"${revisionOf(updated)}"`);
      const deleted = await desk.delete("task", "t1");
      expect(deleted.headers.etag).toBe(`"${revisionOf(deleted)}"`);
      expect((await desk.read("task", "t1")).headers.etag).toBeUndefined();
      expect((await desk.list("task")).headers.etag).toBeUndefined();
    });
  });

  describe("order", () => {
    type Step = {
      readonly act: "put" | "drop";
      readonly entity: Entity;
      readonly id: string;
      readonly skipMs: number;
    };
    const step = fc.record<Step>({
      act: fc.constantFrom("put", "put", "drop"),
      entity: fc.constantFrom(...ENTITIES),
      id: fc.constantFrom("a", "b", "c"),
      skipMs: fc.constantFrom(0, 1, 500, 1_000, -1, -2_000, -86_400_000),
    });

    /** Carries out a step through one of the desks, and says which revision it ended with. */
    async function run(desk: TestDesk, { act, entity, id, skipMs }: Step, value: number): Promise<void> {
      desk.nowMs = Math.max(START_MS, desk.nowMs + skipMs);
      if (act === "drop") await desk.delete(entity, id);
      else if ((await desk.read(entity, id)).status === 200) await desk.update(entity, id, { value });
      else await desk.create(entity, { id, name: "n", title: "t", value });
    }

    test("[REV-2, REV-5, REV-6, REV-7] revisions rise and are of the form, whatever the clocks of two instances do", async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(fc.tuple(fc.boolean(), step), { maxLength: 40 }), async (steps) => {
          const one = await desks.create();
          const two = await one.second();
          const socket = await one.open();
          const told: string[] = [];
          for (const [value, [first, each]] of steps.entries()) {
            const [near, far] = first ? [one, two] : [two, one];
            const before = near.commits.length;
            await run(near, each, value);
            for (const { account, revision } of near.commits.slice(before)) {
              told.push(revision);
              await far.wake(account);
            }
          }
          for (const revision of told) expect(parseRevision(revision)).toBe(revision);
          expect([...told].sort((left, right) => (left < right ? -1 : 1))).toEqual(told);
          expect(new Set(told).size).toBe(told.length);
          const log = await one.look(A, (store) => store.logAfter(A, GENESIS, 1_000));
          expect(log.map(({ revision }) => revision)).toEqual(told);
          const events = (await one.frames(socket)).flatMap((frame) =>
            frame.type === "sync_event" ? [frame.revisionId] : [],
          );
          expect(events).toEqual(told);
          const delta = changesOf(await two.changes({ since: GENESIS })).changes.map(
            ({ revisionId }) => revisionId,
          );
          expect(delta).toEqual(told.filter((revision) => delta.includes(revision as never)));
          const times = log.map(({ committedAtMs }) => committedAtMs);
          expect([...times].sort((left, right) => left - right)).toEqual(times);
        }),
        { numRuns: desks.runs(100) },
      );
    });

    test("[REV-7] a new instance over the same store goes on where the old one ended, its clock behind", async () => {
      const before = await desks.create();
      const last = (await before.made("task", { id: "t1", title: "x" })).revisionId;
      const after = await before.second();
      after.nowMs = START_MS - 3_600_000;
      const next = revisionOf(await after.update("task", "t1", { title: "y" }));
      expect(next > last).toBe(true);
      expect(next.slice(0, 14)).toBe(last.slice(0, 14));
      expect(
        recordOf(await after.read("task", "t1")).updatedAt >=
          recordOf(await before.read("task", "t1")).updatedAt,
      ).toBe(true);
    });

    test("[REV-6] many writes in one second keep the order", async () => {
      const desk = await desks.create();
      const revisions: string[] = [];
      for (let n = 0; n < 200; n++) {
        desk.nowMs = START_MS;
        revisions.push((await desk.made("task", { title: `${n}` })).revisionId);
      }
      expect([...revisions].sort((left, right) => (left < right ? -1 : 1))).toEqual(revisions);
      expect(new Set(revisions.map((revision) => revision.length)).size).toBe(1);
    });

    test.each(ENTITIES)("[REV-8] %s: an update that changes no field commits nothing", async (entity) => {
      const desk = await desks.create();
      const fields = {
        name: "n",
        title: "t",
        items: [{ id: "i", text: "x" }],
        extra: { deep: [1, { a: null }] },
      };
      const made = await desk.made(entity, { id: "r1", ...fields });
      const socket = await desk.open();
      const before = await desk.outputCount();
      for (const patch of [
        {},
        fields,
        { gone: null },
        { revisionId: "x", updatedAt: "y", id: "r1" },
        { extra: {} },
      ]) {
        for (const headers of [{}, { ifMatch: made.revisionId }, { ifMatch: "*" }]) {
          const answer = await desk.update(entity, "r1", patch, {
            ...headers,
            deviceId: "d2",
            timestamp: START_MS + 4_000,
          });
          expect([answer.status, revisionOf(answer)]).toEqual([200, made.revisionId]);
          expect(recordOf(answer)).toEqual(made);
        }
      }
      expect(await desk.outputCount()).toBe(before);
      expect(await desk.frames(socket)).toHaveLength(1);
      expect(await desk.head()).toBe(made.revisionId);
    });

    test("[REV-9] every later read shows the write or something newer, from any instance", async () => {
      const one = await desks.create();
      const two = await one.second();
      await one.made("contact", { id: "c1", name: "0" });
      for (let n = 1; n < 20; n++) {
        const [writer, reader] = n % 2 ? [one, two] : [two, one];
        const since = await reader.head();
        const written = recordOf(await writer.update("contact", "c1", { name: `${n}` }));
        expect(recordOf(await reader.read("contact", "c1"))).toEqual(written);
        expect(recordsOf(await reader.list("contact"))).toEqual([written]);
        expect(recordsOf(await reader.list("contact", { limit: 1 }))).toEqual([written]);
        expect(changesOf(await reader.changes({ since })).changes[0]?.data).toEqual(written);
        expect(await reader.head()).toBe(written.revisionId);
      }
    });
  });
}
