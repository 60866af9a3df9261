/**
 * Owns the proof, at the engine alone, of section 9 as far as it is the proxy's: DLT.
 */

import { expect, test } from "vitest";
import { declareDeltaRules } from "./delta.suite.fixture.ts";
import { Desk, errorOf } from "./desk.fixture.ts";
import { ENGINE_DESKS } from "./engine-desk.fixture.ts";

declareDeltaRules(ENGINE_DESKS);

test("[DLT-3] an entity without a name, which no query can say alone, is 400", () => {
  const desk = new Desk();
  expect(errorOf(desk.changes({ entities: [""] }))).toBe("invalid_request");
});
