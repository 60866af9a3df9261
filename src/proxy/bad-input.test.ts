/**
 * Owns the proof, at the engine alone, that bad input is refused and leaves no trace (API-2, API-3); also such as no
 * HTTP client can say.
 */

import { test } from "vitest";
import { declareBadInputRules } from "./bad-input.suite.fixture.ts";
import { Counter } from "./counter.fixture.ts";
import { ENGINE_DESKS } from "./engine-desk.fixture.ts";

declareBadInputRules(ENGINE_DESKS);

test("[API-2] a path that is none, and a method that nobody knows", async () => {
  const http = new Counter(await ENGINE_DESKS.create());
  for (const path of ["x", ""]) {
    for (const method of ["GET", "POST", "PATCH", "DELETE"]) await http.refused([404], method, path, "{}");
  }
  await http.refused([404, 405], "BREW", "/api/tasks", "{}");
});
