/**
 * Owns the option `--trace`: which devices its names mean.
 * Refuses to know what a trace looks like.
 */

import type { Roster } from "../history/facts.ts";
import { createTrace, type Trace } from "../report/trace.ts";
import type { TraceSubject } from "../report/trace-page.ts";
import { UsageFault } from "./exit.ts";
import { suggestion, withSuggestion } from "./nearest.ts";

/** Every device by its number in facts, whatever its name. */
const NUMBERED = /^device-(\d{1,9})$/;

/** A trace of the devices with these names, each once; undefined when none was asked for. UsageFault for a wrong name. */
export function openTrace(names: readonly string[], roster: Roster): Trace | undefined {
  if (names.length === 0) return undefined;
  const subjects = new Map<number, TraceSubject>();
  for (const name of names) {
    const subject = subjectOf(name, roster);
    subjects.set(subject.device, subject);
  }
  return createTrace([...subjects.values()]);
}

function subjectOf(wanted: string, { devices }: Roster): TraceSubject {
  const named = devices.findIndex(({ name }) => name === wanted);
  const numbered = Number(NUMBERED.exec(wanted)?.[1] ?? -1);
  const device = named < 0 ? numbered : named;
  const name = devices[device]?.name;
  if (name !== undefined) return { device, name };
  const names = devices.map((known) => known.name);
  const range = `the devices are ${names[0]} to ${names.at(-1)}, or device-0 to device-${names.length - 1}`;
  const sentence = `there is no device "${wanted}" in this run`;
  throw new UsageFault(withSuggestion(sentence, suggestion(wanted, names) || range));
}
