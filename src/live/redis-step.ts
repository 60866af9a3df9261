/**
 * Owns the steps that an account's stream is made of, and their text: pairs of a kind and what it is about. What an
 * account is follows from its steps and nothing else, so every instance that folds them comes to the same.
 * Refuses to know what a step does: that is redis-fold.ts.
 */

import { assertNever } from "../base/assert.ts";
import type { EpochMs } from "../base/time.ts";
import type { Entity } from "../protocol/entity.ts";
import type { DeviceId } from "../protocol/messages.ts";
import type { Revision } from "../protocol/revision.ts";
import type { Stamps } from "../protocol/stamps.ts";
import type { PendingPush, Registration } from "../proxy/push-store.ts";
import type { Remembered, Version } from "../proxy/store.ts";
import {
  packRemembered,
  packStamps,
  packVersion,
  unpackRemembered,
  unpackStamps,
  unpackVersion,
} from "../proxy/store-text.ts";
import { StoreUnavailable } from "./durable.ts";

export type Step =
  | { readonly step: "version"; readonly version: Version }
  | { readonly step: "raise"; readonly entity: Entity; readonly id: string; readonly stamps: Stamps }
  | { readonly step: "bind"; readonly remember: Remembered }
  | { readonly step: "prune"; readonly retentionMs: number; readonly nowMs: EpochMs }
  | { readonly step: "register"; readonly registration: Registration }
  | { readonly step: "unregister"; readonly deviceId: DeviceId }
  /** The registration of this token ends, unless it was made after `sentAtMs` [PSH-6]. */
  | { readonly step: "end_token"; readonly token: string; readonly sentAtMs: EpochMs }
  /** Counts unless a pending push for a newer revision is there: instances write these without looking [PSH-4]. */
  | { readonly step: "pend"; readonly pending: PendingPush }
  /** Drops the pending push that was seen, and no newer one. */
  | {
      readonly step: "unpend";
      readonly deviceId: DeviceId;
      readonly entity: Entity;
      readonly revision: Revision;
    };

/** One letter per step: in a stream of millions it counts. */
const KIND = {
  version: "v",
  raise: "s",
  bind: "k",
  prune: "p",
  register: "r",
  unregister: "u",
  end_token: "e",
  pend: "q",
  unpend: "d",
} as const satisfies Record<Step["step"], string>;

/** The step as a pair for the stream: its kind and its text. */
export function packStep(step: Step): readonly [kind: string, text: string] {
  const kind = KIND[step.step];
  switch (step.step) {
    case "version":
      return [kind, packVersion(step.version)];
    case "raise":
      return [kind, JSON.stringify([step.entity, step.id, packStamps(step.stamps)])];
    case "bind":
      return [kind, packRemembered(step.remember)];
    case "prune":
      return [kind, JSON.stringify([step.retentionMs, step.nowMs])];
    case "register":
      return [kind, JSON.stringify(step.registration)];
    case "unregister":
      return [kind, step.deviceId];
    case "end_token":
      return [kind, JSON.stringify([step.token, step.sentAtMs])];
    case "pend":
      return [kind, JSON.stringify(step.pending)];
    case "unpend":
      return [kind, JSON.stringify([step.deviceId, step.entity, step.revision])];
    default:
      return assertNever(step);
  }
}

/** Reads what `packStep` wrote. Throws StoreUnavailable on a kind that only a newer version of this code knows. */
export function unpackStep(kind: string, text: string): Step {
  switch (kind) {
    case KIND.version:
      return { step: "version", version: unpackVersion(text) };
    case KIND.raise: {
      const [entity, id, stamps] = JSON.parse(text) as [Entity, string, string];
      return { step: "raise", entity, id, stamps: unpackStamps(stamps) };
    }
    case KIND.bind:
      return { step: "bind", remember: unpackRemembered(text) };
    case KIND.prune: {
      const [retentionMs, nowMs] = JSON.parse(text) as [number, EpochMs];
      return { step: "prune", retentionMs, nowMs };
    }
    case KIND.register:
      return { step: "register", registration: JSON.parse(text) as Registration };
    case KIND.unregister:
      return { step: "unregister", deviceId: text as DeviceId };
    case KIND.end_token: {
      const [token, sentAtMs] = JSON.parse(text) as [string, EpochMs];
      return { step: "end_token", token, sentAtMs };
    }
    case KIND.pend:
      return { step: "pend", pending: JSON.parse(text) as PendingPush };
    case KIND.unpend: {
      const [deviceId, entity, revision] = JSON.parse(text) as [DeviceId, Entity, Revision];
      return { step: "unpend", deviceId, entity, revision };
    }
    default:
      throw new StoreUnavailable("redis holds steps of a newer zeke-sync");
  }
}
