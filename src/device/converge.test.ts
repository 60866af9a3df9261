/**
 * Owns the property that stands above the single rules: whatever is done to a device and its network, in the end all
 * is settled, the device equals the server, and no saved edit was lost. Refuses the reference proxy.
 */

import { describe, expect, it } from "vitest";
import type { Bench } from "./bench.fixture.ts";
import { contentOf, type ModelServer } from "./server.fixture.ts";
import { World } from "./world.fixture.ts";

function run(seed: number): void {
  const world = new World(seed);
  for (let i = 0; i < 250; i++) world.act();
  const rested = world.heal();
  const { bench, server, problems } = world;
  expect(problems, `seed ${seed}`).toEqual([]);
  expect(rested, `seed ${seed} comes to rest with ${bench.waiting} waiting`).toBe(true);
  const held = bench.replica.map((one) => [`${one.entity}/${one.id}`, one.fields]);
  expect(held, `seed ${seed}`).toEqual(contentOf(server.records));
  for (const [key, times] of server.effects) expect(times, `[SYS-3] seed ${seed}: ${key}`).toBe(1);
  judgeEdits(seed, bench, server);
}

function judgeEdits(seed: number, bench: Bench, server: ModelServer): void {
  const keys = new Map<string, string[]>();
  const operations = new Map<string, string>();
  for (const { mutation, key, edit } of bench.all("queued")) {
    keys.set(mutation, [key]);
    operations.set(mutation, edit.operation);
  }
  for (const { mutation, key } of bench.all("rekeyed")) keys.get(mutation)?.push(key);
  const outcomes = new Map<string, string>();
  for (const { mutation, outcome } of bench.all("settled")) outcomes.set(mutation, outcome);
  const failed = new Set(
    bench
      .all("settled")
      .filter((one) => one.outcome === "failed")
      .map((one) => one.mutation),
  );
  for (const { mutation } of bench.all("saved")) {
    const outcome = outcomes.get(mutation);
    expect(outcome, `[SYS-4] seed ${seed}: ${mutation} vanished`).toBeDefined();
    const effects = (keys.get(mutation) ?? []).filter((key) => server.effects.has(key)).length;
    // [QUE-6] taken up again after a failure that may have had its effect, it is a new mutation with one of its own.
    if (!failed.has(mutation)) expect(effects, `[SYS-3] seed ${seed}: ${mutation}`).toBeLessThanOrEqual(1);
    if (outcome === "applied" && operations.get(mutation) === "create") {
      expect(effects, `[SYS-2] seed ${seed}: ${mutation} was called applied`).toBeGreaterThan(0);
    }
  }
}

describe("a device against a small server", () => {
  it("[SYS-1, SYS-2, SYS-3, SYS-4, QUE-1, QUE-4, QUE-9, MRG-10] settles everything, whatever happens on the way", () => {
    for (let seed = 1; seed <= 150; seed++) run(seed);
  });
});
