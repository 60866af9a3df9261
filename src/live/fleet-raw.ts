/**
 * Owns the plain clients of a fleet, one an account: they write and read over HTTP alone, with headers of their choice:
 * none, a stale `If-Match`, the same key twice, from the beginning or one after the other.
 * Refuses to wait for anything, and to remember more than the revisions that it was answered with.
 */

import { type Prng, stream } from "../base/prng.ts";
import type { MutationResult, OnDevice } from "../history/facts.ts";
import { ENTITIES, type Entity, type Fields } from "../protocol/entity.ts";
import type { Call, MutationItem, Request } from "../protocol/request.ts";
import { Author } from "../simulation/author.ts";
import { factOfAnswer, factOfRequest, sentMutations } from "../simulation/witness.ts";
import type { Reply } from "./fleet-delivery.ts";
import { type FleetStage, seedName } from "./fleet-stage.ts";
import { answerOf, wireOf } from "./fleet-wire.ts";

const TIMEOUT_MS = 10_000;
const RECORDS_KEPT_MAX = 200;
/** Of its writes, those without any sync header. */
const PLAIN_SHARE = 0.3;
const LAST_DELETES = 3;

/** A record that is to be there before the fleet begins. */
export interface FirstRecord {
  readonly entity: Entity;
  readonly id: string;
  readonly fields: Fields;
}

/** A record that it made or met, and the revisions it saw it at, oldest first. */
interface Met {
  readonly entity: Entity;
  readonly id: string;
  readonly revisions: string[];
}

export class RawClient {
  readonly name: string;
  underWay = 0;
  private readonly stage: FleetStage;
  private readonly index: number;
  private readonly account: number;
  private readonly random: Prng;
  private readonly author: Author;
  private readonly met: Met[] = [];
  private requests = 0;
  private made = 0;

  constructor(stage: FleetStage, index: number, account: number) {
    this.stage = stage;
    this.index = index;
    this.account = account;
    this.name = `${stage.names.prefix}plain-${account}`;
    this.random = stream(stage.seed, `plain-${account}`);
    this.author = new Author(stream(stage.seed, `plain-${account}/author`), `p${account}`);
  }

  /** The records that the account has before the fleet begins, or a part of them. */
  knows(entity: Entity, id: string, revision: string | undefined): void {
    this.met.push({ entity, id, revisions: revision === undefined ? [] : [revision] });
    if (this.met.length > RECORDS_KEPT_MAX) this.met.shift();
  }

  /** Makes one record under a given name; told when it is there, or cannot be made. */
  creates(entity: Entity, id: string, fields: Fields, done: (isThere: boolean) => void): void {
    const call: Call = { call: "create", entity, body: { id, ...fields } };
    this.send({ call, ...this.headers() }, (status, revision) => {
      const isThere = status >= 200 && status <= 299;
      if (isThere) this.knows(entity, id, revision);
      done(isThere);
    });
  }

  /** Makes several in one batch; told how many are there. What the batch did not make is made alone. */
  createsTogether(some: readonly FirstRecord[], done: (count: number) => void): void {
    const timestamp = this.stage.agenda.now;
    const mutations = some.map(({ entity, id, fields }): MutationItem => {
      const key = `${this.name}-k${++this.requests}`;
      return { id: key, timestamp, entity, operation: "create", payload: { ...fields, id } };
    });
    this.sendAll({ call: { call: "batch", body: { mutations } }, ...this.who() }, (results) => {
      const missing: FirstRecord[] = [];
      for (const [nth, record] of some.entries()) {
        const result = results[nth];
        if (result === undefined || result.status > 299) missing.push(record);
        else this.knows(record.entity, record.id, result.revision);
      }
      let left = missing.length;
      let there = some.length - left;
      if (left === 0) return done(there);
      for (const { entity, id, fields } of missing)
        this.creates(entity, id, fields, (isThere) => {
          if (isThere) there++;
          if (--left === 0) done(there);
        });
    });
  }

  /** Does one thing, drawn by chance. */
  acts(): void {
    const draw = this.random.unit();
    const one = this.met.length === 0 ? undefined : this.random.pick(this.met);
    if (one === undefined || draw < 0.15) return this.createsNew();
    if (draw < 0.25)
      return this.send({ call: { call: "read", entity: one.entity, id: one.id }, ...this.who() });
    if (draw < 0.3) return this.lists();
    if (draw < 0.42) return this.deletes(one);
    return this.updates(one);
  }

  /** The last words before faults stop: some records go, one changes, one comes. */
  says(): void {
    const some = this.met.slice(-LAST_DELETES);
    for (const { entity, id } of some)
      this.send({ call: { call: "delete", entity, id }, ...this.headers(), ifMatch: "*" });
    const [first] = this.met;
    if (first !== undefined) this.updates(first);
    this.createsNew();
  }

  private createsNew(): void {
    const entity = this.random.pick(ENTITIES);
    const id = seedName(this.stage.names, 0, this.account, entity, 0).replace(/-0$/, `-p${this.made++}`);
    const call: Call = { call: "create", entity, body: { id, ...this.author.newFields(entity, 2) } };
    this.doubled({ call, ...this.headers() }, (status, revision) => {
      if (status === 201) this.knows(entity, id, revision);
    });
  }

  private lists(): void {
    this.send({ call: { call: "changes", limit: 1 }, ...this.who() });
  }

  private deletes({ entity, id, revisions }: Met): void {
    const call: Call = { call: "delete", entity, id };
    this.doubled({ call, ...this.headers(), ...this.condition(revisions, true) });
  }

  private updates(one: Met): void {
    const { entity, id, revisions } = one;
    const payload = this.author.update(entity, { id, fields: {} }).payload ?? {};
    const call: Call = { call: "update", entity, id, body: payload };
    this.doubled({ call, ...this.headers(), ...this.condition(revisions, false) }, (status, revision) => {
      if (status === 200 && revision !== undefined) revisions.push(revision);
    });
  }

  /** The newest revision that it knows, an older one, any, or none. */
  private condition(revisions: readonly string[], always: boolean): { readonly ifMatch?: string } {
    const draw = this.random.unit();
    const newest = revisions.at(-1);
    if (newest === undefined || (draw < 0.2 && !always)) return {};
    if (draw < 0.35) return { ifMatch: `"${this.random.pick(revisions)}"` };
    return { ifMatch: draw < 0.45 ? "*" : `"${newest}"` };
  }

  /** With a key it may come twice: at once, or behind its answer. */
  private doubled(request: Request, done?: (status: number, revision: string | undefined) => void): void {
    const draw = this.random.unit();
    if (this.random.chance(PLAIN_SHARE)) return this.plainly(request);
    if (draw < 0.15) this.send(request);
    this.send(request, (status, revision) => {
      done?.(status, revision);
      if (draw > 0.85 && !this.stage.healed) this.send(request);
    });
  }

  /** [API-6] without any of the sync headers: nobody knows who it was, and the history tells its effect alone. */
  private plainly({ call, token }: Request): void {
    this.underWay++;
    this.stage.courier.send(
      wireOf({ call, ...(token === undefined ? undefined : { token }) }),
      () => {},
      () => {
        this.underWay--;
      },
    );
  }

  private who(): Pick<Request, "token" | "deviceId"> {
    return { token: this.stage.tokens[this.account] ?? "", deviceId: this.name };
  }

  private headers(): Pick<Request, "token" | "deviceId" | "idempotencyKey" | "timestamp"> {
    return {
      ...this.who(),
      idempotencyKey: `${this.name}-k${++this.requests}`,
      timestamp: this.stage.agenda.now,
    };
  }

  private send(message: Request, done?: (status: number, revision: string | undefined) => void): void {
    this.sendAll(message, (results, status) => done?.(status, results[0]?.revision));
  }

  /** `done` is told what came of each mutation, and with which status; nothing and 0 where nothing came. */
  private sendAll(
    message: Request,
    done: (results: readonly MutationResult[], status: number) => void,
  ): void {
    const { agenda, courier } = this.stage;
    const request = ++this.requests;
    const on = this.on();
    const mutations = sentMutations(on, request, message);
    this.stage.record(factOfRequest(on, request, message, mutations));
    this.underWay++;
    let isOver = false;
    const over = (reply: Reply): void => {
      if (isOver) return;
      isOver = true;
      this.underWay--;
      if (reply.reply !== "answered") {
        const { call } = message.call;
        this.stage.record({ fact: "unanswered", ...this.on(), request, call, why: reply.reply });
        done([], 0);
        return;
      }
      const answer = answerOf(reply.status, reply.got, reply.json);
      const fact = factOfAnswer(this.on(), request, message, mutations, answer, reply.text.length);
      this.stage.record(fact, mutations);
      done(fact.fact === "answered" ? fact.results : [], reply.status);
    };
    const errand = courier.send(
      wireOf(message),
      () =>
        agenda.put(agenda.nowMs + TIMEOUT_MS, () => {
          if (isOver) return;
          errand.drop();
          over({ reply: "timeout" });
        }),
      over,
    );
  }

  private on(): OnDevice {
    return { at: this.stage.agenda.now, device: this.index, account: this.account };
  }
}
