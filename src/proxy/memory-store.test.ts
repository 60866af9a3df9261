/**
 * Owns the proof that the memory store keeps the store's contract, and what only it promises.
 */

import { expect, test } from "vitest";
import { Desk } from "./desk.fixture.ts";
import { createMemoryStore } from "./memory-store.ts";
import { declareStoreContract } from "./store-contract.fixture.ts";

declareStoreContract("memory store", createMemoryStore);

test("records are shared, not copied: the answer, the read and the event hold one object", () => {
  const desk = new Desk();
  const socket = desk.open();
  const made = desk.made("contact", { id: "c1", name: "Ada" });
  expect(desk.store.current("account-a" as never, "contact", "c1")?.record).toBe(made);
  const frame = desk.frames(socket)[1];
  expect(frame?.type === "sync_event" && frame.payload).toBe(made);
});
