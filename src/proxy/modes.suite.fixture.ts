/**
 * Owns the proof of section 5 as far as it is about modes: FLG.
 */

import { describe, expect, test } from "vitest";
import type { JsonObject } from "../base/canonical-json.ts";
import { ENTITIES } from "../protocol/entity.ts";
import { parseRevision } from "../protocol/revision.ts";
import { conflictsOf, errorOf, metaOfAnswer, recordOf, revisionOf } from "./desk.fixture.ts";
import { FIELDS, PATCH, twice } from "./stale.fixture.ts";
import type { DeskMaker } from "./test-desk.fixture.ts";

export function declareModeRules(desks: DeskMaker): void {
  describe("modes", () => {
    test.each(ENTITIES)("[FLG-1] %s: advisory applies a stale write plainly, and says so", async (entity) => {
      const desk = await desks.create(conflictsOf({ mode: "advisory" }));
      const { first, second } = await twice(desk, entity);
      const answer = await desk.update(entity, "r1", PATCH[entity], { ifMatch: `"${first}"`, timestamp: 1 });
      expect(answer.status).toBe(200);
      expect(recordOf(answer)).toMatchObject({ ...PATCH[entity], note: "by another" });
      expect(metaOfAnswer(answer)).toMatchObject({
        conflict: { expectedRevision: first, actualRevision: second },
      });
      expect(metaOfAnswer(answer).resolution).toBeUndefined();
      const deleted = await desk.delete(entity, "r1", { ifMatch: first });
      expect(deleted.status).toBe(200);
      expect(metaOfAnswer(deleted).conflict).toEqual({
        expectedRevision: first,
        actualRevision: revisionOf(answer),
      });
      const gone = await desk.update(entity, "r1", PATCH[entity], { ifMatch: first });
      expect(gone.body).toMatchObject({ error: "conflict", deleted: true, serverData: null });
    });

    test("[FLG-1] advisory: what is not stale is not marked, and required stays required", async () => {
      const desk = await desks.create(conflictsOf({ mode: "advisory", ifMatch: "required" }));
      const made = await desk.made("contact", FIELDS.contact);
      expect((await desk.update("contact", "r1", { name: "x" })).status).toBe(428);
      const answer = await desk.update("contact", "r1", { name: "x" }, { ifMatch: made.revisionId });
      expect(metaOfAnswer(answer).conflict).toBeUndefined();
      expect(errorOf(await desk.update("contact", "r1", { name: "y" }, { ifMatch: "garbage" }))).toBe(
        "invalid_revision",
      );
    });

    test("[FLG-1] advisory wins over resolvedBy client", async () => {
      const desk = await desks.create(conflictsOf({ mode: "advisory", resolvedBy: "client" }));
      const { first } = await twice(desk, "task");
      expect((await desk.update("task", "r1", PATCH.task, { ifMatch: first })).status).toBe(200);
    });

    test.each(ENTITIES)("[FLG-2] %s: off ignores If-Match, and never requires it", async (entity) => {
      const desk = await desks.create(conflictsOf({ mode: "off", ifMatch: "required" }));
      const { first } = await twice(desk, entity);
      for (const ifMatch of [undefined, first, "garbage", "", 'W/"x"']) {
        const headers = ifMatch === undefined ? {} : { ifMatch };
        const answer = await desk.update(entity, "r1", { note: `${ifMatch}` }, headers);
        expect(answer.status).toBe(200);
        expect(metaOfAnswer(answer).conflict).toBeUndefined();
        expect(recordOf(answer).note).toBe(`${ifMatch}`);
      }
      expect((await desk.delete(entity, "r1", { ifMatch: first })).status).toBe(200);
      expect(errorOf(await desk.update(entity, "r1", PATCH[entity], { ifMatch: first }))).toBe("not_found");
    });

    test("[FLG-3] capabilities tell modes, limits and the floor, also after a change of mode", async () => {
      const desk = await desks.create(conflictsOf({ resolvedBy: "client" }));
      const { config } = desk;
      const told = async () =>
        ((await desk.call({ call: "capabilities" })).body as { data: JsonObject }).data;
      expect(await told()).toEqual({
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
      await desk.reconfigure({ mode: "off", ifMatch: "optional", resolvedBy: "server" });
      expect((await told()).conflicts).toEqual({ mode: "off", ifMatch: "optional", resolvedBy: "server" });
      await desk.made("contact", FIELDS.contact);
      await desk.pass(3 * 86_400_000);
      const { floorRevision } = (await told()).delta as { floorRevision: string };
      expect(parseRevision(floorRevision)).toBe(await desk.head());
    });

    test("[FLG-1, FLG-2] modes change while running, and sockets stay open", async () => {
      const desk = await desks.create();
      const socket = await desk.open();
      const { first } = await twice(desk, "contact");
      expect((await desk.update("contact", "r1", { name: "x" }, { ifMatch: first })).status).toBe(409);
      await desk.reconfigure({ mode: "advisory", ifMatch: "optional", resolvedBy: "server" });
      expect((await desk.update("contact", "r1", { name: "x" }, { ifMatch: first })).status).toBe(200);
      await desk.reconfigure({ mode: "off", ifMatch: "optional", resolvedBy: "server" });
      expect((await desk.update("contact", "r1", { name: "y" }, { ifMatch: first })).status).toBe(200);
      expect(await desk.frames(socket)).toHaveLength(5);
      expect(await desk.closeCode(socket)).toBeUndefined();
    });
  });
}
