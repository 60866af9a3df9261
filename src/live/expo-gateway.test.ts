/** Holds the Expo gateway to the provider's wire: what goes out, byte for byte, and what becomes of every answer. */

import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import { HttpResponse } from "msw";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { PushMessage } from "../protocol/messages.ts";
import type { Revision } from "../protocol/revision.ts";
import { createExpoGateway, RETRY_AFTER_MS_MAX } from "./expo-gateway.ts";
import { BASE, ExpoProvider, html, json, RECEIPTS_PATH, SEND_PATH } from "./expo-provider.fixture.ts";
import { NO_GATEWAY, type PushFailure } from "./push-gateway.ts";

const TOKEN = "ExponentPushToken[secret]";
const message = (to = TOKEN, revision = "rev_1704067200_00abc1"): PushMessage => ({
  to,
  _contentAvailable: true,
  priority: "normal",
  data: { type: "sync_trigger", entity: "contact", revisionId: revision as Revision },
});
const messages = (count: number) => Array.from({ length: count }, (_, nth) => message(`token-${nth}`));

let provider: ExpoProvider;
let failures: PushFailure[];
const gateway = (options: Parameters<typeof createExpoGateway>[0] = {}) =>
  createExpoGateway({ baseUrl: BASE, onFailure: (failure) => void failures.push(failure), ...options });

beforeEach(() => {
  provider = new ExpoProvider();
  failures = [];
});
afterEach(() => provider.close());

describe("what goes out", () => {
  test("a silent message byte for byte as section 8 has it", async () => {
    await gateway().send([message()]);
    expect(provider.sends.map(({ url }) => url)).toEqual([BASE + SEND_PATH]);
    expect(provider.sends[0]?.text).toBe(
      '[{"to":"ExponentPushToken[secret]","_contentAvailable":true,"priority":"normal",' +
        '"data":{"type":"sync_trigger","entity":"contact","revisionId":"rev_1704067200_00abc1"}}]',
    );
    expect(provider.sends[0]?.headers.get("content-type")).toBe("application/json");
    expect(provider.sends[0]?.headers.get("authorization")).toBeNull();
  });

  test("[PSH-10] 100 messages in one call, packed; 101 are our own fault", async () => {
    const result = await gateway().send(messages(100));
    expect(provider.sends).toHaveLength(1);
    expect(provider.sends[0]?.headers.get("content-encoding")).toBe("gzip");
    expect(provider.messages).toEqual(messages(100));
    expect(result).toMatchObject({ result: "answered", tickets: { length: 100 } });
    await expect(gateway().send(messages(101))).rejects.toThrow("PSH-10");
    expect(provider.sends).toHaveLength(1);
  });

  test("[PSH-10] 1,000 ids in one receipts call; 1,001 are our own fault", async () => {
    const ids = Array.from({ length: 1_001 }, (_, nth) => `id-${nth}`);
    const result = await gateway().receipts(ids.slice(1));
    expect(provider.asks.map(({ url }) => url)).toEqual([BASE + RECEIPTS_PATH]);
    expect(JSON.parse(provider.asks[0]?.text ?? "")).toEqual({ ids: ids.slice(1) });
    expect(result.result === "answered" && result.receipts.size).toBe(1_000);
    await expect(gateway().receipts(ids)).rejects.toThrow("PSH-10");
  });

  test.each([
    [undefined, "https://exp.host"],
    ["http://127.0.0.1:8089", "http://127.0.0.1:8089"],
    ["http://push.test/", "http://push.test"],
    ["https://push.test/some/where/", "https://push.test/some/where"],
  ])("base %s", async (baseUrl, base) => {
    const expo = createExpoGateway(baseUrl === undefined ? {} : { baseUrl });
    await expo.send([message()]);
    await expo.receipts(["a"]);
    expect([...provider.sends, ...provider.asks].map(({ url }) => url)).toEqual([
      base + SEND_PATH,
      base + RECEIPTS_PATH,
    ]);
  });

  test.each(["push.test", "ftp://push.test", ""])("a base that is none is refused at once: %j", (baseUrl) => {
    expect(() => createExpoGateway({ baseUrl })).toThrow(TypeError);
  });

  test("the access token goes along", async () => {
    await gateway({ accessToken: "let-me-in" }).send([message()]);
    expect(provider.sends[0]?.headers.get("authorization")).toBe("Bearer let-me-in");
  });
});

describe("tickets and receipts", () => {
  test("[PSH-6] in the order of the messages, errors among them", async () => {
    const details = { error: "DeviceNotRegistered", expoPushToken: TOKEN };
    provider.onSend = () =>
      json({
        data: [
          { status: "ok", id: "x1" },
          { status: "error", message: `${TOKEN} is not registered`, details },
          { status: "error", message: "no details" },
          { status: "error", message: "new", details: { error: TOKEN } },
          { status: "ok", id: "x2" },
        ],
      });
    expect(await gateway().send(messages(5))).toEqual({
      result: "answered",
      tickets: [
        { status: "ok", id: "x1" },
        { status: "error", error: "DeviceNotRegistered" },
        { status: "error", error: "Unknown" },
        { status: "error", error: "Unknown" },
        { status: "ok", id: "x2" },
      ],
    });
    expect(failures).toEqual([]);
  });

  test("[PSH-6] receipts by id; one that is not there yet is absent", async () => {
    provider.onReceipts = () =>
      json({
        data: {
          a: { status: "ok" },
          b: { status: "error", message: "x", details: { error: "DeviceNotRegistered" } },
          constructor: { status: "error", message: "x", details: { error: "MessageRateExceeded" } },
        },
      });
    const result = await gateway().receipts(["a", "b", "c", "constructor", "toString"]);
    expect(result.result === "answered" && [...result.receipts]).toEqual([
      ["a", { status: "ok", id: "a" }],
      ["b", { status: "error", error: "DeviceNotRegistered" }],
      ["constructor", { status: "error", error: "MessageRateExceeded" }],
    ]);
  });

  test("a packed answer is unpacked", async () => {
    provider.onSend = () =>
      new HttpResponse(gzipSync('{"data":[{"status":"ok","id":"x"}]}'), {
        headers: { "content-type": "application/json", "content-encoding": "gzip" },
      });
    expect(await gateway().send([message()])).toEqual({
      result: "answered",
      tickets: [{ status: "ok", id: "x" }],
    });
  });
});

describe("[PSH-7] a call that failed is made once, and said to have failed", () => {
  test.each([
    ["30", 30_000],
    ["0", 0],
    [new Date(Date.now() + 120_000).toUTCString(), 120_000],
    ["Thu, 01 Jan 1970 00:00:00 GMT", 0],
    ["999999999999", RETRY_AFTER_MS_MAX],
  ])("429 with Retry-After: %s", async (retryAfter, askedMs) => {
    const errors = [{ code: "TOO_MANY_REQUESTS", message: "slow down" }];
    provider.onSend = () => json({ errors }, { status: 429, headers: { "retry-after": retryAfter } });
    const result = await gateway().send([message()]);
    expect(result.result).toBe("failed");
    const retryAfterMs = result.result === "failed" ? (result.retryAfterMs ?? -1) : -1;
    // A date is told in whole seconds, and against the clock.
    expect(Math.abs(retryAfterMs - askedMs)).toBeLessThan(/^\d+$/.test(retryAfter) ? 1 : 5_000);
    expect(failures).toEqual([{ call: "send", reason: "status", status: 429 }]);
    expect(provider.sends).toHaveLength(1);
  });

  test.each([undefined, "soon", ""])("429 with Retry-After %j tells no time", async (retryAfter) => {
    const headers: Record<string, string> = retryAfter === undefined ? {} : { "retry-after": retryAfter };
    provider.onSend = () => json({ errors: [] }, { status: 429, headers });
    expect(await gateway().send([message()])).toEqual({ result: "failed" });
    expect(provider.sends).toHaveLength(1);
  });

  test.each([500, 502, 503, 504, 400, 401, 403, 404, 413])("status %d, whatever its body", async (status) => {
    for (const answer of [
      () => json({ errors: [{ code: "X", message: TOKEN }] }, { status }),
      () => html(status),
    ]) {
      provider.onSend = answer;
      provider.onReceipts = answer;
      expect(await gateway().send([message()])).toEqual({ result: "failed" });
      expect(await gateway().receipts(["a"])).toEqual({ result: "failed" });
    }
    expect(failures).toEqual(
      ["send", "receipts", "send", "receipts"].map((call) => ({ call, reason: "status", status })),
    );
    expect([provider.sends.length, provider.asks.length]).toEqual([2, 2]);
  });

  test("a redirect is not followed", async () => {
    provider.onSend = () =>
      new HttpResponse(null, { status: 307, headers: { location: `http://portal.test${SEND_PATH}` } });
    expect(await gateway().send([message()])).toEqual({ result: "failed" });
    expect(failures).toEqual([{ call: "send", reason: "status", status: 307 }]);
    expect(provider.sends).toHaveLength(1);
  });

  test("503 passes its Retry-After on too", async () => {
    provider.onSend = () => json({}, { status: 503, headers: { "retry-after": "7" } });
    expect(await gateway().send([message()])).toEqual({ result: "failed", retryAfterMs: 7_000 });
  });

  test("no network", async () => {
    provider.onSend = () => HttpResponse.error();
    provider.onReceipts = () => HttpResponse.error();
    expect(await gateway().send([message()])).toEqual({ result: "failed" });
    expect(await gateway().receipts(["a"])).toEqual({ result: "failed" });
    expect(failures).toEqual([
      { call: "send", reason: "unreachable" },
      { call: "receipts", reason: "unreachable" },
    ]);
  });

  test("no answer in time", async () => {
    provider.onSend = () => new Promise(() => {});
    const startMs = performance.now();
    expect(await gateway({ timeoutMs: 150 }).send([message()])).toEqual({ result: "failed" });
    expect(performance.now() - startMs).toBeLessThan(3_000);
    expect(failures).toEqual([{ call: "send", reason: "timeout" }]);
  });

  test("an answer that does not end, though no time between two bytes of it is long", async () => {
    // A real server: the sockets of msw close in another order than real ones when an answer is given up.
    provider.close();
    const dripping = createServer((_, response) => {
      const timer = setInterval(() => response.write(" "), 20);
      response.on("close", () => clearInterval(timer));
    }).listen(0, "127.0.0.1");
    await once(dripping, "listening");
    const baseUrl = `http://127.0.0.1:${(dripping.address() as AddressInfo).port}`;
    expect(await gateway({ baseUrl, timeoutMs: 150 }).send([message()])).toEqual({ result: "failed" });
    expect(await gateway({ baseUrl, timeoutMs: 150 }).receipts(["a"])).toEqual({ result: "failed" });
    expect(failures.map(({ reason }) => reason)).toEqual(["timeout", "timeout"]);
    dripping.close();
  });

  const ticket = { status: "ok", id: "x" };
  test.each<[string, () => Response]>([
    ["a captive portal", () => html()],
    ["nothing", () => new HttpResponse("")],
    ["cut JSON", () => new HttpResponse('{"data":[{"sta')],
    ["null", () => HttpResponse.json(null)],
    ["an empty object", () => json({})],
    ["data of null", () => json({ data: null })],
    ["data that is a text", () => json({ data: "xx" })],
    ["a ticket too few", () => json({ data: [ticket] })],
    ["a ticket too many", () => json({ data: [ticket, ticket, ticket] })],
    ["a ticket without id", () => json({ data: [ticket, { status: "ok" }] })],
    ["a ticket that is null", () => json({ data: [ticket, null] })],
    ["an unknown status", () => json({ data: [ticket, { status: "maybe", id: "x" }] })],
    ["errors beside data", () => json({ data: [ticket, ticket], errors: [{ code: "X", message: TOKEN }] })],
  ])("an answer that is none of Expo's: %s", async (_, answer) => {
    provider.onSend = answer;
    expect(await gateway().send(messages(2))).toEqual({ result: "failed" });
    expect(failures).toEqual([{ call: "send", reason: "malformed" }]);
  });

  test.each<[string, () => Response]>([
    ["a captive portal", () => html()],
    ["a list", () => json({ data: [] })],
    ["nothing", () => json({})],
    ["a receipt that is none", () => json({ data: { a: "ok" } })],
    ["an unknown status", () => json({ data: { a: { status: "later" } } })],
  ])("receipts that are none of Expo's: %s", async (_, answer) => {
    provider.onReceipts = answer;
    expect(await gateway().receipts(["a"])).toEqual({ result: "failed" });
    expect(failures).toEqual([{ call: "receipts", reason: "malformed" }]);
  });
});

describe("a server without push", () => {
  test("settles every message and receipt, and ends no token", async () => {
    const disabled = { status: "error", error: "PushDisabled" };
    expect(await NO_GATEWAY.send(messages(2))).toEqual({ result: "answered", tickets: [disabled, disabled] });
    const told = await NO_GATEWAY.receipts(["a", "b"]);
    expect(told.result === "answered" && [...told.receipts]).toEqual([
      ["a", disabled],
      ["b", disabled],
    ]);
    expect(provider.sends).toEqual([]);
  });
});
