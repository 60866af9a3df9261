/**
 * Owns the proof of what is refused before a store is opened. Stores and calls are proven elsewhere.
 */

import { expect, test } from "vitest";
import { checkNodeApi, openSync } from "./open.ts";
import { StoreRefused } from "./store-refused.ts";

test("SQLite is refused on a Node whose Node-API it was not built for, with what to do", () => {
  const old = { ...process.versions, node: "22.12.0", napi: "9" };
  expect(() => checkNodeApi(old)).toThrow(StoreRefused);
  expect(() => checkNodeApi(old)).toThrow(/needs Node 22\.14 or newer, and this is 22\.12\.0/);
  expect(() => checkNodeApi({ ...old, node: "22.14.0", napi: "10" })).not.toThrow();
});

test("bad settings reject, and open nothing", async () => {
  await expect(openSync({ settings: { retention: "soon" } })).rejects.toThrow();
});
