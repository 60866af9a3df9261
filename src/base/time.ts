/**
 * Owns instants and durations as numbers: milliseconds since the epoch in, RFC 3339 text out.
 * Refuses the Date object: nothing outside live/ and cli/ may ask what time it is.
 */

/** Whole milliseconds since 1970-01-01T00:00:00Z. */
export type EpochMs = number;

export const SECOND_MS = 1_000;
export const MINUTE_MS = 60_000;
export const HOUR_MS = 3_600_000;
export const DAY_MS = 86_400_000;

/** RFC 3339 UTC with milliseconds, for instance `2024-01-01T00:00:00.000Z`. Years 1970 to 9999. */
export function formatInstant(atMs: EpochMs): string {
  const day = Math.floor(atMs / DAY_MS);
  const inDay = atMs - day * DAY_MS;
  return `${formatDay(day)}T${pad(Math.floor(inDay / HOUR_MS), 2)}:${pad(Math.floor(inDay / MINUTE_MS) % 60, 2)}:${pad(
    Math.floor(inDay / SECOND_MS) % 60,
    2,
  )}.${pad(inDay % SECOND_MS, 3)}Z`;
}

const UNITS_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: SECOND_MS,
  m: MINUTE_MS,
  h: HOUR_MS,
  d: DAY_MS,
  w: 7 * DAY_MS,
};

/**
 * Milliseconds of a duration such as `80ms`, `90s`, `4h`, `1.5d`, `2w`; undefined when it is none, or is too long
 * to count in whole milliseconds.
 */
export function parseDuration(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d|w)$/.exec(text.trim());
  if (!match) return undefined;
  const unit = UNITS_MS[match[2] as string] as number;
  const durationMs = Math.round(Number(match[1]) * unit);
  return Number.isSafeInteger(durationMs) ? durationMs : undefined;
}

/** A duration for people, two units at most: `7 d`, `2 d 4 h`, `90 s`, `12 ms`. */
export function formatDuration(durationMs: number): string {
  if (durationMs < SECOND_MS) return `${Math.round(durationMs)} ms`;
  if (durationMs < 2 * MINUTE_MS) return `${trimZero((durationMs / SECOND_MS).toFixed(1))} s`;
  if (durationMs < 2 * HOUR_MS) return pair(durationMs, MINUTE_MS, "min", SECOND_MS, "s");
  if (durationMs < 2 * DAY_MS) return pair(durationMs, HOUR_MS, "h", MINUTE_MS, "min");
  return pair(durationMs, DAY_MS, "d", HOUR_MS, "h");
}

function pair(durationMs: number, bigMs: number, big: string, smallMs: number, small: string): string {
  const rounded = Math.round(durationMs / smallMs) * smallMs;
  const rest = Math.round((rounded % bigMs) / smallMs);
  return `${Math.floor(rounded / bigMs)} ${big}${rest > 0 ? ` ${rest} ${small}` : ""}`;
}

function trimZero(text: string): string {
  return text.replace(/\.0$/, "");
}

/** Days since the epoch to a civil date (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms"). */
function formatDay(day: number): string {
  const shifted = day + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1_460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const dayOfMonth = dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1;
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  return `${pad(year, 4)}-${pad(month, 2)}-${pad(dayOfMonth, 2)}`;
}

function pad(value: number, width: number): string {
  return String(value).padStart(width, "0");
}
