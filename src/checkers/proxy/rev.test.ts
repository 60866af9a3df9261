/**
 * Tests of the checkers of revisions, each by a history that keeps the rule, one that breaks it, and one that is silent.
 */

import { describe, test } from "vitest";
import {
  answered,
  committed,
  connecting,
  created,
  deleted,
  edited,
  event,
  frame,
  mutation,
  record,
  result,
  rev,
  sent,
  shows,
} from "../../history/facts.fixture.ts";
import { expectBroken, expectIdle, expectKept } from "../judge.fixture.ts";
import { createWitness } from "../witness.ts";
import { createRev3Checker } from "./rev-3.ts";
import { createRev4Checker } from "./rev-4.ts";
import { createRev5Checker } from "./rev-5.ts";
import { createRev6Checker } from "./rev-6.ts";
import { createRev8Checker } from "./rev-8.ts";

const update = sent({ mutations: [mutation()] });
const outside = () => createWitness({ mode: "enforce", resolvedBy: "server", vantage: "outside" });
const create = (request: number, id: string) =>
  sent({ request, call: "create", mutations: [mutation({ key: `k-${id}`, id, operation: "create" })] });

describe("[REV-3] every record carries its own revision", () => {
  test("kept: answers and events show what was committed", () =>
    expectKept(createRev3Checker(), [
      created(1),
      update,
      committed(2, { previous: rev(1) }),
      answered({ results: [shows(record("c1", 2))] }),
      frame(event(record("c1", 2))),
    ]));

  test("kept: a record from before the history is not judged by its commits", () =>
    expectKept(createRev3Checker(), [created(5, { id: "c2" }), frame(event(record("c1", 2)))]));

  test("broken: the answer shows another record's revision", () =>
    expectBroken(
      createRev3Checker(),
      [created(1), update, created(2, { id: "c2" }), answered({ results: [shows(record("c1", 2))] })],
      /no change of contact c1 was committed as rev_1704067200_000002/,
    ));

  test("broken: the event shows the record before its change", () =>
    expectBroken(
      createRev3Checker(),
      [created(1), committed(2), frame(event(record("c1", 1), { revisionId: rev(2) }))],
      /rev_1704067200_000002 or later; actual it carries rev_1704067200_000001/,
    ));

  test("idle: no record appears", () =>
    expectIdle(createRev3Checker(), [created(1), update, answered({ results: [result()] }), edited()]));
});

describe("[REV-4] meta names the record's revision", () => {
  const remove = sent({ mutations: [mutation({ operation: "delete", payload: undefined })] });

  test("kept: records, and the tombstone of a deletion", () =>
    expectKept(createRev4Checker(), [
      created(1),
      update,
      answered({ results: [shows(record("c1", 1))] }),
      remove,
      deleted(2),
      answered({ results: [result({ record: null, revision: rev(2) })] }),
    ]));

  test("broken: meta names the head instead", () =>
    expectBroken(
      createRev4Checker(),
      [created(1), update, answered({ results: [shows(record("c1", 1), { revision: rev(2) })] })],
      /meta.revisionId of contact c1 is rev_1704067200_000001; actual it is rev_1704067200_000002/,
    ));

  test("broken: a deletion names the revision from before it", () =>
    expectBroken(
      createRev4Checker(),
      [created(1), remove, deleted(2), answered({ results: [result({ record: null, revision: rev(1) })] })],
      /its tombstone's/,
    ));

  test("broken: a deletion names the tombstone of another record; a temporary id stands for one", () => {
    const other = deleted(3, { id: "c2", previous: rev(2) });
    const gone = answered({ results: [result({ record: null, revision: rev(3) })] });
    const log = [created(1), created(2, { id: "c2" })];
    expectBroken(
      createRev4Checker(),
      [...log, remove, other, gone],
      /no deletion of contact c1 was committed/,
    );
    const byTemporaryId = sent({
      mutations: [mutation({ id: "k-c2", operation: "delete", payload: undefined })],
    });
    expectKept(createRev4Checker(), [...log, byTemporaryId, other, gone]);
  });

  test("idle: refusals have no record", () =>
    expectIdle(createRev4Checker(), [
      update,
      answered({ results: [result({ status: 409, error: "conflict", revision: rev(9) })] }),
    ]));
});

describe("[REV-5] every change has a revision of its own", () => {
  test("kept: also when two accounts have the same", () =>
    expectKept(createRev5Checker(), [created(1), created(1, { account: 1 }), created(2, { id: "c2" })]));

  test("broken: the same revision again", () =>
    expectBroken(
      createRev5Checker(),
      [created(1), created(2, { id: "c2" }), created(1, { id: "c3" })],
      /rev_1704067200_000001 again; because .*contact c1/,
    ));

  test("broken, from outside: two records' events name one, which is told as one commit", () => {
    const twice = [created(1), frame(event(record("c1", 1))), frame(event(record("c2", 1)))];
    expectBroken(createRev5Checker(outside()), twice, /contact c2 was updated as .*_000001; .*contact c1/);
    expectKept(createRev5Checker(outside()), [created(1), frame(event(record("c1", 1)))]);
    const leaked = [created(1), created(1, { id: "c2", account: 1 }), frame(event(record("c2", 1)))];
    expectKept(createRev5Checker(outside()), leaked);
  });

  test("idle: nothing is committed", () => expectIdle(createRev5Checker(), [edited()]));
});

describe("[REV-6] one order for log, events and answers", () => {
  test("kept", () =>
    expectKept(createRev6Checker(), [
      created(1),
      connecting(),
      frame(event(record("c1", 1))),
      create(1, "c2"),
      created(2, { id: "c2", key: "k-c2" }),
      answered({ request: 1, results: [shows(record("c2", 2), { key: "k-c2" })] }),
      create(2, "c3"),
      created(3, { id: "c3", key: "k-c3" }),
      answered({ request: 2, results: [shows(record("c3", 3), { key: "k-c3" })] }),
    ]));

  test("broken: a commit goes back", () =>
    expectBroken(
      createRev6Checker(),
      [created(2), created(1, { id: "c2" })],
      /c2 was committed as rev_1704067200_000001/,
    ));

  test("broken: an event goes back", () =>
    expectBroken(
      createRev6Checker(),
      [connecting(), frame(event(record("c1", 2))), frame(event(record("c1", 1)))],
      /socket 1 of device 0 had been sent rev_1704067200_000002/,
    ));

  test("broken: a create is answered below what had been answered before it was sent", () =>
    expectBroken(
      createRev6Checker(),
      [
        create(1, "c2"),
        answered({ request: 1, results: [shows(record("c2", 5), { key: "k-c2" })] }),
        create(2, "c3"),
        answered({ request: 2, results: [shows(record("c3", 4), { key: "k-c3" })] }),
      ],
      /a revision above rev_1704067200_000005/,
    ));

  test("kept: a create that was sent before may be below, and a retry is answered as its first time", () =>
    expectKept(createRev6Checker(), [
      created(1),
      created(2, { id: "c9" }),
      create(1, "c2"),
      create(2, "c3"),
      answered({ request: 2, results: [shows(record("c3", 5), { key: "k-c3" })] }),
      answered({ request: 1, results: [shows(record("c2", 4), { key: "k-c2" })] }),
      create(3, "c2"),
      answered({ request: 3, results: [shows(record("c2", 4), { key: "k-c2" })] }),
    ]));

  test("idle: one change has no order", () => expectIdle(createRev6Checker(), [created(1)]));
});

describe("[REV-8] an update that changes nothing commits nothing", () => {
  test("kept: 200 without a commit", () =>
    expectKept(createRev8Checker(), [created(1), update, answered({ results: [shows(record("c1", 1))] })]));

  test("from outside: kept when it names a revision from before it, idle when its commit may lack its key", () => {
    const answeredAt = (n: number) => answered({ results: [shows(record("c1", n))] });
    expectKept(createRev8Checker(outside()), [created(1), update, answeredAt(1)]);
    const changed = committed(2, { previous: rev(1), record: record("c1", 2, { name: "Grace" }) });
    expectIdle(createRev8Checker(outside()), [created(1), update, changed, answeredAt(2)]);
  });

  test("broken: a commit with the fields of the one before", () =>
    expectBroken(
      createRev8Checker(),
      [created(1), committed(2, { previous: rev(1), key: "k-m1", device: 0 })],
      /still at rev_1704067200_000001; actual committed as rev_1704067200_000002/,
    ));

  test("idle: an update that changes a field, and a webhook that changes none", () =>
    expectIdle(createRev8Checker(), [
      created(1),
      committed(2, { key: "k-m1", record: record("c1", 2, { name: "Grace" }) }),
      committed(3, { record: record("c1", 3, { name: "Grace" }) }),
    ]));
});
