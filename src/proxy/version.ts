/**
 * Owns the making of versions, and the stamp that a write carries (section 5).
 * Refuses to know whether the write may be made.
 */

import { formatInstant } from "../base/time.ts";
import type { Fields, WireRecord } from "../protocol/entity.ts";
import type { Action, DeviceId, IdempotencyKey } from "../protocol/messages.ts";
import type { Revision } from "../protocol/revision.ts";
import { countedTime, type Stamp, type Stamps } from "../protocol/stamps.ts";
import type { Case } from "./decide.ts";
import type { Life, Version } from "./store.ts";

/** [MRG-4] the write's own stamp; without a timestamp, the receive time. */
export function ownStamp(at: Case): Stamp {
  const { timestamp, deviceId, key } = at.mutation;
  return {
    timeMs: typeof timestamp === "number" ? countedTime(timestamp, at.nowMs) : at.nowMs,
    deviceId: deviceId ?? "",
    key: key ?? "",
  };
}

/** The version that this write commits; `fields` undefined makes a tombstone. */
export function versionOf(
  at: Case,
  action: Action,
  id: string,
  fields: Fields | undefined,
  stamps: Stamps,
  revision: Revision,
  pastLives: readonly Life[],
): Version {
  const { mutation, view, nowMs } = at;
  // A clock that stepped back must not make a later change look older: floor and retention count on the order.
  const committedAtMs = Math.max(nowMs, view.standing.headAtMs);
  return {
    revision,
    entity: mutation.entity,
    id,
    action,
    record: fields === undefined ? null : recordOf(id, revision, formatInstant(committedAtMs), fields),
    stamps,
    raised: undefined,
    raises: 0,
    committedAtMs,
    deviceId: mutation.deviceId as DeviceId | undefined,
    key: mutation.key as IdempotencyKey | undefined,
    bornAt: action === "created" ? revision : (view.current?.bornAt ?? revision),
    pastLives,
    backendVersion: view.current?.backendVersion,
    supersededBy: undefined,
  };
}

function recordOf(id: string, revisionId: Revision, updatedAt: string, fields: Fields): WireRecord {
  // Spreading defines own members, `__proto__` too [API-5].
  return { id, revisionId, updatedAt, ...fields };
}
