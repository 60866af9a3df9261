/**
 * Owns the OpenAPI 3.1 document: the calls of the protocol for tools that read such documents.
 * Refuses to know the calls by itself: they stand in calls.ts, their bodies in shapes.ts.
 */

import type { Json, JsonObject } from "../../base/canonical-json.ts";
import { PROTOCOL_VERSION } from "../messages.ts";
import type { RuleFamily } from "../rules/rule.ts";
import { CALLS, type CallSpec, EVERY_CALL } from "./calls.ts";
import {
  HEADERS,
  headersOf,
  jsonContent,
  PARAMETERS,
  type RefusalName,
  refusalResponses,
  statusOfRefusal,
} from "./parts.ts";
import { reachableSchemas } from "./reach.ts";
import { withRules } from "./rule-list.ts";
import { schemaRef } from "./schemas.ts";

/** The document, the same at every call, its members always in the same order. */
export function openapiDocument(): JsonObject {
  const paths = pathsOf(CALLS);
  const responses = refusalResponses();
  return {
    openapi: "3.1.1",
    info: {
      title: "ZEKE sync protocol",
      version: PROTOCOL_VERSION,
      summary: "Offline-first sync between the ZEKE mobile app and its proxy.",
      description: INTRODUCTION,
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [{ url: "/", description: "Wherever the proxy is mounted." }],
    security: [{ bearer: [] }],
    tags: TAGS.map(([name, description, families]) => ({
      name,
      description: withRules(description, families, ["P", "R"]),
    })),
    paths,
    components: {
      schemas: reachableSchemas({ paths, responses, PARAMETERS }),
      responses,
      parameters: PARAMETERS,
      headers: HEADERS,
      securitySchemes: {
        bearer: { type: "http", scheme: "bearer", description: "One token belongs to one account [SEC-1]." },
      },
    },
  };
}

const INTRODUCTION = `Version ${PROTOCOL_VERSION}. Names in brackets are rules of docs/protocol.md, which says it all; \
this says it to tools. Whom a call does not reach at all, because what came is not HTTP, has headers that are too long, \
or never ends, is answered 400, 431 or 408 with the error shape.`;

const TAGS: readonly (readonly [name: string, description: string, families: readonly RuleFamily[]])[] = [
  [
    "records",
    "Sections 3, 5 and 6: records, conflicts, idempotency.",
    ["REV", "API", "SEC", "CON", "MRG", "FLG", "IDM"],
  ],
  ["sync", "Sections 4, 6 and 9: events, batches, deltas.", ["EVT", "BAT", "DLT"]],
  ["push", "Section 8: who is woken by which changes.", ["PSH"]],
  ["webhooks", "Section 10: changes that the ZEKE backend makes.", ["WHK"]],
];

function pathsOf(calls: readonly CallSpec[]): JsonObject {
  const paths = new Map<string, [string, Json][]>();
  for (const call of calls) {
    const methods = paths.get(call.path) ?? [];
    methods.push([call.method, operationOf(call)]);
    paths.set(call.path, methods);
  }
  return Object.fromEntries([...paths].map(([path, methods]) => [path, Object.fromEntries(methods)]));
}

function operationOf(call: CallSpec): JsonObject {
  const { operationId, tag, summary, rules, parameters, body, signed } = call;
  return {
    operationId,
    tags: [tag],
    summary,
    description: `Rules: ${rules.join(", ")}.`,
    ...(signed ? { security: [] } : undefined),
    ...(parameters.length === 0
      ? undefined
      : { parameters: parameters.map((name) => ({ $ref: `#/components/parameters/${name}` })) }),
    ...(body === undefined
      ? undefined
      : { requestBody: { required: true, content: jsonContent(schemaRef(body)) } }),
    responses: responsesOf(call),
  };
}

/** By status, ascending. A call's own refusal stands for the common one of its status. */
function responsesOf(call: CallSpec): JsonObject {
  const byStatus = new Map<number, JsonObject>();
  for (const { status, description, shape, headers = [] } of call.answers) {
    const content = shape === undefined ? undefined : { content: jsonContent(schemaRef(shape)) };
    byStatus.set(status, { description, ...headersOf(headers), ...content });
  }
  const refuse = (name: RefusalName): void =>
    void byStatus.set(statusOfRefusal(name), { $ref: `#/components/responses/${name}` });
  EVERY_CALL.forEach(refuse);
  call.refusals.forEach(refuse);
  return Object.fromEntries(
    [...byStatus].sort(([left], [right]) => left - right).map(([status, told]) => [String(status), told]),
  );
}
