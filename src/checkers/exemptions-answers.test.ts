/**
 * Tests of what the checker of QUE-8 lets a device do with answers: each beside the nearest history without that
 * excuse, which is broken.
 */

import { describe, expect, test } from "vitest";
import {
  answered,
  edited,
  event,
  frame,
  killed,
  phase,
  record,
  rekeyed,
  retried,
  saved,
  settled,
  started,
  syncEnded,
} from "../history/facts.fixture.ts";
import type { Fact } from "../history/facts.ts";
import { AT_ONCE_MS, createConsequenceChecker, TOKEN_LASTS_MS } from "./device/consequence.ts";
import { answers, fails, sends, sendsBatch, unreached, verdict } from "./device/device.fixture.ts";

const said = (...facts: readonly Fact[]) =>
  verdict(createConsequenceChecker(), [edited(), saved(), ...facts]).breaches;
const goes = sends(1, 1);
const failed = settled({ at: 9, outcome: "failed" });
const applied = settled({ at: 9 });
const refused = (at: number, request = 1) => answers(at, request, { status: 400, error: "invalid_request" });
const busy = (at: number, request: number) => answers(at, request, { status: 503, error: "unavailable" });
const echo = (at: number) =>
  frame(event(record("c1", 2), { origin: { deviceId: "d", mutationId: "k-m1" } }), { at });

describe("[QUE-8] who answered", () => {
  const portal = (status: number) => answered({ at: 2, status, error: "forbidden", foreign: true });

  test("a captive portal refuses nothing: it is tried again, and neither failed nor done", () => {
    for (const status of [200, 403]) {
      expect(said(goes, portal(status), sends(1_002, 2))).toEqual([]);
      expect(said(goes, portal(status), failed)).toEqual(["it ended failed"]);
      expect(said(goes, portal(status), applied)).toEqual(["it ended applied"]);
    }
    const own = answered({ at: 2, status: 403, error: "forbidden" });
    expect(said(goes, own, sends(1_002, 2))).toEqual(["it was sent again"]);
  });

  test("a refusal without a code is nobody's, and tried again; one with a code is the proxy's", () => {
    expect(said(goes, answers(2, 1, { status: 403 }), sends(1_002, 2))).toEqual([]);
    expect(said(goes, answers(2, 1, { status: 403 }), failed)).toEqual(["it ended failed"]);
    const batch = sendsBatch(1, 1, {}, { key: "k-m2", id: "c2" });
    const bare = answered({ at: 2, call: "batch", status: 413 });
    expect(said(batch, bare, failed)).toEqual(["it ended failed"]);
    const coded = answers(2, 1, { status: 403, error: "forbidden" });
    expect(said(goes, coded, sends(1_002, 2))).toEqual(["it was sent again"]);
  });

  test("a batch that is refused as a whole may be split; 401 and 503 mean the same for each", () => {
    const batch = [edited({ mutation: "m2", id: "c2" }), sendsBatch(1, 1, {}, { key: "k-m2", id: "c2" })];
    const whole = (status: number, error: string) => answered({ at: 2, call: "batch", status, error });
    expect(said(...batch, whole(413, "payload_too_large"), failed)).toEqual([]);
    expect(said(...batch, whole(401, "unauthorized"), failed)).toEqual(["it ended failed"]);
    expect(said(...batch, whole(503, "unavailable"), failed)).toEqual(["it ended failed"]);
  });
});

describe("[QUE-8] what else confirms", () => {
  test("a sync that ended since it was sent may, one from before may not", () => {
    const pull = (at: number) => syncEnded({ at });
    expect(said(goes, busy(2, 1), pull(3), applied)).toEqual([]);
    expect(said(goes, pull(2), busy(3, 1), applied)).toEqual([]);
    expect(said(pull(0), goes, busy(2, 1), applied)).toEqual(["it ended applied"]);
    const givenUp = syncEnded({ at: 3, revision: undefined });
    expect(said(goes, busy(2, 1), givenUp, applied)).toEqual(["it ended applied"]);
  });

  test("a further attempt does not: what is in doubt twice is not done", () => {
    const twice = [goes, busy(2, 1), sends(1_002, 2), busy(1_003, 2)];
    const end = settled({ at: 1_004 });
    expect(said(...twice, echo(1_004), end)).toEqual([]);
    expect(said(...twice, end)).toEqual(["it ended applied"]);
  });

  test("an echo since it was sent may, of a refusal too; one of another may not", () => {
    expect(said(goes, echo(2), refused(3), applied)).toEqual([]);
    expect(said(goes, refused(3), applied)).toEqual(["it ended applied"]);
    const theirs = frame(event(record("c1", 2)), { at: 2 });
    expect(said(goes, theirs, busy(3, 1), applied)).toEqual(["it ended applied"]);
  });

  test("what had ended before its refusal came stays as it is", () => {
    const end = phase("settled", 20_000);
    expect(said(goes, echo(2), settled({ at: 2 }), refused(3), end)).toEqual([]);
    expect(said(goes, refused(3), end)).toEqual(["it was not settled until the end of the run"]);
  });
});

describe("[QUE-8] when it may fail", () => {
  const three = [1, 2, 3].flatMap((n) => [sends(n * 10, n), fails(n * 10 + 1, n)]);
  const last = [sends(50, 5), busy(51, 5), settled({ at: 52, outcome: "failed" })];

  test("an attempt that a kill cut off may be the one that was missing, one that never left may not", () => {
    const restart = [killed({ at: 45 }), started({ at: 46, cold: true })];
    expect(said(...three, sends(40, 4), ...restart, ...last)).toEqual([]);
    expect(said(...three, sends(40, 4), fails(41, 4), ...last)).toEqual([]);
    expect(said(...three, ...restart, ...last)).toEqual(["it ended failed"]);
    expect(said(...three.slice(2), sends(40, 4), ...restart, ...last)).toEqual(["it ended failed"]);
    expect(said(...three, sends(40, 4), unreached(41, 4), ...last)).toEqual(["it ended failed"]);
  });

  test("attempts under an earlier key count, those before a person's retry do not", () => {
    const four = [...three, sends(40, 4), fails(41, 4)];
    expect(said(...four, rekeyed({ at: 45 }), ...last)).toEqual([]);
    expect(said(...four, retried({ at: 45 }), ...last)).toEqual(["it ended failed"]);
  });

  test("a run that ends a moment after a refusal does not tell what became of it", () => {
    expect(said(goes, refused(2), phase("settled", 2 + AT_ONCE_MS))).toEqual([]);
    expect(said(goes, refused(2), phase("settled", 3 + AT_ONCE_MS))).toHaveLength(1);
  });

  test("a kill may forget a 401, and nothing else lets the queue go on at once", () => {
    const out = answers(2, 1, { status: 401, error: "unauthorized" });
    expect(said(goes, out, killed({ at: 2 }), started({ at: 2, cold: true }), sends(3, 2))).toEqual([]);
    expect(said(goes, out, sends(3, 2))).toEqual(["request 2 with mutations went out at once"]);
  });

  test("a sign-in may have been at any time, if the next answer does not show that there was none", () => {
    const out = (at: number, request: number) => answers(at, request, { status: 401, error: "unauthorized" });
    const early = ["request 2 with mutations went out before a sign-in"];
    expect(said(goes, out(2, 1), sends(500, 2), busy(600, 2))).toEqual([]);
    expect(said(goes, out(2, 1), sends(500, 2), out(600, 2))).toEqual(early);
    const knows = answered({ at: 400, request: 9, call: "changes" });
    expect(said(goes, out(2, 1), knows, sends(500, 2), out(600, 2))).toEqual([]);
    const portal = { ...knows, foreign: true };
    expect(said(goes, out(2, 1), portal, sends(500, 2), out(600, 2))).toEqual(early);
    const restart = [killed({ at: 400 }), started({ at: 401, cold: true })];
    expect(said(goes, out(2, 1), ...restart, sends(500, 2), out(600, 2))).toEqual([]);
  });

  test("with a token that ended again, later than a person can have done it, it pauses anew", () => {
    const out = (at: number, request: number) => answers(at, request, { status: 401, error: "unauthorized" });
    expect(said(goes, out(2, 1), sends(50_000, 2), out(3 + TOKEN_LASTS_MS, 2))).toEqual([]);
    expect(said(goes, out(2, 1), sends(50_000, 2), out(2 + TOKEN_LASTS_MS, 2))).toHaveLength(1);
  });
});
