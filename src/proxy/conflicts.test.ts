/**
 * Owns the proof of section 5 as far as it is about preconditions and modes: CON and FLG.
 */

import { describe, expect, test } from "vitest";
import type { JsonObject } from "../base/canonical-json.ts";
import { ENTITIES, type Entity } from "../protocol/entity.ts";
import { parseRevision, type Revision } from "../protocol/revision.ts";
import {
  changesOf,
  conflictsOf,
  Desk,
  errorOf,
  metaOfAnswer,
  recordOf,
  revisionOf,
  START_MS,
} from "./desk.fixture.ts";

const FIELDS: Readonly<Record<Entity, JsonObject>> = {
  contact: { id: "r1", name: "Ada" },
  task: { id: "r1", title: "buy" },
  list: { id: "r1", name: "shop", items: [{ id: "i1", text: "milk" }] },
};
const PATCH: Readonly<Record<Entity, JsonObject>> = {
  contact: { name: "Bea" },
  task: { title: "sell" },
  list: { name: "market" },
};

/** A record with two versions behind it: what the first, and the second, revision was. */
function twice(desk: Desk, entity: Entity): { first: Revision; second: Revision } {
  const first = desk.made(entity, FIELDS[entity]).revisionId;
  const second = revisionOf(desk.update(entity, "r1", { note: "by another" }));
  return { first, second };
}

/** All that must not move when a write is refused [CON-3]. */
function traces(desk: Desk): unknown {
  return [desk.head(), changesOf(desk.changes()).changes, desk.commits.length, desk.outputs.length];
}

describe("preconditions", () => {
  test.each(ENTITIES)("[CON-1] %s: If-Match equal to the current revision is applied", (entity) => {
    const desk = new Desk();
    const { second } = twice(desk, entity);
    const answer = desk.update(entity, "r1", PATCH[entity], { ifMatch: `"${second}"` });
    expect(answer.status).toBe(200);
    expect(recordOf(answer)).toMatchObject({ ...PATCH[entity], note: "by another" });
    expect(metaOfAnswer(answer).resolution).toBeUndefined();
    expect(desk.delete(entity, "r1", { ifMatch: revisionOf(answer) }).status).toBe(200);
  });

  test("[CON-2, MRG-1] stale on a contact: 409 with both versions, and the contact as it was", () => {
    const desk = new Desk();
    const { first, second } = twice(desk, "contact");
    const before = traces(desk);
    const patch = { name: "Bea", revisionId: "sent along" };
    const answer = desk.update("contact", "r1", patch, { ifMatch: first, timestamp: START_MS + 3_000 });
    expect(answer.status).toBe(409);
    expect(answer.body).toEqual({
      error: "conflict",
      message: expect.any(String),
      currentRevision: second,
      serverData: recordOf(desk.read("contact", "r1")),
      clientData: patch,
    });
    expect(traces(desk)).toEqual(before); // [CON-3]
  });

  test.each(ENTITIES)("[CON-2] %s: with resolvedBy client every stale write is 409", (entity) => {
    const desk = new Desk(conflictsOf({ resolvedBy: "client" }));
    const { first, second } = twice(desk, entity);
    const answer = desk.update(entity, "r1", PATCH[entity], { ifMatch: first, timestamp: START_MS + 4_000 });
    expect(answer.status).toBe(409);
    expect(answer.body).toMatchObject({
      error: "conflict",
      currentRevision: second,
      clientData: PATCH[entity],
    });
    const { stamps } = answer.body as { stamps?: Record<string, number> };
    if (entity === "contact") expect(stamps).toBeUndefined();
    if (entity === "task") expect(stamps).toEqual({ title: START_MS + 1, note: START_MS + 2 });
    if (entity === "list") {
      expect(stamps).toMatchObject({ name: START_MS + 1, "items/i1/text": START_MS + 1, note: START_MS + 2 });
    }
  });

  test.each(ENTITIES)("[CON-4] %s: a stale delete is 409, clientData null", (entity) => {
    const desk = new Desk();
    const { first, second } = twice(desk, entity);
    const before = traces(desk);
    const answer = desk.delete(entity, "r1", { ifMatch: first, timestamp: START_MS + 4_000 });
    expect(answer.status).toBe(409);
    expect(answer.body).toMatchObject({ error: "conflict", currentRevision: second, clientData: null });
    expect((answer.body as { serverData: unknown }).serverData).toEqual(recordOf(desk.read(entity, "r1")));
    expect(traces(desk)).toEqual(before);
  });

  test("[CON-5] of many writes with one If-Match on a contact one is applied", () => {
    const desk = new Desk();
    const { second } = twice(desk, "contact");
    const statuses = Array.from(
      { length: 12 },
      (_, n) => desk.update("contact", "r1", { name: `n${n}` }, { ifMatch: second }).status,
    );
    expect(statuses).toEqual([200, ...Array.from({ length: 11 }, () => 409)]);
  });

  test("[CON-6] quoted, bare, * match; W/ does not", () => {
    const desk = new Desk();
    const { second } = twice(desk, "contact");
    const at = (form: (revision: Revision) => string) => {
      const revision = recordOf(desk.read("contact", "r1")).revisionId;
      return desk.update("contact", "r1", { n: desk.nowMs }, { ifMatch: form(revision) }).status;
    };
    expect(at((revision) => revision)).toBe(200);
    expect(at((revision) => `"${revision}"`)).toBe(200);
    expect(at((revision) => ` "${revision}" `)).toBe(200);
    expect(at(() => "*")).toBe(200);
    expect(at(() => '"*"')).toBe(200);
    expect(at((revision) => `W/"${revision}"`)).toBe(409);
    expect(at((revision) => `W/${revision}`)).toBe(409);
    expect(at(() => second)).toBe(409);
  });

  test.each(ENTITIES)("[CON-6] %s: what is no revision at all is refused", (entity) => {
    const desk = new Desk();
    const { second } = twice(desk, entity);
    const before = traces(desk);
    for (const ifMatch of ["", '""', "garbage", "rev_1_1", `"${second}", "x"`, `${second}x y`, "W/", "**"]) {
      const answers = [
        desk.update(entity, "r1", PATCH[entity], { ifMatch }),
        desk.delete(entity, "r1", { ifMatch }),
      ];
      for (const answer of answers) {
        expect([answer.status, errorOf(answer)], ifMatch).toEqual([400, "invalid_revision"]);
      }
    }
    expect(traces(desk)).toEqual(before);
  });

  test.each(ENTITIES)("[CON-6] %s: a weak tag is stale, and no base of a merge", (entity) => {
    const desk = new Desk();
    const { second } = twice(desk, entity);
    const headers = { ifMatch: `W/"${second}"`, timestamp: 1 };
    const answer = desk.update(entity, "r1", PATCH[entity], headers);
    // Old as it is it loses every field; only a list says so by 200.
    expect(answer.status).toBe(entity === "list" ? 200 : 409);
    expect(recordOf(desk.read(entity, "r1"))).toMatchObject(FIELDS[entity]);
    expect(desk.delete(entity, "r1", headers).status).toBe(409);
  });

  test("[CON-6] a revision of another record, or of no record, is stale", () => {
    const desk = new Desk();
    desk.made("contact", { id: "other", name: "x" });
    const other = desk.head();
    twice(desk, "contact");
    expect(desk.update("contact", "r1", { name: "y" }, { ifMatch: other }).status).toBe(409);
    expect(desk.update("contact", "r1", { name: "y" }, { ifMatch: "rev_9999999999_zzzzzz" }).status).toBe(
      409,
    );
  });

  test("[CON-6] a create has nothing to match: its If-Match is not looked at, and never required", () => {
    const desk = new Desk(conflictsOf({ ifMatch: "required" }));
    for (const ifMatch of ["garbage", "*", "rev_9999999999_zzzzzz"]) {
      expect(desk.create("task", { title: "x" }, { ifMatch }).status).toBe(201);
    }
    expect(desk.create("task", { title: "x" }).status).toBe(201);
  });

  test("[CON-7] without If-Match: applied when optional, 428 when required; existence is decided first", () => {
    const optional = new Desk();
    twice(optional, "contact");
    expect(optional.update("contact", "r1", { name: "x" }).status).toBe(200);
    expect(optional.delete("contact", "r1").status).toBe(200);

    const required = new Desk(conflictsOf({ ifMatch: "required" }));
    const made = required.made("contact", FIELDS.contact);
    const before = traces(required);
    for (const answer of [
      required.update("contact", "r1", { name: "x" }),
      required.delete("contact", "r1"),
    ]) {
      expect([answer.status, errorOf(answer)]).toEqual([428, "precondition_required"]);
    }
    expect(traces(required)).toEqual(before);
    expect(required.update("contact", "none", { name: "x" }).status).toBe(404);
    expect(required.delete("contact", "none").status).toBe(404);
    expect(required.update("contact", "r1", { name: "x" }, { ifMatch: "*" }).status).toBe(200);
    expect(required.delete("contact", "r1", { ifMatch: made.revisionId }).status).toBe(409);
    expect(required.delete("contact", "r1", { ifMatch: "*" }).status).toBe(200);
    expect(required.update("contact", "r1", { name: "x" }).status).toBe(404);
    expect(required.delete("contact", "r1").status).toBe(200);
  });

  test.each(ENTITIES)("[CON-8] %s: an update of what was deleted never brings it back", (entity) => {
    const desk = new Desk();
    const { first, second } = twice(desk, entity);
    const tombstone = revisionOf(desk.delete(entity, "r1"));
    for (const ifMatch of [first, second, tombstone, "*", `W/"${second}"`]) {
      const answer = desk.update(entity, "r1", PATCH[entity], { ifMatch, timestamp: START_MS + 5_000 });
      expect(answer.status, ifMatch).toBe(409);
      expect(answer.body).toMatchObject({
        error: "conflict",
        currentRevision: tombstone,
        serverData: null,
        deleted: true,
        clientData: PATCH[entity],
      });
    }
    expect(errorOf(desk.update(entity, "r1", PATCH[entity]))).toBe("not_found");
    expect(desk.read(entity, "r1").status).toBe(404);
    expect(desk.head()).toBe(tombstone);
  });

  test("[CON-9] a living id is refused with serverData; a deleted one begins a new life", () => {
    const desk = new Desk();
    const { second } = twice(desk, "task");
    const before = traces(desk);
    const answer = desk.create("task", { id: "r1", title: "again" });
    expect(answer.status).toBe(409);
    expect(answer.body).toMatchObject({
      error: "already_exists",
      currentRevision: second,
      serverData: { id: "r1", title: "buy", note: "by another" },
      clientData: { id: "r1", title: "again" },
      stamps: { title: START_MS + 1, note: START_MS + 2 },
    });
    expect(traces(desk)).toEqual(before);
    desk.delete("task", "r1");
    const reborn = desk.create("task", { id: "r1", title: "again" });
    expect(reborn.status).toBe(201);
    expect(recordOf(reborn).note).toBeUndefined();
    expect(recordOf(desk.read("task", "r1"))).toEqual(recordOf(reborn));
    expect(desk.commits.at(-1)).toMatchObject({ action: "created", previous: undefined });
  });

  test("[CON-10] the retry of an applied write gets its answer, not a conflict with itself", () => {
    const desk = new Desk();
    const { second } = twice(desk, "contact");
    const headers = { ifMatch: second, idempotencyKey: "k1" };
    const first = desk.update("contact", "r1", { name: "Bea" }, headers);
    desk.update("contact", "r1", { name: "somebody else" });
    const again = desk.update("contact", "r1", { name: "Bea" }, headers);
    expect([again.status, again.body]).toEqual([first.status, first.body]);
    expect(recordOf(desk.read("contact", "r1")).name).toBe("somebody else");
  });

  test("[CON-10] the key is looked up before the body is judged", () => {
    const desk = new Desk();
    twice(desk, "contact");
    desk.update("contact", "r1", { name: "Bea" }, { idempotencyKey: "k1" });
    const headers = { idempotencyKey: "k1", ifMatch: "garbage" };
    expect(errorOf(desk.update("contact", "r1", { name: 5 }, headers))).toBe("idempotency_key_reused");
  });

  test("[CON-11] a retry on currentRevision and serverData succeeds", () => {
    const desk = new Desk();
    const { first } = twice(desk, "contact");
    const refused = desk.update("contact", "r1", { name: "Bea" }, { ifMatch: first });
    const { currentRevision, serverData } = refused.body as Record<string, JsonObject>;
    expect(serverData?.revisionId).toBe(currentRevision);
    const headers = { ifMatch: String(currentRevision) };
    expect(desk.update("contact", "r1", { name: "Bea" }, headers).status).toBe(200);
  });

  test.each(ENTITIES)(
    "[CON-12] %s: a write that is not stale is applied, whatever its timestamp",
    (entity) => {
      const desk = new Desk();
      const { second } = twice(desk, entity);
      const headers = { ifMatch: second, timestamp: 0 };
      expect(recordOf(desk.update(entity, "r1", PATCH[entity], headers))).toMatchObject(PATCH[entity]);
      expect(recordOf(desk.update(entity, "r1", { note: "old" }, { timestamp: 0 }))).toMatchObject({
        note: "old",
      });
    },
  );
});

describe("modes", () => {
  test.each(ENTITIES)("[FLG-1] %s: advisory applies a stale write plainly, and says so", (entity) => {
    const desk = new Desk(conflictsOf({ mode: "advisory" }));
    const { first, second } = twice(desk, entity);
    const answer = desk.update(entity, "r1", PATCH[entity], { ifMatch: `"${first}"`, timestamp: 1 });
    expect(answer.status).toBe(200);
    expect(recordOf(answer)).toMatchObject({ ...PATCH[entity], note: "by another" });
    expect(metaOfAnswer(answer)).toMatchObject({
      conflict: { expectedRevision: first, actualRevision: second },
    });
    expect(metaOfAnswer(answer).resolution).toBeUndefined();
    const deleted = desk.delete(entity, "r1", { ifMatch: first });
    expect(deleted.status).toBe(200);
    expect(metaOfAnswer(deleted).conflict).toEqual({
      expectedRevision: first,
      actualRevision: revisionOf(answer),
    });
    const gone = desk.update(entity, "r1", PATCH[entity], { ifMatch: first });
    expect(gone.body).toMatchObject({ error: "conflict", deleted: true, serverData: null });
  });

  test("[FLG-1] advisory: what is not stale is not marked, and required stays required", () => {
    const desk = new Desk(conflictsOf({ mode: "advisory", ifMatch: "required" }));
    const made = desk.made("contact", FIELDS.contact);
    expect(desk.update("contact", "r1", { name: "x" }).status).toBe(428);
    const answer = desk.update("contact", "r1", { name: "x" }, { ifMatch: made.revisionId });
    expect(metaOfAnswer(answer).conflict).toBeUndefined();
    expect(errorOf(desk.update("contact", "r1", { name: "y" }, { ifMatch: "garbage" }))).toBe(
      "invalid_revision",
    );
  });

  test("[FLG-1] advisory wins over resolvedBy client", () => {
    const desk = new Desk(conflictsOf({ mode: "advisory", resolvedBy: "client" }));
    const { first } = twice(desk, "task");
    expect(desk.update("task", "r1", PATCH.task, { ifMatch: first }).status).toBe(200);
  });

  test.each(ENTITIES)("[FLG-2] %s: off ignores If-Match, and never requires it", (entity) => {
    const desk = new Desk(conflictsOf({ mode: "off", ifMatch: "required" }));
    const { first } = twice(desk, entity);
    for (const ifMatch of [undefined, first, "garbage", "", 'W/"x"']) {
      const headers = ifMatch === undefined ? {} : { ifMatch };
      const answer = desk.update(entity, "r1", { note: `${ifMatch}` }, headers);
      expect(answer.status).toBe(200);
      expect(metaOfAnswer(answer).conflict).toBeUndefined();
      expect(recordOf(answer).note).toBe(`${ifMatch}`);
    }
    expect(desk.delete(entity, "r1", { ifMatch: first }).status).toBe(200);
    expect(errorOf(desk.update(entity, "r1", PATCH[entity], { ifMatch: first }))).toBe("not_found");
  });

  test("[FLG-3] capabilities tell modes, limits and the floor, also after a change of mode", () => {
    const desk = new Desk(conflictsOf({ resolvedBy: "client" }));
    const { config } = desk;
    const told = () => (desk.call({ call: "capabilities" }).body as { data: JsonObject }).data;
    expect(told()).toEqual({
      protocol: "1",
      phases: [1, 2, 3, 4, 5],
      entities: [
        { entity: "contact", collection: "contacts", strategy: "server_authoritative" },
        { entity: "task", collection: "tasks", strategy: "last_writer_wins" },
        { entity: "list", collection: "lists", strategy: "additive_merge" },
      ],
      conflicts: { mode: "enforce", ifMatch: "optional", resolvedBy: "client" },
      delta: { limitMax: 100, retentionSeconds: 86_400, floorRevision: "rev_0000000000_000000" },
      batch: { mutationsMax: 20 },
      idempotency: { ttlSeconds: 604_800 },
      push: { provider: "expo", entities: config.push.entities, receiptDelaySeconds: 900 },
      events: { replayMax: 200 },
      webhooks: false,
      bodyBytesMax: 4_096,
    });
    desk.proxy.reconfigure({ mode: "off", ifMatch: "optional", resolvedBy: "server" });
    expect(told().conflicts).toEqual({ mode: "off", ifMatch: "optional", resolvedBy: "server" });
    desk.made("contact", FIELDS.contact);
    desk.pass(3 * 86_400_000);
    const { floorRevision } = told().delta as { floorRevision: string };
    expect(parseRevision(floorRevision)).toBe(desk.head());
  });

  test("[FLG-1, FLG-2] modes change while running, and sockets stay open", () => {
    const desk = new Desk();
    const socket = desk.open();
    const { first } = twice(desk, "contact");
    expect(desk.update("contact", "r1", { name: "x" }, { ifMatch: first }).status).toBe(409);
    desk.proxy.reconfigure({ mode: "advisory", ifMatch: "optional", resolvedBy: "server" });
    expect(desk.update("contact", "r1", { name: "x" }, { ifMatch: first }).status).toBe(200);
    desk.proxy.reconfigure({ mode: "off", ifMatch: "optional", resolvedBy: "server" });
    expect(desk.update("contact", "r1", { name: "y" }, { ifMatch: first }).status).toBe(200);
    expect(desk.frames(socket)).toHaveLength(5);
    expect(desk.closeCode(socket)).toBeUndefined();
  });
});
