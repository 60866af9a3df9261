/**
 * Owns the proof of how sockets are kept: slow readers, dead ones, pings and checkpoints (EVT-10 to EVT-17).
 */

import { describe, expect, test } from "vitest";
import { SECOND_MS } from "../base/time.ts";
import { CLOSE } from "../protocol/request.ts";
import { said, tasks } from "./frames.fixture.ts";
import type { DeskMaker } from "./test-desk.fixture.ts";

export function declareUpkeepRules(desks: DeskMaker): void {
  describe("readers", () => {
    test("[EVT-11] a ping every 30 s; no pong within 30 s more closes", async () => {
      const desk = await desks.create();
      const dead = await desk.open();
      await desk.pass(10 * SECOND_MS);
      const alive = await desk.open();
      await desk.pass(19_999);
      expect([await desk.pings(dead), await desk.pings(alive)]).toEqual([0, 0]);
      await desk.pass(1);
      expect([await desk.pings(dead), await desk.pings(alive)]).toEqual([1, 0]);
      for (let n = 0; n < 6; n++) {
        await desk.pass(10 * SECOND_MS);
        await desk.pong(alive);
      }
      expect([await desk.pings(dead), await desk.pings(alive)]).toEqual([1, 2]);
      expect(await desk.closeCode(dead)).toBe(CLOSE.goingAway);
      expect(await desk.closeCode(alive)).toBeUndefined();
      const before = (await desk.frames(dead)).length;
      await tasks(desk, 1);
      expect(await desk.frames(dead)).toHaveLength(before);
    });

    test("[EVT-13] a frame that is not JSON, or over 64 KiB, closes that socket; other JSON is ignored", async () => {
      const desk = await desks.create();
      const texts = ["{", "", "not json", `"${"x".repeat(65_536)}"`, `"${"é".repeat(32_768)}"`];
      const fine = [
        "{}",
        "5",
        "null",
        '{"type":"hello"}',
        '{"type":"ready"}',
        `"${"x".repeat(65_534)}"`,
        `"${"é".repeat(32_767)}"`,
      ];
      const other = await desk.open();
      for (const text of texts) {
        const socket = await desk.open();
        await desk.say(socket, text);
        // A border that never takes in a text so large says 1009 by itself.
        expect([CLOSE.badFrame, 1009], text.slice(0, 9)).toContain(await desk.closeCode(socket));
      }
      for (const text of fine) await desk.say(other, text);
      await tasks(desk, 1);
      expect(await desk.closeCode(other)).toBeUndefined();
      expect(said(await desk.frames(other))).toEqual(["ready", "created t0"]);
    });

    test("[EVT-17] a filtered socket hears of a head that moved unseen within a minute, once", async () => {
      const desk = await desks.create();
      const filtered = await desk.open({ entities: ["lists"] });
      const open = await desk.open();
      const seen = async (socket: number) =>
        (await desk.frames(socket)).filter(({ type }) => type === "checkpoint");
      const live = async () => {
        for (const socket of [filtered, open]) await desk.pong(socket);
      };
      await tasks(desk, 2);
      for (let n = 0; n < 6; n++) {
        await desk.pass(10 * SECOND_MS);
        await live();
      }
      expect(await seen(filtered)).toEqual([{ type: "checkpoint", revisionId: await desk.head() }]);
      for (let n = 0; n < 30; n++) {
        await desk.pass(10 * SECOND_MS);
        await live();
      }
      expect(await seen(filtered)).toHaveLength(1);
      await tasks(desk, 1, 2);
      await desk.made("list", { id: "l1", name: "x" });
      for (let n = 0; n < 30; n++) {
        await desk.pass(10 * SECOND_MS);
        await live();
      }
      // The list's event said it all.
      expect(await seen(filtered)).toHaveLength(1);
      expect(await seen(open)).toHaveLength(0);
      await tasks(desk, 1, 3);
      for (let n = 0; n < 6; n++) {
        await desk.pass(10 * SECOND_MS);
        await live();
      }
      expect((await seen(filtered)).at(-1)).toEqual({ type: "checkpoint", revisionId: await desk.head() });
    });

    test("[EVT-17] a socket that was told the head by its `ready` is told no more; one checkpoint for many changes", async () => {
      const desk = await desks.create();
      await tasks(desk, 2);
      const socket = await desk.open({ entities: ["lists"] });
      const checkpoints = async () =>
        (await desk.frames(socket)).filter(({ type }) => type === "checkpoint").length;
      const minutes = async (count: number) => {
        for (let n = 0; n < 6 * count; n++) {
          await desk.pass(10 * SECOND_MS);
          await desk.pong(socket);
        }
      };
      await minutes(3);
      expect(await checkpoints()).toBe(0);
      await tasks(desk, 1, 2);
      await tasks(desk, 1, 3);
      await tasks(desk, 1, 4);
      await minutes(3);
      expect(await checkpoints()).toBe(1);
    });

    test("[EVT-17] a checkpoint is a place to resume from, with nothing lost", async () => {
      const desk = await desks.create();
      const first = await desk.open({ entities: ["lists"] });
      await tasks(desk, 2);
      await desk.pass(55 * SECOND_MS);
      const frame = (await desk.frames(first)).at(-1);
      const lastRevisionId = frame?.type === "checkpoint" ? frame.revisionId : "";
      await desk.made("list", { id: "l1", name: "x" });
      const second = await desk.open({ entities: ["lists"], lastRevisionId });
      expect(said(await desk.frames(second))).toEqual(["created l1", "ready"]);
    });
  });
}
