/**
 * Owns openapi.json and asyncapi.json at the root, and scenarios/scenario.schema.json: written from the schemas that
 * judge at run time.
 * Refuses to know what is in them. Run it by `npm run contract` after a change of the protocol or of what scenarios
 * may say; tests tell when it is due.
 */

import { readFileSync, writeFileSync } from "node:fs";
import { scenarioSchema } from "../src/cli/scenario-schema.ts";
import { asyncapiDocument } from "../src/protocol/contract/asyncapi.ts";
import { openapiDocument } from "../src/protocol/contract/openapi.ts";

const GUIDE = readFileSync(new URL("../docs/writing-scenarios.md", import.meta.url), "utf8");
const DOCUMENTS = {
  "openapi.json": openapiDocument(),
  "asyncapi.json": asyncapiDocument(),
  "scenarios/scenario.schema.json": scenarioSchema(GUIDE),
};

for (const [name, document] of Object.entries(DOCUMENTS)) {
  writeFileSync(new URL(`../${name}`, import.meta.url), `${JSON.stringify(document, null, 2)}\n`);
  console.log(`${name} written`);
}
