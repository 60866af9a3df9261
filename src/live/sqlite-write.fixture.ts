/**
 * Owns writes without rules: whatever is asked for becomes the next version.
 * Refuses to know the store's kind, and the test runner: a process of its own may use it.
 */

import type { AccountId, DeviceId, IdempotencyKey } from "../protocol/messages.ts";
import { nextRevision, type Revision } from "../protocol/revision.ts";
import type { CommitPlan, Remembered, Store, Version } from "../proxy/store.ts";

export const A = "a" as AccountId;
export const B = "b" as AccountId;
export const T0 = 1_704_067_200_000;

/** Writes a task and, when it is given, binds a key, without rules. */
export function put(store: Store, id: string, fields: object, key?: string, account = A): Revision {
  const plan = planOf(store, id, fields, key, account);
  if (store.commit(account, plan, T0) !== "done") throw new Error("raced");
  return plan.version.revision;
}

export function planOf(
  store: Store,
  id: string,
  fields: object,
  key?: string,
  account = A,
): CommitPlan & { readonly version: Version } {
  const { standing, current } = store.load(account, { entity: "task", id, base: undefined, key }, T0);
  const revision = nextRevision(standing.head, T0);
  const version: Version = {
    revision,
    entity: "task",
    id,
    action: current === undefined ? "created" : "updated",
    record: { id, revisionId: revision, updatedAt: "", ...fields },
    stamps: new Map(),
    raised: undefined,
    raises: 0,
    committedAtMs: Math.max(T0, standing.headAtMs),
    deviceId: "d1" as DeviceId,
    key: undefined,
    bornAt: current?.bornAt ?? revision,
    pastLives: [],
    backendVersion: undefined,
    supersededBy: undefined,
  };
  const expect = { head: standing.head, current: current?.revision, raises: current?.raises ?? 0 };
  const remember = key === undefined ? undefined : keyOf(key, id, revision);
  return { expect, entity: "task", id, version, raise: undefined, remember };
}

export function keyOf(key: string, recordId: string, revision: Revision | undefined): Remembered {
  return {
    key: key as IdempotencyKey,
    entity: "task",
    operation: "update",
    askedId: recordId,
    payload: { title: key },
    ifMatch: undefined,
    recordId,
    revision,
    reply: { status: 200, body: { data: key } },
    expiresAtMs: T0 + 1_000_000,
  };
}
