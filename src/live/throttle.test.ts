/**
 * Owns the proof of what may be sent to a target: never more in all, in a second, or at once than was allowed, and
 * nothing while it asked for quiet.
 */

import { describe, expect, test } from "vitest";
import { startPlain } from "../cli/conformance.fixture.ts";
import { TargetHttp } from "./target-http.ts";
import { BudgetSpent, Throttle } from "./throttle.ts";

const LIMITS = { concurrency: 4, requestsPerSecond: 40, requestsMax: 60, timeoutMs: 2_000 };

describe("a throttle", () => {
  test("lets no window of a second see more than the rate, and a burst leave together", async () => {
    const throttle = new Throttle(LIMITS);
    const leftMs: number[] = [];
    await Promise.all(
      Array.from({ length: 60 }, async () => {
        await throttle.turn();
        leftMs.push(performance.now());
        throttle.done();
      }),
    );
    expect((leftMs[3] ?? 0) - (leftMs[0] ?? 0)).toBeLessThan(20);
    for (const from of leftMs)
      expect(leftMs.filter((at) => at >= from && at < from + 1_000).length).toBeLessThanOrEqual(40);
  });

  test("lets no more be on their way than may be at once", async () => {
    const throttle = new Throttle({ ...LIMITS, requestsPerSecond: 1_000 });
    let now = 0;
    let most = 0;
    await Promise.all(
      Array.from({ length: 20 }, async () => {
        await throttle.turn();
        most = Math.max(most, ++now);
        await new Promise((resolve) => setTimeout(resolve, 5));
        now--;
        throttle.done();
      }),
    );
    expect(most).toBe(4);
    await throttle.idle();
  });

  test("gives a turn at once within rate, number and budget, and to nobody before those who wait", async () => {
    const few = new Throttle({ ...LIMITS, concurrency: 2 });
    expect([few.turnAtOnce(), few.turnAtOnce(), few.turnAtOnce()]).toEqual([true, true, false]);
    let isServed = false;
    const waits = few.turn().then(() => {
      isServed = true;
    });
    few.done();
    // The place that is free is promised already.
    expect(few.turnAtOnce()).toBe(false);
    await waits;
    expect(isServed).toBe(true);

    const slow = new Throttle({ ...LIMITS, concurrency: 100, requestsPerSecond: 8 });
    expect(Array.from({ length: 6 }, () => slow.turnAtOnce()).filter(Boolean)).toHaveLength(4);

    const poor = new Throttle({ ...LIMITS, concurrency: 100, requestsPerSecond: 1_000, requestsMax: 5 });
    poor.keepBack(() => 2);
    expect(Array.from({ length: 9 }, () => poor.turnAtOnce()).filter(Boolean)).toHaveLength(3);
    expect(poor.sent).toBe(3);

    const quiet = new Throttle(LIMITS);
    quiet.quiet(10_000);
    expect(quiet.turnAtOnce()).toBe(false);

    const busy = new Throttle(LIMITS);
    busy.quiet(20);
    const first = busy.turn();
    const untilMs = performance.now() + 60;
    while (performance.now() < untilMs);
    // Quiet is over, and who waited for that has not been told: nobody goes before them.
    expect(busy.turnAtOnce()).toBe(false);
    await first;
    expect(busy.turnAtOnce()).toBe(true);
  });

  test("spends its budget to the last but for what is kept back, and then opens that", async () => {
    const throttle = new Throttle({ ...LIMITS, requestsPerSecond: 1_000, requestsMax: 10 });
    throttle.keepBack(() => 4);
    const outcomes = await Promise.allSettled(
      Array.from({ length: 8 }, () => throttle.turn().then(() => throttle.done())),
    );
    expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(6);
    throttle.openReserve();
    for (let nth = 0; nth < 4; nth++) await throttle.turn().then(() => throttle.done());
    await expect(throttle.turn()).rejects.toThrow(BudgetSpent);
    expect(throttle.sent).toBe(10);
  });
});

describe("requests to a target", () => {
  async function sentTo(answer: Parameters<typeof startPlain>[0], limits = LIMITS) {
    const server = await startPlain(answer);
    const http = new TargetHttp(server.url, limits);
    return { http, close: () => Promise.all([http.close(), server.close()]) };
  }
  const GET = { method: "GET", path: "/x", headers: {} };

  test("[API-7] wait as Retry-After asks, all of them, and are sent again", async () => {
    let calls = 0;
    const { http, close } = await sentTo((_request, response) =>
      ++calls === 1 ? response.writeHead(429, { "retry-after": "1" }).end() : response.end("{}"),
    );
    const startedMs = performance.now();
    const first = http.send(GET);
    await new Promise((resolve) => setTimeout(resolve, 100));
    const outcomes = await Promise.all([first, http.send(GET)]);
    expect(performance.now() - startedMs).toBeGreaterThan(990);
    expect(outcomes.map((one) => (one.outcome === "answered" ? one.answer.status : 0))).toEqual([200, 200]);
    expect(http.asked).toBe(1);
    await close();
  });

  test("[API-7] 429 without Retry-After goes to the judges as it is", async () => {
    const { http, close } = await sentTo((_request, response) => response.writeHead(429).end());
    expect(await http.send(GET)).toMatchObject({ outcome: "answered", answer: { status: 429 } });
    expect(http.asked).toBe(0);
    await close();
  });

  test("that are not answered in time, or break off, may have had their effect", async () => {
    const { http, close } = await sentTo(
      (request, response) => (request.url === "/cut" ? void response.destroy() : undefined),
      { ...LIMITS, timeoutMs: 1_000 },
    );
    expect(await http.send({ ...GET, path: "/cut" })).toMatchObject({
      outcome: "indefinite",
      reason: "broken",
    });
    expect(await http.send(GET)).toMatchObject({ outcome: "indefinite", reason: "timeout" });
    await close();
  });
});
