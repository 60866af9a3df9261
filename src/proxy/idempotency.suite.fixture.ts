/**
 * Owns the proof of section 6 as far as it is about keys: IDM.
 */

import { describe, expect, test } from "vitest";
import type { JsonObject } from "../base/canonical-json.ts";
import { DAY_MS } from "../base/time.ts";
import type { Answer } from "../protocol/request.ts";
import { A, errorOf, recordOf, recordsOf, revisionOf, START_MS } from "./desk.fixture.ts";
import type { DeskMaker } from "./test-desk.fixture.ts";

const TTL_MS = 7 * DAY_MS;

function told(answer: Answer): unknown {
  const { dateMs: _dateMs, replayed: _replayed, ...headers } = answer.headers;
  return [answer.status, answer.body, headers];
}

export function declareIdempotencyRules(desks: DeskMaker): void {
  describe("one key, one mutation", () => {
    test("[IDM-1, IDM-8] the same again: the same status and JSON, one effect, and said to be a replay", async () => {
      const desk = await desks.create();
      const key = (idempotencyKey: string) => ({ idempotencyKey, deviceId: "d1" });
      const twice = async (act: () => Promise<Answer>): Promise<Answer> => {
        const first = await act();
        const before = await desk.outputCount();
        for (const timestamp of [1, START_MS + 99]) {
          const again = await act();
          expect(told(again)).toEqual(told(first));
          expect([first.headers.replayed, again.headers.replayed, timestamp > 0]).toEqual([
            undefined,
            true,
            true,
          ]);
        }
        expect(await desk.outputCount()).toBe(before);
        return first;
      };
      const made = await twice(() => desk.create("task", { id: "t1", title: "x" }, key("k1")));
      expect(made.status).toBe(201);
      expect((await twice(() => desk.update("task", "t1", { title: "y" }, key("k2")))).status).toBe(200);
      expect((await twice(() => desk.update("task", "t1", { title: "y" }, key("k3")))).status).toBe(200);
      const stale = { ...key("k4"), ifMatch: revisionOf(made) };
      expect((await twice(() => desk.delete("task", "t1", stale))).status).toBe(409);
      expect((await twice(() => desk.create("task", { id: "t1", title: "x" }, key("k5")))).status).toBe(409);
      expect((await twice(() => desk.delete("task", "t1", key("k6")))).status).toBe(200);
      expect((await twice(() => desk.delete("task", "t1", key("k7")))).status).toBe(200);
      expect(desk.commits).toHaveLength(3);
    });

    test("[IDM-1] a create that leaves the id to the proxy makes one record", async () => {
      const desk = await desks.create();
      const create = () => desk.create("contact", { name: "x" }, { idempotencyKey: "k1" });
      const first = await create();
      expect(recordOf(await create())).toEqual(recordOf(first));
      expect(first.headers.location).toBe(`/api/contacts/${recordOf(first).id}`);
      expect(recordsOf(await desk.list("contact"))).toHaveLength(1);
    });

    test("[IDM-1] the fingerprint: member order, ignored members, quotes and timestamps are not in it", async () => {
      const desk = await desks.create();
      const made = await desk.made("task", { id: "t1", title: "x" });
      const key = { idempotencyKey: "k1" };
      const first = await desk.update(
        "task",
        "t1",
        { title: "y", n: { a: 1, b: 2 } },
        { ...key, ifMatch: made.revisionId },
      );
      const same = [
        await desk.update(
          "task",
          "t1",
          { n: { b: 2, a: 1 }, title: "y" },
          { ...key, ifMatch: made.revisionId },
        ),
        await desk.update(
          "task",
          "t1",
          { title: "y", n: { a: 1, b: 2 } },
          { ...key, ifMatch: `"${made.revisionId}"` },
        ),
        await desk.update(
          "task",
          "t1",
          { title: "y", n: { a: 1, b: 2 }, id: "t1", revisionId: "r", updatedAt: "u" },
          { ...key, ifMatch: made.revisionId, timestamp: 5, deviceId: "other" },
        ),
      ];
      for (const answer of same) expect(told(answer)).toEqual(told(first));
    });

    test("[IDM-2] the same at once, many times, at two instances: one effect, and all get its answer", async () => {
      const one = await desks.create();
      const two = await one.second();
      const answers = await Promise.all(
        Array.from({ length: 12 }, (_, n) =>
          (n % 2 ? one : two).create("task", { title: "x" }, { idempotencyKey: "k1" }),
        ),
      );
      const done = answers.filter(({ status }) => status === 201);
      const waiting = answers.filter((answer) => errorOf(answer) === "in_flight");
      expect(done.length + waiting.length).toBe(12);
      for (const answer of done) expect(told(answer)).toEqual(told(done[0] as Answer));
      for (const { headers } of waiting) expect(headers.retryAfterSeconds).toBeGreaterThan(0);
      expect(done.filter(({ headers }) => !headers.replayed)).toHaveLength(1);
      expect([...one.commits, ...two.commits]).toHaveLength(1);
      expect(recordsOf(await one.list("task"))).toEqual([recordOf(done[0] as Answer)]);
    });

    test("[IDM-3] same key, other fingerprint: 422, and no effect", async () => {
      const desk = await desks.create();
      const { revisionId } = await desk.made("task", { id: "t1", title: "x" });
      await desk.made("contact", { id: "t1", name: "x" });
      await desk.made("task", { id: "t2", title: "x" });
      const key = { idempotencyKey: "k1" };
      await desk.update("task", "t1", { title: "y" }, key);
      const before = await desk.outputCount();
      const others = [
        await desk.update("task", "t1", { title: "z" }, key),
        await desk.update("task", "t1", { title: "y", more: 1 }, key),
        await desk.update("task", "t1", {}, key),
        await desk.update("task", "t2", { title: "y" }, key),
        await desk.update("task", "none", { title: "y" }, key),
        await desk.update("contact", "t1", { title: "y" }, key),
        await desk.update("task", "t1", { title: "y" }, { ...key, ifMatch: revisionId }),
        await desk.update("task", "t1", { title: "y" }, { ...key, ifMatch: "*" }),
        await desk.update("task", "t1", { title: 5 }, key),
        await desk.update("task", "t1", "text", key),
        await desk.delete("task", "t1", key),
        await desk.create("task", { id: "t1", title: "y" }, key),
        await desk.create("task", { title: "y" }, key),
      ];
      for (const answer of others) {
        expect([answer.status, errorOf(answer)]).toEqual([422, "idempotency_key_reused"]);
        expect(answer.headers.replayed).toBeUndefined();
      }
      expect(await desk.outputCount()).toBe(before);
      expect((await desk.update("task", "t1", { title: "y" }, key)).status).toBe(200);
    });

    test("[IDM-3] a create with an id, and one that leaves it to the proxy, are two", async () => {
      const desk = await desks.create();
      await desk.create("task", { title: "x" }, { idempotencyKey: "k1" });
      for (const id of ["t1", 5, null, ""]) {
        expect((await desk.create("task", { title: "x", id }, { idempotencyKey: "k1" })).status).toBe(422);
      }
    });

    test("[IDM-4] keys of different accounts never meet", async () => {
      const desk = await desks.create();
      const key = { idempotencyKey: "k1" };
      const mine = await desk.create("task", { id: "t1", title: "mine" }, key);
      const theirs = await desk.create("task", { id: "t1", title: "theirs" }, { ...key, token: "tok-b" });
      expect([mine.status, theirs.status]).toEqual([201, 201]);
      expect(recordOf(await desk.read("task", "t1", { token: "tok-b" })).title).toBe("theirs");
      expect(recordOf(await desk.read("task", "t1")).title).toBe("mine");
    });

    test("[IDM-5] what is not 2xx, conflict or already_exists leaves the key free", async () => {
      const desk = await desks.create({
        conflicts: { mode: "enforce", ifMatch: "required", resolvedBy: "server" },
      });
      const key = { idempotencyKey: "k1" };
      expect((await desk.update("task", "t1", { title: "x" }, key)).status).toBe(404);
      expect((await desk.create("task", { title: 5 }, key)).status).toBe(400);
      expect((await desk.create("task", { id: "t1", title: "x" }, { ...key, timestamp: "now" })).status).toBe(
        400,
      );
      expect((await desk.create("task", { id: "t1", title: "x" }, { ...key, deviceId: "a b" })).status).toBe(
        400,
      );
      await desk.made("task", { id: "t1", title: "a" });
      expect((await desk.update("task", "t1", { title: "b" }, key)).status).toBe(428);
      expect((await desk.update("task", "t1", { title: "b" }, { ...key, ifMatch: "nonsense" })).status).toBe(
        400,
      );
      const applied = await desk.update("task", "t1", { title: "b" }, { ...key, ifMatch: "*" });
      expect([applied.status, applied.headers.replayed]).toEqual([200, undefined]);
    });

    test("[IDM-5] a remembered conflict stays, also when a retry would by now succeed", async () => {
      const desk = await desks.create();
      const { revisionId } = await desk.made("contact", { id: "c1", name: "a" });
      await desk.update("contact", "c1", { name: "b" });
      const stale = { idempotencyKey: "k1", ifMatch: revisionId };
      const refused = await desk.update("contact", "c1", { name: "c" }, stale);
      await desk.reconfigure({ mode: "off", ifMatch: "optional", resolvedBy: "server" });
      expect(told(await desk.update("contact", "c1", { name: "c" }, stale))).toEqual(told(refused));
      const exists = await desk.create("contact", { id: "c1", name: "x" }, { idempotencyKey: "k2" });
      await desk.delete("contact", "c1");
      expect(told(await desk.create("contact", { id: "c1", name: "x" }, { idempotencyKey: "k2" }))).toEqual(
        told(exists),
      );
    });

    test("[IDM-7] an empty or over-long key, or one with more than visible ASCII, is 400", async () => {
      const desk = await desks.create();
      for (const idempotencyKey of ["", "k".repeat(256), "a b", "ä"]) {
        const answers = [
          await desk.create("task", { title: "x" }, { idempotencyKey }),
          await desk.update("task", "t1", { title: "x" }, { idempotencyKey }),
          await desk.delete("task", "t1", { idempotencyKey }),
        ];
        for (const answer of answers)
          expect([answer.status, errorOf(answer)]).toEqual([400, "invalid_request"]);
      }
      expect((await desk.create("task", { title: "x" }, { idempotencyKey: "k".repeat(255) })).status).toBe(
        201,
      );
      expect((await desk.create("task", { title: "x" }, { idempotencyKey: "!~" })).status).toBe(201);
      expect(desk.commits).toHaveLength(2);
    });

    test("[IDM-9] single and batch share the keys, both ways", async () => {
      const desk = await desks.create();
      const alone = await desk.create("task", { id: "t1", title: "x" }, { idempotencyKey: "k1" });
      const [again] = await desk.batch([
        { id: "k1", entity: "task", operation: "create", payload: { title: "x", id: "t1" }, timestamp: 7 },
      ]);
      expect(again).toEqual({ id: "k1", status: 201, ...(alone.body as JsonObject), replayed: true });
      const [first] = await desk.batch([
        { id: "k2", entity: "task", operation: "update", recordId: "t1", payload: { title: "y" } },
      ]);
      const single = await desk.update("task", "t1", { title: "y" }, { idempotencyKey: "k2" });
      expect({ id: "k2", status: single.status, ...(single.body as JsonObject) }).toEqual(first);
      expect(single.headers.replayed).toBe(true);
      expect((await desk.update("task", "t1", { title: "z" }, { idempotencyKey: "k2" })).status).toBe(422);
      expect(desk.commits).toHaveLength(2);
    });

    test("[IDM-10] remembered for the whole ttl, and free after it", async () => {
      const desk = await desks.create();
      const write = () => desk.create("task", { id: "t1", title: "x" }, { idempotencyKey: "k1" });
      const first = await write();
      const boundMs = desk.nowMs;
      await desk.pass(boundMs + TTL_MS - 2 - desk.nowMs);
      expect(told(await write())).toEqual(told(first));
      desk.nowMs = boundMs + TTL_MS;
      expect((await write()).status).toBe(409);
    });
  });

  test("[IDM-10] keys of an account that commits nothing go too, when their time is over", async () => {
    const desk = await desks.create();
    await desk.pass(30 * DAY_MS);
    await desk.made("task", { id: "t1", title: "x" });
    await desk.pass(30 * DAY_MS);
    await desk.create("task", { id: "t1", title: "x" }, { idempotencyKey: "k1" });
    const kept = () => desk.look(A, (store) => store.remembered(A, "k1", START_MS) !== undefined);
    expect(await kept()).toBe(true);
    await desk.pass(TTL_MS + DAY_MS);
    expect(await kept()).toBe(false);
  });
}
