/**
 * Owns the proof of what HTTP adds: headers, the Date, the upgrade.
 */

import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { START_MS } from "./desk.fixture.ts";
import { ENGINE_DESKS } from "./engine-desk.fixture.ts";
import { httpDate, writeHttp } from "./http-answer.ts";
import { readUpgrade } from "./http-border.ts";
import { declareWireRules } from "./wire.suite.fixture.ts";

declareWireRules(ENGINE_DESKS);

describe("the border", () => {
  test("[QUE-16] the Date header is that of the proxy's clock", () => {
    expect(httpDate(784_111_777_000)).toBe("Sun, 06 Nov 1994 08:49:37 GMT");
    expect(httpDate(0)).toBe("Thu, 01 Jan 1970 00:00:00 GMT");
    expect(httpDate(START_MS + 86_400_000 * 59)).toBe("Thu, 29 Feb 2024 00:00:00 GMT");
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 4_102_444_800_000 }),
        (atMs) => httpDate(atMs) === new Date(atMs).toUTCString(),
      ),
    );
  });

  test("[API-7] headers of a wait", () => {
    const waiting = writeHttp({ status: 503, headers: { retryAfterSeconds: 2 }, body: {} });
    expect(waiting.headers["retry-after"]).toBe("2");
  });

  test("the upgrade: device from header or query, entities by comma, absent ones absent", () => {
    const headers = new Map([["authorization", "Bearer tok-a"]]);
    const read = (path: string, more: readonly (readonly [string, string])[] = []) =>
      readUpgrade({ path, headers: new Map([...headers, ...more]) });
    expect(read("/api/sync/events")).toEqual({ token: "tok-a" });
    expect(read("/api/sync/events?lastRevisionId=&entities=&deviceId=d1")).toEqual({
      token: "tok-a",
      lastRevisionId: "",
      deviceId: "d1",
    });
    expect(read("/api/sync/events?entities=tasks%2Clists&deviceId=d1", [["x-device-id", "d2"]])).toEqual({
      token: "tok-a",
      deviceId: "d2",
      entities: ["tasks", "lists"],
    });
    expect(read("/api/sync/event")).toBeUndefined();
    expect(readUpgrade({ path: "/ws", headers: new Map() }, "/ws")).toEqual({});
  });
});
