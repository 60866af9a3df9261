/**
 * Owns the proof that the proxy can be mounted in a team's own Express app, beside routes and middleware of its own.
 */

import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import express from "express";
import { request } from "undici";
import { afterEach, describe, expect, test } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { attachSyncSocket, createSyncHandler, type EventSockets, openSync, type Sync } from "./mount.ts";

interface Mounted {
  readonly url: string;
  readonly server: Server;
  readonly sockets: EventSockets;
  readonly sync: Sync;
  readonly seen: string[];
}

const open: Mounted[] = [];

afterEach(async () => {
  for (const { server, sockets, sync } of open.splice(0)) {
    await sockets.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await sync.close();
  }
});

/** An app with a middleware that sees all, routes before and after, and express.json() where `parsesFirst` puts it. */
async function mount(parsesFirst = false): Promise<Mounted> {
  const sync = await openSync({ settings: { limits: { bodyBytesMax: 1_000 } } });
  const app = express();
  const seen: string[] = [];
  app.use((incoming, _response, next) => {
    seen.push(`${incoming.method} ${incoming.path}`);
    next();
  });
  app.get("/api/me", (_incoming, response) => void response.json({ mine: true }));
  if (parsesFirst) app.use(express.json());
  app.use(createSyncHandler({ sync }));
  app.use(express.json());
  app.post("/api/orders", (incoming, response) => void response.json({ got: incoming.body as unknown }));
  const server = createServer(app);
  const sockets = attachSyncSocket(server, { sync });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const mounted = { url, server, sockets, sync, seen };
  open.push(mounted);
  return mounted;
}

const JSON_OF_A = { authorization: "Bearer tok-a", "content-type": "application/json" };

async function call(
  url: string,
  method: "GET" | "POST" | "PATCH",
  body?: string,
  headers: Record<string, string> = JSON_OF_A,
): Promise<{ status: number; body: Record<string, unknown> }> {
  const answer = await request(url, { method, headers, ...(body === undefined ? undefined : { body }) });
  const text = await answer.body.text();
  return {
    status: answer.statusCode,
    body: text.startsWith("{") ? (JSON.parse(text) as Record<string, unknown>) : {},
  };
}

describe.each([false, true])("in an Express app, express.json() before it: %s", (parsesFirst) => {
  test("calls of the protocol are answered, and the app's own routes go on", async () => {
    const { url, seen } = await mount(parsesFirst);
    const made = await call(`${url}/api/contacts`, "POST", '{"id":"c1","name":"Ann","__proto__":{"x":1}}');
    expect(made.status).toBe(201);
    expect(await call(`${url}/api/me`, "GET")).toEqual({ status: 200, body: { mine: true } });
    const ordered = await call(`${url}/api/orders`, "POST", '{"n":1}');
    expect(ordered).toEqual({ status: 200, body: { got: { n: 1 } } });
    const read = await call(`${url}/api/contacts/c1`, "GET");
    expect(Object.entries((read.body as { data: object }).data)).toContainEqual(["__proto__", { x: 1 }]);
    expect((await call(`${url}/api/else`, "GET")).status).toBe(404);
    expect(seen).toContain("POST /api/contacts");
  });

  test("[SEC-1, API-3] refusals are the protocol's", async () => {
    const { url } = await mount(parsesFirst);
    expect(await call(`${url}/api/contacts`, "GET", undefined, {})).toMatchObject({
      status: 401,
      body: { error: "unauthorized" },
    });
    const large = JSON.stringify({ name: "x".repeat(2_000) });
    expect((await call(`${url}/api/contacts`, "POST", large)).status).toBe(413);
    expect((await call(`${url}/api/contacts`, "GET")).body).toMatchObject({ data: [] });
  });
});

describe("event sockets on the app's server", () => {
  test("[EVT-1, EVT-9] ready, then the app's commits; other upgrades are the app's", async () => {
    const { url, server } = await mount();
    const own = new WebSocketServer({ noServer: true });
    server.on("upgrade", (incoming, socket, head) => {
      if (incoming.url === "/chat") own.handleUpgrade(incoming, socket, head, (ws) => ws.send("chat"));
    });
    const chat = new WebSocket(`${url.replace("http", "ws")}/chat`);
    expect(String(await new Promise((resolve) => chat.once("message", resolve)))).toBe("chat");
    chat.terminate();
    const frames: { type: string; id?: string }[] = [];
    const ws = new WebSocket(`${url.replace("http", "ws")}/api/sync/events`, {
      headers: { authorization: "Bearer tok-a" },
    });
    ws.on("message", (data) => frames.push(JSON.parse(String(data)) as { type: string }));
    await new Promise((resolve) => ws.once("message", resolve));
    const event = new Promise((resolve) => ws.once("message", resolve));
    await call(`${url}/api/tasks`, "POST", '{"id":"t1","title":"write"}');
    await event;
    expect(frames.map(({ type, id }) => [type, id])).toEqual([
      ["ready", undefined],
      ["sync_event", "t1"],
    ]);
    ws.terminate();
    own.close();
  });

  test("[SEC-1] an upgrade without a token is 401", async () => {
    const { url } = await mount();
    const ws = new WebSocket(`${url.replace("http", "ws")}/api/sync/events`);
    const error = await new Promise<Error>((resolve) => ws.once("error", resolve));
    expect(error.message).toContain("401");
  });
});
