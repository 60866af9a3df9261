/** Owns the proof of how first records are made: together where that works, and alone where it did not. */

import { expect, test } from "vitest";
import type { HttpRequest } from "../conformance/target.ts";
import type { Fact } from "../history/facts.ts";
import type { Reply } from "./fleet-delivery.ts";
import { type FirstRecord, RawClient } from "./fleet-raw.ts";
import type { FleetStage } from "./fleet-stage.ts";

const RECORDS: readonly FirstRecord[] = ["one", "two", "three"].map((id) => ({
  entity: "task",
  id: `zs.f-a0-${id}`,
  fields: { title: id },
}));

interface Item {
  readonly id: string;
  readonly payload: { readonly id: string };
}

/** A client whose requests are answered by `answer`, and what it sent and told. */
function clientOf(answer: (request: HttpRequest, body: unknown) => { status: number; json: unknown }) {
  const sent: HttpRequest[] = [];
  const facts: Fact[] = [];
  const stage = {
    seed: 1,
    agenda: { now: 1_000, nowMs: 0, put: () => undefined },
    courier: {
      send(request: HttpRequest, left: () => void, done: (reply: Reply) => void) {
        sent.push(request);
        left();
        const { status, json } = answer(request, JSON.parse(request.body ?? "null"));
        done({ reply: "answered", status, got: {}, text: JSON.stringify(json), json });
        return { drop: () => undefined };
      },
    },
    names: { prefix: "zs.f-", owns: () => true, accountOf: () => 0 },
    tokens: ["tok-a"],
    record: (fact: Fact) => void facts.push(fact),
  } as unknown as FleetStage;
  return { client: new RawClient(stage, 0, 0), sent, facts };
}

function madeAs({ id }: Item, nth: number, status = 201) {
  const meta = { revisionId: `rev_000000000${nth}_00000a`, updatedAt: "2026-01-01T00:00:00.000Z" };
  return { id, status, data: null, meta };
}

test("first records of an account are one batch, each with a key of its own", () => {
  const { client, sent, facts } = clientOf((_, body) => ({
    status: 200,
    json: { results: (body as { mutations: Item[] }).mutations.map((item, nth) => madeAs(item, nth)) },
  }));
  let there = 0;
  client.createsTogether(RECORDS, (count) => {
    there = count;
  });
  expect(there).toBe(3);
  expect(sent.map(({ method, path }) => `${method} ${path}`)).toEqual(["POST /api/sync/batch"]);
  const [fact] = facts;
  expect(fact).toMatchObject({ fact: "sent", call: "batch" });
  const keys = fact?.fact === "sent" ? fact.mutations.map(({ key }) => key) : [];
  expect(new Set(keys).size).toBe(3);
  expect(client.underWay).toBe(0);
});

test("what a batch did not make is made alone", () => {
  const { client, sent } = clientOf(({ path }, body) =>
    path === "/api/sync/batch"
      ? {
          status: 200,
          json: {
            results: (body as { mutations: Item[] }).mutations.map((item, nth) =>
              madeAs(item, nth, nth === 1 ? 400 : 201),
            ),
          },
        }
      : { status: 201, json: { data: body, meta: { revisionId: "rev_0000000009_00000a" } } },
  );
  let there = 0;
  client.createsTogether(RECORDS, (count) => {
    there = count;
  });
  expect(there).toBe(3);
  expect(sent.map(({ path }) => path)).toEqual(["/api/sync/batch", "/api/tasks"]);
  expect(JSON.parse(sent[1]?.body ?? "")).toMatchObject({ id: "zs.f-a0-two" });
});

test("a batch that the target does not take is made one by one, and what cannot be made is told", () => {
  const { client, sent } = clientOf(({ path }, body) =>
    path === "/api/sync/batch"
      ? { status: 404, json: { error: "not_found" } }
      : (body as { id: string }).id.endsWith("three")
        ? { status: 500, json: { error: "internal" } }
        : { status: 201, json: { data: body, meta: { revisionId: "rev_0000000009_00000a" } } },
  );
  let there = 0;
  client.createsTogether(RECORDS, (count) => {
    there = count;
  });
  expect(there).toBe(2);
  expect(sent).toHaveLength(4);
});
