/**
 * Owns what the parts of a live fleet share: its agenda, its courier, its sockets, what is called how, and where facts go.
 * Refuses to decide anything.
 */

import type { Fact, SentMutation } from "../history/facts.ts";
import type { Entity } from "../protocol/entity.ts";
import type { FleetAgenda } from "./fleet-agenda.ts";
import type { Courier } from "./fleet-courier.ts";
import type { FleetLines } from "./fleet-lines.ts";
import type { FrameReader, PageReader } from "./fleet-wire.ts";
import type { LatencyBook } from "./latency-book.ts";

/** The fleet's names: everything it makes begins with `prefix`. */
export interface FleetNames {
  /** Ends with a dash. */
  readonly prefix: string;
  /** True for a record that the run made, or made for itself before it began. */
  owns(id: string): boolean;
  /** The account in which such a record was made. */
  accountOf(id: string): number | undefined;
}

/** One fleet's shared ground. */
export interface FleetStage {
  readonly seed: number;
  readonly agenda: FleetAgenda;
  readonly courier: Courier;
  readonly lines: FleetLines;
  readonly frames: FrameReader;
  readonly pages: PageReader;
  readonly names: FleetNames;
  /** By account. */
  readonly tokens: readonly string[];
  readonly latencies: LatencyBook;
  /** How much faster than they would people live: their waits are divided by it, never the protocol's. */
  readonly speed: number;
  /** Faults are off from here on. */
  healed: boolean;
  /** When something last changed, ms since the start [SYS-5]. */
  movedAtMs: number;
  /** `mutations`: those of the request that an answer belongs to. */
  record(fact: Fact, mutations?: readonly SentMutation[]): void;
}

/** What a record is called before the run knows what is in it. */
export function seedName(
  names: FleetNames,
  group: number,
  account: number,
  entity: Entity,
  nth: number,
): string {
  return `${names.prefix}a${account}-g${group}-${entity}-${nth}`;
}
