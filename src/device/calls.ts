/**
 * Owns the calls that are not mutations: one at a time, with one back-off: capabilities, sync pages, push registration.
 * Refuses to know what a page brings (pull.ts).
 */

import { jsonEqual } from "../base/canonical-json.ts";
import { HOUR_MS } from "../base/time.ts";
import { PROTOCOL_VERSION } from "../protocol/messages.ts";
import type { Answer, Call } from "../protocol/request.ts";
import { createFailure, fail, succeed } from "./backoff.ts";
import { asObject, asText, capabilitiesOf, retryAfterMsOf } from "./body.ts";
import { asksCapabilities, DEFAULT_BODY_BYTES_MAX, DEFAULT_MUTATIONS_MAX } from "./drain.ts";
import { KEYS } from "./keys.ts";
import { abandonPull, isSyncWanted, pageAnswered, pageCall, planPull, startPull } from "./pull.ts";
import {
  cancelTimer,
  type Device,
  emit,
  hasPhase,
  type Job,
  type KnownCapabilities,
  setTimer,
  signOut,
} from "./state.ts";
import { put } from "./storage.ts";

/** An open app asks again what the proxy can do, and which protocol it speaks, after this long. */
const CAPABILITIES_FRESH_MS = HOUR_MS;
/** A proxy that does not know the call. */
const OLD: KnownCapabilities = {
  protocol: PROTOCOL_VERSION,
  phases: [1, 2, 3, 4, 5],
  resolvedBy: "server",
  mutationsMax: DEFAULT_MUTATIONS_MAX,
  bodyBytesMax: DEFAULT_BODY_BYTES_MAX,
};
const AGAIN: ReadonlySet<number> = new Set([408, 425, 429]);

/** Lets the next call go, if one is due and none is on its way. */
export function callNext(device: Device): void {
  if (device.job) return;
  if (!device.online || device.signedOut) return cancelTimer(device, "sync");
  const job = nextJob(device);
  if (!job) return;
  if (device.nowMs < device.jobBackoff.notBeforeMs)
    return setTimer(device, "sync", device.jobBackoff.notBeforeMs);
  cancelTimer(device, "sync");
  if (job.job === "page" && job.pull !== device.pull) startPull(device, job.pull);
  device.job = job;
  device.jobRequest = device.nextRequest++;
  device.jobSentAtMs = device.nowMs;
  const message = { call: callOf(device, job), token: device.token, deviceId: device.settings.deviceId };
  emit(device, {
    output: "send",
    request: device.jobRequest,
    message,
    timeoutMs: device.settings.requestTimeoutMs,
  });
}

/** The call on its way was answered. */
export function answeredCall(device: Device, job: Job, answer: Answer): void {
  device.job = undefined;
  device.replan = true;
  const error = asText(asObject(answer.body)?.error ?? null);
  if (answer.status === 401 && error !== undefined) return signOut(device, "request", device.jobRequest);
  if (answer.status >= 500 || AGAIN.has(answer.status) || !understood(device, job, answer, error)) {
    fail(device.jobBackoff, createFailure(device.random, device.nowMs, false, retryAfterMsOf(answer)));
    return;
  }
  succeed(device.jobBackoff);
}

/** The call on its way was not answered. */
export function unansweredCall(device: Device, unreachable: boolean): void {
  device.job = undefined;
  device.replan = true;
  fail(device.jobBackoff, createFailure(device.random, device.nowMs, unreachable));
}

function nextJob(device: Device): Job | undefined {
  if (capabilitiesDue(device)) return { job: "capabilities" };
  if (device.mismatch || (device.capabilities === undefined && asksCapabilities(device))) return undefined;
  const pull = device.pull ?? planPull(device);
  return pull ? { job: "page", pull } : nextRegistration(device);
}

/** [FLG-4] before the first of anything else, and now and then while the app is open. */
function capabilitiesDue(device: Device): boolean {
  if (!asksCapabilities(device)) return false;
  const { capabilitiesAtMs } = device;
  if (device.mismatch || device.capabilities === undefined) {
    const isWanted = device.open || device.queue.size > 0 || isSyncWanted(device);
    return (
      isWanted && (capabilitiesAtMs === undefined || device.nowMs - capabilitiesAtMs >= CAPABILITIES_FRESH_MS)
    );
  }
  return (
    device.open &&
    (capabilitiesAtMs === undefined || device.nowMs - capabilitiesAtMs >= CAPABILITIES_FRESH_MS)
  );
}

/** What the push service of the proxy should know and does not [section 8]. */
function nextRegistration(device: Device): Job | undefined {
  const { push } = device.settings;
  if (!push || !device.open || device.registrationRefused || !hasPhase(device, 4)) return undefined;
  const signature = `${push.platform} ${push.token} ${push.topics.join(",")}`;
  if (signature === device.registration) return undefined;
  const topicsOnly = device.registration?.startsWith(`${push.platform} ${push.token} `) ?? false;
  return { job: "register", signature, topicsOnly };
}

function callOf(device: Device, job: Job): Call {
  switch (job.job) {
    case "capabilities":
      return { call: "capabilities" };
    case "page":
      return pageCall(device, job.pull);
    case "register": {
      const { push } = device.settings;
      const topics = push?.topics ?? [];
      if (job.topicsOnly) return { call: "push_topics", body: { topics } };
      return {
        call: "push_register",
        body: { token: push?.token ?? "", platform: push?.platform ?? "ios", topics },
      };
    }
  }
}

/** False when the answer made no sense, and the call is to be made again. */
function understood(device: Device, job: Job, answer: Answer, error: string | undefined): boolean {
  switch (job.job) {
    case "capabilities":
      return metCapabilities(device, answer, error);
    case "page":
      return pageAnswered(device, job.pull, answer, error);
    case "register":
      return registered(device, job, answer, error);
  }
}

function metCapabilities(device: Device, answer: Answer, error: string | undefined): boolean {
  // A proxy from before this call: what it lacks shows in its answers.
  const isOld = answer.status === 404 && error === "not_found";
  const met = isOld
    ? (device.capabilities ?? OLD)
    : answer.status === 200
      ? capabilitiesOf(answer.body)
      : undefined;
  if (!met) return false;
  device.capabilitiesAtMs = device.nowMs;
  if (met.protocol !== PROTOCOL_VERSION) {
    // [FLG-4] offline from here on, with all that waits, and after a restart too.
    device.mismatch = true;
    put(device, KEYS.capabilities, met);
    abandonPull(device);
    emit(device, { output: "notice", notice: "protocol_mismatch" });
    return true;
  }
  if (device.mismatch || !jsonEqual(met, device.capabilities)) put(device, KEYS.capabilities, met);
  device.mismatch = false;
  device.capabilities = met;
  return true;
}

function registered(
  device: Device,
  job: Extract<Job, { job: "register" }>,
  answer: Answer,
  error: string | undefined,
): boolean {
  if (answer.status === 200 || answer.status === 201) {
    if (asObject(asObject(answer.body)?.data) === undefined) return false;
    device.registration = job.signature;
    put(device, KEYS.registration, job.signature);
    return true;
  }
  if (error === undefined) return false;
  // Unknown to the proxy: the whole registration again, not its topics alone.
  if (answer.status === 404 && job.topicsOnly) device.registration = undefined;
  // [PSH-9] nothing depends on pushes: what was refused is left until the next start.
  else device.registrationRefused = true;
  return true;
}
