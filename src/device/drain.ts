/**
 * Owns the way out of the queue: which mutations go next, alone or together, and their requests.
 * Refuses to know what the answers mean (outcome.ts). [QUE-9] one request of mutations at a time.
 */

import type { JsonObject } from "../base/canonical-json.ts";
import type { Call, MutationItem, Request } from "../protocol/request.ts";
import { findEntry } from "./cache.ts";
import { keep } from "./outbox.ts";
import { cancelTimer, type Device, emit, hasPhase, type Mutation, mayTalk, setTimer } from "./state.ts";
import { isDurable } from "./storage.ts";

/** What a mutation costs in a batch beside its payload: ids, key, revision and names, at their longest. */
const ITEM_BYTES = 1_024;
/** Room that is left below bodyBytesMax. */
const BODY_SHARE_MAX = 0.9;
/** Until capabilities are known. */
export const DEFAULT_MUTATIONS_MAX = 50;
export const DEFAULT_BODY_BYTES_MAX = 1_048_576;

interface Choice {
  readonly mutations: readonly Mutation[];
  readonly batch: boolean;
}

/** Lets the next mutations go, if some can and none are on their way. */
export function drain(device: Device): void {
  if (device.drain?.phase === "sent") return;
  if (device.drain) return sendStored(device);
  if (!mayDrain(device)) return cancelTimer(device, "retry");
  const { mutations, batch } = choose(device);
  if (mutations.length === 0) return;
  cancelTimer(device, "retry");
  for (const mutation of mutations) {
    mutation.status = "syncing";
    if (mutation.sent) continue;
    // [QUE-11] storage knows that it may have left before it leaves.
    mutation.sent = true;
    keep(device, mutation);
  }
  device.drain = { phase: "storing", mutations, batch };
  sendStored(device);
}

/** True when mutations may be sent, if there are some. */
function mayDrain(device: Device): boolean {
  return (
    device.queue.size > 0 &&
    mayTalk(device) &&
    (device.capabilities !== undefined || !asksCapabilities(device))
  );
}

/** [FLG-4] what was never asked which protocol it speaks is sent nothing. */
export function asksCapabilities(device: Device): boolean {
  const { phases } = device.settings;
  return phases.has(2) || phases.has(3) || phases.has(5);
}

/** [QUE-1] a mutation leaves only when it is durable: a kill must not forget what the server may have. */
function sendStored(device: Device): void {
  if (device.drain?.phase !== "storing") return;
  const waiting = device.drain.mutations.filter(({ status }) => status === "syncing");
  if (waiting.length > 0 && mayTalk(device)) {
    if (waiting.every((mutation) => isDurable(device, mutation))) send(device, waiting, device.drain.batch);
    return;
  }
  for (const mutation of waiting) mutation.status = "pending";
  device.drain = undefined;
  device.replan = true;
}

function send(device: Device, mutations: readonly Mutation[], batch: boolean): void {
  const request = device.nextRequest++;
  for (const mutation of mutations) mutation.attempted = true;
  device.drain = { phase: "sent", mutations, batch, request, sentAtMs: device.nowMs };
  const [first] = mutations;
  const message = batch || !first ? batchMessage(device, mutations) : singleMessage(device, first);
  emit(device, { output: "send", request, message, timeoutMs: device.settings.requestTimeoutMs });
}

/** The oldest that can go; from `batchFrom` on, together, within the proxy's limits [QUE-15]. */
function choose(device: Device): Choice {
  const due = { nextMs: Number.POSITIVE_INFINITY };
  // [QUE-5] what was tried before does not wait for what is not even stored yet.
  const countMax = batchMax(device);
  let picked = pickReady(device, due, true, countMax);
  if (picked.length === 0) picked = pickReady(device, due, false, countMax);
  const [first] = picked;
  if (!first) {
    if (due.nextMs < Number.POSITIVE_INFINITY) setTimer(device, "retry", due.nextMs);
    return { mutations: picked, batch: false };
  }
  // A proxy may take fewer at once than are worth a batch: as many as it takes are one.
  if (picked.length > 1 && picked.length >= Math.min(device.settings.batchFrom, countMax))
    return { mutations: link(picked), batch: true };
  return { mutations: [first], batch: first.link !== undefined };
}

/** How many mutations may go together. */
function batchMax(device: Device): number {
  if (!device.queueing || !hasPhase(device, 3)) return 1;
  return Math.min(device.batchMax, device.capabilities?.mutationsMax ?? DEFAULT_MUTATIONS_MAX);
}

function pickReady(
  device: Device,
  due: { nextMs: number },
  onlyTried: boolean,
  countMax: number,
): readonly Mutation[] {
  let bytes = (device.capabilities?.bodyBytesMax ?? DEFAULT_BODY_BYTES_MAX) * BODY_SHARE_MAX;
  const picked: Mutation[] = [];
  for (const mutation of device.queue.values()) {
    if (!isNext(device, mutation, picked)) continue;
    if (onlyTried && !(mutation.backoff.failures > 0 && mutation.sent && isDurable(device, mutation)))
      continue;
    const dueMs = dueAtMs(device, mutation);
    if (dueMs > device.nowMs) {
      due.nextMs = Math.min(due.nextMs, dueMs);
      continue;
    }
    bytes -= mutation.bytes + ITEM_BYTES;
    if (picked.length > 0 && bytes < 0) break;
    picked.push(mutation);
    if (picked.length >= countMax) break;
  }
  return picked;
}

/**
 * [QUE-3] the first of its record; or the second, in one batch behind its create, which ends with exactly what the
 * user saw. Behind an update it waits for the answer: that may have been merged with what others wrote.
 */
function isNext(device: Device, mutation: Mutation, picked: readonly Mutation[]): boolean {
  if (mutation.status !== "pending") return false;
  const chain = findEntry(device, mutation.entity, mutation.recordId)?.chain;
  if (!chain) return false;
  let at = 0;
  while (at < chain.length && chain[at]?.status === "ending") at++;
  const head = chain[at];
  if (head === mutation) return true;
  if (head?.operation !== "create" || chain[at + 1] !== mutation || !picked.includes(head)) return false;
  if (!device.settings.phases.has(2)) return false;
  return mutation.base === undefined && (!mutation.attempted || mutation.link === head.key);
}

/** [QUE-5] its own wait; what was not tried yet waits with the queue, whose last request failed. */
function dueAtMs(device: Device, { backoff }: Mutation): number {
  return backoff.failures > 0 ? backoff.notBeforeMs : device.queueBackoff.notBeforeMs;
}

function link(picked: readonly Mutation[]): readonly Mutation[] {
  for (const mutation of picked) {
    const create = picked.find((other) => other !== mutation && sameRecord(other, mutation));
    if (!create || create.sequence > mutation.sequence || mutation.link === create.key) continue;
    mutation.link = create.key;
    // The link belongs to its bytes: it must be as durable as they are.
    mutation.sent = false;
  }
  return picked;
}

function sameRecord(left: Mutation, right: Mutation): boolean {
  return left.recordId === right.recordId && left.entity === right.entity;
}

function singleMessage(device: Device, mutation: Mutation): Request {
  const ifMatch = ifMatchOf(device, mutation);
  return {
    call: callOf(mutation),
    token: device.token,
    deviceId: device.settings.deviceId,
    timestamp: mutation.timestampMs,
    ...(device.queueing ? { idempotencyKey: mutation.key } : {}),
    ...(ifMatch !== undefined ? { ifMatch } : {}),
  };
}

function callOf(mutation: Mutation): Call {
  const { entity, recordId: id, payload } = mutation;
  switch (mutation.operation) {
    case "create":
      return { call: "create", entity, body: createBody(mutation) };
    case "update":
      return { call: "update", entity, id, body: payload ?? {} };
    case "delete":
      return { call: "delete", entity, id };
  }
}

function batchMessage(device: Device, mutations: readonly Mutation[]): Request {
  const body = { mutations: mutations.map((mutation) => batchItem(device, mutation)) };
  return { call: { call: "batch", body }, token: device.token, deviceId: device.settings.deviceId };
}

function batchItem(device: Device, mutation: Mutation): MutationItem {
  const { key: id, timestampMs: timestamp, entity, operation, recordId, payload } = mutation;
  const ifMatch = ifMatchOf(device, mutation);
  const rest =
    mutation.link !== undefined
      ? { ifMatchMutation: mutation.link }
      : ifMatch !== undefined
        ? { ifMatch }
        : {};
  switch (operation) {
    case "create":
      return { id, timestamp, entity, operation, payload: createBody(mutation) };
    case "update":
      return { id, timestamp, entity, operation, recordId, payload: payload ?? {}, ...rest };
    case "delete":
      return { id, timestamp, entity, operation, recordId, ...rest };
  }
}

/** Spread defines own members: a field called `__proto__` stays a field. */
function createBody(mutation: Mutation): JsonObject {
  return { ...mutation.payload, id: mutation.recordId };
}

function ifMatchOf(device: Device, mutation: Mutation): string | undefined {
  return mutation.operation === "create" || !device.settings.phases.has(2) ? undefined : mutation.base;
}
