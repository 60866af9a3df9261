/**
 * Owns the proof of section 10 as far as every desk shows it: what a delivery of the backend comes to (WHK-1, WHK-3,
 * WHK-4). What one delivery makes of a record in each case has webhook.test.ts; signatures are the border's [WHK-2].
 */

import { describe, expect, test } from "vitest";
import { SECOND_MS } from "../base/time.ts";
import { contact, GONE } from "./deliveries.fixture.ts";
import { changesOf, errorOf, recordOf, revisionOf } from "./desk.fixture.ts";
import { said } from "./frames.fixture.ts";
import { register, told } from "./provider.fixture.ts";
import type { DeskMaker } from "./test-desk.fixture.ts";

export function declareWebhookRules(desks: DeskMaker): void {
  describe("webhooks", () => {
    const create = () => desks.create({ webhooks: true });

    test("[WHK-1] a delivery is a revision, an event without origin, a delta item, and a push to every device", async () => {
      const desk = await create();
      for (const deviceId of ["d1", "d2"]) await register(desk, deviceId, `token-${deviceId}`);
      const socket = await desk.open();
      const since = await desk.head();
      const answer = await desk.deliver(contact(1, { name: "Ada", extra: { kept: [null] } }), "m1");
      expect([answer.status, (answer.body as { data: unknown }).data]).toEqual([200, null]);
      const record = recordOf(await desk.read("contact", "c1"));
      expect(record).toMatchObject({ revisionId: revisionOf(answer), name: "Ada", extra: { kept: [null] } });
      expect((await desk.frames(socket)).slice(1)).toEqual([
        {
          type: "sync_event",
          entity: "contact",
          action: "created",
          id: "c1",
          revisionId: record.revisionId,
          payload: record,
        },
      ]);
      const { changes } = changesOf(await desk.changes({ since }));
      expect(changes.map(({ data }) => data)).toEqual([record]);
      await desk.pass(5 * SECOND_MS);
      expect([...told(desk)].sort((left, right) => (left < right ? -1 : 1))).toEqual([
        `token-d1 ${record.revisionId}`,
        `token-d2 ${record.revisionId}`,
      ]);
    });

    test("[WHK-3] the same webhook-id again, at once and at another instance: 200, one effect", async () => {
      const one = await create();
      const two = await one.second({ webhooks: true });
      const answers = await Promise.all(
        Array.from({ length: 8 }, (_, n) => (n % 2 ? one : two).deliver(contact(1, { name: "Ada" }), "m1")),
      );
      expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
      // What comes under an id that was seen is not looked at any more.
      expect((await two.deliver(contact(2, { name: "Bea" }), "m1")).status).toBe(200);
      expect([...one.commits, ...two.commits]).toHaveLength(1);
      expect(recordOf(await one.read("contact", "c1")).name).toBe("Ada");
    });

    test("[WHK-4] a version not above the stored one: 200, no effect", async () => {
      const desk = await create();
      await desk.deliver(contact(2, { name: "two" }), "m2");
      const socket = await desk.open();
      const before = [await desk.head(), await desk.outputCount()];
      for (const [id, body] of [
        ["m0", contact(2, { name: "same" })],
        ["m1", contact(1, { name: "one" })],
        ["m3", GONE(1.5)],
      ] as const) {
        expect((await desk.deliver(body, id)).status).toBe(200);
      }
      expect([await desk.head(), await desk.outputCount()]).toEqual(before);
      await desk.deliver(GONE(3), "m4");
      expect(said(await desk.frames(socket))).toEqual(["ready", "deleted c1"]);
    });

    test("[WHK-1, CON-2] a stale write over a delivery is 409 with the backend's record", async () => {
      const desk = await create();
      const { revisionId: ifMatch } = await desk.made("contact", { id: "c1", name: "Ada" });
      await desk.deliver(contact(1, { name: "Bea" }), "m1");
      const stale = await desk.update("contact", "c1", { name: "Cid" }, { ifMatch });
      expect([stale.status, stale.body]).toMatchObject([409, { serverData: { name: "Bea" } }]);
    });

    test("[API-2] a bad delivery is 400, one for no account 404, and nothing changes", async () => {
      const desk = await create();
      const good = contact(1, { name: "Ada" }) as Record<string, unknown>;
      for (const body of [null, 7, [], {}, { ...good, entity: "contacts" }, { ...good, data: {} }]) {
        expect(errorOf(await desk.deliver(body, "m1"))).toBe("invalid_request");
      }
      expect(errorOf(await desk.deliver({ ...good, account: "account-c" }, "m1"))).toBe("not_found");
      expect(await desk.outputCount()).toBe(0);
      expect((await desk.deliver(good, "m1")).status).toBe(200);
    });
  });
}
