/**
 * Owns the proof of how sockets are kept: slow readers, dead ones, pings and checkpoints (EVT-10 to EVT-17).
 */

import { describe, expect, test } from "vitest";
import { SECOND_MS } from "../base/time.ts";
import type { AccountId } from "../protocol/messages.ts";
import { CLOSE } from "../protocol/request.ts";
import { GENESIS, type Revision } from "../protocol/revision.ts";
import { Desk, limitsOf, START_MS } from "./desk.fixture.ts";
import { createProxy } from "./engine.ts";
import { revisions, said, tasks } from "./frames.fixture.ts";
import { CURSOR_LIFE_MS } from "./store.ts";

describe("slow readers", () => {
  test("[EVT-10] a live reader whose backlog is full is closed with 1013; what it got is a prefix", () => {
    const desk = new Desk(limitsOf({ socketBacklogMax: 4 }));
    const slow = desk.open();
    const quick = desk.open();
    const made: Revision[] = [];
    for (let n = 0; n < 6; n++) {
      made.push(...tasks(desk, 1, n));
      desk.proxy.socketDrained(quick, 1);
    }
    expect(revisions(desk.frames(slow))).toEqual(made.slice(0, 3));
    expect(desk.closeCode(slow)).toBe(CLOSE.overloaded);
    expect(revisions(desk.frames(quick))).toEqual(made);
    expect(desk.closeCode(quick)).toBeUndefined();
    desk.proxy.socketDrained(slow, 9);
    desk.proxy.socketClosed(slow);
  });

  test("[EVT-10] a long replay goes as fast as it is read, and does not close", () => {
    const desk = new Desk(limitsOf({ socketBacklogMax: 3 }));
    const made = tasks(desk, 20);
    const socket = desk.open({ lastRevisionId: GENESIS });
    expect(desk.frames(socket)).toHaveLength(3);
    const late = tasks(desk, 5, 20);
    for (let n = 0; n < 26; n++) {
      desk.proxy.socketDrained(socket, 1);
      desk.collect();
    }
    expect(desk.closeCode(socket)).toBeUndefined();
    expect(revisions(desk.frames(socket))).toEqual([...made, ...late]);
    expect(desk.frames(socket)[20]).toEqual({ type: "ready", revisionId: made[19] });
  });

  test("[EVT-10] a replay that is not read until the log has gone is closed, with no gap", () => {
    const desk = new Desk({ ...limitsOf({ socketBacklogMax: 3 }), retentionSeconds: 60 });
    const made = tasks(desk, 9);
    const socket = desk.open({ lastRevisionId: GENESIS });
    for (let passed = 0; passed < 3 * CURSOR_LIFE_MS; passed += 20 * SECOND_MS) {
      desk.pass(20 * SECOND_MS);
      desk.proxy.socketPong(socket, desk.nowMs);
    }
    for (let n = 0; n < 9; n++) desk.proxy.socketDrained(socket, 1);
    desk.collect();
    expect(desk.closeCode(socket)).toBe(CLOSE.overloaded);
    expect(revisions(desk.frames(socket))).toEqual(made.slice(0, 3));
  });

  test("[EVT-11] a ping every 30 s; no pong within 30 s more closes", () => {
    const desk = new Desk();
    const dead = desk.open();
    desk.pass(10 * SECOND_MS);
    const alive = desk.open();
    const pings = (socket: number) =>
      desk.outputs.filter((output) => output.output === "ping" && output.socket === socket).length;
    desk.pass(19_999);
    expect([pings(dead), pings(alive)]).toEqual([0, 0]);
    desk.pass(1);
    expect([pings(dead), pings(alive)]).toEqual([1, 0]);
    for (let n = 0; n < 6; n++) {
      desk.pass(10 * SECOND_MS);
      desk.proxy.socketPong(alive, desk.nowMs);
    }
    expect([pings(dead), pings(alive)]).toEqual([1, 2]);
    expect(desk.closeCode(dead)).toBe(CLOSE.goingAway);
    expect(desk.closeCode(alive)).toBeUndefined();
    const before = desk.frames(dead).length;
    tasks(desk, 1);
    expect(desk.frames(dead)).toHaveLength(before);
  });

  test("[EVT-11] pings go on at their pace when the wall clock steps back", () => {
    const desk = new Desk();
    const socket = desk.open();
    desk.pass(20 * SECOND_MS);
    desk.proxy.tick(desk.nowMs);
    desk.nowMs -= 3_600_000;
    desk.proxy.tick(desk.nowMs);
    desk.pass(10 * SECOND_MS);
    expect(desk.outputs.filter(({ output }) => output === "ping")).toEqual([{ output: "ping", socket }]);
  });

  test("[EVT-13] a frame that is not JSON, or over 64 KiB, closes that socket; other JSON is ignored", () => {
    const desk = new Desk();
    const texts = ["{", "", "not json", `"${"x".repeat(65_536)}"`, `"${"é".repeat(32_768)}"`];
    const fine = [
      "{}",
      "5",
      "null",
      '{"type":"hello"}',
      '{"type":"ready"}',
      `"${"x".repeat(65_534)}"`,
      `"${"é".repeat(32_767)}"`,
    ];
    const other = desk.open();
    for (const text of texts) {
      const socket = desk.open();
      desk.proxy.socketText(socket, text, desk.nowMs);
      desk.collect();
      expect(desk.closeCode(socket), text.slice(0, 9)).toBe(CLOSE.badFrame);
    }
    for (const text of fine) desk.proxy.socketText(other, text, desk.nowMs);
    tasks(desk, 1);
    expect(desk.closeCode(other)).toBeUndefined();
    expect(said(desk.frames(other))).toEqual(["ready", "created t0"]);
    desk.proxy.socketText(9_999, "{", desk.nowMs);
  });

  test("[EVT-17] a filtered socket hears of a head that moved unseen within a minute, once", () => {
    const desk = new Desk();
    const filtered = desk.open({ entities: ["lists"] });
    const open = desk.open();
    const seen = (socket: number) => desk.frames(socket).filter(({ type }) => type === "checkpoint");
    const live = () => {
      for (const socket of [filtered, open]) desk.proxy.socketPong(socket, desk.nowMs);
    };
    tasks(desk, 2);
    for (let n = 0; n < 6; n++) {
      desk.pass(10 * SECOND_MS);
      live();
    }
    expect(seen(filtered)).toEqual([{ type: "checkpoint", revisionId: desk.head() }]);
    for (let n = 0; n < 30; n++) {
      desk.pass(10 * SECOND_MS);
      live();
    }
    expect(seen(filtered)).toHaveLength(1);
    tasks(desk, 1, 2);
    desk.made("list", { id: "l1", name: "x" });
    for (let n = 0; n < 30; n++) {
      desk.pass(10 * SECOND_MS);
      live();
    }
    // The list's event said it all.
    expect(seen(filtered)).toHaveLength(1);
    expect(seen(open)).toHaveLength(0);
    tasks(desk, 1, 3);
    for (let n = 0; n < 6; n++) {
      desk.pass(10 * SECOND_MS);
      live();
    }
    expect(seen(filtered).at(-1)).toEqual({ type: "checkpoint", revisionId: desk.head() });
  });

  test("[EVT-17] a checkpoint is a place to resume from, with nothing lost", () => {
    const desk = new Desk();
    const first = desk.open({ entities: ["lists"] });
    tasks(desk, 2);
    desk.pass(55 * SECOND_MS);
    const frame = desk.frames(first).at(-1);
    const lastRevisionId = frame?.type === "checkpoint" ? frame.revisionId : "";
    desk.made("list", { id: "l1", name: "x" });
    const second = desk.open({ entities: ["lists"], lastRevisionId });
    expect(said(desk.frames(second))).toEqual(["created l1", "ready"]);
  });
});

test("a commit costs only its own account's sockets, and a tick with nothing due costs nothing", () => {
  const accounts = new Map(
    Array.from({ length: 3_000 }, (_, n) => [`tok-${n}`, `account-${n}` as AccountId] as const),
  );
  const desk = new Desk({ accounts });
  let reads = 0;
  const counting = Object.create(desk.store, {
    logAfter: {
      value: (...given: Parameters<typeof desk.store.logAfter>) => {
        reads++;
        return desk.store.logAfter(...given);
      },
    },
  }) as typeof desk.store;
  const proxy = createProxy(desk.config, counting);
  for (let n = 0; n < 3_000; n++) proxy.openSocket({ token: `tok-${n}` }, START_MS);
  reads = 0;
  const call = { call: "create", entity: "task", body: { title: "x" } } as const;
  proxy.answer({ token: "tok-7", call }, START_MS);
  expect(reads).toBeLessThanOrEqual(2);
  proxy.tick(START_MS + 1_000);
  expect(reads).toBeLessThanOrEqual(2);
});
