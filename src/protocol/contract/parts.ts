/**
 * Owns what calls share in the OpenAPI document: parameters, headers of answers, and refusals with their codes.
 * Refuses to know the calls.
 */

import type { Json, JsonObject } from "../../base/canonical-json.ts";
import { COLLECTIONS } from "../entity.ts";
import { ERRORS, type ErrorCode } from "../errors.ts";
import { schemaRef } from "./schemas.ts";

const TEXT: JsonObject = { type: "string" };

function parameter(
  where: "path" | "query" | "header",
  name: string,
  description: string,
  schema: JsonObject = TEXT,
  more: JsonObject = {},
): JsonObject {
  return { name, in: where, required: where === "path", description, schema, ...more };
}

const REQUIRED: JsonObject = { required: true };

export const PARAMETERS = {
  id: parameter("path", "id", "The record [API-1]. One of another account is as one that never was [SEC-2]."),
  limit: parameter(
    "query",
    "limit",
    "At most so many a page; above the maximum it is clamped [API-2, DLT-4].",
    { type: "integer", minimum: 1 },
  ),
  cursor: parameter(
    "query",
    "cursor",
    "`nextCursor` of the page before. It belongs to its account and to its other parameters [API-4, DLT-12].",
  ),
  since: parameter(
    "query",
    "since",
    "The revision that the caller is at, itself not included [DLT-1]. Absent: the whole account [DLT-8].",
    schemaRef("Revision"),
  ),
  entities: parameter(
    "query",
    "entities",
    "Collections, separated by commas; none named means all [EVT-4, DLT-3].",
    { type: "array", items: { type: "string", enum: COLLECTIONS } },
    { style: "form", explode: false },
  ),
  ifMatch: parameter(
    "header",
    "If-Match",
    "The revision on which the edit is based, quoted or bare; `*` is any live record, a weak tag never matches [CON-1, CON-6, CON-7].",
    { type: "string", examples: ['"rev_1704067200_00abc1"', "*"] },
  ),
  ifNoneMatch: parameter(
    "header",
    "If-None-Match",
    "The revision that the caller has: 304 while it stands [API-8].",
  ),
  idempotencyKey: parameter(
    "header",
    "Idempotency-Key",
    "The same mutation again, with the same key, has one effect and gets the same answer [IDM-1, QUE-4].",
    schemaRef("IdempotencyKey"),
  ),
  deviceId: parameter(
    "header",
    "X-Device-Id",
    "Who makes the change: it is not pushed to [PSH-2].",
    schemaRef("DeviceId"),
  ),
  deviceIdRequired: parameter(
    "header",
    "X-Device-Id",
    "The device that is meant [PSH-3].",
    schemaRef("DeviceId"),
    REQUIRED,
  ),
  mutationTimestamp: parameter(
    "header",
    "X-Mutation-Timestamp",
    "When the edit was made, on the device's clock: epoch milliseconds. Absent: the receive time [MRG-2, MRG-4].",
    { type: "integer", minimum: 0 },
  ),
  lastRevisionId: parameter(
    "query",
    "lastRevisionId",
    "Replay what came after this revision [EVT-5]. One that cannot be replayed from is told so on the socket [EVT-8].",
  ),
  deviceIdQuery: parameter("query", "deviceId", "Where a header cannot be sent.", schemaRef("DeviceId")),
  webhookId: parameter("header", "webhook-id", "The same again has one effect [WHK-3].", TEXT, REQUIRED),
  webhookTimestamp: parameter(
    "header",
    "webhook-timestamp",
    "Epoch seconds, at most 5 minutes off [WHK-2].",
    { type: "integer", minimum: 0 },
    REQUIRED,
  ),
  webhookSignature: parameter(
    "header",
    "webhook-signature",
    "Standard Webhooks: `v1,` and base64 HMAC-SHA256 of `id.timestamp.body`; of several, separated by spaces, any may match [WHK-2].",
    { type: "string", examples: ["v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4="] },
    REQUIRED,
  ),
} as const satisfies Readonly<Record<string, JsonObject>>;
export type ParameterName = keyof typeof PARAMETERS;

export const HEADERS = {
  etag: {
    description: "The record's revision, quoted [REV-10].",
    schema: { type: "string", pattern: '^"rev_[0-9]{10}_[0-9a-z]{6,}"$' },
  },
  location: {
    description: "Where the new record is.",
    required: true,
    schema: { type: "string", pattern: "^/api/(contacts|tasks|lists)/[A-Za-z0-9_.-]{1,128}$" },
  },
  retryAfter: {
    description: "Whole seconds [API-7].",
    required: true,
    schema: { type: "integer", minimum: 0 },
  },
  retryAfterInFlight: {
    description: "Whole seconds; with `in_flight` [IDM-2].",
    schema: { type: "integer", minimum: 0 },
  },
  replayed: {
    description: "This answer was given before [IDM-8].",
    schema: { type: "string", enum: ["true"] },
  },
} as const satisfies Readonly<Record<string, JsonObject>>;
export type HeaderName = keyof typeof HEADERS;

/** As they are called on the wire. */
const HEADER_NAMES: Readonly<Record<HeaderName, string>> = {
  etag: "ETag",
  location: "Location",
  retryAfter: "Retry-After",
  retryAfterInFlight: "Retry-After",
  replayed: "Idempotency-Replayed",
};

interface Refusal {
  readonly codes: readonly ErrorCode[];
  readonly headers?: readonly HeaderName[];
  readonly rules: string;
}

/** One kind of refusal each: a status, with the codes that a call may give it. */
const REFUSALS = {
  InvalidRequest: { codes: ["invalid_request"], rules: "API-2" },
  InvalidRevision: { codes: ["invalid_request", "invalid_revision"], rules: "API-2, CON-6, DLT-9" },
  Unauthorized: { codes: ["unauthorized"], rules: "SEC-1" },
  BadSignature: { codes: ["unauthorized"], rules: "WHK-2" },
  NotFound: { codes: ["not_found"], rules: "SEC-2, CON-7, CON-8" },
  AlreadyExists: {
    codes: ["already_exists", "in_flight"],
    headers: ["retryAfterInFlight", "replayed"],
    rules: "CON-9, IDM-2",
  },
  Conflict: {
    codes: ["conflict", "in_flight"],
    headers: ["retryAfterInFlight", "replayed"],
    rules: "CON-2, CON-4, CON-8, CON-11, MRG-1, MRG-3, IDM-2",
  },
  RevisionExpired: { codes: ["revision_expired"], rules: "DLT-9, DLT-12" },
  PayloadTooLarge: { codes: ["payload_too_large"], rules: "API-3" },
  BatchTooLarge: { codes: ["payload_too_large", "batch_too_large"], rules: "API-3, BAT-6" },
  KeyReused: { codes: ["idempotency_key_reused"], rules: "IDM-3" },
  PreconditionRequired: { codes: ["precondition_required"], rules: "CON-7" },
  RateLimited: { codes: ["rate_limited"], headers: ["retryAfter"], rules: "API-7" },
  Unavailable: { codes: ["unavailable"], headers: ["retryAfter"], rules: "API-7" },
} as const satisfies Readonly<Record<string, Refusal>>;
export type RefusalName = keyof typeof REFUSALS;

/** The status of a refusal: that of its codes. */
export function statusOfRefusal(name: RefusalName): number {
  return ERRORS[REFUSALS[name].codes[0]].status;
}

/** `components.responses`. */
export function refusalResponses(): JsonObject {
  return Object.fromEntries(
    Object.entries(REFUSALS).map(([name, refusal]: [string, Refusal]) => {
      const { codes, headers = [], rules } = refusal;
      const meanings = codes.map((code) => `\`${code}\`: ${ERRORS[code].meaning}.`);
      return [
        name,
        {
          description: `${meanings.join(" ")} [${rules}]`,
          ...headersOf(headers),
          content: jsonContent(bodyOfCodes(codes)),
        },
      ] as const;
    }),
  );
}

/** `headers` of a response; nothing when there are none. */
export function headersOf(names: readonly HeaderName[]): JsonObject {
  if (names.length === 0) return {};
  return {
    headers: Object.fromEntries(
      names.map((name) => [HEADER_NAMES[name], { $ref: `#/components/headers/${name}` }]),
    ),
  };
}

export function jsonContent(schema: JsonObject): JsonObject {
  return { "application/json": { schema } };
}

/** Codes that carry more than an error have a shape of their own. */
function shapeOfCode(code: ErrorCode): string {
  switch (code) {
    case "conflict":
    case "already_exists":
      return "Conflict";
    case "revision_expired":
      return "RevisionExpired";
    default:
      return "Error";
  }
}

function bodyOfCodes(codes: readonly ErrorCode[]): JsonObject {
  const byShape = new Map<string, ErrorCode[]>();
  for (const code of codes) {
    const shape = shapeOfCode(code);
    byShape.set(shape, [...(byShape.get(shape) ?? []), code]);
  }
  const bodies: Json[] = [...byShape].map(([shape, shaped]) => ({
    allOf: [schemaRef(shape), { type: "object", properties: { error: { enum: shaped } } }],
  }));
  return bodies.length === 1 ? (bodies[0] as JsonObject) : { oneOf: bodies };
}
