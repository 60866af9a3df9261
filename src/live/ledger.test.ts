/**
 * The ledger of creates under names that are not the run's own: named before they leave, by a text in them, and settled
 * by their answer.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { HttpRequest, Outcome } from "../conformance/target.ts";
import { Ledger, readLedger } from "./ledger.ts";

let folder: string;
let ledger: Ledger;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "zeke-ledger-"));
  const head = { schema: "zeke-sync/ledger@1", runId: "r", prefix: "zsx", url: "http://x" } as const;
  ledger = Ledger.create(join(folder, "ledger.jsonl"), head, { tokens: ["tok-a", "tok-b"], prefix: "zsx." });
});
afterEach(() => {
  ledger.close();
  rmSync(folder, { recursive: true });
});

/** What a run that is killed now leaves on disk. */
function onDisk() {
  return readLedger(join(folder, "ledger.jsonl"))?.traces;
}

const lost: Outcome = { outcome: "indefinite", reason: "timeout", sentAtMs: 0 };

function post(path: string, body: object): HttpRequest {
  return { method: "POST", path, headers: { authorization: "Bearer tok-b" }, body: JSON.stringify(body) };
}

function answered(status: number, json: object): Outcome {
  const answer = { status, headers: new Map(), text: JSON.stringify(json), json };
  return { outcome: "answered", answer, sentAtMs: 0, answeredAtMs: 1 };
}

const SOUGHT = {
  trace: "create",
  account: 1,
  entity: "contact",
  field: "name",
  text: "zsx.1-text1",
} as const;

describe("a create under a name that is not the run's own", () => {
  const unnamed = post("/api/contacts", { name: "zsx.1-text1", email: "a@b.c" });
  const proto = post("/api/contacts", { id: "__proto__", name: "zsx.1-text1" });

  test.each([
    { what: "the target's to choose", request: unnamed, trace: SOUGHT },
    { what: "__proto__", request: proto, trace: { ...SOUGHT, id: "__proto__" } },
  ])("$what: is on disk before it leaves, and stays when it is not answered", ({ request, trace }) => {
    ledger.sending(request);
    expect(onDisk()).toEqual([trace]);
    ledger.ended(request, lost);
    expect(onDisk()).toEqual([trace]);
    expect(ledger.traces()).toEqual([trace]);
  });

  test("once answered is the record of that answer, and nothing else", () => {
    ledger.sending(unnamed);
    ledger.ended(unnamed, answered(201, { data: { id: "made-there", name: "zsx.1-text1" } }));
    expect(onDisk()).toEqual([{ trace: "record", account: 1, entity: "contact", id: "made-there" }]);
  });

  test("once refused is nothing", () => {
    ledger.sending(proto);
    ledger.ended(proto, answered(409, { error: "already_exists" }));
    expect(onDisk()).toEqual([]);
  });

  test("sent twice at once is settled by the last answer only, and by none if one was lost", () => {
    const again = { ...unnamed };
    ledger.sending(unnamed);
    ledger.sending(again);
    ledger.ended(unnamed, answered(409, { error: "in_flight" }));
    expect(onDisk()).toEqual([SOUGHT]);
    ledger.ended(again, lost);
    expect(onDisk()).toEqual([SOUGHT]);
    ledger.sending(unnamed);
    ledger.ended(unnamed, answered(503, { error: "unavailable" }));
    expect(onDisk()).toEqual([SOUGHT]);
  });

  test("in a batch is the same", () => {
    const create = { id: "k", entity: "contact", operation: "create", payload: { name: "zsx.1-text1" } };
    const update = { ...create, operation: "update", recordId: "zsx.1-r", payload: { name: "zsx.1-text2" } };
    ledger.sending(post("/api/sync/batch", { mutations: [create, update] }));
    expect(onDisk()).toEqual([SOUGHT, { trace: "record", account: 1, entity: "contact", id: "zsx.1-r" }]);
  });

  test("without a text of the run in it is not looked for: it could not be told from another's", () => {
    ledger.sending(post("/api/contacts", { name: "Ann" }));
    ledger.sending(post("/api/contacts", { id: "zsx.1-r", name: "zsx.1-text1" }));
    expect(onDisk()).toEqual([{ trace: "record", account: 1, entity: "contact", id: "zsx.1-r" }]);
  });
});
