/**
 * Tests of the checkers of events, each by a history that keeps the rule, one that breaks it, and one that is silent.
 */

import { describe, test } from "vitest";
import {
  answered,
  checkpoint,
  committed,
  connecting,
  created,
  disconnected,
  event,
  frame,
  killed,
  mutation,
  offline,
  phase,
  ready,
  record,
  result,
  resyncRequired,
  rev,
  sent,
} from "../../history/facts.fixture.ts";
import { expectBroken, expectIdle, expectKept } from "../judge.fixture.ts";
import { CALM_MS, createEvt1Checker, PROVEN_MS, UNPROVEN_MS } from "./evt-1.ts";
import { createEvt2Checker } from "./evt-2.ts";
import { createEvt3Checker } from "./evt-3.ts";
import { createEvt4Checker } from "./evt-4.ts";
import { createEvt5Checker } from "./evt-5.ts";
import { createEvt7Checker } from "./evt-7.ts";

const told = (n: number) => frame(event(record("c1", n)));
const change = (n: number) => committed(n, { previous: rev(n - 1) });
const task = (n: number) =>
  created(n, { entity: "task", id: `t${n}`, record: record(`t${n}`, n, { title: "x" }) });

describe("[EVT-1] a change reaches every live socket that stays up", () => {
  const live = [connecting(), frame(ready(0))];

  test("kept: it is told", () =>
    expectKept(createEvt1Checker(), [
      ...live,
      created(1, { at: 5 }),
      told(1),
      disconnected({ at: UNPROVEN_MS * 2 }),
    ]));

  test("broken: nothing for longer than any network is dead", () =>
    expectBroken(
      createEvt1Checker(),
      [...live, created(1, { at: 5 }), disconnected({ at: 6 + UNPROVEN_MS })],
      /none within 1800 s, and the socket is up/,
    ));

  test("broken: nothing while requests and answers pass", () => {
    const ask = (request: number, at: number) => [sent({ request, at }), answered({ request, at: at + 1 })];
    const facts = [...live, created(1, { at: 5 }), ...ask(1, 10), ...ask(2, 20 + PROVEN_MS)];
    expectBroken(
      createEvt1Checker(),
      [...facts, disconnected({ at: 30 + PROVEN_MS })],
      /contact c1 at rev_1704067200_000001/,
    );
  });

  test("broken: nothing after faults have stopped", () => {
    const calm = [phase("heal", 1), connecting({ at: 2 }), frame(ready(0), { at: 3 }), created(1, { at: 5 })];
    expectBroken(createEvt1Checker(), [...calm, phase("settled", 6 + CALM_MS)], /none within 30 s/);
  });

  test("idle: the socket closed in time, was of other entities, or its phone was offline or killed", () => {
    const late = disconnected({ at: 6 + UNPROVEN_MS });
    expectIdle(createEvt1Checker(), [
      ...live,
      created(1, { at: 5 }),
      disconnected({ at: 100 }),
      phase("settled", UNPROVEN_MS * 2),
    ]);
    expectIdle(createEvt1Checker(), [
      connecting({ entities: ["tasks"] }),
      frame(ready(0)),
      created(1, { at: 5 }),
      late,
    ]);
    expectIdle(createEvt1Checker(), [...live, created(1, { at: 5 }), offline({ at: 6 }), late]);
    expectIdle(createEvt1Checker(), [
      ...live,
      created(1, { at: 5 }),
      killed({ at: 6 }),
      phase("settled", UNPROVEN_MS * 2),
    ]);
    expectIdle(createEvt1Checker(), [...live, created(1, { at: 5, account: 1 }), late]);
  });
});

describe("[EVT-2] ascending, none left out", () => {
  test("kept: from `since` on, in order", () =>
    expectKept(createEvt2Checker(), [
      created(1),
      change(2),
      change(3),
      connecting({ since: rev(1) }),
      told(2),
      told(3),
      frame(ready(3)),
    ]));

  test("kept: a filtered socket is told of its entity alone, and a resync starts anew", () => {
    expectKept(createEvt2Checker(), [
      connecting({ entities: ["tasks"], since: rev(0) }),
      created(1),
      task(2),
      frame(event(record("t2", 2, { title: "x" }), { entity: "task" })),
    ]);
    const afterResync = [
      frame(resyncRequired(3)),
      frame(ready(3)),
      created(4, { id: "c4" }),
      created(5, { id: "c5" }),
    ];
    expectKept(createEvt2Checker(), [
      created(1),
      change(2),
      change(3),
      connecting({ since: rev(1) }),
      ...afterResync,
      told(4),
      told(5),
    ]);
  });

  test("broken: one left out in the replay", () =>
    expectBroken(
      createEvt2Checker(),
      [created(1), change(2), change(3), connecting({ since: rev(1) }), told(3)],
      /an event of contact c1 at rev_1704067200_000002 before sync_event rev_1704067200_000003/,
    ));

  test("broken: one left out between replay and live", () =>
    expectBroken(
      createEvt2Checker(),
      [created(1), connecting(), frame(ready(1)), change(2), change(3), told(3)],
      /1 left out/,
    ));

  test("broken: a checkpoint passes over a change of the socket's own", () =>
    expectBroken(
      createEvt2Checker(),
      [created(1), connecting({ since: rev(1) }), told(1), change(2), frame(checkpoint(2))],
      /before checkpoint rev_1704067200_000002/,
    ));

  test("broken: backwards", () =>
    expectBroken(
      createEvt2Checker(),
      [created(1), change(2), connecting({ since: rev(0) }), told(1), told(2), told(1)],
      /an event above rev_1704067200_000002/,
    ));

  test("idle: what arrives after the socket was closed", () =>
    expectIdle(createEvt2Checker(), [
      created(1),
      change(2),
      connecting({ since: rev(0) }),
      disconnected(),
      told(2),
      told(1),
    ]));
});

describe("[EVT-3] what was refused makes no event", () => {
  const refusal = [
    sent({ mutations: [mutation()] }),
    answered({ results: [result({ status: 409, error: "conflict", revision: rev(1) })] }),
  ];

  test("kept: refused, and only what was committed is told", () =>
    expectKept(createEvt3Checker(), [created(1), ...refusal, connecting(), told(1)]));

  test("broken: an event of the refused write", () => {
    const lie = event(record("c1", 2), { origin: { deviceId: "phone", mutationId: "k-m1" } });
    expectBroken(
      createEvt3Checker(),
      [created(1), ...refusal, connecting(), frame(lie)],
      /k-m1 was answered 409/,
      1,
    );
  });

  test("idle: nothing is refused, or no commits are seen", () => {
    expectIdle(createEvt3Checker(), [created(1), connecting(), told(1)]);
    expectIdle(createEvt3Checker(), [...refusal, connecting(), told(1)]);
  });
});

describe("[EVT-4] only subscribed entities", () => {
  const taskEvent = frame(event(record("t1", 1, { title: "x" }), { entity: "task" }));

  test("kept", () =>
    expectKept(createEvt4Checker(), [connecting({ entities: ["tasks", "lists"] }), taskEvent]));
  test("broken", () =>
    expectBroken(
      createEvt4Checker(),
      [connecting({ entities: ["contacts"] }), taskEvent],
      /only contacts; actual an event of task t1/,
    ));
  test("idle: none named means all", () => expectIdle(createEvt4Checker(), [connecting(), taskEvent]));
});

describe("[EVT-5] the replay begins after R and is whole before ready", () => {
  const log = [created(1), change(2), change(3)];

  test("kept", () =>
    expectKept(createEvt5Checker(), [
      ...log,
      connecting({ since: rev(1) }),
      told(2),
      told(3),
      frame(ready(3)),
    ]));
  test("kept: the newest is sent again after ready, which is EVT-7", () =>
    expectKept(createEvt5Checker(), [
      ...log,
      connecting({ since: rev(1) }),
      told(2),
      told(3),
      frame(ready(3)),
      told(3),
    ]));
  test("broken: R itself is among them", () =>
    expectBroken(
      createEvt5Checker(),
      [...log, connecting({ since: rev(2) }), told(2)],
      /events after rev_1704067200_000002/,
    ));
  test("broken: ready before the replay is whole", () =>
    expectBroken(
      createEvt5Checker(),
      [...log, connecting({ since: rev(1) }), told(2), frame(ready(3)), told(3)],
      /then ready; actual ready rev_1704067200_000003 without it/,
      2,
    ));
  test("idle: a socket that does not resume", () =>
    expectIdle(createEvt5Checker(), [...log, connecting(), frame(ready(3)), told(3)]));
  test("idle: told to sync instead, also because of a revision above all that the log has", () => {
    for (const since of [rev(1), rev(900_000)]) {
      const resync = [connecting({ since }), frame(resyncRequired(3)), frame(ready(3))];
      expectIdle(createEvt5Checker(), [...log, ...resync, change(4), told(4)]);
    }
  });
});

describe("[EVT-7] nothing twice on one socket", () => {
  const log = [created(1), change(2), change(3)];

  test("kept: again on another socket", () =>
    expectKept(createEvt7Checker(), [
      ...log,
      connecting(),
      told(1),
      told(2),
      disconnected(),
      connecting({ socket: 2 }),
      frame(event(record("c1", 2)), { socket: 2 }),
    ]));
  test("kept: what was left out comes late, which breaks other rules", () =>
    expectKept(createEvt7Checker(), [...log, connecting({ since: rev(0) }), told(1), told(3), told(2)]));
  test("broken: the newest again, and an older one again", () => {
    expectBroken(
      createEvt7Checker(),
      [...log, connecting(), told(2), told(2)],
      /rev_1704067200_000002 a second time/,
    );
    expectBroken(
      createEvt7Checker(),
      [...log, connecting({ since: rev(0) }), told(1), told(2), told(1)],
      /rev_1704067200_000001 a second time/,
    );
  });
  test("idle: one event", () => expectIdle(createEvt7Checker(), [...log, connecting(), told(1)]));
});
