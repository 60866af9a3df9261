/**
 * Owns a history that a probe writes: a generated list of moves over a few records by two devices and by nobody, and
 * beside it what each revision made of them, so that deltas and events can be judged from every revision.
 * Refuses to merge: no move is stale, so that the answer to each says what the record is from then on.
 */

import { type Arbitrary, array, boolean, constantFrom, integer, record } from "fast-check";
import { ENTITIES, type Entity } from "../protocol/entity.ts";
import type { Ask, MutationHeaders } from "./actor.ts";
import { hasPhase } from "./anatomy.ts";
import type { Desk } from "./desk.ts";
import { stir } from "./moves.ts";
import type { Script } from "./probe.ts";
import { type Loose, listOf, looseOf, textOf } from "./reply.ts";
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
    return yield* this.commit("created", entity, desk.fresh("m"), stir(desk, entity), {
      by: "tablet",
      batched: false,
      keyed: false,
    });
  }

  private *make(move: Move): Script<Commit> {
    const { desk } = this;
    const entity = ENTITIES[move.slot % ENTITIES.length] as Entity;
    const id = this.ids.get(move.slot) ?? desk.fresh("h");
    this.ids.set(move.slot, id);
    const living = this.stateAfter().get(nameOf(entity, id));
    // The required field is always new, so that no move is one that changes nothing [REV-8].
    const fields = { ...move.fields(entity), ...stir(desk, entity) };
    if (living === undefined) return yield* this.commit("created", entity, id, fields, move);
    const action = move.ends ? "deleted" : "updated";
    return yield* this.commit(action, entity, id, fields, move, textOf(living.revisionId));
  }

  private *commit(
    action: Commit["action"],
    entity: Entity,
    id: string,
    fields: SentFields,
    { by, batched, keyed }: Pick<Move, "by" | "batched" | "keyed">,
    ifMatch?: string,
  ): Script<Commit> {
    const { desk } = this;
    const inBatch = batched && hasPhase(desk.facts, 3);
    const key = keyed || inBatch ? desk.fresh("k") : undefined;
    const headers = { key, ifMatch, ...(by === "nobody" ? { deviceId: null } : {}) };
    const ask = inBatch
      ? this.batched(action, entity, id, fields, by, headers)
      : this.alone(action, entity, id, fields, by, headers);
    const reply = yield* desk.send(ask);
    const body = inBatch ? looseOf(listOf(reply.body.results)[0]) : { status: reply.status, ...reply.body };
    const status = Number(body.status);
    const revision = textOf(looseOf(body.meta).revisionId);
    yield* desk.expect(inBatch ? "BAT-4" : "API-1", status === (action === "created" ? 201 : 200), {
      expected: `${ask.label}: ${action === "created" ? 201 : 200}`,
      actual: `${status} ${body.error ?? ""}`,
    });
    if (revision === undefined) return yield* desk.discard(`${ask.label}: answered without a revision`);
    const commit: Commit = {
      revision,
      entity,
      id,
      action,
      record: action === "deleted" ? null : looseOf(body.data),
      deviceId: by === "nobody" ? undefined : desk.actor(by).deviceId,
      key,
      answeredAtMs: reply.answeredAtMs,
    };
    this.commits.push(commit);
    return commit;
  }

  private alone(
    action: Commit["action"],
    entity: Entity,
    id: string,
    fields: SentFields,
    by: Move["by"],
    headers: MutationHeaders,
  ): Ask {
    const actor = this.desk.actor(by);
    if (action === "created") return actor.create(entity, { id, ...fields }, headers);
    return action === "updated"
      ? actor.update(entity, id, fields, headers)
      : actor.delete(entity, id, headers);
  }

  private batched(
    action: Commit["action"],
    entity: Entity,
    id: string,
    fields: SentFields,
    by: Move["by"],
    { key, ifMatch }: MutationHeaders,
  ): Ask {
    const item = {
      id: key,
      entity,
      operation: action.slice(0, -1),
      ...(action === "created" ? { payload: { id, ...fields } } : { recordId: id, ifMatch }),
      ...(action === "updated" ? { payload: fields } : {}),
    };
    const body = JSON.stringify({ mutations: [item] });
    const headers = by === "nobody" ? { "x-device-id": null } : {};
    const label = `${item.operation}s ${id} in a batch`;
    return this.desk.actor(by).raw("POST", "/api/sync/batch", headers, body, label);
  }
}

/** A history that begins at the head as it is now. */
export function* beginning(desk: Desk): Script<Chronicle> {
  const head = (yield* desk.send(desk.actor("phone").capabilities())).revision;
  if (head === undefined) return yield* desk.discard("capabilities do not tell the head");
  return new Chronicle(desk, head);
}
