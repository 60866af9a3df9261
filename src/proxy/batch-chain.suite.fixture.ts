/**
 * Owns the proof of section 6 as far as mutations of batches name one another: BAT-5 and BAT-8.
 */

import { describe, expect, test } from "vitest";
import { create, remove, statuses, update } from "./batch-items.fixture.ts";
import { conflictsOf, recordOf } from "./desk.fixture.ts";
import type { DeskMaker } from "./test-desk.fixture.ts";

export function declareBatchChainRules(desks: DeskMaker): void {
  describe("temporary ids", () => {
    test("[BAT-5] in the same batch, and in a later one, they are the record that the create made", async () => {
      const desk = await desks.create();
      const results = await desk.batch([
        create("m1", { title: "1" }),
        update("m2", "m1", { title: "2" }),
        create("m3", { id: "own", title: "1" }),
        update("m4", "m3", { title: "2", id: "own" }),
        update("m5", "m3", { title: "3", id: "m3" }),
      ]);
      expect(statuses(results)).toEqual([201, 200, 201, 200, 200]);
      const id = results[0]?.data?.id as string;
      expect(id).not.toBe("m1");
      expect(results[1]?.data?.id).toBe(id);
      expect(results[4]?.data?.id).toBe("own");
      expect((await desk.batch([remove("m6", "m1")]))[0]?.status).toBe(200);
      expect((await desk.read("task", id)).status).toBe(404);
    });

    test("[BAT-5] the same mutation with the temporary and with the real id is one mutation", async () => {
      const desk = await desks.create();
      const [made, first] = await desk.batch([
        create("m1", { title: "1" }),
        update("m2", "m1", { title: "2" }),
      ]);
      const id = made?.data?.id as string;
      expect((await desk.update("task", id, { title: "2" }, { idempotencyKey: "m2" })).body).toMatchObject({
        data: first?.data,
      });
      expect((await desk.batch([update("m2", id, { title: "2" })]))[0]).toEqual({ ...first, replayed: true });
      expect(desk.commits).toHaveLength(2);
    });

    test("[BAT-5] a create made alone lends its key as temporary id too", async () => {
      const desk = await desks.create();
      const { id } = recordOf(await desk.create("task", { title: "1" }, { idempotencyKey: "m1" }));
      expect((await desk.batch([update("m2", "m1", { title: "2" })]))[0]?.data?.id).toBe(id);
    });

    test("[BAT-5] the create failed: 424, and independent items go on", async () => {
      const desk = await desks.create();
      await desk.made("task", { id: "taken", title: "x" });
      const results = await desk.batch([
        create("m1", { title: 5 as never }),
        update("m2", "m1", { title: "2" }),
        remove("m3", "m1"),
        create("m4", { id: "taken", title: "1" }),
        update("m5", "m4", { title: "2" }),
        { ...create("m6", { title: "x" }), timestamp: "broken" },
        update("m7", "m6", { title: "2" }),
        create("m8", { id: "t8", title: "8" }),
      ]);
      expect(statuses(results)).toEqual([400, 424, 424, 409, 424, 400, 424, 201]);
      for (const index of [1, 2, 4, 6]) expect(results[index]?.error).toBe("dependency_failed");
      expect(recordOf(await desk.read("task", "taken")).title).toBe("x");
      // The create's refusal is remembered; a later batch still knows that it made nothing.
      expect(statuses(await desk.batch([update("m5", "m4", { title: "2" })]))).toEqual([424]);
    });

    test("[BAT-5, IDM-5] a 424 is not remembered: once the create is mended, the same item goes through", async () => {
      const desk = await desks.create();
      expect(
        statuses(await desk.batch([create("m1", { title: 5 as never }), update("m2", "m1", { title: "2" })])),
      ).toEqual([400, 424]);
      expect(
        statuses(await desk.batch([create("m1", { title: "1" }), update("m2", "m1", { title: "2" })])),
      ).toEqual([201, 200]);
    });

    test("[BAT-5] a failed create whose id a record bears does not hide the record from later batches", async () => {
      const desk = await desks.create();
      await desk.made("task", { id: "m1", title: "x" });
      const same = [create("m1", { id: "m1", title: "y" }), update("m2", "m1", { title: "z" })];
      expect(statuses(await desk.batch(same))).toEqual([409, 424]);
      expect(statuses(await desk.batch([update("m3", "m1", { title: "z" })]))).toEqual([200]);
    });

    test("[BAT-3, BAT-5] what failed and was no create of that entity takes no record of its name along", async () => {
      const desk = await desks.create();
      await desk.made("task", { id: "m1", title: "x" });
      await desk.made("task", { id: "m2", title: "x" });
      const results = await desk.batch([
        update("m1", "m1", { title: 5 as never }),
        update("n1", "m1", { title: "1" }),
        { ...create("m2", { name: 5 as never }), entity: "contact" },
        update("n2", "m2", { title: "2" }),
        create("m3", { title: 5 as never }),
        { ...create("m3", { name: 5 as never }), entity: "contact" },
        update("n3", "m3", { title: "3" }),
      ]);
      expect(statuses(results)).toEqual([400, 200, 400, 200, 400, 400, 424]);
    });

    test("[BAT-5] only creates of that entity, of this account, within the ttl", async () => {
      const desk = await desks.create();
      await desk.create("contact", { id: "t1", name: "x" }, { idempotencyKey: "m1" });
      await desk.create("task", { id: "t1", title: "x" }, { idempotencyKey: "m2", token: "tok-b" });
      await desk.create("task", { id: "t1", title: "x" }, { idempotencyKey: "m3" });
      await desk.update("task", "t1", { title: "y" }, { idempotencyKey: "m4" });
      const results = await desk.batch([
        update("n1", "m1", { title: "z" }),
        update("n2", "m2", { title: "z" }),
        update("n3", "m3", { title: "z" }),
        update("n4", "m4", { title: "z" }),
      ]);
      expect(statuses(results)).toEqual([404, 404, 200, 404]);
      desk.nowMs += desk.config.idempotencyTtlSeconds * 1_000;
      expect(statuses(await desk.batch([update("n5", "m3", { title: "z" })]))).toEqual([404]);
    });
  });

  describe("chains", () => {
    test("[BAT-8] ifMatchMutation stands for the revision that its mutation ended with", async () => {
      const desk = await desks.create(conflictsOf({ ifMatch: "required" }));
      const chain = [
        create("m1", { title: "1" }),
        update("m2", "m1", { title: "2" }, { ifMatchMutation: "m1" }),
        update("m3", "m1", { title: "2" }, { ifMatchMutation: "m2" }),
        remove("m4", "m1", { ifMatchMutation: "m3" }),
      ];
      const results = await desk.batch(chain);
      expect(statuses(results)).toEqual([201, 200, 200, 200]);
      expect(results[2]?.meta?.revisionId).toBe(results[1]?.meta?.revisionId);
      expect(desk.commits[1]).toMatchObject({ ifMatch: results[0]?.meta?.revisionId });
      // Also across batches, and the retry is a replay.
      expect((await desk.batch(chain.slice(1))).map(({ replayed }) => replayed)).toEqual([true, true, true]);
    });

    test("[BAT-8] in the fingerprint stands the revision: alone and in a batch it is one mutation", async () => {
      const desk = await desks.create();
      const [made, next] = await desk.batch([
        create("m1", { id: "t1", title: "1" }),
        update("m2", "t1", { title: "2" }, { ifMatchMutation: "m1" }),
      ]);
      const ifMatch = made?.meta?.revisionId as string;
      const alone = await desk.update("task", "t1", { title: "2" }, { idempotencyKey: "m2", ifMatch });
      expect([alone.headers.replayed, alone.body]).toMatchObject([true, { data: next?.data }]);
    });

    test("[BAT-8] a later writer in between makes it stale", async () => {
      const desk = await desks.create();
      const contact = { entity: "contact" } as const;
      await desk.batch([{ ...create("m1", { id: "c1", name: "1" }), ...contact }]);
      await desk.update("contact", "c1", { name: "other" });
      const results = await desk.batch([
        { ...update("m2", "c1", { name: "2" }, { ifMatchMutation: "m1" }), ...contact },
      ]);
      expect(results[0]).toMatchObject({ status: 409, error: "conflict", serverData: { name: "other" } });
    });

    test("[BAT-8] the named one failed, or is unknown: 424", async () => {
      const desk = await desks.create();
      await desk.made("task", { id: "t1", title: "x" });
      const results = await desk.batch([
        update("m1", "t1", { title: 5 as never }),
        update("m2", "t1", { title: "2" }, { ifMatchMutation: "m1" }),
        create("m3", { id: "t1", title: "taken" }),
        update("m4", "t1", { title: "2" }, { ifMatchMutation: "m3" }),
        update("m5", "t1", { title: "2" }, { ifMatchMutation: "nobody" }),
        update("m6", "t1", { title: "2" }, { ifMatchMutation: "m6" }),
        update("m7", "t1", { title: "2" }, { ifMatchMutation: "m8" }),
        update("m8", "t1", { title: "8" }),
        create("m9", { title: "x" }, { ifMatchMutation: "nobody" }),
      ]);
      expect(statuses(results)).toEqual([400, 424, 409, 424, 424, 424, 424, 200, 424]);
      expect(recordOf(await desk.read("task", "t1")).title).toBe("8");
    });

    test("[BAT-5, BAT-8] a key that was refused as another's lends nothing of that other's", async () => {
      const desk = await desks.create();
      await desk.create("task", { id: "t1", title: "1" }, { idempotencyKey: "m1" });
      const results = await desk.batch([
        create("m1", { id: "t2", title: "1" }),
        update("m2", "m1", { title: "2" }),
        update("m3", "t1", { title: "2" }, { ifMatchMutation: "m1" }),
      ]);
      expect(statuses(results)).toEqual([422, 424, 424]);
      expect(recordOf(await desk.read("task", "t1")).title).toBe("1");
    });

    test("[BAT-8] a failure goes down the whole chain", async () => {
      const desk = await desks.create();
      const results = await desk.batch([
        create("m1", { title: 5 as never }),
        update("m2", "m1", { title: "2" }, { ifMatchMutation: "m1" }),
        update("m3", "m1", { title: "3" }, { ifMatchMutation: "m2" }),
      ]);
      expect(statuses(results)).toEqual([400, 424, 424]);
    });

    test("[BAT-8] when the named one is forgotten before it is, a retry is still a retry", async () => {
      const desk = await desks.create();
      await desk.batch([create("m1", { id: "t1", title: "1" })]);
      desk.nowMs += 60_000;
      const item = update("m2", "t1", { title: "2" }, { ifMatchMutation: "m1" });
      const [first] = await desk.batch([item]);
      desk.nowMs += desk.config.idempotencyTtlSeconds * 1_000 - 30_000;
      expect((await desk.batch([item]))[0]).toEqual({ ...first, replayed: true });
      expect(
        statuses(await desk.batch([update("m3", "t1", { title: "2" }, { ifMatchMutation: "m1" })])),
      ).toEqual([424]);
    });
  });
}
