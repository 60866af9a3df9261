/**
 * Owns the watch of revisions: what stands in `meta`, beside records and in ETag of every answer [REV-1 to REV-5, REV-10].
 * Refuses to know which revision is the newest: that is the watch of freshness.
 */

import { answerIn, hasPhase, isOk, recordsIn, revisionsIn, shapeOf } from "../anatomy.ts";
import type { Desk, Exchange } from "../desk.ts";
import { instantOf } from "../expectations.ts";
import type { Violation } from "../probe.ts";
import { looseOf, textOf } from "../reply.ts";
import type { HttpAnswer } from "../target.ts";
import type { Watch } from "../watch.ts";

const PHASE = 1;

/** Fresh for each run: it remembers the commit time that each revision was given, and the record that it is of. */
export function watchRevisions(): Watch {
  const committedAt = new Map<string, string>();
  const owners = new Map<string, string>();
  return {
    rules: ["REV-1", "REV-2", "REV-3", "REV-4", "REV-5", "REV-10", "CON-11"],
    look(exchange, desk) {
      const answer = answerIn(exchange);
      if (answer === undefined || answer.json === undefined || !hasPhase(desk.facts, PHASE)) return undefined;
      return (
        ofMeta(exchange, answer, desk) ??
        ofCommitTime(exchange, answer, committedAt) ??
        ofRecords(exchange, answer, desk) ??
        ofOwner(exchange, answer, owners, desk) ??
        ofForm(exchange, answer, desk) ??
        ofETag(exchange, answer, desk)
      );
    },
  };
}

function ofMeta({ ask }: Exchange, { status, json }: HttpAnswer, desk: Desk): Violation | undefined {
  const { kind } = shapeOf(ask.http);
  if (!isOk(status) || kind === "other") return undefined;
  desk.exercise("REV-1");
  const meta = looseOf(looseOf(json).meta);
  const actual = `${ask.label}: ${status} with meta ${JSON.stringify(looseOf(json).meta)}`;
  if (textOf(meta.revisionId) === undefined)
    return { rule: "REV-1", expected: "meta.revisionId in every 2xx body", actual };
  if (instantOf(meta.updatedAt) === undefined)
    return { rule: "REV-1", expected: "meta.updatedAt: RFC 3339, UTC, with milliseconds", actual };
  return undefined;
}

/** One revision was committed at one time, whoever asks [REV-1]. */
function ofCommitTime(
  { ask }: Exchange,
  { status, json }: HttpAnswer,
  committedAt: Map<string, string>,
): Violation | undefined {
  const { kind } = shapeOf(ask.http);
  const meta = looseOf(looseOf(json).meta);
  const revision = textOf(meta.revisionId);
  const updatedAt = textOf(meta.updatedAt);
  if (!isOk(status) || kind === "other" || revision === undefined || updatedAt === undefined)
    return undefined;
  const scoped = `${ask.actor.account} ${revision}`;
  const before = committedAt.get(scoped);
  // A head may be somebody else's, or that of an empty log: only what a record's own answer said is known.
  if (before === undefined && kind === "record") committedAt.set(scoped, updatedAt);
  if (before === undefined || before === updatedAt) return undefined;
  const expected = `meta.updatedAt ${before} for ${revision}, as it was told before`;
  return { rule: "REV-1", expected, actual: `${ask.label}: ${updatedAt}` };
}

function ofRecords({ ask }: Exchange, { status, json }: HttpAnswer, desk: Desk): Violation | undefined {
  const { kind } = shapeOf(ask.http);
  const head = textOf(looseOf(looseOf(json).meta).revisionId);
  for (const { record, place, beside } of recordsIn(kind, status, json)) {
    desk.exercise("REV-3");
    const revision = textOf(record.revisionId);
    const actual = `${ask.label}: ${place}.revisionId is ${JSON.stringify(record.revisionId)}`;
    if (revision === undefined)
      return { rule: "REV-3", expected: "every record carries its revisionId", actual };
    if (kind === "record" && isOk(status)) {
      desk.exercise("REV-4");
      if (revision !== beside)
        return { rule: "REV-4", expected: `meta.revisionId (${beside}) is the record's`, actual };
    } else if (revision !== beside) {
      const rule = isOk(status) ? "REV-3" : "CON-11";
      return { rule, expected: `the revision of its latest change, ${beside}`, actual };
    }
    if (kind === "record" || !isOk(status) || head === undefined || !desk.facts.ordered) continue;
    desk.exercise("REV-4");
    if (head < revision)
      return {
        rule: "REV-4",
        expected: `meta.revisionId (${head}) is the head, at or after all data`,
        actual,
      };
  }
  return undefined;
}

/** A revision is of one change, and so of one record [REV-5]. */
function ofOwner(
  { ask }: Exchange,
  { status, json }: HttpAnswer,
  owners: Map<string, string>,
  desk: Desk,
): Violation | undefined {
  const { kind } = shapeOf(ask.http);
  for (const { record } of recordsIn(kind, status, json)) {
    const revision = textOf(record.revisionId);
    if (revision === undefined || !desk.owns(record.id)) continue;
    const scoped = `${ask.actor.account} ${revision}`;
    const owner = owners.get(scoped) ?? String(record.id);
    owners.set(scoped, owner);
    desk.exercise("REV-5");
    if (owner === record.id) continue;
    const expected = `a revision of its own for ${record.id}`;
    return { rule: "REV-5", expected, actual: `${ask.label}: ${revision}, which is that of ${owner}` };
  }
  return undefined;
}

function ofForm({ ask }: Exchange, { status, json }: HttpAnswer, desk: Desk): Violation | undefined {
  const { kind } = shapeOf(ask.http);
  for (const revision of revisionsIn(kind, status, json)) {
    desk.exercise("REV-2");
    if (!desk.facts.revision.test(revision))
      return { rule: "REV-2", expected: `${desk.facts.revision}`, actual: `${ask.label}: ${revision}` };
  }
  return undefined;
}

function ofETag({ ask }: Exchange, { status, json, headers }: HttpAnswer, desk: Desk): Violation | undefined {
  const { data, meta } = looseOf(json);
  if (!isOk(status) || shapeOf(ask.http).kind !== "record") return undefined;
  const etag = headers.get("etag");
  // Whether a deletion answers "a record" may be read either way; a tag that is there must be the right one.
  if (data === null && etag === undefined) return undefined;
  desk.exercise("REV-10");
  const expected = `ETag: "${looseOf(meta).revisionId}"`;
  if (etag === `"${looseOf(meta).revisionId}"`) return undefined;
  return { rule: "REV-10", expected, actual: `${ask.label}: ${etag ?? "no ETag"}` };
}
