/**
 * Owns the planted faults of the proxy about preconditions and refusals (section 5, CON).
 * Refuses to share code with the probes that must catch them.
 */

import type { JsonObject } from "../base/canonical-json.ts";
import { REQUIRED_FIELD } from "../protocol/entity.ts";
import { fieldsOf } from "../protocol/patch.ts";
import { GENESIS, nextRevision, parseRevision } from "../protocol/revision.ts";
import type { Case, Decision } from "../proxy/decide.ts";
import { isTag } from "../proxy/precondition.ts";
import { type Reply, recordReply, refusal } from "../proxy/reply.ts";
import type { Version } from "../proxy/store.ts";
import { versionOf } from "../proxy/version.ts";
import type { Parts } from "../simulation/parts.ts";
import { type Fault, withProxy } from "./fault.ts";
import { boundAs, mutated, proxyFault, withCase, withDecision } from "./seams.ts";
import { objectOf } from "./wire.ts";

/** A revision that no record ever has. */
const NOBODYS = `${GENESIS.slice(0, -1)}1`;

export const CONFLICT_RULE_FAULTS: readonly Fault[] = [
  proxyFault({
    name: "if-match-against-head",
    rules: ["CON-1", "CON-11", "BAT-8", "CON-12"],
    smallest: "two records, and an update of the older one",
    text: "If-Match is compared with the account's head, so that a write to one record makes every other stale. Seen where there was one ETag for the whole account.",
    plant: (parts) =>
      withMatch(parts, ({ ifMatch, current, at }) =>
        ifMatch === current.revision && at.view.standing.head !== ifMatch ? NOBODYS : ifMatch,
      ),
  }),
  proxyFault({
    name: "stale-within-a-second",
    rules: ["CON-2", "MRG-1", "CON-4", "CON-5", "CON-11", "BAT-8", "MRG-2", "MRG-3", "MRG-5"],
    smallest: "two updates of one contact on one base, within a second",
    text: "Revisions of the same second count as equal. What If-Unmodified-Since does, whose dates have no fraction.",
    plant: (parts) =>
      withMatch(parts, ({ ifMatch, current }) =>
        parseRevision(ifMatch) && ifMatch.slice(0, 14) === current.revision.slice(0, 14)
          ? current.revision
          : ifMatch,
      ),
  }),
  proxyFault({
    name: "conflict-without-server-data",
    rules: ["CON-2", "CON-11", "CON-9", "CON-4", "BAT-4"],
    smallest: "a stale update of a contact",
    text: "A 409 says that there is a conflict, and not with what: no `serverData`. Seen where the error class had room for a message only.",
    plant: (parts) => withRefusals(parts, ({ serverData: _serverData, ...body }) => body),
  }),
  proxyFault({
    name: "conflict-without-client-data",
    rules: ["CON-2", "CON-4"],
    rig: "resolved by client",
    smallest: "a stale update of a list",
    text: "A 409 does not repeat what was sent, so that a client which forgot it cannot resolve. Seen where the body was already consumed.",
    plant: (parts) => withRefusals(parts, ({ clientData: _clientData, ...body }) => body),
  }),
  proxyFault({
    name: "refused-write-touches",
    rules: ["CON-3", "EVT-3", "CON-11", "REV-8", "MRG-1", "CON-5"],
    smallest: "a stale update of a contact, and a read",
    text: "A refused update leaves the record as it was but for its revision. Seen where the row was locked by updating its timestamp.",
    plant: (parts) =>
      withDecision(parts, (at, decide) => {
        const decision = decide(at);
        const { current, standing } = at.view;
        const refused = decision.reply.status === 409 && at.mutation.operation === "update";
        if (!refused || decision.replayed || !current?.record) return decision;
        const revision = nextRevision(standing.head, at.nowMs);
        const { pastLives, stamps, entity, id } = current;
        const version = versionOf(at, "updated", id, fieldsOf(current.record), stamps, revision, pastLives);
        const expect = { head: standing.head, current: current.revision, raises: current.raises };
        const remember = decision.plan?.remember;
        return { ...decision, plan: { expect, entity, id, version, raise: undefined, remember } };
      }),
  }),
  proxyFault({
    name: "stale-delete-of-a-list",
    rules: ["CON-4"],
    smallest: "a list, an update, a delete on the first revision",
    text: "A stale delete of a task or list is carried out, because its updates are never refused either. Seen where the strategy was asked before the operation.",
    plant: (parts) =>
      withMatch(parts, ({ ifMatch, current, at }) =>
        at.mutation.operation === "delete" && current.entity !== "contact" && parseRevision(ifMatch)
          ? current.revision
          : ifMatch,
      ),
  }),
  proxyFault({
    name: "check-then-act",
    rules: ["CON-5", "CON-2", "MRG-1", "CON-4"],
    smallest: "two updates of one contact at once, on one base",
    text: "The precondition is looked at before the write takes its turn: two that come together both pass. A read and an update without a lock.",
    plant: (parts) =>
      withMatch(parts, ({ ifMatch, current, at }) =>
        at.view.base?.supersededBy === current.revision && current.committedAtMs === at.nowMs
          ? current.revision
          : ifMatch,
      ),
  }),
  proxyFault({
    name: "weak-tag-matches",
    rules: ["CON-6"],
    smallest: "an update with `W/` before the current revision",
    text: "A weak tag in If-Match matches. Seen where `W/` was stripped because the gateway in front had added it.",
    plant: (parts) => withMatch(parts, ({ ifMatch }) => ifMatch.replace(/^W\//, "")),
  }),
  proxyFault({
    name: "quoted-tag-fails",
    rules: ["CON-6", "CON-1", "IDM-1"],
    smallest: "an update with the ETag as it came",
    text: "An If-Match in quotes never matches, though the ETag was sent in quotes. Seen where header and column were compared as texts.",
    plant: (parts) =>
      withProxy(parts, {
        request: (request) => {
          const { ifMatch } = request;
          return ifMatch?.startsWith('"') ? { ...request, ifMatch: `W/${ifMatch}` } : request;
        },
      }),
  }),
  proxyFault({
    name: "star-never-matches",
    rules: ["CON-6"],
    smallest: "an update with If-Match: *",
    text: "`*` is taken for a revision, which no record has. Seen wherever If-Match was written without its RFC.",
    plant: (parts) => withMatch(parts, ({ ifMatch }) => (ifMatch === "*" ? NOBODYS : ifMatch)),
  }),
  proxyFault({
    name: "star-wakes-the-dead",
    rules: ["CON-8", "CON-6", "CON-9"],
    smallest: "a delete, and an update with If-Match: *",
    text: "`*` matches a deleted record too, and the update makes it again. Seen with soft deletes whose row is still there to be matched.",
    plant: (parts) => withRevival(parts, ({ mutation }) => mutation.ifMatch === "*"),
  }),
  proxyFault({
    name: "garbage-is-no-precondition",
    rules: ["CON-6"],
    smallest: "an update whose If-Match is a word",
    text: "An If-Match that is no revision counts as none, and the write is made. Seen where parsing returned null, and null meant absent.",
    plant: (parts) =>
      withCase(parts, (at) => {
        const { ifMatch, operation } = at.mutation;
        const bad = operation !== "create" && ifMatch !== undefined && !isTag(ifMatch);
        return bad ? mutated(at, { ifMatch: undefined }) : at;
      }),
  }),
  proxyFault({
    name: "required-before-existence",
    rules: ["CON-7"],
    rig: "if-match required",
    smallest: "an update of an unknown id without If-Match",
    text: "A write without If-Match to a record that is not there is 428 instead of 404. Seen where the header was demanded by a middleware.",
    plant: (parts) =>
      withDecision(parts, (at, decide) => {
        const decision = decide(at);
        const { ifMatch, operation } = at.mutation;
        const hidden = decision.reply.status === 404 && operation !== "create" && ifMatch === undefined;
        return hidden
          ? { ...decision, reply: refusal("precondition_required", "If-Match is needed here") }
          : decision;
      }),
  }),
  proxyFault({
    name: "required-of-updates-only",
    rules: ["CON-7"],
    rig: "if-match required",
    smallest: "a delete without If-Match",
    text: "With `ifMatch: required` a delete without it is carried out. Seen where the check sat in the PATCH handler.",
    plant: (parts) =>
      withDecision(parts, (at, decide) => {
        const { operation, ifMatch } = at.mutation;
        const bare = operation === "delete" && ifMatch === undefined && at.view.current?.record;
        return bare ? boundAs(decide(mutated(at, { ifMatch: at.view.current?.revision })), at) : decide(at);
      }),
  }),
  proxyFault({
    name: "bare-write-refused",
    rules: ["CON-7", "API-6"],
    smallest: "a delete without If-Match",
    text: "With `ifMatch: optional` a delete without it is 428 all the same. Seen where a flag was read in one of two places.",
    plant: (parts) =>
      withDecision(parts, (at, decide) => {
        const { operation, ifMatch, key } = at.mutation;
        const bare = operation === "delete" && ifMatch === undefined && at.view.current?.record;
        const known = key !== undefined && at.view.remembered !== undefined;
        return bare && !known
          ? { ...decide(at), reply: refusal("precondition_required", "If-Match is needed"), plan: undefined }
          : decide(at);
      }),
  }),
  proxyFault({
    name: "update-wakes-the-dead",
    rules: ["CON-8", "CON-9"],
    smallest: "a delete, and an update on the tombstone's revision",
    text: "An update on the revision of the tombstone brings the record back. Seen where upsert was the only statement there was.",
    plant: (parts) => withRevival(parts, ({ mutation, view }) => mutation.ifMatch === view.current?.revision),
  }),
  proxyFault({
    name: "gone-without-a-word",
    rules: ["CON-8"],
    smallest: "a delete, and an update on the revision before it",
    text: "The 409 of an update to a deleted record does not say that it is deleted. Seen where the flag was computed from a row that was gone.",
    plant: (parts) => withRefusals(parts, ({ deleted: _deleted, ...body }) => body),
  }),
  proxyFault({
    name: "create-replaces",
    rules: ["CON-9", "SYS-2"],
    smallest: "a create of an id that lives",
    text: "Creating an id that lives replaces the record. What PUT, and every upsert, does.",
    plant: (parts) =>
      withDecision(parts, (at, decide) => {
        const { mutation, view } = at;
        if (mutation.operation !== "create" || !view.current?.record || !objectOf(mutation.payload)) {
          return decide(at);
        }
        return boundAs(decide(mutated(at, { operation: "update", ifMatch: undefined })), at);
      }),
  }),
  proxyFault({
    name: "dead-ids-are-taken",
    rules: ["CON-9", "DLT-11", "DLT-2"],
    smallest: "a create, a delete, the create again",
    text: "An id that was deleted cannot be used again: 409 for ever. Seen with soft deletes under a unique index.",
    plant: (parts) =>
      withDecision(parts, (at, decide) => {
        const decision = decide(at);
        const dead = at.view.current?.record === null && at.mutation.operation === "create";
        if (!dead || decision.reply.status !== 201 || decision.replayed) return decision;
        const body = { error: "already_exists", message: "the id is taken", serverData: null };
        return { ...decision, reply: { status: 409, body }, plan: undefined };
      }),
  }),
  proxyFault({
    name: "precondition-before-key",
    rules: ["CON-10", "IDM-1", "IDM-9", "BAT-4"],
    smallest: "an update of a contact with a key, and its retry",
    text: "The precondition is judged before the key: the retry of a write that was applied is told that it is stale, by itself. The order of most middleware stacks.",
    plant: (parts) =>
      withDecision(parts, (at, decide) => {
        const decision = decide(at);
        const { view, mutation } = at;
        const moved = mutation.ifMatch !== undefined && mutation.ifMatch !== view.current?.revision;
        if (!decision.replayed || !moved || mutation.operation === "create") return decision;
        const anew = decide({ ...at, view: { ...view, remembered: undefined } });
        return anew.reply.status === 409 ? { ...anew, plan: undefined } : decision;
      }),
  }),
  proxyFault({
    name: "server-data-of-the-base",
    rules: ["CON-11", "CON-2", "REV-3"],
    smallest: "a stale update of a contact",
    text: "`serverData` is the record at If-Match under the current revision: who resolves on it overwrites what lies between. Seen where the row was loaded before the lock, and its version after.",
    plant: (parts) =>
      withDecision(parts, (at, decide) => {
        const decision = decide(at);
        const { base, current } = at.view;
        const body = objectOf(decision.reply.body);
        if (
          decision.replayed ||
          decision.reply.status !== 409 ||
          !base?.record ||
          !current?.record ||
          !body
        ) {
          return decision;
        }
        const { revisionId, updatedAt } = current.record;
        const serverData = { ...base.record, revisionId, updatedAt };
        return answeredBy(decision, { ...decision.reply, body: { ...body, serverData } });
      }),
  }),
  proxyFault({
    name: "current-revision-is-the-head",
    rules: ["CON-11", "CON-2", "CON-9"],
    smallest: "a stale update of a contact after a write to another record",
    text: "`currentRevision` of a 409 is the account's head, which no retry matches. Seen where `meta` and the body were filled by one helper.",
    plant: (parts) =>
      withDecision(parts, (at, decide) => {
        const decision = decide(at);
        const body = objectOf(decision.reply.body);
        if (decision.replayed || decision.reply.status !== 409 || !body) return decision;
        const currentRevision = at.view.standing.head;
        return answeredBy(decision, { ...decision.reply, body: { ...body, currentRevision } });
      }),
  }),
  proxyFault({
    name: "clock-before-causality",
    rules: ["CON-12", "CON-1"],
    smallest: "a task, and an update on its revision from a clock that is slow",
    text: "An update that knew the record loses all the same when its clock is behind. What Cassandra does, whose columns keep the largest timestamp whoever knew what.",
    plant: (parts) =>
      withDecision(parts, (at, decide) => {
        const { current } = at.view;
        const { timestamp, operation, ifMatch, entity } = at.mutation;
        const decision = decide(at);
        if (entity !== "task" || operation !== "update" || typeof timestamp !== "number") return decision;
        if (!current?.record || ifMatch !== current.revision || !decision.plan?.version) return decision;
        const newest = Math.max(0, ...[...current.stamps.values()].map(({ timeMs }) => timeMs));
        if (timestamp >= newest) return decision;
        return { ...decision, reply: recordReply(200, current), plan: undefined };
      }),
  }),
];

interface Match {
  /** If-Match without quotes. */
  readonly ifMatch: string;
  readonly current: Version;
  readonly at: Case;
}

/** Parts whose proxies judge another If-Match, where there is one and the record lives. */
export function withMatch(parts: Parts, change: (match: Match) => string): Parts {
  return withDecision(parts, (at, decide) => {
    const { ifMatch } = at.mutation;
    const { current, remembered } = at.view;
    if (ifMatch === undefined || !current?.record || remembered) return decide(at);
    const changed = change({ ifMatch, current, at });
    return changed === ifMatch ? decide(at) : boundAs(decide(mutated(at, { ifMatch: changed })), at);
  });
}

/** The decision with another reply; a key remembers that one. */
export function answeredBy(decision: Decision, reply: Reply): Decision {
  const { plan } = decision;
  if (plan?.remember === undefined) return { ...decision, reply };
  return { ...decision, reply, plan: { ...plan, remember: { ...plan.remember, reply } } };
}

/** Parts whose 409 bodies are as `change` makes them, remembered ones too. */
function withRefusals(parts: Parts, change: (body: JsonObject) => JsonObject): Parts {
  return withDecision(parts, (at, decide) => {
    const decision = decide(at);
    const body = objectOf(decision.reply.body);
    if (decision.reply.status !== 409 || decision.replayed || !body) return decision;
    return answeredBy(decision, { ...decision.reply, body: change(body) });
  });
}

/** Parts whose proxies make a deleted record again by an update of this kind. */
function withRevival(parts: Parts, revives: (at: Case) => boolean): Parts {
  return withDecision(parts, (at, decide) => {
    const { mutation, view } = at;
    const { current, remembered } = view;
    if (mutation.operation !== "update" || current?.record !== null || remembered || !revives(at)) {
      return decide(at);
    }
    const payload = { [REQUIRED_FIELD[mutation.entity]]: "", ...objectOf(mutation.payload) };
    const made = boundAs(decide(mutated(at, { operation: "create", payload, ifMatch: undefined })), at);
    return made.reply.status === 201 ? answeredBy(made, { ...made.reply, status: 200 }) : made;
  });
}
