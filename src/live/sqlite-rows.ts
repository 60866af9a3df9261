/**
 * Owns the rows of the log: which columns a version fills, in which order, and how they become one again.
 * Refuses to know which rows are asked for.
 */

import { ENTITIES, type Entity, type WireRecord } from "../protocol/entity.ts";
import type { Action, DeviceId, IdempotencyKey } from "../protocol/messages.ts";
import type { Revision } from "../protocol/revision.ts";
import { NO_STAMPS, type Stamps } from "../protocol/stamps.ts";
import type { Life, Version } from "../proxy/store.ts";
import { packStamps, unpackStamps } from "../proxy/store-text.ts";

/** Numbers on disk: neither list may ever change its order. */
const ENTITY_NUMBERS: Readonly<Record<Entity, number>> = { contact: 0, task: 1, list: 2 };
const ACTION_NUMBERS: Readonly<Record<Action, number>> = { created: 0, updated: 1, deleted: 2 };
const ENTITY_OF_NUMBER = ENTITIES.toSorted((left, right) => ENTITY_NUMBERS[left] - ENTITY_NUMBERS[right]);
const ACTION_OF_NUMBER: readonly Action[] = ["created", "updated", "deleted"];

const NO_LIVES: readonly Life[] = [];

export function numberOfEntity(entity: Entity): number {
  return ENTITY_NUMBERS[entity];
}

export function entityOfNumber(number: number): Entity {
  return ENTITY_OF_NUMBER[number] as Entity;
}

const OWN_COLUMNS =
  "v.place, v.entity, v.id, v.revision, v.action, v.committed_at_ms, v.born_at, v.raises, v.device, v.key, " +
  "v.backend_version, v.past_lives, v.stamps, v.raised, v.record";

/** The columns that `versionOfRow` reads, in its order, of a version `v`. */
export const VERSION_COLUMNS = `${OWN_COLUMNS}, (SELECT later.revision FROM versions AS later WHERE later.previous = v.place)`;

/** The same, of one that nothing supersedes. */
export const NEWEST_COLUMNS = `${OWN_COLUMNS}, NULL`;

export type VersionRow = readonly [
  place: number,
  entity: number,
  id: string,
  revision: string,
  action: number,
  committedAtMs: number,
  bornAt: string,
  raises: number,
  device: string | null,
  key: string | null,
  backendVersion: number | null,
  pastLives: string | null,
  stamps: string | null,
  raised: string | null,
  record: string | null,
  supersededBy: string | null,
];

export function versionOfRow(row: VersionRow): Version {
  const [, entity, id, revision, action, committedAtMs, bornAt, raises, device, key] = row;
  const [, , , , , , , , , , backendVersion, pastLives, stamps, raised, record, supersededBy] = row;
  return {
    revision: revision as Revision,
    entity: entityOfNumber(entity),
    id,
    action: ACTION_OF_NUMBER[action] as Action,
    record: record === null ? null : (JSON.parse(record) as WireRecord),
    stamps: stamps === null ? NO_STAMPS : unpackStamps(stamps),
    raised: raised === null ? undefined : unpackStamps(raised),
    raises,
    committedAtMs,
    deviceId: device === null ? undefined : (device as DeviceId),
    key: key === null ? undefined : (key as IdempotencyKey),
    bornAt: bornAt as Revision,
    pastLives: pastLives === null ? NO_LIVES : (JSON.parse(pastLives) as readonly Life[]),
    backendVersion: backendVersion === null ? undefined : backendVersion,
    supersededBy: supersededBy === null ? undefined : (supersededBy as Revision),
  };
}

/** A version newly committed has no raised stamps: these columns have their defaults. */
export const INSERT_VERSION =
  "INSERT INTO versions (place, account, entity, id, revision, previous, action, committed_at_ms, born_at, device, " +
  "key, backend_version, past_lives, stamps, record) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";

/** The values of INSERT_VERSION. `recordText` is the record as JSON; `previous` the place of the record's version before. */
export function rowOfVersion(
  place: number,
  account: number,
  previous: number | null,
  version: Version,
  recordText: string | null,
): readonly unknown[] {
  return [
    place,
    account,
    ENTITY_NUMBERS[version.entity],
    version.id,
    version.revision,
    previous,
    ACTION_NUMBERS[version.action],
    version.committedAtMs,
    version.bornAt,
    version.deviceId ?? null,
    version.key ?? null,
    version.backendVersion ?? null,
    version.pastLives.length === 0 ? null : JSON.stringify(version.pastLives),
    textOfStamps(version.stamps),
    recordText,
  ];
}

function textOfStamps(stamps: Stamps): string | null {
  return stamps.size === 0 ? null : packStamps(stamps);
}
