/**
 * Owns the proof of the command `serve`: what it says when it listens, how it stops, what SIGHUP changes, and what is
 * said of wrong usage. The calls themselves are proven in live/.
 */

import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { request } from "undici";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { Outside, runFake } from "./outside.fixture.ts";

let io: Outside;
beforeEach(() => {
  io = new Outside();
});
afterEach(() => io.remove());

interface Running {
  readonly url: string;
  /** Presses Ctrl-C; fulfils with the exit code. */
  stop(): Promise<number>;
}

/** Starts `serve` on a free port; fulfils when it listens. */
async function start(...args: readonly string[]): Promise<Running> {
  const ended = runFake(["serve", "--port", "0", "--quiet", ...args], io);
  const url = await Promise.race([
    new Promise<string>((resolve) => {
      io.stdout.on("written", () => {
        const match = /^listening (http:\S+)$/m.exec(io.stdout.text);
        if (match?.[1]) resolve(match[1]);
      });
    }),
    ended.then((code) => {
      throw new Error(`ended with ${code}: ${io.stderr.text}`);
    }),
  ]);
  return {
    url,
    stop: () => {
      io.interrupt();
      return ended;
    },
  };
}

async function call(
  url: string,
  method: "GET" | "POST" | "PATCH",
  body?: unknown,
  headers: Readonly<Record<string, string>> = {},
  token = "tok-a",
): Promise<{ readonly status: number; readonly body: Record<string, unknown> }> {
  const answer = await request(url, {
    method,
    headers: { authorization: `Bearer ${token}`, ...headers },
    ...(body === undefined ? undefined : { body: JSON.stringify(body) }),
  });
  return { status: answer.statusCode, body: (await answer.body.json()) as Record<string, unknown> };
}

describe("serve", () => {
  test("prints one line when it listens, answers, and ends with 0", async () => {
    const server = await start();
    expect(io.stdout.text).toMatch(/^listening http:\/\/127\.0\.0\.1:\d+\n$/);
    const made = await call(`${server.url}/api/contacts`, "POST", { id: "c1", name: "Ann" });
    expect(made.status).toBe(201);
    expect(await server.stop()).toBe(0);
    await expect(request(`${server.url}/healthz`)).rejects.toThrow();
    expect(io.stderr.text).toBe("");
  });

  test("--json writes the address for scripts", async () => {
    const file = join(io.cwd, "address.json");
    const server = await start("--json", file);
    expect(JSON.parse(readFileSync(file, "utf8"))).toMatchObject({
      schema: "zeke-sync/serve@1",
      url: server.url,
    });
    await server.stop();
  });

  test("sqlite: what was answered is there after a restart", async () => {
    const store = `sqlite:${join(io.cwd, "sync.db")}`;
    const first = await start("--store", store);
    const made = await call(`${first.url}/api/tasks`, "POST", { id: "t1", title: "kept" });
    expect(await first.stop()).toBe(0);
    io = Object.assign(new Outside(), {});
    const second = await start("--store", store);
    expect((await call(`${second.url}/api/tasks/t1`, "GET")).body.data).toEqual(made.body.data);
    await second.stop();
  });

  test("flags are what capabilities declare [FLG-3]", async () => {
    const server = await start(
      ...["--mode", "advisory", "--if-match", "required", "--resolved-by", "client", "--retention", "2h"],
    );
    const { data } = (await call(`${server.url}/api/sync/capabilities`, "GET")).body;
    expect(data).toMatchObject({
      conflicts: { mode: "advisory", ifMatch: "required", resolvedBy: "client" },
      delta: { retentionSeconds: 7_200 },
      webhooks: false,
    });
    await server.stop();
  });

  test("--webhook-secret names a file; the environment will do as well", async () => {
    writeFileSync(join(io.cwd, "secret"), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n");
    const server = await start("--webhook-secret", "secret");
    const { data } = (await call(`${server.url}/api/sync/capabilities`, "GET")).body;
    expect(data).toMatchObject({ webhooks: true });
    const unsigned = await call(`${server.url}/api/webhooks/zeke`, "POST", {});
    expect([unsigned.status, unsigned.body.error]).toEqual([401, "unauthorized"]);
    await server.stop();
    const other = new Outside();
    other.env.ZEKE_WEBHOOK_SECRET = "whsec_notbase64!";
    expect(await runFake(["serve", "--port", "0"], other)).toBe(2);
    expect(other.stderr.text).toMatch(/^ZEKE_WEBHOOK_SECRET: a webhook secret is whsec_/);
    expect(other.stderr.text).not.toContain("notbase64");
    other.remove();
  });

  test("--fault plants a fault of the proxy", async () => {
    const server = await start("--fault", "contacts-unguarded");
    await call(`${server.url}/api/contacts`, "POST", { id: "c1", name: "Ann" });
    const stale = { "if-match": '"rev_0000000001_000001"' };
    expect((await call(`${server.url}/api/contacts/c1`, "PATCH", { name: "Bo" }, stale)).status).toBe(200);
    await server.stop();
  });
});

describe("SIGHUP", () => {
  test("[FLG-1, SEC-5] reads settings and tokens anew; sockets stay, but for those whose token is gone", async () => {
    const settings = join(io.cwd, "serve.yaml");
    const tokens = join(io.cwd, "tokens.yaml");
    writeFileSync(settings, "conflicts: { mode: enforce }\n");
    writeFileSync(tokens, "one: a\ntwo: a\n");
    const server = await start("--config", settings, "--tokens", tokens);
    const ws = server.url.replace("http", "ws");
    const open = (token: string): Promise<WebSocket> =>
      new Promise((resolve, reject) => {
        const socket = new WebSocket(`${ws}/api/sync/events`, {
          headers: { authorization: `Bearer ${token}` },
        });
        socket.once("message", () => resolve(socket));
        socket.once("error", reject);
      });
    const [one, two] = await Promise.all([open("one"), open("two")]);
    const closed = new Promise<number>((resolve) => two.once("close", resolve));
    writeFileSync(settings, "conflicts: { mode: advisory }\n");
    writeFileSync(tokens, "one: a\n");
    expect(io.hangUp()).toBe(true);
    expect(await closed).toBe(4401);
    const { data } = (await call(`${server.url}/api/sync/capabilities`, "GET", undefined, {}, "one")).body;
    expect(data).toMatchObject({ conflicts: { mode: "advisory" } });
    const event = new Promise((resolve) => one.once("message", resolve));
    await call(`${server.url}/api/contacts`, "POST", { id: "c1", name: "Ann" }, {}, "one");
    expect(String(await event)).toContain('"c1"');

    writeFileSync(settings, "conflicts: { mode: strict }\n");
    io.hangUp();
    await expect.poll(() => io.stderr.text).toContain("settings not taken over");
    const after = await call(`${server.url}/api/sync/capabilities`, "GET", undefined, {}, "one");
    expect(after.body.data).toMatchObject({ conflicts: { mode: "advisory" } });
    await server.stop();
  });
});

describe("wrong usage is one clear sentence and exit 2", () => {
  test.each([
    [["--port", "70000"], /a port is a whole number from 0 to 65535/],
    [["--mode", "strict"], /^--mode strict: it is one of off, advisory, enforce$/m],
    [["--store", "mysql:x"], /^"mysql:x" is no store: memory, sqlite:<file> or redis:<url>\n$/],
    [["--store", "sqlite:"], /^sqlite: needs a file/],
    [["--store", "redis:redis://u:hunter2@h"], /^a password on the command line .*ZEKE_REDIS_URL\n$/],
    [["--store", "redis"], /^redis needs an address/],
    [["--retention", "soon"], /^--retention soon: a time is written like 90s, 4h or 30d\n$/],
    [["--push-url", "exp.host"], /^--push-url exp\.host: a base is written https:/],
    [["--webhook-secret", "whsec_abc"], /^--webhook-secret names a file/],
    [["--webhook-secret", "nowhere"], /^nowhere: there is no such file\n$/],
    [["--tokens", "nowhere.yaml"], /^tokens nowhere\.yaml: there is no such file\n$/],
    [["--fault", "no-back-off"], /^the planted fault "no-back-off" is one of the device: serve has none\n$/],
    [["--fault", "lost-tombston"], /did you mean lost-tombstone\?/],
    [["--store", "sqlite:nowhere/sync.db"], /nowhere/],
  ])("%j", async (args, says) => {
    expect(await runFake(["serve", "--port", "0", ...args], io)).toBe(2);
    expect(io.stderr.text).toMatch(says);
    expect(io.stderr.text).not.toContain("hunter2");
    expect(io.stdout.text).toBe("");
  });

  test("faults of a settings file are told with line and column", async () => {
    writeFileSync(
      join(io.cwd, "s.yaml"),
      "conflicts:\n  moode: off\nlimits:\n  bodyBytesMax: big\nretention: 1\n",
    );
    expect(await runFake(["serve", "--port", "0", "--config", "s.yaml"], io)).toBe(2);
    const lines = io.stderr.text.split("\n");
    expect(lines[0]).toBe('s.yaml:2:3: there is no key "moode" in conflicts; did you mean mode?');
    expect(lines[1]).toMatch(/^s\.yaml:4:17: limits\.bodyBytesMax: /);
    expect(lines[2]).toMatch(/^s\.yaml:5:12: retention: /);
  });

  test("a tokens file holds at least one", async () => {
    writeFileSync(join(io.cwd, "t.yaml"), "{}\n");
    expect(await runFake(["serve", "--port", "0", "--tokens", "t.yaml"], io)).toBe(2);
    expect(io.stderr.text).toMatch(/^t\.yaml:1:1: the file: there is no token in it\n$/);
  });

  test("a port that is taken", async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
    const { port } = taken.address() as { port: number };
    expect(await runFake(["serve", "--port", String(port)], io)).toBe(2);
    expect(io.stderr.text).toBe(`port ${port} of 127.0.0.1 is taken; --port 0 picks one that is free\n`);
    await new Promise((resolve) => taken.close(resolve));
  });

  test("an address file on a full disk: it is said, and nothing listens any more", async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
    const port = String((taken.address() as AddressInfo).port);
    await new Promise((resolve) => taken.close(resolve));
    // Were it listening still, the port would be taken the second time.
    for (const _ of "ab") expect(await runFake(["serve", "--port", port, "--json", "/dev/full"], io)).toBe(2);
    const sentence = "/dev/full cannot be written: the disk is full\n";
    expect(io.stderr.text.split(sentence)).toHaveLength(3);
    expect(io.stderr.text).not.toContain("is taken");
  });

  test("an address file that cannot be written is refused before anything listens", async () => {
    chmodSync(io.cwd, 0o755);
    expect(await runFake(["serve", "--port", "0", "--json", "no/where.json"], io)).toBe(2);
    expect(io.stdout.text).toBe("");
  });
});
