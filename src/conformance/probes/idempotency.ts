/**
 * Owns the probes of keys one after the other: the same mutation again, another under its key, other accounts
 * [IDM-1, IDM-3, IDM-4, IDM-7, IDM-8, IDM-10].
 * Refuses to know how long a mutation takes: races have a file of their own.
 */

import { boolean, constantFrom, integer, record } from "fast-check";
import { assertNever } from "../../base/assert.ts";
import { DAY_MS, formatDuration, MINUTE_MS, SECOND_MS } from "../../base/time.ts";
import { ENTITIES, type Entity } from "../../protocol/entity.ts";
import type { RuleId } from "../../protocol/rules/registry.ts";
import type { Actor } from "../actor.ts";
import { hasPhase } from "../anatomy.ts";
import { alone, isDone, isSame, type Mutation, revisionOf, type Told, toldAlone } from "../answers.ts";
import { pagesOf } from "../delta.ts";
import type { Desk } from "../desk.ts";
import { created, idOf, stir, untouched } from "../moves.ts";
import { defineProbe, type Script } from "../probe.ts";
import { type Loose, listOf, looseOf, type Reply, textOf } from "../reply.ts";
import { each, fieldsFor } from "../values.ts";

const OPERATIONS = ["create", "create unnamed", "update", "delete"] as const;
type Kind = (typeof OPERATIONS)[number];
/** [IDM-7] */
const KEY_LENGTH_MAX = 255;
/** Section 6: a key may have any of these. */
const VISIBLE = Array.from({ length: 0x7f - 0x21 }, (_, at) => String.fromCharCode(0x21 + at)).join("");

export const replay = defineProbe({
  id: "idempotency/replay",
  rules: ["IDM-1", "IDM-8"],
  text: "A mutation again, in other words and after others wrote: the same answer, and nothing happens.",
  phases: [3],
  runs: 1,
  values: () => record({ start: integer({ min: 0, max: 2 }), kinds: each(OPERATIONS), fields: fieldsFor }),
  *script(desk, { start, kinds, fields }) {
    for (const [at, kind] of kinds.entries()) {
      const entity = ENTITIES[(start + at) % ENTITIES.length] as Entity;
      yield* isDoneOnce(desk, entity, kind, fields(entity));
    }
  },
});

/** One mutation, three times. */
function* isDoneOnce(desk: Desk, entity: Entity, kind: Kind, fields: Loose): Script<void> {
  const phone = desk.actor("phone");
  const tablet = desk.actor("tablet");
  const head = (yield* desk.send(phone.capabilities())).revision;
  const mutation = yield* planned(desk, entity, kind, fields);
  const first = yield* done(desk, yield* desk.send(alone(phone, mutation)));
  const id = mutation.id ?? textOf(looseOf(first.body.data).id) ?? "";
  const again = toldAlone(yield* desk.send(alone(phone, mutation)));
  yield* isReplay(desk, "IDM-1", first, again, "the same bytes again");
  const since = yield* moved(desk, tablet, entity, id, first);
  const other = toldAlone(yield* desk.send(inOtherWords(desk, mutation)));
  yield* isReplay(desk, "IDM-1", first, other, "again, in other words, after the record had moved on");
  yield* untouched(desk, "IDM-1", tablet, entity, id, since);
  yield* isOneRecord(desk, mutation, id, head);
}

/** What is done first, and what is then another mutation under its key. */
const OTHERS = [
  ["create", "payload"],
  ["update", "ifMatch"],
  ["delete", "record"],
  ["create", "record"],
  ["update", "operation"],
  ["update", "entity"],
  ["update", "record"],
  ["delete", "ifMatch"],
] as const;
type Change = (typeof OTHERS)[number][1];

export const otherFingerprint = defineProbe({
  id: "idempotency/other-mutation",
  rules: ["IDM-3", "IDM-1"],
  text: "Another mutation under a key that is bound: 422, no effect, and the first one's answer stays.",
  phases: [3],
  runs: 1,
  values: () => record({ start: integer({ min: 0, max: 2 }), others: each(OTHERS), fields: fieldsFor }),
  *script(desk, { start, others, fields }) {
    for (const [at, [kind, change]] of others.entries()) {
      // In this mode If-Match is ignored [FLG-2]: whether it tells two mutations apart is left open.
      if (change === "ifMatch" && desk.facts.declared.mode === "off") continue;
      const entity = ENTITIES[(start + at) % ENTITIES.length] as Entity;
      yield* isAnother(desk, entity, kind, change, fields(entity));
    }
  },
});

/** A mutation, and another one under its key. */
function* isAnother(desk: Desk, entity: Entity, kind: Kind, change: Change, fields: Loose): Script<void> {
  const phone = desk.actor("phone");
  const mutation = yield* planned(desk, entity, kind, fields);
  const first = yield* done(desk, yield* desk.send(alone(phone, mutation)));
  const other = yield* changed(desk, mutation, change, first);
  const bystander = other.id === mutation.id ? undefined : other.id;
  const refused = toldAlone(yield* desk.send(alone(phone, other)));
  yield* desk.expect("IDM-3", refused.status === 422, {
    expected: "422 idempotency_key_reused",
    actual: refused.says,
    because: `${kind} of a ${entity}, then with another ${change} under the same key`,
  });
  if (bystander !== undefined) {
    const read = yield* desk.send(phone.read(other.entity, bystander));
    yield* desk.expect("IDM-3", read.status === (other.operation === "create" ? 404 : 200), {
      expected: `no effect on ${bystander}`,
      actual: read.says,
    });
  }
  if (kind !== "delete") yield* untouched(desk, "IDM-3", phone, entity, mutation.id ?? "", revisionOf(first));
  const again = toldAlone(yield* desk.send(alone(phone, mutation)));
  yield* isReplay(desk, "IDM-1", first, again, "again, after another mutation was refused under its key");
}

export const keysOfTenants = defineProbe({
  id: "idempotency/tenants",
  rules: ["IDM-4", "SEC-3"],
  text: "Two accounts use one key for two mutations: both are carried out, and each is answered with its own.",
  phases: [3],
  runs: 3,
  values: () =>
    record({ entity: constantFrom(...ENTITIES), other: constantFrom(...ENTITIES), alike: boolean() }),
  *script(desk, { entity, other, alike }) {
    const key = desk.fresh("k");
    const actors = [desk.actor("phone", 0), desk.actor("stranger", 1)] as const;
    const own = [entity, other].map(
      (one): Mutation => ({
        key,
        entity: one,
        operation: "create",
        id: desk.fresh("r"),
        fields: stir(desk, one),
      }),
    );
    // The very same mutation by both is two mutations, too.
    const mutations = alike ? [own[0], own[0]] : own;
    const firsts: Told[] = [];
    for (const [at, actor] of actors.entries()) {
      const first = toldAlone(yield* desk.send(alone(actor, mutations[at] as Mutation)));
      yield* desk.expect("IDM-4", first.status === 201 && !first.isReplay, {
        expected: "201: the other account's key is not this one's",
        actual: first.says,
      });
      firsts.push(first);
    }
    for (const [at, actor] of actors.entries()) {
      const again = toldAlone(yield* desk.send(alone(actor, mutations[at] as Mutation)));
      yield* isReplay(desk, "IDM-4", firsts[at] as Told, again, "again, by each account");
    }
  },
});

export const badKey = defineProbe({
  id: "idempotency/bad-key",
  rules: ["IDM-7"],
  text: "A key of 255 characters, every visible one among them, is one; an empty one, and one of 256, are 400 and nothing happens.",
  phases: [3],
  runs: 2,
  values: () => record({ entity: constantFrom(...ENTITIES), sign: constantFrom("k", "~", "!", '"', "%") }),
  *script(desk, { entity, sign }) {
    const phone = desk.actor("phone");
    const ownKey = desk.fresh("k");
    const longest = (ownKey + VISIBLE).padEnd(KEY_LENGTH_MAX, sign);
    for (const key of ["", `${longest}x`]) {
      const id = desk.fresh("r");
      const refused = yield* desk.send(phone.create(entity, { id, ...stir(desk, entity) }, { key }));
      yield* desk.expect("IDM-7", refused.status === 400, {
        expected: `400 for a key of ${key.length} characters`,
        actual: refused.says,
      });
      const read = yield* desk.send(phone.read(entity, id));
      yield* desk.expect("IDM-7", read.status === 404, { expected: "nothing made", actual: read.says });
    }
    const good = yield* desk.send(
      phone.create(entity, { id: desk.fresh("r"), ...stir(desk, entity) }, { key: longest }),
    );
    yield* desk.expect("IDM-7", good.status === 201, {
      expected: `201 with a key of ${KEY_LENGTH_MAX} visible ASCII characters`,
      actual: good.says,
    });
  },
});

export const keyAge = defineProbe({
  id: "idempotency/age",
  rules: ["IDM-8", "IDM-10"],
  text: "Just before ttlSeconds are over a mutation is still answered as it was, and nothing happens.",
  phases: [3],
  needs: ({ declared, waitMsMax }) =>
    declared.ttlSeconds * SECOND_MS <= waitMsMax
      ? undefined
      : `needs idempotency.ttlSeconds within what may be waited here: it is ${declared.ttlSeconds} s`,
  runs: 2,
  values: () =>
    record({ entity: constantFrom(...ENTITIES), kind: constantFrom(...OPERATIONS), fields: fieldsFor }),
  *script(desk, { entity, kind, fields }) {
    const phone = desk.actor("phone");
    const mutation = yield* planned(desk, entity, kind, fields(entity));
    const reply = yield* desk.send(alone(phone, mutation));
    const first = yield* done(desk, reply);
    const endsAtMs = reply.sentAtMs + desk.facts.declared.ttlSeconds * SECOND_MS;
    // Early enough to be answered in time on a busy machine, too.
    const marginMs = Math.min(desk.facts.patienceMs, (desk.facts.declared.ttlSeconds * SECOND_MS) / 10);
    const askAtMs = endsAtMs - Math.max(marginMs, 5 * desk.facts.roundTripMs);
    // Day by day: what a target does meanwhile is bounded for each wait.
    for (let leftMs = askAtMs - (yield* desk.now()); leftMs > 0; leftMs -= DAY_MS)
      yield* desk.wait(Math.min(leftMs, DAY_MS));
    const late = yield* desk.send(alone(phone, mutation));
    if (late.answeredAtMs >= endsAtMs) return;
    yield* isReplay(desk, "IDM-10", first, toldAlone(late), "again, just before ttlSeconds were over");
  },
});

/** Longer than the usual life of what a cache keeps by the way. */
const KEPT_MS = 2 * MINUTE_MS;

export const keyKept = defineProbe({
  id: "idempotency/kept",
  rules: ["IDM-1", "IDM-8"],
  text: "A mutation again after two minutes, or what of them may be waited here: still answered as it was.",
  phases: [3],
  needs: ({ waitMsMax }) => (waitMsMax > 0 ? undefined : "needs some waiting"),
  runs: 1,
  values: () => record({ entity: constantFrom(...ENTITIES), fields: fieldsFor }),
  *script(desk, { entity, fields }) {
    const phone = desk.actor("phone");
    const mutation = yield* planned(desk, entity, "create", fields(entity));
    const reply = yield* desk.send(alone(phone, mutation));
    const first = yield* done(desk, reply);
    const ttlMs = desk.facts.declared.ttlSeconds * SECOND_MS;
    const waitedMs = Math.min(KEPT_MS, desk.facts.waitMsMax, ttlMs / 2);
    yield* desk.wait(waitedMs);
    const late = yield* desk.send(alone(phone, mutation));
    if (late.answeredAtMs >= reply.sentAtMs + ttlMs) return;
    yield* isReplay(desk, "IDM-1", first, toldAlone(late), `again, ${formatDuration(waitedMs)} later`);
  },
});

/** The mutation of a kind, with the record that it needs. */
function* planned(desk: Desk, entity: Entity, kind: Kind, fields: Loose): Script<Mutation> {
  const key = desk.fresh("k");
  if (kind === "create" || kind === "create unnamed") {
    const id = kind === "create" ? desk.fresh("r") : undefined;
    return { key, entity, operation: "create", id, fields: { ...fields, ...stir(desk, entity) } };
  }
  const made = yield* created(desk, desk.actor("phone"), entity, stir(desk, entity));
  const changes = kind === "update" ? { ...fields, ...stir(desk, entity) } : {};
  return { key, entity, operation: kind, id: idOf(made), fields: changes, ifMatch: made.revision };
}

function* done(desk: Desk, reply: Reply): Script<Told> {
  const first = toldAlone(reply);
  yield* desk.expect("API-1", isDone(first), { expected: `${reply.ask.label}: done`, actual: first.says });
  return first;
}

/** The answer that was given before, and marked as such [IDM-1, IDM-8]. */
export function* isReplay(desk: Desk, rule: RuleId, first: Told, again: Told, because: string): Script<void> {
  yield* desk.expect(rule, isSame(first, again), { expected: first.says, actual: again.says, because });
  yield* desk.expect("IDM-8", again.isReplay, {
    expected: "Idempotency-Replayed: true, or replayed: true in a batch",
    actual: "neither",
    because,
  });
}

/** Somebody else moves the record on: ends it when it lives, makes it again when it does not. Its revision then. */
function* moved(
  desk: Desk,
  actor: Actor,
  entity: Entity,
  id: string,
  first: Told,
): Script<string | undefined> {
  const isGone = looseOf(first.body).data === null;
  const ask = isGone
    ? actor.create(entity, { id, ...stir(desk, entity) })
    : actor.update(entity, id, stir(desk, entity), { ifMatch: revisionOf(first) });
  const reply = yield* desk.send(ask);
  if (!reply.isOk) return yield* desk.discard(`${ask.label}: answered ${reply.says}`);
  return reply.revision;
}

/** The same mutation: other order of members, members that are ignored, quotes, device and time. */
function inOtherWords(desk: Desk, mutation: Mutation) {
  const { key, entity, operation, id, fields, ifMatch } = mutation;
  const turned = Object.fromEntries(Object.entries(fields).reverse());
  const body = { updatedAt: "2020-01-01T00:00:00.000Z", ...turned, revisionId: "of before" };
  const other = desk.actor("tablet");
  const headers = {
    key,
    ifMatch: ifMatch === undefined ? undefined : `"${ifMatch}"`,
    timestamp: 1_700_000_000_000,
  };
  if (operation === "create") return other.create(entity, id === undefined ? body : { ...body, id }, headers);
  return operation === "update"
    ? other.update(entity, id ?? "", body, headers)
    : other.delete(entity, id ?? "", headers);
}

/** A create without an id: nothing else bears its text, which nobody used before. */
function* isOneRecord(
  desk: Desk,
  { entity, operation, id, fields }: Mutation,
  made: string,
  since: string | undefined,
): Script<void> {
  if (operation !== "create" || id !== undefined || !hasPhase(desk.facts, 5)) return;
  const text = String(entity === "task" ? fields.title : fields.name);
  const pages = yield* pagesOf(desk, desk.actor("phone"), { since }, "DLT-6");
  const all = pages.flatMap(({ reply }) => listOf(reply.body.changes).map(looseOf));
  const twin = all.find((one) => one.id !== made && (JSON.stringify(one.data) ?? "").includes(text));
  yield* desk.expect("IDM-1", twin === undefined, { expected: "one record", actual: `${twin?.id} too` });
}

function* changed(desk: Desk, mutation: Mutation, change: Change, first: Told): Script<Mutation> {
  const { entity, operation } = mutation;
  const revision = revisionOf(first);
  switch (change) {
    case "operation": {
      const other = operation === "update" ? "delete" : "update";
      return { ...mutation, operation: other, fields: stir(desk, entity), ifMatch: revision };
    }
    case "record": {
      if (operation === "create") return { ...mutation, id: desk.fresh("r") };
      const made = yield* created(desk, desk.actor("phone"), entity, stir(desk, entity));
      return { ...mutation, id: idOf(made) };
    }
    case "entity": {
      const other = ENTITIES.find((one) => one !== entity) ?? entity;
      return { ...mutation, entity: other, fields: stir(desk, other) };
    }
    case "ifMatch":
      return { ...mutation, ifMatch: revision };
    case "payload":
      return { ...mutation, fields: stir(desk, entity) };
    default:
      return assertNever(change);
  }
}
