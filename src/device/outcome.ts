/**
 * Owns what the answer to a mutation means [QUE-8]: done, refused, tried again, or a conflict.
 * Refuses to decide conflicts (resolve.ts) and to choose what goes next (drain.ts).
 */

import type { Json } from "../base/canonical-json.ts";
import type { WireRecord } from "../protocol/entity.ts";
import type { Answer } from "../protocol/request.ts";
import type { Revision } from "../protocol/revision.ts";
import { fail as backOff, createFailure, type Failure, succeed } from "./backoff.ts";
import { asObject, asText, type Result, resultOf, retryAfterMsOf } from "./body.ts";
import { applyAbsence, applyDeletion, applyRecord, entryOf, findEntry } from "./cache.ts";
import { serverNow } from "./clock.ts";
import { adoptId } from "./ids.ts";
import { complete, fail, jot, keep, rekey } from "./outbox.ts";
import { conflicted } from "./resolve.ts";
import { type Device, type Drain, type Mutation, signOut } from "./state.ts";

type Sent = Extract<Drain, { phase: "sent" }>;

/** The request of mutations was answered. */
export function answeredDrain(device: Device, sent: Sent, answer: Answer): void {
  device.drain = undefined;
  device.replan = true;
  if (answer.status === 401 && asText(asObject(answer.body)?.error ?? null) !== undefined)
    return pause(device, sent);
  if (sent.batch) return answeredBatch(device, sent, answer);
  const [mutation] = sent.mutations;
  if (!mutation) return;
  const result = resultOf(answer.status, answer.body);
  if (result.result === "again" && !isOwnAffair(result))
    return wholeFailed(device, sent, result.error, answer);
  succeed(device.queueBackoff);
  conclude(device, mutation, result, failureOf(device, answer));
}

/** The request of mutations was not answered. Only what left the phone counts as an attempt [QUE-6]. */
export function unansweredDrain(device: Device, sent: Sent, unreachable: boolean): void {
  device.drain = undefined;
  device.replan = true;
  const failure = createFailure(device.random, device.nowMs, unreachable);
  backOff(device.queueBackoff, failure);
  for (const mutation of sent.mutations)
    tryAgain(device, mutation, unreachable ? "unreachable" : "timeout", failure);
}

/** [EVT-16] an event shows that a mutation took effect. With its answer still out, that may say more. */
export function confirmed(device: Device, mutation: Mutation, revision: Revision): void {
  if (mutation.ending !== undefined && mutation.ending.outcome !== "failed") return;
  const isOut = device.drain?.phase === "sent" && device.drain.mutations.includes(mutation);
  if (isOut && mutation.status === "syncing") mutation.confirmed = revision;
  else complete(device, mutation, mutation.narrowed ? "merged" : "applied", revision);
}

function answeredBatch(device: Device, sent: Sent, answer: Answer): void {
  const results = asObject(answer.body)?.results;
  if (answer.status === 200 && Array.isArray(results)) {
    succeed(device.queueBackoff);
    return eachResult(device, sent, results as readonly Json[], failureOf(device, answer));
  }
  const result = resultOf(answer.status, answer.body);
  if (result.result !== "refused") {
    return wholeFailed(device, sent, result.result === "again" ? result.error : "not_the_protocol", answer);
  }
  // The envelope was refused, not the mutations: smaller ones, and in the end each alone, where its own answer counts.
  device.batchMax = result.status === 413 ? Math.max(1, Math.floor(sent.mutations.length / 2)) : 1;
  for (const mutation of sent.mutations) {
    if (mutation.status !== "syncing") continue;
    mutation.status = "pending";
    if (device.batchMax > 1 || mutation.link === undefined) continue;
    // Alone it cannot name the create that it hangs on: other bytes, another key.
    rekey(device, mutation);
    keep(device, mutation);
  }
}

function eachResult(device: Device, sent: Sent, results: readonly Json[], failure: Failure): void {
  let isSignedOut = false;
  for (const [index, mutation] of sent.mutations.entries()) {
    const item = asObject(results[index]);
    const status = item?.status;
    if (!item || item.id !== mutation.key || typeof status !== "number") {
      tryAgain(device, mutation, "not_the_protocol", failure);
    } else if (status === 401 && asText(item.error) !== undefined) {
      isSignedOut = true;
      if (mutation.status === "syncing") mutation.status = "pending";
    } else conclude(device, mutation, resultOf(status, item), failure);
  }
  // The token ended amid the batch: what it reached is done, the rest waits.
  if (isSignedOut) signOut(device, "request", sent.request);
}

/** The peer, not the mutation, is in trouble: all wait. */
function wholeFailed(device: Device, sent: Sent, error: string, answer: Answer): void {
  const failure = failureOf(device, answer);
  backOff(device.queueBackoff, failure);
  for (const mutation of sent.mutations) tryAgain(device, mutation, error, failure);
}

function failureOf(device: Device, answer: Answer): Failure {
  return createFailure(device.random, device.nowMs, false, retryAfterMsOf(answer));
}

function isOwnAffair(result: Extract<Result, { result: "again" }>): boolean {
  return result.error === "in_flight";
}

/** [QUE-8] one mutation's own result. */
function conclude(device: Device, mutation: Mutation, result: Result, failure: Failure): void {
  if (result.result === "done") takeRecord(device, mutation, result.record, result.revision);
  // An echo may have settled it, or a dependency taken it along.
  if (mutation.status !== "syncing") return;
  switch (result.result) {
    case "done":
      return complete(
        device,
        mutation,
        result.merged || mutation.narrowed ? "merged" : "applied",
        result.revision,
      );
    case "again":
      return tryAgain(device, mutation, result.error, failure);
    case "refused":
      return refused(device, mutation, result);
  }
}

function refused(device: Device, mutation: Mutation, result: Extract<Result, { result: "refused" }>): void {
  const { status, error } = result;
  if (status === 409) return conflicted(device, mutation, result.body, error);
  if (status === 404 && mutation.operation === "delete") {
    applyAbsence(device, entryOf(device, mutation.entity, mutation.recordId));
    return complete(device, mutation, "applied", undefined);
  }
  // Its create is still to be decided: only then is it known what becomes of this one.
  if (status === 424 && mutation.link !== undefined && !isHead(device, mutation)) {
    mutation.status = "pending";
    if (isHeadPending(device, mutation)) return;
    // The create was refused for good under the key that this one names: without that name it is another [MRG-10].
    rekey(device, mutation);
    return keep(device, mutation);
  }
  fail(device, mutation, error);
}

function takeRecord(device: Device, mutation: Mutation, record: WireRecord | null, revision: Revision): void {
  const { entity } = mutation;
  if (record === null) {
    if (mutation.operation === "delete") applyDeletion(device, entity, mutation.recordId, revision);
    return;
  }
  if (record.id !== mutation.recordId && mutation.operation === "create")
    adoptId(device, mutation, record.id);
  applyRecord(device, entity, record);
}

/** [QUE-5, QUE-6] the attempt failed; after the last that reached out, so did the mutation. */
function tryAgain(device: Device, mutation: Mutation, error: string, failure: Failure): void {
  if (mutation.status !== "syncing") return;
  if (mutation.confirmed !== undefined) {
    return complete(device, mutation, mutation.narrowed ? "merged" : "applied", mutation.confirmed);
  }
  if (!failure.unreachable) mutation.attempts++;
  mutation.status = "pending";
  backOff(mutation.backoff, failure);
  const waitMs = mutation.backoff.notBeforeMs - device.nowMs;
  mutation.pause = { untilMs: serverNow(device) + waitMs, waitMs };
  if (!device.queueing || mutation.attempts >= device.settings.attemptsMax)
    return fail(device, mutation, error);
  jot(device, mutation);
}

/** [QUE-8] 401: the queue pauses and loses nothing. */
function pause(device: Device, sent: Sent): void {
  for (const mutation of sent.mutations) if (mutation.status === "syncing") mutation.status = "pending";
  signOut(device, "request", sent.request);
}

/** The first of its record will be tried again as it is. */
function isHeadPending(device: Device, mutation: Mutation): boolean {
  return findEntry(device, mutation.entity, mutation.recordId)?.chain[0]?.status === "pending";
}

function isHead(device: Device, mutation: Mutation): boolean {
  return findEntry(device, mutation.entity, mutation.recordId)?.chain[0] === mutation;
}
