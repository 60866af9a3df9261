/**
 * Tests of the checker of SYS-6: what a user reads never goes back, own edits included.
 */

import { describe, expect, test } from "vitest";
import {
  answered,
  asked,
  chosen,
  committed,
  created,
  deleted,
  edited,
  killed,
  listOf,
  read,
  record,
  rekeyed,
  retried,
  rev,
  saved,
  settled,
  shown,
  shows,
  started,
} from "../../history/facts.fixture.ts";
import { expectBroken, expectIdle, expectKept, judge } from "../judge.fixture.ts";
import { createSys6Checker } from "./sys-6.ts";

const see = (n: number | undefined, name: string | undefined, at = 0, waiting: readonly string[] = []) =>
  shown({
    revision: n === undefined ? undefined : rev(n),
    fields: name === undefined ? undefined : { name },
    at,
    waiting,
  });

describe("[SYS-6] server data never goes back", () => {
  test("kept: forward, the same again, gone, and made again", () => {
    expectKept(createSys6Checker(), [
      see(1, "Ada"),
      see(2, "Grace"),
      see(2, "Grace"),
      read({ revision: rev(2) }),
      see(3, "Joan"),
    ]);
    expectKept(createSys6Checker(), [
      see(1, "Ada"),
      see(undefined, undefined),
      read({ revision: undefined }),
      see(3, "Joan"),
    ]);
  });
  test("broken: shown or read older", () => {
    expectBroken(
      createSys6Checker(),
      [see(2, "Grace"), see(1, "Ada")],
      /contact c1 at rev_1704067200_000002 or later; actual device 0 showed it at rev_1704067200_000001/,
    );
    expectBroken(createSys6Checker(), [see(2, "Grace"), read({ revision: rev(1) })], /device 0 read it at/);
    expectBroken(
      createSys6Checker(),
      [read({ revision: rev(2) }), see(1, "Ada")],
      /its user had seen rev_1704067200_000002/,
    );
  });
  test("broken: older again after it was gone", () =>
    expectBroken(
      createSys6Checker(),
      [see(2, "Grace"), see(undefined, undefined), see(1, "Ada")],
      /rev_1704067200_000002 or later/,
    ));
  test("broken: older than one's own edit, once that was answered", () =>
    expectBroken(
      createSys6Checker(),
      [see(1, "Ada"), edited(), answered({ results: [shows(record("c1", 5))] }), settled(), see(4, "Ada", 1)],
      /own edit had been answered with rev_1704067200_000005/,
    ));
  test("idle: another device, account, entity, or after a kill", () => {
    expectIdle(createSys6Checker(), [
      see(2, "Grace"),
      shown({ device: 1 }),
      shown({ entity: "task" }),
      shown({ id: "c2" }),
    ]);
    expectIdle(createSys6Checker(), [see(2, "Grace"), killed(), started(), see(1, "Ada")]);
  });
  test("once only: after the kill it goes forward again", () =>
    expectBroken(
      createSys6Checker(),
      [see(3, "Joan"), killed(), started(), see(2, "Grace"), see(1, "Ada")],
      /rev_1704067200_000002 or later/,
    ));
});

describe("[SYS-6] waiting edits stay on the screen", () => {
  const mine = [see(1, "Ada"), edited(), see(1, "Grace", 0, ["m1"])];

  test("kept: on top of every pull, until it ends", () =>
    expectKept(createSys6Checker(), [
      ...mine,
      see(2, "Grace", 1, ["m1"]),
      settled({ at: 2, outcome: "yielded" }),
      see(2, "Joan", 2),
    ]));
  test("kept: what ends in the same instant, before or after the screen shows it", () => {
    for (const outcome of ["yielded", "failed", "merged", "discarded"] as const) {
      expectKept(createSys6Checker(), [
        ...mine,
        see(2, "Joan", 3),
        settled({ at: 3, outcome }),
        see(2, "Joan", 4),
      ]);
    }
    expectKept(createSys6Checker(), [...mine, see(2, "Joan", 3), asked({ at: 3 }), see(2, "Joan", 4)]);
    expectKept(createSys6Checker(), [
      ...mine,
      asked({ at: 1 }),
      see(2, "Grace", 1),
      chosen({ at: 2, choice: "server" }),
      see(2, "Joan", 2),
    ]);
    expectKept(createSys6Checker(), [...mine, see(2, "Joan", 3), rekeyed({ at: 3 }), see(2, "Joan", 4)]);
  });
  test("kept: the newest of several edits counts, whether the screen or the edit is told first", () => {
    const second = edited({ mutation: "m2", payload: { name: "Joan" }, at: 1 });
    expectKept(createSys6Checker(), [...mine, second, see(1, "Joan", 1)]);
    expectKept(createSys6Checker(), [...mine, see(1, "Joan", 1), second, see(1, "Joan", 2)]);
    expectKept(createSys6Checker(), [
      ...mine,
      second,
      settled({ at: 1, mutation: "m2", outcome: "cancelled" }),
      see(1, "Grace", 2),
    ]);
  });
  test("broken: a pull hides it", () =>
    expectBroken(
      createSys6Checker(),
      [...mine, see(2, "Joan", 1), see(2, "Grace", 2)],
      /name is "Joan", not "Grace"/,
    ));
  test("broken: the last thing shown", () =>
    expectBroken(createSys6Checker(), [...mine, see(2, "Joan", 1)], /name is "Joan"/));
  test("broken: an older edit comes out on top", () =>
    expectBroken(
      createSys6Checker(),
      [
        ...mine,
        edited({ mutation: "m2", payload: { name: "Joan" }, at: 1 }),
        see(1, "Grace", 1),
        read({ at: 2 }),
      ],
      /the update m2, which waits/,
    ));
  test("kept: a failed edit that is taken up again comes out on top of a newer one", () => {
    const second = edited({ mutation: "m2", payload: { name: "Joan" }, at: 2 });
    const failed = settled({ at: 1, outcome: "failed" });
    const facts = [
      ...mine,
      failed,
      second,
      retried({ at: 3 }),
      see(1, "Grace", 3, ["m2", "m1"]),
      read({ at: 4 }),
    ];
    expectKept(createSys6Checker(), facts);
    expectBroken(
      createSys6Checker(),
      facts.filter(({ fact }) => fact !== "retried"),
      /the update m2, which waits/,
    );
  });
  test("broken: a removal is undone", () => {
    const removal = edited({ payload: { phone: null } });
    expectBroken(
      createSys6Checker(),
      [removal, shown({ fields: { name: "Ada", phone: "1" } })],
      /phone is "1", not null/,
    );
  });
  test("broken: saved, killed, and not there any more; idle when it was not saved", () => {
    expectBroken(
      createSys6Checker(),
      [...mine, saved(), killed({ at: 1 }), started({ at: 2 }), see(1, "Ada", 2)],
      /it was saved/,
    );
    expect(
      judge(createSys6Checker(), [...mine, killed({ at: 1 }), started({ at: 2 }), see(1, "Ada", 2)])
        .violations,
    ).toEqual([]);
  });
  test("a waiting delete keeps the record gone; a waiting create keeps it there", () => {
    const remove = edited({ operation: "delete", payload: undefined });
    expectKept(createSys6Checker(), [see(1, "Ada"), remove, see(1, undefined)]);
    expectBroken(createSys6Checker(), [remove, see(2, "Joan")], /the record is still there/);
    const create = edited({ operation: "create" });
    expectKept(createSys6Checker(), [create, see(undefined, "Grace")]);
    expectBroken(createSys6Checker(), [create, see(undefined, undefined)], /the record is gone/);
  });
  test("kept: it was applied, its answer was lost, and others wrote since", () => {
    const create = edited({ operation: "create" });
    const applied = [created(1, { key: "k-m1" }), committed(2, { previous: rev(1) })];
    expectKept(createSys6Checker(), [create, ...applied, see(2, "Joan")]);
    expectKept(createSys6Checker(), [create, ...applied, deleted(3), see(undefined, undefined)]);
    expectKept(createSys6Checker(), [created(1), ...mine, committed(2, { key: "k-m1" }), see(3, "Joan", 1)]);
    expectBroken(
      createSys6Checker(),
      [created(1), ...mine, committed(2, { key: "k-m1" }), see(1, "Ada", 1)],
      /not "Grace"/,
    );
    expectKept(createSys6Checker(), [create, see(2, "Joan")]);
  });
  test("a waiting update of what the server deleted has nothing to be shown on", () => {
    expectBroken(
      createSys6Checker(),
      [created(1), ...mine, see(undefined, undefined, 1)],
      /the record is gone/,
    );
    expectKept(createSys6Checker(), [created(1), ...mine, deleted(2), see(undefined, undefined, 1)]);
  });
});

describe("[SYS-6] items that were added to a list stay on the screen", () => {
  const list = (n: number, at: number, ...items: readonly string[]) =>
    shown({ entity: "list", id: "l1", revision: rev(n), fields: listOf(...items), at });
  const edit = (at: number, name: string, ...items: readonly string[]) =>
    edited({
      entity: "list",
      id: "l1",
      mutation: name,
      at,
      payload: { items: listOf(...items).items ?? null },
    });

  test("kept: with items of others, and without what its user removed again", () => {
    const facts = [
      list(1, 0, "milk"),
      edit(1, "m1", "milk", "tea"),
      list(1, 1, "milk", "tea"),
      list(2, 2, "eggs", "tea"),
    ];
    expectKept(createSys6Checker(), facts);
    expectKept(createSys6Checker(), [...facts, edit(3, "m2", "eggs"), list(2, 3, "eggs")]);
    expectKept(createSys6Checker(), [...facts, settled({ at: 3 }), list(3, 3, "eggs")]);
  });
  test("broken: it is dropped by a pull", () =>
    expectBroken(
      createSys6Checker(),
      [list(1, 0, "milk"), edit(1, "m1", "milk", "tea"), list(2, 2, "milk", "eggs")],
      /item tea is not there/,
    ));
  test("broken: also when the screen was told before the edit", () =>
    expectBroken(
      createSys6Checker(),
      [
        list(1, 0, "milk"),
        { ...list(1, 1, "milk", "tea"), waiting: ["m1"] },
        edit(1, "m1", "milk", "tea"),
        list(2, 2, "milk"),
      ],
      /item tea is not there/,
    ));
  test("kept: items that were there before are the server's to remove", () =>
    expectKept(createSys6Checker(), [
      list(1, 0, "milk", "eggs"),
      edit(1, "m1", "milk", "eggs", "tea"),
      list(2, 2, "milk", "tea"),
    ]));
});
