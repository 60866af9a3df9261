/**
 * Owns how a plan is told in words: one short sentence for each action, for steps and reports.
 * Refuses to know what comes of it.
 */

import { assertNever } from "../base/assert.ts";
import { formatDuration } from "../base/time.ts";
import type { Action, Deed, Plan, RecordName, When } from "../simulation/plan.ts";

/** The actions in the order in which they happen, those at hooks last: `at 1s a0-d0 opens the app`. */
export function tellPlan(plan: Plan, nameOf: (device: number) => string): readonly string[] {
  const order = (at: When): number => ("ms" in at ? at.ms : Number.MAX_SAFE_INTEGER);
  return [...plan.actions]
    .sort((left, right) => order(left.at) - order(right.at))
    .map((action) => tellAction(action, nameOf));
}

function tellAction({ at, deed }: Action, nameOf: (device: number) => string): string {
  return `${tellWhen(at, nameOf)} ${tellDeed(deed, nameOf)}`;
}

function tellWhen(at: When, nameOf: (device: number) => string): string {
  if ("ms" in at) return `at ${formatDuration(at.ms)}`;
  const by = at.device === undefined ? "" : ` of ${nameOf(at.device)}`;
  return at.nth === 1 ? `at the first ${at.hook}${by}` : `at ${at.hook}${by} number ${at.nth}`;
}

function tellDeed(deed: Deed, nameOf: (device: number) => string): string {
  switch (deed.do) {
    case "write":
      return `another client of account ${deed.account} ${verbOf(deed.operation)} ${deed.entity} ${tellRecord(deed.record) || String(deed.fields?.id ?? "")}`.trimEnd();
    case "outage":
      return `proxy ${deed.instance} is down for ${formatDuration(deed.forMs)}`;
    case "cut-off":
      return `proxy ${deed.instance} is cut off for ${formatDuration(deed.forMs)}`;
    case "proxy-clock":
      return `the proxy's clock steps by ${deed.byMs} ms`;
    case "lose":
      return "the answer is lost";
    default:
      return `${nameOf(deed.device)} ${tellOnDevice(deed)}`;
  }
}

function tellOnDevice(deed: Extract<Deed, { readonly device: number }>): string {
  switch (deed.do) {
    case "open":
      return "opens the app";
    case "close":
      return "puts the app down";
    case "kill":
      return "is killed";
    case "edit":
      return `${verbOf(deed.operation)} ${deed.entity} ${tellRecord(deed.record) || (deed.label ?? "")}`.trimEnd();
    case "read":
      return `looks at ${deed.record === undefined ? `all ${deed.entity}s` : `${deed.entity} ${tellRecord(deed.record)}`}`;
    case "refresh":
      return "pulls to refresh";
    case "offline":
      return `is offline for ${formatDuration(deed.forMs)}`;
    case "partition":
      return `sends nothing ${deed.direction} for ${formatDuration(deed.forMs)}`.replace(
        "sends nothing down",
        "receives nothing",
      );
    case "sever":
      return "loses its socket, and is not told";
    case "clock":
      return `has its clock set by ${deed.byMs} ms`;
    case "full-storage":
      return `can store nothing for ${formatDuration(deed.forMs)}`;
    case "expired-token":
      return `has an expired token for ${formatDuration(deed.forMs)}`;
    default:
      return assertNever(deed);
  }
}

function verbOf(operation: "create" | "update" | "delete"): string {
  return { create: "creates", update: "changes", delete: "deletes" }[operation];
}

function tellRecord(name: RecordName | undefined): string {
  if (name === undefined) return "";
  if ("seed" in name) return `number ${name.seed}`;
  return "made" in name ? name.made : name.id;
}
