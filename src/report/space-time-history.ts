/**
 * Owns the diagram of a violation in a history: what it is about, what is told of it, on which lanes.
 * Refuses to draw.
 */

import { type EpochMs, formatDuration } from "../base/time.ts";
import type { Violation } from "../checkers/port.ts";
import type { Fact, Roster } from "../history/facts.ts";
import { ruleById } from "../protocol/rules/registry.ts";
import type { Diagram, DiagramLane } from "./space-time.ts";
import { type Choice, choose } from "./space-time-choose.ts";
import { type Gathered, gather, type Happening } from "./space-time-gather.ts";
import { place, type Spell } from "./space-time-place.ts";
import { type Subject, subjectOf } from "./space-time-subject.ts";
import { Teller } from "./space-time-tell.ts";
import { Words } from "./space-time-words.ts";

/** Rows of a diagram, gaps not counted, unless the options say otherwise. */
export const ROWS_MAX = 22;
/** Lanes of devices, unless the options say otherwise. */
export const DEVICES_MAX = 6;
/** A clock that is less wrong than this is not worth a word. */
const CLOCK_NOTE_MS_MIN = 1_000;

/** What a diagram may be told besides. */
export interface DiagramOptions {
  readonly rowsMax?: number;
  readonly devicesMax?: number;
  /** True time at the start of the run; without it, the time of the first fact. */
  readonly startMs?: EpochMs;
}

/**
 * The diagram of a violation. `facts` are a history in its order, all of it or the part around the violation; evidence
 * that is not in it is added by its time. The same arguments give the same diagram.
 */
export function diagramOf(
  facts: readonly Fact[],
  violation: Violation,
  roster: Roster,
  options: DiagramOptions = {},
): Diagram {
  const history = withEvidence(facts, violation.evidence);
  const subject = subjectOf(history, violation);
  const gathered = gather(history, subject);
  const { rowsMax = ROWS_MAX, devicesMax = DEVICES_MAX } = options;
  const choice = choose(gathered, subject, { rowsMax, devicesMax });
  const words = new Words(choice.told.flatMap(factsOf), subject, roster);
  const teller = new Teller(words, subject, choice.devices);
  teller.tell(choice.told, placeOfViolation(history, violation));
  const lanes = lanesOf(choice, gathered, words);
  const startMs = options.startMs ?? history[0]?.at ?? 0;
  const { moments, messages } = teller;
  return {
    title: titleOf(violation),
    caption: captionOf(violation, words),
    lanes,
    ...place({ lanes, moments, messages, spells: spellsOf(choice, gathered), startMs }),
    notes: [...notesOf(choice, subject, roster), ...words.legend()],
  };
}

/** The history with evidence that it lacks, each piece where its time puts it. */
function withEvidence(facts: readonly Fact[], evidence: readonly Fact[]): readonly Fact[] {
  const missing = new Set(evidence);
  for (const fact of facts) missing.delete(fact);
  if (missing.size === 0) return facts;
  return [...facts, ...missing].sort((one, other) => one.at - other.at);
}

/** Behind all facts of that time and before. */
function placeOfViolation(history: readonly Fact[], { at }: Violation): number {
  return history.findLastIndex((fact) => fact.at <= at) + 0.25;
}

function factsOf(happening: Happening): readonly Fact[] {
  switch (happening.what) {
    case "exchange": {
      const { sent, commits, end } = happening;
      return [sent.fact, ...commits.map(({ fact }) => fact), ...(end ? [end.fact] : [])];
    }
    case "delivery":
      return [happening.commit, happening.receipt].flatMap((at) => (at ? [at.fact] : []));
    case "moment":
      return [happening.at.fact];
  }
}

function titleOf({ rule }: Violation): string {
  const text = ruleById(rule)?.text;
  return text === undefined ? rule : `${rule}: ${text}`;
}

function captionOf({ expected, actual, because }: Violation, words: Words): Diagram["caption"] {
  return [
    { label: "expected", text: words.sentence(expected) },
    { label: "actual", text: words.sentence(actual) },
    { label: "because", text: words.sentence(because) },
  ];
}

function lanesOf(choice: Choice, gathered: Gathered, words: Words): readonly DiagramLane[] {
  const devices = choice.devices.map((device): DiagramLane => {
    const offsetMs = gathered.clockOffsetsMs.get(device) ?? 0;
    const side = offsetMs > 0 ? "ahead" : "behind";
    const note =
      Math.abs(offsetMs) < CLOCK_NOTE_MS_MIN ? {} : { note: `${formatDuration(Math.abs(offsetMs))} ${side}` };
    return { name: words.device(device), kind: "device", ...note };
  });
  return [...devices, { name: "proxy", kind: "proxy" }];
}

function spellsOf(choice: Choice, gathered: Gathered): readonly Spell[] {
  return gathered.spells.flatMap(({ device, ...spell }) => {
    const lane = choice.devices.indexOf(device);
    return lane < 0 ? [] : [{ ...spell, lane }];
  });
}

function notesOf(choice: Choice, { accounts }: Subject, roster: Roster): readonly string[] {
  const peers = roster.devices.filter(({ account }) => accounts.has(account)).length;
  const others = Math.max(choice.devicesLeft, peers - choice.devices.length);
  const notes: string[] = [];
  if (others > 0)
    notes.push(`not drawn: ${others} other ${others === 1 ? "device" : "devices"} of the same account`);
  if (choice.left > 0)
    notes.push(`left out: ${choice.left} more of what happened around these records and devices`);
  return notes;
}
