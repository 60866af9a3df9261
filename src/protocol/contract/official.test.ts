/**
 * Holds both documents to the official schemas of their formats. These come as packages for tests only; without them
 * the tests are skipped, and say so.
 */

import { createRequire } from "node:module";
import { Ajv } from "ajv";
import { Ajv2020 } from "ajv/dist/2020.js";
import formats from "ajv-formats";
import { describe, expect, test } from "vitest";
import type { JsonObject } from "../../base/canonical-json.ts";
import { asyncapiDocument } from "./asyncapi.ts";
import { openapiDocument } from "./openapi.ts";

const require = createRequire(import.meta.url);
const OPENAPI = "@seriousme/openapi-schema-validator/schemas/v3.1/schema.json";
const ASYNCAPI = "@asyncapi/specs/schemas/3.0.0.json";

function isInstalled(name: string): boolean {
  try {
    require.resolve(name);
    return true;
  } catch {
    return false;
  }
}

const addFormats = formats as unknown as (ajv: Ajv) => void;

describe.skipIf(!isInstalled(OPENAPI))("OpenAPI 3.1", () => {
  const ajv = new Ajv2020({ strict: false, formats: { "media-range": true } });
  addFormats(ajv);
  const isValid = (document: JsonObject) => {
    const validate = ajv.getSchema("oas") ?? ajv.addSchema(require(OPENAPI), "oas").getSchema("oas");
    return validate?.(document);
  };

  test("openapi.json is one", () => expect(isValid(openapiDocument())).toBe(true));

  test.each<[string, JsonObject]>([
    ["an operation without responses", { paths: { "/x": { get: { responses: 1 } } } }],
    [
      "a parameter that is nowhere",
      { paths: { "/x": { get: { parameters: [{ name: "a", in: "soul" }] } } } },
    ],
    ["another version", { openapi: "3.2.0" }],
  ])("%s is refused", (_, change) => {
    expect(isValid({ ...openapiDocument(), ...change })).toBe(false);
  });
});

describe.skipIf(!isInstalled(ASYNCAPI))("AsyncAPI 3.0", () => {
  // The schema brings the draft that it is written in along.
  const ajv = new Ajv({ strict: false, meta: false, validateSchema: false });
  addFormats(ajv);
  const isValid = (document: JsonObject) => {
    const validate = ajv.getSchema("aas") ?? ajv.addSchema(require(ASYNCAPI), "aas").getSchema("aas");
    return validate?.(document);
  };

  test("asyncapi.json is one", () => expect(isValid(asyncapiDocument())).toBe(true));

  test.each<[string, JsonObject]>([
    ["a channel of an unknown kind", { channels: { events: { bogus: 1 } } }],
    [
      "an operation that does neither",
      { operations: { shout: { action: "shout", channel: { $ref: "#/channels/events" } } } },
    ],
    ["another version", { asyncapi: "2.6.0" }],
  ])("%s is refused", (_, change) => {
    expect(isValid({ ...asyncapiDocument(), ...change })).toBe(false);
  });
});
