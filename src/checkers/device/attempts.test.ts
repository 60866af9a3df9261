import { expect, test } from "vitest";
import { edited, killed, retried, saved, settled, started } from "../../history/facts.fixture.ts";
import type { Fact } from "../../history/facts.ts";
import { createWitness } from "../witness.ts";
import { createAttemptsChecker } from "./attempts.ts";
import { answers, fails, satisfied, sends, unreached, verdict } from "./device.fixture.ts";

const said = (facts: Parameters<typeof verdict>[1], max?: number) =>
  verdict(createAttemptsChecker(createWitness(), max), facts);
const failed = (at: number) => settled({ at, outcome: "failed" });
const tries = (
  from: number,
  count: number,
  end: (at: number, request: number) => Fact = fails,
): readonly Fact[] =>
  Array.from({ length: count }, (_, n) => [
    sends((from + n) * 10, from + n),
    end((from + n) * 10 + 1, from + n),
  ]).flat();

test("[QUE-6] failed after five attempts that reached out", () => {
  expect(said([edited(), ...tries(1, 5), failed(99)])).toEqual(satisfied(1));
});

test("[QUE-6] failed too early, and too late", () => {
  expect(said([edited(), ...tries(1, 4), failed(99)])).toEqual({
    exercised: 1,
    breaches: ["it failed after 4"],
  });
  expect(said([edited(), ...tries(1, 6), failed(99)])).toEqual({
    exercised: 1,
    breaches: ["it was sent a further time"],
  });
});

test("[QUE-6] being offline costs none", () => {
  expect(said([edited(), ...tries(1, 9, unreached), ...tries(10, 5), failed(999)])).toEqual(satisfied(2));
  expect(said([edited(), ...tries(1, 5, unreached), failed(99)]).breaches).toEqual(["it failed after 0"]);
});

test("[QUE-6] the number is a setting", () => {
  expect(said([edited(), ...tries(1, 2), failed(99)], 2)).toEqual(satisfied(1));
});

test("[QUE-6] a kill may cost one count, or not", () => {
  const cut = [...tries(1, 2), killed({ at: 50 }), started({ at: 51, cold: true })];
  expect(said([edited(), saved(), ...cut, ...tries(6, 3), failed(999)]).breaches).toEqual([]);
  expect(said([edited(), saved(), ...cut, ...tries(6, 4), failed(999)]).breaches).toEqual([]);
});

test("[QUE-6] a missing sign-in, and what is no answer of the protocol, may count or not", () => {
  const portal = (at: number, request: number) => answers(at, request, { status: 200 });
  const history = [edited(), ...tries(1, 3, portal), ...tries(4, 2)];
  expect(said([...history, failed(99)]).breaches).toEqual([]);
  expect(said([...history, ...tries(6, 3), failed(99)]).breaches).toEqual([]);
});

test("[QUE-6] a retry by the user begins anew", () => {
  const again = [failed(99), retried({ at: 100 })];
  expect(said([edited(), ...tries(1, 5), ...again, ...tries(20, 5), failed(999)])).toEqual(satisfied(2));
});

test("[QUE-6] a refusal, and success, do not exercise it", () => {
  const refused = answers(11, 1, { status: 400, error: "invalid_request" });
  expect(said([edited(), sends(10, 1), refused, failed(12)])).toEqual(satisfied(0));
});
