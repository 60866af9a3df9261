/**
 * Owns the push service that proxies call: who stands behind a token, and when, or whether, a message reaches the phone.
 * Refuses to know why anybody is pushed.
 */

import { byCodeUnit } from "../base/canonical-json.ts";
import { SECOND_MS } from "../base/time.ts";
import type { PushMessage, SyncTrigger } from "../protocol/messages.ts";
import type { Request } from "../protocol/request.ts";
import type { ProxyOutput, PushCallResult, PushTicket } from "../proxy/port.ts";
import { EVENT } from "./agenda.ts";
import type { Phone } from "./phone.ts";
import { type Stage, trueNow } from "./stage.ts";

const PUSH_CALL_MS = 120;

/** From here on a push is late: a person would have opened the app before. */
const LATE_MS = 30 * SECOND_MS;

/** Expo, as far as a proxy can tell. */
export class PushService {
  private readonly stage: Stage;
  private readonly tokens = new Map<string, Phone>();

  constructor(stage: Stage) {
    this.stage = stage;
  }

  /** Gives the phone its token; of two people with one phone, the first. */
  enrol(phone: Phone): void {
    const { push } = phone.settings;
    if (push && !this.tokens.has(push.token)) this.tokens.set(push.token, phone);
  }

  /** [PSH-3] a token has one owner: the last of those who share the phone who registered it, while it lives. */
  registered(phone: Phone, { call }: Request): void {
    const token = "body" in call ? (call.body as { readonly token?: string }).token : undefined;
    if (token === undefined) return;
    if (this.tokens.has(token) || token === phone.settings.push?.token) this.tokens.set(token, phone);
  }

  /** The token is dead from now on [PSH-6]. */
  forget(token: string): void {
    this.tokens.delete(token);
  }

  /** One send call of an instance; the answer to it is put on the agenda. */
  send(index: number, output: Extract<ProxyOutput, { output: "push_send" }>): void {
    const { agenda } = this.stage;
    const tickets = output.messages.map(
      ({ to }, nth): PushTicket =>
        this.tokens.has(to)
          ? { status: "ok", id: `ticket-${index}-${output.call}-${nth}` }
          : { status: "error", error: "DeviceNotRegistered" },
    );
    // In an order that other accounts' messages in the same call have no part in.
    for (const { to, data } of [...output.messages].sort(byAddress)) {
      const phone = this.tokens.get(to);
      if (phone) this.deliver(phone, data);
      else this.stage.strikes.add("dead-push-token");
    }
    const result: PushCallResult = { result: "answered", tickets };
    agenda.put(agenda.nowMs + PUSH_CALL_MS, EVENT.pushAnswered, index, output.call, result);
  }

  /** One receipts call of an instance: all went well. */
  receipts(index: number, output: Extract<ProxyOutput, { output: "push_receipts" }>): void {
    const { agenda } = this.stage;
    const receipts = new Map(output.tickets.map((id) => [id, { status: "ok", id } as const]));
    agenda.put(agenda.nowMs + PUSH_CALL_MS, EVENT.receiptsAnswered, index, output.call, receipts);
  }

  private deliver(phone: Phone, trigger: SyncTrigger): void {
    const { agenda, scenario, strikes, healed } = this.stage;
    const { account, index: device, backendFate } = phone;
    const { entity, revisionId: revision } = trigger;
    this.stage.record({
      fact: "push_handed_over",
      at: trueNow(this.stage),
      account,
      device,
      entity,
      revision,
    });
    const { delay, loss, duplication } = scenario.push;
    if (!healed && backendFate.chance(agenda.nowMs, loss)) {
      strikes.add("push-loss");
      return;
    }
    const delayMs = backendFate.spread(agenda.nowMs, delay);
    if (!healed && delayMs >= LATE_MS) strikes.add("push-late");
    agenda.put(agenda.nowMs + delayMs, EVENT.pushArrives, device, 0, trigger);
    if (healed || !backendFate.chance(agenda.nowMs, duplication)) return;
    strikes.add("push-duplication");
    const laterMs = 2 * backendFate.spread(agenda.nowMs, delay);
    agenda.put(agenda.nowMs + laterMs, EVENT.pushArrives, device, 0, trigger);
  }
}

function byAddress(left: PushMessage, right: PushMessage): number {
  return byCodeUnit(left.to, right.to) || byCodeUnit(left.data.entity, right.data.entity);
}
