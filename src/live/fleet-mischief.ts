/**
 * Owns the acts of a small fleet that is to find faults in a few seconds: edits that meet, tunnels, kills, restarts,
 * clocks that are set, each phone by a stream of its own.
 * Refuses to carry them out.
 */

import { type Prng, stream } from "../base/prng.ts";
import { ENTITIES } from "../protocol/entity.ts";
import type { LiveAct, LiveDeed } from "./fleet-acts.ts";

export interface MischiefOptions {
  readonly seed: number;
  readonly phones: number;
  readonly durationMs: number;
  /** Mean time between two acts of one phone. */
  readonly everyMs: number;
}

const TUNNEL_MS_MAX = 900;
const DEAD_MS_MAX = 700;
const CLOCK_MS_MAX = 60_000;
/** So long before the end half of the phones are off; the last words of plain clients fall into it. */
const OFF_AT_END_MS = 500;

/** Acts in order of time. The same seed draws the same ones; taking a phone away changes none of the others'. */
export function mischiefOf({ seed, phones, durationMs, everyMs }: MischiefOptions): readonly LiveAct[] {
  const acts: LiveAct[] = [];
  for (let device = 0; device < phones; device++) {
    const random = stream(seed, `${device}/mischief`);
    const act = (atMs: number, deed: LiveDeed): void => {
      acts.push({ atMs: Math.round(atMs), device, deed });
    };
    // What is written and deleted while the app is off comes by delta, and by nothing else.
    if (device % 2 === 1) act(durationMs - OFF_AT_END_MS, { do: "kill" });
    let atMs = random.below(200);
    act(atMs, { do: "open" });
    for (;;) {
      atMs += 20 + random.exponential(everyMs);
      if (atMs >= durationMs - (device % 2 === 1 ? OFF_AT_END_MS + DEAD_MS_MAX : 0)) break;
      draw(random, atMs, act);
    }
  }
  return acts.sort((left, right) => left.atMs - right.atMs);
}

function draw(random: Prng, atMs: number, act: (atMs: number, deed: LiveDeed) => void): void {
  const share = random.unit();
  if (share < 0.66) return act(atMs, { do: "write", more: random.chance(0.25) ? 1 + random.below(3) : 0 });
  if (share < 0.76) {
    const seed = random.chance(0.5) ? undefined : random.below(3);
    return act(atMs, { do: "read", entity: random.pick(ENTITIES), seed });
  }
  if (share < 0.86) {
    act(atMs, { do: "offline", forMs: 150 + random.below(TUNNEL_MS_MAX) });
    // What people do in a tunnel waits for its end.
    for (let more = random.below(3); more > 0; more--)
      act(atMs + random.below(400), { do: "write", more: 0 });
    return;
  }
  if (share < 0.93) {
    act(atMs, { do: "kill" });
    return act(atMs + 50 + random.below(DEAD_MS_MAX), { do: "open" });
  }
  if (share < 0.97) {
    act(atMs, { do: "close" });
    return act(atMs + 50 + random.below(DEAD_MS_MAX), { do: "open" });
  }
  if (share < 0.98) return act(atMs, { do: "refresh" });
  act(atMs, { do: "clock", byMs: random.below(2 * CLOCK_MS_MAX) - CLOCK_MS_MAX });
}
