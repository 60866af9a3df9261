/**
 * Owns the probes of a push provider that refuses, fails or is given much at once [PSH-6, PSH-7, PSH-10].
 * Refuses to know how a target backs off: only that it comes to an end, and that nobody else is harmed.
 */

import { constantFrom, integer, record } from "fast-check";
import { SECOND_MS } from "../../base/time.ts";
import type { Entity } from "../../protocol/entity.ts";
import type { Desk } from "../desk.ts";
import { defineProbe, type Script } from "../probe.ts";
import {
  isNotTold,
  isTold,
  messagesTo,
  ofNobody,
  PUSH_MS_MAX,
  pushEntities,
  type Registered,
  registered,
  unregistered,
  whyNoPush,
} from "../pushed.ts";
import type { Reply } from "../reply.ts";
import type { PushAnswer, PushMode, PushView, TargetFacts } from "../target.ts";

const DEAD = "DeviceNotRegistered";
const SEND_MAX = 100;
const RECEIPTS_MAX = 1_000;
/** A back-off that takes longer than this is no retry that a user would notice. */
const BACKOFF_MS_MAX = 120 * SECOND_MS;
const BACKOFF_MS_MIN = 30 * SECOND_MS;
/** Send calls that fail, if so many are made while the provider is down. */
const CALLS_TO_FAIL = 40;
const DOWN_MS = 5 * SECOND_MS;
const RECEIPT_SLACK_MS = 90 * SECOND_MS;
const ALL_WELL: PushMode = { tokens: new Map() };

export const deadTicket = defineProbe({
  id: "push/dead-ticket",
  rules: ["PSH-6", "PSH-7"],
  text: "A ticket that says DeviceNotRegistered ends pushes to that token until it is registered again; others go on.",
  phases: [4],
  needs: whyNoPush,
  runs: 1,
  values: (facts) => record({ entity: constantFrom(...pushEntities(facts)) }),
  *script(desk, { entity }) {
    const phone = yield* registered(desk, "phone", [entity]);
    const tablet = yield* registered(desk, "tablet", [entity]);
    yield* desk.pushMode(refusing(phone, { answer: "ticket_error", error: DEAD }));
    const first = yield* ofNobody(desk, entity);
    yield* isTold(desk, "PSH-1", phone, entity, first);
    yield* isTold(desk, "PSH-7", tablet, entity, first);
    yield* isEnded(desk, phone, tablet, entity);
    yield* unregistered(desk, [phone, tablet]);
  },
});

export const deadReceipt = defineProbe({
  id: "push/dead-receipt",
  rules: ["PSH-6"],
  text: "A receipt that says DeviceNotRegistered ends pushes to that token until it is registered again.",
  phases: [4],
  needs: (facts) => whyNoPush(facts) ?? whyNoReceipts(facts),
  runs: 1,
  values: (facts) => record({ entity: constantFrom(...pushEntities(facts)) }),
  *script(desk, { entity }) {
    const phone = yield* registered(desk, "phone", [entity]);
    const tablet = yield* registered(desk, "tablet", [entity]);
    yield* desk.pushMode(refusing(phone, { answer: "receipt_error", error: DEAD }));
    const before = (yield* desk.pushes(() => true, 0)).receiptCalls.length;
    const first = yield* ofNobody(desk, entity);
    yield* isTold(desk, "PSH-1", phone, entity, first);
    const wasAsked = ({ receiptCalls }: PushView) => receiptCalls.length > before;
    const view = yield* desk.pushes(wasAsked, receiptMs(desk.facts));
    yield* desk.expect("PSH-6", wasAsked(view), {
      expected: `receipts asked for ${desk.facts.declared.receiptDelaySeconds} s after the push`,
      actual: "not asked for",
    });
    yield* isEnded(desk, phone, tablet, entity);
    yield* unregistered(desk, [phone, tablet]);
  },
});

export const failingProvider = defineProbe({
  id: "push/failing-provider",
  rules: ["PSH-7"],
  text: "The provider answers 429 or 5xx for 5 s: writes are done all the same, calls are few, and the push comes after it.",
  phases: [4],
  needs: (facts) =>
    whyNoPush(facts) ??
    (facts.waitMsMax >= BACKOFF_MS_MIN
      ? undefined
      : `needs waits of ${BACKOFF_MS_MIN / SECOND_MS} s: a back-off takes its time`),
  runs: 2,
  values: (facts) =>
    record({ entity: constantFrom(...pushEntities(facts)), status: constantFrom(429, 500, 502, 503) }),
  *script(desk, { entity, status }) {
    const phone = yield* registered(desk, "phone", [entity]);
    const before = lastCall(
      yield* isTold(desk, "PSH-1", phone, entity, yield* ofNobody(desk, entity)),
      phone,
    );
    yield* desk.pushMode({ tokens: new Map(), failing: { calls: CALLS_TO_FAIL, status } });
    desk.failureBreaks = "PSH-7";
    yield* isPrompt(desk, yield* ofNobody(desk, entity));
    yield* desk.wait(DOWN_MS / 2);
    const change = yield* ofNobody(desk, entity);
    yield* isPrompt(desk, change);
    yield* desk.wait(DOWN_MS / 2);
    yield* desk.pushMode(ALL_WELL);
    desk.failureBreaks = "API-2";
    const withinMs = Math.min(BACKOFF_MS_MAX, desk.facts.waitMsMax);
    const view = yield* isTold(desk, "PSH-7", phone, entity, change, withinMs);
    const tries = lastCall(view, phone) - before;
    yield* desk.expect("PSH-7", tries < CALLS_TO_FAIL / 2, {
      expected: `a back-off: a few send calls within ${DOWN_MS} ms`,
      actual: `${tries} calls`,
    });
    yield* unregistered(desk, [phone]);
  },
});

export const badToken = defineProbe({
  id: "push/bad-token",
  rules: ["PSH-7"],
  text: "A token that the provider always refuses keeps no push from another one.",
  phases: [4],
  needs: whyNoPush,
  runs: 2,
  values: (facts) =>
    record({
      entity: constantFrom(...pushEntities(facts)),
      error: constantFrom("MessageTooBig", "InvalidCredentials", "MismatchSenderId"),
    }),
  *script(desk, { entity, error }) {
    const bad = yield* registered(desk, "bad", [entity]);
    const good = yield* registered(desk, "good", [entity]);
    yield* desk.pushMode(refusing(bad, { answer: "ticket_error", error }));
    for (let round = 0; round < 2; round++) {
      const change = yield* ofNobody(desk, entity);
      yield* isTold(desk, "PSH-7", good, entity, change);
    }
    yield* desk.pushMode(ALL_WELL);
    yield* unregistered(desk, [bad, good]);
  },
});

export const manyDevices = defineProbe({
  id: "push/many-devices",
  rules: ["PSH-10", "PSH-1"],
  text: "A change that more than 100 devices must hear of reaches them all, at most 100 a send call.",
  phases: [4],
  needs: whyNoPush,
  runs: 1,
  values: (facts) =>
    record({ entity: constantFrom(...pushEntities(facts)), over: integer({ min: 1, max: 2 }) }),
  *script(desk, { entity, over }) {
    const count = SEND_MAX + over;
    const devices = Array.from({ length: count }, (_, at): Registered => {
      return { actor: desk.actor(`d${at}`), token: `ExponentPushToken[${desk.fresh("t")}]` };
    });
    const replies = yield* desk.atOnce(devices.map(({ actor, token }) => actor.register(token, [entity])));
    const refused = replies.find(({ status }) => status !== 201);
    if (refused !== undefined) return yield* desk.discard(`a registration was answered ${refused.says}`);
    const change = yield* ofNobody(desk, entity);
    const lacking = (view: PushView) => devices.find(({ token }) => messagesTo(view, token).length === 0);
    const view = yield* desk.pushes((one) => lacking(one) === undefined, 2 * PUSH_MS_MAX);
    yield* desk.expect("PSH-1", lacking(view) === undefined, {
      expected: `a push of ${change.revision} to each of ${count} devices`,
      actual: `none to ${lacking(view)?.token}`,
    });
    yield* isBounded(desk, view);
    yield* endedByTicket(desk, devices, entity);
  },
});

/** Ends many registrations by one change: the provider says of each token that it is gone [PSH-6]. */
function* endedByTicket(desk: Desk, devices: readonly Registered[], entity: Entity): Script<void> {
  const gone: PushAnswer = { answer: "ticket_error", error: DEAD };
  yield* desk.pushMode({ tokens: new Map(devices.map(({ token }) => [token, gone])) });
  const before = (yield* desk.pushes(() => true, 0)).messages.length;
  yield* ofNobody(desk, entity);
  yield* desk.pushes(({ messages }) => messages.length >= before + devices.length, 2 * PUSH_MS_MAX);
  yield* desk.pushMode(ALL_WELL);
}

/** [PSH-7] no write waits because of push. */
function* isPrompt(desk: Desk, change: Reply): Script<void> {
  const tookMs = change.answeredAtMs - change.sentAtMs;
  yield* desk.expect("PSH-7", tookMs < SECOND_MS + desk.facts.patienceMs, {
    expected: "a write that does not wait for the push",
    actual: `answered after ${tookMs} ms`,
  });
}

/** The send call that brought the last message to this device. */
function lastCall(view: PushView, { token }: Registered): number {
  return messagesTo(view, token).at(-1)?.call ?? 0;
}

/** [PSH-10] as far as calls were seen. */
function* isBounded(desk: Desk, { messages, receiptCalls }: PushView): Script<void> {
  const sizes = new Map<number, number>();
  for (const { call } of messages) sizes.set(call, (sizes.get(call) ?? 0) + 1);
  const largest = Math.max(0, ...sizes.values());
  yield* desk.expect("PSH-10", largest <= SEND_MAX, {
    expected: `at most ${SEND_MAX} messages a send call`,
    actual: String(largest),
  });
  const ids = Math.max(0, ...receiptCalls);
  yield* desk.expect("PSH-10", ids <= RECEIPTS_MAX, {
    expected: `at most ${RECEIPTS_MAX} ids a receipts call`,
    actual: String(ids),
  });
}

/** [PSH-6] the token is told nothing more, until it is registered again. */
function* isEnded(desk: Desk, dead: Registered, other: Registered, entity: Entity): Script<void> {
  // The ticket or receipt is being read while this one is made: it may go out still.
  yield* isTold(desk, "PSH-1", other, entity, yield* ofNobody(desk, entity));
  yield* desk.pushMode(ALL_WELL);
  const missed: Reply[] = [];
  for (let round = 0; round < 2; round++) {
    const change = yield* ofNobody(desk, entity);
    missed.push(change);
    const view = yield* isTold(desk, "PSH-1", other, entity, change);
    yield* isNotTold(desk, "PSH-6", view, dead.token, missed, `the provider said ${DEAD}`);
  }
  const again = yield* desk.send(dead.actor.register(dead.token, [entity]));
  yield* desk.expect("PSH-6", again.status === 201, { expected: "201 for it again", actual: again.says });
  const view = yield* isTold(desk, "PSH-6", dead, entity, yield* ofNobody(desk, entity));
  yield* isNotTold(desk, "PSH-6", view, dead.token, missed, `the provider said ${DEAD}`);
}

function refusing({ token }: Registered, answer: PushAnswer): PushMode {
  return { tokens: new Map([[token, answer]]) };
}

function receiptMs({ declared }: TargetFacts): number {
  return declared.receiptDelaySeconds * SECOND_MS + RECEIPT_SLACK_MS;
}

function whyNoReceipts(facts: TargetFacts): string | undefined {
  if (receiptMs(facts) <= facts.waitMsMax) return undefined;
  const { receiptDelaySeconds } = facts.declared;
  return `needs waits of ${receiptMs(facts) / SECOND_MS} s: push.receiptDelaySeconds is ${receiptDelaySeconds}, and ${RECEIPT_SLACK_MS / SECOND_MS} s are granted beyond it`;
}
