/**
 * Owns the watch of freshness: no read that was asked after a write was answered shows less than that write
 * [REV-4, REV-9], and that what is made later has the larger revision [REV-6].
 * Refuses to know fields: revisions tell.
 */

import { answerIn, type CallShape, hasPhase, isOk, recordsIn, shapeOf } from "../anatomy.ts";
import type { Desk, Exchange } from "../desk.ts";
import type { Violation } from "../probe.ts";
import { type Loose, listOf, looseOf, textOf } from "../reply.ts";
import type { Watch } from "../watch.ts";

const PHASE = 1;

/** The newest that was told of one record. */
interface Known {
  readonly revision: string;
  readonly round: number;
}

/** Only for targets whose revisions are ordered: else newer cannot be told from older. */
export function watchFreshness(): Watch {
  const sight = new Sight();
  return {
    rules: ["REV-4", "REV-6", "REV-9"],
    look(exchange, desk) {
      if (!desk.facts.ordered || !hasPhase(desk.facts, PHASE)) return undefined;
      const violation = sight.judge(exchange, desk);
      sight.learn(exchange);
      return violation;
    },
  };
}

class Sight {
  private readonly records = new Map<string, Known>();
  private readonly heads = new Map<number, Known[]>();
  /** Records that something was sent to that may have ended them. */
  private readonly ended = new Set<string>();
  private mayAllBeEnded = false;

  judge(exchange: Exchange, desk: Desk): Violation | undefined {
    const answer = answerIn(exchange);
    if (answer === undefined || exchange.ask.http.headers.authorization === undefined) return undefined;
    const shape = shapeOf(exchange.ask.http);
    if (answer.status === 201) return this.ofCreate(exchange, looseOf(answer.json), desk);
    if (shape.kind === "record" && exchange.ask.http.method === "GET")
      return this.ofRead(exchange, shape, answer.status, looseOf(answer.json), desk);
    if (!isOk(answer.status) || shape.kind === "record" || shape.kind === "other" || shape.follows)
      return undefined;
    return (
      this.ofHead(exchange, looseOf(answer.json), desk) ??
      this.ofListing(exchange, shape, looseOf(answer.json), desk)
    );
  }

  /** Remembers what this exchange told, and what it may have ended. */
  learn(exchange: Exchange): void {
    const { ask, round } = exchange;
    const shape = shapeOf(ask.http);
    const scope = `${ask.actor.account} ${shape.entity} ${shape.id}`;
    if (ask.http.method === "DELETE") this.ended.add(scope);
    if (shape.kind === "webhook" || (shape.kind === "batch" && ask.http.body?.includes("delete")))
      this.mayAllBeEnded = true;
    const answer = answerIn(exchange);
    if (answer === undefined || !isOk(answer.status) || ask.http.method === "GET") return;
    const revisions = [
      ...(shape.kind === "record" ? [looseOf(looseOf(answer.json).meta).revisionId] : []),
      ...recordsIn(shape.kind, answer.status, answer.json).map(({ record }) => record.revisionId),
    ];
    for (const revision of revisions)
      if (typeof revision === "string") this.raiseHead(ask.actor.account, { revision, round });
    if (shape.kind !== "record") return;
    const { data, meta } = looseOf(answer.json);
    const record = looseOf(data);
    // A deletion tells the tombstone's: what is older must not be shown alive any more.
    const revision = textOf(data === null ? looseOf(meta).revisionId : record.revisionId);
    const key = `${ask.actor.account} ${shape.entity} ${shape.id ?? record.id}`;
    if (revision !== undefined && (this.records.get(key)?.revision ?? "") < revision)
      this.records.set(key, { revision, round });
  }

  private raiseHead(account: number, known: Known): void {
    const heads = this.heads.get(account) ?? [];
    heads.push(known);
    this.heads.set(account, heads);
  }

  /** A create without a key is no replay: what it committed comes after all that was answered before. */
  private ofCreate({ ask, round }: Exchange, body: Loose, desk: Desk): Violation | undefined {
    const revision = textOf(looseOf(body.data).revisionId);
    if (revision === undefined || ask.http.headers["idempotency-key"] !== undefined) return undefined;
    const before = (this.heads.get(ask.actor.account) ?? []).filter((one) => one.round < round);
    if (before.length > 0) desk.exercise("REV-6");
    const newer = before.find((one) => one.revision >= revision);
    if (newer === undefined) return undefined;
    const expected = `a revision after ${newer.revision}, which was answered before`;
    return { rule: "REV-6", expected, actual: `${ask.label}: ${revision}` };
  }

  private ofRead(
    { ask, round }: Exchange,
    { entity, id }: CallShape,
    status: number,
    body: Loose,
    desk: Desk,
  ): Violation | undefined {
    const key = `${ask.actor.account} ${entity} ${id}`;
    const known = this.records.get(key);
    if (known === undefined || known.round >= round) return undefined;
    const seen = textOf(looseOf(body.meta).revisionId);
    const isGone = status === 404 && !this.ended.has(key) && !this.mayAllBeEnded;
    const isOld = status === 200 && seen !== undefined && seen < known.revision;
    if (status === 200 || isGone) desk.exercise("REV-9");
    if (!isGone && !isOld) return undefined;
    const expected = `${id} at ${known.revision} or newer, for that was answered before`;
    return { rule: "REV-9", expected, actual: `${ask.label}: ${isGone ? "404" : seen}` };
  }

  private ofHead({ ask, round }: Exchange, body: Loose, desk: Desk): Violation | undefined {
    const head = textOf(looseOf(body.meta).revisionId);
    const before = (this.heads.get(ask.actor.account) ?? []).filter((one) => one.round < round);
    if (head === undefined || before.length === 0) return undefined;
    desk.exercise("REV-4");
    const newer = before.find(({ revision }) => revision > head);
    if (newer === undefined) return undefined;
    const expected = `the log's head: ${newer.revision}, which was answered before, or newer`;
    return { rule: "REV-4", expected, actual: `${ask.label}: meta.revisionId ${head}` };
  }

  /** A whole listing shows each record of ours that lives, at least as new as it was answered. */
  private ofListing(
    { ask, round }: Exchange,
    { kind, entity, paged }: CallShape,
    body: Loose,
    desk: Desk,
  ): Violation | undefined {
    if (kind !== "collection" || paged) return undefined;
    const listed = new Map(listOf(body.data).map((one) => [String(looseOf(one).id), looseOf(one)] as const));
    const prefix = `${ask.actor.account} ${entity} `;
    for (const [key, known] of this.records) {
      if (!key.startsWith(prefix) || known.round >= round || this.ended.has(key) || this.mayAllBeEnded)
        continue;
      const id = key.slice(prefix.length);
      const seen = textOf(listed.get(id)?.revisionId) ?? "";
      desk.exercise("REV-9");
      if (seen >= known.revision) continue;
      const expected = `${id} at ${known.revision} or newer in the list`;
      return { rule: "REV-9", expected, actual: `${ask.label}: ${seen === "" ? "not there" : seen}` };
    }
    return undefined;
  }
}
