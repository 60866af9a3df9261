/**
 * Owns the proof of section 5 as far as it is about strategies: MRG, and REV-8 where it meets them.
 */

import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { JsonObject } from "../base/canonical-json.ts";
import type { Answer } from "../protocol/request.ts";
import { type Claim, permutations, settle, settleAll, TASK } from "./claims.fixture.ts";
import { changesOf, metaOfAnswer, recordOf, revisionOf, START_MS } from "./desk.fixture.ts";
import type { DeskMaker } from "./test-desk.fixture.ts";

const staleTask = (title: string, timestamp: number, deviceId = "d1") => ({
  patch: { title },
  timestamp,
  deviceId,
});

export function declareMergeRules(desks: DeskMaker): void {
  describe("tasks", () => {
    const devices = ["d1", "d2", "d3"] as const;
    // Later than the base, and near enough to each other that stamps meet.
    const time = fc.integer({ min: START_MS + 10, max: START_MS + 14 });

    test("[MRG-2, MRG-11] three concurrent writes end alike in every order of arrival", async () => {
      const patch = fc.record(
        {
          title: fc.constantFrom("a", "b", "c"),
          notes: fc.constantFrom("a", "b", null),
          done: fc.constant(true),
          extra: fc.constantFrom(1, 2),
        },
        { requiredKeys: [] },
      );
      const claims = fc.tuple(
        ...devices.map((deviceId) => fc.record({ deviceId: fc.constant(deviceId), timestamp: time, patch })),
      );
      await fc.assert(
        fc.asyncProperty(claims, async (all) => {
          const ends = await settleAll(desks, "task", TASK, all as readonly Claim[]);
          for (const end of ends) expect(end).toEqual(ends[0]);
        }),
        { numRuns: desks.runs(300) },
      );
    });

    test("[MRG-2] the largest stamp stays: time first, then device, then key", async () => {
      const end = async (...claims: Claim[]) => (await settle(desks, "task", TASK, claims)).title;
      expect(await end(staleTask("x", START_MS + 20), staleTask("y", START_MS + 21, "d2"))).toBe("y");
      expect(await end(staleTask("y", START_MS + 21, "d2"), staleTask("x", START_MS + 20))).toBe("y");
      expect(await end(staleTask("x", START_MS + 20, "d1"), staleTask("y", START_MS + 20, "d2"))).toBe("y");
      expect(await end(staleTask("y", START_MS + 20, "d2"), staleTask("x", START_MS + 20, "d1"))).toBe("y");
      // Lower-case letters are above upper-case ones: by code point, not as people sort.
      expect(await end(staleTask("x", START_MS + 20, "a"), staleTask("y", START_MS + 20, "B"))).toBe("x");
    });

    test("[MRG-2] a write beats what it was based on, even when its clock is behind", async () => {
      const desk = await desks.create();
      const made = await desk.made("task", TASK, { deviceId: "d9", timestamp: START_MS + 2_000 });
      await desk.update("task", "t1", { notes: "other field" }, { ifMatch: made.revisionId });
      const late = await desk.update(
        "task",
        "t1",
        { title: "mine" },
        { ifMatch: made.revisionId, timestamp: 5 },
      );
      expect(metaOfAnswer(late).resolution).toBe("client_won");
      expect(recordOf(late).title).toBe("mine");
    });

    test("[MRG-3] wins all: client_won; some: merged; none: 409", async () => {
      const desk = await desks.create();
      const base = (await desk.made("task", TASK, { timestamp: START_MS })).revisionId;
      const write = async (patch: JsonObject, timestamp: number): Promise<Answer> =>
        await desk.update("task", "t1", patch, { ifMatch: base, timestamp });
      expect(
        metaOfAnswer(await write({ title: "first", notes: "first" }, START_MS + 100)).resolution,
      ).toBeUndefined();
      const all = await write({ title: "second" }, START_MS + 101);
      expect([all.status, metaOfAnswer(all).resolution]).toEqual([200, "client_won"]);
      const some = await write({ title: "no", notes: "third" }, START_MS + 101);
      expect(some.status).toBe(200);
      expect(metaOfAnswer(some).resolution).toBe("merged");
      expect(recordOf(some)).toMatchObject({ title: "second", notes: "third" });
      const before = await desk.head();
      const none = await write({ title: "no", notes: "no" }, START_MS + 50);
      expect(none.status).toBe(409);
      expect(none.body).toMatchObject({
        serverData: { title: "second", notes: "third" },
        stamps: { title: START_MS + 101, notes: START_MS + 101, done: START_MS },
      });
      expect(await desk.head()).toBe(before);
    });

    test("[MRG-4] a timestamp more than 5 s ahead counts as receive time + 5 s", async () => {
      const desk = await desks.create();
      const base = (await desk.made("task", TASK)).revisionId;
      const year = START_MS + 365 * 86_400_000;
      const fast = await desk.update("task", "t1", { title: "fast" }, { ifMatch: base, timestamp: year });
      const receivedMs = desk.nowMs;
      expect(recordOf(fast).title).toBe("fast");
      desk.nowMs = receivedMs + 10_000;
      const early = { ifMatch: base, timestamp: receivedMs + 5_000 };
      expect((await desk.update("task", "t1", { title: "loses" }, early)).status).toBe(409);
      const later = { ifMatch: base, timestamp: receivedMs + 5_001 };
      expect(recordOf(await desk.update("task", "t1", { title: "wins" }, later)).title).toBe("wins");
    });

    test("[MRG-4] at 5 s ahead a timestamp counts in full", async () => {
      const desk = await desks.create();
      const base = (await desk.made("task", TASK)).revisionId;
      await desk.update("task", "t1", { title: "ahead" }, { ifMatch: base, timestamp: START_MS + 2 + 5_000 });
      const before = { ifMatch: base, timestamp: START_MS + 2 + 4_999 };
      expect((await desk.update("task", "t1", { title: "before" }, before)).status).toBe(409);
    });

    test("[MRG-4] a field's stamp never falls: an unconditional old write is applied, and holds the old stamp", async () => {
      const desk = await desks.create();
      const base = (await desk.made("task", TASK)).revisionId;
      await desk.update("task", "t1", { title: "high" }, { ifMatch: base, timestamp: START_MS + 4_000 });
      await desk.update("task", "t1", { title: "low" }, { timestamp: START_MS - 4_000 });
      expect(recordOf(await desk.read("task", "t1")).title).toBe("low");
      const between = { ifMatch: base, timestamp: START_MS + 3_999 };
      expect((await desk.update("task", "t1", { title: "between" }, between)).status).toBe(409);
    });

    test("[MRG-2, REV-8] a write that changes nothing leaves no revision, and its stamp all the same", async () => {
      const claims = [
        { deviceId: "d1", timestamp: START_MS + 10, patch: { title: "a" } },
        { deviceId: "d2", timestamp: START_MS + 30, patch: { title: "a" } },
        { deviceId: "d3", timestamp: START_MS + 20, patch: { title: "b" } },
      ];
      for (const order of permutations(claims)) {
        expect((await settle(desks, "task", TASK, order)).title).toBe("a");
      }
      const desk = await desks.create();
      const base = (await desk.made("task", TASK)).revisionId;
      const first = await desk.update(
        "task",
        "t1",
        { title: "a" },
        { ifMatch: base, timestamp: START_MS + 10 },
      );
      const same = await desk.update(
        "task",
        "t1",
        { title: "a" },
        { ifMatch: base, timestamp: START_MS + 30 },
      );
      expect(same.status).toBe(200);
      expect(revisionOf(same)).toBe(revisionOf(first));
      expect(desk.commits).toHaveLength(2);
    });

    test("[REV-8] current writes that change nothing leave stamps that do not depend on their order", async () => {
      const stampsAfter = async (times: readonly number[]): Promise<unknown> => {
        const desk = await desks.create();
        const made = await desk.made("task", TASK, { timestamp: START_MS });
        for (const at of times) {
          const headers = { ifMatch: made.revisionId, timestamp: START_MS + at, deviceId: `d${at}` };
          expect(revisionOf(await desk.update("task", "t1", { title: "base" }, headers))).toBe(
            made.revisionId,
          );
        }
        return ((await desk.create("task", TASK)).body as { stamps: unknown }).stamps;
      };
      const raised = { title: START_MS + 30, notes: START_MS, done: START_MS };
      for (const order of permutations([10, 20, 30])) expect(await stampsAfter(order)).toEqual(raised);
    });

    test("[CON-12] what is current is applied, also over a stamp that a write without effect raised", async () => {
      // The one place where causality and stamps pull apart: the writer knew the revision, not the raise.
      const desk = await desks.create();
      const made = await desk.made("task", TASK);
      const ifMatch = made.revisionId;
      await desk.update("task", "t1", { title: "base" }, { ifMatch, timestamp: START_MS + 3_000 });
      const applied = await desk.update(
        "task",
        "t1",
        { title: "older" },
        { ifMatch, timestamp: START_MS + 1_000 },
      );
      expect([applied.status, recordOf(applied).title]).toEqual([200, "older"]);
      const later = { ifMatch, timestamp: START_MS + 2_999 };
      expect((await desk.update("task", "t1", { title: "between" }, later)).status).toBe(409);
    });

    test("[MRG-2] what a write without effect raised since is no part of the base that a stale one knew", async () => {
      const claims = [
        { deviceId: "d1", timestamp: START_MS + 30, patch: { title: "base" } },
        { deviceId: "d2", timestamp: START_MS + 10, patch: { done: true } },
        { deviceId: "d3", timestamp: START_MS + 20, patch: { title: "older" } },
      ];
      // In the orders left out, the third is not stale when it comes right behind the first [CON-12].
      for (const order of permutations(claims)) {
        if (order[0] === claims[0] && order[1] === claims[2]) continue;
        expect((await settle(desks, "task", TASK, order)).title).toBe("base");
      }
    });

    test("[MRG-8] answer, event, delta and read show one record", async () => {
      const desk = await desks.create();
      const socket = await desk.open();
      const base = (await desk.made("task", TASK)).revisionId;
      await desk.update("task", "t1", { title: "x" }, { ifMatch: base });
      const merged = await desk.update("task", "t1", { notes: "y" }, { ifMatch: base });
      const record = recordOf(merged);
      expect(record).toMatchObject({ title: "x", notes: "y", revisionId: revisionOf(merged) });
      expect(recordOf(await desk.read("task", "t1"))).toEqual(record);
      expect(changesOf(await desk.changes({ since: base })).changes.map(({ data }) => data)).toEqual([
        record,
      ]);
      expect((await desk.frames(socket)).at(-1)).toMatchObject({ type: "sync_event", payload: record });
      expect(desk.commits.at(-1)).toMatchObject({ resolution: "client_won", ifMatch: base, record });
    });

    test("[MRG-2] a base that is another record's, or of a former life, gives no lift", async () => {
      const desk = await desks.create();
      await desk.made("task", TASK, { timestamp: START_MS + 4_000 });
      const former = recordOf(await desk.read("task", "t1")).revisionId;
      await desk.delete("task", "t1");
      await desk.made("task", TASK, { timestamp: START_MS + 1_000 });
      const loses = await desk.update(
        "task",
        "t1",
        { title: "x" },
        { ifMatch: former, timestamp: START_MS + 999 },
      );
      expect(loses.status).toBe(409);
      const wins = await desk.update(
        "task",
        "t1",
        { title: "x" },
        { ifMatch: former, timestamp: START_MS + 1_001 },
      );
      expect(wins.status).toBe(200);
      await desk.made("task", { ...TASK, id: "t2" }, { timestamp: START_MS + 4_500 });
      const other = recordOf(await desk.read("task", "t2")).revisionId;
      const again = await desk.update(
        "task",
        "t1",
        { title: "y" },
        { ifMatch: other, timestamp: START_MS + 1_000 },
      );
      expect(again.status).toBe(409);
    });
  });
}
