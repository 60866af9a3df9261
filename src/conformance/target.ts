/**
 * Owns the border to whatever is judged: what a probe may ask of a target, and how the target's answers come back.
 * Refuses to know who stands behind it: a server somewhere over HTTP and WebSocket, or the engine in memory. Nothing
 * waits in here: a probe hands out effects as data, and a driver carries them out.
 */

import type { EpochMs } from "../base/time.ts";

/** One HTTP request. Header names are lower case; `path` is percent-encoded and has the query. */
export interface HttpRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: { readonly [name: string]: string };
  readonly body?: string;
}

/** One HTTP answer. Header names are lower case; `json` is undefined where the body was none. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly text: string;
  readonly json: unknown;
}

/** How a request ended. Times are those of the side that judges. */
export type Outcome =
  | {
      readonly outcome: "answered";
      readonly answer: HttpAnswer;
      readonly sentAtMs: EpochMs;
      readonly answeredAtMs: EpochMs;
    }
  /** It may have had its effect, or not: no verdict may rest on either. */
  | { readonly outcome: "indefinite"; readonly reason: "timeout" | "broken"; readonly sentAtMs: EpochMs };

/** `GET /api/sync/events` with an upgrade; `path` has the query. */
export interface SocketRequest {
  readonly path: string;
  readonly headers: { readonly [name: string]: string };
}

export type Upgrade =
  | { readonly upgrade: "open"; readonly socket: number }
  /** Answered otherwise than by 101. */
  | { readonly upgrade: "refused"; readonly status: number; readonly text: string }
  | { readonly upgrade: "indefinite" };

/** What a socket was sent so far. `frames` only grows. */
export interface SocketView {
  readonly frames: readonly SeenFrame[];
  /** undefined while it is open; 1006 when it ended without a close frame. */
  readonly closeCode: number | undefined;
  /** WebSocket pings that came. */
  readonly pings: number;
}

export interface SeenFrame {
  readonly atMs: EpochMs;
  readonly text: string;
  /** undefined: the text was no JSON. */
  readonly json: unknown;
}

/** One message that reached the push sink, in a send call of the target's. */
export interface SeenPush {
  readonly atMs: EpochMs;
  /** Which send call brought it, counted from 0. */
  readonly call: number;
  readonly message: unknown;
  readonly ticket: PushAnswer;
}

/** What the sink does with a message: accept, name an error in the ticket or later in the receipt. */
export type PushAnswer =
  | { readonly answer: "ok" }
  | { readonly answer: "ticket_error"; readonly error: string }
  | { readonly answer: "receipt_error"; readonly error: string };

/** What the sink does from now on. */
export interface PushMode {
  /** Answers by push token; others are accepted. */
  readonly tokens: ReadonlyMap<string, PushAnswer>;
  /** So many send calls fail first, with this status. */
  readonly failing?: { readonly calls: number; readonly status: number };
}

/** What the sink saw so far. Both only grow. */
export interface PushView {
  readonly messages: readonly SeenPush[];
  /** Ids in each receipts call. */
  readonly receiptCalls: readonly number[];
}

/** What a probe asks for. The driver answers each with what `EffectResult` says. */
export type Effect =
  /** All at once: on the way together, in no certain order. */
  | { readonly effect: "send"; readonly requests: readonly HttpRequest[] }
  | { readonly effect: "open"; readonly request: SocketRequest }
  /** Waits until `until` holds of what came, or the socket is closed, or `withinMs` are over. */
  | {
      readonly effect: "watch";
      readonly socket: number;
      readonly until: (view: SocketView) => boolean;
      readonly withinMs: number;
    }
  | { readonly effect: "say"; readonly socket: number; readonly text: string }
  /** `abruptly`: without a close frame. */
  | { readonly effect: "close"; readonly socket: number; readonly how: "cleanly" | "abruptly" }
  /** `deaf`: stops reading. `hears`: reads on from where it stopped. `mute`: answers no ping. */
  | { readonly effect: "impair"; readonly socket: number; readonly how: "deaf" | "hears" | "mute" }
  | { readonly effect: "pushes"; readonly until: (view: PushView) => boolean; readonly withinMs: number }
  | { readonly effect: "push_mode"; readonly mode: PushMode }
  | { readonly effect: "wait"; readonly ms: number }
  | { readonly effect: "now" }
  /** Takes a token away; only where `facts.revocable` names one. */
  | { readonly effect: "revoke"; readonly token: string }
  /** The `webhook-signature` of a delivery. */
  | { readonly effect: "sign"; readonly id: string; readonly timestamp: number; readonly body: string };

export interface EffectResult {
  readonly send: readonly Outcome[];
  readonly open: Upgrade;
  readonly watch: SocketView;
  readonly say: undefined;
  readonly close: undefined;
  readonly impair: undefined;
  readonly pushes: PushView;
  readonly push_mode: undefined;
  readonly wait: undefined;
  readonly now: EpochMs;
  readonly revoke: undefined;
  readonly sign: string;
}

/** A target that answers at once: the engine in memory, under virtual time. */
export interface MemoryTarget {
  readonly facts: TargetFacts;
  perform<E extends Effect>(effect: E): EffectResult[E["effect"]];
}

/** What is known of a target before it is judged: from its capabilities and its profile. */
export interface TargetFacts {
  /** What `GET /api/sync/capabilities` declared, with the profile's corrections. */
  readonly declared: Declared;
  /** Two accounts: most probes act in the first, isolation needs both. */
  readonly accounts: readonly [AccountFacts, AccountFacts];
  /** What a revision looks like here [REV-2]. */
  readonly revision: RegExp;
  /** ASCII order of revisions is commit order; else revisions are only compared for equality. */
  readonly ordered: boolean;
  /** The target's push calls come to us. */
  readonly pushSink: boolean;
  /** We know the secret that webhooks are signed with, and how the target names our accounts in them. */
  readonly webhookAccounts?: readonly [string, string];
  /** A further token of the first account, which can be taken away while a run goes on. */
  readonly revocable?: string;
  /** How long that may take: a token that ends by itself is waited for. */
  readonly revocableMs?: number;
  /** A revision of the first account that is known to lie below its floor. */
  readonly expiredRevision?: string;
  /** How far the target's clock is ahead of ours, by its Date header; absent where it is no more than a few seconds. */
  readonly clockAheadMs?: number;
  /** How long a round trip takes here: the bound of every wait is derived from it. */
  readonly roundTripMs: number;
  /** The longest wait that a condition is given beyond what its rule allows. */
  readonly patienceMs: number;
  /** The longest time that a probe may let pass for its own sake; Infinity where time costs nothing. */
  readonly waitMsMax: number;
}

interface AccountFacts {
  readonly name: string;
  readonly token: string;
}

/** Capabilities, as far as probes rest on them. */
export interface Declared {
  readonly phases: readonly number[];
  readonly mode: "off" | "advisory" | "enforce";
  readonly ifMatch: "optional" | "required";
  readonly resolvedBy: "server" | "client";
  readonly deltaLimitMax: number;
  readonly retentionSeconds: number;
  readonly mutationsMax: number;
  readonly ttlSeconds: number;
  readonly bodyBytesMax: number;
  readonly pushEntities: readonly string[];
  readonly receiptDelaySeconds: number;
  readonly webhooks: boolean;
  readonly replayMax?: number;
  readonly strategies: { readonly [entity: string]: string };
}
