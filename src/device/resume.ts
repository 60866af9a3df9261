/**
 * Owns the live socket (section 4): when it is opened and from where, and what its frames do.
 * Refuses to know delta syncs; where the stream has a gap it asks for one.
 */

import type { Frame } from "../protocol/request.ts";
import { CLOSE } from "../protocol/request.ts";
import type { Revision } from "../protocol/revision.ts";
import { createFailure, fail, succeed } from "./backoff.ts";
import { applyDeletion, applyRecord, findEntry } from "./cache.ts";
import { asksCapabilities } from "./drain.ts";
import { adoptId } from "./ids.ts";
import { recordKey } from "./keys.ts";
import { mutationOfKey } from "./outbox.ts";
import { confirmed } from "./outcome.ts";
import { makeStale } from "./reads.ts";
import {
  cancelTimer,
  type Device,
  emit,
  hasPhase,
  mayTalk,
  type Socket,
  setTimer,
  signOut,
} from "./state.ts";

type SyncEvent = Extract<Frame, { type: "sync_event" }>;

/** A socket over which nothing came for so long may be dead without anyone having been told. */
export const SOCKET_TRUST_MS = 5 * 60_000;

/** Opens, keeps or closes the socket, as the state of the app and the network has it. */
export function connectNext(device: Device): void {
  if (!isSocketWanted(device)) return disconnect(device);
  if (device.socket || device.gap !== undefined || device.seen === undefined) return;
  if (device.nowMs < device.socketBackoff.notBeforeMs) {
    return setTimer(device, "reconnect", device.socketBackoff.notBeforeMs);
  }
  cancelTimer(device, "reconnect");
  const socket = device.nextSocket++;
  device.socket = { socket, phase: "connecting", position: undefined, lastFrameMs: device.nowMs };
  // [EVT-14, REV-11] all entities share the socket, and their last-seen revision.
  const subscription = {
    token: device.token,
    deviceId: device.settings.deviceId,
    lastRevisionId: device.seen,
    ...(device.settings.asksForAll ? {} : { entities: device.collections }),
  };
  emit(device, { output: "connect", socket, subscription });
}

/** The socket is open; what it vouches for comes with `ready`. */
export function socketOpened(device: Device, number: number): void {
  if (device.socket?.socket === number) device.socket.phase = "open";
}

/** [EVT-19] the socket is gone: the next try waits, as after any failure. */
export function socketClosed(device: Device, number: number, code: number): void {
  if (device.socket?.socket !== number) return;
  device.socket = undefined;
  device.replan = true;
  if (code === CLOSE.unauthorized) signOut(device, "socket", number);
  if (device.signedOut) return;
  fail(device.socketBackoff, createFailure(device.random, device.nowMs, false));
}

/** A frame. What comes late over a socket that was given up counts for nothing. */
export function frame(device: Device, number: number, came: Frame): void {
  const { socket } = device;
  if (socket?.socket !== number) return;
  socket.lastFrameMs = device.nowMs;
  switch (came.type) {
    case "sync_event":
      return event(device, socket, came);
    case "ready":
      socket.phase = "ready";
      succeed(device.socketBackoff);
      device.replan = true;
      return advance(device, socket, came.revisionId);
    case "checkpoint":
      return advance(device, socket, came.revisionId);
    case "resync_required":
      return resync(device, socket, came.reason === "revision_unknown");
    default:
      // [EVT-18] a frame from a later protocol.
      return;
  }
}

/** A sync found what a long silent socket should have brought: another socket. */
export function distrust(device: Device): void {
  const { socket } = device;
  if (!socket || device.nowMs - socket.lastFrameMs < SOCKET_TRUST_MS) return;
  disconnect(device);
  fail(device.socketBackoff, createFailure(device.random, device.nowMs, false));
  device.replan = true;
}

function isSocketWanted(device: Device): boolean {
  if (!device.open || !device.caughtUp || !mayTalk(device) || !hasPhase(device, 1)) return false;
  return device.capabilities !== undefined || !asksCapabilities(device);
}

function disconnect(device: Device): void {
  cancelTimer(device, "reconnect");
  if (!device.socket) return;
  emit(device, { output: "disconnect", socket: device.socket.socket });
  device.socket = undefined;
}

function event(device: Device, socket: Socket, came: SyncEvent): void {
  const { entity, id, revisionId, payload, origin } = came;
  if (typeof revisionId !== "string") return;
  const mutation =
    origin?.mutationId !== undefined && origin.deviceId === device.settings.deviceId
      ? mutationOfKey(device, origin.mutationId)
      : undefined;
  if (mutation?.operation === "create" && mutation.recordId !== id) adoptId(device, mutation, id);
  // [EVT-18] an entity that this build does not know is passed over, and its revision still counts.
  if (device.cache.has(entity)) {
    // What comes and goes unseen touches the reads of its collection all the same; what was shown before touches none.
    const there = findEntry(device, entity, id);
    const isNews =
      (device.seen === undefined || revisionId > device.seen) &&
      (there?.shownRevision === undefined || revisionId > there.shownRevision);
    if (isNews && !there?.server) makeStale(device, { entity, key: recordKey(entity, id) });
    if (payload) applyRecord(device, entity, payload);
    else applyDeletion(device, entity, id, revisionId);
  }
  // [EVT-16] the echo confirms its own mutation; later ones stay on top.
  if (mutation) confirmed(device, mutation, revisionId);
  advance(device, socket, revisionId);
}

/** The stream has come to a revision. With a gap behind it, that is not yet what the device has seen. */
function advance(device: Device, socket: Socket, revision: Revision): void {
  if (socket.position === undefined || revision > socket.position) socket.position = revision;
  if (device.gap === undefined && device.seen !== undefined && revision > device.seen) device.seen = revision;
}

/** [EVT-15] what was missed comes by a sync that begins from now on. */
function resync(device: Device, socket: Socket, isUnknown: boolean): void {
  socket.position = undefined;
  device.gap = device.pullNumber;
  device.replan = true;
  if (isUnknown) {
    // What was seen belongs to another history of the server.
    device.wantFull = "unknown";
    device.seen = undefined;
  } else if (hasPhase(device, 5)) device.wantDelta = true;
  else device.wantFull ??= "expired";
}
