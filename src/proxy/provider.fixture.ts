/**
 * Owns the provider's side of pushes: who is registered, what was sent, and how it is answered.
 * Refuses to know what ought to be sent.
 */

import type { Entity } from "../protocol/entity.ts";
import type { PushMessage } from "../protocol/messages.ts";
import type { PushTicket } from "./port.ts";
import type { TestDesk } from "./test-desk.fixture.ts";

export const TOPICS: readonly Entity[] = ["contact", "task", "list"];

export async function register(
  desk: TestDesk,
  deviceId: string,
  token: string,
  topics = TOPICS,
  account = "tok-a",
) {
  const body = { token, platform: "ios", topics };
  return await desk.call({ call: "push_register", body }, { deviceId, token: account });
}

export function messages(desk: TestDesk): readonly PushMessage[] {
  return desk.sends.flatMap((send) => send.messages);
}

/** Who was told of what: `token revision`. */
export function told(desk: TestDesk): readonly string[] {
  return messages(desk).map(({ to, data }) => `${to} ${data.revisionId}`);
}

/** Lets the provider answer every send call that is still open, ticket by ticket. */
export async function answer(
  desk: TestDesk,
  ticketOf: (message: PushMessage, id: string) => PushTicket,
  from = 0,
): Promise<number> {
  const { sends } = desk;
  for (const { call, messages: sent } of sends.slice(from)) {
    const tickets = sent.map((message, nth) => ticketOf(message, `ticket-${call}-${nth}`));
    await desk.pushAnswered(call, { result: "answered", tickets });
  }
  return sends.length;
}

export const ok = (_message: PushMessage, id: string): PushTicket => ({ status: "ok", id });
export const dead = (): PushTicket => ({ status: "error", error: "DeviceNotRegistered" });

export async function fail(desk: TestDesk, from = 0, retryAfterMs?: number): Promise<number> {
  const { sends } = desk;
  for (const { call } of sends.slice(from)) {
    const asked = retryAfterMs === undefined ? undefined : { retryAfterMs };
    await desk.pushAnswered(call, { result: "failed", ...asked });
  }
  return sends.length;
}

export const write = async (desk: TestDesk, deviceId?: string) =>
  (await desk.made("task", { title: "x" }, deviceId === undefined ? {} : { deviceId })).revisionId;
