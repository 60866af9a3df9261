/**
 * Owns the words of a trace: what each fact of a device reads like.
 * Refuses to lay lines out, and to leave a fact untold: a new one does not compile until it has its words.
 */

import { assertNever } from "../base/assert.ts";
import type { Fact, FactOf } from "../history/facts.ts";
import { answered, exchange, here, sent, type Told } from "./trace-exchange.ts";
import type { TracedLife } from "./trace-life.ts";
import {
  ascii,
  mark,
  shortFields,
  shortKey,
  shortOffset,
  shortRecord,
  shortRevision,
  shortSpan,
} from "./trace-short.ts";

/** What is to be said of a fact of this device, before the device's life takes it in: a line, of a batch several. */
export function tell(life: TracedLife, fact: Fact): readonly Told[] {
  switch (fact.fact) {
    case "sent":
      return sent(life, fact);
    case "answered":
      return answered(life, fact);
    case "unanswered":
    case "connecting":
    case "connected":
    case "disconnected":
    case "severed":
    case "frame":
    case "pushed":
      return [exchange(life, fact)];
    case "edited":
    case "saved":
    case "rekeyed":
    case "settled":
    case "asked":
    case "chosen":
    case "retried":
    case "discarded":
      return [edit(life, fact)];
    case "shown":
    case "read":
    case "invalidated":
    case "sync_started":
    case "sync_ended":
    case "advanced":
    case "noticed":
      return [view(fact)];
    case "committed":
      return [committed(fact)];
    case "push_handed_over":
      return [here("*", "pushout", `${fact.entity} @${shortRevision(fact.revision)} to the push service`)];
    case "phase":
    case "cut_off":
    case "replica":
    case "fresh_replica":
      return [run(fact)];
    default:
      return [lived(life, fact)];
  }
}

function lived(life: TracedLife, fact: Extract<Fact, { readonly fact: LifeName }>): Told {
  switch (fact.fact) {
    case "started":
      return here(
        " ",
        "start",
        `${fact.cold ? "again" : "first time"}, ${fact.online ? "online" : "offline"}`,
      );
    case "killed":
      return here(" ", "killed", whatAKillTook(life));
    case "opened":
      return here(" ", "open", "in the foreground");
    case "closed":
      return here(" ", "close", "in the background");
    case "online":
      return here(" ", "online", "");
    case "offline":
      return here(" ", "offline", "");
    case "clock_set":
      return here(" ", "clock", fact.offsetMs === 0 ? "right" : `off by ${shortOffset(fact.offsetMs)}`);
    default:
      return assertNever(fact);
  }
}

type LifeName = "started" | "killed" | "opened" | "closed" | "online" | "offline" | "clock_set";

function whatAKillTook(life: TracedLife): string {
  const unsaved = [...life.queue].filter((mutation) => life.edits.get(mutation)?.saved === false);
  const gone = unsaved.length > 0 ? [`unsaved ${unsaved.map(shortKey).join(" ")}`] : [];
  const open = [...life.requests.keys()].map((request) => `#${request}`);
  return [...gone, ...(open.length > 0 ? [`unanswered ${open.join(" ")}`] : [])].join(", ");
}

type EditName = "edited" | "saved" | "rekeyed" | "settled" | "asked" | "chosen" | "retried" | "discarded";

function edit(life: TracedLife, fact: FactOf<EditName>): Told {
  const name = shortKey(fact.mutation);
  if (fact.fact === "edited") {
    const { operation, entity, id, base, payload, key, mutation } = fact;
    const on = base === undefined ? "" : ` on @${shortRevision(base)}`;
    const other = key === mutation ? "" : ` key ${shortKey(key)}`;
    const what = payload === undefined ? "" : `  ${mark(payload)} ${shortFields(payload)}`;
    return here(" ", "edit", `${operation} ${shortRecord(entity, id)}  ${name}${other}${on}${what}`);
  }
  const known = life.edits.get(fact.mutation);
  const record = known ? `${shortRecord(known.entity, known.id)}  ${name}` : name;
  switch (fact.fact) {
    case "saved":
      return here(" ", "saved", record);
    case "rekeyed":
      return here(" ", "rekey", `${record} goes on under key ${shortKey(fact.key)}`);
    case "settled": {
      const error = fact.error === undefined ? "" : ` ${ascii(fact.error)}`;
      const took = known ? `, ${shortSpan(fact.at - known.at)} after the edit` : "";
      return here(" ", fact.outcome, `${record}${error}${took}`);
    }
    case "asked":
      return here(" ", "ask", `${record}: mine, server or merge?`);
    case "chosen":
      return here(" ", "choose", `${record}: ${fact.choice}`);
    case "retried":
      return here(" ", "retry", `${record}: the user takes it up again`);
    case "discarded":
      return here(" ", "discard", `${record}: the user gives it up`);
    default:
      return assertNever(fact);
  }
}

type ViewName = "shown" | "read" | "invalidated" | "sync_started" | "sync_ended" | "advanced" | "noticed";

function view(fact: FactOf<ViewName>): Told {
  switch (fact.fact) {
    case "shown": {
      const fields = fact.fields === undefined ? "" : `  ${shortFields(fact.fields)}`;
      return here(" ", "show", `${shownBriefly(fact)}${fields}`);
    }
    case "read": {
      const what = fact.id === undefined ? `all ${fact.entity}s` : shortRecord(fact.entity, fact.id);
      const at = fact.revision === undefined ? "" : ` @${shortRevision(fact.revision)}`;
      return here(" ", "read", `${what}${at} ${fact.fresh ? "fresh" : "not fresh"}`);
    }
    case "invalidated": {
      const reads = fact.queries.map(({ entity, id }) =>
        id === undefined ? `all ${entity}s` : shortRecord(entity, id),
      );
      return here(" ", "stale", reads.join(", "));
    }
    case "sync_started":
      return here(" ", "sync", `${fact.sync} begins${because(fact.reason)}`);
    case "sync_ended": {
      const end = fact.revision === undefined ? "is given up" : `reaches @${shortRevision(fact.revision)}`;
      return here(" ", "sync", `${fact.sync} ${end}${because(fact.reason)}`);
    }
    case "advanced":
      return here(" ", "seen", `@${shortRevision(fact.revision)} ${fact.entity}`);
    case "noticed":
      return here(" ", "notice", fact.notice);
    default:
      return assertNever(fact);
  }
}

/** A record shown, with others on its line: `task-0 @7599263.1 =3fa2`. */
export function shownBriefly({ entity, id, revision, fields, waiting }: FactOf<"shown">): string {
  const data = fields === undefined ? "gone" : mark(fields);
  const waits = waiting.map((mutation) => ` +${shortKey(mutation)}`).join("");
  return `${shortRecord(entity, id)} @${shortRevision(revision)} ${data}${waits}`;
}

function because(reason: string | undefined): string {
  return reason === undefined ? "" : `, reason ${ascii(reason)}`;
}

function committed(fact: FactOf<"committed">): Told {
  const { entity, id, action, revision, previous, record, key, ifMatch, resolution } = fact;
  const text = [
    `${action} ${shortRecord(entity, id)} @${shortRevision(revision)}`,
    record ? mark(record) : "",
    previous === undefined ? "" : `was @${shortRevision(previous)}`,
    ifMatch === undefined || ifMatch === previous ? "" : `if @${shortRevision(ifMatch)}`,
    key === undefined ? "" : ` ${shortKey(key)}`,
    resolution ?? "",
  ];
  return here("*", "commit", text.filter((part) => part !== "").join(" "));
}

const PHASES: Readonly<Record<FactOf<"phase">["phase"], string>> = {
  agitate: "the run begins, faults are on",
  heal: "faults stop, everything must settle",
  settled: "all is settled",
  unsettled: "time is up, and not all is settled",
};

function run(fact: FactOf<"phase" | "cut_off" | "replica" | "fresh_replica">): Told {
  switch (fact.fact) {
    case "phase":
      return here(" ", "run", PHASES[fact.phase]);
    case "cut_off": {
      const text = `proxy instances hear of changes late for ${shortSpan(fact.until - fact.at)}`;
      return here(" ", "run", text);
    }
    case "replica":
      return here(" ", "holds", `${fact.records.length} records, ${fact.waiting} edits wait`);
    case "fresh_replica":
      return here(" ", "fresh", `a new device holds ${fact.records.length} records`);
    default:
      return assertNever(fact);
  }
}
