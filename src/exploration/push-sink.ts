/**
 * Owns the push provider beside a target in memory: it takes send and receipts calls and answers as it was told to.
 * Refuses to judge what it is sent.
 */

import type { EpochMs } from "../base/time.ts";
import type { PushAnswer, PushMode, PushView, SeenPush } from "../conformance/target.ts";
import type { PushMessage } from "../protocol/messages.ts";
import type { PushCallResult, PushTicket } from "../proxy/port.ts";

const OK: PushAnswer = { answer: "ok" };

export class PushSink {
  private readonly messages: SeenPush[] = [];
  private readonly receiptCalls: number[] = [];
  private readonly tickets = new Map<string, PushAnswer>();
  private current: PushMode = { tokens: new Map() };
  private toFail = 0;
  private calls = 0;

  get view(): PushView {
    return { messages: this.messages, receiptCalls: this.receiptCalls };
  }

  set mode(mode: PushMode) {
    this.current = mode;
    this.toFail = mode.failing?.calls ?? 0;
  }

  send(messages: readonly PushMessage[], atMs: EpochMs): PushCallResult {
    const call = this.calls++;
    if (this.toFail > 0) {
      this.toFail--;
      return { result: "failed" };
    }
    return { result: "answered", tickets: messages.map((message) => this.ticket(message, call, atMs)) };
  }

  /** A receipt for each ticket that this sink gave. */
  receipts(tickets: readonly string[]): ReadonlyMap<string, PushTicket> {
    this.receiptCalls.push(tickets.length);
    const receipts = new Map<string, PushTicket>();
    for (const id of tickets) {
      const answer = this.tickets.get(id);
      if (answer === undefined) continue;
      receipts.set(
        id,
        answer.answer === "receipt_error" ? { status: "error", error: answer.error } : { status: "ok", id },
      );
    }
    return receipts;
  }

  private ticket(message: PushMessage, call: number, atMs: EpochMs): PushTicket {
    const answer = this.current.tokens.get(message.to) ?? OK;
    this.messages.push({ atMs, call, message, ticket: answer });
    if (answer.answer === "ticket_error") return { status: "error", error: answer.error };
    const id = `ticket-${this.messages.length}`;
    this.tickets.set(id, answer);
    return { status: "ok", id };
  }
}
