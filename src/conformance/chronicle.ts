/**
 * Owns a history that a probe writes: a generated list of moves over a few records by two devices and by nobody, and
 * beside it what each revision made of them, so that deltas and events can be judged from every revision.
 * Refuses to merge: no move is stale, so that the answer to each says what the record is from then on.
 */

import { type Arbitrary, array, boolean, constantFrom, integer, record } from "fast-check";
import { ENTITIES, type Entity } from "../protocol/entity.ts";
import { hasPhase } from "./anatomy.ts";
import type { Desk } from "./desk.ts";
import { stir } from "./moves.ts";
import type { Script } from "./probe.ts";
import { type Loose, listOf, looseOf, type Reply, textOf } from "./reply.ts";
import { fieldsFor, type SentFields } from "./values.ts";

/** What somebody does to the record of a slot: makes it when it is not there, else changes or ends it. */
export interface Move {
  readonly slot: number;
  readonly ends: boolean;
  /** Nobody sends no device id. */
  readonly by: "phone" | "tablet" | "nobody";
  readonly batched: boolean;
  readonly keyed: boolean;
  readonly fields: (entity: Entity) => SentFields;
}

/** One commit of the history. */
export interface Commit {
  readonly revision: string;
  readonly entity: Entity;
  readonly id: string;
  readonly action: "created" | "updated" | "deleted";
  /** As the answer showed it; null: deleted. */
  readonly record: Loose | null;
  /** Who made it; undefined: no device that is known. */
  readonly deviceId: string | undefined;
  readonly key: string | undefined;
  /** When the answer to it came. */
  readonly answeredAtMs: number;
}

/** Records by entity and id. */
export type State = ReadonlyMap<string, Loose>;

const SLOTS = 5;

/** Moves over few records, so that most are changed more than once and some are ended and made again. */
export function movesOf(lengthMin: number, lengthMax: number): Arbitrary<readonly Move[]> {
  const move = record({
    slot: integer({ min: 0, max: SLOTS - 1 }),
    ends: boolean(),
    by: constantFrom<Move["by"][]>("phone", "phone", "tablet", "tablet", "nobody"),
    batched: boolean(),
    keyed: boolean(),
    fields: fieldsFor,
  });
  return array(move, { minLength: lengthMin, maxLength: lengthMax });
}

export function nameOf(entity: unknown, id: unknown): string {
  return `${entity} ${id}`;
}

export class Chronicle {
  /** The log's head before the first commit. */
  readonly start: string;
  readonly commits: Commit[] = [];
  private readonly desk: Desk;
  private readonly ids = new Map<number, string>();

  constructor(desk: Desk, start: string) {
    this.desk = desk;
    this.start = start;
  }

  /** The revisions that this history passed through, the start among them. */
  get revisions(): readonly string[] {
    return [this.start, ...this.commits.map(({ revision }) => revision)];
  }

  get last(): string {
    return this.commits.at(-1)?.revision ?? this.start;
  }

  /** The records as they stood after the first `length` commits. */
  stateAfter(length: number = this.commits.length): State {
    const state = new Map<string, Loose>();
    for (const { entity, id, record } of this.commits.slice(0, length)) {
      if (record === null) state.delete(nameOf(entity, id));
      else state.set(nameOf(entity, id), record);
    }
    return state;
  }

  /** How many commits a revision has behind it; undefined where order does not tell. */
  lengthAt(revision: string): number | undefined {
    const at = this.revisions.indexOf(revision);
    if (at >= 0) return at;
    return this.desk.facts.ordered
      ? this.commits.filter((one) => one.revision <= revision).length
      : undefined;
  }

  *play(moves: readonly Move[]): Script<void> {
    for (const move of moves) yield* this.make(move);
  }

  /** One more record of an entity, made by the tablet: what a judge waits for. */
  *mark(entity: Entity): Script<Commit> {
    const { desk } = this;
    const id = desk.fresh("m");
    const fields = stir(desk, entity);
    return yield* this.alone({ action: "created", entity, id, fields, by: "tablet", key: undefined });
  }

  private *make(move: Move): Script<void> {
    const { desk } = this;
    const entity = ENTITIES[move.slot % ENTITIES.length] as Entity;
    const id = this.ids.get(move.slot) ?? desk.fresh("h");
    this.ids.set(move.slot, id);
    const living = this.stateAfter().get(nameOf(entity, id));
    const action = living === undefined ? "created" : move.ends ? "deleted" : "updated";
    // The required field is always new, so that no move is one that changes nothing [REV-8].
    const fields = { ...move.fields(entity), ...stir(desk, entity) };
    const key = move.keyed || move.batched ? desk.fresh("k") : undefined;
    const deed: Deed = { action, entity, id, fields, by: move.by, key, ifMatch: textOf(living?.revisionId) };
    const isBatch = move.batched && hasPhase(desk.facts, 3);
    if (isBatch) yield* this.together([deed, ...this.afterthought(deed)]);
    else yield* this.alone(deed);
  }

  /** A second item for the batch, which rests on the first: two commits of one record in one call. */
  private afterthought({ action, entity, id, by, key }: Deed): readonly Deed[] {
    const { desk } = this;
    if (action === "deleted" || desk.facts.declared.mutationsMax < 2) return [];
    const fields = stir(desk, entity);
    return [{ action: "updated", entity, id, fields, by, key: desk.fresh("k"), ifMatchMutation: key }];
  }

  private *alone(deed: Deed): Script<Commit> {
    const { desk } = this;
    const { action, entity, id, fields, by, key, ifMatch } = deed;
    const headers = { key, ifMatch, ...(by === "nobody" ? { deviceId: null } : {}) };
    const actor = desk.actor(by);
    const ask =
      action === "created"
        ? actor.create(entity, { id, ...fields }, headers)
        : action === "updated"
          ? actor.update(entity, id, fields, headers)
          : actor.delete(entity, id, headers);
    const reply = yield* desk.send(ask);
    return yield* this.note(deed, reply.status, reply.body, reply, "API-1");
  }

  private *together(deeds: readonly Deed[]): Script<void> {
    const { desk } = this;
    const by = deeds[0]?.by ?? "phone";
    const body = JSON.stringify({ mutations: deeds.map(itemOf) });
    const headers = by === "nobody" ? { "x-device-id": null } : {};
    const ask = desk.actor(by).raw("POST", "/api/sync/batch", headers, body, `a batch of ${deeds.length}`);
    const reply = yield* desk.send(ask);
    for (const [at, deed] of deeds.entries()) {
      const result = looseOf(listOf(reply.body.results)[at]);
      yield* this.note(deed, Number(result.status), result, reply, "BAT-4");
    }
  }

  /** Takes down what was answered to a deed, which must have been done. */
  private *note(
    { action, entity, id, by, key }: Deed,
    status: number,
    body: Loose,
    { ask, answeredAtMs }: Reply,
    rule: "API-1" | "BAT-4",
  ): Script<Commit> {
    const { desk } = this;
    const wanted = action === "created" ? 201 : 200;
    const revision = textOf(looseOf(body.meta).revisionId);
    yield* desk.expect(rule, status === wanted, {
      expected: `${wanted} for ${id}, ${action}: ${ask.label}`,
      actual: `${status} ${body.error ?? ""}`,
    });
    if (revision === undefined) return yield* desk.discard(`${ask.label}: answered without a revision`);
    const record = action === "deleted" ? null : looseOf(body.data);
    const deviceId = by === "nobody" ? undefined : desk.actor(by).deviceId;
    const commit = { revision, entity, id, action, record, deviceId, key, answeredAtMs };
    this.commits.push(commit);
    return commit;
  }
}

/** One write that a history is about to make. */
interface Deed {
  readonly action: Commit["action"];
  readonly entity: Entity;
  readonly id: string;
  readonly fields: SentFields;
  readonly by: Move["by"];
  readonly key: string | undefined;
  readonly ifMatch?: string | undefined;
  readonly ifMatchMutation?: string | undefined;
}

function itemOf({ action, entity, id, fields, key, ifMatch, ifMatchMutation }: Deed): Loose {
  if (action === "created") return { id: key, entity, operation: "create", payload: { id, ...fields } };
  const target = { id: key, entity, recordId: id, ifMatch, ifMatchMutation };
  if (action === "deleted") return { ...target, operation: "delete" };
  return { ...target, operation: "update", payload: fields };
}

/** A history that begins at the head as it is now. */
export function* beginning(desk: Desk): Script<Chronicle> {
  const phone = desk.actor("phone");
  const told = yield* desk.send(phone.capabilities());
  // A target of phase 1 need not have capabilities yet; a listing tells the log's head as well [REV-4].
  const head = told.status === 404 ? (yield* desk.send(phone.list("contact"))).revision : told.revision;
  if (head === undefined) return yield* desk.discard("neither capabilities nor a listing tells the head");
  return new Chronicle(desk, head);
}
