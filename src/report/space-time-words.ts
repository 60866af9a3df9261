/**
 * Owns the short words of a diagram: what a request, an answer, a change reads like, with `r1`, `r2` for revisions and
 * `k1`, `k2` for keys in the order of the log and of their first use.
 * Refuses to know where the words stand.
 */

import { byCodeUnit } from "../base/canonical-json.ts";
import { formatDuration } from "../base/time.ts";
import type { Fact, FactOf, MutationResult, Roster, SentMutation } from "../history/facts.ts";
import { parseRevision } from "../protocol/revision.ts";
import { recordName, type Subject } from "./space-time-subject.ts";
import { ascii, endCut, shortFields, shortKey, shortRecord } from "./trace-short.ts";

const LABEL_MAX = 160;
const METHODS = { create: "POST", update: "PATCH", delete: "DELETE" } as const;
const VERBS = { create: "creates", update: "edits", delete: "deletes" } as const;
/** Anything in a sentence that may be a revision. */
const REVISION = /rev_\d{10}_[0-9a-z]{6,}/g;
const DEVICE = /\bdevice (\d{1,9})\b/g;
/** A word as long as this is an id if it is one that the facts know. */
const LONG_WORD = /[A-Za-z0-9_.-]{12,}/g;

/** The names that one diagram uses. */
export class Words {
  private readonly roster: Roster;
  private readonly subject: Subject;
  private readonly revisions = new Map<string, string>();
  private readonly keys = new Map<string, string>();
  private readonly ids = new Set<string>();

  /** `told` are the facts that the diagram shows: what they name gets a short name. */
  constructor(told: readonly Fact[], subject: Subject, roster: Roster) {
    this.roster = roster;
    this.subject = subject;
    const { expected, actual, because } = subject.violation;
    const revisions = new Set(told.flatMap((fact) => this.revisionsIn(fact)));
    for (const match of `${expected} ${actual} ${because}`.matchAll(REVISION)) revisions.add(match[0]);
    for (const revision of [...revisions].sort(byCodeUnit))
      this.revisions.set(revision, `r${this.revisions.size + 1}`);
    for (const fact of told) this.learn(fact);
    for (const record of subject.records) this.ids.add(record.slice(record.lastIndexOf(" ") + 1));
  }

  /** Revisions that the words for a fact name, as far as they are revisions. */
  private revisionsIn(fact: Fact): readonly string[] {
    const named = this.namedIn(fact).filter((text) => text !== undefined);
    return named.filter((text) => parseRevision(text) !== undefined);
  }

  private namedIn(fact: Fact): readonly (string | undefined)[] {
    switch (fact.fact) {
      case "committed":
        return [fact.revision, fact.previous, fact.ifMatch];
      case "edited":
        return [fact.base];
      case "sent": {
        const ours = fact.mutations.filter(
          (mutation) => fact.mutations.length === 1 || this.matters(fact.account, mutation),
        );
        return [fact.since, ...ours.map(({ ifMatch }) => ifMatch)];
      }
      case "connecting":
        return [fact.since];
      case "answered": {
        const ours = fact.results.filter(({ key }) => fact.results.length === 1 || this.isOurs(key));
        return ours.map(({ revision }) => revision);
      }
      case "frame":
        return [fact.frame.revisionId];
      case "replica":
      case "fresh_replica":
        return fact.records
          .filter(({ entity, id }) => this.subject.records.has(recordName(fact.account, entity, id)))
          .map(({ revision }) => revision);
      case "shown":
      case "read":
      case "advanced":
      case "pushed":
      case "push_handed_over":
      case "sync_ended":
        return [fact.revision];
      default:
        return [];
    }
  }

  private isOurs(key: string): boolean {
    const known = this.subject.edits.get(key);
    return this.subject.keys.has(key) || (known !== undefined && this.subject.records.has(known.record));
  }

  private learn(fact: Fact): void {
    if ("id" in fact && fact.id !== undefined) this.ids.add(fact.id);
    if (fact.fact === "edited" || fact.fact === "rekeyed") this.learnKey(fact.key);
    if (fact.fact !== "sent") return;
    for (const mutation of fact.mutations)
      if (this.matters(fact.account, mutation)) this.learnKey(mutation.key);
  }

  private learnKey(key: string): void {
    if (!this.keys.has(key)) this.keys.set(key, `k${this.keys.size + 1}`);
  }

  private matters(account: number, { entity, id, key }: SentMutation): boolean {
    return this.subject.keys.has(key) || this.subject.records.has(recordName(account, entity, id));
  }

  /** A device's name. */
  device(device: number): string {
    return ascii(this.roster.devices[device]?.name ?? `device ${device}`);
  }

  /** A revision's short name; a text that is none as it is. */
  revision(revision: string | undefined): string {
    if (revision === undefined) return "nothing";
    return this.revisions.get(revision) ?? endCut(ascii(revision), 24);
  }

  /** A key's short name. */
  key(key: string): string {
    return this.keys.get(key) ?? shortKey(key);
  }

  /** A checker's sentence with the names of the diagram in it. */
  sentence(text: string): string {
    const named = text
      .replaceAll(REVISION, (revision) => this.revision(revision))
      .replaceAll(DEVICE, (all, device: string) => this.roster.devices[Number(device)]?.name ?? all)
      .replaceAll(LONG_WORD, (word) => {
        if (this.keys.has(word)) return this.key(word);
        return this.ids.has(word) || this.subject.edits.has(word) ? shortKey(word) : word;
      });
    return ascii(named);
  }

  /** Which short name stands for what. */
  legend(): readonly string[] {
    const revisions = [...this.revisions].map(([revision, name]) => `${name}=${ascii(revision)}`);
    const keys = [...this.keys].map(([key, name]) => `${name}=${endCut(ascii(key), 48)}`);
    return [
      ...(revisions.length === 0 ? [] : [`revisions: ${revisions.join(", ")}`]),
      ...(keys.length === 0 ? [] : [`keys: ${keys.join(", ")}`]),
    ];
  }

  /** A request as it left. */
  sent({ account, call, mutations, since }: FactOf<"sent">): string {
    const from = since === undefined ? "" : ` since ${this.revision(since)}`;
    const [only] = mutations;
    if (call !== "batch" && only) return cut(this.mutation(only));
    if (call !== "batch") return cut(`${CALLS.get(call) ?? ascii(call)}${from}`);
    const ours = mutations.filter((mutation) => this.matters(account, mutation));
    const told = (ours.length > 0 ? ours : mutations).slice(0, 2);
    const more = mutations.length - told.length;
    const items = told.map((mutation) => this.mutation(mutation)).join(", ");
    return cut(`batch: ${items}${more > 0 ? ` +${more} more` : ""}`);
  }

  private mutation({ operation, entity, id, key, ifMatch, ifMatchMutation }: SentMutation): string {
    const onto = ifMatch === undefined ? "" : ` If-Match ${this.revision(ifMatch)}`;
    const after = ifMatchMutation === undefined ? "" : ` after ${this.key(ifMatchMutation)}`;
    return `${METHODS[operation]} ${shortRecord(entity, id)}${onto}${after} key ${this.key(key)}`;
  }

  /** What a request was answered. */
  answered({ call, status, error, results, retryAfterMs }: FactOf<"answered">): string {
    const again = retryAfterMs === undefined ? "" : ` again after ${formatDuration(retryAfterMs)}`;
    const [only] = results;
    if (call !== "batch" && only) return cut(`${this.result(only)}${again}`);
    const why = error === undefined ? "" : ` ${ascii(error)}`;
    const ours = results.filter(({ key }) => this.isOurs(key));
    const told = ours.slice(0, 2).map((result) => `${this.key(result.key)} ${this.result(result)}`);
    const items = told.length > 0 ? `: ${told.join(", ")}` : "";
    return cut(`${status}${why}${items}${again}`);
  }

  private result({ status, error, resolution, replayed, revision }: MutationResult): string {
    const parts = [String(status), error, resolution, replayed ? "replayed" : undefined];
    if (revision !== undefined)
      parts.push(error === undefined ? this.revision(revision) : `at ${this.revision(revision)}`);
    return ascii(parts.filter((part) => part !== undefined).join(" "));
  }

  /** Nothing came back. */
  unanswered({ why, at }: FactOf<"unanswered">, sentAt: number): string {
    if (why === "unreachable") return "does not leave the phone";
    return `no answer in ${formatDuration(at - sentAt)}`;
  }

  /** A change on the proxy; `ifMatchSent` is what its request named, should the proxy not have noticed. */
  committed(fact: FactOf<"committed">, ifMatchSent?: string): string {
    const { entity, id, action, revision, previous, device, resolution } = fact;
    const ifMatch = fact.ifMatch ?? ifMatchSent;
    const by = device === undefined ? "" : ` by ${this.device(device)}`;
    const was = previous === undefined ? "" : `, was ${this.revision(previous)}`;
    const stale = ifMatch === undefined || ifMatch === previous ? "" : `, If-Match ${this.revision(ifMatch)}`;
    const how = resolution === undefined ? "" : `, ${resolution}`;
    return cut(`${this.revision(revision)} ${shortRecord(entity, id)} ${action}${by}${was}${stale}${how}`);
  }

  /** An event or a push, that came or did not. */
  delivery(fact: FactOf<"frame" | "pushed" | "committed" | "push_handed_over">): string {
    switch (fact.fact) {
      case "pushed":
      case "push_handed_over":
        return `push ${fact.entity} ${this.revision(fact.revision)}`;
      case "committed":
        return `event ${this.revision(fact.revision)}`;
      case "frame":
        return cut(this.frame(fact));
    }
  }

  private frame({ frame }: FactOf<"frame">): string {
    switch (frame.type) {
      case "sync_event":
        return `event ${this.revision(frame.revisionId)} ${shortRecord(frame.entity, frame.id)} ${frame.action}`;
      case "resync_required":
        return `resync_required: ${frame.reason}`;
      default:
        return `${frame.type} ${this.revision(frame.revisionId)}`;
    }
  }

  /** What one edit did. */
  edited({ operation, entity, id, payload, base, key }: FactOf<"edited">): string {
    const onto = base === undefined ? "" : `, seeing ${this.revision(base)}`;
    const fields = payload === undefined ? "" : `: ${endCut(shortFields(payload), 80)}`;
    return cut(`${VERBS[operation]} ${shortRecord(entity, id)} (${this.key(key)}${onto})${fields}`);
  }

  /** What the user sees from now on. */
  shown({ entity, id, revision, fields, waiting }: FactOf<"shown">): string {
    const what =
      fields === undefined ? "gone" : revision === undefined ? "unsent" : `at ${this.revision(revision)}`;
    const waits =
      waiting.length === 0
        ? ""
        : ` + ${waiting
            .slice(0, 3)
            .map((one) => this.key(one))
            .join(" ")}`;
    const more = waiting.length > 3 ? ` +${waiting.length - 3}` : "";
    return cut(`shows ${shortRecord(entity, id)} ${what}${waits}${more}`);
  }

  /** All that a device ends with, of the records that matter. */
  replica(fact: FactOf<"replica" | "fresh_replica">): string {
    const held = new Map(
      fact.records.map((record) => [recordName(fact.account, record.entity, record.id), record]),
    );
    const items = [...this.subject.records].map((full) => {
      const [, entity = "", id = ""] = /^\d+ (\S+) ([\s\S]*)$/.exec(full) ?? [];
      const record = held.get(full);
      const name = shortRecord(entity, id);
      return record ? `${name} at ${this.revision(record.revision)}` : `no ${name}`;
    });
    const who = fact.fact === "replica" ? "in the end has" : "a new device gets";
    return cut(`${who} ${items.length > 0 ? items.join(", ") : `${fact.records.length} records`}`);
  }

  /** A mutation's short name, for facts of its life. */
  mutationName(mutation: string): string {
    return this.key(this.subject.edits.get(mutation)?.edited.key ?? mutation);
  }

  /** A record's short name; all of an entity without an id. */
  record(entity: string, id: string | undefined): string {
    return id === undefined ? `all ${ascii(entity)}s` : shortRecord(entity, id);
  }
}

const CALLS = new Map([
  ["changes", "changes"],
  ["list", "GET list"],
]);

function cut(text: string): string {
  return endCut(text, LABEL_MAX);
}
