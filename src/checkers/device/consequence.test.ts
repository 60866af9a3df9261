import { expect, test } from "vitest";
import {
  answered,
  edited,
  event,
  frame,
  killed,
  mutation,
  phase,
  record,
  rekeyed,
  saved,
  sent,
  settled,
  started,
} from "../../history/facts.fixture.ts";
import { createConsequenceChecker } from "./consequence.ts";
import {
  answers,
  applies,
  conflicts,
  fails,
  satisfied,
  sends,
  sendsBatch,
  verdict,
} from "./device.fixture.ts";

const said = (facts: Parameters<typeof verdict>[1]) => verdict(createConsequenceChecker(), facts);
const update = [edited(), saved(), sends(1, 1)];
const failed = settled({ at: 3, outcome: "failed" });
const refused = (status: number, error = "invalid_request") => answers(2, 1, { status, error });

test("[QUE-8] 400, 403, 413, 422, 424, and 404 on an update: failed at once", () => {
  for (const status of [400, 403, 404, 413, 422, 424]) {
    expect(said([...update, refused(status), failed])).toEqual(satisfied(1));
    expect(said([...update, refused(status), settled({ at: 3 })]).breaches).toEqual(["it ended applied"]);
    expect(said([...update, refused(status), sends(1_002, 2)]).breaches).toEqual(["it was sent again"]);
    expect(said([...update, refused(status), phase("settled", 20_000)]).breaches).toHaveLength(1);
  }
});

test("[QUE-8] 404 on a delete: done", () => {
  const remove = [
    edited({ operation: "delete" }),
    sent({ at: 1, call: "delete", mutations: [mutation({ operation: "delete", payload: undefined })] }),
    refused(404, "not_found"),
  ];
  expect(said([...remove, settled({ at: 3 })])).toEqual(satisfied(1));
  expect(said([...remove, failed]).breaches).toEqual(["it ended failed"]);
});

test("[QUE-8] 401: the whole queue pauses and loses nothing", () => {
  const out = [...update, refused(401, "unauthorized")];
  expect(said([...out, sends(60_000, 2)])).toEqual(satisfied(1));
  expect(said([...out, failed]).breaches).toEqual(["it ended failed"]);
  const other = sends(2, 2, { key: "k-m2", id: "c2" });
  expect(said([...out, other]).breaches).toEqual(["request 2 with mutations went out at once"]);
});

test("[QUE-8] 408, 425, 429, 5xx, in_flight and what is not the protocol's: retry", () => {
  for (const status of [408, 425, 429, 500, 503, 302, 200]) {
    const out = [...update, answers(2, 1, { status })];
    expect(said([...out, sends(1_002, 2), applies(1_003, 2, 2), settled({ at: 1_003 })])).toEqual(
      satisfied(1),
    );
    expect(said([...out, failed]).breaches).toEqual(["it ended failed"]);
    expect(said([...out, settled({ at: 3 })]).breaches).toEqual(["it ended applied"]);
  }
  expect(said([...update, refused(409, "in_flight"), failed]).breaches).toEqual(["it ended failed"]);
});

test("[QUE-8, EVT-16] the echo may confirm what an answer left open", () => {
  const echo = frame(event(record("c1", 2), { origin: { deviceId: "d", mutationId: "k-m1" } }), { at: 3 });
  expect(said([...update, answers(2, 1, { status: 503 }), echo, settled({ at: 3 })])).toEqual(satisfied(1));
});

test("[QUE-8] a refused envelope is not a refusal of each: a batch may be split", () => {
  const large = answered({ at: 2, call: "batch", status: 413, error: "payload_too_large" });
  expect(said([edited(), sendsBatch(1, 1, {}, { key: "k2" }), large, sends(3, 2)])).toEqual(satisfied(0));
});

test("[QUE-8] a kill may forget the answer, and a user may discard", () => {
  expect(said([...update, refused(400), killed({ at: 3 }), started({ at: 4 }), sends(5, 2)])).toEqual(
    satisfied(1),
  );
  expect(said([...update, refused(400), settled({ at: 3, outcome: "discarded" })])).toEqual(satisfied(1));
});

test("[QUE-8] success, silence and conflicts do not exercise it", () => {
  expect(said([...update, applies(2, 1, 2), settled({ at: 2 })])).toEqual(satisfied(0));
  expect(said([...update, fails(2, 1), sends(1_002, 2)])).toEqual(satisfied(0));
  expect(said([...update, conflicts(2, 1), rekeyed(), sends(3, 2, { key: "k-m1-2" })])).toEqual(satisfied(0));
});
