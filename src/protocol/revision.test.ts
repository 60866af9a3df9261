/** Tests of revision ids: their form, and an order that neither a clock nor a full suffix can break. */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AssertionFault } from "../base/assert.ts";
import { GENESIS, nextRevision, parseRevision, type Revision, smallerRevision } from "./revision.ts";

const FORM = /^rev_\d{10}_[0-9a-z]{6}$/;
/** Any clock at all: forwards, backwards, standing still, in milliseconds. */
const clock = fc.array(
  fc.oneof(
    fc.integer({ min: 0, max: 9_000_000_000_000 }),
    fc.integer({ min: 1_704_067_200_000, max: 1_704_067_203_000 }),
    fc.constant(1_704_067_200_000),
  ),
  { minLength: 1, maxLength: 60 },
);

function revision(text: string): Revision {
  const parsed = parseRevision(text);
  if (parsed === undefined) throw new Error(`${text} is no revision`);
  return parsed;
}

/** All that one log hands out when its clock shows these times, one after another. */
function revisionsAt(head: Revision, times: readonly number[]): readonly Revision[] {
  const made = [head];
  for (const nowMs of times) made.push(nextRevision(made[made.length - 1] ?? head, nowMs));
  return made;
}

describe("the form of section 2", () => {
  test.each([
    "rev_1704067200_00abc1",
    "rev_1704067200_abc123",
    "rev_0000000000_000000",
    "rev_1704067200_0000000001",
  ])("[REV-2] %s is a revision", (text) => expect(parseRevision(text)).toBe(text));

  test.each([
    "",
    "rev_",
    "rev_123",
    "rev_1704067200_abc12",
    "rev_170406720_abc123",
    "rev_17040672000_abc123",
    "rev_1704067200_ABC123",
    "rev_1704067200_abc-12",
    "rev_1704067200_abc123 ",
    "rev_1704067200_abc123\n",
    " rev_1704067200_abc123",
    "REV_1704067200_abc123",
    '"rev_1704067200_abc123"',
    "W/rev_1704067200_abc123",
    "rev_17040６7200_abc123",
    "*",
  ])("[REV-2] %j is none", (text) => expect(parseRevision(text)).toBeUndefined());

  test("[REV-2] every revision that is made has it, with the second of its commit when the clock allows", () => {
    fc.assert(
      fc.property(clock, (times) => {
        for (const made of revisionsAt(GENESIS, times)) expect(made).toMatch(FORM);
        const first = times[0] ?? 0;
        if (first >= 1_000)
          expect(Number(nextRevision(GENESIS, first).slice(4, 14))).toBe(Math.floor(first / 1_000));
      }),
    );
  });
});

describe("the order", () => {
  test("[REV-5] [REV-6] [REV-7] each is new and larger in ASCII than all before, whatever the clock does", () => {
    fc.assert(
      fc.property(clock, (times) => {
        const made = revisionsAt(GENESIS, times);
        expect(new Set(made).size).toBe(made.length);
        for (let i = 1; i < made.length; i++) expect((made[i - 1] ?? "") < (made[i] ?? "")).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  test("[REV-7] seconds never fall when the clock steps back; the suffix counts", () => {
    expect(
      revisionsAt(GENESIS, [1_704_067_200_000, 1_704_067_200_999, 1_704_063_600_000, 0, 1_704_067_201_000]),
    ).toEqual([
      GENESIS,
      "rev_1704067200_000001",
      "rev_1704067200_000002",
      "rev_1704067200_000003",
      "rev_1704067200_000004",
      "rev_1704067201_000001",
    ]);
  });

  test("[REV-7] an instance whose clock is behind goes on from the head of another's", () => {
    fc.assert(
      fc.property(clock, clock, (ahead, behind) => {
        const head = revisionsAt(GENESIS, ahead).at(-1) ?? GENESIS;
        for (const made of revisionsAt(head, behind).slice(1)) expect(made > head).toBe(true);
      }),
    );
  });

  test("[REV-6] the suffix counts in base 36 at a fixed width", () => {
    expect(nextRevision(revision("rev_1704067200_00000z"), 0)).toBe("rev_1704067200_000010");
    expect(nextRevision(revision("rev_1704067200_0zzzzz"), 0)).toBe("rev_1704067200_100000");
  });

  test("[REV-6] a full suffix goes on in the next second, which the clock then counts on from", () => {
    const over = nextRevision(revision("rev_1704067200_zzzzzz"), 1_704_067_200_500);
    expect(over).toBe("rev_1704067201_000001");
    expect(nextRevision(over, 1_704_067_200_900)).toBe("rev_1704067201_000002");
    expect(nextRevision(over, 1_704_067_201_000)).toBe("rev_1704067201_000002");
    expect(nextRevision(over, 1_704_067_202_000)).toBe("rev_1704067202_000001");
  });

  test("[REV-6] a full suffix breaks no order, whatever the clock does after it", () => {
    fc.assert(
      fc.property(clock, fc.integer({ min: 1, max: 20 }), (times, before) => {
        const head = revision(`rev_1704067200_${(36 ** 6 - before).toString(36).padStart(6, "0")}`);
        const made = revisionsAt(head, times);
        for (let i = 1; i < made.length; i++) expect((made[i - 1] ?? "") < (made[i] ?? "")).toBe(true);
      }),
    );
  });

  test("genesis is a revision, and smaller than every other that is made", () => {
    expect(parseRevision(GENESIS)).toBe(GENESIS);
    expect(nextRevision(GENESIS, 0) > GENESIS).toBe(true);
    expect(() => nextRevision(GENESIS, 10_000_000_000_000)).toThrow(AssertionFault);
  });

  test("[REV-11] the smaller of two is the one that ASCII puts first", () => {
    const [older, newer] = [revision("rev_1704067200_00000z"), revision("rev_1704067200_000010")];
    expect(smallerRevision(older, newer)).toBe(older);
    expect(smallerRevision(newer, older)).toBe(older);
    expect(smallerRevision(older, older)).toBe(older);
  });
});
