/**
 * Owns random facts of every kind for property tests, and the changing of exactly one member of a fact.
 * Refuses to make sense: such facts tell no history that could happen.
 */

import fc from "fast-check";
import * as make from "./facts.fixture.ts";
import type { Fact } from "./facts.ts";

const at = fc.integer({ min: 0, max: 4_102_444_800_000 });
const index = fc.nat(70_000);
const text = fc.string({ maxLength: 12 });
const revision = fc.nat(999_999).map(make.rev);
const maybeRevision = fc.option(revision, { nil: undefined });
const entity = fc.constantFrom("contact", "task", "list");
const onDevice = { at, device: index, account: index };
const fields = fc
  .dictionary(text, fc.jsonValue({ maxDepth: 2 }), { maxKeys: 4 })
  .map((value) => value as Record<string, never>);
const record = fc.tuple(text, fc.nat(999_999)).map(([id, n]) => make.record(id, n));

const some = {
  mutation: text,
  key: text,
  entity,
  id: text,
  payload: fc.option(fields, { nil: undefined }),
  base: maybeRevision,
};
const sentMutation = fc
  .record({
    ...some,
    operation: fc.constantFrom("create", "update", "delete"),
    ifMatch: maybeRevision,
    timestamp: at,
  })
  .map(({ mutation: _mutation, base: _base, ...rest }) => make.mutation(rest));
const result = fc
  .record({ key: text, status: fc.integer({ min: 200, max: 599 }), revision, record, replayed: fc.boolean() })
  .map((value) => make.result(value));
const frame = fc.oneof(
  fc.nat(999_999).map(make.ready),
  fc.nat(999_999).map(make.checkpoint),
  fc.nat(999_999).map(make.resyncRequired),
  fc
    .tuple(record, entity)
    .map(([payload, kind]) =>
      make.event(payload, { entity: kind, origin: { deviceId: "d", mutationId: "k" } }),
    ),
);
const held = fc
  .tuple(text, fc.nat(999_999), fields, entity)
  .map(([id, n, value, kind]) => make.held(id, n, value, kind));

/** Facts of every kind. */
export const arbitraryFact: fc.Arbitrary<Fact> = fc.oneof(
  fc.record({ ...onDevice, cold: fc.boolean(), online: fc.boolean() }).map(make.started),
  fc
    .record(onDevice)
    .chain((on) =>
      fc.constantFrom(
        make.killed(on),
        make.opened(on),
        make.closed(on),
        make.online(on),
        make.offline(on),
        make.saved(on),
        make.asked(on),
        make.retried(on),
        make.discarded(on),
        make.chosen(on),
        make.connected(on),
        make.noticed(on),
      ),
    ),
  fc.record({ ...onDevice, offsetMs: fc.integer() }).map(make.clockSet),
  fc
    .record({ ...onDevice, ...some, operation: fc.constantFrom("create", "update", "delete") })
    .map(make.edited),
  fc.record({ ...onDevice, mutation: text, key: text }).map(make.rekeyed),
  fc
    .record({ ...onDevice, mutation: text, outcome: fc.constantFrom("applied", "failed"), error: text })
    .map(make.settled),
  fc
    .record({
      ...onDevice,
      request: index,
      mutations: fc.array(sentMutation, { maxLength: 3 }),
      since: text,
      bytes: index,
      altered: fc.array(text, { minLength: 1, maxLength: 3 }),
    })
    .map(make.sent),
  fc
    .record({
      ...onDevice,
      request: index,
      status: index,
      retryAfterMs: index,
      results: fc.array(result, { maxLength: 3 }),
      bytes: index,
      foreign: fc.boolean(),
    })
    .map(make.answered),
  fc
    .record({ ...onDevice, request: index, why: fc.constantFrom("timeout", "unreachable") })
    .map(make.unanswered),
  fc
    .record({ ...onDevice, socket: index, since: text, entities: fc.array(text, { maxLength: 3 }) })
    .map(make.connecting),
  fc.record({ ...onDevice, socket: index, code: index }).map(make.disconnected),
  fc.record({ ...onDevice, socket: index }).map(make.severed),
  fc.record({ at, until: at }).map(make.cutOff),
  fc
    .record({ ...onDevice, socket: index, frame, bytes: index })
    .map(({ frame: carried, ...rest }) => make.frame(carried, rest)),
  fc.record({ ...onDevice, entity, revision }).map(make.pushed),
  fc
    .record({
      ...onDevice,
      entity,
      id: text,
      revision: maybeRevision,
      fields,
      waiting: fc.array(text, { maxLength: 3 }),
    })
    .map(make.shown),
  fc.record({ ...onDevice, entity, id: text, fresh: fc.boolean(), revision: maybeRevision }).map(make.read),
  fc
    .record({ ...onDevice, queries: fc.array(fc.record({ entity, id: text }), { maxLength: 3 }) })
    .map(make.invalidated),
  fc.record({ ...onDevice, sync: fc.constantFrom("full", "delta"), reason: text }).map(make.syncStarted),
  fc
    .record({ ...onDevice, sync: fc.constantFrom("full", "delta"), reason: text, revision: maybeRevision })
    .map(make.syncEnded),
  fc.record({ ...onDevice, entity, revision }).map(make.advanced),
  fc
    .record({
      at,
      account: index,
      device: fc.option(index, { nil: undefined }),
      entity,
      id: text,
      previous: maybeRevision,
      ifMatch: maybeRevision,
      key: text,
      record,
    })
    .chain((value) => fc.nat(999_999).map((n) => make.committed(n, value))),
  fc.record({ at, account: index, device: index, entity, revision }).map(make.pushHandedOver),
  fc
    .tuple(fc.constantFrom("agitate", "heal", "settled", "unsettled"), at)
    .map(([name, when]) => make.phase(name, when)),
  fc
    .tuple(fc.array(held, { maxLength: 3 }), fc.record({ ...onDevice, waiting: index }))
    .map(([records, on]) => make.replica(records, on)),
  fc
    .tuple(fc.array(held, { maxLength: 3 }), fc.record({ at, account: index }))
    .map(([records, on]) => make.freshReplica(records, on)),
);

/** Members of records that a digest may leave out: a record counts by id and revision. */
const LEFT_OUT = new Set(["name", "updatedAt"]);

interface Place {
  readonly holder: Record<string, unknown> | unknown[];
  readonly member: string;
}

/** A copy that differs in exactly one leaf, the `choice`th; names and the kinds of facts stay. */
export function changeOneMember(fact: Fact, choice: number): Fact {
  const copy = structuredClone(fact) as unknown as Record<string, unknown>;
  const places: Place[] = [];
  collect(copy, false, places);
  const place = places[choice % places.length];
  if (place)
    (place.holder as Record<string, unknown>)[place.member] = other(
      (place.holder as Record<string, unknown>)[place.member],
    );
  return copy as unknown as Fact;
}

function collect(holder: Record<string, unknown>, inRecord: boolean, places: Place[]): void {
  for (const member of Object.keys(holder)) {
    const value = holder[member];
    const isRecord = inRecord && LEFT_OUT.has(member);
    if (member === "fact" || member === "type" || member === "__proto__" || isRecord) continue;
    if (typeof value === "object" && value !== null)
      collect(value as Record<string, unknown>, inRecord || "revisionId" in value, places);
    else places.push({ holder, member });
  }
}

function other(value: unknown): unknown {
  if (typeof value === "string")
    return value === ""
      ? "x"
      : value.slice(0, -1) + String.fromCharCode(value.charCodeAt(value.length - 1) ^ 1);
  if (typeof value === "number") return value === 0 ? 1 : -value;
  if (typeof value === "boolean") return !value;
  return value === null ? "was null" : "was absent";
}
