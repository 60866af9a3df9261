/**
 * Owns deliveries of the ZEKE backend (section 10): which account one is for, what it must look like, and what it
 * makes of the record.
 * Refuses to know signatures, which the border has checked [WHK-2], and to store: like decide.ts it says what is to be
 * stored in one step.
 */

import type { JsonObject } from "../base/canonical-json.ts";
import type { Fields } from "../protocol/entity.ts";
import { applyWrite, stampsOfCreate } from "../protocol/merge.ts";
import { type AccountId, type IdempotencyKey, WebhookBody } from "../protocol/messages.ts";
import { fieldsOf, fieldsOfCreate } from "../protocol/patch.ts";
import { nextRevision } from "../protocol/revision.ts";
import { NO_STAMPS, type Stamps } from "../protocol/stamps.ts";
import { type Case, type Decision, livesBefore } from "./decide.ts";
import { faultOfFields, isRecordId } from "./fields-check.ts";
import { bindingOf } from "./idempotency.ts";
import type { Mutation } from "./mutation.ts";
import type { Delivery } from "./port.ts";
import { metaOf, type Reply, refusal } from "./reply.ts";
import { type CommitPlan, type Standing, type Store, stampsOf, type Version } from "./store.ts";
import { versionOf } from "./version.ts";

const WEBHOOK_ID_LENGTH_MAX = 255;

/** A delivery that is to be carried out: what a write is, with its own way to be decided. */
export interface ReadDelivery {
  readonly account: AccountId;
  readonly mutation: Mutation;
  decide(at: Case): Decision;
}

/** What a delivery comes to before its record is looked at. */
export interface SettledDelivery {
  readonly reply: Reply;
  readonly replayed: boolean;
}

/** The account that a delivery is for; undefined when it names none that there is. Nothing else in it is judged. */
export function accountOfWebhook(
  body: unknown,
  accounts: ReadonlyMap<string, AccountId>,
): AccountId | undefined {
  const named = nameOfAccount(body);
  if (named === undefined) return undefined;
  for (const account of accounts.values()) if (account === named) return account;
  return undefined;
}

/** What is to be done about a delivery. Without an account (400, 404) the store is not touched. */
export function readDelivery(
  store: Store,
  accounts: ReadonlyMap<string, AccountId>,
  { id: webhookId, body }: Delivery,
  nowMs: number,
): ReadDelivery | SettledDelivery {
  const account = accountOfWebhook(body, accounts);
  if (account === undefined) {
    if (nameOfAccount(body) === undefined) return refused("account: the name of one");
    return { reply: refusal("not_found", "there is no such account"), replayed: false };
  }
  if (webhookId.length < 1 || webhookId.length > WEBHOOK_ID_LENGTH_MAX) {
    return refused(`webhook-id is 1 to ${WEBHOOK_ID_LENGTH_MAX} characters`);
  }
  // [WHK-3] before the rest is judged: the second delivery has the first one's answer, whatever it says.
  const key = keyOfWebhook(webhookId);
  const remembered = store.remembered(account, key, nowMs);
  if (remembered !== undefined) return { reply: remembered.reply, replayed: true };
  const parsed = WebhookBody.safeParse(isDeletion(body) ? { ...(body as object), data: undefined } : body);
  if (!parsed.success) return refused(faultOfBody(parsed.error.issues[0]));
  const fault = faultOfDelivery(parsed.data);
  if (fault !== undefined) return refused(fault);
  const delivered = parsed.data;
  const mutation = mutationOf(delivered, key);
  return { account, mutation, decide: (at) => decideDelivery(at, delivered) };
}

/** What becomes of a delivery that is well formed: a commit always [WHK-1], but for what came too late [WHK-4]. */
function decideDelivery(at: Case, delivered: WebhookBody): Decision {
  const { view } = at;
  const { current, remembered, standing } = view;
  // [WHK-3] the same delivery came by another instance meanwhile.
  if (remembered !== undefined) {
    return { reply: remembered.reply, replayed: true, plan: undefined, remark: {} };
  }
  const stored = current?.backendVersion;
  if (stored !== undefined && delivered.version <= stored) return settle(at, replyAt(standing), undefined);
  const version = versionOfDelivery(at, delivered);
  const { revision: head, committedAtMs: headAtMs } = version;
  return settle(at, replyAt({ ...standing, head, headAtMs }), version);
}

/**
 * The whole replacement, or the tombstone. A tombstone is made of what does not live too, so that a delivery that was
 * overtaken by the deletion does not bring the record to life [WHK-4].
 */
function versionOfDelivery(at: Case, delivered: WebhookBody): Version {
  const { view, nowMs } = at;
  const { current } = view;
  const revision = nextRevision(view.standing.head, nowMs);
  const living = current?.record ? current : undefined;
  const pastLives = living?.pastLives ?? livesBefore(view);
  const { id, version: backendVersion } = delivered;
  // The name that binds the delivery is no mutation's key, and must not be told as one.
  const own = { key: undefined, backendVersion, bornAt: living?.bornAt ?? revision };
  if (delivered.action === "deleted") {
    return { ...versionOf(at, "deleted", id, undefined, NO_STAMPS, revision, pastLives), ...own };
  }
  const fields = fieldsOfCreate(delivered.data as JsonObject);
  const stamps = stampsAfter(at, living, fields);
  const action = living === undefined ? "created" : "updated";
  return { ...versionOf(at, action, id, fields, stamps, revision, pastLives), ...own };
}

/**
 * The stamps of a whole replacement: the receive time, of no device, but above all that it replaces [MRG-4]. The backend
 * has the word over what arrived before it; what a device made without knowing it is weighed against it by time.
 */
function stampsAfter(at: Case, living: Version | undefined, fields: Fields): Stamps {
  if (at.mutation.entity === "contact") return NO_STAMPS;
  const own = { timeMs: at.nowMs, deviceId: "", key: "" };
  if (!living?.record) return stampsOfCreate(fields, own);
  const before = { fields: fieldsOf(living.record), stamps: stampsOf(living) };
  // What the replacement does not name, it removes.
  const removals = Object.keys(before.fields).map((field) => [field, null] as const);
  const patch = Object.fromEntries([...removals, ...Object.entries(fields)]);
  return applyWrite(before, patch, own, true).stamps;
}

/** [WHK-3] with what it binds, in one step: also a delivery without effect has one answer as long as it is remembered. */
function settle(at: Case, reply: Reply, version: Version | undefined): Decision {
  const { mutation, view, rules, nowMs } = at;
  const { current, standing } = view;
  const key = mutation.key as IdempotencyKey;
  const id = mutation.id as string;
  const expiresAtMs = nowMs + rules.idempotencyTtlMs;
  // No revision: to a batch, which may name any text, this is no mutation that ended with one [BAT-8].
  const remember = bindingOf({ ...mutation, payload: undefined }, key, id, undefined, reply, expiresAtMs);
  const expect = { head: standing.head, current: current?.revision, raises: current?.raises ?? 0 };
  const plan: CommitPlan = { expect, entity: mutation.entity, id, version, raise: undefined, remember };
  return { reply, replayed: false, plan, remark: {} };
}

/** [REV-4] not a single-record answer: `meta` is the head. */
function replyAt(standing: Standing): Reply {
  return { status: 200, body: { data: null, meta: metaOf(standing) } };
}

/** The delivery in the shape of a write, of no device. An update, which no temporary id can name [BAT-5]. */
function mutationOf(delivered: WebhookBody, key: string): Mutation {
  return {
    entity: delivered.entity,
    operation: delivered.action === "deleted" ? "delete" : "update",
    id: delivered.id,
    payload: delivered.data,
    ifMatch: undefined,
    key,
    deviceId: undefined,
    timestamp: undefined,
    temporaryId: undefined,
  };
}

/** The name under which a delivery is remembered. No idempotency key has a space in it [IDM-7]. */
function keyOfWebhook(webhookId: string): string {
  return `webhook ${webhookId}`;
}

function nameOfAccount(body: unknown): string | undefined {
  if (typeof body !== "object" || body === null || Array.isArray(body)) return undefined;
  const { account } = body as { readonly account?: unknown };
  return typeof account === "string" ? account : undefined;
}

/** A deletion's `data` says nothing, whatever it is. */
function isDeletion(body: unknown): boolean {
  return (body as { readonly action?: unknown }).action === "deleted";
}

function faultOfBody(
  issue: { readonly path: readonly PropertyKey[]; readonly message: string } | undefined,
): string {
  return issue === undefined
    ? "not a webhook of the protocol"
    : `${issue.path.map(String).join(".")}: ${issue.message}`;
}

/** What the schema does not judge: the id, and the fields as those of a create. */
function faultOfDelivery({ entity, action, id, data }: WebhookBody): string | undefined {
  if (!isRecordId(id)) return "id: 1 to 128 of A-Z a-z 0-9 _ . -, neither . nor ..";
  if (action === "deleted") return undefined;
  if (data === undefined) return "data: missing";
  const fault = faultOfFields(entity, "create", data);
  if (fault !== undefined) return `data: ${fault}`;
  return Object.hasOwn(data, "id") && data.id !== id ? "data: id: not that of the record" : undefined;
}

function refused(message: string): SettledDelivery {
  return { reply: refusal("invalid_request", message), replayed: false };
}
