/**
 * Owns the proof of section 9 as far as it is about how far back the log goes: DLT-9 to DLT-13.
 */

import { describe, expect, test } from "vitest";
import { DAY_MS, MINUTE_MS } from "../base/time.ts";
import { ENTITIES } from "../protocol/entity.ts";
import type { Change } from "../protocol/messages.ts";
import { GENESIS, type Revision } from "../protocol/revision.ts";
import { writeDeltaCursor } from "./cursor.ts";
import { A, changesOf, Desk, errorOf, START_MS } from "./desk.fixture.ts";
import { CURSOR_LIFE_MS } from "./store.ts";

const RETENTION_MS = DAY_MS;

/** What each change says, in few words. */
function said(body: { changes: readonly Change[] }): readonly string[] {
  return body.changes.map(({ action, id }) => `${action} ${id}`);
}

describe("how far back", () => {
  function aged(): { desk: Desk; first: Revision; second: Revision; third: Revision } {
    const desk = new Desk();
    const first = desk.made("task", { id: "x", title: "1" }).revisionId;
    desk.nowMs = START_MS + 3_600_000;
    desk.delete("task", "x");
    const second = desk.head();
    desk.nowMs = START_MS + 7_200_000;
    const third = desk.made("task", { id: "y", title: "1" }).revisionId;
    return { desk, first, second, third };
  }

  test("[DLT-9] not a revision at all: 400; one that this log never had: 410 with head and floor", () => {
    const desk = new Desk();
    const head = desk.made("task", { title: "t" }).revisionId;
    for (const since of ["", "x", "rev_1_000001", `"${head}"`, `${head} `, "REV_1704067200_000001", "0"]) {
      const answer = desk.changes({ since });
      expect([answer.status, errorOf(answer)], since).toEqual([400, "invalid_revision"]);
    }
    const never = ["rev_1704067200_000009", "rev_9999999999_zzzzzz", "rev_0000000001_000000", `${head}0`];
    for (const since of never) {
      const answer = desk.changes({ since });
      expect(answer.status, since).toBe(410);
      expect(answer.body).toEqual({
        error: "revision_expired",
        message: expect.any(String),
        currentRevision: head,
        floorRevision: GENESIS,
      });
    }
    const other = desk.made("task", { title: "t" }, { token: "tok-b" }).revisionId;
    desk.made("task", { title: "t" }, { token: "tok-b" });
    const foreign = desk.changes({ since: desk.head({ token: "tok-b" }) });
    expect([other, foreign.status]).toEqual([head, 410]);
    expect(foreign.body).toMatchObject({ currentRevision: head });
  });

  test("[DLT-9, DLT-13] at the floor 200, below it 410, and the head is never below", () => {
    const { desk, first, second, third } = aged();
    desk.pass(RETENTION_MS + 3_600_000);
    const floor = desk.store.standing("account-a" as never).floor;
    expect(floor).toBe(third);
    expect(desk.changes({ since: third }).status).toBe(200);
    for (const since of [first, second, GENESIS]) {
      expect(desk.changes({ since }).body).toMatchObject({ error: "revision_expired", floorRevision: third });
    }
    desk.pass(400 * DAY_MS);
    expect(changesOf(desk.changes({ since: third }))).toMatchObject({ changes: [], currentRevision: third });
  });

  test("[DLT-13] what was the head less than retention ago is served, to the millisecond", () => {
    const { desk, first, second } = aged();
    // `first` was the head until the deletion, an hour and a millisecond after the start.
    const lastHeadMs = START_MS + 3_600_001;
    desk.pass(lastHeadMs + RETENTION_MS - 2 - desk.nowMs);
    expect(said(changesOf(desk.changes({ since: first })))).toEqual(["deleted x", "created y"]);
    desk.pass(2 * 3_600_000 + 10);
    expect(desk.changes({ since: first }).status).toBe(410);
    expect(desk.changes({ since: second }).status).toBe(410);
  });

  test("[DLT-10] a tombstone lives through retention; then the floor is above it, not an incomplete answer", () => {
    const { desk, first } = aged();
    const standing = () => desk.store.standing("account-a" as never);
    for (let hour = 0; hour < 80; hour++) {
      desk.pass(3_600_000);
      const answer = desk.changes({ since: first });
      if (standing().floor <= first) expect(said(changesOf(answer))).toEqual(["deleted x", "created y"]);
      else expect(answer.status).toBe(410);
    }
    expect(desk.changes({ since: first }).status).toBe(410);
    expect(desk.store.current("account-a" as never, "task", "x")).toBeUndefined();
    expect(said(changesOf(desk.changes()))).toEqual(["created y"]);
  });

  test("[DLT-12] a cursor belongs to its account, entities and since", () => {
    const desk = new Desk();
    for (const token of ["tok-a", "tok-b"]) {
      for (let n = 0; n < 4; n++) desk.made("task", { id: `t${n}`, title: "t" }, { token });
    }
    const since = GENESIS;
    const cursor = String(changesOf(desk.changes({ since, limit: 1 })).nextCursor);
    const refused = [
      desk.changes({ since, cursor }, { token: "tok-b" }),
      desk.changes({ cursor }),
      desk.changes({ since: desk.head(), cursor }),
      desk.changes({ since, cursor, entities: ["tasks"] }),
      desk.changes({ since, cursor: `${cursor}x` }),
      desk.changes({ since, cursor: cursor.slice(1) }),
      desk.changes({ since, cursor: "" }),
      desk.changes({ since, cursor: "../../etc/passwd" }),
      desk.list("task", { cursor }),
    ];
    for (const answer of refused) expect([answer.status, errorOf(answer)]).toEqual([400, "invalid_request"]);
    expect(desk.changes({ since, cursor, entities: ["lists", "tasks", "contacts"] }).status).toBe(200);
    const tasks = changesOf(desk.changes({ limit: 1, entities: ["tasks"] })).nextCursor;
    expect(desk.list("task", { cursor: String(tasks) }).status).toBe(400);
    const listing = String(
      (desk.list("task", { limit: 1 }).body as { meta: { nextCursor: string } }).meta.nextCursor,
    );
    expect(desk.changes({ cursor: listing }).status).toBe(400);
  });

  test("[DLT-12] a cursor serves again, the same page, while others write", () => {
    const desk = new Desk();
    for (let n = 0; n < 6; n++) desk.made("task", { id: `t${n}`, title: "t" });
    const cursor = String(changesOf(desk.changes({ limit: 2 })).nextCursor);
    const page = () => changesOf(desk.changes({ limit: 2, cursor }));
    const once = page();
    desk.update("task", "t2", { title: "new" });
    desk.delete("task", "t3");
    expect(page()).toEqual(once);
    desk.pass(5 * MINUTE_MS);
    expect(page()).toEqual(once);
  });

  test("[DLT-12] a cursor serves for 5 minutes and more after the floor moved over it; too old it is 410", () => {
    const desk = new Desk({ retentionSeconds: 60 });
    for (let n = 0; n < 6; n++) desk.made("task", { id: `t${n}`, title: "t" });
    const cursor = String(changesOf(desk.changes({ since: GENESIS, limit: 2 })).nextCursor);
    for (let n = 0; n < 6; n++) desk.update("task", `t${n}`, { title: "new" });
    desk.pass(5 * MINUTE_MS);
    expect(desk.changes({ since: GENESIS }).status).toBe(410);
    const page = changesOf(desk.changes({ since: GENESIS, cursor }));
    expect(page.changes.map(({ data }) => data?.title)).toEqual(["t", "t", "t", "t"]);
    desk.pass(CURSOR_LIFE_MS + 10 * MINUTE_MS);
    const late = desk.changes({ since: GENESIS, cursor });
    expect(late.body).toMatchObject({ error: "revision_expired", floorRevision: desk.head() });
  });

  test("[DLT-12] a full sync's cursor is 410 once the log dropped something that its pages would have shown", () => {
    const desk = new Desk({ retentionSeconds: 60 });
    for (let n = 0; n < 4; n++) desk.made("task", { id: `t${n}`, title: "t" });
    const cursor = String(changesOf(desk.changes({ limit: 2 })).nextCursor);
    desk.update("task", "t3", { title: "new" });
    desk.pass(20 * MINUTE_MS);
    expect(said(changesOf(desk.changes({ cursor })))).toEqual(["created t2", "created t3"]);
    desk.pass(3 * CURSOR_LIFE_MS);
    expect(errorOf(desk.changes({ cursor }))).toBe("revision_expired");
  });

  test("[DLT-12] a cursor of a head that this log has not reached is none of its cursors", () => {
    const desk = new Desk();
    for (let n = 0; n < 3; n++) desk.made("task", { id: `t${n}`, title: "t" });
    const scope = { account: A, kind: "changes", entities: new Set(ENTITIES), since: undefined } as const;
    const head = "rev_9999999999_zzzzzz" as Revision;
    const cursor = writeDeltaCursor(scope, { after: GENESIS, head, headAtMs: START_MS });
    expect(desk.changes({ cursor }).status).toBe(400);
    const good = writeDeltaCursor(scope, { after: GENESIS, head: desk.head(), headAtMs: START_MS });
    expect(desk.changes({ cursor: good }).status).toBe(200);
  });
});
