/**
 * Owns the proof of what operators see: the pages, the figures, and the log.
 */

import { afterEach, describe, expect, test } from "vitest";
import { START_MS } from "../proxy/desk.fixture.ts";
import { ManualClock } from "./clock.fixture.ts";
import { StoreUnavailable } from "./durable.ts";
import { LiveBorder, TOKEN_A, TOKEN_B } from "./live-border.fixture.ts";
import { createMemoryDurable } from "./memory-durable.ts";
import { growthOf, parsePrometheus } from "./prometheus-text.fixture.ts";
import type { PushGateway } from "./push-gateway.ts";
import { type RawAnswer, RawPeer, until } from "./raw-http.fixture.ts";
import { RawSocket, textFrame } from "./raw-socket.fixture.ts";

let border: LiveBorder;

afterEach(() => border.close());

const OF_A = { token: TOKEN_A } as const;
type More = readonly (readonly [name: string, value: string])[];

async function page(target: string, method = "GET"): Promise<RawAnswer> {
  return border.ask({ method, target, headers: [["Host", "localhost"]] });
}

async function call(method: string, target: string, body?: unknown, more: More = []): Promise<RawAnswer> {
  return border.ask({
    method,
    target,
    headers: [["Host", "localhost"], ["Authorization", `Bearer ${TOKEN_A}`], ...more],
    body: body === undefined ? undefined : Buffer.from(JSON.stringify(body)),
  });
}

function metaOf(answer: RawAnswer): { readonly revisionId: string; readonly [name: string]: unknown } {
  return (JSON.parse(answer.body) as { meta: { revisionId: string } }).meta;
}

/** A store that fails when it is told to. */
function brittle() {
  const memory = createMemoryDurable();
  const state: { failure: Error | undefined; trouble: string | undefined } = {
    failure: undefined,
    trouble: undefined,
  };
  const durable: typeof memory = {
    ...memory,
    transact: (account, work) =>
      state.failure ? Promise.reject(state.failure) : memory.transact(account, work),
    trouble: () => state.trouble,
  };
  return { state, durable };
}

describe("pages", () => {
  test("/healthz says that the process lives, /readyz whether calls can be served, and why not", async () => {
    const { state, durable } = brittle();
    border = await LiveBorder.open({ durable });
    for (const target of ["/healthz", "/readyz", "/healthz?x=1", "/metrics"]) {
      expect([target, (await page(target)).status]).toEqual([target, 200]);
    }
    expect((await page("/healthz", "POST")).status).toBe(404);
    state.trouble = "the disk is full";
    const answer = await page("/readyz");
    expect([answer.status, answer.headers.get("retry-after")]).toEqual([503, "1"]);
    expect(JSON.parse(answer.body)).toEqual({ status: "not ready", reason: "the disk is full" });
    expect((await page("/healthz")).status).toBe(200);
    expect(parsePrometheus((await page("/metrics")).body).get("zeke_ready")).toBe(0);
    state.trouble = undefined;
    expect(JSON.parse((await page("/readyz")).body)).toEqual({ status: "ready" });
    border.sync.beginClose();
    expect(JSON.parse((await page("/readyz")).body)).toMatchObject({ reason: "closing" });
    expect((await call("GET", "/api/tasks")).status).toBe(200);
  });

  test("[API-7, SEC-4] a store that cannot: 503 with Retry-After and the error shape, and all is well when it can", async () => {
    const { state, durable } = brittle();
    border = await LiveBorder.open({ durable });
    await border.seed();
    const before = border.lookAt("a");
    const failures = [
      [new StoreUnavailable("SELECT 1: disk full at /var/lib/zeke.db", 2_500), "3"],
      [new Error("TypeError at /src/store.ts:12"), "1"],
    ] as const;
    for (const [failure, retryAfter] of failures) {
      state.failure = failure;
      for (const [method, target] of [
        ["POST", "/api/tasks"],
        ["GET", "/api/tasks/t1"],
        ["DELETE", "/api/tasks/t1"],
        ["GET", "/api/sync/changes"],
        ["POST", "/api/sync/batch"],
        ["POST", "/api/push/register"],
      ] as const) {
        const answer = await call(
          method,
          target,
          method === "POST" ? { title: "t", mutations: [] } : undefined,
        );
        expect([target, answer.status, answer.headers.get("retry-after")]).toEqual([target, 503, retryAfter]);
        expect(JSON.parse(answer.body).error).toBe("unavailable");
        border.checkBytes(answer.body);
      }
      // [SEC-1] who has no token is not told of it.
      expect((await page("/api/tasks")).status).toBe(401);
      state.failure = undefined;
      expect(border.lookAt("a")).toBe(before);
      expect((await call("GET", "/api/tasks/t1")).status).toBe(200);
    }
    expect(parsePrometheus((await page("/metrics")).body).get("zeke_troubles_total")).toBe(12);
  });
});

describe("/metrics", () => {
  async function figures(): Promise<ReadonlyMap<string, number>> {
    const answer = await page("/metrics");
    expect(answer.headers.get("content-type")).toContain("text/plain");
    border.checkBytes(answer.body);
    return parsePrometheus(answer.body);
  }

  /** What `run` moves, of the figures that are of calls. */
  async function moved(run: () => Promise<unknown>): Promise<Readonly<Record<string, number>>> {
    const before = await figures();
    await run();
    const grown = growthOf(before, await figures());
    return Object.fromEntries(
      Object.entries(grown).filter(([name]) => /^zeke_(?!request_|answer_|floor|log_)/.test(name)),
    );
  }

  const counts = (route: string, status: number) =>
    `zeke_requests_total{route="${route}",status="${status}"}`;

  test("conflicts by entity and resolution, alone and in a batch; what they are a share of; replays", async () => {
    border = await LiveBorder.open();
    await border.seed();
    const bases: Record<string, string> = {};
    for (const [collection, id, body] of [
      ["contacts", "c1", { name: "Ada II" }],
      ["tasks", "t1", { title: "rewrite" }],
      ["lists", "l1", { items: [{ id: "i2", text: "salt" }] }],
    ] as const) {
      bases[id] = metaOf(await call("GET", `/api/${collection}/${id}`)).revisionId;
      await call("PATCH", `/api/${collection}/${id}`, body);
    }
    const ifMatch = (id: string): More => [["If-Match", `"${bases[id]}"`]];
    const key = [["Idempotency-Key", "k1"]] as const;
    const alone = await moved(async () => {
      const stale = [...ifMatch("c1"), ...key];
      expect((await call("PATCH", "/api/contacts/c1", { name: "x" }, stale)).status).toBe(409);
      expect((await call("DELETE", "/api/tasks/t1", undefined, ifMatch("t1"))).status).toBe(409);
      expect((await call("PATCH", "/api/lists/l1", { name: "drink" }, ifMatch("l1"))).status).toBe(200);
      expect((await call("PATCH", "/api/lists/l1", { name: "eat" })).status).toBe(200);
    });
    expect(alone).toEqual({
      [counts("PATCH /api/contacts/{id}", 409)]: 1,
      [counts("DELETE /api/tasks/{id}", 409)]: 1,
      [counts("PATCH /api/lists/{id}", 200)]: 2,
      'zeke_conditional_writes_total{entity="contact"}': 1,
      'zeke_conditional_writes_total{entity="task"}': 1,
      'zeke_conditional_writes_total{entity="list"}': 1,
      'zeke_conflicts_total{entity="contact",resolution="refused"}': 1,
      'zeke_conflicts_total{entity="task",resolution="refused"}': 1,
      'zeke_conflicts_total{entity="list",resolution="merged"}': 1,
      'zeke_commits_total{entity="list",action="updated"}': 2,
    });
    const item = (id: string, entity: string, recordId: string, payload: unknown, more: object = {}) => ({
      ...{ id, timestamp: Date.now(), entity, operation: "update", recordId, payload },
      ...more,
    });
    const mutations = [
      item("m1", "contact", "c1", { name: "y" }, { ifMatch: bases.c1 }),
      item("m2", "task", "t1", { title: "z" }, { ifMatch: bases.t1 }),
      item("m3", "list", "l1", { name: "w" }, { ifMatch: bases.l1 }),
      item("m4", "list", "l1", { name: "v" }, { ifMatchMutation: "m3" }),
      item("m5", "task", "t1", { done: true }),
      { ...item("m6", "task", "", { id: "t2", title: "t" }), operation: "create", recordId: undefined },
      "no mutation",
    ];
    const batch = () => call("POST", "/api/sync/batch", { mutations });
    const inBatch = await moved(batch);
    expect(inBatch).toEqual({
      [counts("POST /api/sync/batch", 200)]: 1,
      'zeke_conditional_writes_total{entity="contact"}': 1,
      'zeke_conditional_writes_total{entity="task"}': 1,
      'zeke_conditional_writes_total{entity="list"}': 2,
      'zeke_conflicts_total{entity="contact",resolution="refused"}': 1,
      'zeke_conflicts_total{entity="task",resolution="client_won"}': 1,
      'zeke_conflicts_total{entity="list",resolution="merged"}': 1,
      'zeke_commits_total{entity="task",action="updated"}': 2,
      'zeke_commits_total{entity="task",action="created"}': 1,
      'zeke_commits_total{entity="list",action="updated"}': 2,
    });
    const again = await moved(async () => {
      await call("PATCH", "/api/contacts/c1", { name: "x" }, [...ifMatch("c1"), ...key]);
      await batch();
    });
    expect(again).toMatchObject({ zeke_replayed_total: 7 });
    expect(Object.keys(again).filter((name) => name.startsWith("zeke_commits"))).toEqual([]);
  });

  test("syncs by kind: first pages of deltas and full ones, and 410s", async () => {
    border = await LiveBorder.open();
    await border.seed();
    const grown = await moved(async () => {
      const first = JSON.parse((await call("GET", "/api/sync/changes?limit=2")).body) as {
        nextCursor: string;
        currentRevision: string;
      };
      await call("GET", `/api/sync/changes?limit=2&cursor=${encodeURIComponent(first.nextCursor)}`);
      await call("GET", `/api/sync/changes?since=${first.currentRevision}`);
      await call("GET", `/api/sync/changes?since=${first.currentRevision}`);
      expect((await call("GET", "/api/sync/changes?since=rev_0000000001_000001")).status).toBe(410);
      expect((await call("GET", "/api/sync/changes?since=x")).status).toBe(400);
    });
    expect(grown).toEqual({
      'zeke_syncs_total{kind="full"}': 1,
      'zeke_syncs_total{kind="delta"}': 2,
      'zeke_syncs_total{kind="expired"}': 1,
      [counts("GET /api/sync/changes", 200)]: 4,
      [counts("GET /api/sync/changes", 410)]: 1,
      [counts("GET /api/sync/changes", 400)]: 1,
    });
  });

  test("sockets, frames, closes; the log's length and its floor's age; pushes and receipts by outcome", async () => {
    const clock = new ManualClock(START_MS);
    const gateway: PushGateway = {
      send: async (messages) => ({
        result: "answered",
        tickets: messages.map((_, at) =>
          at === 0 ? { status: "ok", id: "ticket-1" } : { status: "error", error: "DeviceNotRegistered" },
        ),
      }),
      receipts: async (tickets) => ({
        result: "answered",
        receipts: new Map(tickets.map((ticket) => [ticket, { status: "ok", id: ticket }])),
      }),
    };
    border = await LiveBorder.open({ clock, gateway });
    const device = (id: string): More => [["X-Device-Id", id]];
    for (const id of ["d1", "d2"]) {
      const body = { token: `ExponentPushToken[${id}]`, platform: "ios", topics: ["task"] };
      expect((await call("POST", "/api/push/register", body, device(id))).status).toBe(201);
    }
    const before = await figures();
    const [first, second] = [
      await RawSocket.open(border.server.port, OF_A),
      await RawSocket.open(border.server.port, OF_A),
    ];
    expect((await figures()).get("zeke_sockets")).toBe(2);
    await border.json(TOKEN_A, "POST", "/api/tasks", { title: "t" });
    second.peer.say(textFrame("no JSON"));
    await until("it was closed", () => second.closeCode === 1008);
    clock.set(clock.nowMs() + 60_000);
    await border.json(TOKEN_B, "POST", "/api/contacts", { name: "n" });
    for (let run = 0; run < 3; run++) clock.runNext(1_000);
    await until(
      "the pushes were answered",
      () => [...border.sync.durable.desk.push.allPending()].length === 0,
    );
    clock.set(clock.nowMs() + 900_000);
    let grown: Readonly<Record<string, number>> = {};
    for (let run = 0; run < 10 && grown['zeke_push_receipts_total{outcome="ok"}'] === undefined; run++) {
      clock.runNext(1_000);
      grown = growthOf(before, await figures());
    }
    expect(grown).toMatchObject({
      'zeke_frames_total{type="ready"}': 2,
      'zeke_frames_total{type="sync_event"}': 2,
      'zeke_socket_closes_total{code="1008"}': 1,
      'zeke_pushes_total{outcome="ok"}': 1,
      'zeke_pushes_total{outcome="error"}': 1,
      'zeke_push_receipts_total{outcome="ok"}': 1,
      'zeke_commits_total{entity="task",action="created"}': 1,
      'zeke_commits_total{entity="contact",action="created"}': 1,
      zeke_log_versions: 2,
    });
    const age = grown.zeke_floor_age_seconds ?? 0;
    expect(age).toBeGreaterThanOrEqual(960);
    expect(age).toBeLessThan(990);
    first.peer.cut();
    await until("no socket is left", () => border.sync.service.socketCount === 0);
    expect((await figures()).get("zeke_sockets")).toBe(0);
  });
});

describe("the log", () => {
  const MARK = "planted-mark";

  test("a JSON line a call, with request id, route, status and time; and no token, id, payload or query", async () => {
    border = await LiveBorder.open();
    border.log.length = 0;
    const device: More = [
      ["X-Device-Id", `${MARK}-device`],
      ["Idempotency-Key", `${MARK}-key`],
      ["If-Match", `"${MARK}"`],
      ["User-Agent", `${MARK}-agent`],
    ];
    const body = { id: `${MARK}-id`, name: MARK, title: MARK, [MARK]: MARK };
    const calls: readonly (readonly [method: string, target: string, body?: unknown])[] = [
      ...["contacts", "tasks", "lists"].flatMap((collection) => [
        ["POST", `/api/${collection}`, body] as const,
        ["GET", `/api/${collection}/${MARK}-id`] as const,
        ["PATCH", `/api/${collection}/${MARK}-id`, body] as const,
        ["DELETE", `/api/${collection}/${MARK}-id`] as const,
        ["GET", `/api/${collection}?cursor=${MARK}`] as const,
      ]),
      ["POST", "/api/sync/batch", { mutations: [{ ...body, entity: MARK }] }],
      ["GET", `/api/sync/changes?since=${MARK}`],
      ["GET", "/api/sync/capabilities"],
      ["POST", "/api/push/register", { token: MARK, platform: "ios", topics: ["task"] }],
      ["PUT", "/api/push/topics", { topics: [MARK] }],
      ["DELETE", "/api/push/register"],
      ["GET", `/${MARK}?${MARK}`],
      ["PROPFIND", `/api/tasks/${MARK}`],
      ["POST", "/api/tasks", MARK.repeat(1_000)],
    ];
    for (const [method, target, sent] of calls) await call(method, target, sent, device);
    await border.ask({
      method: "GET",
      target: "/api/tasks",
      headers: [
        ["Host", "x"],
        ["Authorization", `Bearer ${MARK}`],
      ],
    });
    const lines = border.log.map((line) => JSON.parse(line) as Record<string, unknown>);
    const answered = lines.filter(({ msg }) => msg === "answered");
    expect(answered).toHaveLength(calls.length + 1);
    for (const line of answered) {
      expect(line).toMatchObject({
        requestId: expect.stringMatching(/^req-[0-9a-z]+$/),
        route: expect.stringMatching(/^(?:other|(?:GET|POST|PATCH|PUT|DELETE) \/api\/[a-z/{}]+)$/),
        status: expect.any(Number),
        ms: expect.any(Number),
      });
    }
    expect(new Set(answered.map(({ requestId }) => requestId)).size).toBe(answered.length);
    // What never becomes a call, and what is no call.
    for (const bytes of [
      `${MARK}\r\n\r\n`,
      `GET /${MARK} HTTP/1.1\r\n${MARK}`,
      `POST /api/tasks HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\n${MARK}`,
    ]) {
      await (await RawPeer.open(border.server.port)).end(bytes).toEnd();
    }
    const target = `/api/sync/events?lastRevisionId=${MARK}&deviceId=${MARK}`;
    const socket = await RawSocket.open(border.server.port, { ...OF_A, target });
    socket.peer.say(textFrame(MARK));
    await until("it was closed", () => socket.closeCode !== undefined);
    socket.peer.cut();
    const text = border.log.join("");
    expect(text).not.toContain(MARK);
    expect(text).not.toContain(TOKEN_A);
  });

  test("a plain x-request-id is taken over and sent back; any other is replaced", async () => {
    border = await LiveBorder.open();
    const plain = await call("GET", "/api/tasks", undefined, [["X-Request-Id", "trace.1_a-B"]]);
    expect(plain.headers.get("x-request-id")).toBe("trace.1_a-B");
    expect(border.log.join("")).toContain('"requestId":"trace.1_a-B"');
    for (const odd of ["a b", "x".repeat(65), "é", '"}', "", "a,b"]) {
      const answer = await call("GET", "/api/tasks", undefined, [["X-Request-Id", odd]]);
      expect(answer.headers.get("x-request-id")).toMatch(/^req-/);
    }
  });
});
