/**
 * Owns openapi.json and asyncapi.json at the root: written from the schemas that judge at run time.
 * Refuses to know what is in them. Run it by `npm run contract` after a change of the protocol; a test tells when it is due.
 */

import { writeFileSync } from "node:fs";
import { asyncapiDocument } from "../src/protocol/contract/asyncapi.ts";
import { openapiDocument } from "../src/protocol/contract/openapi.ts";

const DOCUMENTS = { "openapi.json": openapiDocument(), "asyncapi.json": asyncapiDocument() };

for (const [name, document] of Object.entries(DOCUMENTS)) {
  writeFileSync(new URL(`../${name}`, import.meta.url), `${JSON.stringify(document, null, 2)}\n`);
  console.log(`${name} written`);
}
