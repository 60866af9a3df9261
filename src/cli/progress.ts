/**
 * Owns the line that shows how far a run is: on a terminal only, on standard error only.
 * Refuses to know how the run is carried out.
 */

import { DAY_MS, formatDuration, HOUR_MS, SECOND_MS } from "../base/time.ts";
import { cut, PLAIN } from "../report/layout.ts";
import { formatCount } from "../report/numbers.ts";
import type { Progress } from "../simulation/port.ts";
import { type Io, widthOf } from "./io.ts";
import { paintFor } from "./paint.ts";

/** Below this share an estimate of the time left says nothing. */
const SHARE_ESTIMATED_MIN = 0.005;
/** The spinner and the space behind it. */
const SPINNER_COLUMNS = 3;

/** Shows a run's progress until it is stopped. */
export interface ProgressLine {
  update(progress: Progress): void;
  stop(): void;
}

/** A progress line, or one that shows nothing when it is not wanted or nobody could see it. */
export async function openProgressLine(
  io: Io,
  what: string,
  wanted: boolean,
  coloured: boolean,
): Promise<ProgressLine> {
  const startedMs = io.now();
  const line = await openStatusLine(io, what, wanted, coloured);
  return {
    update: (progress) => line.update(() => progressText(what, progress, io.now() - startedMs)),
    stop: () => line.stop(),
  };
}

/** One line that says what is going on. Its text is only asked for when somebody can see it. */
export interface StatusLine {
  update(text: () => string): void;
  stop(): void;
}

const SILENT: StatusLine = { update: () => {}, stop: () => {} };

/** A status line on standard error, or one that shows nothing when it is not wanted or nobody could see it. */
export async function openStatusLine(
  io: Io,
  what: string,
  wanted: boolean,
  coloured: boolean,
): Promise<StatusLine> {
  // A terminal that says it has 0 columns (a pseudo-terminal without a window) would make the spinner erase for ever.
  const visible = io.stderr.isTTY === true && (io.stderr.columns ?? 0) > 0;
  if (!wanted || !visible) return SILENT;
  const { default: ora } = await import("ora");
  const spinner = ora({
    text: what,
    stream: io.stderr,
    isEnabled: true,
    color: paintFor(io.stderr, io, coloured) !== PLAIN ? "cyan" : false,
    // The run yields between slices, and Ctrl-C belongs to it; nothing of the terminal is to be changed for a spinner.
    hideCursor: false,
    discardStdin: false,
  }).start();
  return {
    update(text) {
      spinner.text = cut(text(), widthOf(io.stderr) - SPINNER_COLUMNS);
      // Slices leave little time to the spinner's own timer.
      spinner.render();
    },
    stop() {
      spinner.stop();
    },
  };
}

/** What, how far, simulated time, events a second, how long yet: `commuter 34 % · day 3 09:12 · 412 k events/s · 6 s left`. */
export function progressText(what: string, progress: Progress, elapsedMs: number): string {
  const { share, simulatedMs, events, phase } = progress;
  const perSecond = events / (Math.max(elapsedMs, 1) / SECOND_MS);
  const parts = [
    `${what} ${Math.floor(Math.min(1, Math.max(0, share)) * 100)} %`,
    `${phase === "heal" ? "settling, " : ""}${simulatedClock(simulatedMs)}`,
    `${formatCount(Math.round(perSecond))} events/s`,
  ];
  if (share >= SHARE_ESTIMATED_MIN && share < 1) {
    const leftMs = (elapsedMs * (1 - share)) / share;
    parts.push(`${formatDuration(Math.ceil(leftMs / SECOND_MS) * SECOND_MS)} left`);
  }
  return parts.join(" · ");
}

/** Simulated time as a day of the run and a time of that day: steadier to the eye than a duration. */
function simulatedClock(simulatedMs: number): string {
  const day = Math.floor(simulatedMs / DAY_MS) + 1;
  const inDay = simulatedMs % DAY_MS;
  const two = (value: number) => String(Math.floor(value)).padStart(2, "0");
  return `day ${day} ${two(inDay / HOUR_MS)}:${two((inDay % HOUR_MS) / 60_000)}`;
}
