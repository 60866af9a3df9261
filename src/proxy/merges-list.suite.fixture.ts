/**
 * Owns the proof of section 5 as far as it is about lists: MRG-5 to MRG-8.
 */

import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Json, JsonObject } from "../base/canonical-json.ts";
import type { ListItem } from "../protocol/entity.ts";
import type { Answer } from "../protocol/request.ts";
import { type Claim, LIST, settleAll } from "./claims.fixture.ts";
import { changesOf, metaOfAnswer, recordOf, revisionOf, START_MS } from "./desk.fixture.ts";
import type { DeskMaker, TestDesk } from "./test-desk.fixture.ts";

export function declareListMergeRules(desks: DeskMaker): void {
  describe("lists", () => {
    const item = (id: string, text: string): Json => ({ id, text });
    const write = async (
      desk: TestDesk,
      ifMatch: string,
      patch: JsonObject,
      timestamp: number,
      deviceId = "d1",
    ): Promise<Answer> => await desk.update("list", "l1", patch, { ifMatch, timestamp, deviceId });
    const texts = (answer: Answer): readonly string[] =>
      (recordOf(answer).items as unknown as readonly ListItem[]).map(({ id, text }) => `${id}=${text}`);

    test("[MRG-5, MRG-7] three concurrent writes end alike in every order, the order of items apart", async () => {
      const devices = ["d1", "d2", "d3"] as const;
      const time = fc.integer({ min: START_MS + 10, max: START_MS + 13 });
      const claimOf = (deviceId: string) =>
        fc
          .record({
            timestamp: time,
            name: fc.option(fc.constantFrom("x", "y"), { nil: undefined }),
            kept: fc.subarray(LIST.items),
            edits: fc.array(fc.tuple(fc.nat(2), fc.constantFrom("p", "q")), { maxLength: 2 }),
            added: fc.nat(2),
          })
          .map(({ timestamp, name, kept, edits, added }): Claim => {
            const items = kept.map((own) => ({ ...own }));
            for (const [index, text] of edits) if (items[index]) items[index].text = text;
            for (let n = 0; n < added; n++) items.push({ id: `${deviceId}-${n}`, text: "new" });
            const patch = { items, ...(name === undefined ? undefined : { name }) };
            return { deviceId, timestamp, patch: patch as unknown as JsonObject };
          });
      await fc.assert(
        fc.asyncProperty(fc.tuple(...devices.map(claimOf)), async (all) => {
          const ends = await settleAll(desks, "list", LIST, all);
          for (const end of ends) expect(end).toEqual(ends[0]);
          const ids = ((ends[0] as JsonObject).items as unknown as readonly ListItem[]).map(({ id }) => id);
          expect(new Set(ids).size).toBe(ids.length);
          for (const { patch } of all) {
            for (const { id } of patch.items as unknown as readonly ListItem[]) {
              if (id.startsWith("d")) expect(ids).toContain(id);
            }
          }
        }),
        { numRuns: desks.runs(100) },
      );
    });

    test("[MRG-5] a stale update is 200 merged, whatever it wins", async () => {
      const desk = await desks.create();
      const base = (await desk.made("list", LIST)).revisionId;
      await write(desk, base, { name: "high" }, START_MS + 100);
      const loses = await write(desk, base, { name: "low" }, START_MS + 50);
      expect([loses.status, metaOfAnswer(loses).resolution]).toEqual([200, "merged"]);
      expect(recordOf(loses).name).toBe("high");
      expect(desk.commits).toHaveLength(2);
      const wins = await write(desk, base, { name: "higher" }, START_MS + 150);
      expect([wins.status, metaOfAnswer(wins).resolution]).toEqual([200, "merged"]);
    });

    test("[MRG-6] removed on one side and unchanged on the other: gone; edited on the other: stays, edited", async () => {
      const [one, two, three] = LIST.items as unknown as readonly [Json, Json, Json];
      const first = await desks.create();
      const base = (await first.made("list", LIST)).revisionId;
      await write(first, base, { items: [one, two] }, START_MS + 10);
      expect(
        texts(await write(first, base, { items: [one, item("i2", "two!"), three] }, START_MS + 11)),
      ).toEqual(["i1=one", "i2=two!"]);

      const second = await desks.create();
      await second.made("list", LIST);
      await write(second, base, { items: [one, two] }, START_MS + 10);
      expect(
        texts(await write(second, base, { items: [one, two, item("i3", "three!")] }, START_MS + 11)),
      ).toEqual(["i1=one", "i2=two", "i3=three!"]);

      const third = await desks.create();
      await third.made("list", LIST);
      await write(third, base, { items: [one, two, item("i3", "three!")] }, START_MS + 11);
      expect(texts(await write(third, base, { items: [one, two] }, START_MS + 20))).toEqual([
        "i1=one",
        "i2=two",
        "i3=three!",
      ]);
    });

    test("[MRG-6] the base gone from the log: union", async () => {
      const desk = await desks.create();
      const base = (await desk.made("list", LIST)).revisionId;
      await write(desk, base, { items: [item("i1", "one")] }, START_MS + 10);
      await desk.pass(3 * 86_400_000);
      const all = texts(
        await write(desk, base, { items: [item("i1", "one"), item("i2", "two")] }, START_MS + 20),
      );
      expect(all).toEqual(["i1=one", "i2=two"]);
    });

    test("[MRG-6] a base older than a deletion of the list: union", async () => {
      const desk = await desks.create();
      const base = (await desk.made("list", LIST)).revisionId;
      await desk.delete("list", "l1");
      await desk.made("list", { id: "l1", name: "again", items: [item("i1", "one")] });
      const all = texts(await write(desk, base, { items: [item("i2", "two")] }, START_MS + 20));
      expect(all).toEqual(["i1=one", "i2=two"]);
    });

    test("[MRG-7] the server's order, then the client's new ones in its order; larger stamps stay per field", async () => {
      const desk = await desks.create();
      const base = (await desk.made("list", LIST)).revisionId;
      await write(
        desk,
        base,
        { items: [item("s", "s"), item("i3", "server"), item("i1", "one"), item("i2", "two")] },
        START_MS + 50,
      );
      const merged = await write(
        desk,
        base,
        {
          items: [
            item("n2", "2"),
            item("i1", "client"),
            item("i2", "two"),
            item("i3", "late"),
            item("n1", "1"),
          ],
        },
        START_MS + 49,
      );
      expect(texts(merged)).toEqual(["s=s", "i3=server", "i1=client", "i2=two", "n2=2", "n1=1"]);
    });

    test("[MRG-8] the merged list is what everyone sees", async () => {
      const desk = await desks.create();
      const socket = await desk.open();
      const base = (await desk.made("list", LIST)).revisionId;
      await write(desk, base, { items: [...LIST.items, item("a", "a")] as unknown as Json }, START_MS + 10);
      const merged = recordOf(
        await write(desk, base, { items: [...LIST.items, item("b", "b")] as unknown as Json }, START_MS + 11),
      );
      expect(recordOf(await desk.read("list", "l1"))).toEqual(merged);
      expect(changesOf(await desk.changes({ since: base })).changes[0]?.data).toEqual(merged);
      expect((await desk.frames(socket)).at(-1)).toMatchObject({ payload: merged });
    });

    test("[MRG-5, REV-8] a merge that changes nothing commits nothing", async () => {
      const desk = await desks.create();
      const base = (await desk.made("list", LIST)).revisionId;
      const patch = { items: [...LIST.items, item("a", "a")] as unknown as Json };
      const first = await write(desk, base, patch, START_MS + 10);
      const again = await write(desk, base, patch, START_MS + 11, "d2");
      expect([again.status, metaOfAnswer(again).resolution]).toEqual([200, "merged"]);
      expect(revisionOf(again)).toBe(revisionOf(first));
      expect(desk.commits).toHaveLength(2);
    });
  });
}
