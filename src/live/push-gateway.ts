/**
 * Owns the border to the push provider, and the gateway of a server that pushes to nobody.
 * Refuses to know who is told of what, and when again: that is the outbox's.
 */

import type { PushMessage } from "../protocol/messages.ts";
import type { PushCallResult, PushTicket } from "../proxy/port.ts";

export type ReceiptsCallResult =
  | { readonly result: "answered"; readonly receipts: ReadonlyMap<string, PushTicket> }
  | { readonly result: "failed" };

/** One HTTP call each, made once: the outbox makes it again when it must [PSH-7]. */
export interface PushGateway {
  /** One send call of at most 100 messages [PSH-10]; never rejects. One ticket per message, in order. */
  send(messages: readonly PushMessage[]): Promise<PushCallResult>;
  /** One receipts call of at most 1,000 ids [PSH-10]; ids without a receipt yet are absent. Never rejects. */
  receipts(tickets: readonly string[]): Promise<ReceiptsCallResult>;
}

/** Why a call came to nothing. Holds no token, no payload, and no text of the provider's. */
export interface PushFailure {
  readonly call: "send" | "receipts";
  readonly reason: "status" | "timeout" | "unreachable" | "malformed";
  /** Of an answer that was not 200. */
  readonly status?: number;
}

const DISABLED: PushTicket = { status: "error", error: "PushDisabled" };

/**
 * For a server without push. Every message is refused for good and every receipt is settled, so that nothing that the
 * store holds, from a run with push perhaps, waits for ever. No token ends by it.
 */
export const NO_GATEWAY: PushGateway = {
  send: (messages) => Promise.resolve({ result: "answered", tickets: messages.map(() => DISABLED) }),
  receipts: (tickets) =>
    Promise.resolve({
      result: "answered",
      receipts: new Map(tickets.map((ticket) => [ticket, DISABLED] as const)),
    }),
};
