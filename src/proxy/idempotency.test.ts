/**
 * Owns the proof, at the engine alone, of section 6 as far as it is about keys: IDM; and of what only a store in the
 * test's hand, or a text that no header can hold, brings about.
 */

import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { KeyText } from "../protocol/messages.ts";
import type { Answer } from "../protocol/request.ts";
import { Desk, errorOf, recordOf } from "./desk.fixture.ts";
import { ENGINE_DESKS } from "./engine-desk.fixture.ts";
import { declareIdempotencyRules } from "./idempotency.suite.fixture.ts";
import { isKey } from "./idempotency.ts";
import { createMemoryStore } from "./memory-store.ts";
import type { Store } from "./store.ts";
import { RACES_MAX } from "./write.ts";

declareIdempotencyRules(ENGINE_DESKS);

function told(answer: Answer): unknown {
  const { dateMs: _dateMs, replayed: _replayed, ...headers } = answer.headers;
  return [answer.status, answer.body, headers];
}

test("[IDM-7] a key that no header can hold is 400", () => {
  const desk = new Desk();
  for (const idempotencyKey of ["a\n", "\t", "a\u007f"]) {
    const answers = [
      desk.create("task", { title: "x" }, { idempotencyKey }),
      desk.update("task", "t1", { title: "x" }, { idempotencyKey }),
      desk.delete("task", "t1", { idempotencyKey }),
    ];
    for (const answer of answers) expect([answer.status, errorOf(answer)]).toEqual([400, "invalid_request"]);
  }
  expect(desk.commits).toHaveLength(0);
});

test("[IDM-7] the quick check and the schema of the protocol agree", () => {
  const text = fc.oneof(fc.string({ maxLength: 260 }), fc.string({ unit: "binary", maxLength: 6 }));
  fc.assert(fc.property(text, (key) => isKey(key) === KeyText.safeParse(key).success));
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
