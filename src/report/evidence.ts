/**
 * Owns how facts stand in a report: members sorted, the device named, long ones cut down to their plain members.
 * Refuses to know which rule they speak for.
 */

import { canonicalJson, type JsonObject } from "../base/canonical-json.ts";
import type { Fact, Roster } from "../history/facts.ts";
import { cut } from "./layout.ts";

/** Facts of one violation that a report shows. */
export const EVIDENCE_FACTS_MAX = 20;
/** A fact whose JSON is longer than this is cut: whole replicas do not belong in a report. */
export const EVIDENCE_CHARACTERS_MAX = 4_000;

/** A member of a fact is cut to this on a line for people. */
const MEMBER_CHARACTERS_MAX = 80;

/** A fact as a report has it. `on` is the device's name; `cut: true` marks one that lost its long members. */
export function reportFact(fact: Fact, roster: Roster): JsonObject {
  const named =
    "device" in fact && fact.device !== undefined ? { ...fact, on: deviceName(fact.device, roster) } : fact;
  const text = canonicalJson(named);
  if (text.length <= EVIDENCE_CHARACTERS_MAX) return JSON.parse(text) as JsonObject;
  const plain = Object.entries(named).filter(([, value]) => value === null || typeof value !== "object");
  const short = plain.map(
    ([name, value]) => [name, typeof value === "string" ? value.slice(0, 200) : value] as const,
  );
  return JSON.parse(canonicalJson({ ...Object.fromEntries(short), cut: true })) as JsonObject;
}

function deviceName(device: number, roster: Roster): string {
  return roster.devices[device]?.name ?? `device ${device}`;
}

/** A fact on one line for people: what, where, and its plain members. */
export function factLine(fact: JsonObject): string {
  const { fact: what, on, at: _at, device: _device, account: _account, cut: _cut, ...rest } = fact;
  const members = Object.entries(rest)
    .filter(([, value]) => value !== null && typeof value !== "object")
    .map(([name, value]) => `${name} ${onOneLine(String(value))}`);
  return [on === undefined ? "server" : String(on), String(what), members.join(", ")]
    .filter((part) => part !== "")
    .join(" · ");
}

function onOneLine(text: string): string {
  return cut(text.replaceAll(/\s+/g, " "), MEMBER_CHARACTERS_MAX);
}
