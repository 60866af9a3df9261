/**
 * Owns [EVT-1]: a committed change of a subscribed entity reaches every socket that stays up.
 * Judges only where neither the network nor the phone can be the reason. Gaps before later events are EVT-2.
 */

import { MINUTE_MS, SECOND_MS } from "../../base/time.ts";
import type { FactOf } from "../../history/facts.ts";
import { type Commit, tellCommit } from "../commits.ts";
import { type Breach, ByIndex, defineChecker, type Findings } from "../define.ts";
import type { Checker } from "../port.ts";
import { type Socket, tellSocket } from "../sockets.ts";
import { attending, createWitness, type Witness } from "../witness.ts";

/** The rule says 2 s; the rest is for a slow network after faults have stopped. */
export const CALM_MS = 30 * SECOND_MS;
/** Between two proofs that requests and answers pass; by then a socket that hangs has been closed [EVT-11]. */
export const PROVEN_MS = 90 * SECOND_MS;
/** Without any proof: longer than one direction of a network may be dead. */
export const UNPROVEN_MS = 30 * MINUTE_MS;

const FACTS = [
  "answered",
  "committed",
  "cut_off",
  "disconnected",
  "frame",
  "killed",
  "phase",
  "severed",
] as const;
const LINK_FACTS = ["started", "opened", "closed", "online", "offline"] as const;

/** Proofs are kept this far apart, and this many of them. */
const PROOF_EVERY_MS = 30 * SECOND_MS;
const PROOFS_MAX = 64;

/** What is known of one device's link. */
class Link {
  open = true;
  online = true;
  /** Since when the app is in front and the phone knows of a network. */
  ableAt = 0;
  /** When requests were sent that came to be answered: then both directions worked. Oldest first. */
  readonly proofs: number[] = [];

  get able(): boolean {
    return this.open && this.online;
  }

  prove(at: number): void {
    const last = this.proofs.at(-1);
    if (last !== undefined && at - last < PROOF_EVERY_MS) return;
    this.proofs.push(at);
    if (this.proofs.length > PROOFS_MAX) this.proofs.shift();
  }

  /** True when the link is proven to have worked twice after `since`, far enough apart. */
  isProvenAfter(since: number): boolean {
    const first = this.proofs.find((proof) => proof >= since);
    const last = this.proofs.at(-1);
    return first !== undefined && last !== undefined && last - first >= PROVEN_MS;
  }
}

/** [EVT-1] over commits, frames and the life of devices. */
export function createEvt1Checker(witness: Witness = createWitness()): Checker {
  const { commits, exchanges, sockets } = witness;
  const links = new ByIndex<Link>(() => new Link());
  /** Looked into already, or dead without either end knowing. */
  const blamed = new Set<Socket>();
  let healAt: number | undefined;
  /** Some instance hears of changes late until then. */
  let cutUntil = 0;

  const waitMs = (socket: Socket, link: Link, since: number): number => {
    const calm = healAt !== undefined && (socket.readyAt ?? 0) >= healAt && since >= healAt;
    return calm ? CALM_MS : link.isProvenAfter(since) ? PROVEN_MS : UNPROVEN_MS;
  };

  const look = (socket: Socket, at: number, findings: Findings): void => {
    const link = links.of(socket.connecting.device);
    if (socket.phase !== "live" || !link.able || blamed.has(socket)) return;
    const owed = sockets.owed(socket);
    if (!owed) return;
    const since = Math.max(owed.at, socket.readyAt ?? 0, link.ableAt, cutUntil);
    if (at - since <= waitMs(socket, link, since)) return;
    blamed.add(socket);
    findings.trigger();
    findings.breach(breachOf(socket, owed, at));
  };

  const lookAtAll = (at: number, findings: Findings): void => {
    for (const [account] of commits.accounts.entries()) {
      for (const socket of sockets.of(account)) look(socket, at, findings);
    }
  };

  const wants = [...FACTS, ...LINK_FACTS] as const;
  const checker = defineChecker("EVT-1", wants, (findings) => (fact) => {
    switch (fact.fact) {
      case "phase":
        if (fact.phase === "heal") healAt = fact.at;
        return lookAtAll(fact.at, findings);
      case "committed":
        for (const socket of sockets.of(fact.account)) look(socket, fact.at, findings);
        return;
      case "disconnected": {
        const socket = sockets.left;
        if (socket) look(socket, fact.at, findings);
        if (socket) blamed.delete(socket);
        return;
      }
      case "frame":
        if (isLiveNews(witness, fact)) findings.trigger();
        return;
      case "answered": {
        const { pending } = exchanges;
        if (pending) links.of(fact.device).prove(pending.sent.at);
        return;
      }
      case "killed":
        links.reset(fact.device);
        return;
      case "severed":
        for (const socket of sockets.of(fact.account)) if (isOf(socket, fact)) blamed.add(socket);
        return;
      case "cut_off":
        cutUntil = Math.max(cutUntil, fact.until);
        return;
      default:
        follow(links.of(fact.device), fact);
    }
  });
  return attending(witness, checker);
}

/** True for the socket that was severed. */
function isOf({ connecting }: Socket, severed: FactOf<"severed">): boolean {
  return connecting.device === severed.device && connecting.socket === severed.socket;
}

/** Keeps up with what a phone's owner and network do. */
function follow(link: Link, fact: FactOf<(typeof LINK_FACTS)[number]>): void {
  switch (fact.fact) {
    case "started":
      // A started app is in the background until it is opened.
      link.open = false;
      link.online = fact.online;
      return;
    case "opened":
    case "closed":
      link.open = fact.fact === "opened";
      break;
    case "online":
    case "offline":
      link.online = fact.fact === "online";
  }
  link.ableAt = fact.at;
}

/** An event of a change that was committed while the socket was live. */
function isLiveNews(witness: Witness, fact: FactOf<"frame">): boolean {
  const { delivery } = witness.sockets;
  if (!delivery?.event || delivery.phase !== "live") return false;
  const commit = witness.commits.of(fact.account).find(delivery.event.revisionId);
  return commit !== undefined && commit.at >= (delivery.socket.readyAt ?? 0);
}

function breachOf(socket: Socket, owed: Commit, at: number): Breach {
  return {
    at,
    expected: `an event of ${owed.entity} ${owed.id} at ${owed.revision} on ${tellSocket(socket)}`,
    actual: `none within ${Math.round((at - owed.at) / SECOND_MS)} s, and the socket is up`,
    because: tellCommit(owed),
    evidence: [socket.connecting, owed],
  };
}
