/**
 * Owns the judging of real answers and frames by the contract's documents, for every test that gets some.
 * Refuses to know what an answer ought to say: only whether the documents allow it where it was given.
 */

import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import type { Json, JsonObject } from "../../base/canonical-json.ts";
import { asyncapiDocument } from "./asyncapi.ts";
import { openapiDocument } from "./openapi.ts";

type Headers = Readonly<Record<string, string | undefined>> | ReadonlyMap<string, string>;

interface ResponseSpec {
  readonly headers?: JsonObject;
  readonly content?: { readonly "application/json": { readonly schema: JsonObject } };
}

const OPENAPI = openapiDocument();
const ASYNCAPI = asyncapiDocument();
const DOCUMENTS = { openapi: OPENAPI, asyncapi: ASYNCAPI } as const;
type DocumentName = keyof typeof DOCUMENTS;

/** What may be said of calls that the documents do not have, or that are none: any refusal with a fitting code. */
const OFF_THE_MAP: ReadonlyMap<number, string> = new Map([
  [400, "invalid_request"],
  [401, "unauthorized"],
  [404, "not_found"],
  [405, "not_found"],
  [408, "invalid_request"],
  [413, "payload_too_large"],
  [429, "rate_limited"],
  [431, "invalid_request"],
  [503, "unavailable"],
]);
/** Below the calls: any request may end so. */
const BELOW_THE_CALLS: ReadonlySet<number> = new Set([408, 431]);

/** Codes that come with a time to wait, whatever the document can say of headers [API-7, IDM-2]. */
const WAITS: ReadonlySet<string> = new Set(["rate_limited", "unavailable", "in_flight"]);

const ajv = new Ajv2020({ strict: true, allErrors: true, allowUnionTypes: true });
ajv.addVocabulary(["components"]);
for (const [name, document] of Object.entries(DOCUMENTS)) {
  const { schemas } = document.components as JsonObject;
  ajv.addSchema({ $id: `contract:${name}`, components: { schemas } });
}
const compiled = new Map<string, ValidateFunction>();

/**
 * Throws when openapi.json does not allow this answer to this request: an unknown status, a body of another shape, a
 * missing or broken header. `path` may carry a query; `body` is the parsed JSON, undefined where there was none.
 */
export function checkAnswer(
  method: string,
  path: string,
  status: number,
  headers: Headers,
  body: unknown,
): void {
  const where = `${method} ${path} answered ${status}`;
  const template = findPath(path);
  const operation =
    template === undefined ? undefined : membersAt(OPENAPI, ["paths", template, method.toLowerCase()]);
  if (operation === undefined || BELOW_THE_CALLS.has(status)) {
    const code = OFF_THE_MAP.get(status);
    if (code === undefined)
      throw new Error(`${where}: openapi.json knows no such call, so it may only be refused`);
    checkSchema(where, "openapi", { $ref: "#/components/schemas/Error" }, body);
    if ((body as { error?: unknown }).error !== code) throw new Error(`${where}: body/error must be ${code}`);
    return;
  }
  const responses = operation.responses as JsonObject;
  const told = responses[String(status)];
  if (told === undefined) {
    throw new Error(`${where}: openapi.json knows ${Object.keys(responses).join(", ")} there`);
  }
  const response = resolved(told as JsonObject) as ResponseSpec;
  checkHeaders(where, response, headers, body);
  checkBody(where, response, headers, body);
}

/** Throws when asyncapi.json does not allow the proxy to send this frame on an event socket. */
export function checkFrame(frame: unknown): void {
  const type = (frame as { type?: unknown } | null)?.type;
  const messages = membersAt(ASYNCAPI, ["components", "messages"]) ?? {};
  const events = membersAt(ASYNCAPI, ["channels", "events", "messages"]) ?? {};
  const message = Object.keys(events)
    .map((id) => messages[id] as JsonObject)
    .find(({ name }) => name === type);
  if (message === undefined)
    throw new Error(`a frame of type ${JSON.stringify(type)}: asyncapi.json knows none`);
  checkSchema(`a ${type} frame`, "asyncapi", message.payload as JsonObject, frame);
}

function checkBody(where: string, { content }: ResponseSpec, headers: Headers, body: unknown): void {
  if (content === undefined) {
    if (body !== undefined && body !== null) throw new Error(`${where}: there must be no body`);
    return;
  }
  const type = headerOf(headers, "content-type");
  if (type?.split(";", 1)[0] !== "application/json") {
    throw new Error(`${where}: content-type must be application/json, not ${type}`);
  }
  checkSchema(where, "openapi", content["application/json"].schema, body);
}

function checkHeaders(where: string, spec: ResponseSpec, headers: Headers, body: unknown): void {
  const { error } = typeof body === "object" && body !== null ? (body as { error?: unknown }) : {};
  for (const [name, reference] of Object.entries(spec.headers ?? {})) {
    const { required, schema } = resolved(reference as JsonObject);
    const value = headerOf(headers, name);
    const isWait = name === "Retry-After" && typeof error === "string" && WAITS.has(error);
    if (value === undefined) {
      if (required || isWait) throw new Error(`${where}: header ${name} is missing`);
      continue;
    }
    const { type } = schema as { type?: unknown };
    const read = type === "integer" && /^-?\d+$/.test(value) ? Number(value) : value;
    checkSchema(`${where}: header ${name}`, "openapi", schema as JsonObject, read);
  }
}

function checkSchema(where: string, document: DocumentName, schema: JsonObject, value: unknown): void {
  const validate = compile(document, schema);
  if (validate(value)) return;
  const says = ajv.errorsText((validate.errors ?? []).slice(0, 8), { dataVar: "body", separator: "; " });
  throw new Error(`${where}: ${says}\n${JSON.stringify(value)?.slice(0, 2_000)}`);
}

function compile(document: DocumentName, schema: JsonObject): ValidateFunction {
  const key = document + JSON.stringify(schema);
  const known = compiled.get(key);
  if (known) return known;
  const validate = ajv.compile(absolute(document, schema) as JsonObject);
  compiled.set(key, validate);
  return validate;
}

/** References into the document, for a schema that is compiled apart from it. */
function absolute(document: DocumentName, value: Json): Json {
  if (Array.isArray(value)) return value.map((inner) => absolute(document, inner));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([member, inner]: [string, Json]) => [
      member,
      member === "$ref" && typeof inner === "string"
        ? `contract:${document}${inner}`
        : absolute(document, inner),
    ]),
  );
}

/** The path of the document that a request line means; a literal segment before a parameter. */
function findPath(target: string): string | undefined {
  const segments = (target.split("?", 1)[0] ?? "").split("/");
  return Object.keys(OPENAPI.paths as JsonObject).find((template) => {
    const parts = template.split("/");
    return (
      parts.length === segments.length &&
      parts.every((part, index) => (part.startsWith("{") ? segments[index] !== "" : part === segments[index]))
    );
  });
}

function resolved(spec: JsonObject): JsonObject {
  const { $ref } = spec;
  if (typeof $ref !== "string") return spec;
  return membersAt(OPENAPI, $ref.split("/").slice(1)) ?? spec;
}

function membersAt(document: JsonObject, steps: readonly string[]): JsonObject | undefined {
  return steps.reduce<JsonObject | undefined>((at, step) => at?.[step] as JsonObject | undefined, document);
}

function headerOf(headers: Headers, name: string): string | undefined {
  const lower = name.toLowerCase();
  if (headers instanceof Map) return headers.get(lower);
  return Object.entries(headers).find(([own]) => own.toLowerCase() === lower)?.[1];
}
