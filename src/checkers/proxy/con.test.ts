/**
 * Tests of the checkers of conflicts, each by a history that keeps the rule, one that breaks it, and one that is silent.
 */

import { describe, test } from "vitest";
import {
  answered,
  committed,
  created,
  deleted,
  mutation,
  record,
  result,
  rev,
  sent,
  shows,
  unanswered,
} from "../../history/facts.fixture.ts";
import type { Fact, MutationResult, SentMutation } from "../../history/facts.ts";
import { expectBroken, expectIdle, expectKept } from "../judge.fixture.ts";
import { createWitness } from "../witness.ts";
import { createCon1Checker } from "./con-1.ts";
import { createCon2Checker } from "./con-2.ts";
import { createCon3Checker } from "./con-3.ts";
import { createCon4Checker } from "./con-4.ts";
import { createCon8Checker } from "./con-8.ts";
import { createCon9Checker } from "./con-9.ts";
import { createCon10Checker } from "./con-10.ts";
import { createCon11Checker } from "./con-11.ts";
import { createCon12Checker } from "./con-12.ts";

const grace = { name: "Grace" };
const ask = (some: Partial<SentMutation> = {}, request = 1) => sent({ request, mutations: [mutation(some)] });
const reply = (some: Partial<MutationResult>, request = 1) => answered({ request, results: [result(some)] });
const conflict = (n: number, request = 1) =>
  reply({ status: 409, error: "conflict", revision: rev(n) }, request);
const ok = (n: number, request = 1) => answered({ request, results: [shows(record("c1", n, grace))] });
const change = (n: number, some: Parameters<typeof committed>[1] = {}) =>
  committed(n, {
    previous: rev(n - 1),
    key: "k-m1",
    ifMatch: rev(n - 1),
    record: record("c1", n, grace),
    ...some,
  });
const advisory = () => createWitness({ mode: "advisory", resolvedBy: "server" });

describe("[CON-1] a write on the current revision is applied", () => {
  const current = ask({ ifMatch: rev(1) });
  test("kept", () => expectKept(createCon1Checker(), [created(1), current, change(2), ok(2)]));
  test("broken: 409 though nobody wrote", () =>
    expectBroken(
      createCon1Checker(),
      [created(1), current, conflict(1)],
      /If-Match rev_1704067200_000001 applied; actual 409 conflict/,
    ));
  test("broken: 404 though it lives", () =>
    expectBroken(
      createCon1Checker(),
      [created(1), current, reply({ status: 404, error: "not_found" })],
      /actual 404 not_found/,
    ));
  test("idle: somebody wrote in between, or the answer is about something else", () => {
    const other = change(2, { key: "k-other" });
    expectIdle(createCon1Checker(), [created(1), current, other, conflict(2)]);
    for (const error of ["rate_limited", "in_flight", "invalid_request", "unavailable"]) {
      expectIdle(createCon1Checker(), [
        created(1),
        current,
        reply({ status: error === "in_flight" ? 409 : 429, error }),
      ]);
    }
    expectIdle(createCon1Checker(), [created(1), ask(), conflict(1)]);
  });
});

describe("[CON-2] a stale write on a contact is refused", () => {
  const stale = [created(1), change(2, { key: "k-other" }), ask({ ifMatch: rev(1) })];
  test("kept", () => expectKept(createCon2Checker(), [...stale, conflict(2)]));
  test("broken: 200, and nothing done", () =>
    expectBroken(createCon2Checker(), [...stale, ok(2)], /had moved on to rev_1704067200_000002/));
  test("broken: 200, and applied", () =>
    expectBroken(
      createCon2Checker(),
      [...stale, change(3, { ifMatch: rev(1) }), ok(3)],
      /expected 409 conflict; actual 200/,
    ));
  test("idle: it was current when it was applied, whatever came after", () =>
    expectIdle(createCon2Checker(), [
      created(1),
      ask({ ifMatch: rev(1) }),
      change(2),
      change(3, { key: "k-other" }),
      ok(2),
    ]));
  test("idle: an update that changes nothing was current when it was first sent; the retry gets that answer", () =>
    expectIdle(createCon2Checker(), [
      created(1),
      ask({ ifMatch: rev(1) }),
      unanswered({ request: 1 }),
      change(2, { key: "k-other" }),
      ask({ ifMatch: rev(1) }, 2),
      ok(1, 2),
    ]));
  test("idle: an update that changes nothing was answered late", () =>
    expectIdle(createCon2Checker(), [
      created(1),
      ask({ ifMatch: rev(1) }),
      change(2, { key: "k-other" }),
      ok(1),
    ]));
  test("idle: other modes, other entities", () => {
    expectIdle(createCon2Checker(advisory()), [...stale, ok(2)]);
    expectIdle(createCon2Checker(), [
      created(1, { entity: "task" }),
      ask({ entity: "task", ifMatch: rev(0) }),
      ok(1),
    ]);
  });
});

describe("[CON-3] a refused write leaves no trace", () => {
  const refusal: readonly Fact[] = [created(1), created(2), ask({ ifMatch: rev(1) }), conflict(2)];
  test("kept", () => expectKept(createCon3Checker(), refusal));
  test("broken: it is committed afterwards", () =>
    expectBroken(createCon3Checker(), [...refusal, change(3)], /k-m1 had been answered 409 conflict/));
  test("broken: it was committed between the refusal and its answer", () =>
    expectBroken(
      createCon3Checker(),
      [created(1), ask({ ifMatch: rev(0) }), change(2), conflict(1)],
      /against rev_1704067200_000001/,
    ));
  test("idle: refusals that are not remembered do not bind the key", () =>
    expectIdle(createCon3Checker(), [
      ask(),
      reply({ status: 404, error: "not_found" }),
      created(1),
      ask({}, 2),
      change(2),
      ok(2, 2),
    ]));
});

describe("[CON-4] a stale delete is refused", () => {
  const stale = [
    created(1),
    change(2, { key: "k-other" }),
    ask({ operation: "delete", payload: undefined, ifMatch: rev(1) }),
  ];
  test("kept", () => expectKept(createCon4Checker(), [...stale, conflict(2)]));
  test("broken", () =>
    expectBroken(
      createCon4Checker(),
      [...stale, deleted(3, { previous: rev(2), ifMatch: rev(1) })],
      /contact c1 is gone/,
    ));
  test("idle: a delete that knew the record, one without If-Match, and other modes", () => {
    expectIdle(createCon4Checker(), [created(1), deleted(2, { previous: rev(1), ifMatch: rev(1) })]);
    expectIdle(createCon4Checker(), [created(1), deleted(2, { previous: rev(1) })]);
    expectIdle(createCon4Checker(advisory()), [...stale, deleted(3, { previous: rev(2), ifMatch: rev(1) })]);
  });
});

describe("[CON-8] a deleted record never comes back by an update", () => {
  const gone = [created(1), deleted(2, { previous: rev(1) })];
  test("kept: refused", () => {
    expectKept(createCon8Checker(), [...gone, ask({ ifMatch: rev(1) }), conflict(2)]);
    expectKept(createCon8Checker(), [...gone, ask(), reply({ status: 404, error: "not_found" })]);
  });
  test("broken: updated, or deleted again", () => {
    expectBroken(
      createCon8Checker(),
      [...gone, change(3)],
      /nothing committed on contact c1, which does not live/,
    );
    expectBroken(
      createCon8Checker(),
      [...gone, deleted(3, { previous: rev(2), device: 0 })],
      /which does not live/,
    );
  });
  test("idle: the backend deletes what does not live [WHK-1]", () =>
    expectIdle(createCon8Checker(), [...gone, deleted(3, { previous: rev(2) })]));
  test("broken: an update of what never was", () =>
    expectBroken(createCon8Checker(), [committed(1)], /no contact c1 was ever created/));
  test("idle: made again, and a record from before the history", () => {
    expectIdle(createCon8Checker(), [...gone, created(3), change(4)]);
    expectIdle(createCon8Checker(), [change(2), change(3)]);
  });
});

describe("[CON-9] creating an id", () => {
  const create = (request = 1) => ask({ operation: "create" }, request);
  const exists = (n: number, request = 1) =>
    reply({ status: 409, error: "already_exists", revision: rev(n) }, request);
  const gone = [created(1), deleted(2, { previous: rev(1) })];
  test("kept: refused when it lives, new when it was deleted", () => {
    expectKept(createCon9Checker(), [created(1), create(), exists(1)]);
    expectKept(createCon9Checker(), [...gone, create(), created(3), ok(3)]);
  });
  test("broken: made over a living one", () =>
    expectBroken(createCon9Checker(), [created(1), created(2)], /expected 409 already_exists/));
  test("broken: refused though it was deleted", () =>
    expectBroken(
      createCon9Checker(),
      [...gone, create(), exists(1)],
      /a new contact c1; actual 409 already_exists/,
    ));
  test("kept: it was deleted only after the create had been sent", () =>
    expectKept(createCon9Checker(), [created(1), create(), deleted(2, { previous: rev(1) }), exists(1)]));
  test("idle: a new id; the same id of another account or entity", () =>
    expectIdle(createCon9Checker(), [
      created(1),
      created(1, { account: 1 }),
      created(2, { entity: "task" }),
    ]));
});

describe("[CON-10] no 409 against itself", () => {
  const lost = [created(1), ask({ ifMatch: rev(1) }), change(2), unanswered(), ask({ ifMatch: rev(1) }, 2)];
  test("kept", () => expectKept(createCon10Checker(), [...lost, ok(2, 2)]));
  test("broken: it names its own commit, or a later one", () => {
    expectBroken(createCon10Checker(), [...lost, conflict(2, 2)], /k-m1 had been applied itself/);
    expectBroken(
      createCon10Checker(),
      [...lost, change(3, { key: "k-other" }), conflict(3, 2)],
      /against rev_1704067200_000003/,
    );
  });
  test("idle: a conflict with somebody else", () =>
    expectIdle(createCon10Checker(), [
      created(1),
      change(2, { key: "k-other" }),
      ask({ ifMatch: rev(1) }),
      conflict(2),
    ]));
});

describe("[CON-11] what a conflict calls current is current", () => {
  const stale = [created(1), change(2, { key: "k-a" }), change(3, { key: "k-b" }), ask({ ifMatch: rev(1) })];
  test("kept", () => expectKept(createCon11Checker(), [...stale, conflict(3)]));
  test("kept: overtaken while it was on its way", () =>
    expectKept(createCon11Checker(), [...stale, change(4, { key: "k-c" }), conflict(3)]));
  test("broken: already outdated when it was sent", () =>
    expectBroken(
      createCon11Checker(),
      [...stale, conflict(2)],
      /currentRevision rev_1704067200_000003; actual rev_1704067200_000002/,
    ));
  test("idle: a repetition may be answered as its first time was", () =>
    expectIdle(createCon11Checker(), [
      ...stale,
      unanswered(),
      change(4, { key: "k-c" }),
      ask({ ifMatch: rev(1) }, 2),
      conflict(3, 2),
    ]));
});

describe("[CON-12] what is not stale is applied", () => {
  test("kept: values, removals, lists", () =>
    expectKept(createCon12Checker(), [
      created(1),
      ask({ ifMatch: rev(1), payload: { name: "Grace", phone: null, tags: ["a"] } }),
      change(2, { record: record("c1", 2, { name: "Grace", tags: ["a"] }) }),
    ]));
  test("broken: a value is not taken", () =>
    expectBroken(
      createCon12Checker(),
      [created(1), ask({ ifMatch: rev(1) }), change(2, { record: record("c1", 2) })],
      /name is "Grace", as the write says; actual name is "Ada"/,
    ));
  test("broken: a removal is not done", () =>
    expectBroken(
      createCon12Checker(),
      [
        created(1),
        ask({ ifMatch: rev(1), payload: { phone: null } }),
        change(2, { record: record("c1", 2, { phone: "1" }) }),
      ],
      /phone is null/,
    ));
  test("idle: a stale write, and one that nobody saw sent", () => {
    expectIdle(createCon12Checker(), [
      created(1),
      ask({ ifMatch: rev(0) }),
      change(2, { ifMatch: rev(0), record: record("c1", 2) }),
    ]);
    expectIdle(createCon12Checker(), [created(1), change(2)]);
  });
});
