/**
 * Owns push registrations and what is on its way, in memory.
 * Refuses to know when anything is due.
 */

import type { EpochMs } from "../base/time.ts";
import type { Entity } from "../protocol/entity.ts";
import type { AccountId, DeviceId } from "../protocol/messages.ts";
import {
  nameOfPending,
  type PendingPush,
  type PendingReceipt,
  type PushStore,
  type Registration,
} from "./push-store.ts";

const NOBODY: ReadonlyMap<DeviceId, Registration> = new Map();

export class MemoryPushStore implements PushStore {
  private readonly byAccount = new Map<AccountId, Map<DeviceId, Registration>>();
  private readonly byToken = new Map<string, Registration>();
  private readonly onTheWay = new Map<string, PendingPush>();
  private readonly receipts = new Map<string, PendingReceipt>();

  register(registration: Registration): void {
    const { account, deviceId, token } = registration;
    const formerOwner = this.byToken.get(token);
    if (formerOwner) this.unregister(formerOwner.account, formerOwner.deviceId);
    this.unregister(account, deviceId);
    let devices = this.byAccount.get(account);
    if (!devices) {
      devices = new Map();
      this.byAccount.set(account, devices);
    }
    devices.set(deviceId, registration);
    this.byToken.set(token, registration);
  }

  registration(account: AccountId, deviceId: DeviceId): Registration | undefined {
    return this.byAccount.get(account)?.get(deviceId);
  }

  registrations(account: AccountId): Iterable<Registration> {
    return (this.byAccount.get(account) ?? NOBODY).values();
  }

  unregister(account: AccountId, deviceId: DeviceId): void {
    const devices = this.byAccount.get(account);
    const registration = devices?.get(deviceId);
    if (!devices || !registration) return;
    devices.delete(deviceId);
    if (devices.size === 0) this.byAccount.delete(account);
    this.byToken.delete(registration.token);
  }

  endToken(token: string, sentAtMs: EpochMs): void {
    const registration = this.byToken.get(token);
    if (registration && registration.registeredAtMs <= sentAtMs) {
      this.unregister(registration.account, registration.deviceId);
    }
  }

  putPending(pending: PendingPush): void {
    this.onTheWay.set(nameOfPending(pending), pending);
  }

  pending(account: AccountId, deviceId: DeviceId, entity: Entity): PendingPush | undefined {
    return this.onTheWay.get(nameOfPending({ account, deviceId, entity }));
  }

  dropPending(account: AccountId, deviceId: DeviceId, entity: Entity): void {
    this.onTheWay.delete(nameOfPending({ account, deviceId, entity }));
  }

  allPending(): Iterable<PendingPush> {
    return this.onTheWay.values();
  }

  putReceipt(receipt: PendingReceipt): void {
    this.receipts.set(receipt.ticket, receipt);
  }

  dropReceipt(ticket: string): void {
    this.receipts.delete(ticket);
  }

  allReceipts(): Iterable<PendingReceipt> {
    return this.receipts.values();
  }
}
