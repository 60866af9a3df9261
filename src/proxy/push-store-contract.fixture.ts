/**
 * Owns the contract of the push store: every store passes these same tests.
 * Refuses to know when anything is due.
 */

import { expect, test } from "vitest";
import type { Entity } from "../protocol/entity.ts";
import type { AccountId, DeviceId } from "../protocol/messages.ts";
import type { Revision } from "../protocol/revision.ts";
import type { PushStore } from "./push-store.ts";

const A = "a" as AccountId;
const B = "b" as AccountId;
const T0 = 1_704_067_200_000;

/** Declares the tests for one kind of store. */
export function declarePushStore(createStore: () => PushStore): void {
  const d1 = "d1" as DeviceId;
  const d2 = "d2" as DeviceId;
  const registration = (account: AccountId, deviceId: DeviceId, token: string, registeredAtMs = T0) =>
    ({ account, deviceId, token, platform: "ios", topics: ["task"], registeredAtMs }) as const;

  test("[PSH-3] a token has one owner, and a device one token", () => {
    const push = createStore();
    push.register(registration(A, d1, "t1"));
    push.register(registration(A, d2, "t2"));
    push.register(registration(B, d1, "t1"));
    expect(push.registration(A, d1)).toBeUndefined();
    expect(push.registration(B, d1)).toMatchObject({ token: "t1" });
    push.register(registration(A, d2, "t3"));
    expect([...push.registrations(A)].map(({ token }) => token)).toEqual(["t3"]);
    push.register(registration(B, d2, "t2"));
    expect([...push.registrations(A)].map(({ token }) => token)).toEqual(["t3"]);
  });

  test("[PSH-6] a dead token ends its registration, unless it was registered again since", () => {
    const push = createStore();
    push.register(registration(A, d1, "t1", T0));
    push.endToken("t1", T0 - 1);
    expect(push.registration(A, d1)).toBeDefined();
    push.endToken("t1", T0 + 1);
    expect(push.registration(A, d1)).toBeUndefined();
    push.endToken("unknown", T0);
  });

  test("[PSH-4] one pending push per device and entity", () => {
    const push = createStore();
    const pending = (revision: string, entity: Entity = "task") =>
      ({ account: A, deviceId: d1, entity, revision: revision as Revision, attempts: 0 }) as const;
    push.putPending(pending("rev_1"));
    push.putPending(pending("rev_2"));
    push.putPending(pending("rev_3", "list"));
    expect([...push.allPending()].map(({ revision }) => revision)).toEqual(["rev_2", "rev_3"]);
    expect(push.pending(A, d1, "task")).toEqual(pending("rev_2"));
    expect(push.pending(B, d1, "task")).toBeUndefined();
    push.dropPending(A, d1, "task");
    expect([...push.allPending()]).toEqual([pending("rev_3", "list")]);
  });

  test("receipts are kept by ticket", () => {
    const push = createStore();
    const receipt = { ticket: "x", token: "t1", sentAtMs: T0, attempts: 0 };
    push.putReceipt(receipt);
    push.putReceipt({ ...receipt, attempts: 1 });
    expect([...push.allReceipts()]).toEqual([{ ...receipt, attempts: 1 }]);
    push.dropReceipt("x");
    expect([...push.allReceipts()]).toEqual([]);
  });
}
