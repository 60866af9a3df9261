/**
 * Owns clients of old: they list and write, plainly, and send none of the sync headers [API-6].
 * Refuses to be devices: no rule of the protocol binds them, and no fact tells of them but what they commit.
 */

import { type Prng, stream } from "../base/prng.ts";
import { DAY_MS, SECOND_MS } from "../base/time.ts";
import type { Edit } from "../device/port.ts";
import { COLLECTION_OF, ENTITIES, type Entity, type WireRecord } from "../protocol/entity.ts";
import { fieldsOf } from "../protocol/patch.ts";
import type { Answer, Call } from "../protocol/request.ts";
import { EVENT } from "./agenda.ts";
import { Author } from "./author.ts";
import { quantile } from "./fate.ts";
import type { Stage } from "./stage.ts";

/** From looking at a list to having changed something of it: whatever others do meanwhile is overwritten. */
const THINKING = { p50: 20 * SECOND_MS, p99: 300 * SECOND_MS };
const CREATE_SHARE = 0.2;
const DELETE_SHARE = 0.08;

/** What a client is about to write. */
export interface Intent {
  readonly client: number;
  readonly call: Call;
}

interface Client {
  readonly token: string;
  readonly random: Prng;
  readonly author: Author;
}

/** The legacy clients of a run. */
export class Legacy {
  private readonly stage: Stage;
  private readonly clients: Client[] = [];

  constructor(stage: Stage) {
    this.stage = stage;
  }

  begin(): void {
    const { scenario, seed } = this.stage;
    const { clients } = scenario.workload.legacy;
    for (const account of this.stage.accounts) {
      for (let nth = 0; nth < clients; nth++) {
        const name = `a${account}-legacy${nth}`;
        const author = new Author(stream(seed, `${name}/author`), name);
        this.clients.push({ token: `tok-${account}`, random: stream(seed, name), author });
        this.plan(this.clients.length - 1);
      }
    }
  }

  /** A client lists a collection, and its user begins to change something of what it shows. */
  looks(client: number): void {
    const { agenda } = this.stage;
    const { random } = this.clients[client] as Client;
    this.plan(client);
    const entity = random.pick(ENTITIES);
    const answer = this.ask(client, { call: "list", collection: COLLECTION_OF[entity] });
    if (answer.status !== 200) return;
    const call = this.wish(client, entity, (answer.body as { readonly data: readonly WireRecord[] }).data);
    const intent: Intent = { client, call };
    agenda.put(agenda.nowMs + quantile(THINKING, random.unit()), EVENT.legacyWrites, client, 0, intent);
  }

  /** What was wished is written, on whatever stands there by now. */
  writes({ client, call }: Intent): void {
    if (this.stage.healed) return;
    const answer = this.ask(client, call);
    if (answer.status < 300) this.stage.strikes.add("legacy-write");
  }

  private wish(client: number, entity: Entity, records: readonly WireRecord[]): Call {
    const { random, author } = this.clients[client] as Client;
    const draw = random.unit();
    if (records.length === 0 || draw < CREATE_SHARE) return asCall(author.create(entity));
    const record = random.pick(records);
    if (draw < CREATE_SHARE + DELETE_SHARE) return { call: "delete", entity, id: record.id };
    return asCall(author.update(entity, { id: record.id, fields: fieldsOf(record) }));
  }

  private ask(client: number, call: Call): Answer {
    const { token, random } = this.clients[client] as Client;
    return this.stage.backend.callOfOther({ call, token }, random.unit());
  }

  private plan(client: number): void {
    const { agenda, scenario, healed } = this.stage;
    const { editsPerDay } = scenario.workload.legacy;
    const { random } = this.clients[client] as Client;
    if (editsPerDay === 0 || healed) return;
    const atMs = agenda.nowMs + Math.ceil(random.exponential(DAY_MS / editsPerDay));
    if (atMs < scenario.duration) agenda.put(atMs, EVENT.legacyLooks, client);
  }
}

function asCall({ entity, operation, recordId, payload }: Edit): Call {
  return operation === "create"
    ? { call: "create", entity, body: payload }
    : { call: "update", entity, id: recordId ?? "", body: payload };
}
