/**
 * Owns keys: their syntax, which mutation a key is bound to, and which answers it remembers (section 6).
 * Refuses to know how they are stored. A fingerprint is compared member by member: the payload that came is kept,
 * shared, and needs no text of its own.
 */

import { jsonEqual } from "../base/canonical-json.ts";
import type { EpochMs } from "../base/time.ts";
import { RESERVED_MEMBERS } from "../protocol/entity.ts";
import type { IdempotencyKey } from "../protocol/messages.ts";
import type { Revision } from "../protocol/revision.ts";
import type { Mutation } from "./mutation.ts";
import { type Reply, refusal } from "./reply.ts";
import type { Remembered } from "./store.ts";

/** The same as `KeyText` of protocol/messages.ts, without the price of a schema on every write; a test compares. */
const KEY = /^[\x21-\x7e]{1,255}$/;

/** [IDM-7] 1 to 255 visible ASCII characters. */
export function isKey(text: string): text is IdempotencyKey {
  return KEY.test(text);
}

/** [IDM-1, IDM-3] what a bound key makes of a mutation: the answer again, or a refusal; undefined when it is free. */
export function recall(
  mutation: Mutation,
  remembered: Remembered | undefined,
): { readonly reply: Reply; readonly replayed: boolean } | undefined {
  if (remembered === undefined) return undefined;
  if (isSameMutation(mutation, remembered)) return { reply: remembered.reply, replayed: true };
  return {
    reply: refusal("idempotency_key_reused", "this key belongs to another mutation"),
    replayed: false,
  };
}

/** What a key will know of a mutation. */
export function bindingOf(
  mutation: Mutation,
  key: IdempotencyKey,
  recordId: string,
  revision: Revision | undefined,
  reply: Reply,
  expiresAtMs: EpochMs,
): Remembered {
  const { entity, operation, id: askedId, payload, ifMatch } = mutation;
  return { key, entity, operation, askedId, payload, ifMatch, recordId, revision, reply, expiresAtMs };
}

/** Equality of fingerprints: (entity, operation, resolved record id, payload without ignored members, if-match). */
function isSameMutation(mutation: Mutation, remembered: Remembered): boolean {
  return (
    mutation.operation === remembered.operation &&
    mutation.entity === remembered.entity &&
    mutation.id === remembered.askedId &&
    mutation.ifMatch === remembered.ifMatch &&
    jsonEqual(fingerprinted(mutation.payload), fingerprinted(remembered.payload))
  );
}

function fingerprinted(payload: unknown): unknown {
  if (typeof payload !== "object" || payload === null || Array.isArray(payload)) return payload;
  return Object.fromEntries(Object.entries(payload).filter(([member]) => !RESERVED_MEMBERS.has(member)));
}
