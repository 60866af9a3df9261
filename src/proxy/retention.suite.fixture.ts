/**
 * Owns the proof of section 9 as far as it is about how far back the log goes: DLT-9 to DLT-13.
 */

import { describe, expect, test } from "vitest";
import { DAY_MS, MINUTE_MS } from "../base/time.ts";
import { ENTITIES } from "../protocol/entity.ts";
import type { Change } from "../protocol/messages.ts";
import { GENESIS, type Revision } from "../protocol/revision.ts";
import { writeDeltaCursor } from "./cursor.ts";
import { A, changesOf, errorOf, START_MS } from "./desk.fixture.ts";
import { CURSOR_LIFE_MS } from "./store.ts";
import type { DeskMaker, TestDesk } from "./test-desk.fixture.ts";

const RETENTION_MS = DAY_MS;

/** What each change says, in few words. */
function said(body: { changes: readonly Change[] }): readonly string[] {
  return body.changes.map(({ action, id }) => `${action} ${id}`);
}

export function declareRetentionRules(desks: DeskMaker): void {
  describe("how far back", () => {
    async function aged(): Promise<{ desk: TestDesk; first: Revision; second: Revision; third: Revision }> {
      const desk = await desks.create();
      const first = (await desk.made("task", { id: "x", title: "1" })).revisionId;
      desk.nowMs = START_MS + 3_600_000;
      await desk.delete("task", "x");
      const second = await desk.head();
      desk.nowMs = START_MS + 7_200_000;
      const third = (await desk.made("task", { id: "y", title: "1" })).revisionId;
      return { desk, first, second, third };
    }

    test("[DLT-9] not a revision at all: 400; one that this log never had: 410 with head and floor", async () => {
      const desk = await desks.create();
      const head = (await desk.made("task", { title: "t" })).revisionId;
      for (const since of ["", "x", "rev_1_000001", `"${head}"`, `${head} `, "REV_1704067200_000001", "0"]) {
        const answer = await desk.changes({ since });
        expect([answer.status, errorOf(answer)], since).toEqual([400, "invalid_revision"]);
      }
      const never = ["rev_1704067200_000009", "rev_9999999999_zzzzzz", "rev_0000000001_000000", `${head}0`];
      for (const since of never) {
        const answer = await desk.changes({ since });
        expect(answer.status, since).toBe(410);
        expect(answer.body).toEqual({
          error: "revision_expired",
          message: expect.any(String),
          currentRevision: head,
          floorRevision: GENESIS,
        });
      }
      const other = (await desk.made("task", { title: "t" }, { token: "tok-b" })).revisionId;
      await desk.made("task", { title: "t" }, { token: "tok-b" });
      const foreign = await desk.changes({ since: await desk.head({ token: "tok-b" }) });
      expect([other, foreign.status]).toEqual([head, 410]);
      expect(foreign.body).toMatchObject({ currentRevision: head });
    });

    test("[DLT-9, DLT-13] at the floor 200, below it 410, and the head is never below", async () => {
      const { desk, first, second, third } = await aged();
      await desk.pass(RETENTION_MS + 3_600_000);
      const { floor } = await desk.look(A, (store) => store.standing(A));
      expect(floor).toBe(third);
      expect((await desk.changes({ since: third })).status).toBe(200);
      for (const since of [first, second, GENESIS]) {
        expect((await desk.changes({ since })).body).toMatchObject({
          error: "revision_expired",
          floorRevision: third,
        });
      }
      await desk.pass(400 * DAY_MS);
      expect(changesOf(await desk.changes({ since: third }))).toMatchObject({
        changes: [],
        currentRevision: third,
      });
    });

    test("[DLT-13] what was the head less than retention ago is served, to the millisecond", async () => {
      const { desk, first, second } = await aged();
      // `first` was the head until the deletion, an hour and a millisecond after the start.
      const lastHeadMs = START_MS + 3_600_001;
      await desk.pass(lastHeadMs + RETENTION_MS - 2 - desk.nowMs);
      expect(said(changesOf(await desk.changes({ since: first })))).toEqual(["deleted x", "created y"]);
      await desk.pass(2 * 3_600_000 + 10);
      expect((await desk.changes({ since: first })).status).toBe(410);
      expect((await desk.changes({ since: second })).status).toBe(410);
    });

    test("[DLT-10] a tombstone lives through retention; then the floor is above it, not an incomplete answer", async () => {
      const { desk, first } = await aged();
      const floor = () => desk.look(A, (store) => store.standing(A).floor);
      for (let hour = 0; hour < 80; hour++) {
        await desk.pass(3_600_000);
        const answer = await desk.changes({ since: first });
        if ((await floor()) <= first) expect(said(changesOf(answer))).toEqual(["deleted x", "created y"]);
        else expect(answer.status).toBe(410);
      }
      expect((await desk.changes({ since: first })).status).toBe(410);
      expect(await desk.look(A, (store) => store.current(A, "task", "x"))).toBeUndefined();
      expect(said(changesOf(await desk.changes()))).toEqual(["created y"]);
    });

    test("[DLT-12] a cursor belongs to its account, entities and since", async () => {
      const desk = await desks.create();
      for (const token of ["tok-a", "tok-b"]) {
        for (let n = 0; n < 4; n++) await desk.made("task", { id: `t${n}`, title: "t" }, { token });
      }
      const since = GENESIS;
      const cursor = String(changesOf(await desk.changes({ since, limit: 1 })).nextCursor);
      const refused = [
        await desk.changes({ since, cursor }, { token: "tok-b" }),
        await desk.changes({ cursor }),
        await desk.changes({ since: await desk.head(), cursor }),
        await desk.changes({ since, cursor, entities: ["tasks"] }),
        await desk.changes({ since, cursor: `${cursor}x` }),
        await desk.changes({ since, cursor: cursor.slice(1) }),
        await desk.changes({ since, cursor: "" }),
        await desk.changes({ since, cursor: "../../etc/passwd" }),
        await desk.list("task", { cursor }),
      ];
      for (const answer of refused)
        expect([answer.status, errorOf(answer)]).toEqual([400, "invalid_request"]);
      expect((await desk.changes({ since, cursor, entities: ["lists", "tasks", "contacts"] })).status).toBe(
        200,
      );
      const tasks = changesOf(await desk.changes({ limit: 1, entities: ["tasks"] })).nextCursor;
      expect((await desk.list("task", { cursor: String(tasks) })).status).toBe(400);
      const listing = String(
        ((await desk.list("task", { limit: 1 })).body as { meta: { nextCursor: string } }).meta.nextCursor,
      );
      expect((await desk.changes({ cursor: listing })).status).toBe(400);
    });

    test("[DLT-12] a cursor serves again, the same page, while others write", async () => {
      const desk = await desks.create();
      for (let n = 0; n < 6; n++) await desk.made("task", { id: `t${n}`, title: "t" });
      const cursor = String(changesOf(await desk.changes({ limit: 2 })).nextCursor);
      const page = async () => changesOf(await desk.changes({ limit: 2, cursor }));
      const once = await page();
      await desk.update("task", "t2", { title: "new" });
      await desk.delete("task", "t3");
      expect(await page()).toEqual(once);
      await desk.pass(5 * MINUTE_MS);
      expect(await page()).toEqual(once);
    });

    test("[DLT-12] a cursor serves for 5 minutes and more after the floor moved over it; too old it is 410", async () => {
      const desk = await desks.create({ retentionSeconds: 60 });
      for (let n = 0; n < 6; n++) await desk.made("task", { id: `t${n}`, title: "t" });
      const cursor = String(changesOf(await desk.changes({ since: GENESIS, limit: 2 })).nextCursor);
      for (let n = 0; n < 6; n++) await desk.update("task", `t${n}`, { title: "new" });
      await desk.pass(5 * MINUTE_MS);
      expect((await desk.changes({ since: GENESIS })).status).toBe(410);
      const page = changesOf(await desk.changes({ since: GENESIS, cursor }));
      expect(page.changes.map(({ data }) => data?.title)).toEqual(["t", "t", "t", "t"]);
      await desk.pass(CURSOR_LIFE_MS + 10 * MINUTE_MS);
      const late = await desk.changes({ since: GENESIS, cursor });
      expect(late.body).toMatchObject({ error: "revision_expired", floorRevision: await desk.head() });
    });

    test("[DLT-12] a full sync's cursor is 410 once the log dropped something that its pages would have shown", async () => {
      const desk = await desks.create({ retentionSeconds: 60 });
      for (let n = 0; n < 4; n++) await desk.made("task", { id: `t${n}`, title: "t" });
      const cursor = String(changesOf(await desk.changes({ limit: 2 })).nextCursor);
      await desk.update("task", "t3", { title: "new" });
      await desk.pass(20 * MINUTE_MS);
      expect(said(changesOf(await desk.changes({ cursor })))).toEqual(["created t2", "created t3"]);
      await desk.pass(3 * CURSOR_LIFE_MS);
      expect(errorOf(await desk.changes({ cursor }))).toBe("revision_expired");
    });

    test("[DLT-12] a cursor of a head that this log has not reached is none of its cursors", async () => {
      const desk = await desks.create();
      for (let n = 0; n < 3; n++) await desk.made("task", { id: `t${n}`, title: "t" });
      const scope = { account: A, kind: "changes", entities: new Set(ENTITIES), since: undefined } as const;
      const head = "rev_9999999999_zzzzzz" as Revision;
      const cursor = writeDeltaCursor(scope, { after: GENESIS, head, headAtMs: START_MS });
      expect((await desk.changes({ cursor })).status).toBe(400);
      const good = writeDeltaCursor(scope, { after: GENESIS, head: await desk.head(), headAtMs: START_MS });
      expect((await desk.changes({ cursor: good })).status).toBe(200);
    });
  });
}
