import { expect, test } from "vitest";
import { answered, edited, noticed, saved, settled, started } from "../../history/facts.fixture.ts";
import { answers, satisfied, sends, verdict } from "./device.fixture.ts";
import { createForeignProtocolChecker } from "./foreign-protocol.ts";

const said = (facts: Parameters<typeof verdict>[1]) => verdict(createForeignProtocolChecker(), facts);
const notice = noticed({ at: 5, notice: "protocol_mismatch" });
const capabilities = (at: number) => answered({ at, request: 9, call: "capabilities" });

test("[FLG-4] it says so, works on, and keeps its queue", () => {
  expect(said([capabilities(5), notice, edited({ at: 6 }), saved({ at: 7 })])).toEqual(satisfied(1));
});

test("[FLG-4] it sends mutations all the same", () => {
  expect(said([notice, edited({ at: 6 }), sends(7, 1)]).breaches).toEqual([
    "request 1 with mutations went out",
  ]);
});

test("[FLG-4] it gives its queue up", () => {
  const failed = settled({ at: 6, outcome: "failed" });
  expect(said([edited(), saved(), notice, failed]).breaches).toEqual(["it failed without an answer"]);
  // Without the durable queue nothing is saved, and nothing can be kept.
  expect(said([edited(), notice, failed]).breaches).toEqual([]);
});

test("[FLG-4] what was on its way may still be answered", () => {
  const refused = answers(6, 1, { status: 400, error: "invalid_request" });
  expect(said([edited(), sends(1, 1), notice, refused, settled({ at: 6, outcome: "failed" })])).toEqual(
    satisfied(1),
  );
});

test("[FLG-4] a restart, and capabilities of the own protocol, end it", () => {
  expect(said([notice, edited({ at: 6 }), started({ at: 7 }), sends(8, 1)])).toEqual(satisfied(1));
  expect(said([notice, edited({ at: 6 }), capabilities(7), sends(8, 1)])).toEqual(satisfied(1));
  const other = noticed({ at: 7, notice: "protocol_mismatch" });
  expect(said([notice, edited({ at: 6 }), capabilities(7), other, sends(8, 1)]).breaches).toHaveLength(1);
});

test("[FLG-4] another notice does not exercise it", () => {
  expect(said([noticed(), edited(), sends(7, 1)])).toEqual(satisfied(0));
});
