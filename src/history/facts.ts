/**
 * Owns the one vocabulary in which runs are told: typed facts, in the order in which they happened.
 * Refuses to know what ought to have happened. Checkers and metrics are folds over facts; simulation and live
 * drivers write them. Records inside facts are shared and never change.
 */

import type { EpochMs } from "../base/time.ts";
import type { Entity, Fields, WireRecord } from "../protocol/entity.ts";
import type { Action, Operation, Resolution } from "../protocol/messages.ts";
import type { Call, Frame } from "../protocol/request.ts";
import type { Revision } from "../protocol/revision.ts";

/** Where a device's fact comes from. `device` and `account` are small integers; names are in the run's roster. */
export interface OnDevice {
  readonly at: EpochMs;
  readonly device: number;
  readonly account: number;
}

interface OnServer {
  readonly at: EpochMs;
  readonly account: number;
}

/** What a phone, its owner or its network did. */
type LifeFact =
  /** The process started with what its storage held; `cold` is false for the first start after installation. */
  | (OnDevice & { readonly fact: "started"; readonly cold: boolean; readonly online: boolean })
  | (OnDevice & { readonly fact: "killed" })
  | (OnDevice & { readonly fact: "opened" })
  | (OnDevice & { readonly fact: "closed" })
  | (OnDevice & { readonly fact: "online" })
  | (OnDevice & { readonly fact: "offline" })
  /** The phone's wall clock was set, or had this error when the run began. */
  | (OnDevice & { readonly fact: "clock_set"; readonly offsetMs: number });

/** An edit, from the user's thumb to its end. `mutation` is stable; `key` is what goes over the wire. */
type EditFact =
  | (OnDevice & {
      readonly fact: "edited";
      readonly mutation: string;
      readonly key: string;
      readonly entity: Entity;
      readonly id: string;
      readonly operation: Operation;
      /** Create: the fields. Update: the merge patch. Delete: undefined. */
      readonly payload: Fields | undefined;
      /** The server revision of what the user saw. */
      readonly base: Revision | undefined;
    })
  | (OnDevice & { readonly fact: "saved"; readonly mutation: string })
  | (OnDevice & { readonly fact: "rekeyed"; readonly mutation: string; readonly key: string })
  | (OnDevice & {
      readonly fact: "settled";
      readonly mutation: string;
      readonly outcome: "applied" | "merged" | "yielded" | "failed" | "discarded" | "cancelled";
      readonly error?: string;
    })
  | (OnDevice & { readonly fact: "asked"; readonly mutation: string })
  | (OnDevice & {
      readonly fact: "chosen";
      readonly mutation: string;
      readonly choice: "mine" | "server" | "merge";
    })
  /** The user took up a failed mutation again, or gave it up. */
  | (OnDevice & { readonly fact: "retried"; readonly mutation: string })
  | (OnDevice & { readonly fact: "discarded"; readonly mutation: string });

/** One mutation inside a request. */
export interface SentMutation {
  readonly key: string;
  readonly entity: Entity;
  readonly id: string;
  readonly operation: Operation;
  readonly payload: Fields | undefined;
  /** Revision in If-Match, without quotes. */
  readonly ifMatch: string | undefined;
  readonly ifMatchMutation: string | undefined;
  readonly timestamp: number | undefined;
}

/** What one mutation of a request was answered. */
export interface MutationResult {
  readonly key: string;
  readonly status: number;
  readonly error?: string;
  readonly resolution?: Resolution;
  readonly replayed?: boolean;
  readonly revision?: Revision;
  /** The record that the answer showed; null for a deletion; undefined for a refusal. */
  readonly record?: WireRecord | null;
}

/** Requests and what became of them, seen from the device. */
type ExchangeFact =
  | (OnDevice & {
      readonly fact: "sent";
      readonly request: number;
      readonly call: Call["call"];
      /** As the device sent them. */
      readonly mutations: readonly SentMutation[];
      readonly since?: string;
      readonly bytes: number;
      /** Headers that something between device and proxy took off, or changed, by name; absent when none. */
      readonly altered?: readonly string[];
    })
  | (OnDevice & {
      readonly fact: "answered";
      readonly request: number;
      readonly call: Call["call"];
      readonly status: number;
      readonly error?: string;
      readonly retryAfterMs?: number;
      readonly results: readonly MutationResult[];
      readonly bytes: number;
      /** No JSON: somebody other than the proxy answered. */
      readonly foreign?: boolean;
    })
  /** Indefinite: the request may have taken effect. `unreachable`: it did not leave the phone. */
  | (OnDevice & {
      readonly fact: "unanswered";
      readonly request: number;
      readonly call: Call["call"];
      readonly why: "timeout" | "unreachable";
    })
  | (OnDevice & {
      readonly fact: "connecting";
      readonly socket: number;
      readonly since?: string;
      readonly entities?: readonly string[];
    })
  | (OnDevice & { readonly fact: "connected"; readonly socket: number })
  | (OnDevice & { readonly fact: "disconnected"; readonly socket: number; readonly code: number })
  /** Both ends still believe in the socket, and nothing passes any more. */
  | (OnDevice & { readonly fact: "severed"; readonly socket: number })
  | (OnDevice & {
      readonly fact: "frame";
      readonly socket: number;
      readonly frame: Frame;
      readonly bytes: number;
    })
  | (OnDevice & { readonly fact: "pushed"; readonly entity: Entity; readonly revision: Revision });

/** What the device's user could see, and what its storage came to hold. */
type ViewFact =
  | (OnDevice & {
      readonly fact: "shown";
      readonly entity: Entity;
      readonly id: string;
      /** The server revision under what is shown; undefined for what only this device knows. */
      readonly revision: Revision | undefined;
      /** undefined: the record is gone from the screen. */
      readonly fields: Fields | undefined;
      readonly waiting: readonly string[];
    })
  | (OnDevice & {
      readonly fact: "read";
      readonly entity: Entity;
      readonly id: string | undefined;
      readonly fresh: boolean;
      readonly revision: Revision | undefined;
    })
  | (OnDevice & {
      readonly fact: "invalidated";
      readonly queries: readonly { readonly entity: Entity; readonly id?: string }[];
    })
  | (OnDevice & { readonly fact: "sync_started"; readonly sync: "full" | "delta"; readonly reason?: string })
  | (OnDevice & {
      readonly fact: "sync_ended";
      readonly sync: "full" | "delta";
      readonly reason?: string;
      readonly revision: Revision | undefined;
    })
  /** The revision is durable on the device as last seen. */
  | (OnDevice & { readonly fact: "advanced"; readonly entity: Entity; readonly revision: Revision })
  | (OnDevice & {
      readonly fact: "noticed";
      readonly notice: "signed_out" | "protocol_mismatch" | "storage_failed";
    });

/** What the driver could see of the server; a live driver sees none of it. */
type ServerFact =
  | (OnServer & {
      readonly fact: "committed";
      readonly revision: Revision;
      readonly entity: Entity;
      readonly id: string;
      readonly action: Action;
      readonly record: WireRecord | null;
      /** The revision of this record before; undefined for a creation. */
      readonly previous: Revision | undefined;
      /** Index of the device whose write this was; undefined when none is known. */
      readonly device: number | undefined;
      readonly key: string | undefined;
      readonly ifMatch: Revision | undefined;
      readonly resolution: Resolution | undefined;
    })
  | (OnServer & {
      readonly fact: "push_handed_over";
      readonly device: number;
      readonly entity: Entity;
      readonly revision: Revision;
    });

/** One record of a replica. */
export interface ReplicaFactRecord {
  readonly entity: Entity;
  readonly id: string;
  readonly revision: Revision | undefined;
  readonly fields: Fields;
}

/** The run itself. */
type RunFact =
  /** Faults are on from `agitate`, off from `heal`; `settled` or `unsettled` ends the run [SYS-5]. */
  | {
      readonly fact: "phase";
      readonly at: EpochMs;
      readonly phase: "agitate" | "heal" | "settled" | "unsettled";
    }
  /** Until then, some proxy instance hears of changes by others late, and others of its own. */
  | { readonly fact: "cut_off"; readonly at: EpochMs; readonly until: EpochMs }
  /** All that a device holds at the end. */
  | (OnDevice & {
      readonly fact: "replica";
      readonly records: readonly ReplicaFactRecord[];
      readonly waiting: number;
    })
  /** All that a device which was never there before holds, after one full sync at that same moment. */
  | {
      readonly fact: "fresh_replica";
      readonly at: EpochMs;
      readonly account: number;
      readonly records: readonly ReplicaFactRecord[];
    };

export type Fact = LifeFact | EditFact | ExchangeFact | ViewFact | ServerFact | RunFact;
export type FactName = Fact["fact"];
/** The fact of one name. */
export type FactOf<Name extends FactName> = Extract<Fact, { readonly fact: Name }>;

/** Who took part: index to name. */
export interface Roster {
  readonly devices: readonly { readonly name: string; readonly account: number }[];
  readonly accounts: readonly { readonly name: string }[];
}
