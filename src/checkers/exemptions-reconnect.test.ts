/**
 * Tests of what the checker of EVT-19 lets a device do between two sockets: each beside the nearest history without
 * that excuse, which is broken.
 */

import { describe, expect, test } from "vitest";
import {
  connected,
  connecting,
  disconnected,
  noticed,
  offline,
  opened,
  started,
  syncEnded,
  syncStarted,
} from "../history/facts.fixture.ts";
import type { Fact } from "../history/facts.ts";
import { verdict } from "./device/device.fixture.ts";
import { createReconnectChecker } from "./device/reconnect.ts";

describe("[EVT-19] reconnects", () => {
  const begin = [started(), opened(), connecting({ at: 0, socket: 1 })];
  const drop = (at: number, socket: number, code = 1006) => disconnected({ at, socket, code });
  const tries = (at: number, socket: number) => connecting({ at, socket });
  const said = (...facts: readonly Fact[]) =>
    verdict(createReconnectChecker(), [...begin, ...facts]).breaches;

  test("hanging up, and a token that is not good, are no failures", () => {
    const round = (code: number) => [drop(10, 1, code), tries(2_000, 2), drop(2_010, 2), tries(3_110, 3)];
    expect(said(...round(1_000))).toEqual([]);
    expect(said(...round(4_401))).toEqual([]);
    expect(said(...round(1_001))).toEqual(["it waited 1100 ms"]);
  });

  test("after either it may come back at once, after a loss not", () => {
    for (const code of [1_000, 4_401]) expect(said(drop(10, 1, code), tries(13, 2))).toEqual([]);
    for (const code of [1_001, 1_006, 1_011, 1_012, 1_013])
      expect(said(drop(10, 1, code), tries(13, 2))).toEqual(["it waited 3 ms"]);
  });

  test("the first token that is not good is no failure, nor one that was for a while; those after it are", () => {
    const again = [drop(10, 1, 4_401), tries(13, 2), drop(20, 2, 4_401)];
    expect(said(...again, tries(1_020, 3))).toEqual([]);
    expect(said(...again, tries(900_000, 3))).toEqual([]);
    expect(said(...again, tries(23, 3))).toEqual(["it waited 3 ms"]);
    const third = [tries(1_020, 3), drop(1_030, 3, 4_401)];
    expect(said(...again, ...third, tries(2_130, 4))).toEqual(["it waited 1100 ms"]);
    const lived = (ms: number) => [
      ...again.slice(0, 2),
      connected({ at: 20, socket: 2 }),
      drop(20 + ms, 2, 4_401),
      tries(23 + ms, 3),
    ];
    expect(said(...lived(60_000))).toEqual([]);
    expect(said(...lived(59_999))).toEqual(["it waited 3 ms"]);
  });

  test("some waits may be alike, or longer than any jitter makes them; most must not be alike", () => {
    const waits = (ms: (n: number) => number) =>
      Array.from({ length: 24 }, (_, n) => {
        const on = { device: n % 4 };
        return [
          started({ ...on, at: n * 100_000 }),
          opened({ ...on, at: n * 100_000 }),
          connecting({ ...on, at: n * 100_000 }),
          syncStarted({ ...on, at: n * 100_000 }), // a sync takes the upper bound away
          disconnected({ ...on, at: n * 100_000 }),
          connecting({ ...on, at: n * 100_000 + ms(n), socket: 2 }),
        ];
      }).flat();
    const apart = (n: number) => 1_000 + n * 8;
    expect(said(...waits((n) => (n < 12 ? 1_050 : apart(n))))).toEqual([]);
    expect(said(...waits((n) => (n < 13 ? 1_050 : apart(n))))).toHaveLength(1);
    expect(said(...waits((n) => (n < 12 ? 1_050 : 5_000 + n * 8)))).toEqual([
      "12 of 12 waits of 4 devices are 1.050 times the wait without jitter",
    ]);
    expect(said(...waits((n) => (n < 11 ? 1_050 : 5_000 + n * 8)))).toEqual([]);
  });

  test("a sync or a notice in between takes the upper bound away, not the lower", () => {
    for (const between of [syncStarted({ at: 12 }), noticed({ at: 12 })]) {
      for (const at of [9_010, 100_010]) expect(said(drop(10, 1), between, tries(at, 2))).toEqual([]);
      expect(said(drop(10, 1), between, tries(500, 2))).toEqual(["it waited 490 ms"]);
    }
    expect(said(drop(10, 1), tries(9_010, 2))).toEqual(["it waited 9000 ms"]);
  });

  test("a connection that lasted brings the upper bound back", () => {
    const lived = (ms: number) => [
      syncStarted({ at: 1 }),
      syncEnded({ at: 5 }),
      connected({ at: 10 }),
      drop(10 + ms, 1),
      tries(10 + ms + 9_000, 2),
    ];
    expect(said(...lived(59_999))).toEqual([]);
    expect(said(...lived(60_000))).toEqual(["it waited 9000 ms"]);
  });

  test("offline, a loss is no reason to wait", () => {
    expect(said(offline({ at: 5 }), drop(10, 1), tries(13, 2))).toEqual([]);
    expect(said(drop(10, 1), tries(13, 2))).toHaveLength(1);
  });
});
