/**
 * Owns a push provider that answers when it is told to, and what it was asked.
 * Refuses to know what ought to be sent.
 */

import type { PushMessage } from "../protocol/messages.ts";
import type { PushCallResult } from "../proxy/port.ts";
import type { PushAsk, PushSend } from "../proxy/test-desk.fixture.ts";
import type { PushGateway, ReceiptsCallResult } from "./push-gateway.ts";

export class HeldGateway implements PushGateway {
  readonly sends: PushSend[] = [];
  readonly asks: PushAsk[] = [];
  private readonly sending = new Map<number, (result: PushCallResult) => void>();
  private readonly asking = new Map<number, (result: ReceiptsCallResult) => void>();
  private nextCall = 1;

  send(messages: readonly PushMessage[]): Promise<PushCallResult> {
    const call = this.nextCall++;
    this.sends.push({ call, messages });
    return new Promise((resolve) => this.sending.set(call, resolve));
  }

  receipts(tickets: readonly string[]): Promise<ReceiptsCallResult> {
    const call = this.nextCall++;
    this.asks.push({ call, tickets });
    return new Promise((resolve) => this.asking.set(call, resolve));
  }

  /** A call that was answered before stays as it was answered. */
  sendAnswered(call: number, result: PushCallResult): void {
    this.sending.get(call)?.(result);
    this.sending.delete(call);
  }

  receiptsAnswered(call: number, result: ReceiptsCallResult): void {
    this.asking.get(call)?.(result);
    this.asking.delete(call);
  }
}
