/**
 * Owns the border of what push must keep: who is registered, and what is on its way to whom.
 * Refuses to know when a push is due: that is the outbox's. Everything here is plain data that a disk can hold.
 */

import type { EpochMs } from "../base/time.ts";
import type { Entity } from "../protocol/entity.ts";
import type { AccountId, DeviceId } from "../protocol/messages.ts";
import type { Revision } from "../protocol/revision.ts";

export interface Registration {
  readonly account: AccountId;
  readonly deviceId: DeviceId;
  readonly token: string;
  readonly platform: "ios" | "android";
  readonly topics: readonly Entity[];
  readonly registeredAtMs: EpochMs;
}

/** The newest change that a device has not been told of, one per device and entity [PSH-4]. */
export interface PendingPush {
  readonly account: AccountId;
  readonly deviceId: DeviceId;
  readonly entity: Entity;
  readonly revision: Revision;
  /** Send calls that failed so far. */
  readonly attempts: number;
}

/** The name of the place that a pending push has. Device ids and entities hold no slash, so no two names meet. */
export function nameOfPending(pending: Pick<PendingPush, "account" | "deviceId" | "entity">): string {
  return `${pending.deviceId}/${pending.entity}/${pending.account}`;
}

/** A message that the provider took, and whose receipt is still to be read. */
export interface PendingReceipt {
  readonly ticket: string;
  readonly token: string;
  readonly sentAtMs: EpochMs;
  readonly attempts: number;
}

export interface PushStore {
  /** [PSH-3] the token leaves its former owner, and the device its former token. */
  register(registration: Registration): void;
  registration(account: AccountId, deviceId: DeviceId): Registration | undefined;
  registrations(account: AccountId): Iterable<Registration>;
  unregister(account: AccountId, deviceId: DeviceId): void;
  /** [PSH-6] ends this token, unless it was registered again after `sentAtMs`. */
  endToken(token: string, sentAtMs: EpochMs): void;

  /** Stores the pending push of its device and entity, in place of the one before. */
  putPending(pending: PendingPush): void;
  pending(account: AccountId, deviceId: DeviceId, entity: Entity): PendingPush | undefined;
  dropPending(account: AccountId, deviceId: DeviceId, entity: Entity): void;
  allPending(): Iterable<PendingPush>;

  putReceipt(receipt: PendingReceipt): void;
  dropReceipt(ticket: string): void;
  allReceipts(): Iterable<PendingReceipt>;
}
