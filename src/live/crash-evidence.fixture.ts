/**
 * Owns a history of crashes laid out to be judged: by revision, by key, by record; and what judges have found in it.
 * Refuses to judge.
 */

import { canonicalJson } from "../base/canonical-json.ts";
import type { SyncEvent } from "../protocol/messages.ts";
import type { Revision } from "../protocol/revision.ts";
import { type CrashHistory, type Mutation, nameOf, type Told } from "./crash-history.fixture.ts";

export interface Finding {
  readonly rule: string;
  readonly says: string;
}

export class Evidence {
  readonly history: CrashHistory;
  readonly findings: Finding[] = [];
  readonly byRevision = new Map<Revision, SyncEvent>();
  readonly byKey = new Map<string, SyncEvent[]>();
  readonly byRecord = new Map<string, SyncEvent[]>();
  readonly asked = new Map<string, Mutation>();
  readonly lost = new Set<string>();
  readonly doubled = new Set<string>();
  compared = 0;

  constructor(history: CrashHistory) {
    this.history = history;
    for (const mutation of history.mutations) this.asked.set(mutation.key, mutation);
    for (const event of history.log) {
      this.byRevision.set(event.revisionId, event);
      push(this.byKey, event.origin?.mutationId ?? "", event);
      push(this.byRecord, nameOf(event.entity, event.id), event);
    }
  }

  find(rule: string, says: string): void {
    this.findings.push({ rule, says });
  }

  lose(mutation: Mutation, says: string): void {
    this.lost.add(mutation.key);
    this.find("SYS-2", `lost: ${mutation.key} ${says}`);
  }

  /** The record that a mutation means, as far as it is known. */
  recordOf(mutation: Mutation): string | undefined {
    if (mutation.recordId !== undefined || mutation.recordOf === undefined) return mutation.recordId;
    return this.byKey.get(mutation.recordOf)?.[0]?.id;
  }

  /** [BAT-8] */
  baseOf(mutation: Mutation): Revision | undefined {
    const named = mutation.baseOf === undefined ? undefined : this.asked.get(mutation.baseOf);
    const told = named && answerOf(named, isSuccess);
    return told ? (told.body.meta as { readonly revisionId: Revision }).revisionId : mutation.base;
  }
}

export function answerOf(mutation: Mutation, is: (told: Told) => boolean): Told | undefined {
  return mutation.answers.find(is);
}

export function isSuccess({ status }: Told): boolean {
  return status >= 200 && status < 300;
}

export function toldOf(event: SyncEvent | undefined): string {
  return event === undefined
    ? "nothing"
    : `${event.revisionId} (${event.entity} ${event.id} ${event.action})`;
}

export function short({ status, body }: Pick<Told, "status" | "body">): string {
  return `${status} ${canonicalJson(body).slice(0, 300)}`;
}

export function push<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}
