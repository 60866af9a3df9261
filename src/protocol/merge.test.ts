import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Fields, ListItem } from "./entity.ts";
import {
  applyWrite,
  itemsOf,
  mergeByStamp,
  mergeItems,
  mergeList,
  OWN_EDITS_WIN,
  type Stamped,
  stampsOfCreate,
} from "./merge.ts";
import { compareStamps, countedTime, itemStampName, type Stamp, stampOver } from "./stamps.ts";

const stamp = (timeMs: number, deviceId = "d", key = "k"): Stamp => ({ timeMs, deviceId, key });
const created = (fields: Fields, timeMs = 100): Stamped => ({
  fields,
  stamps: stampsOfCreate(fields, stamp(timeMs)),
});
const items = (...ids: string[]): readonly ListItem[] => ids.map((id) => ({ id, text: id }));
const list = (...ids: string[]): Fields => ({ name: "l", items: items(...ids) as Fields[string] });
const idsOf = (fields: Fields): readonly string[] => itemsOf(fields).map(({ id }) => id);

describe("stamps", () => {
  test("[MRG-2] compare by time, then device, then key, by code point", () => {
    const ascending = [
      undefined,
      stamp(1, "z", "z"),
      stamp(2, "A", "z"),
      stamp(2, "a", ""),
      stamp(2, "a", "b"),
    ];
    ascending.forEach((left, i) => {
      ascending.forEach(
        (right, j) => void expect(Math.sign(compareStamps(left, right))).toBe(Math.sign(i - j)),
      );
    });
  });

  test("[MRG-4] five seconds ahead count, five seconds and a millisecond do not", () => {
    expect(countedTime(15_000, 10_000)).toBe(15_000);
    expect(countedTime(15_001, 10_000)).toBe(15_000);
    expect(countedTime(3, 10_000)).toBe(3);
  });

  test("a write beats what it was based on, however its clock stands", () => {
    expect(stampOver(stamp(5), stamp(90)).timeMs).toBe(91);
    expect(stampOver(stamp(91), stamp(90)).timeMs).toBe(91);
    expect(stampOver(stamp(5), undefined).timeMs).toBe(5);
  });

  test("item stamps cannot be taken for one another, whatever the ids hold", () => {
    const parts = fc.constantFrom("a", "/", "~", "~1", "a/b", "items");
    fc.assert(
      fc.property(parts, parts, parts, parts, (id, field, otherId, otherField) => {
        const same = id === otherId && field === otherField;
        expect(itemStampName(id, field) === itemStampName(otherId, otherField)).toBe(same);
      }),
    );
  });
});

describe("last writer wins", () => {
  const base = created({ title: "t", done: false });

  test("[MRG-2] [MRG-11] three concurrent writes end alike in every order", () => {
    const write = fc.record({
      time: fc.integer({ min: 0, max: 200 }),
      device: fc.constantFrom("a", "b", "c"),
      patch: fc.constantFrom<Fields>(
        { title: "x" },
        { title: "y", done: true },
        { done: true },
        { notes: "n" },
        { title: "t" },
      ),
    });
    fc.assert(
      fc.property(fc.tuple(write, write, write), (writes) => {
        const run = (order: readonly number[]): Stamped =>
          order.reduce<Stamped>((current, nth) => {
            const { time, device, patch } = writes[nth] as (typeof writes)[number];
            return mergeByStamp(current, base, patch, stamp(time, device, `k${nth}`));
          }, base);
        const wanted = run([0, 1, 2]);
        for (const order of [
          [0, 2, 1],
          [1, 0, 2],
          [1, 2, 0],
          [2, 0, 1],
          [2, 1, 0],
        ]) {
          const ended = run(order);
          expect(ended.fields).toEqual(wanted.fields);
          expect(new Map(ended.stamps)).toEqual(new Map(wanted.stamps));
        }
      }),
    );
  });

  test("[MRG-3] counts what it won and lost", () => {
    const current = mergeByStamp(base, base, { title: "theirs" }, stamp(500, "x"));
    expect(mergeByStamp(current, base, { title: "mine", done: true }, stamp(400))).toMatchObject({
      won: 1,
      lost: 1,
    });
    expect(mergeByStamp(current, base, { title: "mine" }, stamp(600))).toMatchObject({ won: 1, lost: 0 });
    expect(mergeByStamp(current, base, { title: "mine" }, stamp(400))).toMatchObject({ won: 0, lost: 1 });
  });

  test("[CON-12] [MRG-4] a write that knew the record is taken with a stamp above it; one that did not never lowers a stamp", () => {
    expect(applyWrite(base, { title: "new" }, stamp(1), true).stamps.get("title")?.timeMs).toBe(101);
    const blind = applyWrite(base, { title: "new" }, stamp(1), false);
    expect([blind.fields.title, blind.stamps.get("title")?.timeMs]).toEqual(["new", 100]);
  });
});

describe("additive merge", () => {
  const base = created(list("a", "b"));
  const add = (current: Stamped, id: string, at: number): Stamped =>
    mergeList(current, base, list("a", "b", id), stamp(at, id, id));

  test("[MRG-5] nothing added on either side is lost, nothing appears twice", () => {
    expect(idsOf(add(add(base, "x", 200), "y", 150).fields)).toEqual(["a", "b", "x", "y"]);
    expect(idsOf(add(add(base, "x", 200), "x", 150).fields)).toEqual(["a", "b", "x"]);
  });

  test("[MRG-6] removed on one side and unchanged on the other stays removed; edited stays, edited", () => {
    const added = add(base, "x", 200);
    expect(idsOf(mergeList(added, base, list("b"), stamp(150)).fields)).toEqual(["b", "x"]);
    const edited: Fields = {
      items: [
        { id: "a", text: "edited" },
        { id: "b", text: "b" },
      ],
    };
    const onServer = mergeList(base, base, edited, stamp(200));
    expect(itemsOf(mergeList(onServer, base, list("b"), stamp(300)).fields)[0]).toEqual({
      id: "a",
      text: "edited",
    });
    const removed = mergeList(base, base, list("b"), stamp(200));
    expect(idsOf(mergeList(removed, base, edited, stamp(150)).fields)).toEqual(["b", "a"]);
  });

  test("[MRG-6] without a base, the union", () => {
    const current = created(list("a", "c"));
    expect(idsOf(mergeList(current, undefined, list("b", "a"), stamp(500)).fields)).toEqual(["a", "c", "b"]);
  });

  test("[MRG-7] the server's order, then the client's new ones; of two edits of one field the larger stamp stays", () => {
    const swapped: Fields = { items: items("y", "b", "x", "a") as Fields[string] };
    expect(idsOf(mergeList(base, base, swapped, stamp(200)).fields)).toEqual(["a", "b", "y", "x"]);
    const text = (value: string): Fields => ({
      items: [
        { id: "a", text: value },
        { id: "b", text: "b" },
      ],
    });
    for (const [first, second] of [
      [200, 300],
      [300, 200],
    ] as const) {
      const one = mergeList(base, base, text(`at ${first}`), stamp(first));
      const both = mergeList(one, base, text(`at ${second}`), stamp(second));
      expect(itemsOf(both.fields)[0]?.text).toBe("at 300");
    }
  });

  test("three concurrent writes leave the same items in every order", () => {
    const write = fc.record({
      time: fc.integer({ min: 0, max: 300 }),
      keep: fc.subarray(["a", "b", "c"]),
      edit: fc.option(fc.constantFrom("a", "b", "c")),
      extra: fc.option(fc.constantFrom("x", "y")),
    });
    const start = created(list("a", "b", "c"));
    fc.assert(
      fc.property(fc.tuple(write, write, write), (writes) => {
        const run = (order: readonly number[]): readonly ListItem[] => {
          const ended = order.reduce<Stamped>((current, nth) => {
            const { time, keep, edit, extra } = writes[nth] as (typeof writes)[number];
            const kept = keep.map((id) => ({ id, text: id === edit ? `edit ${nth}` : id }));
            const mine = extra === null ? kept : [...kept, { id: extra, text: `new ${nth}` }];
            return mergeList(
              current,
              start,
              { items: mine as Fields[string] },
              stamp(time, `d${nth}`, `k${nth}`),
            );
          }, start);
          return [...itemsOf(ended.fields)].sort((left, right) => (left.id < right.id ? -1 : 1));
        };
        const wanted = run([0, 1, 2]);
        for (const order of [
          [0, 2, 1],
          [1, 0, 2],
          [1, 2, 0],
          [2, 0, 1],
          [2, 1, 0],
        ])
          expect(run(order)).toEqual(wanted);
      }),
    );
  });

  test("[QUE-12] a device's own view keeps its edits over the server's", () => {
    const mine = [
      { id: "a", text: "mine" },
      { id: "n", text: "new" },
    ];
    const server = [
      { id: "a", text: "theirs" },
      { id: "b", text: "b" },
      { id: "s", text: "s" },
    ];
    expect(mergeItems(items("a", "b"), server, mine, OWN_EDITS_WIN)).toEqual([
      { id: "a", text: "mine" },
      { id: "s", text: "s" },
      { id: "n", text: "new" },
    ]);
  });
});
