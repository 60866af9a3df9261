/**
 * Owns pushes from a commit to the receipt: who is told, when, how often again, and whose token is over (section 8).
 * Refuses to let a write wait, and to know the provider's wire. What it must not forget lies in the store as data;
 * in here are only timers and calls under way, and a new instance takes up what the store holds.
 */

import { assertNever } from "../base/assert.ts";
import { type EpochMs, MINUTE_MS, SECOND_MS } from "../base/time.ts";
import type { Revision } from "../protocol/revision.ts";
import type { Commit, ProxyConfig, ProxyOutput, PushCallResult, PushTicket, SyncProxy } from "./port.ts";
import { nameOfPending, type PendingPush, type PendingReceipt } from "./push-store.ts";
import type { Store } from "./store.ts";
import type { LineMs } from "./timeline.ts";

/** [PSH-10] */
export const SEND_MAX = 100;
export const RECEIPTS_MAX = 1_000;
/** Send calls for one message, and asks for one receipt, before it is given up [PSH-9]. */
export const SEND_ATTEMPTS_MAX = 10;
export const RECEIPT_ATTEMPTS_MAX = 5;
/** [PSH-7] */
const BACKOFF_FIRST_MS = SECOND_MS;
const BACKOFF_MAX_MS = MINUTE_MS;

export type PushDue =
  | { readonly due: "push"; readonly pending: PendingPush }
  | { readonly due: "receipts"; readonly receipts: readonly PendingReceipt[] };

export interface OutboxRoom {
  readonly store: Store;
  readonly config: ProxyConfig;
  put(output: ProxyOutput): void;
  schedule(dueMs: LineMs, due: PushDue): void;
}

interface SendCall {
  readonly pushes: readonly PendingPush[];
  readonly tokens: readonly string[];
  readonly sentAtMs: EpochMs;
}

type ReceiptsResult = Parameters<SyncProxy["receiptsAnswered"]>[1];

export class Outbox {
  private readonly room: OutboxRoom;
  private readonly sending = new Map<number, SendCall>();
  private readonly asking = new Map<number, readonly PendingReceipt[]>();
  /** The revision that is on its way, by device and entity. */
  private readonly flying = new Map<string, Revision>();
  /** Devices and entities whose pending push is to be sent at a time that is on the line. */
  private readonly planned = new Set<string>();
  private duePushes: PendingPush[] = [];
  private dueReceipts: PendingReceipt[] = [];
  private nextCall = 1;

  constructor(room: OutboxRoom) {
    this.room = room;
  }

  /** Takes up what an instance before this one left in the store. */
  recover(lineMs: LineMs): void {
    this.recoverPending(lineMs);
    const receipts = [...this.room.store.push.allReceipts()];
    if (receipts.length > 0) this.room.schedule(lineMs, { due: "receipts", receipts });
  }

  /** Takes up the pushes that nobody here has planned: those of an instance that is gone, as far as the store tells. */
  recoverPending(lineMs: LineMs): void {
    for (const pending of this.room.store.push.allPending()) {
      if (!this.planned.has(nameOfPending(pending)) && !this.isOnItsWay(pending)) this.plan(pending, lineMs);
    }
  }

  /** [PSH-1, PSH-2, PSH-4] notes a change for every device that must hear of it, but the one that made it. */
  committed(commit: Commit, lineMs: LineMs): void {
    const { store, config } = this.room;
    const { account, entity, revision } = commit;
    if (!config.push.entities.includes(entity)) return;
    for (const registration of store.push.registrations(account)) {
      const { deviceId } = registration;
      if (deviceId === commit.deviceId || !registration.topics.includes(entity)) continue;
      const pending = { account, deviceId, entity, revision, attempts: 0 };
      store.push.putPending(pending);
      // One that waits goes at its time, and names this change; one on its way cannot be changed any more.
      if (!this.planned.has(nameOfPending(pending))) this.plan(pending, lineMs + config.push.coalesceMs);
    }
  }

  /** Notes what is due; `flush` sends it, so that what is due together goes together. */
  carryOut(due: PushDue): void {
    switch (due.due) {
      case "push": {
        const { account, deviceId, entity } = due.pending;
        this.planned.delete(nameOfPending(due.pending));
        const pending = this.room.store.push.pending(account, deviceId, entity);
        if (pending) this.duePushes.push(pending);
        return;
      }
      case "receipts":
        for (const receipt of due.receipts) this.dueReceipts.push(receipt);
        return;
      default:
        assertNever(due);
    }
  }

  flush(nowMs: EpochMs): void {
    const { duePushes, dueReceipts } = this;
    if (duePushes.length > 0) {
      this.duePushes = [];
      this.sendAll(duePushes, nowMs);
    }
    if (dueReceipts.length > 0) {
      this.dueReceipts = [];
      for (let start = 0; start < dueReceipts.length; start += RECEIPTS_MAX) {
        this.ask(dueReceipts.slice(start, start + RECEIPTS_MAX));
      }
    }
  }

  sendAnswered(call: number, result: PushCallResult, lineMs: LineMs): void {
    const send = this.sending.get(call);
    if (send === undefined) return;
    this.sending.delete(call);
    const receipts: PendingReceipt[] = [];
    for (let index = 0; index < send.pushes.length; index++) {
      const pending = send.pushes[index] as PendingPush;
      this.landed(pending);
      const ticket = result.result === "answered" ? result.tickets[index] : undefined;
      if (ticket === undefined) {
        const askedMs = result.result === "failed" ? (result.retryAfterMs ?? 0) : 0;
        this.retry(pending, askedMs, lineMs);
        continue;
      }
      const token = send.tokens[index] as string;
      this.settle(pending, token, ticket, send.sentAtMs, lineMs);
      if (ticket.status === "ok") {
        const receipt = { ticket: ticket.id, token, sentAtMs: send.sentAtMs, attempts: 0 };
        this.room.store.push.putReceipt(receipt);
        receipts.push(receipt);
      }
    }
    this.askLater(receipts, lineMs);
  }

  /** [PSH-6] a receipt that names a dead token ends it; one that is not there yet is asked for again. */
  receiptsAnswered(call: number, result: ReceiptsResult, lineMs: LineMs): void {
    const asked = this.asking.get(call);
    if (asked === undefined) return;
    this.asking.delete(call);
    const { push } = this.room.store;
    const missing: PendingReceipt[] = [];
    for (const receipt of asked) {
      const told = result.result === "answered" ? result.receipts.get(receipt.ticket) : undefined;
      if (told !== undefined && isDead(told)) push.endToken(receipt.token, receipt.sentAtMs);
      if (told !== undefined || receipt.attempts + 1 >= RECEIPT_ATTEMPTS_MAX) {
        push.dropReceipt(receipt.ticket);
        continue;
      }
      const again = { ...receipt, attempts: receipt.attempts + 1 };
      push.putReceipt(again);
      missing.push(again);
    }
    this.askLater(missing, lineMs);
  }

  /** Sends each due push to the token that its device has by now; messages that failed before go in smaller calls. */
  private sendAll(pushes: readonly PendingPush[], nowMs: EpochMs): void {
    const { push } = this.room.store;
    const bySize = new Map<number, { pushes: PendingPush[]; tokens: string[] }>();
    for (const pending of pushes) {
      const registration = push.registration(pending.account, pending.deviceId);
      if (registration === undefined || !registration.topics.includes(pending.entity)) {
        push.dropPending(pending.account, pending.deviceId, pending.entity);
        continue;
      }
      // [PSH-7] one message that makes its whole call fail must not take others with it for ever.
      const size = Math.max(1, SEND_MAX >> (2 * pending.attempts));
      let group = bySize.get(size);
      if (group === undefined || group.pushes.length === size) {
        if (group) this.send(group, nowMs);
        group = { pushes: [], tokens: [] };
        bySize.set(size, group);
      }
      this.flying.set(nameOfPending(pending), pending.revision);
      group.pushes.push(pending);
      group.tokens.push(registration.token);
    }
    for (const group of bySize.values()) this.send(group, nowMs);
  }

  private send(
    group: { readonly pushes: readonly PendingPush[]; readonly tokens: readonly string[] },
    nowMs: EpochMs,
  ): void {
    const call = this.nextCall++;
    this.sending.set(call, { ...group, sentAtMs: nowMs });
    const messages = group.pushes.map(
      ({ entity, revision }, index) =>
        ({
          to: group.tokens[index] as string,
          _contentAvailable: true,
          priority: "normal",
          data: { type: "sync_trigger", entity, revisionId: revision },
        }) as const,
    );
    this.room.put({ output: "push_send", call, messages });
  }

  private ask(receipts: readonly PendingReceipt[]): void {
    const call = this.nextCall++;
    this.asking.set(call, receipts);
    const tickets = receipts.map(({ ticket }) => ticket);
    this.room.put({ output: "push_receipts", call, tickets });
  }

  private askLater(receipts: readonly PendingReceipt[], lineMs: LineMs): void {
    if (receipts.length === 0) return;
    const delayMs = this.room.config.push.receiptDelaySeconds * SECOND_MS;
    // A receipt that is asked for again waits at least as long as a retry does.
    const again = receipts.some(({ attempts }) => attempts > 0);
    const dueMs = lineMs + (again ? Math.max(delayMs, BACKOFF_FIRST_MS) : delayMs);
    this.room.schedule(dueMs, { due: "receipts", receipts });
  }

  private settle(
    pending: PendingPush,
    token: string,
    ticket: PushTicket,
    sentAtMs: EpochMs,
    lineMs: LineMs,
  ): void {
    const { push } = this.room.store;
    if (ticket.status === "error" && ticket.error === "MessageRateExceeded") {
      this.retry(pending, 0, lineMs);
      return;
    }
    if (isDead(ticket)) push.endToken(token, sentAtMs);
    // Any other error says that this message will never be taken.
    if (this.isNewest(pending)) push.dropPending(pending.account, pending.deviceId, pending.entity);
  }

  /** [PSH-7] exponential, bounded, never before the provider asked for. A newer push has taken over its part. */
  private retry(pending: PendingPush, askedMs: number, lineMs: LineMs): void {
    const { push } = this.room.store;
    if (!this.isNewest(pending)) return;
    const attempts = pending.attempts + 1;
    if (attempts >= SEND_ATTEMPTS_MAX) {
      push.dropPending(pending.account, pending.deviceId, pending.entity);
      return;
    }
    const again = { ...pending, attempts };
    push.putPending(again);
    const backoffMs = Math.min(BACKOFF_MAX_MS, BACKOFF_FIRST_MS << pending.attempts);
    this.plan(again, lineMs + Math.max(backoffMs, askedMs));
  }

  private plan(pending: PendingPush, dueMs: LineMs): void {
    this.planned.add(nameOfPending(pending));
    this.room.schedule(dueMs, { due: "push", pending });
  }

  private isNewest(pending: PendingPush): boolean {
    const { account, deviceId, entity, revision } = pending;
    return this.room.store.push.pending(account, deviceId, entity)?.revision === revision;
  }

  private isOnItsWay(pending: PendingPush): boolean {
    return this.flying.get(nameOfPending(pending)) === pending.revision;
  }

  private landed(pending: PendingPush): void {
    if (this.isOnItsWay(pending)) this.flying.delete(nameOfPending(pending));
  }
}

function isDead(ticket: PushTicket): boolean {
  return ticket.status === "error" && ticket.error === "DeviceNotRegistered";
}
