/**
 * Owns the proof of section 2: REV. The clock is in the test's hand, and two instances share one store.
 */

import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ENTITIES, type Entity } from "../protocol/entity.ts";
import { GENESIS, parseRevision } from "../protocol/revision.ts";
import { changesOf, Desk, metaOfAnswer, recordOf, recordsOf, revisionOf, START_MS } from "./desk.fixture.ts";

describe("meta", () => {
  test("[REV-1, REV-4] every 2xx has meta: the record's revision on one record, the head everywhere else", () => {
    const desk = new Desk();
    const first = desk.create("contact", { id: "c1", name: "Ada" });
    const second = desk.create("task", { id: "t1", title: "x" });
    const head = revisionOf(second);
    expect(revisionOf(desk.read("contact", "c1"))).toBe(revisionOf(first));
    expect(metaOfAnswer(desk.read("contact", "c1")).updatedAt).toBe("2024-01-01T00:00:00.001Z");
    for (const answer of [
      desk.list("contact"),
      desk.list("list"),
      desk.list("list", { limit: 5 }),
      desk.changes(),
      desk.changes({ since: head }),
      desk.call({ call: "capabilities" }),
      desk.call({ call: "batch", body: { mutations: [] } }),
      desk.call({ call: "push_unregister" }, { deviceId: "d1" }),
    ]) {
      expect(answer.status).toBe(200);
      expect(metaOfAnswer(answer)).toMatchObject({ revisionId: head, updatedAt: "2024-01-01T00:00:00.002Z" });
    }
    const deleted = desk.delete("contact", "c1");
    expect(revisionOf(deleted)).toBe(desk.head());
    expect(revisionOf(desk.delete("contact", "c1"))).toBe(revisionOf(deleted));
    expect(metaOfAnswer(deleted).updatedAt).toBe("2024-01-01T00:00:00.013Z");
  });

  test("[REV-4] before any change the head is genesis", () => {
    const desk = new Desk();
    for (const answer of [desk.list("contact"), desk.changes(), desk.call({ call: "capabilities" })]) {
      expect(metaOfAnswer(answer)).toMatchObject({
        revisionId: GENESIS,
        updatedAt: "1970-01-01T00:00:00.000Z",
      });
    }
  });

  test("[REV-3] wherever a record appears it carries the revision of its latest change", () => {
    const desk = new Desk();
    const socket = desk.open();
    desk.made("task", { id: "t1", title: "x" });
    const updated = desk.update("task", "t1", { title: "y" });
    const revision = revisionOf(updated);
    desk.made("task", { id: "t2", title: "later" });
    expect(recordOf(updated).revisionId).toBe(revision);
    expect(recordOf(desk.read("task", "t1")).revisionId).toBe(revision);
    expect(recordsOf(desk.list("task"))[0]?.revisionId).toBe(revision);
    const [change] = changesOf(desk.changes()).changes;
    expect([change?.revisionId, change?.data?.revisionId]).toEqual([revision, revision]);
    expect(desk.frames(socket)[2]).toMatchObject({ revisionId: revision, payload: { revisionId: revision } });
    const refused = desk.create("task", { id: "t1", title: "z" });
    expect(refused.body).toMatchObject({ currentRevision: revision, serverData: { revisionId: revision } });
    expect(
      desk.batch([{ id: "m1", entity: "task", operation: "update", recordId: "t1", payload: {} }])[0],
    ).toMatchObject({
      data: { revisionId: revision },
      meta: { revisionId: revision },
    });
  });

  test("[REV-10] single-record 2xx answers carry an ETag", () => {
    const desk = new Desk();
    const created = desk.create("task", { id: "t1", title: "x" });
    expect(created.headers.etag).toBe(`"${revisionOf(created)}"`);
    expect(desk.read("task", "t1").headers.etag).toBe(`"${revisionOf(created)}"`);
    const updated = desk.update("task", "t1", { title: "y" });
    expect(updated.headers.etag).toBe(`"${revisionOf(updated)}"`);
    const deleted = desk.delete("task", "t1");
    expect(deleted.headers.etag).toBe(`"${revisionOf(deleted)}"`);
    expect(desk.read("task", "t1").headers.etag).toBeUndefined();
    expect(desk.list("task").headers.etag).toBeUndefined();
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
  function run(desk: Desk, { act, entity, id, skipMs }: Step, value: number): void {
    desk.nowMs = Math.max(START_MS, desk.nowMs + skipMs);
    if (act === "drop") desk.delete(entity, id);
    else if (desk.read(entity, id).status === 200) desk.update(entity, id, { value });
    else desk.create(entity, { id, name: "n", title: "t", value });
  }

  test("[REV-2, REV-5, REV-6, REV-7] revisions rise and are of the form, whatever the clocks of two instances do", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.boolean(), step), { maxLength: 40 }), (steps) => {
        const one = new Desk();
        const two = new Desk({}, one.store);
        const socket = one.open();
        const told: string[] = [];
        steps.forEach(([first, each], value) => {
          const [near, far] = first ? [one, two] : [two, one];
          const before = near.commits.length;
          run(near, each, value);
          for (const { account, revision } of near.commits.slice(before)) {
            told.push(revision);
            far.proxy.wake(account, far.nowMs);
            far.collect();
          }
        });
        for (const revision of told) expect(parseRevision(revision)).toBe(revision);
        expect([...told].sort((left, right) => (left < right ? -1 : 1))).toEqual(told);
        expect(new Set(told).size).toBe(told.length);
        const log = one.store.logAfter("account-a" as never, GENESIS, 1_000).map(({ revision }) => revision);
        expect(log).toEqual(told);
        const events = one
          .frames(socket)
          .flatMap((frame) => (frame.type === "sync_event" ? [frame.revisionId] : []));
        expect(events).toEqual(told);
        const delta = changesOf(two.changes({ since: GENESIS })).changes.map(({ revisionId }) => revisionId);
        expect(delta).toEqual(told.filter((revision) => delta.includes(revision as never)));
        const times = one.store
          .logAfter("account-a" as never, GENESIS, 1_000)
          .map(({ committedAtMs }) => committedAtMs);
        expect([...times].sort((left, right) => left - right)).toEqual(times);
      }),
    );
  });

  test("[REV-7] a new instance over the same store goes on where the old one ended, its clock behind", () => {
    const before = new Desk();
    const last = before.made("task", { id: "t1", title: "x" }).revisionId;
    const after = new Desk({}, before.store);
    after.nowMs = START_MS - 3_600_000;
    const next = revisionOf(after.update("task", "t1", { title: "y" }));
    expect(next > last).toBe(true);
    expect(next.slice(0, 14)).toBe(last.slice(0, 14));
    expect(
      recordOf(after.read("task", "t1")).updatedAt >= recordOf(before.read("task", "t1")).updatedAt,
    ).toBe(true);
  });

  test("[REV-6] many writes in one second keep the order", () => {
    const desk = new Desk();
    const revisions = Array.from({ length: 200 }, (_, n) => {
      desk.nowMs = START_MS;
      return desk.made("task", { title: `${n}` }).revisionId;
    });
    expect([...revisions].sort((left, right) => (left < right ? -1 : 1))).toEqual(revisions);
    expect(new Set(revisions.map((revision) => revision.length)).size).toBe(1);
  });

  test.each(ENTITIES)("[REV-8] %s: an update that changes no field commits nothing", (entity) => {
    const desk = new Desk();
    const fields = {
      name: "n",
      title: "t",
      items: [{ id: "i", text: "x" }],
      extra: { deep: [1, { a: null }] },
    };
    const made = desk.made(entity, { id: "r1", ...fields });
    const socket = desk.open();
    const before = desk.outputs.length;
    for (const patch of [
      {},
      fields,
      { gone: null },
      { revisionId: "x", updatedAt: "y", id: "r1" },
      { extra: {} },
    ]) {
      for (const headers of [{}, { ifMatch: made.revisionId }, { ifMatch: "*" }]) {
        const answer = desk.update(entity, "r1", patch, {
          ...headers,
          deviceId: "d2",
          timestamp: START_MS + 4_000,
        });
        expect([answer.status, revisionOf(answer)]).toEqual([200, made.revisionId]);
        expect(recordOf(answer)).toEqual(made);
      }
    }
    expect(desk.outputs).toHaveLength(before);
    expect(desk.frames(socket)).toHaveLength(1);
    expect(desk.head()).toBe(made.revisionId);
  });

  test("[REV-9] every later read shows the write or something newer, from any instance", () => {
    const one = new Desk();
    const two = new Desk({}, one.store);
    one.made("contact", { id: "c1", name: "0" });
    for (let n = 1; n < 20; n++) {
      const [writer, reader] = n % 2 ? [one, two] : [two, one];
      const since = reader.head();
      const written = recordOf(writer.update("contact", "c1", { name: `${n}` }));
      expect(recordOf(reader.read("contact", "c1"))).toEqual(written);
      expect(recordsOf(reader.list("contact"))).toEqual([written]);
      expect(recordsOf(reader.list("contact", { limit: 1 }))).toEqual([written]);
      expect(changesOf(reader.changes({ since })).changes[0]?.data).toEqual(written);
      expect(reader.head()).toBe(written.revisionId);
    }
  });
});
