/**
 * Owns random sequences of what may be done to a store, and one store's way through such a sequence.
 * Refuses to know what kind of store it is.
 */

import fc from "fast-check";
import { assertNever } from "../base/assert.ts";
import type { Entity, WireRecord } from "../protocol/entity.ts";
import type { AccountId, DeviceId } from "../protocol/messages.ts";
import { GENESIS, nextRevision, type Revision } from "../protocol/revision.ts";
import { type CommitPlan, CURSOR_LIFE_MS, type Store, type Version } from "../proxy/store.ts";
import { A, B, keyOf, T0 } from "./sqlite-write.fixture.ts";

export const ACCOUNTS = [A, B];
export const IDS = ["a", "B", "_", "__proto__", "9"];
export const KEYS = ["k1", "k2", "constructor"];
const DEVICES = ["d1", "d2"] as DeviceId[];
const TOKENS = ["t1", "t2", "t3"];
const RETENTION_MS = 5_000;

const named = <Name extends string>(name: Name): fc.Arbitrary<Name> => fc.constant(name);
const account = fc.constantFrom(...ACCOUNTS);
const record = {
  account,
  entity: fc.constantFrom<Entity>("contact", "task", "list"),
  id: fc.constantFrom(...IDS),
};
const device = { account, deviceId: fc.constantFrom(...DEVICES) };

/** One thing that is done to a store. */
export const anyStep = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      do: named("write"),
      ...record,
      gone: fc.boolean(),
      key: fc.option(fc.constantFrom(...KEYS)),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: named("raise"), ...record, timeMs: fc.nat(9) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: named("bind"),
      ...record,
      key: fc.constantFrom(...KEYS),
      lifeMs: fc.nat(9_000),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: named("late"), ...record }) },
  {
    weight: 5,
    arbitrary: fc.record({
      do: named("wait"),
      ms: fc.constantFrom(1, 900, 4_000, 6_000, CURSOR_LIFE_MS),
    }),
  },
  { weight: 5, arbitrary: fc.record({ do: named("prune"), account }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: named("register"), ...device, token: fc.constantFrom(...TOKENS) }),
  },
  { weight: 1, arbitrary: fc.record({ do: named("unregister"), ...device }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: named("endToken"),
      token: fc.constantFrom(...TOKENS),
      agoMs: fc.nat(2_000),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: named("pend"), ...device, entity: record.entity, drop: fc.boolean() }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: named("receipt"),
      ticket: fc.constantFrom(...TOKENS),
      drop: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: named("commit") }) },
  { weight: 1, arbitrary: fc.record({ do: named("reopen") }) },
);
export type Step = typeof anyStep extends fc.Arbitrary<infer One> ? One : never;

/** Steps of one kind. */
type Of<Name extends Step["do"]> = Extract<Step, { readonly do: Name }>;
type At = { readonly account: AccountId; readonly entity: Entity; readonly id: string };

/** One store's way through a sequence. What it did is returned, so that both stores' ways can be compared. */
export class Walk {
  nowMs = T0;
  count = 0;
  readonly revisions: Revision[] = [GENESIS];
  private readonly late = new Map<AccountId, CommitPlan>();

  take(store: Store, step: Step): unknown {
    const { push } = store;
    this.count++;
    switch (step.do) {
      case "write":
        return this.write(store, step);
      case "raise":
        return this.raise(store, step);
      case "bind": {
        const remember = { ...keyOf(step.key, step.id, undefined), expiresAtMs: this.nowMs + step.lifeMs };
        return store.commit(step.account, { ...this.plan(store, step), remember }, this.nowMs);
      }
      case "late": {
        // A plan that was made some steps ago.
        const plan = this.late.get(step.account);
        this.late.set(step.account, this.versionPlan(store, { ...step, gone: false }));
        return plan && store.commit(step.account, plan, this.nowMs);
      }
      case "wait":
        this.nowMs += step.ms;
        return undefined;
      case "prune":
        return store.prune(step.account, RETENTION_MS, this.nowMs);
      case "register": {
        const { account, deviceId, token } = step;
        const registeredAtMs = this.nowMs;
        return push.register({ account, deviceId, token, platform: "ios", topics: ["task"], registeredAtMs });
      }
      case "unregister":
        return push.unregister(step.account, step.deviceId);
      case "endToken":
        return push.endToken(step.token, this.nowMs - step.agoMs);
      case "pend": {
        const { account, deviceId, entity } = step;
        if (step.drop) return push.dropPending(account, deviceId, entity);
        return push.putPending({ account, deviceId, entity, revision: GENESIS, attempts: this.count });
      }
      case "receipt":
        if (step.drop) return push.dropReceipt(step.ticket);
        return push.putReceipt({
          ticket: step.ticket,
          token: "t",
          sentAtMs: this.nowMs,
          attempts: this.count,
        });
      case "commit":
      case "reopen":
        return undefined; // They are the test's to carry out.
      default:
        return assertNever(step);
    }
  }

  private raise(store: Store, at: Of<"raise">): unknown {
    const { account, entity, id, timeMs } = at;
    if (store.current(account, entity, id) === undefined) return undefined;
    const raise = new Map([["title", { timeMs, deviceId: "d", key: "k" }]]);
    return store.commit(account, { ...this.plan(store, at), raise }, this.nowMs);
  }

  private write(store: Store, at: Of<"write">): unknown {
    const plan = this.versionPlan(store, at);
    this.revisions.push(plan.version.revision);
    const remember =
      at.key === null ? undefined : { ...keyOf(at.key, at.id, undefined), expiresAtMs: this.nowMs + 3_000 };
    return store.commit(at.account, { ...plan, remember }, this.nowMs);
  }

  private plan(store: Store, { account, entity, id }: At): CommitPlan {
    const wanted = { entity, id, base: undefined, key: undefined };
    const { standing, current } = store.load(account, wanted, this.nowMs);
    const expect = { head: standing.head, current: current?.revision, raises: current?.raises ?? 0 };
    return { expect, entity, id, version: undefined, raise: undefined, remember: undefined };
  }

  private versionPlan(
    store: Store,
    at: At & { readonly gone: boolean },
  ): CommitPlan & { readonly version: Version } {
    const { account, entity, id, gone } = at;
    const plan = this.plan(store, at);
    const { headAtMs } = store.standing(account);
    const current = store.current(account, entity, id);
    const lived = current !== undefined && current.record !== null;
    const revision = nextRevision(plan.expect.head, this.nowMs);
    const fields = JSON.parse(`{"n":${this.count},"__proto__":[1]}`) as object;
    const version: Version = {
      revision,
      entity,
      id,
      action: gone ? "deleted" : lived ? "updated" : "created",
      record: gone ? null : ({ id, revisionId: revision, updatedAt: "", ...fields } as unknown as WireRecord),
      stamps: new Map([["n", { timeMs: this.count, deviceId: "d1", key: "" }]]),
      raised: undefined,
      raises: 0,
      committedAtMs: Math.max(this.nowMs, headAtMs),
      deviceId: this.count % 2 ? DEVICES[0] : undefined,
      key: undefined,
      bornAt: lived ? current.bornAt : revision,
      pastLives: current && !lived ? [{ bornAt: current.bornAt, diedAt: current.revision }] : [],
      backendVersion: this.count % 3 ? this.count / 2 : undefined,
      supersededBy: undefined,
    };
    return { ...plan, version };
  }
}
