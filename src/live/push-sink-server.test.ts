/** Owns the proof that the sink takes all that Expo takes, and answers in Expo's way. */

import { afterAll, beforeAll, expect, test } from "vitest";
import { PushSinkServer } from "./push-sink-server.ts";

let sink: PushSinkServer;

beforeAll(async () => {
  sink = await PushSinkServer.open(0);
});

afterAll(() => sink.close());

async function sent(body: unknown): Promise<unknown> {
  const response = await fetch(`${sink.url}/--/api/v2/push/send`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  return ((await response.json()) as { readonly data: unknown }).data;
}

test("[PSH-1] a message to several tokens is one to each, with a ticket each", async () => {
  sink.mode = { tokens: new Map([["two", { answer: "ticket_error", error: "DeviceNotRegistered" }]]) };
  const data = { type: "sync_trigger", entity: "task", revisionId: "rev_1704067200_00abc1" };
  const tickets = await sent([
    { to: ["one", "two"], data },
    { to: "three", data },
  ]);
  expect(tickets).toMatchObject([
    { status: "ok" },
    { status: "error", details: { error: "DeviceNotRegistered" } },
    { status: "ok" },
  ]);
  const messages = sink.view.messages.map(({ message }) => message);
  expect(messages).toEqual([
    { to: "one", data },
    { to: "two", data },
    { to: "three", data },
  ]);
});

test("[PSH-1] one message alone has one ticket, and one to a list has a list", async () => {
  sink.mode = { tokens: new Map() };
  expect(await sent({ to: "one" })).toMatchObject({ status: "ok" });
  expect(await sent({ to: ["one"] })).toMatchObject([{ status: "ok" }]);
});
