/**
 * Owns the load: writers of every kind, each a loop of small rounds that goes on until it is told to stop, over
 * records that they share, so that they get in each other's way.
 * Refuses to know kills: a round waits for its answer, however often its letter is posted.
 */

import type { JsonObject } from "../base/canonical-json.ts";
import { type Prng, stream } from "../base/prng.ts";
import { COLLECTION_OF, type Entity, type WireRecord } from "../protocol/entity.ts";
import type { Operation } from "../protocol/messages.ts";
import type { Revision } from "../protocol/revision.ts";
import type { CrashClient } from "./crash-client.fixture.ts";
import type { Asked, Read, Told } from "./crash-history.fixture.ts";
import type { Ledger } from "./crash-letter.fixture.ts";

/** How many of each kind make a crowd. */
const CROWD: readonly (readonly [Round, number])[] = [
  [chainContact, 8],
  [writePlainly, 3],
  [writeTask, 5],
  [addToList, 3],
  [makeAndUnmake, 5],
  [sendBatch, 4],
];
const SHARED_CONTACTS = 8;
const SHARED_TASKS = 4;
const SHARED_LISTS = 2;
/** A list that has so many items is left for the next. */
const ITEMS_MAX = 25;
/** Clocks of devices are wrong by up to so much. */
const SKEW_MS = 3_000;

type Round = (pen: Pen) => Promise<void>;

/** Starts the crowd; the returned function lets each writer end its round, and fulfils when all have. */
export function startWriters(
  client: CrashClient,
  ledger: Ledger,
  seed: number,
): { stop(): Promise<readonly Read[]> } {
  const reads: Read[] = [];
  let stopped = false;
  const loops = CROWD.flatMap(([round, count]) =>
    Array.from({ length: count }, async (_, index) => {
      const name = `${round.name}-${index}`;
      const pen = new Pen(client, ledger, stream(seed, name), name, reads);
      while (!stopped) await round(pen);
    }),
  );
  return {
    async stop() {
      stopped = true;
      await Promise.all(loops);
      return reads;
    },
  };
}

/** What one writer holds in its hand. */
class Pen {
  readonly prng: Prng;
  readonly deviceId: string;
  /** The latest of each record that it knows of, by id. */
  readonly known = new Map<string, WireRecord>();
  /** Revisions that it once knew: what a stale write names. */
  readonly past = new Map<string, Revision[]>();
  generation = 0;
  private readonly client: CrashClient;
  private readonly ledger: Ledger;
  private readonly reads: Read[];
  private readonly skewMs: number;
  private count = 0;

  constructor(client: CrashClient, ledger: Ledger, prng: Prng, deviceId: string, reads: Read[]) {
    this.client = client;
    this.ledger = ledger;
    this.prng = prng;
    this.deviceId = deviceId;
    this.reads = reads;
    this.skewMs = prng.below(2 * SKEW_MS) - SKEW_MS;
  }

  /** A mutation that nobody asked for before. `fields` is given its mark. */
  ask(
    entity: Entity,
    operation: Operation,
    more: Partial<Asked>,
    fields?: (mark: string) => JsonObject,
  ): Asked {
    const key = `${this.deviceId}-${++this.count}`;
    const mark = `by ${key}`;
    return {
      ...{ key, deviceId: this.deviceId, entity, operation, mark, fields: fields?.(mark) },
      ...{ recordId: undefined, recordOf: undefined, base: undefined, baseOf: undefined },
      ...more,
    };
  }

  async post(asked: Asked): Promise<Told | undefined> {
    const told = await this.ledger.post(asked, this.timestampMs(), this.prng);
    if (asked.recordId !== undefined) this.learn(asked.recordId, told);
    return told;
  }

  postBatch(asked: readonly Asked[]): Promise<boolean> {
    return this.ledger.postBatch(asked, this.timestampMs(), this.prng);
  }

  /** The record as this writer knows it, or as it stands; undefined when there is none. */
  async look(entity: Entity, id: string): Promise<WireRecord | undefined> {
    const known = this.known.get(id);
    if (known !== undefined) return known;
    const got = await this.client.read(`/api/${COLLECTION_OF[entity]}/${id}`);
    const record = got.status === 200 ? (got.body.data as unknown as WireRecord) : undefined;
    this.reads.push({ entity, id, sentAt: got.sentAt, revision: record?.revisionId });
    if (record !== undefined) this.keep(id, record);
    return record;
  }

  private learn(id: string, told: Told | undefined): void {
    const record = (told?.body.data ?? told?.body.serverData ?? undefined) as WireRecord | undefined;
    if (record === undefined) this.known.delete(id);
    else this.keep(id, record);
  }

  private keep(id: string, record: WireRecord): void {
    this.known.set(id, record);
    const past = this.past.get(id) ?? [];
    past.push(record.revisionId);
    this.past.set(id, past.slice(-3));
  }

  private timestampMs(): number {
    return Date.now() + this.skewMs;
  }
}

/** A shared contact, always on the revision that the writer knows: exactly one of those who know the same wins. */
async function chainContact(pen: Pen): Promise<void> {
  const id = `shared-${pen.prng.below(SHARED_CONTACTS)}`;
  const record = await pen.look("contact", id);
  if (record === undefined) {
    await pen.post(pen.ask("contact", "create", { recordId: id }, (mark) => ({ name: mark, phone: "1" })));
    return;
  }
  const base = record.revisionId;
  const field = pen.prng.pick(["name", "notes", "email"]);
  await pen.post(pen.ask("contact", "update", { recordId: id, base }, (mark) => ({ [field]: mark })));
}

/** No If-Match: what is there is written over; now and then it is taken away, and made again by who misses it. */
async function writePlainly(pen: Pen): Promise<void> {
  const entity = pen.prng.pick(["contact", "task"] as const);
  const id = entity === "contact" ? `shared-${pen.prng.below(SHARED_CONTACTS)}` : sharedTask(pen);
  if (pen.prng.chance(0.05)) {
    await pen.post(pen.ask(entity, "delete", { recordId: id }));
    return;
  }
  const told = await pen.post(pen.ask(entity, "update", { recordId: id }, (mark) => ({ notes: mark })));
  if (told?.status === 404) {
    const required = entity === "contact" ? "name" : "title";
    await pen.post(pen.ask(entity, "create", { recordId: id }, (mark) => ({ [required]: mark })));
  }
}

/** A shared task, as often as not on a revision that others have left behind. */
async function writeTask(pen: Pen): Promise<void> {
  const id = sharedTask(pen);
  const record = await pen.look("task", id);
  if (record === undefined) {
    await pen.post(pen.ask("task", "create", { recordId: id }, (mark) => ({ title: mark, done: false })));
    return;
  }
  const base = pen.prng.pick(pen.past.get(id) ?? [record.revisionId]);
  const names = pen.prng.pick([["title"], ["notes"], ["dueAt", "notes"], ["title", "extra"]]);
  const told = await pen.post(
    pen.ask("task", "update", { recordId: id, base }, (mark) =>
      Object.fromEntries(names.map((name) => [name, mark])),
    ),
  );
  if (told?.body.deleted === true) pen.past.delete(id);
}

/** One more item on a shared list, on top of those that the writer knows. */
async function addToList(pen: Pen): Promise<void> {
  const id = `list-${pen.prng.below(SHARED_LISTS)}-${pen.generation}`;
  const list = await pen.look("list", id);
  if (list === undefined) {
    await pen.post(pen.ask("list", "create", { recordId: id }, (mark) => ({ name: mark, items: [] })));
    return;
  }
  const items = (list.items ?? []) as readonly JsonObject[];
  if (items.length >= ITEMS_MAX) {
    pen.generation++;
    return;
  }
  const base = list.revisionId;
  await pen.post(
    pen.ask("list", "update", { recordId: id, base }, (mark) => ({
      items: [...items, { id: mark, text: mark }],
    })),
  );
}

/** A record of its own, with an id of its own or of the proxy's; changed, taken away, made again. */
async function makeAndUnmake(pen: Pen): Promise<void> {
  const { prng } = pen;
  const entity = prng.pick(["contact", "task", "list"] as const);
  const required = entity === "task" ? "title" : "name";
  const make = (recordId: string | undefined): Asked =>
    pen.ask(entity, "create", { recordId }, (mark) => ({ [required]: mark }));
  const own = prng.chance(0.5) ? `own-${pen.deviceId}-${prng.below(30)}` : undefined;
  const made = await pen.post(make(own));
  const record = (made?.body.data ?? made?.body.serverData ?? undefined) as WireRecord | undefined;
  if (record === undefined) return;
  const { id: recordId } = record;
  const guard = (revision: Revision): Partial<Asked> => (prng.chance(0.5) ? { base: revision } : {});
  let base = record.revisionId;
  if (prng.chance(0.5)) {
    const changed = await pen.post(
      pen.ask(entity, "update", { recordId, ...guard(base) }, (mark) => ({ [required]: mark })),
    );
    if (changed?.status !== 200) return;
    base = (changed.body.data as unknown as WireRecord).revisionId;
  }
  if (prng.chance(0.4)) {
    const gone = await pen.post(pen.ask(entity, "delete", { recordId, ...guard(base) }));
    if (gone?.status === 200 && prng.chance(0.5)) await pen.post(make(recordId));
  }
}

/** A queue as a device sends it: a create, edits of it that rest on each other, and an edit of what all share. */
async function sendBatch(pen: Pen): Promise<void> {
  const { prng } = pen;
  const entity = prng.pick(["contact", "task"] as const);
  const required = entity === "contact" ? "name" : "title";
  const recordId = prng.chance(0.5) ? `batch-${pen.deviceId}-${prng.below(1_000_000)}` : undefined;
  const create = pen.ask(entity, "create", { recordId }, (mark) => ({ [required]: mark }));
  const queue = [create];
  const same = recordId !== undefined && prng.chance(0.5) ? { recordId } : { recordOf: create.key };
  let baseOf = create.key;
  for (let edits = prng.below(4); edits > 0; edits--) {
    const edit = pen.ask(entity, "update", { ...same, baseOf }, (mark) => ({ notes: mark }));
    queue.push(edit);
    baseOf = edit.key;
  }
  const shared = `shared-${prng.below(SHARED_CONTACTS)}`;
  const known = await pen.look("contact", shared);
  if (known !== undefined) {
    const base = known.revisionId;
    const first = pen.ask("contact", "update", { recordId: shared, base }, (mark) => ({ notes: mark }));
    const then = pen.ask("contact", "update", { recordId: shared, baseOf: first.key }, (mark) => ({
      email: mark,
    }));
    queue.push(first, then);
    pen.known.delete(shared);
  }
  if (prng.chance(0.3)) queue.push(pen.ask(entity, "delete", { ...same, baseOf }));
  await pen.postBatch(queue);
}

function sharedTask(pen: Pen): string {
  return `task-${pen.prng.below(SHARED_TASKS)}`;
}
