import { expect, test } from "vitest";
import { edited, killed, rekeyed, saved, settled, started } from "../../history/facts.fixture.ts";
import { fails, satisfied, sends, verdict } from "./device.fixture.ts";
import { createStoredBytesChecker } from "./stored-bytes.ts";

const said = (facts: Parameters<typeof verdict>[1]) => verdict(createStoredBytesChecker(), facts);
const payload = { notes: null, extra: {}, dueAt: "2024-01-01T00:00:00.000Z" };
const queued = [edited({ payload }), saved()];
const cut = [killed({ at: 5 }), started({ at: 6, cold: true })];

test("[QUE-14] sent after a restart as it was queued, or as it was sent before", () => {
  expect(said([...queued, ...cut, sends(7, 1, { payload: { ...payload } })])).toEqual(satisfied(1));
  expect(said([...queued, sends(1, 1, { payload }), fails(2, 1), ...cut, sends(7, 2, { payload })])).toEqual(
    satisfied(1),
  );
  expect(said([...queued, ...cut, sends(7, 1, { payload: { id: "c1", ...payload } })])).toEqual(satisfied(1));
});

test("[QUE-14] nulls, empty objects and texts that look like dates are not touched", () => {
  for (const [name, value] of [
    ["notes", undefined],
    ["extra", null],
    ["dueAt", 1_704_067_200_000],
  ] as const) {
    const broken = Object.fromEntries(
      Object.entries({ ...payload, [name]: value }).filter(([, v]) => v !== undefined),
    ) as typeof payload;
    expect(said([...queued, ...cut, sends(7, 1, { payload: broken })]).breaches).toHaveLength(1);
  }
  const { notes, ...rest } = payload;
  expect(said([...queued, ...cut, sends(7, 1, { payload: { ...rest, notes } })]).breaches).toHaveLength(1);
});

test("[QUE-14] a mutation under a new key, or folded with another, may have other bytes", () => {
  const other = { payload: { name: "x" } };
  expect(said([...queued, rekeyed({ key: "k2" }), ...cut, sends(7, 1, { key: "k2", ...other })])).toEqual(
    satisfied(0),
  );
  const folded = [edited({ mutation: "m0" }), ...queued, settled({ mutation: "m0", outcome: "cancelled" })];
  expect(said([...folded, ...cut, sends(7, 1, other)])).toEqual(satisfied(0));
});

test("[QUE-14, QUE-10] before its first sending a list's edit may be put on newer items, after it not", () => {
  const items = (...ids: readonly string[]) => ({ name: "x", items: ids.map((id) => ({ id, text: id })) });
  const list = [edited({ entity: "list", payload: items("a") }), saved()];
  const newer = sends(7, 2, { entity: "list", payload: items("a", "b") });
  expect(said([...list, ...cut, newer])).toEqual(satisfied(1));
  const before = [sends(1, 1, { entity: "list", payload: items("a") }), fails(2, 1)];
  expect(said([...list, ...before, ...cut, newer]).breaches).toHaveLength(1);
});

test("[QUE-14] without a restart it is not exercised", () => {
  expect(said([...queued, sends(1, 1, { payload: { name: "x" } })])).toEqual(satisfied(0));
});
