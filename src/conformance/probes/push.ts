/**
 * Owns the probes of who is pushed what [PSH-1, PSH-2, PSH-3, PSH-4, PSH-5].
 * Refuses to wait for silence: who must not hear of a change is told of a later one, and order tells the rest.
 */

import { array, constantFrom, record, shuffledSubarray } from "fast-check";
import type { Entity } from "../../protocol/entity.ts";
import { hasPhase } from "../anatomy.ts";
import { delivered, whyNoWebhooks } from "../delivery.ts";
import type { Desk } from "../desk.ts";
import { changesSince, created, idOf, stir } from "../moves.ts";
import { defineProbe, type Script } from "../probe.ts";
import {
  isNotTold,
  isTold,
  ofNobody,
  pushEntities,
  type Registered,
  registered,
  unknownTo,
  unregistered,
  whyNoPush,
} from "../pushed.ts";
import type { Reply } from "../reply.ts";
import type { PushView } from "../target.ts";
import { each } from "../values.ts";

const OPERATIONS = ["create", "update", "delete", "batch"] as const;

export const pushReaches = defineProbe({
  id: "push/reaches",
  rules: ["PSH-1", "PSH-2", "PSH-5"],
  text: "A change reaches the account's other devices that want its entity, and by then a delta shows it; nobody else.",
  phases: [4],
  needs: whyNoPush,
  runs: 1,
  values: (facts) => {
    const entities = pushEntities(facts);
    const most = Math.min(2, entities.length);
    const two = { minLength: most, maxLength: most };
    return record({ entities: shuffledSubarray([...entities], two), operations: each(OPERATIONS) });
  },
  *script(desk, { entities: [entity = "contact", unwanted], operations }) {
    const others = unwanted === undefined ? [] : [unwanted];
    const phone = yield* registered(desk, "phone", [entity, ...others]);
    const tablet = yield* registered(desk, "tablet", [entity]);
    const deaf = yield* registered(desk, "deaf", others);
    const stranger = yield* registered(desk, "stranger", [entity, ...others], { account: 1 });
    const head = (yield* desk.send(phone.actor.capabilities())).revision;
    const changes: Reply[] = [];
    for (const operation of operations) {
      const change = yield* changed(desk, entity, operation);
      yield* isTold(desk, "PSH-1", tablet, entity, change);
      yield* isReadable(desk, head, change);
      changes.push(change);
    }
    // Everybody hears of what nobody made; by then the first would have come, too.
    const common = yield* ofNobody(desk, entity);
    let view = yield* isTold(desk, "PSH-2", phone, entity, common);
    yield* isNotTold(desk, "PSH-2", view, phone.token, changes, "the changes were its own");
    if (unwanted !== undefined) {
      const other = yield* ofNobody(desk, unwanted);
      view = yield* isTold(desk, "PSH-2", deaf, unwanted, other);
      yield* isNotTold(desk, "PSH-2", view, tablet.token, [other], `it wants ${entity} only`);
    }
    const foreign = yield* created(desk, desk.actor("other", 1), entity, stir(desk, entity));
    view = yield* isTold(desk, "PSH-1", stranger, entity, foreign);
    yield* isNotTold(desk, "PSH-2", view, deaf.token, [...changes, common], `it does not want ${entity}`);
    const foreignTo = yield* unknownTo(desk, stranger.actor, [...changes.slice(-1), common]);
    yield* isNotTold(desk, "PSH-2", view, stranger.token, foreignTo, "another account's change");
    yield* unregistered(desk, [phone, tablet, deaf, stranger]);
  },
});

export const pushTopics = defineProbe({
  id: "push/topics",
  rules: ["PSH-2", "PSH-1"],
  text: "Who gives up a topic, or unregisters, hears no more of it; who takes it up does.",
  phases: [4],
  needs: whyNoPush,
  runs: 1,
  values: (facts) => record({ entity: constantFrom(...pushEntities(facts)) }),
  *script(desk, { entity }) {
    const leaver = yield* registered(desk, "leaver", [entity]);
    const picky = yield* registered(desk, "picky", [entity]);
    const tablet = yield* registered(desk, "tablet", [entity]);
    const first = yield* ofNobody(desk, entity);
    for (const device of [leaver, picky, tablet]) yield* isTold(desk, "PSH-1", device, entity, first);
    for (const ask of [leaver.actor.unregister(), picky.actor.topics([])]) {
      const gone = yield* desk.send(ask);
      yield* desk.expect("PSH-2", gone.status === 200, { expected: `${ask.label}: 200`, actual: gone.says });
    }
    const { missed, view } = yield* missedTwice(desk, entity, tablet);
    yield* isNotTold(desk, "PSH-2", view, leaver.token, missed, "it unregistered");
    yield* isNotTold(desk, "PSH-2", view, picky.token, missed, "it gave up the topic");
    for (const ask of [leaver.actor.register(leaver.token, [entity]), picky.actor.topics([entity])]) {
      const again = yield* desk.send(ask);
      yield* desk.expect("PSH-1", again.isOk, { expected: `${ask.label}: done`, actual: again.says });
    }
    const last = yield* ofNobody(desk, entity);
    for (const device of [leaver, picky]) yield* isTold(desk, "PSH-1", device, entity, last);
    yield* unregistered(desk, [leaver, picky, tablet]);
  },
});

export const pushTokens = defineProbe({
  id: "push/tokens",
  rules: ["PSH-3", "PSH-1"],
  text: "A token moves to who registered it last, and a device's new token replaces its old one.",
  phases: [4],
  needs: whyNoPush,
  runs: 1,
  values: (facts) => record({ entity: constantFrom(...pushEntities(facts)) }),
  *script(desk, { entity }) {
    const tablet = yield* registered(desk, "tablet", [entity]);
    const [seller, mover, renewer] = [
      yield* registered(desk, "seller", [entity]),
      yield* registered(desk, "mover", [entity]),
      yield* registered(desk, "renewer", [entity]),
    ];
    const first = yield* ofNobody(desk, entity);
    for (const device of [seller, mover, renewer]) yield* isTold(desk, "PSH-1", device, entity, first);

    const buyer = yield* registered(desk, "buyer", [entity], { account: 1, token: seller.token });
    const second = yield* registered(desk, "second", [entity], { token: mover.token });
    const renewed = yield* registered(desk, "renewer", [entity]);
    const { missed } = yield* missedTwice(desk, entity, tablet);
    // Of a change that the second device makes, only the first one would be told by that token.
    const own = yield* created(desk, second.actor, entity, stir(desk, entity));
    yield* isTold(desk, "PSH-1", tablet, entity, own);
    yield* isTold(desk, "PSH-3", second, entity, yield* ofNobody(desk, entity));
    yield* isTold(desk, "PSH-3", renewed, entity, missed[1] as Reply);
    const foreign = yield* created(desk, desk.actor("other", 1), entity, stir(desk, entity));
    const view = yield* isTold(desk, "PSH-3", buyer, entity, foreign);
    yield* isNotTold(desk, "PSH-3", view, second.token, [own], "the token is now of the device that wrote");
    const foreignTo = yield* unknownTo(desk, buyer.actor, missed);
    yield* isNotTold(desk, "PSH-3", view, seller.token, foreignTo, "the token is now another account's");
    yield* isNotTold(desk, "PSH-3", view, renewer.token, missed, "the device has a new token");
    yield* unregistered(desk, [tablet, buyer, second, renewed]);
  },
});

/** Two changes, one after the other, that the tablet was told of: by then the first went out to everybody. */
function* missedTwice(
  desk: Desk,
  entity: Entity,
  tablet: Registered,
): Script<{ readonly missed: readonly Reply[]; readonly view: PushView }> {
  const first = yield* ofNobody(desk, entity);
  yield* isTold(desk, "PSH-1", tablet, entity, first);
  const second = yield* ofNobody(desk, entity);
  const view = yield* isTold(desk, "PSH-1", tablet, entity, second);
  return { missed: [first, second], view };
}

export const pushBurst = defineProbe({
  id: "push/burst",
  rules: ["PSH-4", "PSH-2"],
  text: "Of changes close together by two devices each is told at last of the last one that was not its own.",
  phases: [4],
  needs: whyNoPush,
  runs: 3,
  values: (facts) =>
    record({
      entity: constantFrom(...pushEntities(facts)),
      by: array(constantFrom("phone", "tablet"), { minLength: 2, maxLength: 6 }),
    }),
  *script(desk, { entity, by }) {
    const devices = [yield* registered(desk, "phone", [entity]), yield* registered(desk, "tablet", [entity])];
    const changes: { readonly by: string; readonly reply: Reply }[] = [];
    for (const name of by)
      changes.push({ by: name, reply: yield* created(desk, desk.actor(name), entity, stir(desk, entity)) });
    for (const device of devices) {
      const last = changes.findLast((one) => one.by !== device.actor.name);
      if (last !== undefined) yield* isTold(desk, "PSH-4", device, entity, last.reply);
    }
    const common = yield* ofNobody(desk, entity);
    for (const device of devices) {
      const view = yield* isTold(desk, "PSH-4", device, entity, common);
      const own = changes.filter((one) => one.by === device.actor.name).map(({ reply }) => reply);
      if (own.length > 0)
        yield* isNotTold(desk, "PSH-2", view, device.token, own, "the changes were its own, among others'");
    }
    yield* unregistered(desk, devices);
  },
});

export const pushWebhook = defineProbe({
  id: "push/webhook",
  rules: ["PSH-2", "WHK-1"],
  text: "A change of the backend's is pushed to every device that wants its entity.",
  phases: [1, 4],
  needs: (facts) => whyNoPush(facts) ?? whyNoWebhooks(facts),
  runs: 1,
  values: (facts) => record({ entity: constantFrom(...pushEntities(facts)) }),
  *script(desk, { entity }) {
    const devices = [yield* registered(desk, "phone", [entity]), yield* registered(desk, "tablet", [entity])];
    const id = desk.fresh("w");
    const delivery = { webhookId: desk.fresh("wh"), entity, action: "created", id, version: 1 } as const;
    const answer = yield* desk.send(yield* delivered(desk, { ...delivery, data: stir(desk, entity) }));
    yield* desk.expect("WHK-1", answer.status === 200, { expected: "200", actual: answer.says });
    // The answer tells the head; the read tells the revision of the change.
    const read = yield* desk.send(desk.actor("phone").read(entity, id));
    for (const device of devices) yield* isTold(desk, "PSH-2", device, entity, read);
    yield* unregistered(desk, devices);
  },
});

/** A change that the phone makes. */
function* changed(desk: Desk, entity: Entity, operation: (typeof OPERATIONS)[number]): Script<Reply> {
  const phone = desk.actor("phone");
  if (operation === "create") return yield* created(desk, phone, entity, stir(desk, entity));
  const made = yield* created(desk, phone, entity, stir(desk, entity));
  const id = idOf(made);
  if (operation === "delete") return yield* desk.send(phone.delete(entity, id, { ifMatch: made.revision }));
  if (operation === "update" || !hasPhase(desk.facts, 3))
    return yield* desk.send(phone.update(entity, id, stir(desk, entity), { ifMatch: made.revision }));
  const item = { id: desk.fresh("k"), entity, operation: "update", recordId: id, ifMatch: made.revision };
  yield* desk.send(phone.batch([{ ...item, payload: stir(desk, entity) }]));
  // A read tells the revision that the item ended with.
  return yield* desk.send(phone.read(entity, id));
}

/** [PSH-5] by the time that the push is here, a delta shows the change. */
function* isReadable(desk: Desk, since: string | undefined, change: Reply): Script<void> {
  if (!hasPhase(desk.facts, 5)) return;
  const changes = yield* changesSince(desk, desk.actor("reader"), since);
  yield* desk.expect(
    "PSH-5",
    changes.some(({ revisionId }) => revisionId === change.revision),
    {
      expected: `the change at ${change.revision} in the delta since ${since}`,
      actual: `${changes.length} other changes`,
    },
  );
}
