import { expect, test } from "vitest";
import { faultText } from "../report/struck.ts";
import { STRIKES } from "../simulation/strikes.ts";

test.each(STRIKES.map((strike) => [strike]))("reports have words for the fault %s", (strike) => {
  expect(faultText(strike, 2)).not.toBe(`2 ${strike}`);
});

test("one without words goes by its name", () => {
  expect(faultText("solar-flare", 1_200)).toBe("1 200 solar-flare");
});
