/**
 * Owns the proof, at the engine alone, that deliveries count once and in the order of their versions: WHK-3 and WHK-4.
 */

import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DAY_MS } from "../base/time.ts";
import { contact, deliver, fieldsAt, GONE, task } from "./deliveries.fixture.ts";
import { A, B, Desk, recordOf, revisionOf } from "./desk.fixture.ts";
import { createMemoryStore } from "./memory-store.ts";

describe("an order", () => {
  test("[WHK-4] a version not above the stored one is 200 and has no effect", () => {
    const desk = new Desk();
    deliver(desk, contact(2, { name: "two" }));
    const { head } = desk.store.standing(A);
    const socket = desk.open({ lastRevisionId: head });
    const outputs = desk.outputs.length;
    for (const body of [
      contact(2, { name: "x" }),
      contact(1.5, { name: "x" }),
      contact(-1, { name: "x" }),
      GONE(2),
    ]) {
      const answer = deliver(desk, body);
      expect([answer.status, revisionOf(answer)]).toEqual([200, head]);
    }
    expect(desk.outputs).toHaveLength(outputs);
    expect(desk.frames(socket)).toHaveLength(1);
    expect(fieldsAt(desk, "contact", "c1")).toEqual({ id: "c1", name: "two" });
    expect(deliver(desk, contact(2.5, { name: "more" })).status).toBe(200);
    expect(fieldsAt(desk, "contact", "c1")).toEqual({ id: "c1", name: "more" });
  });

  test("[WHK-4] what only devices wrote has no version, and what they write leaves it as it is", () => {
    const desk = new Desk();
    desk.made("contact", { id: "c1", name: "device" });
    deliver(desk, contact(-5, { name: "backend" }));
    const stored = () => desk.store.current(A, "contact", "c1")?.backendVersion;
    expect([fieldsAt(desk, "contact", "c1"), stored()]).toEqual([{ id: "c1", name: "backend" }, -5]);
    desk.update("contact", "c1", { name: "device" });
    expect(stored()).toBe(-5);
    desk.delete("contact", "c1");
    expect(stored()).toBe(-5);
    desk.made("contact", { id: "c1", name: "again" });
    expect(stored()).toBe(-5);
    deliver(desk, contact(-5, { name: "late" }));
    expect(fieldsAt(desk, "contact", "c1")).toEqual({ id: "c1", name: "again" });
  });

  test("[WHK-4, WHK-3] deliveries in any order, each any number of times, end in the highest version's state", () => {
    const history = fc.array(fc.option(fc.constantFrom("a", "b", "c"), { nil: undefined }), {
      minLength: 1,
      maxLength: 6,
    });
    const plan = history.chain((states) => {
      const sent = states.map((name, index) => ({ name, version: index + 1, id: `m${index}` }));
      // Each twice under its id, and once more under another: at most two of the three get lost on the way.
      const copies = [...sent, ...sent, ...sent.map((one) => ({ ...one, id: `again ${one.id}` }))];
      const order = fc.shuffledSubarray(copies, { minLength: copies.length - 2 });
      return fc.record({ states: fc.constant(states), order });
    });
    fc.assert(
      fc.property(plan, fc.boolean(), ({ states, order }, device) => {
        const desk = new Desk();
        if (device) desk.made("contact", { id: "c1", name: "device" });
        const before = desk.commits.length;
        let effects = 0;
        let highest = 0;
        for (const { name, version, id } of order) {
          const body = name === undefined ? GONE(version) : contact(version, { name });
          expect(deliver(desk, body, id).status).toBe(200);
          if (version > highest) effects++;
          highest = Math.max(highest, version);
        }
        expect(highest).toBe(states.length);
        expect(desk.commits.length - before).toBe(effects);
        const last = states.at(-1);
        expect(fieldsAt(desk, "contact", "c1")).toEqual(
          last === undefined ? undefined : { id: "c1", name: last },
        );
        expect(desk.store.current(A, "contact", "c1")?.backendVersion).toBe(highest);
      }),
    );
  });
});

describe("the same webhook-id", () => {
  test("[WHK-3] is answered alike with one effect, whatever the second delivery says", () => {
    const desk = new Desk();
    const first = deliver(desk, contact(1, { name: "one" }), "m1");
    deliver(desk, task(1, { title: "in between" }));
    const commits = desk.commits.length;
    const seconds = [
      contact(1, { name: "one" }),
      contact(9, { name: "nine" }),
      GONE(9),
      { account: A },
      { account: A, entity: "task", action: "created", id: "t2", version: 1, data: { title: "x" } },
    ];
    for (const body of seconds) {
      const answer = deliver(desk, body, "m1");
      expect([answer.status, answer.body]).toEqual([200, first.body]);
    }
    expect(desk.commits).toHaveLength(commits);
    expect(fieldsAt(desk, "contact", "c1")).toEqual({ id: "c1", name: "one" });
  });

  test("[WHK-3] also when the first had no effect; not when it was refused", () => {
    const desk = new Desk();
    deliver(desk, contact(2, { name: "two" }));
    const late = deliver(desk, contact(1, { name: "one" }), "late");
    deliver(desk, contact(3, { name: "three" }));
    expect(deliver(desk, contact(4, { name: "four" }), "late").body).toEqual(late.body);
    expect(fieldsAt(desk, "contact", "c1")).toEqual({ id: "c1", name: "three" });
    expect(deliver(desk, contact(5, {}), "m").status).toBe(400);
    expect(deliver(desk, contact(5, { name: "five" }), "m").status).toBe(200);
    expect(fieldsAt(desk, "contact", "c1")).toEqual({ id: "c1", name: "five" });
  });

  test("[WHK-3] lives inside its account, and is remembered as long as keys are", () => {
    const desk = new Desk({ idempotencyTtlSeconds: (7 * DAY_MS) / 1_000 });
    deliver(desk, contact(1, { name: "a" }), "m1");
    deliver(desk, { ...(contact(1, { name: "b" }) as object), account: B }, "m1");
    expect(recordOf(desk.read("contact", "c1", { token: "tok-b" })).name).toBe("b");
    desk.nowMs += 7 * DAY_MS - 10;
    deliver(desk, contact(2, { name: "two" }), "m1");
    expect(fieldsAt(desk, "contact", "c1")).toEqual({ id: "c1", name: "a" });
    desk.nowMs += 20;
    deliver(desk, contact(2, { name: "two" }), "m1");
    expect(fieldsAt(desk, "contact", "c1")).toEqual({ id: "c1", name: "two" });
  });

  test("[WHK-3, IDM-3] meets no idempotency key, and no batch can name it", () => {
    const desk = new Desk();
    deliver(desk, contact(1, { name: "a" }, "created"), "k1");
    const made = desk.create("task", { id: "t1", title: "x" }, { idempotencyKey: "k1" });
    expect([made.status, made.headers.replayed]).toEqual([201, undefined]);
    const results = desk.batch([
      { id: "k2", entity: "contact", operation: "update", recordId: "webhook k1", payload: { name: "b" } },
      {
        id: "k3",
        entity: "contact",
        operation: "update",
        recordId: "c1",
        payload: { name: "b" },
        ifMatchMutation: "webhook k1",
      },
    ]);
    expect(results.map(({ status }) => status)).toEqual([404, 424]);
  });

  test("[WHK-3, WHK-4] two instances at once: one effect, and a write in between is seen", () => {
    const store = createMemoryStore();
    const other = new Desk({}, store);
    const meanwhile: (() => void)[] = [];
    const racing = Object.create(store, {
      commit: {
        value: (...given: Parameters<typeof store.commit>) => {
          meanwhile.pop()?.();
          return store.commit(...given);
        },
      },
    });
    const desk = new Desk({}, racing);
    meanwhile.push(() => deliver(other, contact(1, { name: "same" }), "m1"));
    const twin = deliver(desk, contact(1, { name: "same" }), "m1");
    expect([twin.headers.replayed, revisionOf(twin)]).toEqual([true, desk.head()]);
    meanwhile.push(() => deliver(other, contact(3, { name: "newer" }), "m3"));
    expect(revisionOf(deliver(desk, contact(2, { name: "older" }), "m2"))).toBe(desk.head());
    expect(fieldsAt(desk, "contact", "c1")).toEqual({ id: "c1", name: "newer" });
    expect([desk.commits.length, other.commits.length]).toEqual([0, 2]);
  });
});
