/**
 * Owns the provider's side of pushes: who is registered, what was sent, and how it is answered.
 * Refuses to know what ought to be sent.
 */

import type { Entity } from "../protocol/entity.ts";
import type { PushMessage } from "../protocol/messages.ts";
import type { Desk } from "./desk.fixture.ts";
import type { PushTicket } from "./port.ts";

export const TOPICS: readonly Entity[] = ["contact", "task", "list"];

export function register(desk: Desk, deviceId: string, token: string, topics = TOPICS, account = "tok-a") {
  const body = { token, platform: "ios", topics };
  return desk.call({ call: "push_register", body }, { deviceId, token: account });
}

export function messages(desk: Desk): readonly PushMessage[] {
  return desk.sends.flatMap((send) => send.messages);
}

/** Who was told of what: `token revision`. */
export function told(desk: Desk): readonly string[] {
  return messages(desk).map(({ to, data }) => `${to} ${data.revisionId}`);
}

/** Lets the provider answer every send call that is still open, ticket by ticket. */
export function answer(
  desk: Desk,
  ticketOf: (message: PushMessage, id: string) => PushTicket,
  from = 0,
): number {
  const { sends } = desk;
  for (const { call, messages: sent } of sends.slice(from)) {
    const tickets = sent.map((message, nth) => ticketOf(message, `ticket-${call}-${nth}`));
    desk.proxy.pushAnswered(call, { result: "answered", tickets }, desk.nowMs);
    desk.collect();
  }
  return sends.length;
}

export const ok = (_message: PushMessage, id: string): PushTicket => ({ status: "ok", id });
export const dead = (): PushTicket => ({ status: "error", error: "DeviceNotRegistered" });

export function fail(desk: Desk, from = 0, retryAfterMs?: number): number {
  const { sends } = desk;
  for (const { call } of sends.slice(from)) {
    const asked = retryAfterMs === undefined ? undefined : { retryAfterMs };
    desk.proxy.pushAnswered(call, { result: "failed", ...asked }, desk.nowMs);
    desk.collect();
  }
  return sends.length;
}

export const write = (desk: Desk, deviceId?: string) =>
  desk.made("task", { title: "x" }, deviceId === undefined ? {} : { deviceId }).revisionId;
