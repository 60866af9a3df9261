/**
 * Owns the proof of section 5 as far as it is about preconditions and modes: CON and FLG.
 */

import { describe, expect, test } from "vitest";
import type { JsonObject } from "../base/canonical-json.ts";
import { ENTITIES } from "../protocol/entity.ts";
import type { Answer } from "../protocol/request.ts";
import type { Revision } from "../protocol/revision.ts";
import {
  changesOf,
  conflictsOf,
  errorOf,
  metaOfAnswer,
  recordOf,
  revisionOf,
  START_MS,
} from "./desk.fixture.ts";
import { FIELDS, PATCH, twice } from "./stale.fixture.ts";
import type { DeskMaker, TestDesk } from "./test-desk.fixture.ts";

/** All that must not move when a write is refused [CON-3]. */
async function traces(desk: TestDesk): Promise<unknown> {
  return [
    await desk.head(),
    changesOf(await desk.changes()).changes,
    desk.commits.length,
    await desk.outputCount(),
  ];
}

export function declareConflictRules(desks: DeskMaker): void {
  describe("preconditions", () => {
    test.each(ENTITIES)("[CON-1] %s: If-Match equal to the current revision is applied", async (entity) => {
      const desk = await desks.create();
      const { second } = await twice(desk, entity);
      const answer = await desk.update(entity, "r1", PATCH[entity], { ifMatch: `"${second}"` });
      expect(answer.status).toBe(200);
      expect(recordOf(answer)).toMatchObject({ ...PATCH[entity], note: "by another" });
      expect(metaOfAnswer(answer).resolution).toBeUndefined();
      expect((await desk.delete(entity, "r1", { ifMatch: revisionOf(answer) })).status).toBe(200);
    });

    test("[CON-2, MRG-1] stale on a contact: 409 with both versions, and the contact as it was", async () => {
      const desk = await desks.create();
      const { first, second } = await twice(desk, "contact");
      const before = await traces(desk);
      const patch = { name: "Bea", revisionId: "sent along" };
      const answer = await desk.update("contact", "r1", patch, {
        ifMatch: first,
        timestamp: START_MS + 3_000,
      });
      expect(answer.status).toBe(409);
      expect(answer.body).toEqual({
        error: "conflict",
        message: expect.any(String),
        currentRevision: second,
        serverData: recordOf(await desk.read("contact", "r1")),
        clientData: patch,
      });
      expect(await traces(desk)).toEqual(before); // [CON-3]
    });

    test.each(ENTITIES)("[CON-2] %s: with resolvedBy client every stale write is 409", async (entity) => {
      const desk = await desks.create(conflictsOf({ resolvedBy: "client" }));
      const { first, second } = await twice(desk, entity);
      const answer = await desk.update(entity, "r1", PATCH[entity], {
        ifMatch: first,
        timestamp: START_MS + 4_000,
      });
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
        expect(stamps).toMatchObject({
          name: START_MS + 1,
          "items/i1/text": START_MS + 1,
          note: START_MS + 2,
        });
      }
    });

    test.each(ENTITIES)("[CON-4] %s: a stale delete is 409, clientData null", async (entity) => {
      const desk = await desks.create();
      const { first, second } = await twice(desk, entity);
      const before = await traces(desk);
      const answer = await desk.delete(entity, "r1", { ifMatch: first, timestamp: START_MS + 4_000 });
      expect(answer.status).toBe(409);
      expect(answer.body).toMatchObject({ error: "conflict", currentRevision: second, clientData: null });
      expect((answer.body as { serverData: unknown }).serverData).toEqual(
        recordOf(await desk.read(entity, "r1")),
      );
      expect(await traces(desk)).toEqual(before);
    });

    test("[CON-5] of many writes at once with one If-Match on a contact, at two instances, one is applied", async () => {
      const one = await desks.create();
      const two = await one.second();
      const { second } = await twice(one, "contact");
      const answers = await Promise.all(
        Array.from({ length: 12 }, (_, n) =>
          (n % 2 ? one : two).update("contact", "r1", { name: `n${n}` }, { ifMatch: second }),
        ),
      );
      const statuses = answers.map(({ status }) => status).sort((left, right) => left - right);
      expect(statuses).toEqual([200, ...Array.from({ length: 11 }, () => 409)]);
      const applied = answers.find(({ status }) => status === 200) as Answer;
      expect(recordOf(await two.read("contact", "r1"))).toEqual(recordOf(applied));
    });

    test("[CON-6] quoted, bare, * match; W/ does not", async () => {
      const desk = await desks.create();
      const { second } = await twice(desk, "contact");
      const at = async (form: (revision: Revision) => string) => {
        const revision = recordOf(await desk.read("contact", "r1")).revisionId;
        return (await desk.update("contact", "r1", { n: desk.nowMs }, { ifMatch: form(revision) })).status;
      };
      expect(await at((revision) => revision)).toBe(200);
      expect(await at((revision) => `"${revision}"`)).toBe(200);
      expect(await at((revision) => ` "${revision}" `)).toBe(200);
      expect(await at(() => "*")).toBe(200);
      expect(await at(() => '"*"')).toBe(200);
      expect(await at((revision) => `W/"${revision}"`)).toBe(409);
      expect(await at((revision) => `W/${revision}`)).toBe(409);
      expect(await at(() => second)).toBe(409);
    });

    test.each(ENTITIES)("[CON-6] %s: what is no revision at all is refused", async (entity) => {
      const desk = await desks.create();
      const { second } = await twice(desk, entity);
      const before = await traces(desk);
      for (const ifMatch of [
        "",
        '""',
        "garbage",
        "rev_1_1",
        `"${second}", "x"`,
        `${second}x y`,
        "W/",
        "**",
      ]) {
        const answers = [
          await desk.update(entity, "r1", PATCH[entity], { ifMatch }),
          await desk.delete(entity, "r1", { ifMatch }),
        ];
        for (const answer of answers) {
          expect([answer.status, errorOf(answer)], ifMatch).toEqual([400, "invalid_revision"]);
        }
      }
      expect(await traces(desk)).toEqual(before);
    });

    test.each(ENTITIES)("[CON-6] %s: a weak tag is stale, and no base of a merge", async (entity) => {
      const desk = await desks.create();
      const { second } = await twice(desk, entity);
      const headers = { ifMatch: `W/"${second}"`, timestamp: 1 };
      const answer = await desk.update(entity, "r1", PATCH[entity], headers);
      // Old as it is it loses every field; only a list says so by 200.
      expect(answer.status).toBe(entity === "list" ? 200 : 409);
      expect(recordOf(await desk.read(entity, "r1"))).toMatchObject(FIELDS[entity]);
      expect((await desk.delete(entity, "r1", headers)).status).toBe(409);
    });

    test("[CON-6] a revision of another record, or of no record, is stale", async () => {
      const desk = await desks.create();
      await desk.made("contact", { id: "other", name: "x" });
      const other = await desk.head();
      await twice(desk, "contact");
      expect((await desk.update("contact", "r1", { name: "y" }, { ifMatch: other })).status).toBe(409);
      expect(
        (await desk.update("contact", "r1", { name: "y" }, { ifMatch: "rev_9999999999_zzzzzz" })).status,
      ).toBe(409);
    });

    test("[CON-6] a create has nothing to match: its If-Match is not looked at, and never required", async () => {
      const desk = await desks.create(conflictsOf({ ifMatch: "required" }));
      for (const ifMatch of ["garbage", "*", "rev_9999999999_zzzzzz"]) {
        expect((await desk.create("task", { title: "x" }, { ifMatch })).status).toBe(201);
      }
      expect((await desk.create("task", { title: "x" })).status).toBe(201);
    });

    test("[CON-7] without If-Match: applied when optional, 428 when required; existence is decided first", async () => {
      const optional = await desks.create();
      await twice(optional, "contact");
      expect((await optional.update("contact", "r1", { name: "x" })).status).toBe(200);
      expect((await optional.delete("contact", "r1")).status).toBe(200);

      const required = await desks.create(conflictsOf({ ifMatch: "required" }));
      const made = await required.made("contact", FIELDS.contact);
      const before = await traces(required);
      for (const answer of [
        await required.update("contact", "r1", { name: "x" }),
        await required.delete("contact", "r1"),
      ]) {
        expect([answer.status, errorOf(answer)]).toEqual([428, "precondition_required"]);
      }
      expect(await traces(required)).toEqual(before);
      expect((await required.update("contact", "none", { name: "x" })).status).toBe(404);
      expect((await required.delete("contact", "none")).status).toBe(404);
      expect((await required.update("contact", "r1", { name: "x" }, { ifMatch: "*" })).status).toBe(200);
      expect((await required.delete("contact", "r1", { ifMatch: made.revisionId })).status).toBe(409);
      expect((await required.delete("contact", "r1", { ifMatch: "*" })).status).toBe(200);
      expect((await required.update("contact", "r1", { name: "x" })).status).toBe(404);
      expect((await required.delete("contact", "r1")).status).toBe(200);
    });

    test.each(ENTITIES)("[CON-8] %s: an update of what was deleted never brings it back", async (entity) => {
      const desk = await desks.create();
      const { first, second } = await twice(desk, entity);
      const tombstone = revisionOf(await desk.delete(entity, "r1"));
      for (const ifMatch of [first, second, tombstone, "*", `W/"${second}"`]) {
        const answer = await desk.update(entity, "r1", PATCH[entity], {
          ifMatch,
          timestamp: START_MS + 5_000,
        });
        expect(answer.status, ifMatch).toBe(409);
        expect(answer.body).toMatchObject({
          error: "conflict",
          currentRevision: tombstone,
          serverData: null,
          deleted: true,
          clientData: PATCH[entity],
        });
      }
      expect(errorOf(await desk.update(entity, "r1", PATCH[entity]))).toBe("not_found");
      expect((await desk.read(entity, "r1")).status).toBe(404);
      expect(await desk.head()).toBe(tombstone);
    });

    test("[CON-9] a living id is refused with serverData; a deleted one begins a new life", async () => {
      const desk = await desks.create();
      const { second } = await twice(desk, "task");
      const before = await traces(desk);
      const answer = await desk.create("task", { id: "r1", title: "again" });
      expect(answer.status).toBe(409);
      expect(answer.body).toMatchObject({
        error: "already_exists",
        currentRevision: second,
        serverData: { id: "r1", title: "buy", note: "by another" },
        clientData: { id: "r1", title: "again" },
        stamps: { title: START_MS + 1, note: START_MS + 2 },
      });
      expect(await traces(desk)).toEqual(before);
      await desk.delete("task", "r1");
      const reborn = await desk.create("task", { id: "r1", title: "again" });
      expect(reborn.status).toBe(201);
      expect(recordOf(reborn).note).toBeUndefined();
      expect(recordOf(await desk.read("task", "r1"))).toEqual(recordOf(reborn));
      expect(desk.commits.at(-1)).toMatchObject({ action: "created", previous: undefined });
    });

    test("[CON-10] the retry of an applied write gets its answer, not a conflict with itself", async () => {
      const desk = await desks.create();
      const { second } = await twice(desk, "contact");
      const headers = { ifMatch: second, idempotencyKey: "k1" };
      const first = await desk.update("contact", "r1", { name: "Bea" }, headers);
      await desk.update("contact", "r1", { name: "somebody else" });
      const again = await desk.update("contact", "r1", { name: "Bea" }, headers);
      expect([again.status, again.body]).toEqual([first.status, first.body]);
      expect(recordOf(await desk.read("contact", "r1")).name).toBe("somebody else");
    });

    test("[CON-10] the key is looked up before the body is judged", async () => {
      const desk = await desks.create();
      await twice(desk, "contact");
      await desk.update("contact", "r1", { name: "Bea" }, { idempotencyKey: "k1" });
      const headers = { idempotencyKey: "k1", ifMatch: "garbage" };
      expect(errorOf(await desk.update("contact", "r1", { name: 5 }, headers))).toBe(
        "idempotency_key_reused",
      );
    });

    test("[CON-11] a retry on currentRevision and serverData succeeds", async () => {
      const desk = await desks.create();
      const { first } = await twice(desk, "contact");
      const refused = await desk.update("contact", "r1", { name: "Bea" }, { ifMatch: first });
      const { currentRevision, serverData } = refused.body as Record<string, JsonObject>;
      expect(serverData?.revisionId).toBe(currentRevision);
      const headers = { ifMatch: String(currentRevision) };
      expect((await desk.update("contact", "r1", { name: "Bea" }, headers)).status).toBe(200);
    });

    test.each(ENTITIES)(
      "[CON-12] %s: a write that is not stale is applied, whatever its timestamp",
      async (entity) => {
        const desk = await desks.create();
        const { second } = await twice(desk, entity);
        const headers = { ifMatch: second, timestamp: 0 };
        expect(recordOf(await desk.update(entity, "r1", PATCH[entity], headers))).toMatchObject(
          PATCH[entity],
        );
        expect(recordOf(await desk.update(entity, "r1", { note: "old" }, { timestamp: 0 }))).toMatchObject({
          note: "old",
        });
      },
    );
  });
}
