/**
 * Owns the proof of what HTTP adds to an answer: headers, the Date, a path for each collection.
 */

import { describe, expect, test } from "vitest";
import { ENTITY_OF } from "../protocol/entity.ts";
import { Counter } from "./counter.fixture.ts";
import type { DeskMaker } from "./test-desk.fixture.ts";

export function declareWireRules(desks: DeskMaker): void {
  describe("the wire", () => {
    test("[QUE-16] an answer's Date is that of the proxy's clock", async () => {
      const http = new Counter(await desks.create());
      const { headers } = await http.send("GET", "/api/tasks");
      expect(headers.date).toBe("Mon, 01 Jan 2024 00:00:00 GMT");
    });

    test("[IDM-8] headers of a replay", async () => {
      const http = new Counter(await desks.create());
      const send = () => http.send("POST", "/api/tasks", { title: "t" }, { "idempotency-key": "k1" });
      const first = await send();
      const second = await send();
      expect(first.headers["idempotency-replayed"]).toBeUndefined();
      expect(second.headers).toMatchObject({
        "idempotency-replayed": "true",
        etag: first.headers.etag,
        location: first.headers.location,
        "content-type": "application/json; charset=utf-8",
      });
    });

    test("every collection of the protocol has its path", async () => {
      const http = new Counter(await desks.create());
      for (const collection of ENTITY_OF.keys()) {
        expect((await http.send("GET", `/api/${collection}`)).status).toBe(200);
      }
    });
  });
}
