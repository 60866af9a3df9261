/**
 * Owns the text in which a store outside of memory keeps versions and bindings: JSON, with stamps as pairs.
 * Refuses to know where the text lies. Own members called `__proto__` come back as they were [API-5].
 */

import type { Stamp, Stamps } from "../protocol/stamps.ts";
import type { Remembered, Version } from "./store.ts";

type StampRow = readonly [name: string, timeMs: number, deviceId: string, key: string];

/** Stamps as JSON text; the shortest text for none, which is what most versions have. */
export function packStamps(stamps: Stamps): string {
  const rows: StampRow[] = [];
  for (const [name, { timeMs, deviceId, key }] of stamps) rows.push([name, timeMs, deviceId, key]);
  return JSON.stringify(rows);
}

export function unpackStamps(text: string): Stamps {
  const rows = JSON.parse(text) as readonly StampRow[];
  return new Map<string, Stamp>(
    rows.map(([name, timeMs, deviceId, key]) => [name, { timeMs, deviceId, key }]),
  );
}

/** A version, whole: undefined members are left out, and come back as undefined. */
export function packVersion(version: Version): string {
  const { stamps, raised, ...plain } = version;
  return JSON.stringify({
    ...plain,
    stamps: packStamps(stamps),
    raised: raised === undefined ? undefined : packStamps(raised),
  });
}

export function unpackVersion(text: string): Version {
  const packed = JSON.parse(text) as Omit<Version, "stamps" | "raised"> & {
    readonly stamps: string;
    readonly raised?: string;
  };
  return {
    // Every version has the same members in the same order, whichever its text had.
    revision: packed.revision,
    entity: packed.entity,
    id: packed.id,
    action: packed.action,
    record: packed.record,
    stamps: unpackStamps(packed.stamps),
    raised: packed.raised === undefined ? undefined : unpackStamps(packed.raised),
    raises: packed.raises,
    committedAtMs: packed.committedAtMs,
    deviceId: packed.deviceId,
    key: packed.key,
    bornAt: packed.bornAt,
    pastLives: packed.pastLives,
    backendVersion: packed.backendVersion,
    supersededBy: packed.supersededBy,
  };
}

/** A binding, whole. `payload` undefined (a deletion) is told from null. */
export function packRemembered(remembered: Remembered): string {
  return JSON.stringify(remembered);
}

export function unpackRemembered(text: string): Remembered {
  const packed = JSON.parse(text) as Remembered;
  const { key, entity, operation, askedId, payload, ifMatch, recordId, revision, reply, expiresAtMs } =
    packed;
  return { key, entity, operation, askedId, payload, ifMatch, recordId, revision, reply, expiresAtMs };
}
