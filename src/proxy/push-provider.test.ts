/**
 * Owns the proof of section 8 as far as it is about the provider: PSH-6, PSH-7, receipts.
 */

import { describe, expect, test } from "vitest";
import { MINUTE_MS, SECOND_MS } from "../base/time.ts";
import { Desk } from "./desk.fixture.ts";
import { RECEIPT_ATTEMPTS_MAX, SEND_ATTEMPTS_MAX } from "./outbox.ts";
import type { PushTicket } from "./port.ts";

import { answer, dead, fail, messages, ok, register, told, write } from "./provider.fixture.ts";

const answerAll = (desk: Desk) => answer(desk, ok);
const failAll = (desk: Desk) => fail(desk);

describe("the provider", () => {
  test("[PSH-6] DeviceNotRegistered in a ticket ends the token, until it is registered again", () => {
    const desk = new Desk();
    register(desk, "d1", "t1");
    register(desk, "d2", "t2");
    write(desk);
    desk.pass(5 * SECOND_MS);
    answer(desk, (message, id) => (message.to === "t1" ? dead() : ok(message, id)));
    const second = write(desk);
    desk.pass(5 * SECOND_MS);
    expect(told(desk).slice(2)).toEqual([`t2 ${second}`]);
    register(desk, "d1", "t1");
    const third = write(desk);
    desk.pass(5 * SECOND_MS);
    expect(told(desk).slice(3).includes(`t1 ${third}`)).toBe(true);
  });

  test("[PSH-6] DeviceNotRegistered in a receipt ends the token, asked for after the delay", () => {
    const desk = new Desk();
    register(desk, "d1", "t1");
    register(desk, "d2", "t2");
    write(desk);
    desk.pass(SECOND_MS);
    answer(desk, ok);
    desk.pass(900 * SECOND_MS - 1);
    expect(desk.asks).toHaveLength(0);
    desk.pass(1);
    expect(desk.asks).toHaveLength(1);
    const [ask] = desk.asks;
    const receipts = new Map<string, PushTicket>(
      (ask?.tickets ?? []).map((ticket, nth) => [ticket, nth === 0 ? dead() : { status: "ok", id: ticket }]),
    );
    desk.proxy.receiptsAnswered(ask?.call ?? 0, { result: "answered", receipts }, desk.nowMs);
    const revision = write(desk);
    desk.pass(5 * SECOND_MS);
    expect(told(desk).slice(2)).toEqual([`t2 ${revision}`]);
    expect([...desk.store.push.allReceipts()]).toEqual([]);
  });

  test("[PSH-6] a receipt for a push before the token was registered again does not end it", () => {
    const desk = new Desk();
    register(desk, "d1", "t1");
    write(desk);
    desk.pass(5 * SECOND_MS);
    answer(desk, ok);
    desk.pass(MINUTE_MS);
    register(desk, "d1", "t1");
    desk.pass(20 * MINUTE_MS);
    const [ask] = desk.asks;
    const receipts = new Map((ask?.tickets ?? []).map((ticket) => [ticket, dead()]));
    desk.proxy.receiptsAnswered(ask?.call ?? 0, { result: "answered", receipts }, desk.nowMs);
    const revision = write(desk);
    desk.pass(5 * SECOND_MS);
    expect(told(desk).at(-1)).toBe(`t1 ${revision}`);
  });

  test("[PSH-7] a failed call is made again with back-off, and bounded", () => {
    const desk = new Desk();
    register(desk, "d1", "t1");
    write(desk);
    const waits: number[] = [];
    let lastMs = desk.nowMs;
    for (let n = 0; n < SEND_ATTEMPTS_MAX + 3; n++) {
      for (let ms = 0; ms < 200_000 && desk.sends.length === n; ms += 100) desk.pass(100);
      if (desk.sends.length === n) break;
      waits.push(Math.round((desk.nowMs - lastMs) / 1_000));
      lastMs = desk.nowMs;
      fail(desk, n);
    }
    expect(waits).toEqual([1, 1, 2, 4, 8, 16, 32, 60, 60, 60]);
    expect([...desk.store.push.allPending()]).toEqual([]);
    const revision = write(desk);
    desk.pass(5 * SECOND_MS);
    expect(told(desk).at(-1)).toBe(`t1 ${revision}`);
  });

  test("[PSH-7] no retry before the provider's Retry-After, and the retry names the newest change", () => {
    const desk = new Desk();
    register(desk, "d1", "t1");
    write(desk);
    desk.pass(SECOND_MS);
    fail(desk, 0, 20 * SECOND_MS);
    desk.pass(19 * SECOND_MS);
    const newest = write(desk);
    desk.pass(900);
    expect(desk.sends).toHaveLength(1);
    desk.pass(5 * SECOND_MS);
    expect(told(desk).slice(1)).toEqual([`t1 ${newest}`]);
    desk.pass(10 * MINUTE_MS);
    expect(desk.sends).toHaveLength(2);
  });

  test("[PSH-4, PSH-7] a change that came while a push was on its way is sent, whatever became of that push", () => {
    for (const settle of [answerAll, failAll]) {
      const desk = new Desk();
      register(desk, "d1", "t1");
      const first = write(desk);
      desk.pass(SECOND_MS);
      const second = write(desk);
      settle(desk);
      desk.pass(5 * SECOND_MS);
      expect(told(desk)).toEqual([`t1 ${first}`, `t1 ${second}`]);
      answer(desk, ok);
      expect([...desk.store.push.allPending()]).toEqual([]);
    }
  });

  test("[PSH-1, PSH-4] an instance's first tick sends nothing twice, and nothing early", () => {
    const desk = new Desk();
    register(desk, "d1", "t1");
    const revision = write(desk);
    desk.pass(900);
    expect(desk.sends).toEqual([]);
    desk.pass(5 * SECOND_MS);
    fail(desk);
    expect(told(desk)).toEqual([`t1 ${revision}`]);
  });

  test("[PSH-7] one message that makes its call fail does not take the others with it", () => {
    const desk = new Desk();
    for (let n = 0; n < 30; n++) register(desk, `d${n}`, `t${n}`);
    write(desk);
    const reached = new Set<string>();
    let seen = 0;
    for (let second = 0; second < 60; second++) {
      desk.pass(SECOND_MS);
      for (const { call, messages: sent } of desk.sends.slice(seen)) {
        seen++;
        const poisoned = sent.some(({ to }) => to === "t7");
        if (!poisoned) for (const { to } of sent) reached.add(to);
        const tickets = sent.map((_, nth) => ({ status: "ok", id: `${call}-${nth}` }) as const);
        desk.proxy.pushAnswered(
          call,
          poisoned ? { result: "failed" } : { result: "answered", tickets },
          desk.nowMs,
        );
        desk.collect();
      }
    }
    expect(reached.size).toBe(29);
  });

  test("[PSH-7] a message that was rate-limited alone is sent again; one that was refused is not", () => {
    const desk = new Desk();
    register(desk, "d1", "t1");
    register(desk, "d2", "t2");
    write(desk);
    desk.pass(SECOND_MS);
    answer(desk, ({ to }) => ({
      status: "error",
      error: to === "t1" ? "MessageRateExceeded" : "MessageTooBig",
    }));
    desk.pass(5 * SECOND_MS);
    expect(messages(desk).map(({ to }) => to)).toEqual(["t1", "t2", "t1"]);
  });

  test("[PSH-7] fewer tickets than messages: those without one are sent again", () => {
    const desk = new Desk();
    register(desk, "d1", "t1");
    register(desk, "d2", "t2");
    write(desk);
    desk.pass(SECOND_MS);
    const call = desk.sends[0]?.call ?? 0;
    desk.proxy.pushAnswered(call, { result: "answered", tickets: [{ status: "ok", id: "x" }] }, desk.nowMs);
    desk.proxy.pushAnswered(call, { result: "failed" }, desk.nowMs);
    desk.pass(5 * SECOND_MS);
    expect(messages(desk).map(({ to }) => to)).toEqual(["t1", "t2", "t2"]);
  });

  test("[PSH-7] writes are answered as ever while no call of the provider is", () => {
    const desk = new Desk();
    register(desk, "d1", "t1");
    for (let n = 0; n < 20; n++) {
      write(desk);
      desk.pass(SECOND_MS);
    }
    expect(desk.commits).toHaveLength(20);
  });

  test("receipts that are missing, or whose call failed, are asked for again, and not for ever", () => {
    const desk = new Desk();
    register(desk, "d1", "t1");
    write(desk);
    desk.pass(5 * SECOND_MS);
    answer(desk, ok);
    for (let n = 0; n < RECEIPT_ATTEMPTS_MAX + 2; n++) {
      desk.pass(16 * MINUTE_MS);
      const ask = desk.asks[n];
      if (ask === undefined) break;
      const nothing = { result: "answered", receipts: new Map() } as const;
      desk.proxy.receiptsAnswered(ask.call, n % 2 ? nothing : { result: "failed" }, desk.nowMs);
    }
    expect(desk.asks).toHaveLength(RECEIPT_ATTEMPTS_MAX);
    expect([...desk.store.push.allReceipts()]).toEqual([]);
  });

  test("[PSH-1] a new instance sends what the one before it left", () => {
    const before = new Desk();
    register(before, "d1", "t1");
    const first = write(before);
    before.pass(SECOND_MS);
    answer(before, ok);
    const second = write(before);
    const after = new Desk({}, before.store);
    after.nowMs = before.nowMs;
    after.pass(SECOND_MS);
    expect([told(before), told(after)]).toEqual([[`t1 ${first}`], [`t1 ${second}`]]);
    expect(after.asks.flatMap(({ tickets }) => tickets)).toHaveLength(1);
  });
});
