/**
 * Owns how the faults of a run read for people: how often each struck, most first.
 * Refuses to know how they are brought about, and which of them a scenario switched on.
 */

import { grouped } from "./numbers.ts";
import type { SimulationReport } from "./result-schema.ts";

/** After a number: of one, and of several where that is another word. A fault without words goes by its name. */
const WORDS: ReadonlyMap<string, readonly [one: string, several?: string]> = new Map([
  ["loss", ["lost"]],
  ["duplication", ["doubled"]],
  ["reordering", ["reordered"]],
  ["tunnel", ["tunnel", "tunnels"]],
  ["partition", ["partition", "partitions"]],
  ["captive-portal", ["captive portal", "captive portals"]],
  ["stripped-headers", ["stripped"]],
  ["weakened-etags", ["ETag weakened", "ETags weakened"]],
  ["timeout-before", ["timed out before"]],
  ["timeout-after", ["timed out after"]],
  ["half-open-socket", ["socket half-open", "sockets half-open"]],
  ["refused-socket", ["socket refused", "sockets refused"]],
  ["delay-spike", ["delay spike", "delay spikes"]],
  ["kill", ["kill", "kills"]],
  ["kill-after-edit", ["kill after an edit", "kills after an edit"]],
  ["kill-before-send", ["kill before send", "kills before send"]],
  ["kill-after-send", ["kill after send", "kills after send"]],
  ["kill-before-store", ["kill before store", "kills before store"]],
  ["kill-before-revision", ["kill before revision", "kills before revision"]],
  ["kill-between-pages", ["kill between pages", "kills between pages"]],
  ["failed-write", ["write failed", "writes failed"]],
  ["full-storage", ["write to full storage", "writes to full storage"]],
  ["clock-offset", ["clock wrong", "clocks wrong"]],
  ["clock-years-off", ["clock years off", "clocks years off"]],
  ["clock-step", ["clock step", "clock steps"]],
  ["proxy-clock-step", ["proxy clock step", "proxy clock steps"]],
  ["twin-creates", ["twin creates"]],
  ["absence", ["absence", "absences"]],
  ["token-expiry", ["token expired", "tokens expired"]],
  ["account-switch", ["account switch", "account switches"]],
  ["older-app", ["app updated", "apps updated"]],
  ["app-update", ["app replaced", "apps replaced"]],
  ["new-field", ["new field", "new fields"]],
  ["new-frame", ["new frame", "new frames"]],
  ["new-entity", ["new entity", "new entities"]],
  ["foreign-protocol", ["foreign protocol"]],
  ["outage", ["outage", "outages"]],
  ["cut-off", ["instance cut off", "instances cut off"]],
  ["fan-out-lag", ["late fan-out", "late fan-outs"]],
  ["push-late", ["push late", "pushes late"]],
  ["push-loss", ["push lost", "pushes lost"]],
  ["push-duplication", ["push doubled", "pushes doubled"]],
  ["dead-push-token", ["push token died", "push tokens died"]],
  ["webhook", ["webhook", "webhooks"]],
  ["webhook-duplication", ["webhook doubled", "webhooks doubled"]],
  ["webhook-reordering", ["webhook overtaken", "webhooks overtaken"]],
  ["rollout", ["rollout", "rollouts"]],
  ["legacy-write", ["legacy write", "legacy writes"]],
  ["dialog-put-off", ["dialog put off", "dialogs put off"]],
  ["dialog-ignored", ["dialog ignored", "dialogs ignored"]],
]);

/** `1 204 lost`, `1 kill`, `12 kills`. */
export function faultText(name: string, count: number): string {
  const [one, several = one] = WORDS.get(name) ?? [name];
  return `${grouped(count)} ${count === 1 ? one : several}`;
}

/** The faults that struck, most first, and among as many in the order of the report. */
export function faultsSeen({
  faults,
}: SimulationReport): readonly (readonly [name: string, count: number])[] {
  return Object.entries(faults)
    .filter(([, count]) => count > 0)
    .sort(([, left], [, right]) => right - left);
}

/** All that struck on one line of at most `width` characters, or as many as it has room for; empty when none did. */
export function faultLine(report: SimulationReport, width: number): string {
  const texts = faultsSeen(report).map(([name, count]) => faultText(name, count));
  for (let shown = texts.length; shown > 1; shown--) {
    const more = shown < texts.length ? [`${texts.length - shown} more`] : [];
    const line = [...texts.slice(0, shown), ...more].join(" · ");
    if (line.length <= width) return line;
  }
  return texts[0] ?? "";
}
