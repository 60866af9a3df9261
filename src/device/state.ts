/**
 * Owns what a device holds in memory: its cache, queue, channels and positions, and the outputs of the current step.
 * Refuses to decide anything: each part is changed by the file that owns it, in place, one step at a time.
 */

import type { Prng } from "../base/prng.ts";
import type { EpochMs } from "../base/time.ts";
import type { Entity, Fields, WireRecord } from "../protocol/entity.ts";
import type { Capabilities, IdempotencyKey, Operation } from "../protocol/messages.ts";
import type { Revision } from "../protocol/revision.ts";
import type { Backoff } from "./backoff.ts";
import type { DeviceOutput, DeviceSettings, FullSyncReason, Outcome, Put, Query, TimerName } from "./port.ts";

/** What a 409 told, kept until someone chooses [MRG-9]. */
export interface Conflict {
  readonly kind: "changed" | "deleted" | "exists";
  /** The server's revision of the record, or of its tombstone. */
  readonly revision: Revision;
  readonly server: Fields | null;
  /** The record as the user made it; null for a deletion. */
  readonly mine: Fields | null;
}

/** One edit on its way (section 7). Its `id` is stable, its `key` is what goes over the wire. */
export interface Mutation {
  readonly id: string;
  readonly entity: Entity;
  recordId: string;
  operation: Operation;
  payload: Fields | undefined;
  /** Corrected by the server's clock [QUE-16]; stays with the edit through every attempt. */
  timestampMs: EpochMs;
  /** Rises with every edit of this device; the order of the queue. */
  sequence: number;
  /** [QUE-4] the same at every attempt. Another once it rests on something else [MRG-10], or its user tries again. */
  key: IdempotencyKey;
  /** Keys that it had before and whose effect is not certain; an echo of one confirms it. */
  formerKeys: readonly IdempotencyKey[];
  /** If-Match: the revision of what the user saw, or what the edit before it ended with [QUE-10]. */
  base: Revision | undefined;
  /** `ifMatchMutation`: the create that this one was sent together with. */
  link: IdempotencyKey | undefined;
  /** What the user saw in the fields that the payload names. */
  seen: Fields | undefined;
  /** `ending`: settled, and shown as before until storage has it: a kill would undo it. */
  status: "pending" | "syncing" | "asked" | "failed" | "ending";
  /** Stored before a request leaves: after a kill nobody knows whether it did [QUE-11]. */
  sent: boolean;
  /** True when this process, or one before it, may have put it on the wire. */
  attempted: boolean;
  /** Failed attempts that reached out [QUE-6]. */
  attempts: number;
  /** Failed attempts in a row, those that did not leave the phone included; they set the wait [QUE-5]. */
  readonly backoff: Backoff;
  /** The wait for the next attempt, by the server's clock, so that a restart does not cut it short. */
  pause: { readonly untilMs: EpochMs; readonly waitMs: number } | undefined;
  /** True when part of it was given up to the server's version, or merged with it. */
  narrowed: boolean;
  /** Conflicts that the device resolved by itself so far. */
  resolutions: number;
  conflict: Conflict | undefined;
  error: string | undefined;
  /** An upper estimate of its JSON. */
  bytes: number;
  /** How it ends, once that is durable. */
  ending: Ending | undefined;
  /** An echo confirmed it while its answer is still out. */
  confirmed: Revision | undefined;
  /** The last write that holds it; it is durable once that is flushed. */
  write: number;
}

/** One record as the device knows it. */
export interface Entry {
  readonly entity: Entity;
  readonly id: string;
  /** Its storage key. */
  readonly key: string;
  server: WireRecord | undefined;
  /** The revision of the deletion, as long as older data could still arrive [REV-12]. */
  deletedAt: Revision | undefined;
  /** The fields before a deletion that waiting edits did not know of: what "mine" would bring back. */
  ghost: Fields | undefined;
  /** Unsettled mutations, oldest first. Shared when empty. */
  chain: Mutation[];
  /** The pull during which it was last changed. */
  epoch: number;
  touched: boolean;
  shown: Fields | undefined;
  shownRevision: Revision | undefined;
  shownWaiting: readonly string[];
}

/** How a mutation ends once storage has it: a kill before that would undo what was told. */
export interface Ending {
  readonly mutation: Mutation;
  readonly outcome: Outcome;
  readonly error: string | undefined;
}

/** A write that is not flushed yet, and what its flush brings about. */
export interface WriteNote {
  readonly write: number;
  readonly puts: readonly Put[];
  readonly holds: readonly Mutation[];
  /** Mutations that are saved by it [QUE-1]. */
  readonly saves: readonly Mutation[];
  /** Mutations whose end it makes durable. */
  readonly ends: readonly Ending[];
  /** All data up to here is in this write or in one before it [REV-11]. */
  until: Revision | undefined;
  /** The last-seen revision that this write stores, when it stores one. */
  readonly revision: Revision | undefined;
}

/** What `capabilities` said, as far as a device acts on it. */
export interface KnownCapabilities {
  readonly protocol: string;
  readonly phases: readonly number[];
  readonly resolvedBy: Capabilities["conflicts"]["resolvedBy"];
  readonly mutationsMax: number;
  readonly bodyBytesMax: number;
}

/** The mutations on their way. `storing` waits until they are durable, `sent` for the answer [QUE-9]. */
export type Drain =
  | { readonly phase: "storing"; readonly mutations: readonly Mutation[]; readonly batch: boolean }
  | {
      readonly phase: "sent";
      readonly mutations: readonly Mutation[];
      readonly batch: boolean;
      readonly request: number;
      readonly sentAtMs: number;
    };

/** A sync in progress (sections 3 and 9). */
export interface Pull {
  readonly sync: "full" | "delta";
  readonly reason: FullSyncReason | undefined;
  readonly number: number;
  readonly since: Revision | undefined;
  /** Last seen in storage when it began: tombstones up to here need not be kept beyond it. */
  readonly durable: Revision | undefined;
  /** Index of the collection that is being listed; undefined when it goes by changes. */
  listing: number | undefined;
  cursor: string | undefined;
  pages: number;
  /** The head of the first page. */
  head: Revision | undefined;
  /** True when it brought something that was not known. */
  brought: boolean;
  /** Pages of a full sync, aside until the last one is there [FUL-2]. */
  readonly found: ReadonlyMap<Entity, Map<string, WireRecord>>;
}

export type Job =
  | { readonly job: "capabilities" }
  | { readonly job: "page"; readonly pull: Pull }
  | { readonly job: "register"; readonly signature: string; readonly topicsOnly: boolean };

/** The live connection (section 4). */
export interface Socket {
  readonly socket: number;
  phase: "connecting" | "open" | "ready";
  /** The newest revision that came over it. */
  position: Revision | undefined;
  lastFrameMs: number;
}

/** A device. Drivers hold it and hand it to `step`; only files of this folder look inside. */
export interface Device {
  readonly settings: DeviceSettings;
  readonly random: Prng;
  /** Without phase 3 nothing is queued: an edit is sent at once, or fails. */
  readonly queueing: boolean;
  readonly collections: readonly string[];
  token: string;

  nowMs: number;
  wallMs: EpochMs;
  outputs: DeviceOutput[];

  started: boolean;
  online: boolean;
  open: boolean;
  signedOut: boolean;
  /** The first request and socket since the last sign-in. */
  signedInFrom: { readonly request: number; readonly socket: number };
  /** Something changed that may let a request, a socket or a timer go. */
  replan: boolean;

  readonly cache: ReadonlyMap<string, Map<string, Entry>>;
  readonly tombstones: Set<Entry>;
  readonly touched: Entry[];
  readonly reads: Map<string, Query>;
  readonly stale: Set<Query>;

  /** Unsettled mutations in the order in which they were made. */
  readonly queue: Map<string, Mutation>;
  readonly failed: Map<string, Mutation>;
  readonly byKey: Map<string, Mutation>;
  /** Temporary to real ids, by entity and temporary id [QUE-7]. */
  readonly ids: Map<string, string>;
  drain: Drain | undefined;
  readonly queueBackoff: Backoff;
  /** Halved when a batch was too large for the proxy. */
  batchMax: number;

  /** The server's clock minus the wall clock, as stored [QUE-16]. */
  offsetMs: number;
  /** The server's clock minus the monotonic clock. */
  anchorMs: number;
  lastStampMs: EpochMs;
  sequence: number;

  /** Last seen; one position, as all entities share socket and sync. Undefined before the first sync. */
  seen: Revision | undefined;
  /** When the app was opened, on the monotonic clock. */
  openedAtMs: number;
  /** All data up to here is durable. */
  covered: Revision | undefined;
  /** Last seen as storage has it, for every entity [REV-11]. */
  stored: Revision | undefined;
  /** Last seen on its way to storage. */
  storing: Revision | undefined;

  readonly puts: Map<string, unknown>;
  readonly holds: Set<Mutation>;
  saves: Mutation[];
  ends: Ending[];
  readonly notes: WriteNote[];
  flushed: number;
  readonly storageBackoff: Backoff;
  nextWrite: number;

  capabilities: KnownCapabilities | undefined;
  capabilitiesAtMs: number | undefined;
  mismatch: boolean;
  job: Job | undefined;
  jobRequest: number;
  jobSentAtMs: number;
  readonly jobBackoff: Backoff;
  nextRequest: number;

  pull: Pull | undefined;
  pullNumber: number;
  wantDelta: boolean;
  wantFull: FullSyncReason | undefined;
  /** The newest revision that a push named and that is not here yet, and the last pull that began before it came. */
  hint: { readonly revision: Revision; readonly after: number } | undefined;
  lastSyncMs: number | undefined;
  /** Since the app was opened, a sync has ended: the socket may go on from there. */
  caughtUp: boolean;

  socket: Socket | undefined;
  /** The number of the last pull that began before a gap in the events; no gap when undefined [EVT-15]. */
  gap: number | undefined;
  readonly socketBackoff: Backoff;
  nextSocket: number;
  /** What the push service of the proxy was told, as stored. */
  registration: string | undefined;
  registrationRefused: boolean;

  readonly timers: Map<TimerName, number>;
}

export const NOTHING: DeviceOutput[] = [];
export const NO_CHAIN: Mutation[] = [];
export const NO_WAITING: readonly string[] = [];

/** Adds to what this step puts out. */
export function emit(device: Device, output: DeviceOutput): void {
  if (device.outputs === NOTHING) device.outputs = [output];
  else device.outputs.push(output);
}

/** True when this build and, as far as known, the proxy have a phase. */
export function hasPhase(device: Device, phase: 1 | 2 | 3 | 4 | 5): boolean {
  return (
    device.settings.phases.has(phase) &&
    (device.capabilities === undefined || device.capabilities.phases.includes(phase))
  );
}

/** True when a request may leave now. */
export function mayTalk(device: Device): boolean {
  return device.online && !device.signedOut && !device.mismatch;
}

/** Sets a timer to a moment on the monotonic clock, unless it is set to it already. */
export function setTimer(device: Device, timer: TimerName, atMs: number): void {
  if (device.timers.get(timer) === atMs) return;
  device.timers.set(timer, atMs);
  emit(device, { output: "timer", timer, afterMs: Math.max(0, Math.ceil(atMs - device.nowMs)) });
}

/** Takes a timer back, if it is set. */
export function cancelTimer(device: Device, timer: TimerName): void {
  if (device.timers.delete(timer)) emit(device, { output: "cancel", timer });
}

/**
 * The proxy does not know the token that this request or socket carried: all stops until `signed_in`, nothing is lost
 * [QUE-8]. What left before the last sign-in says nothing of the token of now.
 */
export function signOut(device: Device, carrier: "request" | "socket", number: number): void {
  if (device.signedOut || number < device.signedInFrom[carrier]) return;
  device.signedOut = true;
  device.replan = true;
  emit(device, { output: "notice", notice: "signed_out" });
}
