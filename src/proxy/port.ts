/**
 * Owns the proxy's border: its configuration, what it hands out, and the methods that a driver calls.
 * Refuses to know of HTTP, disks and timers. Every method is given `now`; nothing in here waits.
 */

import type { EpochMs } from "../base/time.ts";
import type { Entity, WireRecord } from "../protocol/entity.ts";
import type {
  AccountId,
  Action,
  DeviceId,
  IdempotencyKey,
  PushMessage,
  Resolution,
} from "../protocol/messages.ts";
import type { Answer, EventSubscription, Frame, Request } from "../protocol/request.ts";
import type { Revision } from "../protocol/revision.ts";

/** What `capabilities` declares, and who may call. */
export interface ProxyConfig {
  /** Bearer token to account. */
  readonly accounts: ReadonlyMap<string, AccountId>;
  readonly phases: readonly number[];
  readonly conflicts: {
    readonly mode: "off" | "advisory" | "enforce";
    readonly ifMatch: "optional" | "required";
    readonly resolvedBy: "server" | "client";
  };
  readonly limits: {
    readonly bodyBytesMax: number;
    readonly mutationsMax: number;
    readonly deltaLimitMax: number;
    readonly listLimitMax: number;
    /** Events that one resumption may replay before it is told to sync instead. */
    readonly replayMax: number;
    /** Frames that may wait for one socket before it is closed [EVT-10]. */
    readonly socketBacklogMax: number;
  };
  readonly retentionSeconds: number;
  readonly idempotencyTtlSeconds: number;
  readonly push: {
    readonly entities: readonly Entity[];
    /** Changes this close together become one push per device and entity [PSH-4]. */
    readonly coalesceMs: number;
    readonly receiptDelaySeconds: number;
    /**
     * How often to look for pushes that an instance left which is gone. For stores that several processes share, and
     * that offer only what is orphaned; undefined: only at the start.
     */
    readonly recoverEveryMs?: number;
  };
  /** What capabilities declares: the border takes webhooks [FLG-3]. */
  readonly webhooks: boolean;
  /** false: retention, and pushes that a former instance left, are another instance's to carry out. */
  readonly upkeep?: boolean;
}

/** A change as its driver may see it, for the history. */
export interface Commit {
  readonly account: AccountId;
  readonly revision: Revision;
  readonly entity: Entity;
  readonly action: Action;
  readonly id: string;
  /** The record after the change; null for a deletion. */
  readonly record: WireRecord | null;
  /** The revision of this record that the change came after; undefined for a creation. */
  readonly previous: Revision | undefined;
  readonly deviceId?: DeviceId;
  readonly key?: IdempotencyKey;
  /** The revision that the write named in If-Match, or that its `ifMatchMutation` stood for. */
  readonly ifMatch?: Revision;
  readonly resolution?: Resolution;
}

/** How Expo answered one message of a send call, or one receipt. */
export type PushTicket =
  | { readonly status: "ok"; readonly id: string }
  | { readonly status: "error"; readonly error: string };

export type PushCallResult =
  | { readonly result: "answered"; readonly tickets: readonly PushTicket[] }
  /** 429, 5xx or no answer: the call is made again with back-off [PSH-7]. */
  | { readonly result: "failed"; readonly retryAfterMs?: number };

/** What a driver must carry out after it called a method, in this order. */
export type ProxyOutput =
  | { readonly output: "committed"; readonly commit: Commit }
  | { readonly output: "frame"; readonly socket: number; readonly frame: Frame }
  | { readonly output: "ping"; readonly socket: number }
  | { readonly output: "close"; readonly socket: number; readonly code: number }
  /** At most 100 messages [PSH-10]. Answer by `pushAnswered(call, ...)`, one ticket per message. */
  | { readonly output: "push_send"; readonly call: number; readonly messages: readonly PushMessage[] }
  /** At most 1,000 ids [PSH-10]. Answer by `receiptsAnswered(call, ...)`; missing ids are asked for again. */
  | { readonly output: "push_receipts"; readonly call: number; readonly tickets: readonly string[] };

/** A webhook whose signature the border checked (section 10). */
export interface Delivery {
  /** The header `webhook-id`; empty when there was none. */
  readonly id: string;
  /** The JSON that came; not judged yet. */
  readonly body: unknown;
}

/** One proxy instance over a store that it may share with others. */
export interface SyncProxy {
  /** Answers one call in one atomic step (sections 3 to 9). Frames and pushes that follow from it are in `takeOutputs`. */
  answer(request: Request, nowMs: EpochMs): Answer;
  /** Carries out one delivery of the backend in one atomic step [WHK-1, WHK-3, WHK-4]; the border has judged [WHK-2]. */
  webhook(delivery: Delivery, nowMs: EpochMs): Answer;
  /** Opens a socket; `undefined` when the token is not known (401 on the upgrade) [SEC-1]. Replay frames are in `takeOutputs`. */
  openSocket(subscription: EventSubscription, nowMs: EpochMs): number | undefined;
  /** A text frame from a client [EVT-13]. */
  socketText(socket: number, text: string, nowMs: EpochMs): void;
  /** The client's WebSocket answered a ping. */
  socketPong(socket: number, nowMs: EpochMs): void;
  /** `count` frames that were handed out for this socket have left the machine. Until then they count as backlog. */
  socketDrained(socket: number, count: number): void;
  /** The socket is gone, whoever closed it. */
  socketClosed(socket: number): void;
  /** Another instance committed something for this account: look at the log. */
  wake(account: AccountId, nowMs: EpochMs): void;
  pushAnswered(call: number, result: PushCallResult, nowMs: EpochMs): void;
  receiptsAnswered(
    call: number,
    result:
      | { readonly result: "answered"; readonly receipts: ReadonlyMap<string, PushTicket> }
      | { readonly result: "failed" },
    nowMs: EpochMs,
  ): void;
  /** Carries out what is due: pings, checkpoints, pushes, receipts, retention. */
  tick(nowMs: EpochMs): void;
  /** When `tick` must be called next; undefined when nothing waits. */
  nextTickAtMs(): EpochMs | undefined;
  /** Empties and returns what was put out since it was last called. */
  takeOutputs(): readonly ProxyOutput[];
  /** Changes modes while running (rollout); sockets stay open [FLG-1, FLG-2]. */
  reconfigure(conflicts: ProxyConfig["conflicts"]): void;
}
