/**
 * Owns the device's one way in: an input, its handler, and what every step ends with: screens, reads, one write.
 * Refuses to know what the handlers do.
 */

import { assert, assertNever } from "../base/assert.ts";
import type { Prng } from "../base/prng.ts";
import { wake } from "./backoff.ts";
import { asObject } from "./body.ts";
import { findEntry } from "./cache.ts";
import { answeredCall, callNext, unansweredCall } from "./calls.ts";
import { sampleClock } from "./clock.ts";
import { drain } from "./drain.ts";
import { load, newDevice } from "./load.ts";
import { announceFailure, discard, edit, finish, retry } from "./outbox.ts";
import { answeredDrain, unansweredDrain } from "./outcome.ts";
import type {
  DeviceClock,
  DeviceInput,
  DeviceOutput,
  DeviceSettings,
  ReplicaRecord,
  TimerName,
} from "./port.ts";
import { hint, isSyncWanted } from "./pull.ts";
import { announceStale, read } from "./reads.ts";
import { announceConflict, chosen } from "./resolve.ts";
import { connectNext, frame, SOCKET_TRUST_MS, socketClosed, socketOpened } from "./resume.ts";
import { cancelTimer, type Device, emit, hasPhase, mayTalk, NOTHING, setTimer } from "./state.ts";
import { flushed, storeFailed, write } from "./storage.ts";
import { replicaOf, showAll, showTouched } from "./view.ts";

export type { Device } from "./state.ts";

/** Planning that starts more planning settles within this many rounds. */
const PLAN_ROUNDS_MAX = 8;

/**
 * A device whose process is about to start. Its requests, sockets and writes are numbered from `firstNumber` on, so
 * that a driver can tell those of one process from those of the next.
 */
export function createDevice(settings: DeviceSettings, random: Prng, firstNumber = 1): Device {
  assert(settings.entities.length > 0, "a device syncs at least one entity");
  return newDevice(settings, random, firstNumber);
}

/** Takes one input in, at the given time, and returns what is to be done about it, in order. */
export function step(device: Device, input: DeviceInput, clock: DeviceClock): readonly DeviceOutput[] {
  device.nowMs = clock.monotonicMs;
  device.wallMs = clock.wallMs;
  device.outputs = NOTHING;
  handle(device, input);
  for (let round = 0; device.replan && round < PLAN_ROUNDS_MAX; round++) plan(device);
  if (device.touched.length > 0) showTouched(device);
  announceStale(device);
  write(device);
  const { outputs } = device;
  device.outputs = NOTHING;
  return outputs;
}

/** All records that the user sees, waiting edits on top, in ASCII order of entity and id. */
export function replica(device: Device): readonly ReplicaRecord[] {
  return replicaOf(device);
}

/** Mutations that are not settled. */
export function waiting(device: Device): number {
  return device.queue.size;
}

/** Of them, those that nothing but a person's choice moves on: asked about, or made on top of such a one [MRG-9, QUE-3]. */
export function undecided(device: Device): number {
  let count = 0;
  for (const mutation of device.queue.values()) {
    if (mutation.status !== "asked") continue;
    const chain = findEntry(device, mutation.entity, mutation.recordId)?.chain ?? [];
    const first = chain.findIndex(({ status }) => status === "asked");
    if (chain[first] === mutation) count += chain.length - first;
  }
  return count;
}

function handle(device: Device, input: DeviceInput): void {
  switch (input.input) {
    case "frame":
      return frame(device, input.socket, input.frame);
    case "read":
      return read(device, input.query);
    case "flushed":
      for (const ending of flushed(device, input.write)) finish(device, ending);
      return;
    case "store_failed":
      return storeFailed(device, input.write);
    case "answered":
      return answered(device, input.request, input.answer);
    case "unanswered":
      return unanswered(device, input.request, input.why === "unreachable");
    case "edit":
      return edit(device, input.edit);
    case "chosen":
      return chosen(device, input.mutation, input.choice);
    case "retry":
      return retry(device, input.mutation);
    case "discard":
      return discard(device, input.mutation);
    default:
      device.replan = true;
      return lifeHandle(device, input);
  }
}

type LifeInput = Exclude<
  DeviceInput,
  {
    readonly input:
      | "frame"
      | "read"
      | "flushed"
      | "store_failed"
      | "answered"
      | "unanswered"
      | "edit"
      | "chosen"
      | "retry"
      | "discard";
  }
>;

function lifeHandle(device: Device, input: LifeInput): void {
  switch (input.input) {
    case "started":
      return started(device, input);
    case "opened":
      return opened(device);
    case "closed":
      device.open = false;
      device.caughtUp = false;
      return;
    case "online":
      return wentOnline(device);
    case "offline":
      device.online = false;
      return;
    case "refresh":
      device.wantFull ??= "requested";
      return;
    case "socket_opened":
      return socketOpened(device, input.socket);
    case "socket_closed":
      return socketClosed(device, input.socket, input.code);
    case "push":
      return hint(device, input.trigger.revisionId);
    case "timer":
      return timerFired(device, input.timer);
    case "signed_in":
      device.token = input.token;
      device.signedOut = false;
      device.signedInFrom = { request: device.nextRequest, socket: device.nextSocket };
      return;
    default:
      return assertNever(input);
  }
}

function started(device: Device, input: Extract<DeviceInput, { input: "started" }>): void {
  assert(!device.started, "a process starts once");
  device.started = true;
  device.online = input.online;
  load(device, input.stored);
  showAll(device);
  if (device.mismatch) emit(device, { output: "notice", notice: "protocol_mismatch" });
  for (const mutation of device.queue.values())
    if (mutation.status === "asked") announceConflict(device, mutation);
  // [QUE-6] a failed one stays visible: whoever took it up again was perhaps killed before storage had that.
  for (const mutation of device.failed.values()) announceFailure(device, mutation);
}

/** [FUL-1] an app that is opened asks what changed; without a call for that, its socket does. */
function opened(device: Device): void {
  if (device.open) return;
  device.open = true;
  device.openedAtMs = device.nowMs;
  if (device.mismatch) device.capabilitiesAtMs = undefined;
  const canResume = hasPhase(device, 1) && !hasPhase(device, 5) && device.seen !== undefined;
  if (canResume) device.caughtUp = true;
  else device.wantDelta = true;
}

/** What never left the phone may be tried at once; what the peer refused still waits. */
function wentOnline(device: Device): void {
  if (device.online) return;
  device.online = true;
  wake(device.jobBackoff, device.nowMs);
  wake(device.queueBackoff, device.nowMs);
  for (const mutation of device.queue.values()) wake(mutation.backoff, device.nowMs);
  if (device.mismatch) device.capabilitiesAtMs = undefined;
  // With a socket to resume, the stream brings what was missed.
  const canResume = device.caughtUp && hasPhase(device, 1) && device.seen !== undefined;
  if (device.open && !canResume) device.wantDelta = true;
}

function answered(device: Device, request: number, answer: Parameters<typeof answeredCall>[2]): void {
  const { drain: out, job } = device;
  // [QUE-16] the clock of whoever answers in the proxy's place, such as a captive portal, is nobody's business.
  const dateMs = asObject(answer.body) ? answer.headers.dateMs : undefined;
  if (out?.phase === "sent" && out.request === request) {
    if (dateMs !== undefined) sampleClock(device, dateMs, out.sentAtMs);
    answeredDrain(device, out, answer);
  } else if (job && device.jobRequest === request) {
    if (dateMs !== undefined) sampleClock(device, dateMs, device.jobSentAtMs);
    answeredCall(device, job, answer);
  }
}

function unanswered(device: Device, request: number, unreachable: boolean): void {
  const { drain: out } = device;
  if (out?.phase === "sent" && out.request === request) unansweredDrain(device, out, unreachable);
  else if (device.job && device.jobRequest === request) unansweredCall(device, unreachable);
}

function timerFired(device: Device, timer: TimerName): void {
  device.timers.delete(timer);
  if (timer === "poll" && device.open && device.nowMs >= pollAtMs(device)) device.wantDelta = true;
}

/** What may go now, goes. Each part decides for itself; the order is that of urgency. */
function plan(device: Device): void {
  device.replan = false;
  drain(device);
  callNext(device);
  connectNext(device);
  planPoll(device);
}

/** An open app without a live socket asks now and then; with one, after a long silence. */
function planPoll(device: Device): void {
  if (!device.open || !mayTalk(device) || device.pull || isSyncWanted(device))
    return cancelTimer(device, "poll");
  setTimer(device, "poll", pollAtMs(device));
}

function pollAtMs(device: Device): number {
  const { socket, settings } = device;
  const sinceMs = Math.max(device.openedAtMs, device.lastSyncMs ?? 0);
  if (socket?.phase !== "ready") return sinceMs + settings.pollEveryMs;
  return Math.max(sinceMs, socket.lastFrameMs) + SOCKET_TRUST_MS;
}
