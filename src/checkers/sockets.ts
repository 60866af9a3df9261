/**
 * Owns what the history tells of sockets: what each subscribed to, what it was sent, and what it is still owed.
 * Refuses to judge, and to count what arrives after a socket was closed.
 */

import type { EpochMs } from "../base/time.ts";
import type { FactOf } from "../history/facts.ts";
import { ENTITIES, ENTITY_OF, type Entity } from "../protocol/entity.ts";
import type { SyncEvent } from "../protocol/messages.ts";
import type { AccountLog, Commit, Commits } from "./commits.ts";
import { ByIndex } from "./define.ts";

/** Left-out commits that one delivery names. */
export const LEFT_OUT_MAX = 20;

export type SocketFact = FactOf<"connecting" | "disconnected" | "frame" | "killed">;

/** One socket, from the device's side. */
export interface Socket {
  readonly connecting: FactOf<"connecting">;
  /** undefined: all entities. */
  readonly filter: ReadonlySet<Entity> | undefined;
  /** `opening`: nothing came yet, or what came says that a replay is not to be had. */
  phase: "opening" | "replaying" | "live";
  /** The revision after which a replay was asked for; undefined when none was, or the proxy said that none is to be had. */
  resumesFrom: string | undefined;
  /** When and up to where the replay was over. */
  readyAt: EpochMs | undefined;
  readyRevision: string | undefined;
  /** The newest event, by revision. */
  newest: FactOf<"frame"> | undefined;
  /** Number of the first commit that it may still be owed; undefined while that is not known. */
  owedFrom: number | undefined;
}

/** What one frame meant for its socket. */
export interface Delivery {
  readonly socket: Socket;
  readonly frame: FactOf<"frame">;
  readonly event: SyncEvent | undefined;
  /** The newest event before this frame. */
  readonly before: FactOf<"frame"> | undefined;
  /** The phase before this frame. */
  readonly phase: Socket["phase"];
  /** Owed commits below this frame's revision that were not sent before it; at most LEFT_OUT_MAX. */
  readonly leftOut: readonly Commit[];
}

const NOTHING: readonly Commit[] = [];

/** The sockets of all devices. */
export class Sockets {
  /** What the newest `frame` meant; undefined when its socket is closed. */
  delivery: Delivery | undefined;
  /** What the newest `disconnected` closed; undefined when that was closed already. */
  left: Socket | undefined;
  private readonly commits: Commits;
  private readonly byDevice = new ByIndex<Map<number, Socket>>(() => new Map());
  private readonly byAccount = new ByIndex<Set<Socket>>(() => new Set());

  constructor(commits: Commits) {
    this.commits = commits;
  }

  take(fact: SocketFact): void {
    switch (fact.fact) {
      case "connecting":
        this.connecting(fact);
        return;
      case "disconnected":
        this.left = this.gone(fact.device, fact.account, fact.socket);
        return;
      case "killed":
        for (const number of this.byDevice.of(fact.device).keys())
          this.gone(fact.device, fact.account, number);
        return;
      case "frame":
        this.delivery = this.deliver(fact);
    }
  }

  /** Sockets of an account that are not known to be closed. */
  of(account: number): ReadonlySet<Socket> {
    return this.byAccount.of(account);
  }

  /** The oldest commit that the socket should have been sent and was not; undefined when it is owed none. */
  owed(socket: Socket): Commit | undefined {
    const log = this.commits.of(socket.connecting.account);
    if (socket.owedFrom === undefined) return undefined;
    for (let number = Math.max(socket.owedFrom, log.dropped); number < log.end; number++) {
      const commit = log.at(number);
      if (commit && isSubscribed(socket, commit.entity)) return commit;
      socket.owedFrom = number + 1;
    }
    return undefined;
  }

  private connecting(fact: FactOf<"connecting">): void {
    const filter = fact.entities && new Set(fact.entities.flatMap(entityNamed));
    const log = this.commits.of(fact.account);
    const socket: Socket = {
      connecting: fact,
      filter,
      phase: "opening",
      resumesFrom: fact.since,
      readyAt: undefined,
      readyRevision: undefined,
      newest: undefined,
      owedFrom: fact.since === undefined ? undefined : log.after(fact.since),
    };
    this.byDevice.of(fact.device).set(fact.socket, socket);
    this.byAccount.of(fact.account).add(socket);
  }

  private gone(device: number, account: number, number: number): Socket | undefined {
    const sockets = this.byDevice.of(device);
    const socket = sockets.get(number);
    if (!socket) return undefined;
    sockets.delete(number);
    this.byAccount.of(account).delete(socket);
    return socket;
  }

  private deliver(fact: FactOf<"frame">): Delivery | undefined {
    const socket = this.byDevice.of(fact.device).get(fact.socket);
    if (!socket) return undefined;
    const { frame } = fact;
    const event = frame.type === "sync_event" && isKnown(frame.entity) ? frame : undefined;
    const { newest: before, phase } = socket;
    const leftOut = this.move(socket, fact);
    return { socket, frame: fact, event, before, phase, leftOut };
  }

  private move(socket: Socket, fact: FactOf<"frame">): readonly Commit[] {
    const log = this.commits.of(fact.account);
    const { frame } = fact;
    switch (frame.type) {
      case "sync_event": {
        // [EVT-18] of what this protocol does not know there are no commits to hold it against.
        if (!isKnown(frame.entity)) return NOTHING;
        if (socket.phase === "opening") socket.phase = "replaying";
        const leftOut = walk(log, socket, frame.revisionId, false);
        if (socket.newest === undefined || socket.newest.frame.revisionId < frame.revisionId)
          socket.newest = fact;
        return leftOut;
      }
      case "checkpoint":
        return walk(log, socket, frame.revisionId, true);
      case "resync_required":
        socket.owedFrom = undefined;
        socket.resumesFrom = undefined;
        return NOTHING;
      case "ready": {
        const leftOut = walk(log, socket, frame.revisionId, true);
        socket.owedFrom ??= log.after(frame.revisionId);
        socket.phase = "live";
        socket.readyAt = fact.at;
        socket.readyRevision = frame.revisionId;
        return leftOut;
      }
      default:
        // A frame of a later protocol [EVT-18].
        return NOTHING;
    }
  }
}

/** `entities=` names collections; a driver may have written down entities. */
function entityNamed(name: string): Entity | readonly Entity[] {
  return ENTITY_OF.get(name) ?? ENTITIES.filter((entity) => entity === name);
}

/** False for an entity of a later protocol [EVT-18]. */
export function isKnown(entity: string): boolean {
  return ENTITIES.some((known) => known === entity);
}

/** True when the socket asked for this entity. */
export function isSubscribed(socket: Socket, entity: Entity): boolean {
  return socket.filter === undefined || socket.filter.has(entity);
}

/** A socket in words. */
export function tellSocket(socket: Socket): string {
  const { device, socket: number, since, entities } = socket.connecting;
  const what = entities === undefined ? "everything" : entities.join(" and ");
  return `socket ${number} of device ${device} (${what}, since ${since ?? "now"})`;
}

/** Passes the commits up to `revision`, and returns those that the socket was owed; `through` counts it in. */
function walk(log: AccountLog, socket: Socket, revision: string, through: boolean): readonly Commit[] {
  if (socket.owedFrom === undefined) return NOTHING;
  let leftOut: Commit[] | undefined;
  let number = Math.max(socket.owedFrom, log.dropped);
  for (; number < log.end; number++) {
    const commit = log.at(number) as Commit;
    if (commit.revision > revision) break;
    if (!isSubscribed(socket, commit.entity) || (commit.revision === revision && !through)) continue;
    leftOut ??= [];
    if (leftOut.length < LEFT_OUT_MAX) leftOut.push(commit);
  }
  socket.owedFrom = number;
  return leftOut ?? NOTHING;
}
