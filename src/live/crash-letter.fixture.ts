/**
 * Owns letters: mutations on their way in one request, alone or as a batch, posted again with the same bytes until
 * their answer settles them; and the ledger of all that was ever posted.
 * Refuses to choose what is written: crash-writers.fixture.ts does.
 */

import { setTimeout as sleep } from "node:timers/promises";
import type { JsonObject } from "../base/canonical-json.ts";
import type { Prng } from "../base/prng.ts";
import { COLLECTION_OF } from "../protocol/entity.ts";
import type { CrashClient, Got, Wire } from "./crash-client.fixture.ts";
import type { Again, Asked, Mutation, Told } from "./crash-history.fixture.ts";
import { settles } from "./crash-judge.fixture.ts";
import type { CrashServer } from "./crash-server.fixture.ts";

/** After an attempt without an answer: how often the client is never seen again, and how often it asks twice at once. */
const ABANDON = 0.1;
const ASK_TWICE = 0.25;
const RETRY_PAUSE_MS = 5;
/** Below every proxy's `mutationsMax`. */
const AGAIN_AT_ONCE = 50;
const AGAIN_CLIENTS = 12;

interface Entry {
  readonly asked: Asked;
  readonly answers: Told[];
}

interface Letter {
  readonly entries: readonly Entry[];
  readonly isBatch: boolean;
  readonly wire: Wire;
  readonly firstSentAt: number;
  readonly firstLife: number;
  unanswered: number;
  abandoned: boolean;
}

export class Ledger {
  private readonly client: CrashClient;
  private readonly server: CrashServer;
  private readonly letters: Letter[] = [];

  constructor(client: CrashClient, server: CrashServer) {
    this.client = client;
    this.server = server;
  }

  /** Posts one mutation by itself; undefined: its client is gone, and will not hear of it. */
  async post(asked: Asked, timestampMs: number, prng: Prng): Promise<Told | undefined> {
    const entries = [{ asked, answers: [] }];
    const letter = await this.begin(entries, false, singleOf(asked, timestampMs));
    return (await this.settle(letter, prng)) ? letter.entries[0]?.answers.at(-1) : undefined;
  }

  /** Posts mutations as one batch; false: its client is gone. */
  async postBatch(asked: readonly Asked[], timestampMs: number, prng: Prng): Promise<boolean> {
    const entries = asked.map((one) => ({ asked: one, answers: [] }));
    return this.settle(await this.begin(entries, true, batchOf(asked, timestampMs)), prng);
  }

  /** Settles what was abandoned. */
  async settleAbandoned(): Promise<void> {
    for (const letter of this.letters) {
      if (letter.abandoned) while (!(await this.attempt(letter)));
    }
  }

  /** Asks for every mutation that has an answer which is remembered once more, in the form that it had. */
  async askAgain(): Promise<readonly Again[]> {
    const again: Again[] = [];
    const wires: {
      readonly wire: Wire;
      readonly keys: readonly string[] | undefined;
      readonly key: string;
    }[] = [];
    // By device: a batch is one device's.
    const inBatches = new Map<string, { readonly key: string; readonly item: JsonObject }[]>();
    for (const { entries, isBatch, wire } of this.letters) {
      for (const [index, { asked, answers }] of entries.entries()) {
        if (!answers.some(settles)) continue;
        const { key, deviceId } = asked;
        if (!isBatch) {
          wires.push({ wire, keys: undefined, key });
          continue;
        }
        const queue = inBatches.get(deviceId) ?? [];
        queue.push({ key, item: itemsOf(wire)[index] as JsonObject });
        inBatches.set(deviceId, queue);
      }
    }
    for (const [deviceId, queue] of inBatches) {
      for (let at = 0; at < queue.length; at += AGAIN_AT_ONCE) {
        const some = queue.slice(at, at + AGAIN_AT_ONCE);
        const mutations = some.map(({ item }) => item);
        wires.push({ wire: batchWire(deviceId, mutations), keys: some.map(({ key }) => key), key: "" });
      }
    }
    let next = 0;
    const run = async (): Promise<void> => {
      for (let one = wires[next++]; one !== undefined; one = wires[next++]) {
        const got = await this.insist(one.wire);
        if (one.keys === undefined)
          again.push({ key: one.key, status: got.status, body: withoutMessage(got.body) });
        else
          for (const { key, told } of resultsOf(got))
            again.push({ key, status: told.status, body: told.body });
      }
    };
    await Promise.all(Array.from({ length: AGAIN_CLIENTS }, run));
    return again;
  }

  mutations(): readonly Mutation[] {
    return this.letters.flatMap(({ entries, firstSentAt, firstLife, unanswered, abandoned }) =>
      entries.map(({ asked, answers }) => ({
        ...asked,
        answers,
        firstSentAt,
        firstLife,
        unanswered,
        abandoned,
      })),
    );
  }

  private async begin(entries: readonly Entry[], isBatch: boolean, wire: Wire): Promise<Letter> {
    await this.server.up();
    const firstSentAt = this.client.now();
    const letter = {
      ...{ entries, isBatch, wire, firstSentAt, firstLife: this.server.life },
      ...{ unanswered: 0, abandoned: false },
    };
    this.letters.push(letter);
    return letter;
  }

  /** True once it is settled; false when its client has left it. */
  private async settle(letter: Letter, prng: Prng): Promise<boolean> {
    for (;;) {
      const before = letter.unanswered;
      if (await this.attempt(letter)) return true;
      if (letter.unanswered === before) {
        await sleep(RETRY_PAUSE_MS);
        continue;
      }
      if (prng.chance(ABANDON)) {
        letter.abandoned = true;
        return false;
      }
      // [IDM-2] a client whose own retries overlap.
      if (prng.chance(ASK_TWICE)) {
        const settled = await Promise.all([this.attempt(letter), this.attempt(letter)]);
        // One without an answer may have had the effect that the other was refused.
        if (!settled.includes(false)) return true;
      }
    }
  }

  /** True when the answer came and settles it. */
  private async attempt(letter: Letter): Promise<boolean> {
    const got = await this.client.attempt(letter.wire);
    if (got === undefined) {
      letter.unanswered++;
      return false;
    }
    if (isPassing(got)) return false;
    if (!letter.isBatch) {
      letter.entries[0]?.answers.push({ ...got, body: withoutMessage(got.body) });
      return true;
    }
    if (got.status !== 200) {
      this.client.surprises.push(`a batch was answered ${got.status} ${JSON.stringify(got.body)}`);
      return true;
    }
    const results = resultsOf(got);
    let isSettled = true;
    for (const [index, { asked, answers }] of letter.entries.entries()) {
      const result = results[index];
      if (result?.key !== asked.key) this.client.surprises.push(`[BAT-1] no result for ${asked.key}`);
      else if (isPassing(result.told)) isSettled = false;
      else answers.push(result.told);
    }
    return isSettled;
  }

  private async insist(wire: Wire): Promise<Got> {
    for (;;) {
      const got = await this.client.attempt(wire);
      if (got !== undefined && !isPassing(got)) return got;
      await sleep(RETRY_PAUSE_MS);
    }
  }
}

/** What settles nothing: come again. */
function isPassing({ status, body }: { readonly status: number; readonly body: JsonObject }): boolean {
  return status === 503 || status === 429 || (status === 409 && body.error === "in_flight");
}

function singleOf(asked: Asked, timestampMs: number): Wire {
  const { entity, operation, recordId, fields, base, key, deviceId } = asked;
  const collection = `/api/${COLLECTION_OF[entity]}`;
  const headers = {
    "idempotency-key": key,
    "x-device-id": deviceId,
    "x-mutation-timestamp": String(timestampMs),
    "content-type": "application/json",
    ...(base === undefined ? undefined : { "if-match": `"${base}"` }),
  };
  switch (operation) {
    case "create": {
      const body = recordId === undefined ? { ...fields } : { id: recordId, ...fields };
      return { method: "POST", path: collection, headers, body };
    }
    case "update":
      return { method: "PATCH", path: `${collection}/${recordId}`, headers, body: { ...fields } };
    case "delete":
      return { method: "DELETE", path: `${collection}/${recordId}`, headers };
  }
}

function batchOf(asked: readonly Asked[], timestampMs: number): Wire {
  const mutations = asked.map(({ key, entity, operation, recordId, recordOf, fields, base, baseOf }) => ({
    ...{ id: key, timestamp: timestampMs, entity, operation },
    ...(operation === "create" ? undefined : { recordId: recordId ?? recordOf ?? "" }),
    ...(fields === undefined
      ? undefined
      : { payload: operation === "create" && recordId !== undefined ? { id: recordId, ...fields } : fields }),
    ...(base === undefined ? undefined : { ifMatch: base }),
    ...(baseOf === undefined ? undefined : { ifMatchMutation: baseOf }),
  }));
  return batchWire(asked[0]?.deviceId ?? "", mutations);
}

function batchWire(deviceId: string, mutations: readonly JsonObject[]): Wire {
  const headers = { "x-device-id": deviceId, "content-type": "application/json" };
  return { method: "POST", path: "/api/sync/batch", headers, body: { mutations } };
}

function itemsOf(wire: Wire): readonly JsonObject[] {
  return (wire.body?.mutations ?? []) as readonly JsonObject[];
}

/** The results of a batch, each as the single call would have been answered. */
function resultsOf(got: Got): readonly { readonly key: string; readonly told: Told }[] {
  const results = (got.body.results ?? []) as readonly JsonObject[];
  return results.map((result) => {
    const { id, status, replayed, message: _message, ...body } = result;
    return { key: String(id), told: { ...got, status: Number(status), replayed: replayed === true, body } };
  });
}

function withoutMessage(body: JsonObject): JsonObject {
  const { message: _message, ...rest } = body;
  return rest;
}
