/**
 * Owns the device's border: what goes in, what comes out, and what its storage holds.
 * Refuses to know who drives it. A simulation feeds it from a scheduler, live/ from undici and ws, an app from
 * fetch and AsyncStorage; the device cannot tell them apart.
 */

import type { EpochMs } from "../base/time.ts";
import type { Entity, Fields } from "../protocol/entity.ts";
import type { DeviceId, IdempotencyKey, Operation, SyncTrigger } from "../protocol/messages.ts";
import type { Answer, EventSubscription, Frame, Request } from "../protocol/request.ts";
import type { Revision } from "../protocol/revision.ts";

/** The two clocks of a phone. Waits are measured on `monotonicMs`; edits are stamped by `wallMs`, which may be wrong. */
export interface DeviceClock {
  readonly monotonicMs: number;
  readonly wallMs: EpochMs;
}

/** What does not change while the app runs. */
export interface DeviceSettings {
  readonly deviceId: DeviceId;
  readonly token: string;
  readonly entities: readonly Entity[];
  /** Names no entities when it asks, and so is sent those too that it does not know [EVT-18]. */
  readonly asksForAll?: boolean;
  /** The roadmap's phases that this build of the app has; 3, for instance, is the durable queue. */
  readonly phases: ReadonlySet<1 | 2 | 3 | 4 | 5>;
  /** [QUE-6] attempts that reached out before a mutation counts as failed. */
  readonly attemptsMax: number;
  readonly requestTimeoutMs: number;
  /** Without a live socket, local data counts as fresh for this long after the last sync. */
  readonly freshForMs: number;
  /** How often an open app without a live socket asks for changes. */
  readonly pollEveryMs: number;
  /** [QUE-15] from this many sendable mutations on, they go out as a batch. */
  readonly batchFrom: number;
  readonly push?: {
    readonly token: string;
    readonly platform: "ios" | "android";
    readonly topics: readonly Entity[];
  };
}

/** What a user asks for. A create without `recordId` gets one made by the device. */
export interface Edit {
  readonly entity: Entity;
  readonly operation: Operation;
  readonly recordId?: string;
  /** Create: the fields. Update: a merge patch. Delete: absent. */
  readonly payload?: Fields;
}

/** A screen: a collection, or one record of it. The key of a cached read. */
export interface Query {
  readonly entity: Entity;
  readonly id?: string;
}

/** The answer of a person to "this was changed elsewhere" [MRG-9]. */
export type Choice = "mine" | "server" | "merge";

export type TimerName = "retry" | "reconnect" | "poll" | "sync";

/** What storage held when the app started: the flushed writes, by key, in no promised order. */
export type StoredEntries = ReadonlyMap<string, unknown>;

export type DeviceInput =
  /** The process starts; always the first input. */
  | { readonly input: "started"; readonly stored: StoredEntries; readonly online: boolean }
  /** The app comes to the foreground, or leaves it. A started app is in the background until opened. */
  | { readonly input: "opened" }
  | { readonly input: "closed" }
  | { readonly input: "online" }
  | { readonly input: "offline" }
  | { readonly input: "edit"; readonly edit: Edit }
  | { readonly input: "read"; readonly query: Query }
  /** A user pulls to refresh: a full sync with the reason `requested`. */
  | { readonly input: "refresh" }
  /** Write number `write` is durable, or never will be. Writes become durable in the order they were put out. */
  | { readonly input: "flushed"; readonly write: number }
  | { readonly input: "store_failed"; readonly write: number }
  | { readonly input: "answered"; readonly request: number; readonly answer: Answer }
  /** No answer: the mutation may or may not have taken effect, unless the network was never reached. */
  | { readonly input: "unanswered"; readonly request: number; readonly why: "timeout" | "unreachable" }
  | { readonly input: "socket_opened"; readonly socket: number }
  | { readonly input: "frame"; readonly socket: number; readonly frame: Frame }
  | { readonly input: "socket_closed"; readonly socket: number; readonly code: number }
  | { readonly input: "push"; readonly trigger: SyncTrigger }
  | { readonly input: "timer"; readonly timer: TimerName }
  | { readonly input: "chosen"; readonly mutation: string; readonly choice: Choice }
  /** A user retries, or gives up, a failed mutation [QUE-6]. */
  | { readonly input: "retry"; readonly mutation: string }
  | { readonly input: "discard"; readonly mutation: string }
  | { readonly input: "signed_in"; readonly token: string };

/** How an edit ended. `yielded`: the strategy or a person let the server's version stand, and it was shown. */
export type Outcome = "applied" | "merged" | "yielded" | "failed" | "discarded" | "cancelled";

const FULL_SYNC_REASONS = ["first", "expired", "unknown", "requested"] as const;
export type FullSyncReason = (typeof FULL_SYNC_REASONS)[number];

export type DeviceOutput =
  | {
      readonly output: "send";
      readonly request: number;
      readonly message: Request;
      readonly timeoutMs: number;
    }
  | { readonly output: "connect"; readonly socket: number; readonly subscription: EventSubscription }
  | { readonly output: "disconnect"; readonly socket: number }
  /** Sets the timer of this name, or moves it; fires once. */
  | { readonly output: "timer"; readonly timer: TimerName; readonly afterMs: number }
  | { readonly output: "cancel"; readonly timer: TimerName }
  /** One atomic write: all of its puts become durable, or none. `undefined` removes the key. */
  | { readonly output: "store"; readonly write: number; readonly puts: readonly Put[] }
  /** The app shows a record anew: server data with waiting edits on top; `fields` undefined when it is gone. */
  | {
      readonly output: "show";
      readonly entity: Entity;
      readonly id: string;
      /** The server's revision under what is shown; undefined when the server has not confirmed the record yet. */
      readonly revision: Revision | undefined;
      readonly fields: Fields | undefined;
      /** Mutations whose effect is in what is shown and that still wait, oldest first. */
      readonly waiting: readonly string[];
    }
  /** The mutation that an `edit` input became; told at once, before it is durable. */
  | {
      readonly output: "queued";
      readonly mutation: string;
      readonly key: IdempotencyKey;
      readonly edit: Edit & { readonly recordId: string };
      /** The revision of what the user saw; undefined for what only this device knows yet. */
      readonly base: Revision | undefined;
    }
  /** [QUE-1] the edit is durable; the app may tell its user that it is done. */
  | { readonly output: "saved"; readonly mutation: string }
  /** [MRG-10, QUE-6] the mutation goes on under another key, because what it rests on, or its bytes, changed. */
  | { readonly output: "rekeyed"; readonly mutation: string; readonly key: IdempotencyKey }
  | {
      readonly output: "settled";
      readonly mutation: string;
      readonly outcome: Outcome;
      readonly error?: string;
    }
  /** [MRG-9] both versions are kept until someone chooses. */
  | {
      readonly output: "ask";
      readonly mutation: string;
      readonly entity: Entity;
      readonly mine: Fields | null;
      readonly server: Fields | null;
    }
  | {
      readonly output: "read_answered";
      readonly query: Query;
      /** True when answered from local data that is known to be current [section 12, cache hit]. */
      readonly fresh: boolean;
      /** For a single record: its server revision; undefined when absent or only local. */
      readonly revision?: Revision;
    }
  /**
   * [EVT-14, QUE-2] exactly the cached reads that this step touched, by the server's changes or by own edits: those that
   * show something else now, or rest on another revision. A view that filters a collection finds in the step's `show`
   * outputs whether it is concerned: by what was in it, and by what belongs into it now.
   */
  | { readonly output: "invalidate"; readonly queries: readonly Query[] }
  | { readonly output: "sync_started"; readonly sync: "full" | "delta"; readonly reason?: FullSyncReason }
  | {
      readonly output: "sync_ended";
      readonly sync: "full" | "delta";
      readonly reason?: FullSyncReason;
      /** The revision reached; undefined when the sync was given up (a later one takes its place). */
      readonly revision: Revision | undefined;
    }
  /** [REV-11] this revision is durable as last seen for the entity. */
  | { readonly output: "advanced"; readonly entity: Entity; readonly revision: Revision }
  /** Something that the user must be told: the queue pauses for 401, or the protocol is another [FLG-4]. */
  | { readonly output: "notice"; readonly notice: "signed_out" | "protocol_mismatch" | "storage_failed" };

export type Put = readonly [key: string, value: unknown];

/** What a replica holds when asked for all of it; used by drivers to compare replicas [SYS-1]. */
export interface ReplicaRecord {
  readonly entity: Entity;
  readonly id: string;
  readonly revision: Revision | undefined;
  readonly fields: Fields;
}
