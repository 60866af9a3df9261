/**
 * Owns nothing but time: keeps one core busy until its parent is gone.
 * Refuses to do anything useful with it.
 */

import { setImmediate as turn } from "node:timers/promises";

process.on("disconnect", () => process.exit());
let sum = 0;
for (;;) {
  const untilMs = performance.now() + 50;
  while (performance.now() < untilMs) sum = (sum * 31 + 7) % 1_000_003;
  await turn();
}
