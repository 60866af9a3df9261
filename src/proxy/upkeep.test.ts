/**
 * Owns the proof, at the engine alone, of how sockets are kept (EVT-10 to EVT-17); and of what only one who drains
 * each frame, or ticks the proxy, by hand can bring about.
 */

import { describe, expect, test } from "vitest";
import { SECOND_MS } from "../base/time.ts";
import type { AccountId } from "../protocol/messages.ts";
import { CLOSE } from "../protocol/request.ts";
import { GENESIS, type Revision } from "../protocol/revision.ts";
import { Desk, limitsOf, START_MS } from "./desk.fixture.ts";
import { createProxy } from "./engine.ts";
import { ENGINE_DESKS } from "./engine-desk.fixture.ts";
import { revisions } from "./frames.fixture.ts";
import { CURSOR_LIFE_MS } from "./store.ts";
import { declareUpkeepRules } from "./upkeep.suite.fixture.ts";

declareUpkeepRules(ENGINE_DESKS);

/** Makes tasks one after the other, and says which revisions they got. */
function tasksAt(desk: Desk, count: number, from = 0): readonly Revision[] {
  return Array.from(
    { length: count },
    (_, n) => desk.made("task", { id: `t${from + n}`, title: "t" }).revisionId,
  );
}

describe("slow readers", () => {
  test("[EVT-10] a live reader whose backlog is full is closed with 1013; what it got is a prefix", () => {
    const desk = new Desk(limitsOf({ socketBacklogMax: 4 }));
    const slow = desk.open();
    const quick = desk.open();
    const made: Revision[] = [];
    for (let n = 0; n < 6; n++) {
      made.push(...tasksAt(desk, 1, n));
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
    const made = tasksAt(desk, 20);
    const socket = desk.open({ lastRevisionId: GENESIS });
    expect(desk.frames(socket)).toHaveLength(3);
    const late = tasksAt(desk, 5, 20);
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
    const made = tasksAt(desk, 9);
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

  test("[EVT-13] a frame of a socket that is not there is nobody's", () => {
    const desk = new Desk();
    desk.proxy.socketText(9_999, "{", desk.nowMs);
    desk.collect();
    expect(desk.outputs).toEqual([]);
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
