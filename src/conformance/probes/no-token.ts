/**
 * Owns the probe of calls without a good token [SEC-1].
 * Refuses to know how tokens are checked. That nothing leaks is seen by the watch of tenancy.
 */

import { constantFrom, integer, record } from "fast-check";
import { ENTITIES } from "../../protocol/entity.ts";
import type { Actor, Ask } from "../actor.ts";
import { hasPhase } from "../anatomy.ts";
import type { Desk } from "../desk.ts";
import { created, idOf, stir, untouched } from "../moves.ts";
import { defineProbe, perform, type Script } from "../probe.ts";
import type { Reply } from "../reply.ts";
import { each } from "../values.ts";

/** What stands in `Authorization` instead of the token; undefined: nothing. */
type Forgery = (token: string) => string | undefined;

const FORGERIES: readonly Forgery[] = [
  () => "Bearer",
  () => "Bearer null",
  () => "Basic dXNlcjpwYXNzd29yZA==",
  (token) => `Bearer ${token}x`,
  (token) => `Bearer ${token.slice(0, -1)}`,
  (token) => `Bearer ${swapped(token)}`,
  (token) => `Basic ${token}`,
  () => "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZG1pbiJ9.",
];

export const noToken = defineProbe({
  id: "security/no-token",
  rules: ["SEC-1"],
  text: "Without a token, or with a wrong one, every call and the upgrade is 401, before all else, and changes nothing.",
  phases: [],
  runs: 1,
  values: () =>
    record({
      entity: constantFrom(...ENTITIES),
      start: integer({ min: 0, max: 20 }),
      forgeries: each(FORGERIES),
    }),
  *script(desk, { entity, start, forgeries }) {
    const phone = desk.actor("phone");
    const made = yield* created(desk, phone, entity, { ...stir(desk, entity), notes: desk.fresh("secret") });
    const { token } = desk.facts.accounts[0];
    const calls = everyCall(desk, phone, made);
    // Every call without a token, and each forgery on some call.
    for (const ask of calls) yield* isUnauthorized(desk, ask, undefined);
    for (const [at, forgery] of forgeries.entries())
      yield* isUnauthorized(desk, calls[(start + at) % calls.length] as Ask, forgery(token));
    if (hasPhase(desk.facts, 1))
      for (const forgery of [() => undefined, ...forgeries])
        yield* noUpgrade(desk, phone, forgery(token), made);
    yield* untouched(desk, "SEC-1", phone, entity, idOf(made), made.revision);
  },
});

function* isUnauthorized(desk: Desk, ask: Ask, authorization: string | undefined): Script<void> {
  const reply = yield* desk.send(forged(ask, authorization));
  yield* desk.expect("SEC-1", reply.status === 401, {
    expected: `401 with ${authorization ?? "no Authorization"}`,
    actual: `${ask.label}: ${reply.says}`,
  });
}

/** Each call of the protocol, on a record that there is, and some that are bent: 401 is decided before all else. */
function everyCall(desk: Desk, phone: Actor, made: Reply): readonly Ask[] {
  const { facts } = desk;
  const entity = made.ask.http.path.includes("contacts")
    ? "contact"
    : made.ask.http.path.includes("tasks")
      ? "task"
      : "list";
  const id = idOf(made);
  const broken = phone.raw(
    "POST",
    "/api/tasks",
    { "content-type": "application/json" },
    "{",
    "sends half a body",
  );
  const always = [
    phone.list(entity),
    phone.list(entity, { limit: 1 }),
    phone.read(entity, id),
    phone.read(entity, desk.fresh("none")),
    phone.create(entity, { id: desk.fresh("forged"), ...stir(desk, entity) }),
    phone.update(entity, id, stir(desk, entity), { ifMatch: made.revision }),
    phone.delete(entity, id, { ifMatch: made.revision }),
    broken,
  ];
  const item = { id: desk.fresh("m"), entity, operation: "delete", recordId: id, ifMatch: made.revision };
  return [
    ...always,
    ...(hasPhase(facts, 2) ? [phone.capabilities()] : []),
    ...(hasPhase(facts, 3) ? [phone.batch([item])] : []),
    ...(hasPhase(facts, 4)
      ? [phone.register(desk.fresh("push"), [entity]), phone.topics([entity]), phone.unregister()]
      : []),
    ...(hasPhase(facts, 5) ? [phone.changes(), phone.changes({ since: made.revision })] : []),
  ];
}

function* noUpgrade(desk: Desk, phone: Actor, authorization: string | undefined, made: Reply): Script<void> {
  const { path, headers } = phone.upgrade({ since: made.revision });
  const { authorization: _good, ...bare } = headers;
  const request = { path, headers: authorization === undefined ? bare : { ...bare, authorization } };
  const upgrade = yield* perform({ effect: "open", request });
  if (upgrade.upgrade === "indefinite") return;
  yield* desk.expect("SEC-1", upgrade.upgrade === "refused" && upgrade.status === 401, {
    expected: `401 on the upgrade with ${authorization ?? "no Authorization"}`,
    actual: upgrade.upgrade === "refused" ? String(upgrade.status) : "a socket",
  });
}

function forged(ask: Ask, authorization: string | undefined): Ask {
  const { authorization: _good, ...headers } = ask.http.headers;
  const sent = authorization === undefined ? headers : { ...headers, authorization };
  return { ...ask, http: { ...ask.http, headers: sent } };
}

/** The token with its letters in the other case; with none in it, backwards. */
function swapped(token: string): string {
  const other = token === token.toUpperCase() ? token.toLowerCase() : token.toUpperCase();
  return other === token ? `${[...token].reverse().join("")}0` : other;
}
