/**
 * Owns the planted faults of the proxy about the modes of the rollout and what is declared (section 5, FLG).
 * Refuses to share code with the probes that must catch them.
 */

import type { JsonObject } from "../base/canonical-json.ts";
import { GENESIS } from "../protocol/revision.ts";
import { isTag } from "../proxy/precondition.ts";
import { conflictReply, refusal } from "../proxy/reply.ts";
import type { Parts } from "../simulation/parts.ts";
import { type Fault, withProxy } from "./fault.ts";
import { answeredBy } from "./proxy-conflicts.ts";
import { isStale } from "./proxy-merges.ts";
import { proxyFault, withDecision } from "./seams.ts";
import { objectOf } from "./wire.ts";

export const MODE_FAULTS: readonly Fault[] = [
  proxyFault({
    name: "advisory-says-nothing",
    rules: ["FLG-1"],
    rig: "advisory",
    smallest: "a stale update of a contact",
    text: "In mode `advisory` a stale write is applied and not marked. Seen where the log line was all that anybody wanted.",
    plant: (parts) =>
      withDecision(parts, (at, decide) => {
        const decision = decide(at);
        const body = objectOf(decision.reply.body);
        const meta = objectOf(body?.meta);
        if (decision.replayed || !meta?.conflict) return decision;
        const { conflict: _conflict, ...rest } = meta;
        return answeredBy(decision, { ...decision.reply, body: { ...body, meta: rest } });
      }),
  }),
  proxyFault({
    name: "advisory-deletes-enforced",
    rules: ["FLG-1"],
    rig: "advisory",
    smallest: "a stale delete",
    text: "In mode `advisory` a stale delete is refused. Seen where the flag was looked at in one handler of two.",
    plant: (parts) =>
      withDecision(parts, (at, decide) => {
        const { current } = at.view;
        if (at.mutation.operation !== "delete" || !isStale(at) || !current) return decide(at);
        return decide({
          ...at,
          rules: { ...at.rules, conflicts: { ...at.rules.conflicts, mode: "enforce" } },
        });
      }),
  }),
  proxyFault({
    name: "advisory-merges",
    rules: ["FLG-1"],
    rig: "advisory",
    smallest: "a stale update of a list that removes an item",
    text: "In mode `advisory` a stale list is merged instead of applied plainly. Seen where the mode stood around the refusal only.",
    plant: (parts) =>
      withDecision(parts, (at, decide) => {
        const { entity, operation } = at.mutation;
        if (entity !== "list" || operation !== "update" || !isStale(at)) return decide(at);
        const conflicts = { ...at.rules.conflicts, mode: "enforce" } as const;
        return decide({ ...at, rules: { ...at.rules, conflicts } });
      }),
  }),
  proxyFault({
    name: "advisory-names-its-own",
    rules: ["FLG-1"],
    rig: "advisory",
    smallest: "a stale update of a contact",
    text: "`actualRevision` of an advisory conflict is the revision that this write made, not the one that it met. Seen where the mark was made after the commit.",
    plant: (parts) =>
      withDecision(parts, (at, decide) => {
        const decision = decide(at);
        const body = objectOf(decision.reply.body);
        const meta = objectOf(body?.meta);
        if (decision.replayed || !meta?.conflict) return decision;
        const conflict = { ...(meta.conflict as JsonObject), actualRevision: meta.revisionId ?? null };
        return answeredBy(decision, { ...decision.reply, body: { ...body, meta: { ...meta, conflict } } });
      }),
  }),
  proxyFault({
    name: "off-still-refuses-deletes",
    rules: ["FLG-2"],
    rig: "mode off",
    smallest: "a stale delete",
    text: "In mode `off` a stale delete is 409. Seen where deletions had been guarded before there was a flag.",
    plant: (parts) =>
      withDecision(parts, (at, decide) => {
        const { current } = at.view;
        if (at.mutation.operation !== "delete" || !isStale(at) || !current) return decide(at);
        return {
          reply: conflictReply("conflict", current, null),
          replayed: false,
          plan: undefined,
          remark: {},
        };
      }),
  }),
  proxyFault({
    name: "off-still-parses",
    rules: ["FLG-2"],
    rig: "mode off",
    smallest: "an update whose If-Match is a word",
    text: "In mode `off` an If-Match that is no revision is 400. Seen where headers were validated before flags were read.",
    plant: (parts) =>
      withDecision(parts, (at, decide) => {
        const { ifMatch, operation } = at.mutation;
        if (ifMatch === undefined || operation === "create" || isTag(ifMatch)) return decide(at);
        const reply = refusal("invalid_revision", "If-Match is a revision or *");
        return { reply, replayed: false, plan: undefined, remark: {} };
      }),
  }),
  proxyFault({
    name: "declares-a-larger-batch",
    rules: ["FLG-3", "BAT-6"],
    smallest: "capabilities, and a batch of what they declare",
    text: "Capabilities declare one mutation more than a batch may have. Seen where the document and the limit were two constants.",
    plant: (parts) =>
      withDeclared(parts, ({ batch, ...data }) => {
        const mutationsMax = Number((batch as JsonObject).mutationsMax) + 1;
        return { ...data, batch: { mutationsMax } };
      }),
  }),
  proxyFault({
    name: "declares-larger-bodies",
    rules: ["FLG-3", "API-3"],
    smallest: "capabilities, and a body of what they declare",
    text: "Capabilities declare the protocol's default of 1 MiB, whatever is configured. Seen where the answer was a file.",
    plant: (parts) => withDeclared(parts, (data) => ({ ...data, bodyBytesMax: 1_048_576 })),
  }),
  proxyFault({
    name: "declares-smaller-pages",
    rules: ["DLT-4", "FLG-3"],
    smallest: "capabilities, and a delta without a limit",
    text: "Capabilities declare pages of half the size that comes without a limit. Seen where the limit was raised in an incident.",
    plant: (parts) =>
      withDeclared(parts, ({ delta, ...data }) => {
        const declared = delta as JsonObject;
        return { ...data, delta: { ...declared, limitMax: Math.ceil(Number(declared.limitMax) / 2) } };
      }),
  }),
  proxyFault({
    name: "declares-genesis-as-floor",
    rules: ["FLG-3"],
    rig: "short retention",
    smallest: "capabilities after the floor moved, and a delta since what they declare",
    text: "`floorRevision` of capabilities is what it was when the proxy started. Seen where capabilities were cached for good.",
    plant: (parts) =>
      withDeclared(parts, ({ delta, ...data }) => ({
        ...data,
        delta: { ...(delta as JsonObject), floorRevision: GENESIS },
      })),
  }),
  proxyFault({
    name: "declares-no-requirement",
    rules: ["FLG-3"],
    rig: "if-match required",
    smallest: "capabilities, and an update without If-Match",
    text: "Capabilities say `ifMatch: optional` where it is required. Seen half-way through a rollout.",
    plant: (parts) =>
      withDeclared(parts, ({ conflicts, ...data }) => ({
        ...data,
        conflicts: { ...(conflicts as JsonObject), ifMatch: "optional" },
      })),
  }),
];

/** Parts whose capabilities say something else. */
function withDeclared(parts: Parts, change: (data: JsonObject) => JsonObject): Parts {
  return withProxy(parts, {
    answer: (answer, { call }) => {
      const body = objectOf(answer.body);
      const data = objectOf(body?.data);
      if (call.call !== "capabilities" || !data) return answer;
      return { ...answer, body: { ...body, data: change(data) } };
    },
  });
}
