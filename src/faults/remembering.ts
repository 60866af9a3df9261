/**
 * Owns the seams at which faults of remembering stand: what a key is bound to, where it is kept, and for whom.
 * Refuses to know which fault stands where.
 */

import { jsonEqual } from "../base/canonical-json.ts";
import { ERRORS } from "../protocol/errors.ts";
import type { AccountId, IdempotencyKey } from "../protocol/messages.ts";
import type { Case, Decision } from "../proxy/decide.ts";
import { bindingOf } from "../proxy/idempotency.ts";
import { refusal } from "../proxy/reply.ts";
import type { Remembered, Store } from "../proxy/store.ts";
import type { Parts } from "../simulation/parts.ts";
import { override } from "./fault.ts";
import { withCase, withDecision, withDesk, withStore } from "./seams.ts";

/** Before the keys of batch items that are kept apart. */
export const PREFIX = "batch:";

/** The decision without its key: nothing is remembered. */
export function unbound(decision: Decision): Decision {
  const { plan } = decision;
  if (plan?.remember === undefined) return decision;
  const empty = plan.version === undefined && plan.raise === undefined;
  return { ...decision, plan: empty ? undefined : { ...plan, remember: undefined } };
}

/** Parts whose keys are found bound to something else than they were. */
export function withRecalled(parts: Parts, change: (remembered: Remembered, at: Case) => Remembered): Parts {
  return withCase(parts, (at) => {
    const { remembered } = at.view;
    return remembered ? { ...at, view: { ...at.view, remembered: change(remembered, at) } } : at;
  });
}

/** Parts whose fingerprints have one thing more in them. */
export function withFingerprint(parts: Parts, partOf: (at: Case) => unknown): Parts {
  const more = new WeakMap<object, unknown>();
  return withDecision(parts, (at, decide) => {
    const { remembered } = at.view;
    const decision = decide(at);
    const { plan } = decision;
    if (plan?.remember) more.set(plan.remember, partOf(at));
    if (!decision.replayed || !remembered || jsonEqual(more.get(remembered), partOf(at))) return decision;
    const reply = refusal("idempotency_key_reused", "this key belongs to another mutation");
    return { reply, replayed: false, plan: undefined, remark: {} };
  });
}

/** Parts whose keys are those of one device. */
export function withDeviceKeys(parts: Parts): Parts {
  const devices = new WeakMap<object, string>();
  return withDecision(parts, (at, decide) => {
    const { remembered } = at.view;
    const { deviceId = "" } = at.mutation;
    const owner = remembered && devices.get(remembered);
    if (owner !== undefined && owner !== deviceId) {
      return unbound(decide({ ...at, view: { ...at.view, remembered: undefined } }));
    }
    const decision = decide(at);
    if (decision.plan?.remember) devices.set(decision.plan.remember, deviceId);
    return decision;
  });
}

/** Parts whose keys are forgotten when they were recalled once. */
export function withSpentKeys(parts: Parts): Parts {
  const spent = new WeakSet<object>();
  return withDecision(parts, (at, decide) => {
    const { remembered } = at.view;
    if (remembered === undefined) return decide(at);
    if (spent.has(remembered)) return unbound(decide({ ...at, view: { ...at.view, remembered: undefined } }));
    const decision = decide(at);
    if (decision.replayed) spent.add(remembered);
    return decision;
  });
}

/** A store whose keys are kept here instead. */
export function withOwnKeys(store: Store): Store {
  const keys = new Map<string, Remembered>();
  const find = (account: AccountId, key: string | undefined) =>
    key === undefined ? undefined : keys.get(`${account} ${key}`);
  return override(store, {
    load: (account, wanted, nowMs) => ({
      ...store.load(account, wanted, nowMs),
      remembered: find(account, wanted.key),
    }),
    remembered: (account, key) => find(account, key),
    commit: (account, plan, nowMs) => {
      const done = store.commit(account, { ...plan, remember: undefined }, nowMs);
      if (done === "done" && plan.remember) keys.set(`${account} ${plan.remember.key}`, plan.remember);
      return done;
    },
  });
}

/** Parts whose store finds a key that any account has bound. */
export function withSharedKeys(parts: Parts): Parts {
  return withStore(parts, (store) => {
    const all = new Map<string, Remembered>();
    return {
      load: (account, wanted, nowMs) => {
        const view = store.load(account, wanted, nowMs);
        const foreign = wanted.key === undefined ? undefined : all.get(wanted.key);
        return { ...view, remembered: view.remembered ?? foreign };
      },
      commit: (account, plan, nowMs) => {
        const done = store.commit(account, plan, nowMs);
        if (done === "done" && plan.remember) all.set(plan.remember.key, plan.remember);
        return done;
      },
    };
  });
}

/** Parts that bind the keys of failures like these; `same`: whatever comes under the key is answered so. */
export function withFailures(parts: Parts, isBound: (status: number) => boolean, same: boolean): Parts {
  return withDesk(parts, () => {
    const failed = new Map<string, Remembered>();
    return (request, nowMs, go) => {
      const { idempotencyKey, call, token } = request;
      const name = `${token} ${idempotencyKey}`;
      const known = failed.get(name);
      const written = call.call === "create" || call.call === "update" || call.call === "delete";
      if (idempotencyKey === undefined || !written) return go(request);
      const payload = "body" in call ? call.body : undefined;
      if (known && (same || jsonEqual(known.payload, payload))) {
        return { status: known.reply.status, headers: { dateMs: nowMs }, body: known.reply.body };
      }
      if (known) {
        const { body } = refusal("idempotency_key_reused", "this key belongs to another mutation");
        return { status: ERRORS.idempotency_key_reused.status, headers: { dateMs: nowMs }, body };
      }
      const answer = go(request);
      if (isBound(answer.status)) {
        const mutation = { entity: call.entity, operation: call.call, id: "", payload, ifMatch: undefined };
        const asked = { ...mutation, key: "", deviceId: "", timestamp: 0, temporaryId: undefined };
        const reply = { status: answer.status, body: answer.body };
        failed.set(name, bindingOf(asked, "" as IdempotencyKey, "", undefined, reply, 0));
      }
      return answer;
    };
  });
}

export function withPrefix(store: Store): Store {
  return override(store, {
    remembered: (account, key, nowMs) => store.remembered(account, `${PREFIX}${key}`, nowMs),
  });
}
