/**
 * Owns what things are called in a run: devices, tokens, the records that an account begins with.
 * Refuses to know who uses the names.
 */

import type { Entity } from "../protocol/entity.ts";
import type { AccountId, DeviceId } from "../protocol/messages.ts";

/** The name of a phone, which is also its device id. */
export function deviceName(account: number, nth: number): DeviceId {
  return `a${account}-d${nth}` as DeviceId;
}

/** One name for a device of any account: device ids live inside their account. */
export function deviceKey(account: string, device: string): string {
  return `${account}/${device}`;
}

/** Who may call: one token an account. */
export function accountTokens(accounts: number): ReadonlyMap<string, AccountId> {
  return new Map(
    Array.from({ length: accounts }, (_, index) => [`tok-${index}`, `account-${index}` as AccountId]),
  );
}

/** The id of the nth record of an entity that an account has before the run begins. */
export function seedId(entity: Entity, nth: number): string {
  return `${entity}-${nth}`;
}
