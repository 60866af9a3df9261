/**
 * Holds docs/examples/minimal-server.mjs to what it is there for: it runs on Node alone, it stays small, and
 * `zeke-sync conformance --phase 1-2` finds nothing wrong and leaves no rule out.
 */

import { type ChildProcess, execFile, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { until } from "./raw-http.fixture.ts";

const EXAMPLES = new URL("../../docs/examples/", import.meta.url);
const MAIN = new URL("minimal-server.mjs", EXAMPLES);
const CLI = fileURLToPath(new URL("../cli/main.ts", import.meta.url));
/** Comments and all. */
const LINES_MAX = 300;

interface Answer {
  readonly status: number;
  readonly body: {
    readonly error?: string;
    readonly data?: Readonly<Record<string, unknown>>;
    readonly serverData?: unknown;
    readonly currentRevision?: string;
    readonly meta?: { readonly revisionId: string; readonly resolution?: string };
  };
}

interface Frame {
  readonly type: string;
  readonly action?: string;
  readonly id?: string;
  readonly revisionId: string;
  readonly payload?: unknown;
}

let server: ChildProcess;
let url = "";

beforeAll(async () => {
  server = spawn(process.execPath, [fileURLToPath(MAIN), "0"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let printed = "";
  server.stdout?.on("data", (chunk) => {
    printed += String(chunk);
  });
  const line = /^listening (http:\/\/127\.0\.0\.1:\d+)$/m;
  await until("it listens, or has ended", () => line.test(printed) || server.exitCode !== null);
  url = line.exec(printed)?.[1] ?? expect.fail(`it printed ${printed}`);
});

afterAll(async () => {
  server.kill("SIGKILL");
  await until("it has ended", () => server.exitCode !== null || server.signalCode !== null);
});

async function call(method: string, path: string, body?: object, headers = {}): Promise<Answer> {
  const authorization = "Bearer tok-a";
  const answer = await fetch(`${url}${path}`, {
    method,
    headers: { authorization, ...headers },
    body: body === undefined ? null : JSON.stringify(body),
  });
  return { status: answer.status, body: (await answer.json()) as Answer["body"] };
}

const revisionOf = ({ body }: Answer): string => body.meta?.revisionId ?? expect.fail("no revision");

/** Frames of a socket after a revision, as far as `ready`. */
async function resume(since: string): Promise<readonly Frame[]> {
  const frames: Frame[] = [];
  const socket = new WebSocket(`${url.replace("http", "ws")}/api/sync/events?lastRevisionId=${since}`, {
    headers: { authorization: "Bearer tok-a" },
  });
  socket.on("message", (data) => frames.push(JSON.parse(String(data))));
  try {
    await until("the socket is ready", () => frames.some((frame) => frame.type === "ready"));
    return frames;
  } finally {
    socket.close();
    await until("the socket is closed", () => socket.readyState === WebSocket.CLOSED);
  }
}

describe("docs/examples/minimal-server.mjs", () => {
  test("[CON-1] [CON-2] a patch on the current revision is applied, one on an older is told what is there", async () => {
    const made = await call("POST", "/api/contacts", { id: "ann", name: "Ann" });
    expect(made.status).toBe(201);
    const fresh = { "if-match": `"${revisionOf(made)}"` };
    const patched = await call("PATCH", "/api/contacts/ann", { phone: "1" }, fresh);
    expect(patched).toMatchObject({ status: 200, body: { data: { name: "Ann", phone: "1" } } });
    const refused = await call("PATCH", "/api/contacts/ann", { name: "Anna" }, fresh);
    expect(refused.status).toBe(409);
    expect(refused.body).toMatchObject({
      error: "conflict",
      currentRevision: revisionOf(patched),
      serverData: patched.body.data,
      clientData: { name: "Anna" },
    });
  });

  test("[MRG-5] what two devices add to a list at once is all there", async () => {
    const items = [{ id: "milk", text: "milk" }];
    const made = await call("POST", "/api/lists", { id: "shop", name: "shop", items });
    const base = { "if-match": revisionOf(made) };
    await call("PATCH", "/api/lists/shop", { items: [...items, { id: "tea", text: "tea" }] }, base);
    const merged = await call("PATCH", "/api/lists/shop", { items: [{ id: "jam", text: "jam" }] }, base);
    const both = [
      { id: "tea", text: "tea" },
      { id: "jam", text: "jam" },
    ];
    expect(merged).toMatchObject({
      status: 200,
      body: { data: { items: both }, meta: { resolution: "merged" } },
    });
  });

  test("[CON-10] the same bytes under the same key get the same answer, though the record has moved on", async () => {
    const made = await call("POST", "/api/contacts", { id: "bob", name: "Bob" });
    const headers = { "if-match": revisionOf(made), "idempotency-key": "k1" };
    const first = await call("PATCH", "/api/contacts/bob", { phone: "2" }, headers);
    await call("PATCH", "/api/contacts/bob", { phone: "3" });
    expect(await call("PATCH", "/api/contacts/bob", { phone: "2" }, headers)).toEqual(first);
  });

  test("[EVT-5] a socket resumed from a revision gets what came after it, then `ready`", async () => {
    const made = await call("POST", "/api/tasks", { id: "t1", title: "call Ann" });
    const done = await call("PATCH", "/api/tasks/t1", { done: true });
    const gone = await call("DELETE", "/api/tasks/t1");
    expect(await resume(revisionOf(made))).toEqual([
      expect.objectContaining({ type: "sync_event", action: "updated", payload: done.body.data }),
      expect.objectContaining({ type: "sync_event", action: "deleted", id: "t1", payload: null }),
      { type: "ready", revisionId: revisionOf(gone) },
    ]);
  });

  test("[EVT-8] a revision that its log never had is told to sync anew", async () => {
    const frames = await resume("rev_0000000001_zzzzzz");
    expect(frames.map((frame) => frame.type)).toEqual(["resync_required", "ready"]);
  });

  test("conformance --phase 1-2 ends with 0: nothing is violated, and no rule is left out", async () => {
    const folder = mkdtempSync(join(tmpdir(), "minimal-server-"));
    const args = ["conformance", url, "--phase", "1-2", "--seed", "1", "--report", join(folder, "report")];
    try {
      const { code, said } = await run([...args, "--no-color"]);
      expect(code, said).toBe(0);
      expect(said).not.toContain("violated:");
    } finally {
      rmSync(folder, { recursive: true });
    }
  }, 120_000);

  test("stays short, and stands on Node alone", () => {
    const text = readFileSync(MAIN, "utf8");
    const lines = text.split("\n");
    expect(lines.length).toBeGreaterThan(100);
    expect(lines.length).toBeLessThan(LINES_MAX);
    const sources = [...text.matchAll(/ from "([^"]*)"/g)].map(([, source]) => source);
    expect(sources.length).toBeGreaterThan(0);
    for (const source of sources) expect(source).toMatch(/^node:/);
  });
});

/** How the command line ended, and what it said. */
function run(args: readonly string[]): Promise<{ readonly code: unknown; readonly said: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [CLI, ...args], (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : error.code, said: `${stdout}${stderr}` }),
    );
  });
}
