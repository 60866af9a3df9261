/**
 * Tests of the checkers of the system's rules but SYS-6: kept, broken, and silent histories.
 */

import { describe, test } from "vitest";
import {
  answered,
  asked,
  chosen,
  committed,
  created,
  deleted,
  discarded,
  edited,
  event,
  frame,
  freshReplica,
  held,
  killed,
  listOf,
  mutation,
  noticed,
  phase,
  record,
  rekeyed,
  replica,
  result,
  retried,
  rev,
  saved,
  sent,
  settled,
  shown,
  shows,
  started,
} from "../../history/facts.fixture.ts";
import { expectBroken, expectIdle, expectKept } from "../judge.fixture.ts";
import { createWitness } from "../witness.ts";
import { createSys1Checker } from "./sys-1.ts";
import { createSys2Checker } from "./sys-2.ts";
import { createSys3Checker } from "./sys-3.ts";
import { createSys4Checker } from "./sys-4.ts";
import { createSys5Checker, REQUESTS_MAX } from "./sys-5.ts";
import { createSys7Checker } from "./sys-7.ts";

const end = phase("settled", 100);

describe("[SYS-1] in the end all are alike", () => {
  const log = [created(1), created(2, { id: "c2" }), deleted(3, { id: "c2", previous: rev(2) })];
  const right = [held("c1", 1)];

  test("kept: device, fresh device and commits, whether told before the end or after it", () => {
    expectKept(createSys1Checker(), [...log, replica(right), freshReplica(right), end]);
    expectKept(createSys1Checker(), [...log, end, replica(right), freshReplica(right)]);
  });
  test("kept: a record from before the history", () => {
    const old = [held("c0", 0), ...right];
    expectKept(createSys1Checker(), [...log, replica(old), freshReplica(old), end]);
  });
  test("broken: older, other fields, missing, too many, another entity", () => {
    const says = (...records: Parameters<typeof replica>[0]) => [
      ...log,
      created(4, { id: "c4" }),
      replica(records),
      freshReplica([held("c1", 1), held("c4", 4)]),
      end,
    ];
    expectBroken(
      createSys1Checker(),
      says(held("c1", 0), held("c4", 4)),
      /it has contact c1 at rev_1704067200_000000/,
    );
    expectBroken(
      createSys1Checker(),
      says(held("c1", 1, { name: "?" }), held("c4", 4)),
      /as \{"name":"\?"\}/,
    );
    expectBroken(createSys1Checker(), says(held("c1", 1, { name: "Ada", odd: 1 }), held("c4", 4)), /"odd":1/);
    expectBroken(createSys1Checker(), says(held("c1", 1)), /it has contact c4 nowhere/);
    expectBroken(
      createSys1Checker(),
      says(held("c1", 1), held("c4", 4), held("c2", 2)),
      /device 0 has contact c2 nowhere/,
    );
    expectBroken(
      createSys1Checker(),
      says(held("c1", 1), held("c4", 4), held("c1", 1, { name: "Ada" }, "task")),
      /task c1/,
    );
  });
  test("broken: all devices agree, and not with the server", () => {
    const wrong = [held("c1", 1), held("c2", 2)];
    expectBroken(
      createSys1Checker(),
      [...log, replica(wrong), freshReplica(wrong), end],
      /the server, by its commits/,
    );
  });
  test("kept: a record whose edit its user has yet to decide; broken: any other", () => {
    const mine = [held("c1", 1, { name: "Mine" })];
    const facts = [...log, edited(), asked(), freshReplica(right), end];
    expectKept(createSys1Checker(), [...facts, replica(mine, { waiting: 1 })]);
    expectBroken(createSys1Checker(), [...facts, replica(mine)], /"name":"Mine"/);
    expectBroken(
      createSys1Checker(),
      [...facts, replica([...mine, held("c2", 2)], { waiting: 1 })],
      /contact c2/,
    );
    const failed = [...log, edited(), settled({ outcome: "failed" }), freshReplica(right), end];
    expectKept(createSys1Checker(), [...failed, replica(mine, { waiting: 1 })]);
    expectBroken(
      createSys1Checker(),
      [...failed, discarded(), replica(mine, { waiting: 1 })],
      /"name":"Mine"/,
    );
  });
  test("idle: the run did not settle", () =>
    expectIdle(createSys1Checker(), [...log, replica([]), freshReplica([]), phase("unsettled")]));
});

describe("[SYS-2] an answered write is never lost", () => {
  const ask = (payload: Record<string, string>, entity: "contact" | "task" = "contact") =>
    sent({ mutations: [mutation({ entity, payload })] });
  const knew = (n: number, fields: Record<string, string>) =>
    committed(n, { previous: rev(n - 1), ifMatch: rev(n - 1), key: "k-m1", record: record("c1", n, fields) });

  test("kept: it knew the record, was blind, or went by its strategy", () => {
    expectKept(createSys2Checker(), [created(1), ask({ name: "Grace" }), knew(2, { name: "Grace" })]);
    expectKept(createSys2Checker(), [created(1), committed(2, { previous: rev(1) })]);
    const stale = { entity: "task", previous: rev(2), ifMatch: rev(1), resolution: "merged" } as const;
    expectKept(createSys2Checker(), [
      created(1, { entity: "task" }),
      committed(2, { entity: "task", previous: rev(1) }),
      committed(3, stale),
    ]);
  });
  test("kept: a create that was answered has its commit", () => {
    const create = sent({ mutations: [mutation({ operation: "create" })] });
    expectKept(createSys2Checker(), [
      create,
      created(1, { key: "k-m1" }),
      answered({ results: [shows(record("c1", 1), { status: 201 })] }),
    ]);
  });
  test("broken: made on top of an older state", () =>
    expectBroken(
      createSys2Checker(),
      [created(1), committed(2, { previous: rev(1) }), committed(3, { previous: rev(1) })],
      /is lost/,
    ));
  test("broken: a stale write without a strategy; any stale write of a contact; a stale delete", () => {
    const log = [created(1), committed(2, { previous: rev(1) })];
    const stale = { previous: rev(2), ifMatch: rev(1) };
    expectBroken(
      createSys2Checker(),
      [...log, committed(3, stale)],
      /a write that knew the record, or a merge/,
    );
    expectBroken(
      createSys2Checker(),
      [...log, committed(3, { ...stale, resolution: "merged" })],
      /it did not know/,
    );
    expectBroken(createSys2Checker(), [...log, deleted(3, stale)], /it did not know/);
    expectKept(createSys2Checker(createWitness({ mode: "off", resolvedBy: "server" })), [
      ...log,
      committed(3, stale),
    ]);
  });
  test("broken: a field that the later write does not name", () =>
    expectBroken(
      createSys2Checker(),
      [
        created(1, { record: record("c1", 1, { name: "Ada", phone: "1" }) }),
        ask({ name: "Grace" }),
        knew(2, { name: "Grace" }),
      ],
      /phone of contact c1 is still "1"; actual it is null/,
    ));
  test("broken: a create was answered, and nothing was committed", () => {
    const create = sent({ mutations: [mutation({ operation: "create" })] });
    expectBroken(
      createSys2Checker(),
      [created(0, { id: "c0" }), create, answered({ results: [shows(record("c1", 1), { status: 201 })] })],
      /no commit has this key/,
    );
  });
  test("idle: nothing comes after anything", () =>
    expectIdle(createSys2Checker(), [created(1), created(2, { id: "c2" }), created(3, { account: 1 })]));
});

describe("[SYS-3] one effect or none", () => {
  const ask = (key = "k-m1") => sent({ mutations: [mutation({ key })] });
  const effect = (n: number, key = "k-m1") => committed(n, { key, device: 0 });

  test("kept: retried, one effect", () =>
    expectKept(createSys3Checker(), [edited(), ask(), effect(1), ask(), settled()]));
  test("kept: taken up again by its user, it is a new mutation", () =>
    expectKept(createSys3Checker(), [
      edited(),
      ask(),
      effect(1),
      ask(),
      settled({ outcome: "failed" }),
      retried(),
      rekeyed(),
      ask("k-m1-2"),
      effect(2, "k-m1-2"),
    ]));
  test("broken: one key twice", () =>
    expectBroken(
      createSys3Checker(),
      [edited(), ask(), effect(1), ask(), effect(2)],
      /one effect of mutation m1; actual a second one/,
    ));
  test("broken: under two keys", () =>
    expectBroken(
      createSys3Checker(),
      [edited(), ask(), effect(1), rekeyed(), ask("k-m1-2"), effect(2, "k-m1-2")],
      /under key k-m1-2; because it had its effect/,
    ));
  test("broken: by somebody whom nobody knows", () =>
    expectBroken(
      createSys3Checker(),
      [committed(1, { key: "k" }), committed(2, { key: "k" })],
      /one effect of mutation k/,
    ));
  test("idle: nothing is sent twice; the same key of another account and device", () =>
    expectIdle(createSys3Checker(), [
      edited(),
      ask(),
      effect(1),
      edited({ device: 1, account: 1 }),
      committed(1, { key: "k-m1", device: 1, account: 1 }),
    ]));
});

describe("[SYS-4] no edit vanishes", () => {
  test("kept: settled, asked, failed, failed and retried", () => {
    expectKept(createSys4Checker(), [edited(), saved(), settled(), end]);
    expectKept(createSys4Checker(), [
      edited({ mutation: "m0" }),
      settled({ mutation: "m0" }),
      edited(),
      asked(),
      end,
    ]);
    expectKept(createSys4Checker(), [edited(), asked(), edited({ mutation: "m2" }), saved(), end]);
    expectKept(createSys4Checker(), [edited(), settled({ outcome: "failed" }), end]);
    expectKept(createSys4Checker(), [edited(), settled({ outcome: "failed" }), retried(), settled(), end]);
  });
  test("broken: it is neither", () => {
    expectBroken(
      createSys4Checker(),
      [edited(), saved(), end],
      /device 0 took the update of contact c1 and saved it/,
    );
    expectBroken(
      createSys4Checker(),
      [edited(), saved(), killed(), started(), end],
      /mutation m1 settled, or waiting/,
    );
    expectBroken(createSys4Checker(), [edited(), asked(), chosen(), end], /it is neither/);
    expectBroken(
      createSys4Checker(),
      [edited(), edited({ mutation: "m2" }), asked({ mutation: "m2" }), end],
      /mutation m1 settled, or waiting/,
    );
    expectBroken(
      createSys4Checker(),
      [edited(), asked(), edited({ mutation: "m2", id: "c2" }), end],
      /the update of contact c2/,
    );
    expectBroken(
      createSys4Checker(),
      [edited(), settled({ outcome: "failed" }), retried(), end],
      /it is neither/,
    );
    expectBroken(
      createSys4Checker(),
      [edited(), edited({ device: 1 }), settled({ device: 1 }), end],
      /device 0/,
    );
  });
  test("idle: killed before it was saved, told why, or the run did not settle", () => {
    expectIdle(createSys4Checker(), [edited(), killed(), started(), end]);
    expectIdle(createSys4Checker(), [edited(), noticed({ notice: "protocol_mismatch" }), end]);
    expectIdle(createSys4Checker(), [edited(), saved(), phase("unsettled")]);
    expectIdle(createSys4Checker(), [edited(), saved()]);
  });
});

describe("[SYS-5] settled in bounded time, by a bounded number of requests", () => {
  const storm = Array.from({ length: REQUESTS_MAX + 1 }, (_, request) => sent({ request, at: 50 }));
  test("kept: as many requests before the heal as you like", () =>
    expectKept(createSys5Checker(), [...storm, phase("heal", 60), ...storm.slice(1), end]));
  test("broken: not settled", () =>
    expectBroken(
      createSys5Checker(),
      [phase("heal", 60), sent(), phase("unsettled", 90)],
      /30 ms passed, with 1 requests/,
    ));
  test("broken: a storm", () =>
    expectBroken(createSys5Checker(), [phase("heal", 40), ...storm, end], /device 0 sends more/));
  test("idle: interrupted", () => expectIdle(createSys5Checker(), [phase("agitate"), phase("heal"), sent()]));
});

describe("[SYS-7] nothing crosses accounts", () => {
  const log = [created(1), created(7, { account: 1, id: "c7" }), created(8, { id: "c8" })];
  test("kept", () => expectKept(createSys7Checker(), [...log, shown(), frame(event(record("c8", 8)))]));
  test("kept: an id that only this device knows yet, and that another account has", () =>
    expectKept(createSys7Checker(), [...log, shown(), shown({ id: "c7", revision: undefined })]));
  test("broken: on a screen, in a replica, in a frame", () => {
    const words =
      /contact c7 at rev_1704067200_000007 on .* of account 0; because that is a change of account 1/;
    expectBroken(createSys7Checker(), [...log, shown({ id: "c7", revision: rev(7) })], words);
    expectBroken(createSys7Checker(), [...log, replica([held("c7", 7)])], words);
    expectBroken(createSys7Checker(), [...log, freshReplica([held("c7", 7)])], words);
    expectBroken(createSys7Checker(), [...log, frame(event(record("c7", 7)))], words);
  });
  test("idle: one account", () =>
    expectIdle(createSys7Checker(), [
      created(1),
      shown(),
      sent(),
      answered({ results: [result()] }),
      created(2, { id: "l", entity: "list", record: record("l", 2, listOf()) }),
    ]));
});
