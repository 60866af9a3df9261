/**
 * Owns the proof of section 8 as far as it is about the provider: PSH-6, PSH-7, receipts.
 */

import { describe, expect, test } from "vitest";
import { MINUTE_MS, SECOND_MS } from "../base/time.ts";

import { RECEIPT_ATTEMPTS_MAX, SEND_ATTEMPTS_MAX } from "./outbox.ts";
import type { PushTicket } from "./port.ts";

import { answer, dead, fail, messages, ok, register, told, write } from "./provider.fixture.ts";
import type { DeskMaker, TestDesk } from "./test-desk.fixture.ts";

const answerAll = async (desk: TestDesk) => await answer(desk, ok);
const failAll = async (desk: TestDesk) => await fail(desk);

export function declarePushProviderRules(desks: DeskMaker): void {
  describe("the provider", () => {
    test("[PSH-6] DeviceNotRegistered in a ticket ends the token, until it is registered again", async () => {
      const desk = await desks.create();
      await register(desk, "d1", "t1");
      await register(desk, "d2", "t2");
      await write(desk);
      await desk.pass(5 * SECOND_MS);
      await answer(desk, (message, id) => (message.to === "t1" ? dead() : ok(message, id)));
      const second = await write(desk);
      await desk.pass(5 * SECOND_MS);
      expect(told(desk).slice(2)).toEqual([`t2 ${second}`]);
      await register(desk, "d1", "t1");
      const third = await write(desk);
      await desk.pass(5 * SECOND_MS);
      expect(told(desk).slice(3).includes(`t1 ${third}`)).toBe(true);
    });

    test("[PSH-6] DeviceNotRegistered in a receipt ends the token, asked for after the delay", async () => {
      const desk = await desks.create();
      await register(desk, "d1", "t1");
      await register(desk, "d2", "t2");
      await write(desk);
      await desk.pass(SECOND_MS);
      await answer(desk, ok);
      await desk.pass(900 * SECOND_MS - 1);
      expect(desk.asks).toHaveLength(0);
      await desk.pass(1);
      expect(desk.asks).toHaveLength(1);
      const [ask] = desk.asks;
      const receipts = new Map<string, PushTicket>(
        (ask?.tickets ?? []).map((ticket, nth) => [
          ticket,
          nth === 0 ? dead() : { status: "ok", id: ticket },
        ]),
      );
      await desk.receiptsAnswered(ask?.call ?? 0, { result: "answered", receipts });
      const revision = await write(desk);
      await desk.pass(5 * SECOND_MS);
      expect(told(desk).slice(2)).toEqual([`t2 ${revision}`]);
      expect(await desk.lookAtPush((push) => [...push.allReceipts()])).toEqual([]);
    });

    test("[PSH-6] a receipt for a push before the token was registered again does not end it", async () => {
      const desk = await desks.create();
      await register(desk, "d1", "t1");
      await write(desk);
      await desk.pass(5 * SECOND_MS);
      await answer(desk, ok);
      await desk.pass(MINUTE_MS);
      await register(desk, "d1", "t1");
      await desk.pass(20 * MINUTE_MS);
      const [ask] = desk.asks;
      const receipts = new Map((ask?.tickets ?? []).map((ticket) => [ticket, dead()]));
      await desk.receiptsAnswered(ask?.call ?? 0, { result: "answered", receipts });
      const revision = await write(desk);
      await desk.pass(5 * SECOND_MS);
      expect(told(desk).at(-1)).toBe(`t1 ${revision}`);
    });

    test("[PSH-7] a failed call is made again with back-off, and bounded", async () => {
      const desk = await desks.create();
      await register(desk, "d1", "t1");
      await write(desk);
      const waits: number[] = [];
      let lastMs = desk.nowMs;
      for (let n = 0; n < SEND_ATTEMPTS_MAX + 3; n++) {
        for (let ms = 0; ms < 200_000 && desk.sends.length === n; ms += 100) await desk.pass(100);
        if (desk.sends.length === n) break;
        waits.push(Math.round((desk.nowMs - lastMs) / 1_000));
        lastMs = desk.nowMs;
        await fail(desk, n);
      }
      expect(waits).toEqual([1, 1, 2, 4, 8, 16, 32, 60, 60, 60]);
      expect(await desk.lookAtPush((push) => [...push.allPending()])).toEqual([]);
      const revision = await write(desk);
      await desk.pass(5 * SECOND_MS);
      expect(told(desk).at(-1)).toBe(`t1 ${revision}`);
    });

    test("[PSH-7] no retry before the provider's Retry-After, and the retry names the newest change", async () => {
      const desk = await desks.create();
      await register(desk, "d1", "t1");
      await write(desk);
      await desk.pass(SECOND_MS);
      await fail(desk, 0, 20 * SECOND_MS);
      await desk.pass(19 * SECOND_MS);
      const newest = await write(desk);
      await desk.pass(900);
      expect(desk.sends).toHaveLength(1);
      await desk.pass(5 * SECOND_MS);
      expect(told(desk).slice(1)).toEqual([`t1 ${newest}`]);
      await desk.pass(10 * MINUTE_MS);
      expect(desk.sends).toHaveLength(2);
    });

    test("[PSH-4, PSH-7] a change that came while a push was on its way is sent, whatever became of that push", async () => {
      for (const settle of [answerAll, failAll]) {
        const desk = await desks.create();
        await register(desk, "d1", "t1");
        const first = await write(desk);
        await desk.pass(SECOND_MS);
        const second = await write(desk);
        await settle(desk);
        await desk.pass(5 * SECOND_MS);
        expect(told(desk)).toEqual([`t1 ${first}`, `t1 ${second}`]);
        await answer(desk, ok);
        expect(await desk.lookAtPush((push) => [...push.allPending()])).toEqual([]);
      }
    });

    test("[PSH-1, PSH-4] an instance's first tick sends nothing twice, and nothing early", async () => {
      const desk = await desks.create();
      await register(desk, "d1", "t1");
      const revision = await write(desk);
      await desk.pass(900);
      expect(desk.sends).toEqual([]);
      await desk.pass(5 * SECOND_MS);
      await fail(desk);
      expect(told(desk)).toEqual([`t1 ${revision}`]);
    });

    test("[PSH-7] one message that makes its call fail does not take the others with it", async () => {
      const desk = await desks.create();
      for (let n = 0; n < 30; n++) await register(desk, `d${n}`, `t${n}`);
      await write(desk);
      const reached = new Set<string>();
      let seen = 0;
      for (let second = 0; second < 60; second++) {
        await desk.pass(SECOND_MS);
        for (const { call, messages: sent } of desk.sends.slice(seen)) {
          seen++;
          const poisoned = sent.some(({ to }) => to === "t7");
          if (!poisoned) for (const { to } of sent) reached.add(to);
          const tickets = sent.map((_, nth) => ({ status: "ok", id: `${call}-${nth}` }) as const);
          await desk.pushAnswered(call, poisoned ? { result: "failed" } : { result: "answered", tickets });
        }
      }
      expect(reached.size).toBe(29);
    });

    test("[PSH-7] a message that was rate-limited alone is sent again; one that was refused is not", async () => {
      const desk = await desks.create();
      await register(desk, "d1", "t1");
      await register(desk, "d2", "t2");
      await write(desk);
      await desk.pass(SECOND_MS);
      await answer(desk, ({ to }) => ({
        status: "error",
        error: to === "t1" ? "MessageRateExceeded" : "MessageTooBig",
      }));
      await desk.pass(5 * SECOND_MS);
      expect(messages(desk).map(({ to }) => to)).toEqual(["t1", "t2", "t1"]);
    });

    test("[PSH-7] fewer tickets than messages: those without one are sent again", async () => {
      const desk = await desks.create();
      await register(desk, "d1", "t1");
      await register(desk, "d2", "t2");
      await write(desk);
      await desk.pass(SECOND_MS);
      const call = desk.sends[0]?.call ?? 0;
      await desk.pushAnswered(call, { result: "answered", tickets: [{ status: "ok", id: "x" }] });
      await desk.pushAnswered(call, { result: "failed" });
      await desk.pass(5 * SECOND_MS);
      expect(messages(desk).map(({ to }) => to)).toEqual(["t1", "t2", "t2"]);
    });

    test("[PSH-7] writes are answered as ever while no call of the provider is", async () => {
      const desk = await desks.create();
      await register(desk, "d1", "t1");
      for (let n = 0; n < 20; n++) {
        await write(desk);
        await desk.pass(SECOND_MS);
      }
      expect(desk.commits).toHaveLength(20);
    });

    test("receipts that are missing, or whose call failed, are asked for again, and not for ever", async () => {
      const desk = await desks.create();
      await register(desk, "d1", "t1");
      await write(desk);
      await desk.pass(5 * SECOND_MS);
      await answer(desk, ok);
      for (let n = 0; n < RECEIPT_ATTEMPTS_MAX + 2; n++) {
        await desk.pass(16 * MINUTE_MS);
        const ask = desk.asks[n];
        if (ask === undefined) break;
        const nothing = { result: "answered", receipts: new Map() } as const;
        await desk.receiptsAnswered(ask.call, n % 2 ? nothing : { result: "failed" });
      }
      expect(desk.asks).toHaveLength(RECEIPT_ATTEMPTS_MAX);
      expect(await desk.lookAtPush((push) => [...push.allReceipts()])).toEqual([]);
    });

    test("[PSH-1] a new instance sends what the one before it left", async () => {
      const before = await desks.create();
      await register(before, "d1", "t1");
      const first = await write(before);
      await before.pass(SECOND_MS);
      await answer(before, ok);
      const second = await write(before);
      const after = await before.successor();
      after.nowMs = before.nowMs;
      await after.pass(SECOND_MS);
      expect([told(before), told(after)]).toEqual([[`t1 ${first}`], [`t1 ${second}`]]);
      expect(after.asks.flatMap(({ tickets }) => tickets)).toHaveLength(1);
    });
  });
}
