/**
 * Owns the short forms of a trace: ids, revisions, spans and values in ASCII, each the same wherever it stands.
 * Refuses to know facts and columns. What was shortened has a `~`, and what is left of it can be searched for.
 */

import { canonicalJson, type Json } from "../base/canonical-json.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from "../base/time.ts";
import { Lanes } from "../history/lanes.ts";
import type { Fields } from "../protocol/entity.ts";
import { withoutReserved } from "../protocol/patch.ts";

const ID_MAX = 16;
const REVISION_MAX = 11;
const VALUE_MAX = 28;
/** Of a device's own ids, `task_1adz3uf0utqipe1l24pig_1`: what, 96 random bits, a count. */
const MADE_ID = /^(?:(\w+)_)?([0-9a-z]{14,})_([0-9a-z]+)$/;
const MADE_KEPT = 6;

/** `task_1adz3uf0utqipe1l24pig_1` as `task_1adz3u~1`; what is short already as it is. */
export function shortId(id: string): string {
  const plain = ascii(id);
  const [, what, random = "", count] = MADE_ID.exec(plain) ?? [];
  if (count !== undefined)
    return `${what === undefined ? "" : `${what}_`}${random.slice(0, MADE_KEPT)}~${count}`;
  return middleCut(plain, ID_MAX);
}

/** A mutation or its key: as an id, without `mutation_` or `key_`. */
export function shortKey(key: string): string {
  return shortId(key).replace(/^mutation_(?=.*~)/, "");
}

/** `rev_1767597212_00000a` as `7597212.a`: seven digits of the seconds, the suffix without zeros. */
export function shortRevision(revision: string | undefined): string {
  if (revision === undefined) return "-";
  const [, seconds = "", suffix] = /^rev_\d{3}(\d{7})_0*([0-9a-z]+)$/.exec(revision) ?? [];
  return suffix === undefined ? tailCut(ascii(revision), REVISION_MAX) : `${seconds}.${suffix}`;
}

/** A record: its id, with the entity before it unless the id begins with that. */
export function shortRecord(entity: string, id: string): string {
  return id.startsWith(entity) ? shortId(id) : `${ascii(entity)}/${shortId(id)}`;
}

/** Time since the run began: `0d 07:13:36.737`, 15 characters up to day 9, one more up to 99. */
export function elapsed(ms: number): string {
  const inDay = ms - Math.floor(ms / DAY_MS) * DAY_MS;
  const clock = [
    pad(Math.floor(inDay / HOUR_MS), 2),
    pad(Math.floor(inDay / MINUTE_MS) % 60, 2),
    pad(Math.floor(inDay / SECOND_MS) % 60, 2),
  ];
  return `${Math.floor(ms / DAY_MS)}d ${clock.join(":")}.${pad(Math.floor(inDay) % SECOND_MS, 3)}`;
}

/** At most six characters below 100 days: `165ms`, `12.3s`, `15m02s`, `3h04m`, `2d20h`, `365d`. Rounded down. */
export function shortSpan(ms: number): string {
  if (ms < SECOND_MS) return `${Math.floor(ms)}ms`;
  if (ms < MINUTE_MS) return `${Math.floor(ms / SECOND_MS)}.${Math.floor(ms / 100) % 10}s`;
  if (ms < HOUR_MS) return `${Math.floor(ms / MINUTE_MS)}m${pad(Math.floor(ms / SECOND_MS) % 60, 2)}s`;
  if (ms < DAY_MS) return `${Math.floor(ms / HOUR_MS)}h${pad(Math.floor(ms / MINUTE_MS) % 60, 2)}m`;
  const days = Math.floor(ms / DAY_MS);
  return days < 100 ? `${days}d${pad(Math.floor(ms / HOUR_MS) % 24, 2)}h` : `${days}d`;
}

/** How far a clock is off: `+15m02s`, `-2d20h`. */
export function shortOffset(ms: number): string {
  return `${ms < 0 ? "-" : "+"}${shortSpan(Math.abs(ms))}`;
}

/** Bytes: `506B`, `12.3kB`, `1.2MB`. */
export function shortBytes(bytes: number): string {
  if (bytes < 1_000) return `${bytes}B`;
  return bytes < 1_000_000 ? `${(bytes / 1_000).toFixed(1)}kB` : `${(bytes / 1_000_000).toFixed(1)}MB`;
}

/** Four hex digits over the fields of a record or patch, whatever their order: equal data, equal digits. */
export function mark(fields: Fields): string {
  const lanes = new Lanes();
  lanes.text(canonicalJson(withoutReserved(fields)));
  return `=${lanes.hex().slice(0, 4)}`;
}

/** Fields for people: `name="Ada" done=false items=[i1,i2]`; of list items their ids alone. */
export function shortFields(fields: Fields): string {
  return Object.entries(withoutReserved(fields))
    .map(([name, value]) => `${shortId(name)}=${shortValue(value)}`)
    .join(" ");
}

/** Text in which nothing steers a terminal or turns the line around: all but printable ASCII is escaped. */
export function ascii(text: string): string {
  return text.replaceAll(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** `text` cut at its end to `width` characters, a `~` for what is lost. */
export function endCut(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}~`;
}

function shortValue(value: Json): string {
  if (typeof value === "string") return `"${middleCut(ascii(value), VALUE_MAX)}"`;
  if (Array.isArray(value)) return `[${value.map(itemName).join(",")}]`;
  return middleCut(ascii(canonicalJson(value)), VALUE_MAX);
}

function itemName(item: Json): string {
  const id =
    typeof item === "object" && item !== null && !Array.isArray(item) && "id" in item ? item.id : item;
  return typeof id === "string" ? shortId(id) : middleCut(ascii(canonicalJson(id)), ID_MAX);
}

/** The end says more than the beginning in ids and in the texts of a simulated user. */
function middleCut(text: string, width: number): string {
  if (text.length <= width) return text;
  const head = Math.floor((width - 1) / 3);
  return `${text.slice(0, head)}~${text.slice(text.length - (width - 1 - head))}`;
}

function tailCut(text: string, width: number): string {
  return text.length <= width ? text : `~${text.slice(text.length - (width - 1))}`;
}

function pad(value: number, width: number): string {
  return String(value).padStart(width, "0");
}
