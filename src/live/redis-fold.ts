/**
 * Owns what the steps of one account come to, in memory: log, keys, registrations, pending pushes; and taking steps
 * back that were only tried.
 * Refuses to know Redis. The same steps in the same order come to the same on every instance.
 */

import { assertNever } from "../base/assert.ts";
import type { EpochMs } from "../base/time.ts";
import type { Entity } from "../protocol/entity.ts";
import type { AccountId, DeviceId } from "../protocol/messages.ts";
import type { Stamps } from "../protocol/stamps.ts";
import { MemoryPushStore } from "../proxy/memory-push-store.ts";
import { MemoryAccount } from "../proxy/memory-store.ts";
import { nameOfPending, type PendingPush, type Registration } from "../proxy/push-store.ts";
import type { Remembered, Standing, Version } from "../proxy/store.ts";
import type { Step } from "./redis-step.ts";

/** The id of no stream entry: before the first. */
export const STREAM_START = "0-0";

/** What must be known to take a step back. */
export type Former =
  | { readonly was: "nothing" }
  | { readonly was: "version"; readonly before: Version | undefined; readonly standing: Standing }
  | {
      readonly was: "raise";
      readonly entity: Entity;
      readonly id: string;
      readonly raised: Stamps | undefined;
    }
  /** `keys`: all there were, in their order, when an expired one was bound again; else it is enough to drop the new. */
  | { readonly was: "bind"; readonly key: string; readonly keys: readonly Remembered[] | undefined }
  | {
      readonly was: "register";
      readonly deviceId: DeviceId | undefined;
      readonly former: readonly Registration[];
    }
  | { readonly was: "pend"; readonly name: string; readonly former: PendingPush | undefined };

const NOTHING: Former = { was: "nothing" };

export class AccountFold {
  readonly account: AccountId;
  readonly records = new MemoryAccount();
  readonly push = new MemoryPushStore();
  readonly pendings = new Map<string, PendingPush>();
  /** The id of the stream entry up to which this is folded. */
  last = STREAM_START;
  /** The name of the snapshot that the stream goes on from; empty for none. */
  base = "";
  /** Steps folded since the snapshot: what a cold start must read beside it. */
  stepsSinceBase = 0;

  constructor(account: AccountId) {
    this.account = account;
  }

  /** How much a snapshot of this holds. */
  get size(): number {
    return this.records.log.size + this.records.keys.size;
  }

  /** Does one step. Returns what `takeBack` needs. A prune cannot be taken back. */
  apply(step: Step): Former {
    const { records } = this;
    switch (step.step) {
      case "version": {
        const { version } = step;
        const before = records.log.current(version.entity, version.id);
        const { standing } = records.log;
        records.log.append(version);
        return { was: "version", before, standing };
      }
      case "raise": {
        const { entity, id, stamps } = step;
        const raised = records.log.current(entity, id)?.raised;
        records.log.raise(entity, id, stamps);
        return { was: "raise", entity, id, raised };
      }
      case "bind": {
        const { key } = step.remember;
        const keys = records.keys.has(key) ? [...records.keys.values()] : undefined;
        records.bind(step.remember);
        return { was: "bind", key, keys };
      }
      case "prune":
        records.prune(step.retentionMs, step.nowMs);
        return NOTHING;
      case "register":
      case "unregister":
      case "end_token":
        return this.applyRegistration(step);
      case "pend":
      case "unpend":
        return this.applyPending(step);
      default:
        return assertNever(step);
    }
  }

  /** Undoes the newest step that was not taken back yet. */
  takeBack(former: Former): void {
    const { records } = this;
    switch (former.was) {
      case "nothing":
        return;
      case "version":
        records.log.retract(former.before, former.standing);
        return;
      case "raise":
        records.log.unraise(former.entity, former.id, former.raised);
        return;
      case "bind":
        if (former.keys === undefined) {
          records.keys.delete(former.key);
        } else {
          records.keys.clear();
          for (const remember of former.keys) records.keys.set(remember.key, remember);
        }
        return;
      case "register":
        if (former.deviceId !== undefined) this.push.unregister(this.account, former.deviceId);
        for (const registration of former.former) this.push.register(registration);
        return;
      case "pend":
        if (former.former) this.pendings.set(former.name, former.former);
        else this.pendings.delete(former.name);
        return;
      default:
        assertNever(former);
    }
  }

  /** What pruning would do now: whether it would change anything, and what `Store.prune` must answer then. */
  foresee(retentionMs: number, nowMs: EpochMs): { readonly changes: boolean; readonly more: boolean } {
    const { log, keys } = this.records;
    const { floor, bottom } = log.standing;
    const next = log.standingAfterPrune(retentionMs, nowMs);
    let expired = 0;
    for (const { expiresAtMs } of keys.values()) {
      if (expiresAtMs > nowMs) break;
      expired++;
    }
    return {
      changes: expired > 0 || next.floor !== floor || next.bottom !== bottom,
      more: next.floor > next.bottom || next.floor < next.head || keys.size > expired,
    };
  }

  /** The device that a token is registered for, if in this account. */
  registrationOf(token: string): Registration | undefined {
    for (const registration of this.push.registrations(this.account)) {
      if (registration.token === token) return registration;
    }
    return undefined;
  }

  private applyRegistration(
    step: Extract<Step, { readonly step: "register" | "unregister" | "end_token" }>,
  ): Former {
    const { account, push } = this;
    if (step.step === "register") {
      const { registration } = step;
      const owner = this.registrationOf(registration.token);
      const own = push.registration(account, registration.deviceId);
      push.register(registration);
      const former = [owner, own].filter((each) => each !== undefined);
      return { was: "register", deviceId: registration.deviceId, former };
    }
    const ended =
      step.step === "unregister"
        ? push.registration(account, step.deviceId)
        : this.registrationOf(step.token);
    if (ended === undefined) return NOTHING;
    if (step.step === "end_token" && ended.registeredAtMs > step.sentAtMs) return NOTHING;
    push.unregister(account, ended.deviceId);
    return { was: "register", deviceId: undefined, former: [ended] };
  }

  private applyPending(step: Extract<Step, { readonly step: "pend" | "unpend" }>): Former {
    const { account, pendings } = this;
    const pends = step.step === "pend";
    const name = nameOfPending(pends ? step.pending : { account, ...step });
    const former = pendings.get(name);
    if (pends) {
      if (former !== undefined && former.revision > step.pending.revision) return NOTHING;
      pendings.set(name, step.pending);
    } else {
      if (former?.revision !== step.revision) return NOTHING;
      pendings.delete(name);
    }
    return { was: "pend", name, former };
  }
}
