import { expect, test } from "vitest";
import {
  answered,
  committed,
  edited,
  killed,
  mutation,
  offline,
  opened,
  phase,
  read,
  result,
  rev,
  saved,
  sent,
  settled,
  shown,
  started,
  syncEnded,
  syncStarted,
} from "../history/facts.fixture.ts";
import type { Fact } from "../history/facts.ts";
import { createMetrics, type MetricsFold } from "./all.ts";

/** One account with two devices; `n` shifts times, so that no two accounts measure alike. */
function account(n: number, devices: readonly [number, number], endMs: number): readonly Fact[] {
  const [phone, tablet] = devices;
  const on = { account: n, device: phone };
  const other = { account: n, device: tablet };
  const name = `m${n}`;
  const key = `k-${name}`;
  return [
    started(on),
    started({ ...other, at: 5 * n }),
    opened(other),
    syncStarted({ ...on, sync: "full", reason: "first" }),
    syncEnded({ ...on, at: 10, sync: "full" }),
    edited({ ...on, at: 100, mutation: name }),
    saved({ ...on, at: 101, mutation: name }),
    sent({ ...on, at: 110 + n, mutations: [mutation({ key, ifMatch: rev(1) })] }),
    committed(2, { at: 150 + n, account: n, device: phone, key, ifMatch: rev(1), previous: rev(1) }),
    answered({ ...on, at: 190, results: [result({ key, revision: rev(2) })] }),
    settled({ ...on, at: 190, mutation: name }),
    shown({ ...other, at: 300 + 7 * n, revision: rev(2) }),
    read({ ...other, at: 400, fresh: n % 2 === 0 }),
    committed(3, { at: 500, account: n, device: tablet }),
    offline({ ...on, at: 600 }),
    edited({ ...on, at: 700, mutation: `${name}b` }),
    killed({ ...on, at: 800 }),
    phase("settled", endMs),
  ];
}

const folded = (facts: readonly Fact[]): MetricsFold => {
  const metrics = createMetrics();
  const wanted = new Set(metrics.wants);
  for (const fact of facts) if (wanted.has(fact.fact)) metrics.fold(fact);
  return metrics;
};

test("two shards merged are as one run", () => {
  const left = folded(account(0, [0, 1], 5_000));
  left.merge(folded(account(1, [2, 3], 5_000)));
  const whole = folded([...account(0, [0, 1], 5_000), ...account(1, [2, 3], 5_000)]).result();
  expect(left.result()).toEqual(whole);
  expect(whole.counts.devices).toBe(4);
  expect(whole.syncLatency).toMatchObject({ online: { count: 2, min: 150, max: 156 }, unseen: 2 });
  expect(whole.queue).toEqual({
    mean: (90 + 100 + 90 + 100) / (4 * 5_000 - 5),
    worstDeviceMean: 190 / 5_000,
    max: 1,
  });
});

test("shards may number their devices alike, and end at different times", () => {
  const left = folded(account(0, [0, 1], 5_000));
  left.merge(folded(account(1, [0, 1], 9_000)));
  expect(left.result()).toEqual(
    folded([...account(0, [0, 1], 5_000), ...account(1, [2, 3], 9_000)]).result(),
  );
});

test("merging with nothing changes nothing", () => {
  const one = folded(account(0, [0, 1], 5_000));
  const before = one.result();
  one.merge(createMetrics());
  expect(one.result()).toEqual(before);
  const none = createMetrics();
  none.merge(one);
  expect(none.result()).toEqual(before);
});

test("the result is plain JSON, also of an empty run", () => {
  for (const result of [createMetrics().result(), folded(account(0, [0, 1], 5_000)).result()]) {
    expect(JSON.parse(JSON.stringify(result))).toEqual(result);
  }
});
