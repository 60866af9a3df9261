/**
 * Owns the probe of bad input over HTTP: texts that are no JSON, fields of the wrong type, ids, limits, cursors and
 * timestamps that are none [API-2]. The shape of each error is a watch's.
 * Refuses to judge messages.
 */

import { constantFrom, record } from "fast-check";
import { COLLECTION_OF, ENTITIES, type Entity } from "../../protocol/entity.ts";
import type { Actor, Ask } from "../actor.ts";
import { hasPhase } from "../anatomy.ts";
import type { Desk } from "../desk.ts";
import { changesSince, created, idOf, untouched } from "../moves.ts";
import { defineProbe, type Script } from "../probe.ts";
import type { Reply } from "../reply.ts";
import { each } from "../values.ts";

/** One bent request; `exact` where the protocol names the status. */
interface Bent {
  readonly name: string;
  readonly exact?: 400;
  readonly entities?: readonly Entity[];
  readonly phase?: number;
  ask(actor: Actor, made: Reply, desk: Desk, entity: Entity): Ask;
}

const LONG_ID = "a".repeat(129);
const JSON_BODY = { "content-type": "application/json" };

function post(name: string, body: string): Bent {
  return {
    name: `POST ${name}`,
    ask: (actor, _made, _desk, entity) =>
      actor.raw("POST", `/api/${COLLECTION_OF[entity]}`, JSON_BODY, body, `creates from ${name}`),
  };
}

function patch(name: string, body: string): Bent {
  return {
    name: `PATCH ${name}`,
    ask: (actor, made, _desk, entity) =>
      actor.raw(
        "PATCH",
        `/api/${COLLECTION_OF[entity]}/${idOf(made)}`,
        { ...JSON_BODY, "if-match": `"${made.revision}"` },
        body,
        `patches with ${name}`,
      ),
  };
}

/** The same fields in a create, and in a patch of a record that stands. */
function fields(name: string, entity: Entity, bad: object, exact: 400 | null = 400): readonly Bent[] {
  const base = { contact: { name: "n" }, task: { title: "t" }, list: { name: "l" } }[entity];
  return ["create", "update"].map((operation) => ({
    name: `${operation}: ${name}`,
    ...(exact === null ? {} : { exact }),
    entities: [entity],
    ask: (actor, made, desk) =>
      operation === "create"
        ? actor.create(entity, { id: desk.fresh("bad"), ...base, ...bad })
        : actor.update(entity, idOf(made), bad, { ifMatch: made.revision }),
  }));
}

function id(name: string, value: unknown): Bent {
  return {
    name: `an id that is ${name}`,
    ask: (actor, _made, _desk, entity) => actor.create(entity, { id: value, name: "n", title: "t" }),
  };
}

function get(name: string, path: (entity: Entity) => string, phase = 0): Bent {
  return {
    name: `GET ${name}`,
    phase,
    ask: (actor, _made, _desk, entity) =>
      actor.raw("GET", path(entity), undefined, undefined, `asks for ${name}`),
  };
}

function stamp(text: string): readonly Bent[] {
  return [
    {
      name: `create at ${text}`,
      ask: (actor, _made, desk, entity) =>
        actor.create(entity, { id: desk.fresh("bad"), name: "n", title: "t" }, { timestamp: text }),
    },
    {
      name: `update at ${text}`,
      ask: (actor, made, _desk, entity) =>
        actor.update(
          entity,
          idOf(made),
          { name: "m", title: "m" },
          { timestamp: text, ifMatch: made.revision },
        ),
    },
    {
      name: `delete at ${text}`,
      ask: (actor, made, _desk, entity) =>
        actor.delete(entity, idOf(made), { timestamp: text, ifMatch: made.revision }),
    },
  ];
}

const item = (bad: object) => ({ items: [{ id: "i1", text: "x", ...bad }] });
const changes = (query: string) => `/api/sync/changes?${query}`;
const list = (query: string) => (entity: Entity) => `/api/${COLLECTION_OF[entity]}?${query}`;

const BENT: readonly Bent[] = [
  ...["", "{", "nul", '{"name":"x",}', "name=x", '{"title":"\\ud8"}'].map((text) =>
    post(`the text ${text}`, text),
  ),
  ...["", "}", "[1", '{"name":"x"'].map((text) => patch(`the text ${text}`, text)),
  ...["null", "[]", '"text"', "12", "true", "{}"].map((text) => post(text, text)),
  ...["null", "[]", '"text"', "12", "false"].map((text) => patch(text, text)),
  ...fields("name null", "contact", { name: null }),
  ...fields("name a number", "contact", { name: 5 }),
  ...fields("phone an object", "contact", { phone: {} }),
  ...fields("email a flag", "contact", { email: true }),
  ...fields("notes a list", "contact", { notes: ["x"] }),
  ...fields("title null", "task", { title: null }),
  ...fields("title an object", "task", { title: { a: 1 } }),
  ...fields("done a text", "task", { done: "true" }),
  ...fields("done a number", "task", { done: 1 }),
  ...fields("dueAt a number", "task", { dueAt: 1_767_571_200_000 }),
  ...fields("name a list", "list", { name: [] }),
  ...fields("items an object", "list", { items: { id: "i1" } }),
  ...fields("items a text", "list", { items: "milk" }),
  ...fields("items of texts", "list", { items: ["milk"] }),
  ...fields("an item without id", "list", { items: [{ text: "x" }] }),
  ...fields("an item with a number for an id", "list", item({ id: 5 })),
  ...fields("an item with an empty id", "list", item({ id: "" }), null),
  ...fields("an item with an id of 129", "list", item({ id: LONG_ID }), null),
  ...fields("an item whose text is a number", "list", item({ text: 7 })),
  ...fields("an item whose done is a text", "list", item({ done: "no" })),
  ...fields("an item id twice", "list", { items: [item({}).items[0], item({ text: "y" }).items[0]] }, null),
  id("empty", ""),
  id("a dot", "."),
  id("two dots", ".."),
  id("with a slash", "a/b"),
  id("with a space", "a b"),
  id("too long", LONG_ID),
  id("a number", 12),
  id("not ASCII", "é"),
  {
    name: "another id in a patch",
    ask: (actor, made, desk, entity) =>
      actor.update(
        entity,
        idOf(made),
        { id: desk.fresh("bad"), name: "m", title: "m" },
        { ifMatch: made.revision },
      ),
  },
  get("an unknown collection", () => "/api/recipes"),
  get("a record of an unknown collection", () => "/api/recipes/r1"),
  get("an unknown path", () => "/api/sync/nothing"),
  {
    name: "GET a path below a record",
    ask: (actor, made, _desk, entity) => {
      const path = `/api/${COLLECTION_OF[entity]}/${idOf(made)}/nothing`;
      return actor.raw("GET", path, undefined, undefined, "asks for a path below a record");
    },
  },
  get("a badly encoded id", (entity) => `/api/${COLLECTION_OF[entity]}/%E0%A4%A`),
  get("an id too long", (entity) => `/api/${COLLECTION_OF[entity]}/${LONG_ID}`),
  ...["0", "-1", "ten", "1.5"].flatMap((limit) => [
    get(`a list with limit ${limit}`, list(`limit=${limit}`)),
    get(`changes with limit ${limit}`, () => changes(`limit=${limit}`), 5),
  ]),
  get("a list with a cursor that is none", list("limit=2&cursor=%21no%20cursor%21")),
  get("changes with a cursor that is none", () => changes("cursor=%21no%20cursor%21"), 5),
  ...["yesterday", "1.5", "NaN", "2026-01-05T09:00:00.000Z"].flatMap(stamp),
  {
    name: "PUT of a record",
    ask: (actor, made, _desk, entity) =>
      actor.raw("PUT", `/api/${COLLECTION_OF[entity]}/${idOf(made)}`, JSON_BODY, '{"name":"m","title":"m"}'),
  },
];

export const badInput = defineProbe({
  id: "records/bad-input",
  rules: ["API-2", "API-1"],
  text: "Broken JSON, wrong types, bad ids, limits, cursors and timestamps are refused with a 4xx, and change nothing.",
  phases: [],
  runs: 1,
  values: ({ declared }) =>
    record({
      entity: constantFrom(...ENTITIES),
      bent: each(BENT.filter(({ phase = 0 }) => phase === 0 || declared.phases.includes(phase))),
    }),
  *script(desk, { entity, bent }) {
    const phone = desk.actor("phone");
    const before = hasPhase(desk.facts, 1) ? (yield* desk.send(phone.list("contact"))).revision : undefined;
    const records = new Map<Entity, Reply>();
    for (const one of ENTITIES)
      records.set(one, yield* created(desk, phone, one, { name: "before", title: "before" }));
    for (const one of bent) {
      const meant = one.entities?.[0] ?? entity;
      yield* isRefused(desk, one, one.ask(phone, records.get(meant) as Reply, desk, meant));
    }
    for (const [one, made] of records) yield* untouched(desk, "API-2", phone, one, idOf(made), made.revision);
    if (before === undefined || !hasPhase(desk.facts, 5)) return;
    const made = new Set([...records.values()].map(idOf));
    const stray = (yield* changesSince(desk, phone, before)).find((change) => !made.has(String(change.id)));
    yield* desk.expect("API-2", stray === undefined, {
      expected: "no record from what was refused",
      actual: `${stray?.id} was ${stray?.action}`,
    });
  },
});

function* isRefused(desk: Desk, bent: Bent, ask: Ask): Script<void> {
  const reply = yield* desk.send(ask);
  const isOfFour = reply.status >= 400 && reply.status < 500 && reply.status !== 401;
  yield* desk.expect("API-2", isOfFour, { expected: `4xx for ${bent.name}`, actual: reply.says });
  if (bent.exact === undefined) return;
  yield* desk.expect("API-1", reply.status === bent.exact, {
    expected: `${bent.exact} for ${bent.name}`,
    actual: reply.says,
  });
}
