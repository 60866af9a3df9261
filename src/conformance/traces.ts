/**
 * Owns the reading of requests for what they may leave behind on a target: records and push registrations, by name
 * before they leave, and by answer where the target makes the name.
 * Refuses to delete anything: it only says what would have to be.
 */

import { assertNever } from "../base/assert.ts";
import { COLLECTION_OF, ENTITIES, type Entity } from "../protocol/entity.ts";
import { type Loose, listOf, looseOf, textOf } from "./reply.ts";
import type { HttpRequest, Outcome } from "./target.ts";

/** Which of the accounts, in their order; undefined: a token that is nobody's, so that it may be of any. */
type AccountIndex = number | undefined;

/** One thing that a run made, or may have made. */
export type Trace =
  | { readonly trace: "record"; readonly account: AccountIndex; readonly entity: Entity; readonly id: string }
  | { readonly trace: "registration"; readonly account: AccountIndex; readonly deviceId: string }
  | CreateTrace;

/**
 * A create under a name that is not the run's own, or that the target is to choose. Until it is answered nobody knows
 * whether there is such a record; a text in it that begins with the run's prefix tells it from another's.
 */
export interface CreateTrace {
  readonly trace: "create";
  readonly account: number;
  readonly entity: Entity;
  /** undefined: the target's to choose. */
  readonly id?: string;
  readonly field: string;
  readonly text: string;
}

/** Who is who, as requests name them. */
export interface Signs {
  /** The bearer tokens of the accounts, in their order: two, or those of a live fleet. */
  readonly tokens: readonly string[];
  /** Names of both accounts in webhooks. */
  readonly webhookAccounts?: readonly [string, string] | undefined;
  /** What every id of the run begins with. */
  readonly prefix: string;
}

/** What a request may make, known before it leaves. */
export function tracesSent(request: HttpRequest, signs: Signs): readonly Trace[] {
  const named = namedIn(request, signs).filter((trace) => trace.trace !== "record" || isOwn(trace.id, signs));
  return [...named, ...createsIn(request, signs)];
}

/** Creates under other names than the run's, as far as a text in them is the run's. */
function createsIn(request: HttpRequest, signs: Signs): readonly CreateTrace[] {
  const account = accountOf(request, signs);
  if (request.method !== "POST" || account === undefined) return [];
  const create = (entity: Entity | undefined, fields: Loose): readonly CreateTrace[] => {
    const { id } = fields;
    if (entity === undefined || (typeof id === "string" && isOwn(id, signs))) return [];
    const own = Object.entries(fields).find(
      ([name, value]) => name !== "id" && typeof value === "string" && isOwn(value, signs),
    );
    if (own === undefined) return [];
    const [field, text] = own as [string, string];
    return [{ trace: "create", account, entity, ...(typeof id === "string" ? { id } : {}), field, text }];
  };
  if (pathOf(request) !== BATCH) return create(entityAt(request), looseOf(bodyOf(request)));
  return listOf(looseOf(bodyOf(request)).mutations)
    .map(looseOf)
    .flatMap(({ operation, entity, payload }) =>
      operation === "create" ? create(entityNamed(entity), looseOf(payload)) : [],
    );
}

/** What an answer shows to have been made under names that are not the run's own. */
export function tracesAnswered(request: HttpRequest, outcome: Outcome, signs: Signs): readonly Trace[] {
  if (outcome.outcome !== "answered" || request.method !== "POST") return [];
  const { status, json } = outcome.answer;
  const account = accountOf(request, signs);
  const foreign = (entity: Entity | undefined, id: unknown): readonly Trace[] =>
    entity === undefined || typeof id !== "string" || id === "" || isOwn(id, signs)
      ? []
      : [{ trace: "record", account, entity, id }];
  if (pathOf(request) === BATCH) {
    const mutations = listOf(looseOf(bodyOf(request)).mutations).map(looseOf);
    return listOf(looseOf(json).results)
      .map(looseOf)
      .flatMap((result, at) =>
        result.status === 201 && mutations[at]?.operation === "create"
          ? foreign(entityNamed(mutations[at]?.entity), looseOf(result.data).id)
          : [],
      );
  }
  if (status < 200 || status > 299) return [];
  return foreign(entityAt(request), looseOf(looseOf(json).data).id);
}

/** What an answer shows to be gone again. */
export function tracesEnded(request: HttpRequest, outcome: Outcome, signs: Signs): readonly Trace[] {
  if (outcome.outcome !== "answered" || request.method !== "DELETE") return [];
  // The answer to a key may be that of a delete long past; the thing may have been made again since.
  if (request.headers["idempotency-key"] !== undefined) return [];
  return outcome.answer.status === 200 ? namedIn(request, signs) : [];
}

/** The name of a trace, the same for the same thing. */
export function nameOfTrace(trace: Trace): string {
  const account = trace.account ?? "?";
  switch (trace.trace) {
    case "record":
      return `${account} ${trace.entity} ${trace.id}`;
    case "registration":
      return `${account} registration ${trace.deviceId}`;
    case "create":
      return `${account} create ${trace.entity} ${trace.id ?? "?"} ${trace.text}`;
    default:
      return assertNever(trace);
  }
}

const BATCH = "/api/sync/batch";
const REGISTER = "/api/push/register";
const WEBHOOK = "/api/webhooks/zeke";

function namedIn(request: HttpRequest, signs: Signs): readonly Exclude<Trace, CreateTrace>[] {
  if (request.method === "GET") return [];
  const account = accountOf(request, signs);
  const path = pathOf(request);
  const record = (entity: Entity | undefined, id: unknown): readonly Exclude<Trace, CreateTrace>[] =>
    entity === undefined || typeof id !== "string" || id === ""
      ? []
      : [{ trace: "record", account, entity, id }];
  if (path === REGISTER) {
    const deviceId = request.headers["x-device-id"];
    return deviceId === undefined ? [] : [{ trace: "registration", account, deviceId }];
  }
  if (path === BATCH)
    return listOf(looseOf(bodyOf(request)).mutations)
      .map(looseOf)
      .flatMap(({ entity, payload, recordId }) =>
        record(entityNamed(entity), textOf(looseOf(payload).id) ?? recordId),
      );
  if (path === WEBHOOK) {
    const { account: named, entity, id } = looseOf(bodyOf(request));
    const at = signs.webhookAccounts?.indexOf(String(named)) ?? -1;
    return record(entityNamed(entity), id).map((trace) => ({
      ...trace,
      account: at === 0 || at === 1 ? at : undefined,
    }));
  }
  const entity = entityAt(request);
  const [, id] = path.split("/").slice(2);
  return record(entity, id === undefined ? looseOf(bodyOf(request)).id : decoded(id));
}

function isOwn(id: string, { prefix }: Signs): boolean {
  return id.startsWith(prefix);
}

function accountOf({ headers }: HttpRequest, { tokens }: Signs): AccountIndex {
  const bearer = /^bearer (.+)$/i.exec(headers.authorization ?? "")?.[1];
  return bearer === undefined ? undefined : placesOf(tokens).get(bearer);
}

const places = new WeakMap<readonly string[], ReadonlyMap<string, number>>();

/** A live fleet has thousands of tokens: they are looked up, not searched. */
function placesOf(tokens: readonly string[]): ReadonlyMap<string, number> {
  const known = places.get(tokens);
  if (known !== undefined) return known;
  const made = new Map(tokens.map((token, at) => [token, at]));
  places.set(tokens, made);
  return made;
}

function pathOf({ path }: HttpRequest): string {
  return path.split("?")[0] ?? path;
}

function entityAt(request: HttpRequest): Entity | undefined {
  const [api, collection] = pathOf(request).split("/").slice(1);
  return api === "api" ? ENTITIES.find((one) => COLLECTION_OF[one] === collection) : undefined;
}

function entityNamed(name: unknown): Entity | undefined {
  return ENTITIES.find((one) => one === name);
}

function bodyOf({ body }: HttpRequest): unknown {
  try {
    return body === undefined ? undefined : (JSON.parse(body) as unknown);
  } catch {
    return undefined;
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
