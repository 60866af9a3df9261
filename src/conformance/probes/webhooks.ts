/**
 * Owns the probes of webhooks: what a good one does, and what a bad, doubled or late one must not do
 * [WHK-1, WHK-2, WHK-3, WHK-4].
 * Refuses to know secrets.
 */

import { array, boolean, constantFrom, integer, record, shuffledSubarray } from "fast-check";
import { jsonEqual } from "../../base/canonical-json.ts";
import { ENTITIES, type Entity } from "../../protocol/entity.ts";
import type { RuleId } from "../../protocol/rules/registry.ts";
import { hasPhase } from "../anatomy.ts";
import { type Bent, type Delivery, delivered, whyNoWebhooks } from "../delivery.ts";
import type { Desk, Subscription } from "../desk.ts";
import { fieldsOf } from "../expectations.ts";
import { changesSince, created, eventsUpToNow, idOf, listening, stir } from "../moves.ts";
import { defineProbe, type Script } from "../probe.ts";
import type { Loose, Reply } from "../reply.ts";
import { each, fieldsFor } from "../values.ts";

export const webhookCommits = defineProbe({
  id: "webhooks/commits",
  rules: ["WHK-1"],
  text: "Deliveries make, replace and end a record: reads, events and deltas show it, and the rest of a replaced one is gone.",
  phases: [1],
  needs: whyNoWebhooks,
  runs: 3,
  values: () =>
    record({
      entity: constantFrom(...ENTITIES),
      datas: array(fieldsFor, { minLength: 1, maxLength: 3 }),
      ends: boolean(),
      ours: boolean(),
    }),
  *script(desk, { entity, datas, ends, ours }) {
    const phone = desk.actor("phone");
    const socket = yield* listening(desk, desk.actor("watcher"));
    // A record of a device's has no version yet.
    const made = ours
      ? yield* created(desk, phone, entity, { ...stir(desk, entity), notes: "of the device", extra: 1 })
      : undefined;
    const id = made === undefined ? desk.fresh("w") : idOf(made);
    const since = made?.revision ?? (yield* desk.send(phone.capabilities())).revision;
    let version = 3;
    let data: Loose = {};
    const actions: string[] = [];
    for (const fieldsIn of datas) {
      data = { ...fieldsIn(entity), ...stir(desk, entity) };
      const isNew = !ours && actions.length === 0;
      actions.push(isNew ? "created" : "updated");
      version += 2;
      const action = isNew ? "created" : "updated";
      yield* accepted(desk, { webhookId: desk.fresh("wh"), entity, action, id, version, data });
      yield* shows(desk, "WHK-1", entity, id, data);
    }
    if (ends) {
      actions.push("deleted");
      yield* accepted(desk, {
        webhookId: desk.fresh("wh"),
        entity,
        action: "deleted",
        id,
        version: version + 1,
      });
      yield* shows(desk, "WHK-1", entity, id, undefined);
    }
    yield* isInDelta(desk, id, since, ends ? undefined : data, !ours);
    yield* areEvents(desk, socket, id, ours ? ["created", ...actions] : actions);
  },
});

const DAY_SECONDS = 86_400;
const BENDS: readonly (readonly [what: string, bent: Bent])[] = [
  ["no signature", { signature: () => undefined }],
  ["an empty signature", { signature: () => "" }],
  ["a wrong signature", { signature: (good) => flipped(good) }],
  ["a signature of another version", { signature: (good) => `v2,${good.slice(3)}` }],
  ["a signature without its version", { signature: (good) => good.slice(3) }],
  ["half a signature", { signature: (good) => good.slice(0, 3 + Math.floor((good.length - 3) / 2)) }],
  ["a timestamp of 5 min 30 s ago", { offSeconds: -330 }],
  ["a timestamp of 5 min 30 s ahead", { offSeconds: 330 }],
  ["a timestamp of yesterday", { offSeconds: -DAY_SECONDS }],
  ["no webhook-id", { without: "webhook-id" }],
  ["no webhook-timestamp", { without: "webhook-timestamp" }],
];
const FINE: readonly Bent[] = [
  {},
  { signature: (good) => `${flipped(good)} ${good}` },
  { signature: (good) => `v2,abcd ${good} v1,AAAA` },
  { offSeconds: -270 },
  { offSeconds: 270 },
];

export const webhookSignature = defineProbe({
  id: "webhooks/signature",
  rules: ["WHK-2", "WHK-1"],
  text: "A missing or wrong signature, another body, or a timestamp more than 5 minutes off: 401, and nothing happens.",
  phases: [1],
  needs: whyNoWebhooks,
  runs: 1,
  values: () => record({ entity: constantFrom(...ENTITIES), bends: each(BENDS), fine: each(FINE) }),
  *script(desk, { entity, bends, fine }) {
    const id = desk.fresh("w");
    const webhookId = desk.fresh("wh");
    const delivery = {
      webhookId,
      entity,
      action: "created",
      id,
      version: 1,
      data: stir(desk, entity),
    } as const;
    const swapped: Bent = { body: yield* bodyOfAnother(desk, delivery) };
    for (const [what, bent] of [...bends, ["the body of another", swapped] as const]) {
      const refused = yield* desk.send(yield* delivered(desk, delivery, bent));
      yield* desk.expect("WHK-2", refused.status === 401, {
        expected: `401 for ${what}`,
        actual: refused.says,
      });
    }
    yield* shows(desk, "WHK-2", entity, id, undefined);
    // The same delivery, as it should be: a refusal has bound nothing. Then others, for other records.
    for (const [at, bent] of fine.entries()) {
      const other = { ...delivery, webhookId: desk.fresh("wh"), id: desk.fresh("w") };
      const { id: made } = at === 0 ? delivery : other;
      const good = yield* desk.send(yield* delivered(desk, at === 0 ? delivery : other, bent));
      yield* desk.expect("WHK-1", good.status === 200, {
        expected: "200 for a good delivery",
        actual: good.says,
        because: `signed ${good.ask.http.headers["webhook-signature"]}, ${bent.offSeconds ?? 0} s off`,
      });
      yield* shows(desk, "WHK-1", entity, made, delivery.data);
    }
  },
});

export const webhookTwice = defineProbe({
  id: "webhooks/twice",
  rules: ["WHK-3"],
  text: "One webhook-id again, later or at the same time: 200, and one effect.",
  phases: [1],
  needs: whyNoWebhooks,
  runs: 3,
  values: () =>
    record({
      entity: constantFrom(...ENTITIES),
      together: integer({ min: 1, max: 4 }),
      raised: boolean(),
      ended: boolean(),
    }),
  *script(desk, { entity, together, raised, ended }) {
    const phone = desk.actor("phone");
    const socket = yield* listening(desk, desk.actor("watcher"));
    const delivery: Delivery = {
      webhookId: desk.fresh("wh"),
      entity,
      action: "created",
      id: desk.fresh("w"),
      version: 1,
      data: stir(desk, entity),
    };
    const ask = yield* delivered(desk, delivery);
    for (const reply of yield* desk.atOnce(Array.from({ length: together }, () => ask)))
      yield* desk.expect("WHK-3", reply.status === 200, { expected: "200", actual: reply.says });
    const write = stir(desk, entity);
    const changed = ended
      ? phone.delete(entity, delivery.id, { ifMatch: "*" })
      : phone.update(entity, delivery.id, write, { ifMatch: "*" });
    const reply = yield* desk.send(changed);
    if (!reply.isOk) return yield* desk.discard(`${changed.label}: answered ${reply.says}`);
    // Also when it says something else by now: the id tells.
    const later = raised
      ? { ...delivery, version: 2, data: stir(desk, entity), action: "updated" as const }
      : delivery;
    const again = yield* desk.send(yield* delivered(desk, later));
    yield* desk.expect("WHK-3", again.status === 200, { expected: "200 for it again", actual: again.says });
    const wanted = ended ? undefined : { ...delivery.data, ...write };
    yield* shows(desk, "WHK-3", entity, delivery.id, wanted);
    yield* areEvents(desk, socket, delivery.id, ["created", ended ? "deleted" : "updated"], "WHK-3");
  },
});

export const webhookOrder = defineProbe({
  id: "webhooks/versions",
  rules: ["WHK-1", "WHK-4"],
  text: "Versions in whatever order, one after the other or at once: the largest stays, also when it is the deletion.",
  phases: [1],
  needs: whyNoWebhooks,
  runs: 2,
  values: () =>
    record({
      entity: constantFrom(...ENTITIES),
      order: shuffledSubarray([1, 2, 3, 4], { minLength: 2 }),
      endsAt: constantFrom(9, 2, 3, 4),
      together: boolean(),
      touched: boolean(),
      known: each([TOUCHED]),
    }),
  *script(desk, { entity, known, ...drawn }) {
    for (const sequence of [...known, drawn]) yield* largestStays(desk, entity, sequence);
  },
});

interface Sequence {
  readonly order: readonly number[];
  /** The version that is a deletion; 9: none is. */
  readonly endsAt: number;
  readonly together: boolean;
  readonly touched: boolean;
}

/** Whatever is drawn: a record that lives is written by a device in between. */
const TOUCHED: Sequence = { order: [2, 1], endsAt: 9, together: false, touched: true };
function* largestStays(
  desk: Desk,
  entity: Entity,
  { order, endsAt, together, touched }: Sequence,
): Script<void> {
  const id = desk.fresh("w");
  const datas = new Map(order.map((version) => [version, stir(desk, entity)] as const));
  const largest = Math.max(...order);
  const make = (version: number): Delivery => {
    const base = { webhookId: desk.fresh("wh"), entity, id, version };
    if (version === endsAt) return { ...base, action: "deleted" };
    const isNew = version === 0 || version - 1 === endsAt;
    return {
      ...base,
      action: isNew ? "created" : "updated",
      data: datas.get(version) ?? stir(desk, entity),
    };
  };
  // What the deletion of a record that was never seen leaves behind is the target's own affair.
  yield* accepted(desk, make(0));
  const asks = [];
  for (const version of order) asks.push(yield* delivered(desk, make(version)));
  if (together) yield* areAccepted(desk, yield* desk.atOnce(asks));
  else for (const ask of asks) yield* areAccepted(desk, [yield* desk.send(ask)]);
  let wanted = largest === endsAt ? undefined : datas.get(largest);
  yield* shows(desk, "WHK-4", entity, id, wanted);
  // Device writes leave `version` as it is (section 10).
  const phone = desk.actor("phone");
  if (touched && wanted !== undefined) {
    wanted = { ...wanted, ...stir(desk, entity) };
    const reply = yield* desk.send(phone.update(entity, id, wanted, { ifMatch: "*" }));
    if (!reply.isOk) return yield* desk.discard(`a plain update was answered ${reply.says}`);
  }
  const before = yield* desk.send(phone.capabilities());
  const late = { webhookId: desk.fresh("wh"), entity, id, action: "updated" as const };
  yield* accepted(desk, { ...late, version: largest, data: stir(desk, entity) }, "WHK-4");
  yield* shows(desk, "WHK-4", entity, id, wanted);
  const change = hasPhase(desk.facts, 5)
    ? (yield* changesSince(desk, phone, before.revision)).find((one) => one.id === id)
    : undefined;
  yield* desk.expect("WHK-4", change === undefined, {
    expected: `no change: version ${largest} was there`,
    actual: `${change?.action} at ${change?.revisionId}`,
  });
  // The next version is applied, whatever devices wrote meanwhile.
  const next = stir(desk, entity);
  yield* accepted(desk, { ...late, webhookId: desk.fresh("wh"), version: largest + 1, data: next }, "WHK-4");
  yield* shows(desk, "WHK-4", entity, id, next);
  if (!touched) return;
  // What was ended is not brought back by what comes late.
  const ended = { ...late, webhookId: desk.fresh("wh"), version: largest + 3, action: "deleted" as const };
  yield* accepted(desk, ended);
  yield* accepted(desk, { ...late, webhookId: desk.fresh("wh"), version: largest + 2, data: next }, "WHK-4");
  yield* shows(desk, "WHK-4", entity, id, undefined);
}

function* accepted(desk: Desk, delivery: Delivery, rule: RuleId = "WHK-1"): Script<void> {
  const reply = yield* desk.send(yield* delivered(desk, delivery));
  yield* desk.expect(rule, reply.status === 200 && reply.data === null, {
    expected: `${reply.ask.label}: 200 with data null`,
    actual: reply.isOk ? reply.answer.text.slice(0, 200) : reply.says,
  });
}

function* areAccepted(desk: Desk, replies: readonly Reply[]): Script<void> {
  for (const reply of replies)
    yield* desk.expect("WHK-4", reply.status === 200, {
      expected: `${reply.ask.label}: 200`,
      actual: reply.says,
    });
}

/** A read shows exactly this; undefined: 404. */
function* shows(desk: Desk, rule: RuleId, entity: Entity, id: string, data: Loose | undefined): Script<void> {
  const read = yield* desk.send(desk.actor("tablet").read(entity, id));
  const isRight =
    data === undefined ? read.status === 404 : jsonEqual(fieldsOf(read.data), data) && read.isOk;
  yield* desk.expect(rule, isRight, {
    expected: data === undefined ? `no ${id}` : `${id}: ${JSON.stringify(data)}`,
    actual: read.isOk ? JSON.stringify(read.data) : read.says,
  });
}

function* isInDelta(
  desk: Desk,
  id: string,
  since: string | undefined,
  data: Loose | undefined,
  isNew: boolean,
): Script<void> {
  if (!hasPhase(desk.facts, 5)) return;
  const changes = (yield* changesSince(desk, desk.actor("phone"), since)).filter((one) => one.id === id);
  const wanted = data === undefined ? "deleted" : isNew ? "created" : "updated";
  const last = changes.at(-1);
  const isRight = last?.action === wanted && (data === undefined || jsonEqual(fieldsOf(last.data), data));
  yield* desk.expect("WHK-1", isRight, {
    expected: `${wanted} ${id} in the delta since ${since}: ${JSON.stringify(data)}`,
    actual: JSON.stringify(changes),
  });
}

function* areEvents(
  desk: Desk,
  socket: Subscription | undefined,
  id: string,
  wanted: readonly string[],
  rule: RuleId = "WHK-1",
): Script<void> {
  if (socket === undefined) return;
  const events = (yield* eventsUpToNow(desk, socket, desk.actor("phone"))).filter((one) => one.id === id);
  const actions = events.map(({ action }) => String(action));
  yield* desk.expect(rule, actions.join(", ") === wanted.join(", "), {
    expected: `events of ${id}: ${wanted.join(", ")}`,
    actual: actions.join(", "),
  });
}

/** A body that is not the one that was signed. */
function* bodyOfAnother(desk: Desk, delivery: Delivery): Script<string> {
  const other = yield* delivered(desk, { ...delivery, data: stir(desk, delivery.entity) });
  return other.http.body ?? "";
}

/** The same length, another value. */
function flipped(signature: string): string {
  const at = Math.floor(signature.length / 2);
  return `${signature.slice(0, at)}${signature[at] === "A" ? "B" : "A"}${signature.slice(at + 1)}`;
}
