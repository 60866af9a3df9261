/**
 * Owns the proof that bad input is refused through the HTTP border, and leaves no trace: API-2, API-3.
 */

import { describe, expect, test } from "vitest";
import { COLLECTION_OF, ENTITIES, type Entity } from "../protocol/entity.ts";
import { Counter } from "./counter.fixture.ts";
import { limitsOf } from "./desk.fixture.ts";
import { JSON_DEPTH_MAX } from "./http-border.ts";
import type { DeskMaker } from "./test-desk.fixture.ts";

export function declareBadInputRules(desks: DeskMaker): void {
  describe("bad input", () => {
    test("[API-2] bad bodies are 400, and change nothing", async () => {
      const http = new Counter(await desks.create());
      await http.send("POST", "/api/tasks", { id: "t1", title: "t" });
      const bad: Readonly<Record<Entity, readonly unknown[]>> = {
        contact: [
          {},
          { name: null },
          { name: 5 },
          { name: "x", phone: 5 },
          { name: "x", email: [] },
          { name: "x", notes: {} },
        ],
        task: [{}, { title: null }, { title: [] }, { title: "x", done: "yes" }, { title: "x", dueAt: 5 }],
        list: [
          {},
          { name: "x", items: {} },
          { name: "x", items: [1] },
          { name: "x", items: [{ id: "", text: "" }] },
          { name: "x", items: [{ id: "i".repeat(129), text: "" }] },
          { name: "x", items: [{ id: "a", text: 5 }] },
          { name: "x", items: [{ id: "a" }] },
          { name: "x", items: [{ id: "a", text: "", done: 1 }] },
          {
            name: "x",
            items: [
              { id: "a", text: "" },
              { id: "a", text: "" },
            ],
          },
        ],
      };
      for (const entity of ENTITIES) {
        for (const body of bad[entity])
          await http.refused([400], "POST", `/api/${COLLECTION_OF[entity]}`, body);
      }
      const texts = [
        "",
        "{",
        '{"title":}',
        "null",
        "5",
        '"x"',
        "[]",
        '{"title":"x"} x',
        "undefined",
        "\u0000",
      ];
      for (const text of texts) {
        await http.refused([400], "POST", "/api/tasks", text);
        await http.refused([400], "PATCH", "/api/tasks/t1", text);
      }
      await http.refused([400], "POST", "/api/tasks");
      await http.refused([400], "PATCH", "/api/tasks/t1");
      for (const patch of [{ title: null }, { title: 5 }, { done: "x" }, { id: "t2" }, { id: null }]) {
        await http.refused([400], "PATCH", "/api/tasks/t1", patch);
      }
    });

    test("[API-2] bad ids", async () => {
      const http = new Counter(await desks.create());
      for (const id of [
        "",
        ".",
        "..",
        "a b",
        "ä",
        "a/b",
        "a\u0000",
        "x".repeat(129),
        5,
        null,
        {},
        [],
        true,
      ]) {
        await http.refused([400], "POST", "/api/tasks", { id, title: "t" });
      }
      for (const path of [
        "a%20b",
        "%C3%A4",
        "a%2Fb",
        "%2E%2E",
        "x".repeat(129),
        "%00",
        "__proto__",
        "a%2fb%2fc",
      ]) {
        await http.refused([404], "GET", `/api/tasks/${path}`);
        await http.refused([404], "PATCH", `/api/tasks/${path}`, { title: "x" });
        await http.refused([404], "DELETE", `/api/tasks/${path}`);
      }
      for (const path of ["%", "%zz", "%E0%A4%A", "%ff"])
        await http.refused([400], "GET", `/api/tasks/${path}`);
      expect((await http.send("POST", "/api/tasks", { id: "x".repeat(128), title: "t" })).status).toBe(201);
      expect((await http.send("POST", "/api/tasks", { id: "...", title: "t" })).status).toBe(201);
      expect((await http.send("GET", "/api/tasks/%2E%2E%2E")).status).toBe(200);
    });

    test("[API-2] unknown paths are 404, a wrong method 404 or 405", async () => {
      const http = new Counter(await desks.create());
      const unknown = [
        "/",
        "/api",
        "/api/",
        "/api/notes",
        "/api/task",
        "/api/tasks/",
        "/api/tasks/a/b",
        "/tasks",
      ];
      for (const path of [
        ...unknown,
        "/api/sync",
        "/api/sync/other",
        "/api/push",
        "/api/__proto__",
        "/api/webhooks/zeke",
      ]) {
        for (const method of ["GET", "POST", "PATCH", "DELETE"])
          await http.refused([404], method, path, "{}");
      }
      for (const [method, path] of [
        ["PUT", "/api/tasks/a"],
        ["POST", "/api/tasks/a"],
        ["PATCH", "/api/tasks"],
        ["DELETE", "/api/tasks"],
        ["POST", "/api/sync/changes"],
        ["GET", "/api/sync/batch"],
        ["POST", "/api/sync/capabilities"],
        ["GET", "/api/push/register"],
        ["POST", "/api/push/topics"],
      ] as const) {
        await http.refused([404, 405], method, path, "{}");
      }
      await http.refused([400], "GET", "/api/sync/events");
    });

    test("[API-2] a limit that is no positive whole number, a bad cursor, a bad timestamp, a bad device", async () => {
      const http = new Counter(await desks.create());
      for (const limit of ["0", "-1", "1.5", "x", "", "1e2", "0x5", " 1", "+1", "NaN", "٣"]) {
        for (const path of ["/api/tasks", "/api/sync/changes"]) {
          await http.refused([400], "GET", `${path}?limit=${encodeURIComponent(limit)}`);
        }
      }
      for (const cursor of ["", "x", "1", "%00", "null", "..%2F..", "x".repeat(3_000)]) {
        await http.refused([400], "GET", `/api/tasks?cursor=${cursor}`);
        await http.refused([400], "GET", `/api/sync/changes?cursor=${cursor}`);
      }
      for (const stamp of ["x", "-1", "1.5", "", "99999999999999999999", "1e3", "2024-01-01T00:00:00Z"]) {
        await http.refused([400], "POST", "/api/tasks", { title: "t" }, { "x-mutation-timestamp": stamp });
      }
      for (const device of ["", "a b", "ä", "x".repeat(129)]) {
        await http.refused([400], "POST", "/api/tasks", { title: "t" }, { "x-device-id": device });
      }
      await http.refused([400], "GET", "/api/sync/changes?since=");
      await http.refused([400], "GET", "/api/sync/changes?entities=tasks,");
      const stamped = await http.send("POST", "/api/tasks", { title: "t" }, { "x-mutation-timestamp": "0" });
      expect(stamped.status).toBe(201);
    });

    test("[API-2] a limit above the maximum is clamped", async () => {
      const http = new Counter(await desks.create(limitsOf({ listLimitMax: 2, deltaLimitMax: 2 })));
      for (let n = 0; n < 4; n++) await http.send("POST", "/api/tasks", { title: "t" });
      for (const limit of ["3", "1000000", "9".repeat(30), "9".repeat(400), "002"]) {
        expect((await http.send("GET", `/api/tasks?limit=${limit}`)).json.data).toHaveLength(2);
        expect((await http.send("GET", `/api/sync/changes?limit=${limit}`)).json.changes).toHaveLength(2);
      }
      expect((await http.send("GET", "/api/tasks")).json.data).toHaveLength(4);
    });

    test("[API-2] JSON as deep as the limit is taken, deeper is 400, however deep", async () => {
      const http = new Counter(await desks.create(limitsOf({ bodyBytesMax: 1 << 20 })));
      const nested = (depth: number) => `{"title":"t","x":${"[".repeat(depth)}${"]".repeat(depth)}}`;
      expect((await http.send("POST", "/api/tasks", nested(JSON_DEPTH_MAX - 1))).status).toBe(201);
      await http.refused([400], "POST", "/api/tasks", nested(JSON_DEPTH_MAX));
      await http.refused([400], "POST", "/api/tasks", nested(200_000));
      await http.refused([400], "POST", "/api/tasks", "[".repeat(500_000));
      expect((await http.send("POST", "/api/tasks", { title: `${'"[{'.repeat(200)}` })).status).toBe(201);
    });

    test("[API-3] a body over bodyBytesMax is 413 and changes nothing; exactly it is taken", async () => {
      const http = new Counter(await desks.create());
      const max = http.desk.config.limits.bodyBytesMax;
      const sized = (bytes: number, letter: string) => {
        const frame = JSON.stringify({ title: "" }).length;
        const letters = Math.floor((bytes - frame) / new TextEncoder().encode(letter).length);
        return JSON.stringify({ title: letter.repeat(letters) });
      };
      for (const [letter, bytes] of [
        ["x", 1],
        ["é", 2],
        ["€", 3],
        ["😀", 4],
      ] as const) {
        expect((await http.send("POST", "/api/tasks", sized(max, letter))).status).toBe(201);
        const over = await http.refused([413], "POST", "/api/tasks", sized(max + bytes, letter));
        expect(over.json.error).toBe("payload_too_large");
        await http.refused([413], "POST", "/api/sync/batch", `${sized(max + bytes, letter)}`);
      }
    });
  });
}
