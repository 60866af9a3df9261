/**
 * Owns the proof that settings can be read anew while the server runs: modes, tokens and limits change, and no socket
 * closes but those whose token is gone: FLG-1, FLG-2, SEC-5.
 */

import { afterEach, describe, expect, test } from "vitest";
import { LiveBorder, TOKEN_A, TOKEN_B } from "./live-border.fixture.ts";
import { type RawAnswer, until } from "./raw-http.fixture.ts";
import { RawSocket } from "./raw-socket.fixture.ts";

let border: LiveBorder;

afterEach(() => border.close());

const OF_A = { token: TOKEN_A } as const;
type More = readonly (readonly [name: string, value: string])[];

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

describe("settings read anew", () => {
  const tokens = { [TOKEN_A]: "a", [TOKEN_B]: "b" };

  test("[FLG-1, FLG-2] modes change from the next call on, and no socket closes", async () => {
    border = await LiveBorder.open();
    await border.seed();
    const socket = await RawSocket.open(border.server.port, OF_A);
    const stale = () =>
      call("PATCH", "/api/contacts/c1", { name: `n${Math.random()}` }, [
        ["If-Match", "rev_0000000001_000001"],
      ]);
    const bare = () => call("PATCH", "/api/contacts/c1", { name: `n${Math.random()}` });
    expect((await stale()).status).toBe(409);
    border.sync.reload({ tokens, conflicts: { mode: "advisory" } });
    const advised = await stale();
    expect([advised.status, metaOf(advised).conflict]).toEqual([
      200,
      expect.objectContaining({ expectedRevision: "rev_0000000001_000001" }),
    ]);
    border.sync.reload({ tokens, conflicts: { mode: "off", ifMatch: "required" } });
    expect([(await stale()).status, (await bare()).status]).toEqual([200, 200]);
    border.sync.reload({ tokens, conflicts: { ifMatch: "required" } });
    expect([(await stale()).status, (await bare()).status]).toEqual([409, 428]);
    const { data } = JSON.parse((await call("GET", "/api/sync/capabilities")).body) as {
      data: { conflicts: unknown };
    };
    expect(data.conflicts).toEqual({ mode: "enforce", ifMatch: "required", resolvedBy: "server" });
    await until("the socket heard of three", () => socket.frames.length === 4);
    expect(socket.isOver).toBe(false);
    socket.peer.cut();
  });

  test("[SEC-5] sockets of a token that went close with 4401, others stay; a new token serves at once", async () => {
    border = await LiveBorder.open();
    await border.seed();
    const ofA = await RawSocket.open(border.server.port, OF_A);
    const ofB = await RawSocket.open(border.server.port, { token: TOKEN_B });
    border.sync.reload({ tokens: { [TOKEN_B]: "b", "new-token": "a" } });
    await until("it was closed", () => ofA.closeCode !== undefined);
    expect([ofA.closeCode, ofB.isOver]).toEqual([4401, false]);
    expect((await call("GET", "/api/tasks/t1")).status).toBe(401);
    expect((await border.json("new-token", "GET", "/api/tasks/t1")).status).toBe(200);
    for (const { peer } of [ofA, ofB]) peer.cut();
  });

  test("[SEC-5] so do those of the last token of an account", async () => {
    border = await LiveBorder.open();
    const ofA = await RawSocket.open(border.server.port, OF_A);
    border.sync.reload({ tokens: { [TOKEN_B]: "b" } });
    await until("it was closed", () => ofA.closeCode !== undefined, 500).finally(() => ofA.peer.cut());
  });

  test("wrong settings throw, and change nothing; limits of the border change too", async () => {
    border = await LiveBorder.open();
    const socket = await RawSocket.open(border.server.port, OF_A);
    expect(() => border.sync.reload({ tokens: {}, conflicts: { mode: "off" } })).toThrow();
    expect(() => border.sync.reload({ tokens: { x: "b" }, retention: "soon" })).toThrow();
    expect(border.sync.service.mode.mode).toBe("enforce");
    expect((await call("GET", "/api/tasks")).status).toBe(200);
    expect(socket.isOver).toBe(false);
    border.sync.reload({ tokens, limits: { requestsPerSecondMax: 1 } });
    const statuses = [];
    for (let n = 0; n < 3; n++) statuses.push((await call("GET", "/api/tasks")).status);
    expect(statuses).toEqual([200, 200, 429]);
    border.sync.reload({ tokens });
    expect((await call("GET", "/api/tasks")).status).toBe(200);
    socket.peer.cut();
  });
});
