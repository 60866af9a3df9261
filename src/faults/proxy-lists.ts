/**
 * Owns the planted faults of the proxy about merging stale updates of lists (section 5, MRG-5 to MRG-8).
 * Refuses to share code with the probes that must catch them.
 */

import type { JsonObject } from "../base/canonical-json.ts";
import type { Fields, ListItem, WireRecord } from "../protocol/entity.ts";
import { itemsOf } from "../protocol/merge.ts";
import { fieldsOf } from "../protocol/patch.ts";
import type { Decision } from "../proxy/decide.ts";
import { PROXY_PARTS } from "../proxy/engine.ts";
import { conflictReply, recordReply } from "../proxy/reply.ts";
import type { Version } from "../proxy/store.ts";
import type { Parts } from "../simulation/parts.ts";
import type { Fault } from "./fault.ts";
import { answeredBy } from "./proxy-conflicts.ts";
import { withResolution, withStamps } from "./proxy-merges.ts";
import { proxyFault, withCase, withDecision, withEngine } from "./seams.ts";
import { objectOf } from "./wire.ts";

export const LIST_FAULTS: readonly Fault[] = [
  proxyFault({
    name: "stale-list-is-refused",
    rules: ["MRG-5", "MRG-6", "MRG-7", "MRG-8"],
    smallest: "two updates of one list on one base",
    text: "A stale update of a list is 409. Seen where merging was left for the next release.",
    plant: (parts) =>
      withDecision(parts, (at, decide) => {
        const decision = decide(at);
        const { current } = at.view;
        if (at.mutation.entity !== "list" || decision.remark.resolution === undefined || !current) {
          return decision;
        }
        const reply = conflictReply("conflict", current, at.mutation.payload);
        return { reply, replayed: false, plan: undefined, remark: {} };
      }),
  }),
  proxyFault({
    name: "merge-is-not-told",
    rules: ["MRG-5", "MRG-3"],
    smallest: "two updates of one list on one base",
    text: "A merged answer does not say that it was merged, and the device takes what it sent for what is there. Seen where meta was optional.",
    plant: (parts) => withResolution(parts, () => undefined),
  }),
  proxyFault({
    name: "same-item-twice",
    rules: ["MRG-5", "MRG-7"],
    smallest: "the same item added by two devices on one base",
    text: "An item that both sides added stands in the list twice. What concatenating two arrays does.",
    plant: (parts) =>
      withMergedItems(parts, (merged, { base, client }) => {
        const before = new Set(base.map(({ id }) => id));
        const count = new Map(merged.map(({ id }) => [id, 1]));
        return [...merged, ...client.filter(({ id }) => !before.has(id) && count.has(id))];
      }),
  }),
  proxyFault({
    name: "added-within-a-second-lost",
    rules: ["MRG-5", "MRG-7"],
    smallest: "an item added on either side on one base, at once",
    text: "Of items that both sides added only those of the side with the longer list survive. Seen where arrays were compared by length.",
    plant: (parts) =>
      withMergedItems(parts, (merged, { base, server, client }) => {
        if (client.length > server.length) return merged;
        const before = new Set(base.map(({ id }) => id));
        const theirs = new Set(server.map(({ id }) => id));
        return merged.filter(({ id }) => theirs.has(id) || before.has(id));
      }),
  }),
  proxyFault({
    name: "removed-items-return",
    rules: ["MRG-6"],
    smallest: "an item removed on one side and untouched on the other",
    text: "A merge is the union of both sides: what one of them removed comes back. What Amazon's first Dynamo shopping cart was known for.",
    plant: (parts) =>
      withCase(parts, (at) =>
        at.mutation.entity === "list" ? { ...at, view: { ...at.view, base: undefined } } : at,
      ),
  }),
  proxyFault({
    name: "edited-items-go",
    rules: ["MRG-6", "MRG-5"],
    smallest: "an item edited on one side and removed on the other",
    text: "An item removed on one side goes, though the other side edited it meanwhile. What a set of tombstones does that knows no edits.",
    plant: (parts) =>
      withMergedItems(parts, (merged, { base, server, client }) => {
        const here = (items: readonly ListItem[], id: string) => items.some((item) => item.id === id);
        return merged.filter(({ id }) => !here(base, id) || (here(server, id) && here(client, id)));
      }),
  }),
  proxyFault({
    name: "new-items-first",
    rules: ["MRG-7"],
    smallest: "an item added by a stale update",
    text: "The client's new items come before the server's. Seen with unshift instead of push.",
    plant: (parts) =>
      withMergedItems(parts, (merged, { server }) => {
        const known = new Set(server.map(({ id }) => id));
        return [...merged.filter(({ id }) => !known.has(id)), ...merged.filter(({ id }) => known.has(id))];
      }),
  }),
  proxyFault({
    name: "new-items-sorted",
    rules: ["MRG-7"],
    smallest: "two items added by a stale update, the larger id first",
    text: "The client's new items are put in by id, not in the client's order. Seen where they went through a sorted map.",
    plant: (parts) =>
      withMergedItems(parts, (merged, { server }) => {
        const known = new Set(server.map(({ id }) => id));
        const added = merged.filter(({ id }) => !known.has(id));
        const sorted = [...added].sort((left, right) => (left.id < right.id ? -1 : 1));
        return [...merged.filter(({ id }) => known.has(id)), ...sorted];
      }),
  }),
  proxyFault({
    name: "item-edit-by-arrival",
    rules: ["MRG-7"],
    smallest: "two edits of one item's text on one base, the older one last",
    text: "Of two edits to one field of one item the later to arrive stays. Seen where items had no times of their own.",
    plant: (parts) =>
      withStamps(parts, "list", (_stamp, _own, name) => (name.startsWith("items/") ? null : undefined)),
  }),
  proxyFault({
    name: "list-name-by-arrival",
    rules: ["MRG-7"],
    smallest: "two renamings of one list on one base, the older one last",
    text: "Of two names for one list the later to arrive stays, while its items are merged with care. Seen where the merge was written for the items.",
    plant: (parts) =>
      withStamps(parts, "list", (_stamp, _own, name) => (name.startsWith("items") ? undefined : null)),
  }),
  proxyFault({
    name: "event-before-merge",
    rules: ["MRG-8", "EVT-1"],
    smallest: "a socket, and two updates of one list on one base",
    text: "The event of a merged write has the record as it was sent, before it was merged. Seen where the event was made from the request.",
    plant: (parts) =>
      withEngine(parts, () => {
        const sent = new Map<string, WireRecord>();
        return {
          decide: (at) => {
            const decision = PROXY_PARTS.decide(at);
            const version = decision.plan?.version;
            const payload = objectOf(at.mutation.payload);
            if (version?.record && decision.remark.resolution === "merged" && payload) {
              const { id, revisionId, updatedAt } = version.record;
              sent.set(version.revision, {
                ...version.record,
                ...payload,
                id,
                revisionId,
                updatedAt,
              } as WireRecord);
            }
            return decision;
          },
          eventOf: (version) =>
            PROXY_PARTS.eventOf({ ...version, record: sent.get(version.revision) ?? version.record }),
        };
      }),
  }),
  proxyFault({
    name: "answer-before-merge",
    rules: ["MRG-8", "BAT-3"],
    smallest: "two updates of one list on one base",
    text: "The answer of a merged write echoes what was sent instead of what is there. Seen where a handler returns its input.",
    plant: (parts) =>
      withDecision(parts, (at, decide) => {
        const decision = decide(at);
        const body = objectOf(decision.reply.body);
        const payload = objectOf(at.mutation.payload);
        if (decision.remark.resolution !== "merged" || !body || !payload) return decision;
        const data = objectOf(body.data) as WireRecord;
        const { id, revisionId, updatedAt } = data;
        const echoed = { ...data, ...payload, id, revisionId, updatedAt };
        return answeredBy(decision, { ...decision.reply, body: { ...body, data: echoed } });
      }),
  }),
];

interface Sides {
  readonly base: readonly ListItem[];
  readonly server: readonly ListItem[];
  readonly client: readonly ListItem[];
}

/** Parts whose merged lists have other items. */
function withMergedItems(
  parts: Parts,
  change: (merged: readonly ListItem[], sides: Sides) => readonly ListItem[],
): Parts {
  return withDecision(parts, (at, decide): Decision => {
    const decision = decide(at);
    const { plan } = decision;
    const record = plan?.version?.record;
    const base = at.view.base?.record;
    const payload = objectOf(at.mutation.payload);
    const server = at.view.current?.record;
    if (at.mutation.entity !== "list" || decision.remark.resolution !== "merged") return decision;
    if (!plan?.version || !record || !base || !server || !payload?.items) return decision;
    const sides = {
      base: itemsOf(fieldsOf(base)),
      server: itemsOf(fieldsOf(server)),
      client: itemsOf(payload as Fields),
    };
    const items = change(itemsOf(fieldsOf(record)), sides);
    const version: Version = {
      ...plan.version,
      record: { ...record, items: items as unknown as JsonObject[] },
    };
    const changed = { ...decision, plan: { ...plan, version } };
    return answeredBy(changed, recordReply(200, version, decision.remark));
  });
}
