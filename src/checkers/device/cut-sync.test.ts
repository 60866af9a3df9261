import { expect, test } from "vitest";
import {
  advanced,
  connecting,
  killed,
  rev,
  sent,
  started,
  syncEnded,
  syncStarted,
} from "../../history/facts.fixture.ts";
import { createCutSyncChecker } from "./cut-sync.ts";
import { satisfied, verdict } from "./device.fixture.ts";

const said = (facts: Parameters<typeof verdict>[1]) => verdict(createCutSyncChecker(), facts);
const at5 = advanced({ revision: rev(5) });
const cut = [killed({ at: 20 }), started({ at: 30, cold: true })];
const asks = (n: number | undefined) =>
  sent({ at: 31, call: "changes", ...(n !== undefined && { since: rev(n) }) });
const begins = syncStarted({ at: 10 });

test("[FUL-3] killed between pages, it asks again from what was durable", () => {
  expect(said([at5, begins, ...cut, asks(5)])).toEqual(satisfied(1));
  expect(said([at5, begins, ...cut, connecting({ at: 31, since: rev(5) })])).toEqual(satisfied(1));
  expect(said([begins, ...cut, asks(undefined)])).toEqual(satisfied(1));
  expect(said([begins, ...cut, syncStarted({ at: 31, sync: "full", reason: "first" })])).toEqual(
    satisfied(1),
  );
});

test("[FUL-3] killed between pages, or before the revision was stored, it asks from what was not durable", () => {
  const actual = [`it asks from ${rev(9)}`];
  expect(said([at5, begins, ...cut, asks(9)])).toEqual({ exercised: 1, breaches: actual });
  expect(said([at5, begins, syncEnded({ at: 15, revision: rev(9) }), ...cut, asks(9)]).breaches).toEqual(
    actual,
  );
  expect(said([begins, ...cut, asks(9)]).breaches).toEqual(actual);
});

test("[FUL-3] a kill after the revision was stored does not exercise it", () => {
  const ends = syncEnded({ at: 15, revision: rev(9) });
  expect(said([at5, begins, ends, advanced({ at: 16, revision: rev(9) }), ...cut, asks(9)])).toEqual(
    satisfied(0),
  );
  expect(said([at5, begins, syncEnded({ at: 15, revision: rev(5) }), ...cut, asks(5)])).toEqual(satisfied(0));
});
