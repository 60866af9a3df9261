/**
 * Owns how much of a violation's happenings is told: the nearest first, within a bound of rows and of lanes.
 * Refuses to word any of it.
 */

import { MINUTE_MS } from "../base/time.ts";
import type { Fact } from "../history/facts.ts";
import type { Exchange, Gathered, Happening } from "./space-time-gather.ts";
import type { Subject } from "./space-time-subject.ts";

/** What is not near the violation in kind has to be near in time to what is, and before it. */
const MARGIN_MS = MINUTE_MS;
/** What befell the devices, and what they showed, never takes more than this many rows. */
const AROUND_ROWS_MAX = 6;
/** Changes of the same records that neither made nor carried the violation. */
const OTHER_ROWS_MAX = 7;

/** Bounds of a diagram. */
export interface Bounds {
  readonly rowsMax: number;
  readonly devicesMax: number;
}

/** What is told, oldest first. */
export interface Choice {
  readonly told: readonly Happening[];
  /** Numbers of the devices that have a lane, ascending. */
  readonly devices: readonly number[];
  /** Devices that took part in what was left out for want of lanes. */
  readonly devicesLeft: number;
  /** Happenings in the same span of time that were left out for want of rows. */
  readonly left: number;
}

/** Chooses within the bounds. */
export function choose(gathered: Gathered, subject: Subject, bounds: Bounds): Choice {
  const inTime = nearInTime(gathered.happenings, subject);
  const fitting = withoutLooseEdits(fill(inTime, subject, bounds.rowsMax));
  const devices = lanesFor(fitting, subject, bounds.devicesMax);
  const told = fitting.filter((happening) => {
    const device = deviceOf(happening);
    return device === undefined || devices.has(device) || happening.near === 0;
  });
  const all = new Set(told.flatMap((happening) => deviceOf(happening) ?? []));
  return {
    told: told.sort((one, other) => indexOf(one) - indexOf(other)),
    devices: [...devices].filter((device) => all.has(device)).sort((one, other) => one - other),
    devicesLeft: new Set(fitting.flatMap((one) => deviceOf(one) ?? []).filter((one) => !devices.has(one)))
      .size,
    left: inTime.length - fitting.length,
  };
}

/** What led to the violation: evidence and what carried it, and what befell shortly before or after any of that. */
function nearInTime(happenings: readonly Happening[], subject: Subject): readonly Happening[] {
  const times = happenings.filter(({ near }) => near <= 1).map((happening) => startOf(happening).at);
  times.push(subject.violation.at);
  times.sort((one, other) => one - other);
  const first = (times[0] ?? 0) - MARGIN_MS;
  return happenings.filter((happening) => {
    const { near } = happening;
    const { at } = startOf(happening);
    if (near === 0) return true;
    if (near > 4 || at > subject.violation.at) return false;
    if (near === 1) return true;
    return at >= first && (near === 2 || times.some((time) => Math.abs(time - at) <= MARGIN_MS));
  });
}

/** An edit of the same record of which nothing else is told says nothing. */
function withoutLooseEdits(happenings: readonly Happening[]): readonly Happening[] {
  const keys = new Set<string>();
  for (const happening of happenings) {
    if (happening.what === "exchange") for (const { key } of happening.sent.fact.mutations) keys.add(key);
  }
  return happenings.filter((happening) => {
    if (happening.what !== "moment" || happening.near <= 1) return true;
    const { fact } = happening.at;
    return fact.fact !== "edited" || keys.has(fact.key);
  });
}

/** The device at which something happened or was to arrive; of a commit without its request, none. */
function deviceOf(happening: Happening): number | undefined {
  switch (happening.what) {
    case "exchange":
      return happening.sent.fact.device;
    case "delivery":
      return happening.device;
    case "moment": {
      const { fact } = happening.at;
      return fact.fact === "committed" || !("device" in fact) ? undefined : fact.device;
    }
  }
}

function startOf(happening: Happening): Fact {
  switch (happening.what) {
    case "exchange":
      return happening.sent.fact;
    case "delivery":
      return (happening.receipt ?? happening.commit)?.fact as Fact;
    case "moment":
      return happening.at.fact;
  }
}

function indexOf(happening: Happening): number {
  switch (happening.what) {
    case "exchange":
      return happening.sent.index;
    case "delivery":
      return (happening.receipt ?? happening.commit)?.index ?? 0;
    case "moment":
      return happening.at.index;
  }
}

function rowsOf(happening: Happening): number {
  return happening.what === "exchange" ? 1 + happening.commits.length + (happening.end ? 1 : 0) : 1;
}

/** The nearest first, of equals the offence, then the latest. */
function fill(happenings: readonly Happening[], subject: Subject, rowsMax: number): readonly Happening[] {
  const ranked = happenings
    .map((happening) => ({ happening, offends: isOffence(happening, subject), index: indexOf(happening) }))
    .sort(
      (one, other) =>
        Number(other.offends) - Number(one.offends) ||
        one.happening.near - other.happening.near ||
        other.index - one.index,
    );
  const chosen: Happening[] = [];
  let rows = 0;
  let otherRows = 0;
  let aroundRows = 0;
  for (const { happening } of ranked) {
    const own = rowsOf(happening);
    if (rows + own > rowsMax) continue;
    if (happening.near === 2 && otherRows + own > OTHER_ROWS_MAX) continue;
    if (happening.near > 2 && aroundRows + own > AROUND_ROWS_MAX) continue;
    if (happening.near === 2) otherRows += own;
    if (happening.near > 2) aroundRows += own;
    rows += own;
    chosen.push(happening);
  }
  return chosen;
}

function isOffence(happening: Happening, { offence }: Subject): boolean {
  if (offence === undefined) return false;
  switch (happening.what) {
    case "exchange":
      return factsOf(happening).includes(offence);
    case "delivery":
      return happening.receipt?.fact === offence || happening.commit?.fact === offence;
    case "moment":
      return happening.at.fact === offence;
  }
}

function factsOf({ sent, end, commits }: Exchange): readonly Fact[] {
  return [sent.fact, ...commits.map(({ fact }) => fact), ...(end ? [end.fact] : [])];
}

/** The culprit, then the devices of the evidence, then those of which most is told. */
function lanesFor(
  happenings: readonly Happening[],
  subject: Subject,
  devicesMax: number,
): ReadonlySet<number> {
  const counts = new Map<number, number>();
  for (const happening of happenings) {
    const device = deviceOf(happening);
    if (device === undefined) continue;
    const weight = happening.near === 0 ? 1_000 : happening.what === "delivery" ? 1 : 4;
    counts.set(device, (counts.get(device) ?? 0) + weight);
  }
  if (subject.culprit !== undefined) counts.set(subject.culprit, Number.MAX_SAFE_INTEGER);
  return new Set(
    [...counts]
      .sort((one, other) => other[1] - one[1] || one[0] - other[0])
      .slice(0, devicesMax)
      .map(([device]) => device),
  );
}
