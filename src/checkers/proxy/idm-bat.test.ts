/**
 * Tests of the checkers of idempotency, batches, pushes, deltas and isolation: kept, broken, and silent histories.
 */

import { describe, test } from "vitest";
import {
  answered,
  committed,
  created,
  event,
  frame,
  mutation,
  pushed,
  pushHandedOver,
  record,
  result,
  rev,
  sent,
  shows,
  started,
  unanswered,
} from "../../history/facts.fixture.ts";
import type { MutationResult } from "../../history/facts.ts";
import { KEY_KEPT_MS } from "../exchanges.ts";
import { expectBroken, expectIdle, expectKept } from "../judge.fixture.ts";
import { createBat1Checker } from "./bat-1.ts";
import { createBat2Checker } from "./bat-2.ts";
import { createBat3Checker } from "./bat-3.ts";
import { createBat8Checker } from "./bat-8.ts";
import { createDlt13Checker } from "./dlt-13.ts";
import { createIdm1Checker } from "./idm-1.ts";
import { createPsh2Checker } from "./psh-2.ts";
import { createPsh5Checker } from "./psh-5.ts";
import { createSec3Checker } from "./sec-3.ts";

describe("[IDM-1] one key, one effect, one answer", () => {
  const ask = (request = 1) => sent({ request, mutations: [mutation()] });
  const ok = (n: number, request = 1, status = 200) =>
    answered({ request, results: [shows(record("c1", n), { status })] });
  const commit = committed(2, { key: "k-m1" });

  test("kept: the same answer again, and an unremembered one before", () =>
    expectKept(createIdm1Checker(), [
      ask(),
      answered({ results: [result({ status: 503, error: "unavailable" })] }),
      ask(2),
      commit,
      ok(2, 2),
      ask(3),
      ok(2, 3),
    ]));
  test("broken: a second effect", () =>
    expectBroken(createIdm1Checker(), [ask(), commit, committed(3, { key: "k-m1" })], /one effect of k-m1/));
  test("kept: the answer of the first time was lost; broken: the retry's is not that of the effect", () => {
    const lost = [ask(), commit, unanswered(), ask(2)];
    expectKept(createIdm1Checker(), [...lost, ok(2, 2)]);
    expectBroken(createIdm1Checker(), [...lost, ok(3, 2)], /k-m1 answered with rev_1704067200_000002/);
  });
  test("broken: another revision, another status", () => {
    expectBroken(
      createIdm1Checker(),
      [ask(), ok(2), ask(2), ok(3, 2)],
      /200 at rev_1704067200_000002, as k-m1 was answered before/,
    );
    expectBroken(createIdm1Checker(), [ask(), ok(2, 1, 201), ask(2), ok(2, 2, 200)], /201 at/);
  });
  test("idle: another account's key, a key from long ago, one answer", () => {
    expectIdle(createIdm1Checker(), [commit, committed(2, { key: "k-m1", account: 1 })]);
    expectIdle(createIdm1Checker(), [commit, committed(3, { key: "k-m1", at: KEY_KEPT_MS + 1 })]);
    expectIdle(createIdm1Checker(), [ask(), commit, ok(2)]);
  });
});

const a = mutation({ key: "a", operation: "create" });
const b = mutation({ key: "b", ifMatchMutation: "a" });
const batch = (request = 1) => sent({ request, call: "batch", mutations: [a, b] });
const results = (first: Partial<MutationResult>, second: Partial<MutationResult>, request = 1) =>
  answered({
    request,
    call: "batch",
    results: [result({ key: "a", ...first }), result({ key: "b", ...second })],
  });
const made = { status: 201, revision: rev(1), record: record("c1", 1) };
const changed = { status: 200, revision: rev(2), record: record("c1", 2) };
const failed = { status: 400, error: "invalid_request" };

describe("[BAT-1] as many results as mutations, in their order", () => {
  test("kept", () => expectKept(createBat1Checker(), [batch(), results(made, changed)]));
  test("broken: one is missing, or out of place", () => {
    expectBroken(
      createBat1Checker(),
      [batch(), answered({ call: "batch", results: [result({ key: "a" })] })],
      /2 results: a, b; actual 1 results: a/,
    );
    expectBroken(
      createBat1Checker(),
      [batch(), results({ key: "b" }, { key: "a" })],
      /actual 2 results: b, a/,
    );
  });
  test("idle: refused as a whole, or never answered", () => {
    expectIdle(createBat1Checker(), [batch(), answered({ call: "batch", status: 413 })]);
    expectIdle(createBat1Checker(), [batch(), unanswered({ call: "batch" })]);
  });
});

describe("[BAT-2] a later mutation sees an earlier one", () => {
  test("kept", () => expectKept(createBat2Checker(), [batch(), results(made, changed)]));
  test("broken: it ended below", () =>
    expectBroken(
      createBat2Checker(),
      [batch(), results(changed, made)],
      /b on top of a, which ended with rev_1704067200_000002/,
    ));
  test("broken: 404 of what was just made", () =>
    expectBroken(
      createBat2Checker(),
      [batch(), created(1, { key: "a" }), results(made, { status: 404, error: "not_found" })],
      /actual 404 not_found/,
    ));
  test("idle: replayed ones may have been applied in another order", () => {
    expectIdle(createBat2Checker(), [sent({ request: 9, mutations: [b] }), batch(), results(changed, made)]);
    expectIdle(createBat2Checker(), [batch(), results(failed, changed)]);
  });
});

describe("[BAT-3] one that fails stops no other", () => {
  const mixed = sent({ call: "batch", mutations: [{ ...a, key: "x", id: "c9" }, a] });
  const answer = answered({
    call: "batch",
    results: [result({ key: "x", ...failed }), result({ key: "a", ...made })],
  });
  test("kept", () => expectKept(createBat3Checker(), [mixed, created(1, { key: "a" }), answer]));
  test("broken: its result says 201, and nothing was made", () =>
    expectBroken(
      createBat3Checker(),
      [created(0, { id: "c0" }), mixed, answer],
      /created by a; actual nothing was committed/,
    ));
  test("idle: no commits are seen, or all went well", () => {
    expectIdle(createBat3Checker(), [mixed, answer]);
    expectIdle(createBat3Checker(), [batch(), created(1, { key: "a" }), results(made, changed)]);
  });
});

describe("[BAT-8] ifMatchMutation stands for what its mutation ended with", () => {
  test("kept: judged on it, or 424 with it", () => {
    expectKept(createBat8Checker(), [batch(), results(made, changed)]);
    expectKept(createBat8Checker(), [batch(), results(made, { status: 409, error: "conflict" })]);
    expectKept(createBat8Checker(), [batch(), results(failed, { status: 424, error: "dependency_failed" })]);
  });
  test("broken: applied though its base failed", () =>
    expectBroken(
      createBat8Checker(),
      [batch(), results(failed, changed)],
      /expected 424 dependency_failed; actual 200/,
    ));
  test("broken: 424 though its base succeeded", () =>
    expectBroken(
      createBat8Checker(),
      [batch(), results(made, { status: 424, error: "dependency_failed" })],
      /b judged on rev_1704067200_000001/,
    ));
  test("idle: its base is open in this batch, and may have ended well in another", () => {
    for (const open of [
      { status: 409, error: "in_flight" },
      { status: 429, error: "rate_limited" },
      { status: 503, error: "unavailable" },
    ])
      expectIdle(createBat8Checker(), [batch(), results(open, changed)]);
  });
  test("idle: nothing is named, or it had been applied before", () => {
    const plain = sent({ call: "batch", mutations: [a, { ...b, ifMatchMutation: undefined }] });
    expectIdle(createBat8Checker(), [plain, results(failed, changed)]);
    expectIdle(createBat8Checker(), [
      batch(1),
      unanswered({ call: "batch" }),
      batch(2),
      results(failed, changed, 2),
    ]);
  });
});

describe("[PSH-2] no push to the author or to strangers", () => {
  const home = [started({ device: 0 }), started({ device: 1 }), started({ device: 2, account: 1 })];
  const log = [...home, created(1, { device: 0 })];
  test("kept: to the others; to all when nobody is known", () => {
    expectKept(createPsh2Checker(), [...log, pushHandedOver({ device: 1 })]);
    expectKept(createPsh2Checker(), [...home, created(1), pushHandedOver({ device: 0 })]);
  });
  test("broken: to the author", () =>
    expectBroken(
      createPsh2Checker(),
      [...log, pushHandedOver({ device: 0 })],
      /device 0 made that change itself/,
    ));
  test("broken: to a device of another account, whoever writes that down", () => {
    expectBroken(createPsh2Checker(), [...log, pushHandedOver({ device: 2 })], /belong to accounts 0 and 1/);
    const theirs = created(0, { account: 1, entity: "task", id: "t1" });
    expectBroken(
      createPsh2Checker(),
      [...log, theirs, pushHandedOver({ device: 2, account: 1 })],
      /belong to accounts 0 and 1/,
    );
  });
  test("idle: no push", () => expectIdle(createPsh2Checker(), log));
});

describe("[PSH-5] a change can be read before its push leaves", () => {
  test("kept", () => expectKept(createPsh5Checker(), [created(1), pushHandedOver()]));
  test("broken: the push comes first", () =>
    expectBroken(
      createPsh5Checker(),
      [created(1), pushHandedOver({ revision: rev(2) }), created(2, { id: "c2" })],
      /none was committed yet/,
    ));
  test("broken: it names a change of another entity", () =>
    expectBroken(
      createPsh5Checker(),
      [created(1), pushHandedOver({ entity: "task" })],
      /is a change of contact c1/,
    ));
  test("idle: no commits are seen", () => expectIdle(createPsh5Checker(), [pushHandedOver()]));
});

describe("[DLT-13] the head is not below the floor", () => {
  const ask = (n: number) => sent({ call: "changes", since: rev(n) });
  const log = [created(1), created(2, { id: "c2" })];
  test("kept", () => expectKept(createDlt13Checker(), [...log, ask(2), answered({ call: "changes" })]));
  test("broken", () =>
    expectBroken(
      createDlt13Checker(),
      [...log, ask(2), answered({ call: "changes", status: 410 })],
      /was the head of account 0/,
    ));
  test("idle: an older one may be", () =>
    expectIdle(createDlt13Checker(), [...log, ask(1), answered({ call: "changes", status: 410 })]));
});

describe("[SEC-3] nothing of another account", () => {
  const log = [created(1), created(7, { account: 1, id: "c7" }), created(8, { id: "c8" })];
  test("kept: one's own, also under an id and a revision that others have", () =>
    expectKept(createSec3Checker(), [
      ...log,
      created(8, { account: 1, id: "c8" }),
      frame(event(record("c8", 8))),
    ]));
  test("broken: an event, an answer, a push", () => {
    const words = /that is a change of account 1, and account 0 has none such/;
    expectBroken(createSec3Checker(), [...log, frame(event(record("c7", 7)))], words);
    const ask = sent({ mutations: [mutation({ id: "c7" })] });
    expectBroken(createSec3Checker(), [...log, ask, answered({ results: [shows(record("c7", 7))] })], words);
    expectBroken(createSec3Checker(), [...log, pushed({ revision: rev(7) })], words);
  });
  test("broken: another's revision of an id that both have", () =>
    expectBroken(
      createSec3Checker(),
      [...log, created(6, { account: 1, id: "c1" }), frame(event(record("c1", 6)))],
      /account 1/,
    ));
  test("idle: one account", () =>
    expectIdle(createSec3Checker(), [created(1), frame(event(record("c1", 1)))]));
});
