/**
 * Owns lost updates: what one device wrote and another replaced without having seen it, and who was told of it.
 * Refuses to know the strategies: it compares each record with what it was before, field by field and item by item.
 */

import { type Json, jsonEqual } from "../base/canonical-json.ts";
import type { Fact, FactOf } from "../history/facts.ts";
import type { WireRecord } from "../protocol/entity.ts";
import type { Revision } from "../protocol/revision.ts";
import { BOOK_WANTS, type BookedEdit, EditBook } from "./edit-book.ts";
import type { Measure } from "./measure.ts";

export interface Overwrites {
  /** Edits of one record made without knowing each other: those that were committed, and those that were refused for it. */
  readonly concurrent: number;
  /** Of them, those by which something that another device had written was lost, without a person having chosen so. */
  readonly overwrote: number;
  /** Edits in the server's record of which something was lost so, once each, by how that came about. */
  readonly lost: {
    /** Nobody noticed: no conflict was found. */
    readonly silently: number;
    /** A conflict was found, and the strategy let the other edit stand. */
    readonly byStrategy: number;
    /** A person saw both versions and chose. */
    readonly byPerson: number;
  };
  /** Edits that did not stand as made, for whichever of these reasons, or because they gave way; and whose author was told. */
  readonly setAside: number;
  readonly told: number;
}

/** Who wrote a part of a record last. */
interface Writer {
  readonly device: number | undefined;
  readonly revision: Revision;
  lost: boolean;
}

interface Book {
  record: WireRecord | null;
  /** By field (`.name`) and item (`#id`); those that are gone included. */
  readonly writers: Map<string, Writer>;
  readonly newestOf: Map<number, Revision>;
}

/** A new measure of lost updates. */
export function createOverwrites(): OverwritesMeasure {
  return new OverwritesMeasure();
}

class OverwritesMeasure implements Measure<Overwrites> {
  readonly wants = BOOK_WANTS;
  private readonly book = new EditBook();
  private readonly records = new Map<string, Book>();
  private readonly lost = { silently: 0, byStrategy: 0, byPerson: 0 };
  private concurrent = 0;
  private overwrote = 0;
  /** Of merged shards. */
  private elsewhere = { refused: 0, told: 0 };

  fold(fact: Fact): void {
    switch (fact.fact) {
      case "edited":
        this.book.edited(fact);
        return;
      case "saved":
        return this.book.saved(fact);
      case "killed":
        this.book.killed(fact);
        return;
      case "rekeyed":
        return this.book.rekeyed(fact);
      case "sent":
        return this.book.sent(fact);
      case "settled":
        this.book.settled(fact);
        return;
      case "asked":
        return this.book.asked(fact);
      case "chosen":
        return this.book.chosen(fact);
      case "answered":
        this.book.answered(fact);
        return;
      case "committed":
        this.committed(fact);
    }
  }

  merge(other: OverwritesMeasure): void {
    for (const way of WAYS) this.lost[way] += other.lost[way];
    this.concurrent += other.concurrent;
    this.overwrote += other.overwrote;
    const { refused, told } = other.yielding();
    this.elsewhere = { refused: this.elsewhere.refused + refused, told: this.elsewhere.told + told };
  }

  result(): Overwrites {
    const { silently, byStrategy, byPerson } = this.lost;
    const { refused, told } = this.yielding();
    return {
      concurrent: this.concurrent + refused,
      overwrote: this.overwrote,
      lost: { silently, byStrategy, byPerson },
      setAside: silently + byStrategy + byPerson + refused,
      told,
    };
  }

  /** Edits that gave way to what was there, and of them those whose author was told: asked, or shown how it ended. */
  private yielding(): { readonly refused: number; readonly told: number } {
    const gave = this.book.edits.filter(
      ({ refused, committed, outcome }) => (refused && !committed) || outcome === "yielded",
    );
    const told = gave.filter(({ asked, outcome }) => asked || outcome === "yielded" || outcome === "failed");
    return {
      refused: gave.length + this.elsewhere.refused,
      told: told.length + this.elsewhere.told,
    };
  }

  private committed(fact: FactOf<"committed">): void {
    const { account, entity, id, record, revision, device } = fact;
    const name = `${account} ${entity}/${id}`;
    const known = this.records.get(name) ?? { record: null, writers: new Map(), newestOf: new Map() };
    this.records.set(name, known);
    const edit = this.book.ofCommit(fact)?.edit;
    const parts = changedParts(known.record, record);
    if (edit) this.compare(known, edit, fact, parts);
    const writer: Writer = { device, revision, lost: false };
    for (const part of parts) known.writers.set(part, writer);
    if (device !== undefined) known.newestOf.set(device, revision);
    known.record = record;
  }

  private compare(known: Book, edit: BookedEdit, fact: FactOf<"committed">, parts: readonly string[]): void {
    const saw = edit.base ?? "";
    const isConcurrent = [...known.newestOf].some(
      ([device, revision]) => device !== edit.device && revision > saw,
    );
    if (!isConcurrent) return;
    this.concurrent++;
    const way = wayOf(edit, fact);
    let overwrote = false;
    for (const part of parts) {
      const writer = known.writers.get(part);
      if (!writer || writer.device === undefined || writer.device === edit.device || writer.revision <= saw)
        continue;
      overwrote = true;
      if (!writer.lost) this.lost[way]++;
      writer.lost = true;
    }
    if (overwrote && way !== "byPerson") this.overwrote++;
  }
}

const WAYS = ["silently", "byStrategy", "byPerson"] as const;

function wayOf(edit: BookedEdit, { resolution }: FactOf<"committed">): (typeof WAYS)[number] {
  if (edit.chosen) return "byPerson";
  return resolution !== undefined || edit.refused ? "byStrategy" : "silently";
}

/** Fields and items in which two versions of a record differ; of a deletion, all that there was. */
function changedParts(before: WireRecord | null, after: WireRecord | null): readonly string[] {
  const [was, is] = [partsOf(before), partsOf(after)];
  const names = new Set([...was.keys(), ...is.keys()]);
  return [...names].filter((name) => !jsonEqual(was.get(name), is.get(name)));
}

function partsOf(record: WireRecord | null): ReadonlyMap<string, Json> {
  const parts = new Map<string, Json>();
  if (record === null) return parts;
  for (const [name, value] of Object.entries(record)) {
    if (name === "id" || name === "revisionId" || name === "updatedAt" || value === undefined) continue;
    if (name !== "items" || !Array.isArray(value)) parts.set(`.${name}`, value as Json);
    else
      for (const item of value as readonly { readonly id: string }[])
        parts.set(`#${item.id}`, item as unknown as Json);
  }
  return parts;
}
