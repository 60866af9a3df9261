/**
 * Owns readers that outlive the proxy: event sockets that resume from the last revision they saw, and readers of
 * deltas that go on from where they stood, in the middle of their pages too.
 * Refuses to judge what they are shown.
 */

import { setTimeout as sleep } from "node:timers/promises";
import { WebSocket } from "ws";
import { COLLECTION_OF, ENTITIES, type Entity, type WireRecord } from "../protocol/entity.ts";
import type { Change, ChangesBody, CollectionBody, EventFrame, SyncEvent } from "../protocol/messages.ts";
import { GENESIS, type Revision } from "../protocol/revision.ts";
import type { CrashClient } from "./crash-client.fixture.ts";
import { nameOf, type Replica, type Sighting } from "./crash-history.fixture.ts";
import type { CrashServer } from "./crash-server.fixture.ts";

const CATCH_UP_WITHIN_MS = 20_000;

/** Where what readers are told is put down. */
export interface Notebook {
  readonly client: CrashClient;
  readonly server: CrashServer;
  readonly sightings: Sighting[];
  readonly changes: Change[];
}

/** An event socket, opened anew whenever it closes. */
export class StreamReader {
  readonly events: SyncEvent[] = [];
  private readonly name: string;
  private readonly notebook: Notebook;
  /** How many events it takes before it hangs up by itself; undefined: it never does. */
  private readonly hangUpAfter: number | undefined;
  private last: Revision = GENESIS;
  private stopped = false;
  private socket: WebSocket | undefined;
  private readonly loop: Promise<void>;

  constructor(name: string, notebook: Notebook, hangUpAfter?: number) {
    this.name = name;
    this.notebook = notebook;
    this.hangUpAfter = hangUpAfter;
    this.loop = this.run();
  }

  /** Fulfils when it has seen this revision; a surprise when that takes too long. */
  async catchUp(head: Revision): Promise<void> {
    const endAt = performance.now() + CATCH_UP_WITHIN_MS;
    while (this.last < head && performance.now() < endAt) await sleep(2);
    if (this.last < head) this.surprise(`saw nothing after ${this.last}, and the head is ${head}`);
  }

  async stop(): Promise<void> {
    this.stopped = true;
    this.socket?.terminate();
    await this.loop;
  }

  private async run(): Promise<void> {
    while (!this.stopped) {
      const url = await this.notebook.server.up();
      await this.listen(url);
      await sleep(1);
    }
  }

  /** One socket, until it closes. */
  private listen(url: string): Promise<void> {
    const { life } = this.notebook.server;
    const socket = new WebSocket(`${url.replace("http", "ws")}/api/sync/events?lastRevisionId=${this.last}`, {
      headers: { authorization: "Bearer tok-a", "x-device-id": this.name },
      perMessageDeflate: false,
    });
    this.socket = socket;
    let hungUp = false;
    let count = 0;
    socket.on("message", (data) => {
      if (hungUp) return;
      this.take(JSON.parse(String(data)) as EventFrame, life);
      this.notebook.client.traffic?.shown();
      if (++count === this.hangUpAfter) {
        hungUp = true;
        socket.terminate();
      }
    });
    socket.on("unexpected-response", (_request, { statusCode }) => {
      if (statusCode !== 503) this.surprise(`was refused a socket with ${statusCode}`);
      socket.terminate();
    });
    // The close that follows tells all.
    socket.on("error", () => {});
    return new Promise((resolve) => socket.once("close", () => resolve()));
  }

  private take(frame: EventFrame, life: number): void {
    if (frame.type === "resync_required")
      this.surprise(`was told ${JSON.stringify(frame)} after ${this.last}`);
    const seenAt = this.notebook.client.now();
    this.notebook.sightings.push({ revision: frame.revisionId, seenAt, life });
    if (frame.type !== "sync_event") return;
    this.events.push(frame);
    this.last = frame.revisionId;
  }

  private surprise(what: string): void {
    this.notebook.client.surprises.push(`${this.name} ${what}`);
  }
}

/** A device that syncs by delta, again and again. */
export class DeltaReader {
  private readonly name: string;
  private readonly notebook: Notebook;
  private readonly entities: readonly Entity[];
  private readonly limit: number;
  private readonly records = new Map<string, WireRecord>();
  private since: Revision | undefined;
  private stopped = false;
  private readonly loop: Promise<void>;

  /** `pauseMs`: between two syncs. */
  constructor(name: string, notebook: Notebook, entities: readonly Entity[], limit: number, pauseMs: number) {
    this.name = name;
    this.notebook = notebook;
    this.entities = entities;
    this.limit = limit;
    this.loop = this.run(pauseMs);
  }

  /** Syncs a last time, and tells what it holds. */
  async stop(): Promise<Replica> {
    this.stopped = true;
    await this.loop;
    await this.sync();
    return { name: this.name, entities: this.entities, records: this.records };
  }

  private async run(pauseMs: number): Promise<void> {
    while (!this.stopped) {
      await this.sync();
      await sleep(pauseMs);
    }
  }

  /** All pages, also when the proxy dies between two of them [DLT-12]. */
  private async sync(): Promise<void> {
    let cursor: string | undefined;
    for (;;) {
      const { client, server, sightings, changes } = this.notebook;
      const got = await client.read(this.pathOf(cursor));
      if (got.status !== 200) {
        client.surprises.push(`${this.name} was told ${got.status} ${JSON.stringify(got.body)}`);
        this.stopped = true;
        return;
      }
      const page = got.body as unknown as ChangesBody;
      for (const change of page.changes) this.apply(change);
      changes.push(...page.changes);
      sightings.push({ revision: page.currentRevision, seenAt: client.now(), life: server.life });
      if (!page.hasMore) {
        this.since = page.currentRevision;
        return;
      }
      cursor = page.nextCursor;
    }
  }

  private apply({ entity, id, data }: Change): void {
    if (data === undefined) this.records.delete(nameOf(entity, id));
    else this.records.set(nameOf(entity, id), data);
  }

  private pathOf(cursor: string | undefined): string {
    const entities = this.entities.map((entity) => COLLECTION_OF[entity]).join(",");
    const since = this.since === undefined ? "" : `&since=${this.since}`;
    const page = cursor === undefined ? "" : `&cursor=${encodeURIComponent(cursor)}`;
    return `/api/sync/changes?limit=${this.limit}&entities=${entities}${since}${page}`;
  }
}

/** The log's head now. */
export async function readHead(client: CrashClient): Promise<Revision> {
  const got = await client.read("/api/contacts?limit=1");
  return (got.body as unknown as CollectionBody).meta.revisionId;
}

/** Every record of every collection. */
export async function listAll(client: CrashClient): Promise<readonly WireRecord[]> {
  const records: WireRecord[] = [];
  for (const entity of ENTITIES) {
    let cursor: string | undefined;
    do {
      const page = cursor === undefined ? "" : `&cursor=${encodeURIComponent(cursor)}`;
      const got = await client.read(`/api/${COLLECTION_OF[entity]}?limit=500${page}`);
      const body = got.body as unknown as CollectionBody;
      records.push(...body.data);
      cursor = body.meta.nextCursor;
    } while (cursor !== undefined);
  }
  return records;
}
