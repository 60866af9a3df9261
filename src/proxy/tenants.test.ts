/**
 * Owns the proof, at the engine alone, that accounts are apart, and of what errors show: SEC; also for calls such as
 * no HTTP client can make.
 */

import { test } from "vitest";
import { Counter } from "./counter.fixture.ts";
import { ENGINE_DESKS } from "./engine-desk.fixture.ts";
import { declareAnyCallRule, declareTenantRules } from "./tenants.suite.fixture.ts";

declareTenantRules(ENGINE_DESKS);
declareAnyCallRule(ENGINE_DESKS, { path: (text) => text, header: (text) => text });

test("[SEC-1] 401 comes before a method that nobody knows", async () => {
  const http = new Counter(await ENGINE_DESKS.create());
  for (const authorization of ["", "Bearer nope"]) {
    await http.refused([401], "BREW", "/", "{", { authorization });
  }
});
