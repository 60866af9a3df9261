import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Agenda, EVENT } from "./agenda.ts";

describe("agenda", () => {
  it("hands out events by time, and those of one instant in the order in which they were put", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 200 }), (times) => {
        const agenda = new Agenda();
        times.forEach((at, nth) => void agenda.put(at, EVENT.timer, nth, nth, { nth }));
        const seen: (readonly [number, number])[] = [];
        while (agenda.next()) {
          expect(agenda.cargo).toEqual({ nth: agenda.target });
          expect(agenda.detail).toBe(agenda.target);
          seen.push([agenda.nowMs, agenda.target]);
        }
        const wanted = times
          .map((at, nth) => [at, nth] as const)
          .sort((left, right) => left[0] - right[0] || left[1] - right[1]);
        expect(seen).toEqual(wanted);
      }),
    );
  });

  it("puts what is past at the present, and rounds up fractions of a millisecond", () => {
    const agenda = new Agenda();
    agenda.put(10.2, EVENT.timer, 1);
    agenda.next();
    expect(agenda.nowMs).toBe(11);
    agenda.put(3, EVENT.timer, 2);
    agenda.next();
    expect([agenda.nowMs, agenda.target]).toEqual([11, 2]);
    expect(agenda.next()).toBe(false);
  });

  it("uses rows again and lets go of cargo", () => {
    const agenda = new Agenda();
    for (let i = 0; i < 1_000; i++) {
      agenda.put(i, EVENT.timer, i, 0, { big: i });
      agenda.next();
    }
    agenda.put(2_000, EVENT.timer, 7);
    agenda.next();
    expect(agenda.cargo).toBeUndefined();
    expect(agenda.length).toBe(0);
  });

  it("refuses a run of more than 99 days", () => {
    expect(() => new Agenda().put(2 ** 33, EVENT.timer, 0)).toThrow("99 days");
  });
});
