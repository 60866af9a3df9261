/**
 * Owns the proof of profiles and baselines as files: what of the example is read, and what is said of a wrong one,
 * with its line and column.
 */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { correctionsOf, isLocal, renamedPaths, requestsPerSecondOf } from "../conformance/profile.ts";
import { Outside, runFake } from "./outside.fixture.ts";
import { readBaseline, readProfile } from "./profile-file.ts";

let io: Outside;
beforeEach(() => {
  io = new Outside();
});
afterEach(() => io.remove());

function profileOf(text: string) {
  writeFileSync(join(io.cwd, "p.yaml"), text);
  return readProfile("p.yaml", io);
}

/** The one of docs/cli.md. */
const EXAMPLE = `target:
  baseUrl: https://staging.example.com
  paths: { events: /ws }
  headers: { x-tenant: qa }
accounts:
  - { name: a, token: "\${ZEKE_TOKEN_A}" }
  - { name: b, token: "\${ZEKE_TOKEN_B}" }
entities:
  contact: { collection: people, strategy: server_authoritative, tag: notes }
phases: [1, 2, 3]
revisions: { pattern: "^rev_", order: ascii }
limits: { requestsPerSecond: 50, concurrency: 8, requestsMax: 20000 }
push: { sinkPort: 8089 }
webhooks: { secret: "\${ZEKE_WEBHOOK_SECRET}" }
expiredRevision: rev_0000000001_000000
`;

describe("a profile", () => {
  test("is read with what the environment puts into it", () => {
    io.env.ZEKE_TOKEN_A = "secret-a";
    io.env.ZEKE_TOKEN_B = "secret-b";
    io.env.ZEKE_WEBHOOK_SECRET = "whsec_c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0";
    const { profile, secrets } = profileOf(EXAMPLE);
    expect(profile.accounts.map(({ token }) => token)).toEqual(["secret-a", "secret-b"]);
    expect(profile.limits).toEqual({
      requestsPerSecond: 50,
      concurrency: 8,
      requestsMax: 20_000,
      timeoutSeconds: 10,
    });
    expect(new Set(secrets)).toEqual(new Set(["secret-a", "secret-b", io.env.ZEKE_WEBHOOK_SECRET]));
    expect(Object.fromEntries(renamedPaths(profile))).toEqual({
      "/api/contacts": "/api/people",
      "/api/sync/events": "/ws",
    });
    expect(correctionsOf(profile)).toEqual({
      phases: [1, 2, 3],
      entities: [{ entity: "contact", collection: "people", strategy: "server_authoritative" }],
    });
  });

  test("without a file has the accounts and paths of the protocol, and goes gently with strangers", () => {
    const { profile } = readProfile(undefined, io);
    expect(profile.accounts.map(({ token }) => token)).toEqual(["tok-a", "tok-b"]);
    expect(renamedPaths(profile).size).toBe(0);
    expect(requestsPerSecondOf(profile, "http://127.0.0.1:8080")).toBe(1_000);
    expect(requestsPerSecondOf(profile, "https://127.0.0.1.example.com")).toBe(50);
    expect(["http://localhost:1", "https://[::1]/x", "http://127.0.0.1"].map(isLocal)).not.toContain(false);
    expect(["http://localhost.example.com", "http://127.example.com"].map(isLocal)).not.toContain(true);
  });

  test.each([
    [
      `accounts:\n  - { name: a, token: "\${NOT_SET}" }\n`,
      "p.yaml:2:23: accounts.0.token: the environment has no NOT_SET",
    ],
    [
      "target:\n  baseUrl: staging\n",
      "p.yaml:2:12: target.baseUrl: an address is written https://host/path, without ? and #",
    ],
    [
      "limits:\n  requestPerSecond: 5\n",
      'p.yaml:2:3: there is no key "requestPerSecond" in limits; did you mean requestsPerSecond?',
    ],
    ["phases: [1, 6]\n", "p.yaml:1:13: phases.1: "],
    [
      "target:\n  paths: { event: /ws }\n",
      'p.yaml:2:12: there is no key "event" in target.paths; did you mean events?',
    ],
    [
      "accounts:\n  - { name: a, token: same }\n  - { name: b, token: same }\n",
      "p.yaml:2:3: accounts: both have the same token",
    ],
    ['revisions: { pattern: "(" }\n', "p.yaml:1:23: revisions.pattern: not a regular expression"],
    ["phases: [1\n", "p.yaml:2:1: "],
  ])("%j is told with its place", async (text, message) => {
    writeFileSync(join(io.cwd, "p.yaml"), text);
    expect(await runFake(["conformance", "http://127.0.0.1:1", "--profile", "p.yaml"], io)).toBe(2);
    expect(io.stderr.text).toContain(message);
    expect(io.stderr.text).not.toContain(" at ");
  });
});

describe("a baseline", () => {
  test("is read, and a wrong one is told with its place", () => {
    writeFileSync(join(io.cwd, "b.yaml"), "CON-4: { reason: old, owner: us, until: 2026-12-31 }\n");
    expect(readBaseline("b.yaml", io.cwd)).toEqual({
      "CON-4": { reason: "old", owner: "us", until: "2026-12-31" },
    });
    writeFileSync(join(io.cwd, "b.yaml"), "CON-4:\n  reason: old\n  until: soon\n");
    expect(() => readBaseline("b.yaml", io.cwd)).toThrow(
      /b\.yaml:2:3: CON-4\.owner: .*\n.*b\.yaml:3:10: CON-4\.until: a day is written/s,
    );
  });
});

describe("wrong usage", () => {
  test.each([
    [["conformance"], /no target: give its address, or target\.baseUrl in a profile/],
    [["conformance", "ftp://x"], /an address is written http:\/\/host:port/],
    [["conformance", "http://x", "--phase", "0-3"], /--phase 0-3: phases are written 2, 1-3 or 1,2,5/],
    [["conformance", "http://x", "--rule", "COM-*"], /--rule COM-\*: there is no such rule/],
    [["conformance", "http://x", "--rule", "QUE-1"], /a rule of side D/],
    [["conformance", "http://x", "--wait", "soon"], /a time is written like 5s or 2m/],
    [["conformance", "http://x", "--runs", "0"], /a number above 0/],
    [["conformance", "http://x", "--profile", "none.yaml"], /profile none\.yaml: there is no such file/],
  ])("%j", async (args, message) => {
    expect(await runFake(args, io)).toBe(2);
    expect(io.stderr.text).toMatch(message);
  });
});
