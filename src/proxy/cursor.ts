/**
 * Owns cursors: the text that a following page of a delta or a listing is asked for with [DLT-12].
 * Refuses to know pages. A cursor is bound to account, kind, entities and `since` by a fingerprint, and carries
 * nothing of an account that its holder did not see on the page before.
 */

import { hashString } from "../base/prng.ts";
import type { EpochMs } from "../base/time.ts";
import type { Entity } from "../protocol/entity.ts";
import { ENTITIES } from "../protocol/entity.ts";
import type { AccountId } from "../protocol/messages.ts";
import { parseRevision, type Revision } from "../protocol/revision.ts";

/** What a cursor belongs to. */
export interface CursorScope {
  readonly account: AccountId;
  readonly kind: "changes" | "list";
  readonly entities: ReadonlySet<Entity>;
  /** undefined: a full sync, or a listing. */
  readonly since: Revision | undefined;
}

/** Where a delta stands: after which revision, in the snapshot at which head, and when that was committed. */
export interface DeltaPosition {
  readonly after: Revision;
  readonly head: Revision;
  readonly headAtMs: EpochMs;
}

/** The cursor of the next page of a delta. */
export function writeDeltaCursor(scope: CursorScope, position: DeltaPosition): string {
  return seal(scope, `${position.headAtMs.toString(36)}.${position.head}.${position.after}`);
}

/** undefined: it is none, or not of this scope. */
export function readDeltaCursor(scope: CursorScope, text: string): DeltaPosition | undefined {
  const [headAt = "", headText = "", afterText = ""] = unseal(scope, text)?.split(".") ?? [];
  const head = parseRevision(headText);
  const after = parseRevision(afterText);
  if (head === undefined || after === undefined) return undefined;
  return { after, head, headAtMs: Number.parseInt(headAt, 36) };
}

/** The cursor of the page of a listing that begins above this id. */
export function writeListCursor(scope: CursorScope, afterId: string): string {
  return seal(scope, afterId);
}

/** The id that a listing's cursor stands at; undefined: it is none, or not of this scope. */
export function readListCursor(scope: CursorScope, text: string): string | undefined {
  return unseal(scope, text);
}

/** A position with a mark over it and its scope: 64 bits, against mistakes. Forging one's own cursor gains nothing. */
function seal(scope: CursorScope, position: string): string {
  const entities = ENTITIES.filter((entity) => scope.entities.has(entity)).join(",");
  const text = `${scope.kind} ${entities} ${scope.since ?? "-"} ${position} ${scope.account}`;
  const low = hashString(text, 0x811c9dc5).toString(16).padStart(8, "0");
  const high = hashString(text, 0x01234567).toString(16).padStart(8, "0");
  return `${low}${high}.${position}`;
}

function unseal(scope: CursorScope, text: string): string | undefined {
  const position = text.slice(text.indexOf(".") + 1);
  return text === seal(scope, position) ? position : undefined;
}
