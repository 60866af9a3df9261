/**
 * Owns what the checkers of one run know in common: the commits, the requests, the sockets, and how the proxy was set.
 * Refuses to judge. Facts reach its parts through whichever checker is told them first.
 */

import { Commits } from "./commits.ts";
import { Exchanges } from "./exchanges.ts";
import { Sockets } from "./sockets.ts";

/** How the proxy was set during the run; the history does not tell. `changing`: not alike all the time. */
export interface Ruling {
  readonly mode: "enforce" | "advisory" | "off" | "changing";
  readonly resolvedBy: "server" | "client" | "changing";
}

export const STRICT: Ruling = { mode: "enforce", resolvedBy: "server" };

/** Shared by the checkers of one run, and of no other. */
export interface Witness {
  readonly commits: Commits;
  readonly exchanges: Exchanges;
  readonly sockets: Sockets;
  readonly ruling: Ruling;
}

/** A witness that saw nothing yet. */
export function createWitness(ruling: Ruling = STRICT): Witness {
  const commits = new Commits();
  return { commits, exchanges: new Exchanges(), sockets: new Sockets(commits), ruling };
}

/** True when a stale write was resolved or refused all along, never applied plainly. */
export function isEnforced(witness: Witness): boolean {
  return witness.ruling.mode === "enforce";
}
