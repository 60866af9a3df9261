/**
 * Owns the looking at pushes: which of them told a token of a change, and registrations in few words (section 8).
 * Refuses to look at pushes to tokens that the run did not register.
 */

import type { Entity } from "../protocol/entity.ts";
import type { RuleId } from "../protocol/rules/registry.ts";
import type { Actor } from "./actor.ts";
import { hasPhase } from "./anatomy.ts";
import type { Desk } from "./desk.ts";
import { created, stir } from "./moves.ts";
import type { Script } from "./probe.ts";
import { looseOf, type Reply, textOf } from "./reply.ts";
import type { PushView, SeenPush, TargetFacts } from "./target.ts";

/** [PSH-1] */
export const PUSH_MS_MAX = 5_000;

/** A device that is registered, with its token. */
export interface Registered {
  readonly actor: Actor;
  readonly token: string;
}

export function whyNoPush({ declared, pushSink }: TargetFacts): string | undefined {
  if (!pushSink)
    return "needs the push sink: point the target's push provider at the address that --push-sink tells";
  return declared.pushEntities.length === 0 ? "needs push.entities to name one" : undefined;
}

/** The entities that this target pushes changes of. */
export function pushEntities({ declared }: TargetFacts): readonly Entity[] {
  const named = (["contact", "task", "list"] as const).filter((entity) =>
    declared.pushEntities.includes(entity),
  );
  return named.length === 0 ? ["contact"] : named;
}

/** Registers a device for topics; 201 is insisted on. */
export function* registered(
  desk: Desk,
  name: string,
  topics: readonly Entity[],
  { account = 0, token }: { readonly account?: 0 | 1; readonly token?: string } = {},
): Script<Registered> {
  const actor = desk.actor(name, account);
  const own = token ?? `ExponentPushToken[${desk.fresh("t")}]`;
  const reply = yield* desk.send(actor.register(own, topics));
  yield* desk.expect("PSH-1", reply.status === 201, {
    expected: "201 for a registration",
    actual: reply.says,
  });
  return { actor, token: own };
}

/** Ends registrations, so that later writes push to nobody of this run. */
export function* unregistered(desk: Desk, devices: readonly Registered[]): Script<void> {
  for (const { actor } of devices) yield* desk.send(actor.unregister());
}

function dataOf({ message }: SeenPush) {
  return looseOf(looseOf(message).data);
}

export function messagesTo({ messages }: PushView, token: string): readonly SeenPush[] {
  return messages.filter(({ message }) => looseOf(message).to === token);
}

/** Whether a token was told of a change: by its revision, or by a newer one of that entity [PSH-4]. */
function hears(desk: Desk, view: PushView, token: string, entity: Entity, change: Reply): boolean {
  const revision = change.revision ?? "";
  return messagesTo(view, token).some((push) => {
    const data = dataOf(push);
    if (data.type !== "sync_trigger" || data.entity !== entity) return false;
    const told = textOf(data.revisionId);
    if (told === undefined || !desk.facts.revision.test(told)) return false;
    // Without an order, any that came after it may be of a newer one.
    return told === revision || (desk.facts.ordered ? told > revision : push.atMs >= change.answeredAtMs);
  });
}

/** Waits until a token was told of a change [PSH-1]. */
export function* isTold(
  desk: Desk,
  rule: RuleId,
  { token }: Registered,
  entity: Entity,
  change: Reply,
  withinMs: number = PUSH_MS_MAX,
): Script<PushView> {
  const isThere = (view: PushView) => hears(desk, view, token, entity, change);
  const view = yield* desk.pushes(isThere, withinMs);
  yield* desk.expect(rule, isThere(view), {
    expected: `a push of ${entity} ${change.revision} to ${token} within ${withinMs} ms`,
    actual: toldOf(view, token),
    because: change.ask.label,
  });
  return view;
}

/** Insists that a token was never told of these revisions. */
export function* isNotTold(
  desk: Desk,
  rule: RuleId,
  view: PushView,
  token: string,
  changes: readonly Reply[],
  because: string,
): Script<void> {
  const revisions = changes.map(({ revision }) => revision);
  const wrong = messagesTo(view, token).find((push) => revisions.includes(String(dataOf(push).revisionId)));
  yield* desk.expect(rule, wrong === undefined, {
    expected: `no push to ${token} of ${revisions.join(", ")}`,
    actual: `one of ${wrong === undefined ? "" : dataOf(wrong).revisionId}`,
    because,
  });
}

/** The changes whose revisions this actor's log never had: accounts may count alike. Empty where nothing tells. */
export function* unknownTo(desk: Desk, actor: Actor, changes: readonly Reply[]): Script<readonly Reply[]> {
  if (!hasPhase(desk.facts, 5)) return [];
  const unknown: Reply[] = [];
  for (const change of changes) {
    const delta = yield* desk.send(actor.changes({ since: change.revision, limit: 1 }));
    if (delta.status === 410) unknown.push(change);
  }
  return unknown;
}

/** A record that nobody who is known made: all who want it must hear of it. */
export function* ofNobody(desk: Desk, entity: Entity): Script<Reply> {
  return yield* created(desk, desk.actor("nobody"), entity, stir(desk, entity), { deviceId: null });
}

function toldOf(view: PushView, token: string): string {
  const told = messagesTo(view, token).map((push) => `${dataOf(push).entity} ${dataOf(push).revisionId}`);
  return told.length === 0 ? "no push" : told.slice(-4).join(", ");
}
