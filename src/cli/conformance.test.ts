/**
 * Owns the proof of the command `conformance` against servers: the reference, live and clean; with planted faults;
 * foreign ones that are wrong; and what is no target at all.
 */

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { ConformanceReport, RuleReport } from "../report/conformance-result.ts";
import { type LiveReference, startPlain, startReference } from "./conformance.fixture.ts";
import { Outside, runFake } from "./outside.fixture.ts";
import { startWrongServer } from "./wrong-server.fixture.ts";

let io: Outside;
const open: { close(): Promise<void> }[] = [];

beforeEach(() => {
  io = new Outside();
});
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
  io.remove();
});

async function reference(...options: Parameters<typeof startReference>): Promise<LiveReference> {
  const started = await startReference(...options);
  open.push(started);
  return started;
}

function kept<T extends { close(): Promise<void> }>(server: T): T {
  open.push(server);
  return server;
}

function run(...args: readonly string[]): Promise<number> {
  return runFake(["conformance", "--seed", "1", ...args], io);
}

function reportOf(): ConformanceReport {
  return JSON.parse(readFileSync(join(io.cwd, "reports/latest/report.json"), "utf8")) as ConformanceReport;
}

function ruleOf(id: string): RuleReport | undefined {
  return reportOf().rules.find((rule) => rule.id === id);
}

function violated(): readonly string[] {
  return reportOf()
    .rules.filter(({ verdict }) => verdict === "violated")
    .map(({ id }) => id);
}

describe("the clean reference", () => {
  test("passes at the usual effort, in under 3000 requests, and is left empty", async () => {
    const target = await reference();
    const code = await run(target.url, "--allow-unexercised");
    expect(violated()).toEqual([]);
    expect(code).toBe(0);
    const report = reportOf();
    expect(report.requests).toBeLessThan(3_000);
    expect(report.requests).toBeGreaterThanOrEqual(target.calls());
    expect(report.left).toEqual([]);
    expect(await target.records()).toEqual([]);
    expect(report.rules.filter(({ verdict }) => verdict === "satisfied").length).toBeGreaterThan(70);
    expect(report.rules.find(({ id }) => id === "REV-7")).toMatchObject({ verdict: "excluded", side: "R" });
    expect(report.rules.some(({ side }) => side === "D")).toBe(false);
    // What live devices saw behind the probes judges the whole as well.
    expect(ruleOf("SYS-1")).toMatchObject({ verdict: "satisfied" });
    expect(report.fleet).toMatchObject({ devices: 6, ended: "settled" });
  });

  test("is inconclusive where a rule that was asked for was not exercised, with the reason", async () => {
    const target = await reference();
    expect(await run(target.url, "--rule", "PSH-1", "--rule", "CON-4")).toBe(5);
    expect(ruleOf("CON-4")).toMatchObject({ verdict: "satisfied" });
    expect(ruleOf("PSH-1")).toMatchObject({ verdict: "not exercised" });
    expect(ruleOf("PSH-1")?.reason).toMatch(/push sink/);
    expect(ruleOf("CON-5")).toMatchObject({ verdict: "excluded", reason: "not asked for by --rule" });
    expect(io.stdout.text).toMatch(/PSH-1: needs the push sink/);
  });

  test("names no record that the run did not make, beside others' records", async () => {
    const named = new Set<string>();
    const target = await reference();
    const theirs = ["c-1", "constructor", "17"];
    const headers = { authorization: "Bearer tok-a", "content-type": "application/json" };
    for (const id of theirs)
      await fetch(`${target.url}/api/contacts`, {
        method: "POST",
        headers,
        body: JSON.stringify({ id, name: id }),
      });
    await run(target.url, "--allow-unexercised", "--runs", "0.3");
    for (const line of readFileSync(join(io.cwd, "reports/latest/ledger.jsonl"), "utf8").split("\n")) {
      const id = /"id":"([^"]*)"/.exec(line)?.[1];
      if (id !== undefined) named.add(id);
    }
    for (const id of theirs) expect(named).not.toContain(id);
    expect(await target.records()).toEqual([...theirs].sort());
    expect(violated()).toEqual([]);
  });

  test("is judged by the names that a profile has for its paths", async () => {
    const target = await reference({ settings: { limits: { bodyBytesMax: 65_536 } } });
    const front = kept(
      await startPlain(async (request, response, body) => {
        const url = `${target.url}${(request.url ?? "").replace("/api/people", "/api/contacts")}`;
        const {
          host: _host,
          connection: _connection,
          "content-length": _length,
          ...headers
        } = request.headers;
        const sent = { method: request.method ?? "GET", headers: headers as Record<string, string> };
        const answer = await fetch(url, body === "" ? sent : { ...sent, body });
        const location = answer.headers.get("location")?.replace("/api/contacts", "/api/people");
        response.writeHead(answer.status, {
          "content-type": "application/json",
          ...(location && { location }),
        });
        response.end(await answer.text());
      }),
    );
    writeFileSync(join(io.cwd, "p.yaml"), "entities: { contact: { collection: people } }\n");
    await run(front.url, "--profile", "p.yaml", "--phase", "2", "--rule", "API-1", "--rule", "CON-5");
    expect(violated()).toEqual([]);
    expect(ruleOf("API-1")?.exercised).toBeGreaterThan(20);
    expect(ruleOf("CON-5")?.verdict).toBe("satisfied");
    expect(await target.records()).toEqual([]);
  });

  test("pushes are judged where they reach us", async () => {
    const { url: sink, close } = await startPlain(() => {});
    await close();
    const target = await reference({
      push: { baseUrl: sink },
      settings: { push: { coalesce: "1s" } },
    });
    const code = await run(target.url, "--rule", "PSH-5", "--push-sink", new URL(sink).port, "--runs", "0.2");
    expect(ruleOf("PSH-5")).toMatchObject({ verdict: "satisfied" });
    expect(code).toBe(0);
  });
});

describe("planted faults are caught under their rule", () => {
  test.each([
    ["stale-delete-of-a-list", "CON-4"],
    ["batch-limit-one-less", "BAT-6"],
    ["delta-with-its-start", "DLT-1"],
    ["filter-lost-on-resume", "EVT-4"],
    ["create-replaces", "CON-9"],
  ])("%s: %s", async (fault, rule) => {
    const target = await reference({ fault });
    expect(await run(target.url, "--rule", rule)).toBe(1);
    expect(violated()).toEqual([rule]);
    const [violation] = ruleOf(rule)?.violations ?? [];
    expect(violation?.evidence.steps.length).toBeGreaterThan(0);
    expect(violation?.evidence.request).toMatch(/^curl .*Bearer \*\*\*/);
    expect(violation?.replay).toBe(`zeke-sync replay reports/latest/${rule}.json --target ${target.url}`);
    expect(io.stdout.text).toContain(`✗ ${rule}  MUST  `);
    const report = reportOf();
    expect(report).toMatchObject({ schema: "zeke-sync/conformance@1", seed: 1, verdict: "fail" });
    for (const member of ["suite", "startedAt", "durationMs", "target", "rules", "summary", "requests"])
      expect(report).toHaveProperty(member);
    for (const one of report.rules) {
      for (const member of ["id", "level", "side", "phase", "verdict", "exercised", "violations"])
        expect(one).toHaveProperty(member);
      expect(one.reason !== undefined).toBe(one.verdict === "excluded" || one.verdict === "not exercised");
      for (const broken of one.violations)
        expect(Object.keys(broken)).toEqual(expect.arrayContaining(["message", "evidence", "replay"]));
    }
    expect(await target.records()).toEqual([]);
  });
});

describe("foreign servers of phase 1", () => {
  test("one that keeps to the records of the protocol is not blamed for them", async () => {
    const { url } = kept(await startWrongServer(undefined));
    await run(
      url,
      "--phase",
      "1",
      "--rule",
      "SEC-1",
      "--rule",
      "SEC-2",
      "--rule",
      "API-5",
      "--rule",
      "REV-5",
    );
    expect(violated()).toEqual([]);
  });

  test.each([
    ["takes any token", "SEC-1", "SEC-1"],
    ["one account for all", "SEC-*", "SEC-3"],
    ["shows its stack", "SEC-4", "SEC-4"],
    ["revision stands still", "REV-*", "REV-1"],
    ["cuts text", "API-5", "API-5"],
    ["forgets deletes", "API-1", "API-1"],
  ] as const)("one that %s, judged by %s, is caught under %s", async (wrong, glob, rule) => {
    const { url } = kept(await startWrongServer(wrong));
    expect(await run(url, "--phase", "1", "--runs", "0.2", "--rule", glob, "--fail-fast")).toBe(1);
    expect(violated()).toContain(rule);
  });

  test("a rule whose probe ended at another's violation is not called satisfied", async () => {
    const { url } = kept(await startWrongServer("one account for all"));
    expect(await run(url, "--phase", "1", "--rule", "SEC-2")).toBe(5);
    expect(ruleOf("SEC-2")?.reason).toMatch(/met a violation of \S+ first, which was not asked for/);
    expect(reportOf().rules.some(({ reason }) => reason?.includes("a violation of it was met"))).toBe(true);
  });
});

describe("what is no target is told in one sentence", () => {
  async function sentence(code: number, ...args: readonly string[]): Promise<string> {
    expect(await run(...args)).toBe(code);
    expect(io.stderr.text.trimEnd().split("\n")).toHaveLength(1);
    expect(io.stdout.text).toBe("");
    return io.stderr.text;
  }

  test("nobody listens", async () => {
    const { url, close } = await startPlain(() => {});
    await close();
    expect(await sentence(3, url)).toMatch(/cannot be reached: the connection is refused/);
  });

  test("TLS is expected where none is", async () => {
    const { url } = kept(await startPlain((_request, response) => response.end("hello")));
    expect(await sentence(3, url.replace("http:", "https:"))).toMatch(/TLS/);
  });

  test("HTML instead of JSON", async () => {
    const { url } = kept(
      await startPlain((_request, response) =>
        response.setHeader("content-type", "text/html").end("<h1>hi</h1>"),
      ),
    );
    expect(await sentence(2, url)).toMatch(/answers 200 with text\/html, not JSON/);
  });

  test("a redirect", async () => {
    const { url } = kept(
      await startPlain((_request, response) =>
        response.writeHead(302, { location: "https://else.where/" }).end(),
      ),
    );
    expect(await sentence(2, url)).toMatch(/redirects to https:\/\/else\.where\//);
  });

  test("404 on everything", async () => {
    const { url } = kept(await startPlain((_request, response) => response.writeHead(404).end()));
    expect(await sentence(2, url)).toMatch(/neither \/api\/sync\/capabilities \(404\) nor \/api\/contacts/);
  });

  test("a wrong token", async () => {
    const target = await reference({ settings: { tokens: { "tok-a": "a", other: "b" } } });
    expect(await sentence(2, target.url)).toMatch(/refuses the token of account b/);
    expect(io.stderr.text).not.toContain("tok-b");
  });

  test("it dies in mid-run", async () => {
    const target = await reference({ called: (count) => void (count === 150 && target.close()) });
    expect(await run(target.url, "--runs", "0.5")).toBe(3);
    expect(io.stderr.text).toMatch(/^the target was lost: http:\S+ cannot be reached/);
    expect(io.stdout.text).toMatch(/could not be deleted: zeke-sync\s+cleanup/);
    expect(violated()).toEqual([]);
  });
});

describe("limits and ends", () => {
  test("the budget is never exceeded, and all is deleted within it", async () => {
    const target = await reference();
    writeFileSync(join(io.cwd, "p.yaml"), "limits: { requestsMax: 300 }\n");
    expect(await run(target.url, "--profile", "p.yaml")).toBe(5);
    expect(target.calls()).toBeLessThanOrEqual(300);
    expect(reportOf().requests).toBeLessThanOrEqual(300);
    expect(reportOf().ended).toMatch(/the budget of 300 requests is spent: raise limits\.requestsMax/);
    expect(await target.records()).toEqual([]);
  });

  test("Ctrl-C in mid-run leaves nothing behind, and ends with 130", async () => {
    const target = await reference({ called: (count) => void (count === 400 && io.interrupt()) });
    expect(await run(target.url)).toBe(130);
    expect(io.stderr.text).toBe("interrupted: what was made is being deleted; Ctrl-C again ends that, too\n");
    expect(reportOf()).toMatchObject({ ended: "the run was interrupted", left: [] });
    expect(await target.records()).toEqual([]);
    expect(io.listening).toBe(0);
  });

  test("a run that was killed leaves a ledger, and cleanup empties the target", async () => {
    const target = await reference();
    const headers = { authorization: "Bearer tok-b", "content-type": "application/json" };
    for (const id of ["zsx.1-a", "zsx.1-b", "theirs"])
      await fetch(`${target.url}/api/tasks`, {
        method: "POST",
        headers,
        body: JSON.stringify({ id, title: id }),
      });
    mkdirSync(join(io.cwd, "reports/killed"), { recursive: true });
    const lines = [
      { schema: "zeke-sync/ledger@1", runId: "killed", prefix: "zsx", url: target.url },
      { made: { trace: "record", account: 1, entity: "task", id: "zsx.1-a" } },
      { made: { trace: "record", account: 1, entity: "task", id: "zsx.1-never" } },
      { made: { trace: "record", account: 1, entity: "task", id: "zsx.1-b" } },
    ];
    const text = lines.map((line) => JSON.stringify(line)).join("\n");
    writeFileSync(join(io.cwd, "reports/killed/ledger.jsonl"), `${text}\n{"made":{"tra`);
    expect(await runFake(["cleanup", "killed"], io)).toBe(0);
    expect(io.stdout.text).toBe(`3 deleted from ${target.url}\n`);
    expect(await target.records()).toEqual(["theirs"]);
    expect(await runFake(["cleanup", "kiled"], io)).toBe(2);
    expect(io.stderr.text).toMatch(/did you mean killed\?/);
  });

  test("cleanup finds what creates made that were never answered, by their text, and leaves others' alone", async () => {
    const target = await reference();
    const headers = { authorization: "Bearer tok-b", "content-type": "application/json" };
    const others = Array.from({ length: 250 }, (_, at) => ({ id: `other-${at}`, name: `zsx.1-text${at}0` }));
    const made = [
      { id: "__proto__", name: "zsx.1-text1" },
      { id: "constructor", name: "somebody's" },
      { id: "z-chosen-there", name: "zsx.1-text2" },
    ];
    for (const body of [...others, ...made])
      await fetch(`${target.url}/api/contacts`, { method: "POST", headers, body: JSON.stringify(body) });
    mkdirSync(join(io.cwd, "reports/killed"), { recursive: true });
    const create = { trace: "create", account: 1, entity: "contact", field: "name" };
    const lines = [
      { schema: "zeke-sync/ledger@1", runId: "killed", prefix: "zsx", url: target.url },
      { made: { ...create, id: "__proto__", text: "zsx.1-text1" } },
      { made: { ...create, id: "constructor", text: "zsx.1-text1" } },
      { made: { ...create, text: "zsx.1-text2" } },
      { made: { ...create, text: "zsx.1-text3" } },
    ];
    writeFileSync(
      join(io.cwd, "reports/killed/ledger.jsonl"),
      lines.map((line) => `${JSON.stringify(line)}\n`).join(""),
    );
    expect(await runFake(["cleanup", "killed"], io)).toBe(0);
    expect([...(await target.records())].sort()).toEqual(
      ["constructor", ...others.map(({ id }) => id)].sort(),
    );
  });
});

test("no secret stands in anything that is printed or written", async () => {
  const token = "s3cr3t-t0ken-of-a";
  const target = await reference({
    fault: "create-replaces",
    settings: { tokens: { [token]: "a", "tok-b": "b" } },
  });
  io.env.TOKEN_A = token;
  io.env.TENANT = "hush-hush";
  const accounts = `accounts:\n  - { name: a, token: "\${TOKEN_A}" }\n  - { name: b, token: tok-b }\n`;
  writeFileSync(
    join(io.cwd, "p.yaml"),
    `${accounts}target: { headers: { x-tenant: "\${TENANT}", x-env: staging } }\n`,
  );
  const files = ["--junit", "j.xml", "--json", "j.json"];
  expect(await run(target.url, "--profile", "p.yaml", "--rule", "CON-9", ...files)).toBe(1);
  const folder = join(
    io.cwd,
    "reports",
    readdirSync(join(io.cwd, "reports")).find((name) => name !== "latest") ?? "",
  );
  const written = readdirSync(folder).map((name) => readFileSync(join(folder, name), "utf8"));
  expect(written).toHaveLength(6);
  for (const name of ["j.xml", "j.json"]) written.push(readFileSync(join(io.cwd, name), "utf8"));
  for (const text of [io.stdout.text, io.stderr.text, ...written]) {
    expect(text).not.toContain(token);
    expect(text).not.toContain("hush-hush");
  }
  expect(io.stdout.text).toContain("x-tenant: ***");
});
