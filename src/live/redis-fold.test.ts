/**
 * Owns the proof that a fold is what its steps say: taking back undoes, and a snapshot with what follows it is the
 * same as all steps from the start.
 */

import fc from "fast-check";
import { expect, test } from "vitest";
import { ENTITIES, type Entity, type WireRecord } from "../protocol/entity.ts";
import type { AccountId, DeviceId, IdempotencyKey } from "../protocol/messages.ts";
import { GENESIS, nextRevision } from "../protocol/revision.ts";
import type { Version } from "../proxy/store.ts";
import { captureOf, Restoring, textsOf } from "./redis-dump.ts";
import { AccountFold } from "./redis-fold.ts";
import { Stage } from "./redis-stage.ts";
import { packStep, type Step, unpackStep } from "./redis-step.ts";

const A = "a" as AccountId;
const HOUR_MS = 3_600_000;

/** What a test asks for; the step that it becomes depends on where the fold is. */
type Wish =
  | { readonly wish: "put" | "delete" | "raise"; readonly entity: Entity; readonly id: string }
  | { readonly wish: "bind" | "end"; readonly name: string }
  | { readonly wish: "prune" }
  | {
      readonly wish: "register" | "unregister" | "pend" | "unpend";
      readonly device: string;
      readonly name: string;
    };

const name = fc.constantFrom("x", "y", "__proto__");
const wish: fc.Arbitrary<Wish> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      wish: fc.constantFrom("put", "delete", "raise"),
      entity: fc.constantFrom(...ENTITIES),
      id: name,
    }),
  },
  { weight: 2, arbitrary: fc.record({ wish: fc.constantFrom("bind", "end"), name }) },
  { weight: 1, arbitrary: fc.record({ wish: fc.constant("prune" as const) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      wish: fc.constantFrom("register", "unregister", "pend", "unpend"),
      device: fc.constantFrom("d1", "d2"),
      name,
    }),
  },
);
/** A wish, how long after the one before, and whether others are tried and taken back first. */
const wishes = fc.array(fc.tuple(wish, fc.nat(HOUR_MS), fc.array(wish, { maxLength: 4 })), { maxLength: 60 });

function stepOf(fold: AccountFold, asked: Wish, nowMs: number): Step | undefined {
  const { log } = fold.records;
  switch (asked.wish) {
    case "put":
    case "delete": {
      const { entity, id } = asked;
      const current = log.current(entity, id);
      if (asked.wish === "delete" && !current?.record) return undefined;
      const revision = nextRevision(log.standing.head, nowMs);
      const record = { id, revisionId: revision, updatedAt: "", n: nowMs } as unknown as WireRecord;
      const version: Version = {
        revision,
        entity,
        id,
        action: asked.wish === "delete" ? "deleted" : current?.record ? "updated" : "created",
        record: asked.wish === "delete" ? null : record,
        stamps: new Map([["n", { timeMs: nowMs, deviceId: "d1", key: "" }]]),
        raised: undefined,
        raises: 0,
        committedAtMs: nowMs,
        deviceId: undefined,
        key: undefined,
        bornAt: current?.record ? current.bornAt : revision,
        pastLives: [],
        backendVersion: undefined,
        supersededBy: undefined,
      };
      return { step: "version", version };
    }
    case "raise": {
      const { entity, id } = asked;
      if (log.current(entity, id) === undefined) return undefined;
      return {
        step: "raise",
        entity,
        id,
        stamps: new Map([["n", { timeMs: nowMs, deviceId: "d2", key: "k" }]]),
      };
    }
    case "bind":
      return {
        step: "bind",
        remember: {
          key: asked.name as IdempotencyKey,
          entity: "task",
          operation: "delete",
          askedId: "x",
          payload: undefined,
          ifMatch: undefined,
          recordId: "x",
          revision: undefined,
          reply: { status: 200, body: { data: null } },
          expiresAtMs: nowMs + 2 * HOUR_MS,
        },
      };
    case "end":
      return { step: "end_token", token: asked.name, sentAtMs: nowMs - HOUR_MS / 4 };
    case "prune":
      return { step: "prune", retentionMs: HOUR_MS, nowMs };
    case "register": {
      const deviceId = asked.device as DeviceId;
      const registration = {
        account: A,
        deviceId,
        token: asked.name,
        platform: "ios",
        topics: ["task"],
        registeredAtMs: nowMs,
      } as const;
      return { step: "register", registration };
    }
    case "unregister":
      return { step: "unregister", deviceId: asked.device as DeviceId };
    case "pend": {
      const pending = {
        account: A,
        deviceId: asked.device as DeviceId,
        entity: "task",
        revision: log.standing.head,
        attempts: 0,
      } as const;
      return { step: "pend", pending };
    }
    case "unpend":
      return {
        step: "unpend",
        deviceId: asked.device as DeviceId,
        entity: "task",
        revision: log.standing.head,
      };
  }
}

/** All that a fold shows; what has no order, in one order. */
function shown(fold: AccountFold): unknown {
  const texts = [...textsOf(captureOf(fold))];
  const pairs = Array.from(
    { length: texts.length / 2 },
    (_each, index) => `${texts[2 * index]}${texts[2 * index + 1]}`,
  );
  const isOrdered = (pair: string): boolean => pair.startsWith("v") || pair.startsWith("h");
  return {
    ordered: pairs.filter(isOrdered),
    others: pairs.filter((pair) => !isOrdered(pair)).sort((left, right) => (left < right ? -1 : 1)),
    living: ENTITIES.map((entity) => fold.records.log.living(entity, undefined, 99)),
    current: ENTITIES.flatMap((entity) =>
      ["x", "y", "__proto__"].map((id) => fold.records.log.current(entity, id)),
    ),
    after: fold.records.log.after(GENESIS, 999),
  };
}

/** Tries steps on a fold as works do, and takes them back. */
function tryInVain(fold: AccountFold, asked: readonly Wish[], nowMs: number): void {
  const stage = new Stage(() => fold, false);
  for (const each of asked) {
    const step = stepOf(fold, each, nowMs);
    if (step) stage.write(A, [step]);
  }
  stage.finish();
}

test("what was tried is taken back without a trace", () => {
  fc.assert(
    fc.property(wishes, (all) => {
      const fold = new AccountFold(A);
      let nowMs = 1_704_067_200_000;
      for (const [asked, laterMs, inVain] of all) {
        nowMs += laterMs;
        const before = structuredClone(shown(fold));
        tryInVain(fold, inVain, nowMs);
        expect(shown(fold)).toEqual(before);
        const step = stepOf(fold, asked, nowMs);
        if (step) fold.apply(step);
      }
    }),
    { numRuns: 60 },
  );
});

test("[REV-7] a snapshot and the steps after it come to the same as all steps, by text or not", () => {
  fc.assert(
    fc.property(wishes, fc.nat(60), (all, cut) => {
      const live = new AccountFold(A);
      const follower = new AccountFold(A);
      let cold = new AccountFold(A);
      let nowMs = 1_704_067_200_000;
      for (const [index, [asked, laterMs, inVain]] of all.entries()) {
        nowMs += laterMs;
        if (index === cut) {
          const restoring = new Restoring(A);
          restoring.read([...textsOf(captureOf(live))]);
          cold = restoring.end("1-0");
        }
        tryInVain(live, inVain, nowMs);
        const step = stepOf(live, asked, nowMs);
        if (step === undefined) continue;
        const [kind, text] = packStep(step);
        live.apply(step);
        follower.apply(unpackStep(kind, text));
        cold.apply(unpackStep(kind, text));
      }
      expect(shown(follower)).toEqual(shown(live));
      expect(shown(cold)).toEqual(shown(live));
    }),
    { numRuns: 200 },
  );
});

test("[IDM-10] an expired key that was bound again in vain stays where it was, and goes when it is pruned", () => {
  const fold = new AccountFold(A);
  const nowMs = 1_704_067_200_000;
  const bind = (key: string, atMs: number) => stepOf(fold, { wish: "bind", name: key }, atMs) as Step;
  fold.apply(bind("x", nowMs));
  fold.apply(bind("y", nowMs + HOUR_MS));
  tryInVain(fold, [{ wish: "bind", name: "x" }], nowMs + 2 * HOUR_MS);
  expect([...fold.records.keys.keys()]).toEqual(["x", "y"]);
  fold.apply({ step: "prune", retentionMs: HOUR_MS, nowMs: nowMs + 2 * HOUR_MS });
  expect([...fold.records.keys.keys()]).toEqual(["y"]);
});

test("[PSH-4] a push that failed never hides a newer one, and one that was sent drops no newer one", () => {
  const fold = new AccountFold(A);
  const pend = (second: number, attempts: number): Step => ({
    step: "pend",
    pending: {
      account: A,
      deviceId: "d1" as DeviceId,
      entity: "task",
      revision: `rev_000000000${second}_000001` as never,
      attempts,
    },
  });
  const sent = (second: number): Step => ({
    step: "unpend",
    deviceId: "d1" as DeviceId,
    entity: "task",
    revision: `rev_000000000${second}_000001` as never,
  });
  const attempts = () =>
    [...fold.pendings.values()].map((pending) => `${pending.revision.slice(13, 14)}/${pending.attempts}`);
  fold.apply(pend(2, 0));
  fold.apply(pend(1, 3));
  expect(attempts()).toEqual(["2/0"]);
  fold.apply(sent(1));
  expect(attempts()).toEqual(["2/0"]);
  fold.apply(pend(2, 1));
  expect(attempts()).toEqual(["2/1"]);
  fold.apply(sent(2));
  expect(attempts()).toEqual([]);
});
