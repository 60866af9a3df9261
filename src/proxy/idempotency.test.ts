/**
 * Owns the proof of section 6 as far as it is about keys: IDM.
 */

import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { JsonObject } from "../base/canonical-json.ts";
import { DAY_MS } from "../base/time.ts";
import { KeyText } from "../protocol/messages.ts";
import type { Answer } from "../protocol/request.ts";
import { A, Desk, errorOf, recordOf, recordsOf, revisionOf, START_MS } from "./desk.fixture.ts";
import { isKey } from "./idempotency.ts";
import { createMemoryStore } from "./memory-store.ts";
import type { Store } from "./store.ts";
import { RACES_MAX } from "./write.ts";

const TTL_MS = 7 * DAY_MS;

function told(answer: Answer): unknown {
  const { dateMs: _dateMs, replayed: _replayed, ...headers } = answer.headers;
  return [answer.status, answer.body, headers];
}

describe("one key, one mutation", () => {
  test("[IDM-1, IDM-8] the same again: the same status and JSON, one effect, and said to be a replay", () => {
    const desk = new Desk();
    const key = (idempotencyKey: string) => ({ idempotencyKey, deviceId: "d1" });
    const twice = (act: () => Answer): Answer => {
      const first = act();
      const before = desk.outputs.length;
      for (const timestamp of [1, START_MS + 99]) {
        const again = act();
        expect(told(again)).toEqual(told(first));
        expect([first.headers.replayed, again.headers.replayed, timestamp > 0]).toEqual([
          undefined,
          true,
          true,
        ]);
      }
      expect(desk.outputs).toHaveLength(before);
      return first;
    };
    const made = twice(() => desk.create("task", { id: "t1", title: "x" }, key("k1")));
    expect(made.status).toBe(201);
    expect(twice(() => desk.update("task", "t1", { title: "y" }, key("k2"))).status).toBe(200);
    expect(twice(() => desk.update("task", "t1", { title: "y" }, key("k3"))).status).toBe(200);
    const stale = { ...key("k4"), ifMatch: revisionOf(made) };
    expect(twice(() => desk.delete("task", "t1", stale)).status).toBe(409);
    expect(twice(() => desk.create("task", { id: "t1", title: "x" }, key("k5"))).status).toBe(409);
    expect(twice(() => desk.delete("task", "t1", key("k6"))).status).toBe(200);
    expect(twice(() => desk.delete("task", "t1", key("k7"))).status).toBe(200);
    expect(desk.commits).toHaveLength(3);
  });

  test("[IDM-1] a create that leaves the id to the proxy makes one record", () => {
    const desk = new Desk();
    const create = () => desk.create("contact", { name: "x" }, { idempotencyKey: "k1" });
    const first = create();
    expect(recordOf(create())).toEqual(recordOf(first));
    expect(first.headers.location).toBe(`/api/contacts/${recordOf(first).id}`);
    expect(recordsOf(desk.list("contact"))).toHaveLength(1);
  });

  test("[IDM-1] the fingerprint: member order, ignored members, quotes and timestamps are not in it", () => {
    const desk = new Desk();
    const made = desk.made("task", { id: "t1", title: "x" });
    const key = { idempotencyKey: "k1" };
    const first = desk.update(
      "task",
      "t1",
      { title: "y", n: { a: 1, b: 2 } },
      { ...key, ifMatch: made.revisionId },
    );
    const same = [
      desk.update("task", "t1", { n: { b: 2, a: 1 }, title: "y" }, { ...key, ifMatch: made.revisionId }),
      desk.update(
        "task",
        "t1",
        { title: "y", n: { a: 1, b: 2 } },
        { ...key, ifMatch: `"${made.revisionId}"` },
      ),
      desk.update(
        "task",
        "t1",
        { title: "y", n: { a: 1, b: 2 }, id: "t1", revisionId: "r", updatedAt: "u" },
        { ...key, ifMatch: made.revisionId, timestamp: 5, deviceId: "other" },
      ),
    ];
    for (const answer of same) expect(told(answer)).toEqual(told(first));
  });

  test("[IDM-3] same key, other fingerprint: 422, and no effect", () => {
    const desk = new Desk();
    const { revisionId } = desk.made("task", { id: "t1", title: "x" });
    desk.made("contact", { id: "t1", name: "x" });
    desk.made("task", { id: "t2", title: "x" });
    const key = { idempotencyKey: "k1" };
    desk.update("task", "t1", { title: "y" }, key);
    const before = desk.outputs.length;
    const others = [
      desk.update("task", "t1", { title: "z" }, key),
      desk.update("task", "t1", { title: "y", more: 1 }, key),
      desk.update("task", "t1", {}, key),
      desk.update("task", "t2", { title: "y" }, key),
      desk.update("task", "none", { title: "y" }, key),
      desk.update("contact", "t1", { title: "y" }, key),
      desk.update("task", "t1", { title: "y" }, { ...key, ifMatch: revisionId }),
      desk.update("task", "t1", { title: "y" }, { ...key, ifMatch: "*" }),
      desk.update("task", "t1", { title: 5 }, key),
      desk.update("task", "t1", "text", key),
      desk.delete("task", "t1", key),
      desk.create("task", { id: "t1", title: "y" }, key),
      desk.create("task", { title: "y" }, key),
    ];
    for (const answer of others) {
      expect([answer.status, errorOf(answer)]).toEqual([422, "idempotency_key_reused"]);
      expect(answer.headers.replayed).toBeUndefined();
    }
    expect(desk.outputs).toHaveLength(before);
    expect(desk.update("task", "t1", { title: "y" }, key).status).toBe(200);
  });

  test("[IDM-3] a create with an id, and one that leaves it to the proxy, are two", () => {
    const desk = new Desk();
    desk.create("task", { title: "x" }, { idempotencyKey: "k1" });
    for (const id of ["t1", 5, null, ""]) {
      expect(desk.create("task", { title: "x", id }, { idempotencyKey: "k1" }).status).toBe(422);
    }
  });

  test("[IDM-4] keys of different accounts never meet", () => {
    const desk = new Desk();
    const key = { idempotencyKey: "k1" };
    const mine = desk.create("task", { id: "t1", title: "mine" }, key);
    const theirs = desk.create("task", { id: "t1", title: "theirs" }, { ...key, token: "tok-b" });
    expect([mine.status, theirs.status]).toEqual([201, 201]);
    expect(recordOf(desk.read("task", "t1", { token: "tok-b" })).title).toBe("theirs");
    expect(recordOf(desk.read("task", "t1")).title).toBe("mine");
  });

  test("[IDM-5] what is not 2xx, conflict or already_exists leaves the key free", () => {
    const desk = new Desk({ conflicts: { mode: "enforce", ifMatch: "required", resolvedBy: "server" } });
    const key = { idempotencyKey: "k1" };
    expect(desk.update("task", "t1", { title: "x" }, key).status).toBe(404);
    expect(desk.create("task", { title: 5 }, key).status).toBe(400);
    expect(desk.create("task", { id: "t1", title: "x" }, { ...key, timestamp: "now" }).status).toBe(400);
    expect(desk.create("task", { id: "t1", title: "x" }, { ...key, deviceId: "a b" }).status).toBe(400);
    desk.made("task", { id: "t1", title: "a" });
    expect(desk.update("task", "t1", { title: "b" }, key).status).toBe(428);
    expect(desk.update("task", "t1", { title: "b" }, { ...key, ifMatch: "nonsense" }).status).toBe(400);
    const applied = desk.update("task", "t1", { title: "b" }, { ...key, ifMatch: "*" });
    expect([applied.status, applied.headers.replayed]).toEqual([200, undefined]);
  });

  test("[IDM-5] a remembered conflict stays, also when a retry would by now succeed", () => {
    const desk = new Desk();
    const { revisionId } = desk.made("contact", { id: "c1", name: "a" });
    desk.update("contact", "c1", { name: "b" });
    const stale = { idempotencyKey: "k1", ifMatch: revisionId };
    const refused = desk.update("contact", "c1", { name: "c" }, stale);
    desk.proxy.reconfigure({ mode: "off", ifMatch: "optional", resolvedBy: "server" });
    expect(told(desk.update("contact", "c1", { name: "c" }, stale))).toEqual(told(refused));
    const exists = desk.create("contact", { id: "c1", name: "x" }, { idempotencyKey: "k2" });
    desk.delete("contact", "c1");
    expect(told(desk.create("contact", { id: "c1", name: "x" }, { idempotencyKey: "k2" }))).toEqual(
      told(exists),
    );
  });

  test("[IDM-7] an empty or over-long key, or one with more than visible ASCII, is 400", () => {
    const desk = new Desk();
    for (const idempotencyKey of ["", "k".repeat(256), "a b", "ä", "a\n", "\t", "a\u007f"]) {
      const answers = [
        desk.create("task", { title: "x" }, { idempotencyKey }),
        desk.update("task", "t1", { title: "x" }, { idempotencyKey }),
        desk.delete("task", "t1", { idempotencyKey }),
      ];
      for (const answer of answers)
        expect([answer.status, errorOf(answer)]).toEqual([400, "invalid_request"]);
    }
    expect(desk.create("task", { title: "x" }, { idempotencyKey: "k".repeat(255) }).status).toBe(201);
    expect(desk.create("task", { title: "x" }, { idempotencyKey: "!~" }).status).toBe(201);
    expect(desk.commits).toHaveLength(2);
  });

  test("[IDM-7] the quick check and the schema of the protocol agree", () => {
    const text = fc.oneof(fc.string({ maxLength: 260 }), fc.string({ unit: "binary", maxLength: 6 }));
    fc.assert(fc.property(text, (key) => isKey(key) === KeyText.safeParse(key).success));
  });

  test("[IDM-9] single and batch share the keys, both ways", () => {
    const desk = new Desk();
    const alone = desk.create("task", { id: "t1", title: "x" }, { idempotencyKey: "k1" });
    const [again] = desk.batch([
      { id: "k1", entity: "task", operation: "create", payload: { title: "x", id: "t1" }, timestamp: 7 },
    ]);
    expect(again).toEqual({ id: "k1", status: 201, ...(alone.body as JsonObject), replayed: true });
    const [first] = desk.batch([
      { id: "k2", entity: "task", operation: "update", recordId: "t1", payload: { title: "y" } },
    ]);
    const single = desk.update("task", "t1", { title: "y" }, { idempotencyKey: "k2" });
    expect({ id: "k2", status: single.status, ...(single.body as JsonObject) }).toEqual(first);
    expect(single.headers.replayed).toBe(true);
    expect(desk.update("task", "t1", { title: "z" }, { idempotencyKey: "k2" }).status).toBe(422);
    expect(desk.commits).toHaveLength(2);
  });

  test("[IDM-10] remembered for the whole ttl, and free after it", () => {
    const desk = new Desk();
    const write = () => desk.create("task", { id: "t1", title: "x" }, { idempotencyKey: "k1" });
    const first = write();
    const boundMs = desk.nowMs;
    desk.pass(boundMs + TTL_MS - 2 - desk.nowMs);
    expect(told(write())).toEqual(told(first));
    desk.nowMs = boundMs + TTL_MS;
    expect(write().status).toBe(409);
  });
});

test("[IDM-10] keys of an account that commits nothing go too, when their time is over", () => {
  const desk = new Desk();
  desk.pass(30 * DAY_MS);
  desk.made("task", { id: "t1", title: "x" });
  desk.pass(30 * DAY_MS);
  desk.create("task", { id: "t1", title: "x" }, { idempotencyKey: "k1" });
  const kept = () => desk.store.remembered(A, "k1", START_MS) !== undefined;
  expect(kept()).toBe(true);
  desk.pass(TTL_MS + DAY_MS);
  expect(kept()).toBe(false);
});

describe("one atomic step", () => {
  /** A store in which another write comes between a load and its commit, this many times. */
  function overtaken(times: number, meanwhile: (desk: Desk) => void): { desk: Desk; other: Desk } {
    const store = createMemoryStore();
    const other = new Desk({}, store);
    let left = times;
    const racing: Store = Object.create(store, {
      commit: {
        value: (...given: Parameters<Store["commit"]>) => {
          if (left > 0) {
            left--;
            meanwhile(other);
          }
          return store.commit(...given);
        },
      },
    });
    return { desk: new Desk({}, racing), other };
  }

  test("[IDM-2, IDM-6] two instances, one store, the same mutation at once: one effect, one answer", () => {
    const write = (desk: Desk) => desk.create("task", { id: "t1", title: "x" }, { idempotencyKey: "k1" });
    let first: Answer | undefined;
    const { desk, other } = overtaken(1, (rival) => {
      first = write(rival);
    });
    const second = write(desk);
    expect(told(second)).toEqual(told(first as Answer));
    expect(second.headers.replayed).toBe(true);
    expect([...desk.commits, ...other.commits]).toHaveLength(1);
  });

  test("[CON-5] overtaken between load and commit, a stale contact write is refused after all", () => {
    const { desk, other } = overtaken(1, (rival) => rival.update("contact", "c1", { name: "rival" }));
    other.made("contact", { id: "c1", name: "a" });
    const { revisionId } = recordOf(other.read("contact", "c1"));
    const answer = desk.update("contact", "c1", { name: "b" }, { ifMatch: revisionId });
    expect(answer.status).toBe(409);
    expect(answer.body).toMatchObject({ serverData: { name: "rival" } });
  });

  test("[API-7] overtaken again and again, a write gives up with 503 and Retry-After, and no effect", () => {
    let n = 0;
    const { desk } = overtaken(RACES_MAX, (rival) => rival.made("list", { name: `${n++}` }));
    const answer = desk.create("task", { id: "t1", title: "x" }, { idempotencyKey: "k1" });
    expect([answer.status, errorOf(answer), answer.headers.retryAfterSeconds]).toEqual([
      503,
      "unavailable",
      1,
    ]);
    expect(desk.read("task", "t1").status).toBe(404);
    expect(desk.create("task", { id: "t1", title: "x" }, { idempotencyKey: "k1" }).status).toBe(201);
  });

  test("[IDM-6] a key and its effect are there together, or neither", () => {
    const store = createMemoryStore();
    const failing: Store = Object.create(store, {
      commit: {
        value: () => {
          throw new Error("the machine went down");
        },
      },
    });
    const write = (desk: Desk) => desk.create("task", { id: "t1", title: "x" }, { idempotencyKey: "k1" });
    expect(() => write(new Desk({}, failing))).toThrow("the machine went down");
    const after = new Desk({}, store);
    expect(after.read("task", "t1").status).toBe(404);
    expect([write(after).status, after.commits.length]).toEqual([201, 1]);
  });
});
