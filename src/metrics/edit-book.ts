/**
 * Owns which edit of a user's a commit on the server was: by its key, or, of an app that sends none, by device and record.
 * Refuses to judge what became of either. Memory is the edits of the run.
 */

import type { EpochMs } from "../base/time.ts";
import type { FactOf } from "../history/facts.ts";
import type { Entity } from "../protocol/entity.ts";
import type { Operation } from "../protocol/messages.ts";
import type { Revision } from "../protocol/revision.ts";

/** An edit, and what is known of it so far. */
export interface BookedEdit {
  readonly at: EpochMs;
  readonly device: number;
  readonly account: number;
  readonly entity: Entity;
  readonly id: string;
  readonly operation: Operation;
  /** The server revision of what its author saw. */
  readonly base: Revision | undefined;
  /** How it ended; undefined while it waits. */
  outcome: FactOf<"settled">["outcome"] | undefined;
  /** Its author was told that it is saved. */
  saved: boolean;
  /** The process that knew of it is gone, and nothing was saved: nobody waits for it any more. */
  forgotten: boolean;
  /** It left the device, or may have. */
  sent: boolean;
  committed: boolean;
  /** A 409 told that it was stale. */
  refused: boolean;
  /** Its author was asked what to do about it. */
  asked: boolean;
  /** Its author chose. */
  chosen: boolean;
}

/** The edit of a commit; `again` when that edit had been committed before. */
export interface EditOfCommit {
  readonly edit: BookedEdit;
  readonly again: boolean;
}

/** What the book must be told. */
export const BOOK_WANTS = [
  "edited",
  "saved",
  "killed",
  "rekeyed",
  "sent",
  "settled",
  "answered",
  "asked",
  "chosen",
  "committed",
] as const;

/** All edits of a run. Names of mutations are a device's own, keys an account's. */
export class EditBook {
  readonly edits: BookedEdit[] = [];
  private readonly byMutation = new Map<string, BookedEdit>();
  private readonly byKey = new Map<string, BookedEdit>();
  /** By device, those that are neither settled nor forgotten. */
  private readonly waiting = new Map<number, Set<BookedEdit>>();
  private readonly byRecord = new Map<string, BookedEdit[]>();

  edited(fact: FactOf<"edited">): BookedEdit {
    const { at, device, account, entity, id, operation, base } = fact;
    const told = { refused: false, asked: false, chosen: false };
    const way = { outcome: undefined, saved: false, forgotten: false, sent: false, committed: false };
    const edit: BookedEdit = { at, device, account, entity, id, operation, base, ...way, ...told };
    this.edits.push(edit);
    this.byMutation.set(`${device} ${fact.mutation}`, edit);
    this.byKey.set(`${account} ${fact.key}`, edit);
    this.open(device).add(edit);
    const name = recordOf(device, entity, id);
    const others = this.byRecord.get(name);
    if (others) others.push(edit);
    else this.byRecord.set(name, [edit]);
    return edit;
  }

  of(fact: { readonly device: number; readonly mutation: string }): BookedEdit | undefined {
    return this.byMutation.get(`${fact.device} ${fact.mutation}`);
  }

  rekeyed(fact: FactOf<"rekeyed">): void {
    const edit = this.of(fact);
    if (edit) this.byKey.set(`${fact.account} ${fact.key}`, edit);
  }

  /** Without keys, a request carries the oldest edit of its record that waits. */
  sent({ device, mutations }: FactOf<"sent">): void {
    for (const { entity, id, operation } of mutations) {
      const edit = this.own(device, entity, id, operation).find(waits);
      if (edit) edit.sent = true;
    }
  }

  saved(fact: FactOf<"saved">): void {
    const edit = this.of(fact);
    if (edit) edit.saved = true;
  }

  /** What was not saved went with its process. Returns what waited. */
  killed({ device }: FactOf<"killed">): readonly BookedEdit[] {
    const waiting = this.open(device);
    const all = [...waiting];
    for (const edit of all) {
      if (edit.saved) continue;
      edit.forgotten = true;
      waiting.delete(edit);
    }
    return all;
  }

  settled(fact: FactOf<"settled">): BookedEdit | undefined {
    const edit = this.of(fact);
    if (!edit) return undefined;
    edit.outcome = fact.outcome;
    this.open(fact.device).delete(edit);
    return edit;
  }

  asked(fact: FactOf<"asked">): void {
    const edit = this.of(fact);
    if (edit) edit.asked = true;
  }

  chosen(fact: FactOf<"chosen">): void {
    const edit = this.of(fact);
    if (edit) edit.chosen = true;
  }

  /** Notes which edits a 409 told of; returns those of which none had told before. */
  answered(fact: FactOf<"answered">): readonly BookedEdit[] {
    const fresh: BookedEdit[] = [];
    for (const { key, status, error } of fact.results) {
      if (status !== 409 || error !== "conflict") continue;
      const edit = this.byKey.get(`${fact.account} ${key}`);
      if (!edit || edit.refused) continue;
      edit.refused = true;
      fresh.push(edit);
    }
    return fresh;
  }

  /** The edit behind a commit, and marks it; undefined for what no device of the run wrote. */
  ofCommit(fact: FactOf<"committed">): EditOfCommit | undefined {
    const edit = fact.key === undefined ? this.keyless(fact) : this.byKey.get(`${fact.account} ${fact.key}`);
    if (!edit) return undefined;
    const again = edit.committed;
    edit.committed = true;
    return { edit, again };
  }

  /** One request of a device at a time: the oldest that is on its way, else one that was given up, else the last once more. */
  private keyless({ device, entity, id, action }: FactOf<"committed">): BookedEdit | undefined {
    if (device === undefined) return undefined;
    const operation = action === "created" ? "create" : action === "updated" ? "update" : "delete";
    const own = this.own(device, entity, id, operation).filter(({ sent }) => sent);
    const open = own.filter(({ committed }) => !committed);
    return open.find(waits) ?? open.at(-1) ?? own.at(-1);
  }

  private open(device: number): Set<BookedEdit> {
    const known = this.waiting.get(device);
    if (known) return known;
    const made = new Set<BookedEdit>();
    this.waiting.set(device, made);
    return made;
  }

  private own(device: number, entity: Entity, id: string, operation: Operation): readonly BookedEdit[] {
    const all = this.byRecord.get(recordOf(device, entity, id)) ?? NONE;
    return all.filter((edit) => edit.operation === operation);
  }
}

const NONE: readonly BookedEdit[] = [];

function waits({ outcome, forgotten }: BookedEdit): boolean {
  return outcome === undefined && !forgotten;
}

function recordOf(device: number, entity: Entity, id: string): string {
  return `${device} ${entity}/${id}`;
}
