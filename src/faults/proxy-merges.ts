/**
 * Owns the planted faults of the proxy about merging stale updates of contacts and tasks (section 5, MRG).
 * Refuses to share code with the probes that must catch them.
 */

import { jsonEqual } from "../base/canonical-json.ts";
import { SECOND_MS } from "../base/time.ts";
import type { Fields, WireRecord } from "../protocol/entity.ts";
import { fieldsOf } from "../protocol/patch.ts";
import { AHEAD_MS_MAX, compareStamps, type Stamp, type Stamps } from "../protocol/stamps.ts";
import type { Case } from "../proxy/decide.ts";
import { conflictReply } from "../proxy/reply.ts";
import { stampsOf, type Version } from "../proxy/store.ts";
import type { Parts } from "../simulation/parts.ts";
import type { Fault } from "./fault.ts";
import { answeredBy, withMatch } from "./proxy-conflicts.ts";
import { boundAs, mutated, proxyFault, withCase, withDecision } from "./seams.ts";
import { objectOf } from "./wire.ts";

export const MERGE_FAULTS: readonly Fault[] = [
  proxyFault({
    name: "contacts-merged-too",
    rules: ["MRG-1", "CON-2"],
    smallest: "two updates of different fields of one contact on one base",
    text: "A stale update of a contact is applied when it touches other fields than the one before it. Seen where somebody found 409s too many.",
    plant: (parts) =>
      withMatch(parts, ({ ifMatch, current, at }) => {
        const base = at.view.base?.record;
        if (current.entity !== "contact" || at.mutation.operation !== "update" || !base) return ifMatch;
        const now: Fields = fieldsOf(current.record as WireRecord);
        const then: Fields = fieldsOf(base);
        const touched = Object.keys(objectOf(at.mutation.payload) ?? {});
        return touched.every((name) => jsonEqual(now[name], then[name])) ? current.revision : ifMatch;
      }),
  }),
  proxyFault({
    name: "tie-by-arrival",
    rules: ["MRG-2", "MRG-3"],
    smallest: "two updates of one field of one task on one base, with one timestamp",
    text: "Of two writes with the same time the later to arrive stays. What `>=` on a timestamp does: replicas end apart.",
    plant: (parts) =>
      withTasks(parts, (stamp, own) =>
        stamp.timeMs === own.timeMs ? { ...stamp, deviceId: "", key: "" } : stamp,
      ),
  }),
  proxyFault({
    name: "tie-without-key",
    rules: ["MRG-2", "MRG-3"],
    smallest: "the same, by one device",
    text: "Of two writes with the same time and device the later to arrive stays: the key is not compared. Seen where nobody thought that one phone could tie with itself.",
    plant: (parts) =>
      withTasks(parts, (stamp, own) =>
        stamp.timeMs === own.timeMs && stamp.deviceId === own.deviceId ? { ...stamp, key: "" } : stamp,
      ),
  }),
  proxyFault({
    name: "tie-the-other-way",
    rules: ["MRG-2", "MRG-3"],
    smallest: "two updates of one field of one task on one base, with one timestamp",
    text: "Of two writes with the same time the smaller device id stays: consistent, and the opposite of what every device computes. Seen with an ORDER BY without DESC.",
    plant: (parts) =>
      withTasks(parts, (stamp, own) => {
        if (stamp.timeMs !== own.timeMs || stamp.deviceId === own.deviceId) return stamp;
        return { ...stamp, deviceId: stamp.deviceId < own.deviceId ? "\u{10ffff}" : "" };
      }),
  }),
  proxyFault({
    name: "seconds-only",
    rules: ["MRG-2", "MRG-3", "CON-12", "MRG-4"],
    smallest: "two updates of one field of one task on one base, half a second apart, the later one first",
    text: "Timestamps are cut to seconds. What MySQL's DATETIME does unless it is told otherwise.",
    plant: (parts) =>
      withCase(parts, (at) => {
        const { timestamp = at.nowMs } = at.mutation;
        if (typeof timestamp !== "number" || at.mutation.operation === "delete") return at;
        return mutated(at, { timestamp: timestamp - (timestamp % SECOND_MS) });
      }),
  }),
  proxyFault({
    name: "last-arrival-wins",
    rules: ["MRG-2", "MRG-3", "BAT-4"],
    smallest: "two updates of one field of one task on one base, the older one last",
    text: "A stale update of a task is simply applied: the last to arrive wins, not the last to write. What `last write wins` means to most databases.",
    plant: (parts) => withTasks(parts, () => undefined),
  }),
  proxyFault({
    name: "partly-lost-is-refused",
    rules: ["MRG-3", "MRG-11"],
    smallest: "a stale update of two fields of a task, of which one is newer",
    text: "A stale update of a task that loses one field is 409 as a whole. Seen where the merge returned a boolean.",
    plant: (parts) =>
      withDecision(parts, (at, decide) => {
        const decision = decide(at);
        const { current } = at.view;
        if (at.mutation.entity !== "task" || decision.remark.resolution !== "merged" || !current)
          return decision;
        const reply = conflictReply("conflict", current, at.mutation.payload);
        return { reply, replayed: false, plan: undefined, remark: {} };
      }),
  }),
  proxyFault({
    name: "always-client-won",
    rules: ["MRG-3", "MRG-5"],
    smallest: "a stale update of two fields of a task, of which one is newer",
    text: "Every stale update that was not refused says `client_won`, so that the device keeps what it lost. Seen where the word was a constant.",
    plant: (parts) => withResolution(parts, () => "client_won"),
  }),
  proxyFault({
    name: "fast-clock-holds",
    rules: ["MRG-4", "MRG-2"],
    smallest: "an update from a clock an hour ahead, and a concurrent one ten seconds later",
    text: "A timestamp from the future counts as it is: one fast clock holds a field for as long as it is ahead. Seen with every last-writer-wins store that trusts its clients.",
    plant: (parts) =>
      withDecision(parts, (at, decide) => {
        const decision = decide(at);
        const { plan } = decision;
        const { timestamp } = at.mutation;
        const counted = ownStampOf(at);
        if (!plan?.version || typeof timestamp !== "number" || timestamp === counted.timeMs) return decision;
        const stamps = new Map(
          [...plan.version.stamps].map(([name, stamp]) => [
            name,
            compareStamps(stamp, counted) === 0 ? { ...stamp, timeMs: timestamp } : stamp,
          ]),
        );
        return { ...decision, plan: { ...plan, version: { ...plan.version, stamps } } };
      }),
  }),
  proxyFault({
    name: "fast-clock-is-now",
    rules: ["MRG-4", "MRG-2"],
    smallest: "an update from a clock an hour ahead, and at once a concurrent one from a clock 3 s ahead",
    text: "A timestamp too far ahead counts as the receive time, without the 5 s. Seen as min(timestamp, now).",
    plant: (parts) =>
      withCase(parts, (at) => {
        const { timestamp } = at.mutation;
        const far = typeof timestamp === "number" && timestamp > at.nowMs + AHEAD_MS_MAX;
        return far ? mutated(at, { timestamp: at.nowMs }) : at;
      }),
  }),
  proxyFault({
    name: "stamp-falls",
    rules: ["MRG-4", "MRG-2"],
    smallest: "an update without If-Match from a slow clock, and a concurrent one between the two",
    text: "A write without If-Match sets the field's stamp to its own, though it is older. Seen where value and time were written by one statement.",
    plant: (parts) =>
      withDecision(parts, (at, decide) => {
        const decision = decide(at);
        const { plan } = decision;
        const { operation, ifMatch, payload } = at.mutation;
        if (operation !== "update" || ifMatch !== undefined || !plan?.version) return decision;
        const own = ownStampOf(at);
        const stamps = new Map(plan.version.stamps);
        for (const field of Object.keys(objectOf(payload) ?? {}))
          if (stamps.has(field)) stamps.set(field, own);
        return { ...decision, plan: { ...plan, version: { ...plan.version, stamps } } };
      }),
  }),
  proxyFault({
    name: "whole-record-wins",
    rules: ["MRG-11", "MRG-2", "MRG-3"],
    smallest: "two updates of different fields of one task on one base",
    text: "The later write of a task wins as a whole record: the other's field goes back. What a last-writer-wins row does, in DynamoDB's global tables for instance.",
    plant: (parts) =>
      withDecision(parts, (at, decide) => {
        const { mutation, view } = at;
        const base = view.base?.record;
        const payload = objectOf(mutation.payload);
        if (
          mutation.entity !== "task" ||
          mutation.operation !== "update" ||
          !base ||
          !payload ||
          !isStale(at)
        ) {
          return decide(at);
        }
        const now = Object.keys(fieldsOf(view.current?.record as WireRecord));
        const gone = now.map((field): readonly [string, null] => [field, null]);
        const whole = { ...Object.fromEntries(gone), ...fieldsOf(base), ...payload };
        return boundAs(decide(mutated(at, { payload: whole })), at);
      }),
  }),
];

/** Whether the write names another revision than the current one of a living record, and no key answers for it. */
export function isStale({ mutation, view }: Case): boolean {
  const { current, remembered } = view;
  if (remembered || !current?.record || mutation.ifMatch === undefined) return false;
  return mutation.ifMatch !== current.revision && mutation.ifMatch !== "*";
}

function ownStampOf({ mutation, nowMs }: Case): Stamp {
  const { timestamp, deviceId, key } = mutation;
  const timeMs = typeof timestamp === "number" ? Math.min(timestamp, nowMs + AHEAD_MS_MAX) : nowMs;
  return { timeMs, deviceId: deviceId ?? "", key: key ?? "" };
}

/** How a stale write sees a stamp of the record: another one, undefined as it is, null as if nothing were there. */
type SeenStamp = (stamp: Stamp, own: Stamp, name: string) => Stamp | null | undefined;

/** Parts whose stale updates of this entity meet other stamps. */
export function withStamps(parts: Parts, entity: Version["entity"], seen: SeenStamp): Parts {
  return withCase(parts, (at) => {
    const { mutation, view } = at;
    const { current } = view;
    if (mutation.entity !== entity || mutation.operation !== "update" || !current || !isStale(at)) return at;
    const own = ownStampOf(at);
    const raised: Stamps = new Map(
      [...stampsOf(current)].flatMap(([name, stamp]) => {
        const changed = seen(stamp, own, name);
        return changed === null ? [] : [[name, changed ?? stamp] as const];
      }),
    );
    return { ...at, view: { ...view, current: { ...current, raised } } };
  });
}

function withTasks(parts: Parts, seen: (stamp: Stamp, own: Stamp) => Stamp | undefined): Parts {
  return withStamps(parts, "task", (stamp, own) => seen(stamp, own) ?? null);
}

/** Parts whose answers to stale updates say that they ended so. */
export function withResolution(parts: Parts, say: () => "client_won" | undefined): Parts {
  return withDecision(parts, (at, decide) => {
    const decision = decide(at);
    const body = objectOf(decision.reply.body);
    const meta = objectOf(body?.meta);
    if (decision.replayed || !meta || meta.resolution === undefined) return decision;
    const { resolution: _resolution, ...rest } = meta;
    const said = say();
    const told = said === undefined ? rest : { ...rest, resolution: said };
    return answeredBy(decision, { ...decision.reply, body: { ...body, meta: told } });
  });
}
