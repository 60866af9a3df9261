/**
 * Owns a real process whose simulation does not end by itself, for tests of Ctrl-C. Says `running` once it does.
 * Refuses to outlive its test, should that be killed: it gives up after a while.
 */

import { processIo } from "./io.ts";
import { FakeRunKit } from "./outside.fixture.ts";
import { runCli } from "./program.ts";

/** Long after any test has done with it. */
const GIVEN_UP_MS = 25_000;
const INTERRUPTS_MAX = 1_000;

setTimeout(() => process.exit(99), GIVEN_UP_MS).unref();

const kit = new FakeRunKit({
  slices: Number.POSITIVE_INFINITY,
  onSlice: (slice) => {
    if (slice === 3) process.stderr.write("running\n");
    // Stuck inside a slice: Ctrl-C twice, and the first cannot be obeyed.
    if (process.env.STUBBORN === "1" && slice > 3) {
      for (let times = 0; times < INTERRUPTS_MAX; times++) process.emit("SIGINT");
      process.exit(99);
    }
  },
});
process.exitCode = await runCli(process.argv.slice(2), processIo(), {
  loadRunKit: () => Promise.resolve(kit),
  loadCheckers: () => Promise.resolve([]),
});
