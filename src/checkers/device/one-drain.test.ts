import { expect, test } from "vitest";
import { killed, sent, started } from "../../history/facts.fixture.ts";
import { judge } from "../judge.fixture.ts";
import { applies, fails, satisfied, sends, verdict } from "./device.fixture.ts";
import { createOneDrainChecker } from "./one-drain.ts";

const said = (facts: Parameters<typeof verdict>[1]) => verdict(createOneDrainChecker(), facts);

test("[QUE-9] one request after the other", () => {
  expect(said([sends(0, 1), fails(10, 1), sends(20, 2), applies(30, 2, 2), sends(40, 3)])).toEqual(
    satisfied(3),
  );
});

test("[QUE-9] a kill ends what was on its way", () => {
  expect(said([sends(0, 1), killed({ at: 5 }), started({ at: 9 }), sends(10, 2)])).toEqual(satisfied(2));
});

test("[QUE-9] two requests with mutations at once", () => {
  expect(said([sends(0, 1), sends(5, 2)]).breaches).toEqual([
    "request 2 went out while request 1 was on its way",
  ]);
});

test("[QUE-9] reads beside a drain are no drain, and devices are apart", () => {
  expect(said([sent({ request: 1, call: "changes" }), sent({ request: 2, call: "changes" })])).toEqual(
    satisfied(0),
  );
  expect(said([sends(0, 1), { ...sends(1, 1), device: 1 }])).toEqual(satisfied(2));
});

test("what broke a rule is counted, also beyond what is kept of it", () => {
  const requests = Array.from({ length: 31 }, (_, request) => sends(request, request));
  const { exercised, violations, ...rest } = judge(createOneDrainChecker(), requests);
  expect(violations).toHaveLength(20);
  expect({ exercised, ...rest }).toEqual({ exercised: 31, found: 30 });
});
