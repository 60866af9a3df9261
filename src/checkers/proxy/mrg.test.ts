/**
 * Tests of the checkers of merges, each by a history that keeps the rule, one that breaks it, and one that is silent.
 */

import { describe, test } from "vitest";
import {
  answered,
  committed,
  created,
  deleted,
  event,
  frame,
  listOf,
  mutation,
  record,
  result,
  rev,
  sent,
  shows,
} from "../../history/facts.fixture.ts";
import type { Fields } from "../../protocol/entity.ts";
import { expectBroken, expectIdle, expectKept } from "../judge.fixture.ts";
import { createWitness } from "../witness.ts";
import { createMrg1Checker } from "./mrg-1.ts";
import { createMrg3Checker } from "./mrg-3.ts";
import { createMrg5Checker } from "./mrg-5.ts";
import { createMrg8Checker } from "./mrg-8.ts";

const advisory = () => createWitness({ mode: "advisory", resolvedBy: "server" });
const byClient = () => createWitness({ mode: "enforce", resolvedBy: "client" });

describe("[MRG-1] a stale write never changes a contact", () => {
  const stale = committed(3, { previous: rev(2), ifMatch: rev(1), key: "k-m1" });
  test("kept: refused", () =>
    expectKept(createMrg1Checker(), [
      sent({ mutations: [mutation({ ifMatch: rev(1) })] }),
      answered({ results: [result({ status: 409, error: "conflict" })] }),
    ]));
  test("broken", () =>
    expectBroken(
      createMrg1Checker(),
      [created(1), committed(2), stale],
      /unchanged at rev_1704067200_000002/,
    ));
  test("broken: any entity when devices resolve", () =>
    expectBroken(createMrg1Checker(byClient()), [{ ...stale, entity: "task" }], /task c1 unchanged/));
  test("idle: not stale, `*`, blind, other entities, other modes", () => {
    expectIdle(createMrg1Checker(), [
      { ...stale, ifMatch: rev(2) },
      { ...stale, ifMatch: undefined },
      { ...stale, entity: "list" },
    ]);
    expectIdle(createMrg1Checker(), [{ ...stale, ifMatch: "*" as never }]);
    expectIdle(createMrg1Checker(advisory()), [stale]);
  });
});

describe("[MRG-3] a stale update of a task", () => {
  const title = (n: number, fields: Fields) =>
    ({ entity: "task", id: "t1", record: record("t1", n, fields) }) as const;
  const ask = sent({
    mutations: [
      mutation({ entity: "task", id: "t1", payload: { title: "mine", done: true }, ifMatch: rev(1) }),
    ],
  });
  const log = [
    created(1, title(1, { title: "old" })),
    committed(2, { previous: rev(1), ...title(2, { title: "theirs" }) }),
  ];
  const merged = (fields: Fields, resolution?: "client_won" | "merged") =>
    committed(3, { previous: rev(2), ifMatch: rev(1), key: "k-m1", resolution, ...title(3, fields) });

  test("kept", () => {
    expectKept(createMrg3Checker(), [...log, ask, merged({ title: "mine", done: true }, "client_won")]);
    expectKept(createMrg3Checker(), [...log, ask, merged({ title: "theirs", done: true }, "merged")]);
  });
  test("broken: no resolution, or a false one", () => {
    expectBroken(createMrg3Checker(), [...log, ask, merged({ title: "mine", done: true })], /no resolution/);
    expectBroken(
      createMrg3Checker(),
      [...log, ask, merged({ title: "theirs", done: true }, "client_won")],
      /client_won, but title is "theirs"/,
    );
  });
  test("broken: the answer does not say so", () => {
    const answer = answered({ results: [shows(record("t1", 3, { title: "mine", done: true }))] });
    const commit = merged({ title: "mine", done: true }, "client_won");
    expectBroken(
      createMrg3Checker(),
      [...log, ask, commit, answer],
      /meta.resolution client_won; actual none/,
    );
  });
  test("kept: 409 when it wins nothing", () =>
    expectKept(createMrg3Checker(), [
      ...log,
      ask,
      answered({ results: [result({ status: 409, error: "conflict", revision: rev(2) })] }),
    ]));
  test("idle: nothing stale, or devices resolve", () => {
    expectIdle(createMrg3Checker(), [...log, ask]);
    expectIdle(createMrg3Checker(byClient()), [...log, ask, merged({ title: "mine", done: true })]);
  });
});

describe("[MRG-5] no item is lost, none appears twice", () => {
  const list = (n: number, ...items: readonly string[]) =>
    ({ entity: "list", id: "l1", record: record("l1", n, listOf(...items)) }) as const;
  const ask = (n: number, ...items: readonly string[]) =>
    sent({
      mutations: [
        mutation({
          entity: "list",
          id: "l1",
          payload: { items: listOf(...items).items ?? null },
          ifMatch: rev(n),
        }),
      ],
    });
  const log = [
    created(1, list(1, "milk")),
    committed(2, { previous: rev(1), ifMatch: rev(1), ...list(2, "milk", "eggs") }),
  ];
  const merge = (n: number, base: number, ...items: readonly string[]) =>
    committed(n, {
      previous: rev(n - 1),
      ifMatch: rev(base),
      key: "k-m1",
      resolution: base < n - 1 ? "merged" : undefined,
      ...list(n, ...items),
    });

  test("kept: both sides' items, and a removal by one who knew the item", () => {
    expectKept(createMrg5Checker(), [...log, ask(1, "milk", "tea"), merge(3, 1, "milk", "eggs", "tea")]);
    expectKept(createMrg5Checker(), [...log, ask(1, "tea"), merge(3, 1, "eggs", "tea")]);
    expectKept(createMrg5Checker(), [...log, ask(1), merge(3, 1, "eggs"), ask(3), merge(4, 3)]);
  });
  test("kept: an item that the server removed and the writer did not touch", () =>
    expectKept(createMrg5Checker(), [
      ...log,
      committed(3, { previous: rev(2), ifMatch: rev(2), ...list(3, "eggs") }),
      ask(2, "milk", "eggs", "tea"),
      merge(4, 2, "eggs", "tea"),
    ]));
  test("broken: not merged, by a proxy that did not look at the If-Match that was sent, and it is told", () =>
    expectBroken(
      createMrg5Checker(),
      [
        ...log,
        ask(1, "milk", "eggs", "tea"),
        { ...merge(3, 1, "milk", "eggs", "tea"), ifMatch: undefined, resolution: undefined },
      ],
      /no resolution.* with If-Match rev_1704067200_000001, on rev_1704067200_000002/,
    ));
  test("broken: an item of the writer is lost", () =>
    expectBroken(
      createMrg5Checker(),
      [...log, ask(1, "milk", "tea"), merge(3, 1, "milk", "eggs")],
      /item tea in list l1.*that write added it/,
    ));
  test("broken: an item that the writer did not know is lost", () =>
    expectBroken(
      createMrg5Checker(),
      [...log, ask(1, "milk", "tea"), merge(3, 1, "milk", "tea")],
      /did not know the item, which came with rev_1704067200_000002/,
    ));
  test("broken: an item that the writer kept, or did not speak of, is lost", () => {
    expectBroken(createMrg5Checker(), [...log, ask(1, "milk"), merge(3, 1, "eggs")], /did not remove it/);
    const rename = sent({
      mutations: [mutation({ entity: "list", id: "l1", payload: { name: "x" }, ifMatch: rev(2) })],
    });
    expectBroken(createMrg5Checker(), [...log, rename, merge(3, 2, "milk")], /did not remove it/);
  });
  test("broken: one item twice", () =>
    expectBroken(createMrg5Checker(), [created(1, list(1, "milk", "milk"))], /item milk stands twice/));
  test("broken: a stale update is not called merged", () =>
    expectBroken(
      createMrg5Checker(),
      [...log, { ...merge(3, 1, "milk", "eggs"), resolution: undefined }],
      /expected resolution merged/,
    ));
  test("idle: nothing stale, a blind write, a webhook, other modes, a list made again", () => {
    expectIdle(createMrg5Checker(), log);
    expectIdle(createMrg5Checker(), [...log, committed(3, { previous: rev(2), ...list(3) })]);
    expectIdle(createMrg5Checker(advisory()), [...log, ask(1, "milk", "tea"), merge(3, 1, "milk", "tea")]);
    expectIdle(createMrg5Checker(), [
      ...log,
      deleted(3, { entity: "list", id: "l1" }),
      created(4, list(4, "tea")),
    ]);
  });
});

describe("[MRG-8] one revision is one state", () => {
  const ask = sent({ mutations: [mutation({ entity: "task", id: "t1" })] });
  const merged = record("t1", 2, { title: "both" });
  const commit = committed(2, {
    entity: "task",
    id: "t1",
    record: merged,
    resolution: "merged",
    ifMatch: rev(0),
    previous: rev(1),
  });
  const show = (shown: typeof merged) => answered({ results: [shows(shown, { resolution: "merged" })] });

  test("kept", () =>
    expectKept(createMrg8Checker(), [
      commit,
      ask,
      show(structuredClone(merged)),
      frame(event(merged, { entity: "task" })),
    ]));
  test("broken: the answer shows something else", () =>
    expectBroken(
      createMrg8Checker(),
      [commit, ask, show(record("t1", 2, { title: "mine" }))],
      /"title":"both".*"title":"mine"/,
    ));
  test("broken: an old event shows the record as it is now", () => {
    const later = committed(3, { entity: "task", id: "t1", record: record("t1", 3, { title: "later" }) });
    const lie = frame(event(record("t1", 2, { title: "later" }), { entity: "task" }));
    expectBroken(createMrg8Checker(), [commit, later, lie], /the committed showed it/);
  });
  test("broken without commits: answer and event differ", () =>
    expectBroken(
      createMrg8Checker(),
      [ask, show(merged), frame(event(record("t1", 2, { title: "?" }), { entity: "task" }))],
      /whether answered or frame/,
    ));
  test("idle: nothing was merged, or the ids are of different accounts", () => {
    const plain = created(1, { entity: "task", id: "t1", record: record("t1", 1) });
    expectIdle(createMrg8Checker(), [plain, frame(event(record("t1", 1), { entity: "task" }))]);
    expectIdle(createMrg8Checker(), [
      commit,
      frame(event(record("t1", 2), { entity: "task" }), { account: 1 }),
    ]);
  });
});
