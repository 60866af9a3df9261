import { expect, test } from "vitest";
import {
  closed,
  connected,
  connecting,
  disconnected,
  online,
  opened,
  started,
} from "../../history/facts.fixture.ts";
import type { Fact } from "../../history/facts.ts";
import { satisfied, verdict } from "./device.fixture.ts";
import { createReconnectChecker } from "./reconnect.ts";

const said = (facts: Parameters<typeof verdict>[1]) => verdict(createReconnectChecker(), facts);
const begin = [started(), opened(), connecting({ at: 0, socket: 1 })];
const drop = (at: number, socket: number, code = 1006) => disconnected({ at, socket, code });
const tries = (at: number, socket: number) => connecting({ at, socket });
const waited = (ms: number) => [`it waited ${ms} ms`];

test("[EVT-19] 1, 2, 4 s between failed attempts", () => {
  const waits = [
    drop(10, 1),
    tries(1_010, 2),
    drop(1_020, 2),
    tries(3_300, 3),
    drop(3_310, 3),
    tries(7_310, 4),
  ];
  expect(said([...begin, ...waits])).toEqual(satisfied(3));
});

test("[EVT-19] a restart of the proxy: the first wait holds too", () => {
  const live = [...begin, connected({ at: 50 })];
  expect(said([...live, drop(99_000, 1), tries(100_100, 2)])).toEqual(satisfied(1));
  expect(said([...live, drop(99_000, 1), tries(99_200, 2)]).breaches).toEqual(waited(200));
});

test("[EVT-19] it does not back off", () => {
  expect(said([...begin, drop(10, 1), tries(1_010, 2), drop(1_020, 2), tries(2_020, 3)]).breaches).toEqual(
    waited(1_000),
  );
});

test("[EVT-19] it waits too long while it is open and online", () => {
  expect(said([...begin, drop(10, 1), tries(9_010, 2)]).breaches).toEqual(waited(9_000));
});

test("[EVT-19] connections that do not last may count as failures, or not", () => {
  const flaky = [
    ...begin,
    connected({ at: 5 }),
    drop(10, 1),
    tries(1_010, 2),
    connected({ at: 1_015, socket: 2 }),
    drop(1_020, 2),
  ];
  expect(said([...flaky, tries(2_020, 3)])).toEqual(satisfied(2));
  expect(said([...flaky, tries(3_220, 3)])).toEqual(satisfied(2));
});

test("[EVT-19] the user, the network, the device itself, and an older socket give reasons of their own", () => {
  expect(said([...begin, drop(10, 1), online({ at: 12 }), tries(13, 2)])).toEqual(satisfied(0));
  expect(said([...begin, closed({ at: 9 }), drop(10, 1), opened({ at: 12 }), tries(13, 2)])).toEqual(
    satisfied(0),
  );
  expect(said([...begin, drop(10, 1, 1_000), tries(13, 2)])).toEqual(satisfied(0));
  expect(said([...begin, tries(5, 2), drop(10, 1), tries(13, 3)])).toEqual(satisfied(0));
});

const fleet = (jitterMs: (n: number) => number): readonly Fact[] =>
  Array.from({ length: 12 }, (_, n) => {
    const on = { device: n % 4 };
    return [
      started(on),
      opened(on),
      connecting(on),
      disconnected({ ...on, at: 0 }),
      connecting({ ...on, at: 1_000 + jitterMs(n), socket: 2 }),
    ];
  }).flat();

test("[EVT-19] with jitter devices come back apart, without it together", () => {
  expect(said(fleet((n) => n * 15))).toEqual(satisfied(12));
  expect(said(fleet(() => 100)).breaches).toEqual([
    "12 of 12 waits of 4 devices are 1.100 times the wait without jitter",
  ]);
});
