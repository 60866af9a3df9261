/**
 * Owns the proof that what stands at the border of a live reference can be judged: tokens that end by themselves, rates
 * that are met, and faults that are planted in the border itself.
 */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { ConformanceReport } from "../report/conformance-result.ts";
import { type LiveReference, startReference } from "./conformance.fixture.ts";
import { Outside, runFake } from "./outside.fixture.ts";

let io: Outside;
let target: LiveReference | undefined;

beforeEach(() => {
  io = new Outside();
});
afterEach(async () => {
  await target?.close();
  target = undefined;
  io.remove();
});

async function verdictOf(rule: string, ...words: readonly string[]) {
  const url = target?.url ?? "";
  const asked = ["--seed", "1", "--rule", rule, "--level", "should", "--json", "-"];
  const code = await runFake(["conformance", url, ...asked, ...words], io);
  const report = JSON.parse(io.stdout.text) as ConformanceReport;
  return { code, rule: report.rules.find(({ id }) => id === rule) };
}

test("[SEC-5] a token that ends during the run: its socket is closed then", async () => {
  const at = new Date(Date.now() + 4_000).toISOString();
  const tokens = { "tok-a": "a", "tok-b": "b", short: { account: "a", expires: at } };
  target = await startReference({ settings: { tokens } });
  writeFileSync(join(io.cwd, "p.yaml"), `expiring: { token: short, at: "${at}" }\n`);
  expect(await verdictOf("SEC-5", "--profile", "p.yaml")).toMatchObject({
    code: 0,
    rule: { verdict: "satisfied" },
  });
});

test("[SEC-5] without such a token it is not exercised, and the report says what would", async () => {
  target = await startReference();
  const { code, rule } = await verdictOf("SEC-5");
  expect(code).toBe(5);
  expect(rule).toMatchObject({ verdict: "not exercised", reason: expect.stringContaining("needs expiring") });
});

test("[API-7] a rate limit that is met is exercised, and obeyed", async () => {
  target = await startReference({ settings: { limits: { requestsPerSecondMax: 10 } } });
  // Two seconds' worth may come at once: a short run meets the limit, however slow the machine is.
  writeFileSync(join(io.cwd, "p.yaml"), "limits: { requestsMax: 70 }\n");
  const { rule } = await verdictOf("API-7", "--profile", "p.yaml");
  expect(rule).toMatchObject({ verdict: "satisfied" });
});

test("[API-7] one that asks to be left alone for a day is lost, and is not asked on", async () => {
  target = await startReference({ fault: "come-back-tomorrow" });
  expect(await runFake(["conformance", target.url, "--seed", "1", "--quiet"], io)).toBe(3);
  expect(io.stderr.text).toMatch(/asks to be left alone for 24 h \(Retry-After\): run again after that/);
});

test.each([
  ["etag-made-weak", "REV-10"],
  ["body-limit-one-more", "API-3"],
  ["socket-without-token", "SEC-1"],
  ["batch-tells-its-last", "EVT-1"],
])(
  "a fault of the border, or between an answer and its events, acts live: %s under %s",
  async (fault, rule) => {
    target = await startReference({ fault, settings: { limits: { bodyBytesMax: 65_536 } } });
    const { code, rule: judged } = await verdictOf(rule, "--fail-fast");
    expect(code).toBe(1);
    expect(judged).toMatchObject({ verdict: "violated" });
  },
);
