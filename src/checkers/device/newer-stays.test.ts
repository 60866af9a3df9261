import { expect, test } from "vitest";
import { advanced, event, frame, killed, record, rev, shown, started } from "../../history/facts.fixture.ts";
import { applies, satisfied, sends, verdict } from "./device.fixture.ts";
import { createNewerStaysChecker } from "./newer-stays.ts";

const said = (facts: Parameters<typeof verdict>[1]) => verdict(createNewerStaysChecker(), facts);
const at = (n: number, atMs = n) => shown({ at: atMs, revision: rev(n) });
const late = (n: number) => frame(event(record("c1", n)), { at: 10 });

test("[REV-12] a late event and a replayed answer are offered, and ignored", () => {
  expect(said([at(5), late(3)])).toEqual(satisfied(1));
  expect(said([sends(1, 1), at(5), applies(9, 1, 4, { replayed: true })])).toEqual(satisfied(1));
});

test("[REV-12] an older revision is shown again", () => {
  expect(said([at(5), late(3), at(3, 10)])).toEqual({ exercised: 2, breaches: [`it shows ${rev(3)}`] });
});

test("[REV-12] a deleted record comes back by a late event", () => {
  const gone = shown({ at: 6, revision: rev(6), fields: undefined });
  expect(said([at(5), gone, at(5, 7)]).breaches).toEqual([`it shows ${rev(5)}`]);
});

test("[REV-12] what a kill took from storage may come back older, what was covered may not", () => {
  const restart = [killed({ at: 10 }), started({ at: 20, cold: true })];
  expect(said([at(5), ...restart, at(4, 20)]).breaches).toEqual([]);
  expect(said([at(5), ...restart, at(4, 20), at(3, 30)]).breaches).toHaveLength(1);
  expect(said([at(5), advanced({ revision: rev(5) }), ...restart, late(3), at(3, 30)]).breaches).toHaveLength(
    1,
  );
});

test("[REV-12] newer revisions alone do not exercise it", () => {
  expect(said([at(1), frame(event(record("c1", 2)), { at: 2 }), at(2)])).toEqual(satisfied(0));
});
