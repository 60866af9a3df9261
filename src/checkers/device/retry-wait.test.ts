import { expect, test } from "vitest";
import {
  answered,
  edited,
  killed,
  mutation,
  online,
  opened,
  retried,
  sent,
  started,
} from "../../history/facts.fixture.ts";
import type { Fact } from "../../history/facts.ts";
import { answers, fails, satisfied, sends, verdict } from "./device.fixture.ts";
import { createRetryWaitChecker } from "./retry-wait.ts";

const said = (facts: Parameters<typeof verdict>[1]) => verdict(createRetryWaitChecker(), facts);
const begin = [started(), opened(), edited(), sends(0, 1)];
const busy = (at: number, request: number, retryAfterMs?: number) => ({
  ...answers(at, request, { status: 503, error: "unavailable" }),
  ...(retryAfterMs !== undefined && { retryAfterMs }),
});

test("[QUE-5] 1, 2, 4 s with jitter", () => {
  const waits = [
    busy(100, 1),
    sends(1_100, 2),
    fails(1_200, 2),
    sends(3_600, 3),
    busy(3_700, 3),
    sends(7_700, 4),
  ];
  expect(said([...begin, ...waits])).toEqual(satisfied(3));
});

test("[QUE-5] a second wait as short as the first", () => {
  const waits = [busy(100, 1), sends(1_100, 2), busy(1_200, 2), sends(2_200, 3)];
  expect(said([...begin, ...waits]).breaches).toEqual(["it waited 1000 ms"]);
});

test("[QUE-5] no wait at all, though the request never left the phone", () => {
  expect(said([...begin, { ...fails(1, 1), why: "unreachable" }, sends(2, 2)]).breaches).toEqual([
    "it waited 1 ms",
  ]);
});

test("[QUE-5] never longer than 60 s and 20 %", () => {
  const history: Fact[] = [...begin];
  let at = 100;
  for (let request = 1; request <= 9; request++) {
    history.push(busy(at, request));
    at += request < 7 ? 1_000 * 2 ** (request - 1) : request < 9 ? 72_000 : 128_000;
    history.push(sends(at, request + 1));
    at += 100;
  }
  expect(said(history)).toEqual({ exercised: 9, breaches: ["it waited 128000 ms"] });
});

test("[QUE-5] too long a wait counts only when nothing else can have caused it", () => {
  const poll = [
    sent({ at: 500, request: 8, call: "changes" }),
    answered({ at: 600, request: 8, call: "changes" }),
  ];
  expect(said([...begin, busy(100, 1), sends(4_100, 2)]).breaches).toEqual(["it waited 4000 ms"]);
  expect(said([...begin, busy(100, 1), ...poll, sends(4_100, 2)]).breaches).toEqual([]);
  const background = [started(), edited(), sends(0, 1), busy(100, 1), sends(4_100, 2)];
  expect(said(background)).toEqual(satisfied(1));
});

test("[QUE-5] Retry-After is the least, also when the network comes back", () => {
  expect(said([...begin, busy(100, 1, 5_000), sends(5_100, 2)])).toEqual(satisfied(1));
  expect(said([...begin, busy(100, 1, 5_000), sends(3_100, 2)]).breaches).toEqual(["it waited 3000 ms"]);
  expect(said([...begin, busy(100, 1, 5_000), online({ at: 200 }), sends(3_100, 2)]).breaches).toHaveLength(
    1,
  );
});

test("[QUE-5] what wakes a queue, restarts it, or makes it another mutation, ends a wait", () => {
  for (const wake of [[online({ at: 150 })], [opened({ at: 150 })], [retried({ at: 150 })]]) {
    expect(said([...begin, busy(100, 1), ...wake, sends(200, 2)])).toEqual(satisfied(0));
  }
  const restart = [killed({ at: 150 }), started({ at: 160, cold: true })];
  expect(said([...begin, busy(100, 1, 9_000), ...restart, sends(200, 2)])).toEqual(satisfied(0));
});

test("[QUE-5] a batch that fails as a whole is a failure of each", () => {
  const two = [mutation(), mutation({ key: "k-m2", id: "c2" })];
  const batch = (at: number, request: number) => sent({ at, request, call: "batch", mutations: two });
  const whole = answered({ at: 100, request: 1, call: "batch", status: 503, error: "unavailable" });
  const history = [started(), opened(), edited(), edited({ mutation: "m2", id: "c2" }), batch(0, 1), whole];
  expect(said([...history, batch(200, 2)]).breaches).toHaveLength(2);
});

test("[QUE-5] a first attempt does not exercise it", () => {
  expect(said(begin)).toEqual(satisfied(0));
});
