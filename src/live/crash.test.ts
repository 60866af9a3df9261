/**
 * Owns the proof that a kill loses nothing: `zeke-sync serve` on SQLite, killed at random moments under load, and the
 * whole history judged by what its clients saw. `ZEKE_CRASH_KILLS=200` for the long run, `ZEKE_CRASH_SEED` for another.
 */

import { expect, test } from "vitest";
import { judge } from "./crash-judge.fixture.ts";
import { runCrashes } from "./crash-run.fixture.ts";

const KILLS = Number(process.env.ZEKE_CRASH_KILLS ?? "20");
const SEED = Number(process.env.ZEKE_CRASH_SEED ?? "20261122");
const WITHIN_MS = 60_000 + KILLS * 6_000;
const LULL_MS = 20;

test(
  `[SYS-2, SYS-3, IDM-6, REV-7] ${KILLS} kills under load lose nothing and double nothing`,
  async () => {
    const outcome = await runCrashes({
      kills: KILLS,
      seed: SEED,
      server: {
        before: ["./crash-lull.fixture.ts"],
        // Every second life runs at its own speed.
        environment: (life) => ({ ZEKE_CRASH_LULL_MS: String((life % 2) * LULL_MS) }),
      },
    });
    const verdict = judge(outcome.history);
    const figures = [
      `kills ${KILLS}`,
      `writes acknowledged ${spaced(verdict.acknowledged)}`,
      `lost ${verdict.lost}`,
      `doubled ${verdict.doubled}`,
    ];
    const depth = `${outcome.killsInFlight} kills with writes under way; answers lost: ${outcome.lostAnswersKept} of writes that were kept, ${outcome.lostAnswersNotKept} of writes that were not; ${spaced(verdict.compared)} answers compared`;
    // biome-ignore lint/suspicious/noConsole: the line that this test is run for.
    console.log(`${figures.join(", ")}\n(${depth}; seed ${SEED})`);
    expect(verdict.findings.slice(0, 20)).toEqual([]);
    expect([verdict.lost, verdict.doubled]).toEqual([0, 0]);
    // A test that never hits a request on its way would find nothing.
    expect(outcome.killsInFlight).toBeGreaterThanOrEqual(KILLS / 2);
    expect(outcome.lostAnswersKept).toBeGreaterThan(0);
    expect(outcome.lostAnswersNotKept).toBeGreaterThan(0);
    expect(verdict.acknowledged).toBeGreaterThan(10 * KILLS);
    expect(outcome.said).toBe("");
  },
  WITHIN_MS,
);

/** `5 432` */
function spaced(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, " ");
}
