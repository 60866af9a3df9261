/**
 * Owns the proof of section 3 through the HTTP border, as far as it is about what works: API.
 */

import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { COLLECTION_OF, ENTITIES } from "../protocol/entity.ts";
import { Counter, dataOf, FIELDS, metaOf } from "./counter.fixture.ts";
import { conflictsOf, limitsOf, recordsOf } from "./desk.fixture.ts";
import type { DeskMaker } from "./test-desk.fixture.ts";

export function declareRecordRules(desks: DeskMaker): void {
  describe("records", () => {
    test.each(ENTITIES)(
      "[API-1] %s: create, read, update, delete, list as the table says",
      async (entity) => {
        const http = new Counter(await desks.create());
        const base = `/api/${COLLECTION_OF[entity]}`;
        const made = await http.send("POST", base, {
          id: "r1",
          ...FIELDS[entity],
          extra: { deep: [1, { a: null }] },
        });
        expect([made.status, made.headers.location]).toEqual([201, `${base}/r1`]);
        expect(dataOf(made)).toMatchObject({
          id: "r1",
          ...FIELDS[entity],
          extra: { deep: [1, { a: null }] },
        });
        expect(dataOf(await http.send("GET", `${base}/r1`))).toEqual(dataOf(made));
        const patched = await http.send("PATCH", `${base}/r1`, {
          notes: "new",
          extra: { more: 1 },
          added: false,
        });
        expect(patched.status).toBe(200);
        expect(dataOf(patched)).toMatchObject({
          notes: "new",
          extra: { deep: [1, { a: null }], more: 1 },
          added: false,
        });
        expect(dataOf(await http.send("GET", `${base}/r1`))).toEqual(dataOf(patched));
        const removed = await http.send("PATCH", `${base}/r1`, {
          notes: null,
          extra: { deep: null },
          never: null,
        });
        expect(Object.keys(dataOf(removed))).not.toContain("notes");
        expect(dataOf(removed).extra).toEqual({ more: 1 });
        expect((await http.send("GET", base)).json.data).toEqual([dataOf(removed)]);
        const deleted = await http.send("DELETE", `${base}/r1`);
        expect([deleted.status, deleted.json.data]).toEqual([200, null]);
        const again = await http.send("DELETE", `${base}/r1`);
        expect([again.status, again.json]).toEqual([200, deleted.json]);
        expect((await http.send("DELETE", `${base}/r2`)).status).toBe(404);
        expect((await http.send("GET", `${base}/r1`)).status).toBe(404);
        expect((await http.send("GET", base)).json.data).toEqual([]);
        expect(http.desk.commits).toHaveLength(4);
      },
    );

    test("[API-1] the proxy makes an id where the client names none, and never one that is taken", async () => {
      const http = new Counter(await desks.create());
      const ids: string[] = [];
      for (let n = 0; n < 3; n++) {
        ids.push(String(dataOf(await http.send("POST", "/api/tasks", { title: "t" })).id));
      }
      expect(new Set(ids).size).toBe(3);
      for (const id of ids) expect(id).toMatch(/^[A-Za-z0-9_.-]{1,128}$/);
      // A client takes the very id that the proxy would make next.
      const seconds = Math.floor((http.desk.nowMs + 1) / 1_000);
      const next = `${seconds}_000005`;
      expect((await http.send("POST", "/api/tasks", { id: next, title: "taken" })).status).toBe(201);
      const made = dataOf(await http.send("POST", "/api/tasks", { title: "t" }));
      expect(made.id).toBe(`${next}_1`);
      expect(dataOf(await http.send("GET", `/api/tasks/${next}`)).title).toBe("taken");
    });

    test("[API-1] null for an optional field is absent at create; reserved members are ignored", async () => {
      const http = new Counter(await desks.create());
      const body = { id: "t1", title: "t", done: null, dueAt: null, revisionId: "mine", updatedAt: "never" };
      const made = dataOf(await http.send("POST", "/api/tasks", body));
      expect(Object.keys(made).sort((left, right) => (left < right ? -1 : 1))).toEqual([
        "id",
        "revisionId",
        "title",
        "updatedAt",
      ]);
      expect(made.revisionId).not.toBe("mine");
      const same = await http.send("PATCH", "/api/tasks/t1", {
        id: "t1",
        title: "u",
        revisionId: "mine",
        updatedAt: "never",
      });
      expect(dataOf(same)).toMatchObject({ title: "u", updatedAt: "2024-01-01T00:00:00.002Z" });
    });

    test("[API-4] pages show each record that stood still exactly once, whatever is written meanwhile", async () => {
      const scene = fc.record({
        ids: fc.uniqueArray(fc.stringMatching(/^[a-zA-Z0-9_-]{1,3}$/), { maxLength: 20 }),
        limit: fc.integer({ min: 1, max: 5 }),
        meanwhile: fc.array(fc.tuple(fc.constantFrom("put", "drop"), fc.stringMatching(/^[a-z]{1,2}[.]$/)), {
          maxLength: 20,
        }),
      });
      await fc.assert(
        fc.asyncProperty(scene, async ({ ids, limit, meanwhile }) => {
          const desk = await desks.create();
          for (const id of ids) await desk.made("task", { id, title: "t" });
          const head = await desk.head();
          const seen: string[] = [];
          let cursor: string | undefined;
          for (let page = 0; page < 100; page++) {
            const answer = await desk.list("task", {
              limit,
              ...(cursor === undefined ? undefined : { cursor }),
            });
            const { meta } = answer.body as {
              meta: { hasMore: boolean; nextCursor?: string; revisionId: string };
            };
            if (page === 0) expect(meta.revisionId).toBe(head);
            expect(recordsOf(answer).length).toBeLessThanOrEqual(limit);
            seen.push(...recordsOf(answer).map(({ id }) => id));
            expect(meta.hasMore).toBe(meta.nextCursor !== undefined);
            if (!meta.hasMore) break;
            cursor = meta.nextCursor;
            const [act, id] = meanwhile[page] ?? ["", ""];
            if (act === "put") await desk.create("task", { id, title: "t" });
            if (act === "drop") await desk.delete("task", id);
          }
          const still = new Set(ids);
          expect(seen.filter((id) => still.has(id))).toEqual(
            [...ids].sort((left, right) => (left < right ? -1 : 1)),
          );
          expect([...seen].sort((left, right) => (left < right ? -1 : 1))).toEqual(seen);
          expect(new Set(seen).size).toBe(seen.length);
        }),
        { numRuns: desks.runs(100) },
      );
    });

    test("[API-4] exactly limit records say no more; a cursor is of its collection and account", async () => {
      const http = new Counter(await desks.create());
      for (const id of ["a", "b"]) await http.send("POST", "/api/tasks", { id, title: "t" });
      expect(metaOf(await http.send("GET", "/api/tasks?limit=2"))).toMatchObject({ hasMore: false });
      const { nextCursor } = metaOf(await http.send("GET", "/api/tasks?limit=1"));
      expect((await http.send("GET", `/api/tasks?cursor=${nextCursor}`)).json.data).toHaveLength(1);
      await http.refused([400], "GET", `/api/lists?cursor=${nextCursor}`);
      await http.refused([400], "GET", `/api/sync/changes?cursor=${nextCursor}`);
      await http.refused([400], "GET", `/api/tasks?cursor=${nextCursor}0`);
      await http.refused([400], "GET", `/api/tasks?cursor=${nextCursor}`, undefined, {
        authorization: "Bearer tok-b",
      });
    });

    test("[API-5] text comes back code point for code point, through JSON", async () => {
      const http = new Counter(await desks.create(limitsOf({ bodyBytesMax: 1 << 20 })));
      const texts = [
        "",
        "👩‍👩‍👧‍👦 é é",
        "שלום עולם ‏",
        "\u0000\u0001\u2028\u2029",
        "\ud800",
        "a".repeat(10_000),
        '"\\/',
        " x ",
      ];
      for (const text of texts) {
        const made = await http.send("POST", "/api/contacts", { name: text, [text]: text });
        expect(made.status).toBe(201);
        const read = dataOf(await http.send("GET", `/api/contacts/${dataOf(made).id}`));
        expect([read.name, read[text]]).toEqual([text, text]);
      }
      await fc.assert(
        fc.asyncProperty(
          fc.string({ unit: "binary" }),
          fc.jsonValue({ maxDepth: 4 }),
          async (name, value) => {
            const sent = JSON.stringify({ name, items: [{ id: "i", text: name }], kept: [value] });
            const {
              id: _id,
              revisionId: _revisionId,
              updatedAt: _updatedAt,
              ...fields
            } = dataOf(await http.send("POST", "/api/lists", sent));
            expect(fields).toEqual(JSON.parse(sent));
          },
        ),
        { numRuns: desks.runs(100) },
      );
    });

    test("[API-5] `__proto__` and `constructor` as keys and as ids", async () => {
      const http = new Counter(await desks.create());
      for (const id of ["__proto__", "constructor", "toString", "hasOwnProperty"]) {
        const text = `{"id":"${id}","name":"x","__proto__":{"polluted":1},"constructor":{"prototype":2}}`;
        expect((await http.send("POST", "/api/contacts", text)).status).toBe(201);
        const read = await http.send("GET", `/api/contacts/${id}`);
        expect(read.body).toContain('"__proto__":{"polluted":1}');
        expect(dataOf(read).constructor).toEqual({ prototype: 2 });
        const patched = await http.send(
          "PATCH",
          `/api/contacts/${id}`,
          '{"__proto__":{"more":2},"name":"y"}',
        );
        expect(patched.body).toContain('"__proto__":{"polluted":1,"more":2}');
        const removed = await http.send(
          "PATCH",
          `/api/contacts/${id}`,
          '{"__proto__":null,"constructor":null}',
        );
        expect(removed.body).not.toMatch(/__proto__"?:|"constructor":/);
        expect((await http.send("DELETE", `/api/contacts/${id}`)).status).toBe(200);
      }
      expect(({} as { polluted?: number }).polluted).toBeUndefined();
    });

    test("[API-6] a client without any of the sync headers works", async () => {
      const http = new Counter(await desks.create());
      expect((await http.send("POST", "/api/tasks", { id: "a", title: "1" })).status).toBe(201);
      expect((await http.send("PATCH", "/api/tasks/a", { title: "2" })).status).toBe(200);
      expect((await http.send("GET", "/api/tasks")).json.data).toHaveLength(1);
      expect((await http.send("DELETE", "/api/tasks/a")).status).toBe(200);
      const strict = new Counter(await desks.create(conflictsOf({ ifMatch: "required" })));
      expect((await strict.send("POST", "/api/tasks", { id: "a", title: "1" })).status).toBe(201);
      await strict.refused([428], "PATCH", "/api/tasks/a", { title: "2" });
    });

    test("[API-8] If-None-Match with the current revision is 304, without a body", async () => {
      const http = new Counter(await desks.create());
      const made = await http.send("POST", "/api/tasks", { id: "a", title: "1" });
      const etag = String(made.headers.etag);
      const read = async (tag: string) =>
        await http.send("GET", "/api/tasks/a", undefined, { "if-none-match": tag });
      for (const tag of [etag, etag.replaceAll('"', ""), `W/${etag}`, `"x", ${etag}`, "*"]) {
        expect(
          [(await read(tag)).status, (await read(tag)).body, (await read(tag)).headers.etag],
          tag,
        ).toEqual([304, undefined, etag]);
      }
      for (const tag of ["", '"x"', `${etag}x`]) expect((await read(tag)).status).toBe(200);
      await http.send("PATCH", "/api/tasks/a", { title: "2" });
      expect((await read(etag)).status).toBe(200);
      await http.send("DELETE", "/api/tasks/a");
      expect((await read("*")).status).toBe(404);
    });
  });
}
