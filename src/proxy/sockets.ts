/**
 * Owns the event sockets: each is a place in its account's log and reads on from there (section 4). Replay, live
 * events and those of other instances are one mechanism, so nothing can fall between them [EVT-6].
 * Refuses to know who committed. A commit costs as much as its account has sockets, whatever others have.
 */

import { SECOND_MS } from "../base/time.ts";
import type { Entity } from "../protocol/entity.ts";
import type { AccountId, SyncEvent } from "../protocol/messages.ts";
import { CLOSE, type EventSubscription, type Frame } from "../protocol/request.ts";
import { GENESIS, parseRevision, type Revision } from "../protocol/revision.ts";
import { entitiesSubscribed } from "./entities.ts";
import type { ProxyConfig, ProxyOutput } from "./port.ts";
import type { Store, Version } from "./store.ts";
import { isLargerThan } from "./text-size.ts";
import type { LineMs } from "./timeline.ts";

/** [EVT-11] */
const PING_EVERY_MS = 30 * SECOND_MS;
/** [EVT-17] a head that moved unseen is told of within a minute, slow ticks included. */
const CHECKPOINT_AFTER_MS = 50 * SECOND_MS;
/** [EVT-13] */
export const TEXT_BYTES_MAX = 65_536;
/** Versions read at once for one socket. */
const READ_MAX = 256;

export interface Socket {
  readonly id: number;
  readonly account: AccountId;
  readonly token: string;
  readonly entities: ReadonlySet<Entity>;
  /** Everything up to here was sent, and is not sent again [EVT-7], or is not for this socket. */
  position: Revision;
  /** The newest revision that the client was told. */
  told: Revision;
  /** The head that was captured at the start; undefined once `ready` was sent. */
  readyAt: Revision | undefined;
  /** True once it was at the head. Before, it waits for room; after, a full backlog ends it [EVT-10]. */
  live: boolean;
  backlog: number;
  checkpointDue: boolean;
  awaitsPong: boolean;
  open: boolean;
}

/** What sockets must be woken for. */
export type SocketDue = { readonly due: "ping" | "checkpoint"; readonly socket: Socket };

/** What sockets need of the engine around them. */
export interface SocketRoom {
  readonly store: Store;
  readonly config: ProxyConfig;
  put(output: ProxyOutput): void;
  schedule(dueMs: LineMs, due: SocketDue): void;
  eventOf(version: Version): SyncEvent;
}

/** A stretch of an account's log, and the frames of its versions: sockets at the same place share both. */
interface Stretch {
  readonly account: AccountId;
  readonly after: Revision;
  readonly versions: readonly Version[];
  readonly frames: (Frame | undefined)[];
}

export class Sockets {
  private readonly room: SocketRoom;
  /** [EVT-12] by numbers of their own, not by device: one that closes late takes no other with it. */
  private readonly all = new Map<number, Socket>();
  private readonly byAccount = new Map<AccountId, Set<Socket>>();
  private stretch: Stretch | undefined;
  private nextId = 1;

  constructor(room: SocketRoom) {
    this.room = room;
  }

  /** [SEC-1] undefined: no such token. Whatever else is wrong, the upgrade is not refused [EVT-8]. */
  open(subscription: EventSubscription, lineMs: LineMs): number | undefined {
    const { store, config } = this.room;
    const { token } = subscription;
    const account = token === undefined ? undefined : config.accounts.get(token);
    if (token === undefined || account === undefined) return undefined;
    const { head } = store.standing(account);
    const socket: Socket = {
      id: this.nextId++,
      account,
      token,
      entities: entitiesSubscribed(subscription.entities),
      position: head,
      told: GENESIS,
      readyAt: head,
      live: false,
      backlog: 0,
      checkpointDue: false,
      awaitsPong: false,
      open: true,
    };
    this.enter(socket);
    this.room.schedule(lineMs + PING_EVERY_MS, { due: "ping", socket });
    // [EVT-9] who resumes nothing stands at the head, and is `ready` at once.
    if (subscription.lastRevisionId !== undefined) this.resume(socket, subscription.lastRevisionId);
    this.readOn(socket, lineMs);
    return socket.id;
  }

  /** Lets every socket of an account read on: after a commit here or elsewhere. */
  wake(account: AccountId, lineMs: LineMs): void {
    const sockets = this.byAccount.get(account);
    if (sockets === undefined) return;
    for (const socket of sockets) this.readOn(socket, lineMs);
    this.stretch = undefined;
  }

  /** [EVT-13] other JSON is ignored. */
  text(id: number, text: string): void {
    const socket = this.all.get(id);
    if (socket && (isLargerThan(text, TEXT_BYTES_MAX) || !isJson(text))) {
      this.close(socket, CLOSE.badFrame);
    }
  }

  pong(id: number): void {
    const socket = this.all.get(id);
    if (socket) socket.awaitsPong = false;
  }

  drained(id: number, count: number, lineMs: LineMs): void {
    const socket = this.all.get(id);
    if (!socket) return;
    socket.backlog = Math.max(0, socket.backlog - count);
    if (!socket.live) this.readOn(socket, lineMs);
  }

  closed(id: number): void {
    const socket = this.all.get(id);
    if (socket) this.leave(socket);
  }

  carryOut(due: SocketDue, lineMs: LineMs): void {
    const { socket } = due;
    if (!socket.open) return;
    if (!this.isAllowed(socket)) {
      this.close(socket, CLOSE.unauthorized);
      return;
    }
    if (due.due === "checkpoint") {
      this.checkpoint(socket, lineMs);
      return;
    }
    // [EVT-11] a ping that nobody answered within the time until the next.
    if (socket.awaitsPong) {
      this.close(socket, CLOSE.goingAway);
      return;
    }
    socket.awaitsPong = true;
    this.room.put({ output: "ping", socket: socket.id });
    this.room.schedule(lineMs + PING_EVERY_MS, due);
  }

  /** [EVT-5, EVT-8] where a resumed socket begins, and what it is told when it cannot resume. */
  private resume(socket: Socket, text: string): void {
    const { store, config } = this.room;
    const { head, floor } = store.standing(socket.account);
    const from = parseRevision(text);
    const reason =
      from === undefined
        ? "revision_unknown"
        : from < floor
          ? "revision_expired"
          : !store.has(socket.account, from)
            ? "revision_unknown"
            : store.countAfter(socket.account, from) > config.limits.replayMax
              ? "too_far_behind"
              : undefined;
    if (from !== undefined && reason === undefined) {
      socket.position = from;
      socket.told = from;
    } else if (reason !== undefined) {
      this.send(socket, { type: "resync_required", reason, revisionId: head, floorRevision: floor });
    }
  }

  /** [EVT-2] sends what the log has after the socket's place, in its order, as far as there is room. */
  private readOn(socket: Socket, lineMs: LineMs): void {
    const { store, config } = this.room;
    if (!this.isAllowed(socket)) {
      this.close(socket, CLOSE.unauthorized);
      return;
    }
    // What the socket still had to be sent is gone from the log: no reader may be left with a gap [EVT-10].
    if (socket.position < store.standing(socket.account).bottom) {
      this.close(socket, CLOSE.overloaded);
      return;
    }
    while (socket.open) {
      if (socket.readyAt !== undefined && socket.position >= socket.readyAt) {
        if (socket.backlog >= config.limits.socketBacklogMax) return;
        this.send(socket, { type: "ready", revisionId: socket.readyAt });
        socket.told = socket.readyAt;
        socket.readyAt = undefined;
      }
      const stretch = this.stretchAfter(socket);
      if (stretch.versions.length === 0) break;
      if (!this.readStretch(socket, stretch)) return;
    }
    socket.live = true;
    if (socket.open && socket.position > socket.told && !socket.checkpointDue) {
      socket.checkpointDue = true;
      this.room.schedule(lineMs + CHECKPOINT_AFTER_MS, { due: "checkpoint", socket });
    }
  }

  /** False when the socket must stop: for want of room, or because it was closed. */
  private readStretch(socket: Socket, stretch: Stretch): boolean {
    const { versions, frames } = stretch;
    for (let index = 0; index < versions.length; index++) {
      const version = versions[index] as Version;
      if (socket.entities.has(version.entity)) {
        if (socket.backlog >= this.room.config.limits.socketBacklogMax) {
          if (socket.live) this.close(socket, CLOSE.overloaded);
          return false;
        }
        let frame = frames[index];
        if (frame === undefined) {
          frame = this.room.eventOf(version);
          frames[index] = frame;
        }
        this.send(socket, frame);
        socket.told = version.revision;
      }
      socket.position = version.revision;
      // `ready` stands right after the captured head.
      if (socket.position === socket.readyAt) return true;
    }
    return true;
  }

  private stretchAfter(socket: Socket): Stretch {
    const { account, position: after } = socket;
    if (this.stretch?.account !== account || this.stretch.after !== after) {
      const versions = this.room.store.logAfter(account, after, READ_MAX);
      if (versions.length === 0) return { account, after, versions, frames: [] };
      this.stretch = { account, after, versions, frames: [] };
    }
    return this.stretch;
  }

  /** [EVT-17] */
  private checkpoint(socket: Socket, lineMs: LineMs): void {
    socket.checkpointDue = false;
    if (socket.readyAt !== undefined || socket.position <= socket.told) return;
    if (socket.backlog >= this.room.config.limits.socketBacklogMax) {
      socket.checkpointDue = true;
      this.room.schedule(lineMs + SECOND_MS, { due: "checkpoint", socket });
      return;
    }
    this.send(socket, { type: "checkpoint", revisionId: socket.position });
    socket.told = socket.position;
  }

  private send(socket: Socket, frame: Frame): void {
    socket.backlog++;
    this.room.put({ output: "frame", socket: socket.id, frame });
  }

  /** [SEC-5] the token may have been taken away since the socket was opened. */
  private isAllowed(socket: Socket): boolean {
    return this.room.config.accounts.get(socket.token) === socket.account;
  }

  private close(socket: Socket, code: number): void {
    this.leave(socket);
    this.room.put({ output: "close", socket: socket.id, code });
  }

  private enter(socket: Socket): void {
    this.all.set(socket.id, socket);
    const sockets = this.byAccount.get(socket.account);
    if (sockets) sockets.add(socket);
    else this.byAccount.set(socket.account, new Set([socket]));
  }

  private leave(socket: Socket): void {
    socket.open = false;
    this.all.delete(socket.id);
    const sockets = this.byAccount.get(socket.account);
    sockets?.delete(socket);
    if (sockets?.size === 0) this.byAccount.delete(socket.account);
  }
}

/** The event of a version [EVT-1]. */
export function eventOf(version: Version): SyncEvent {
  const { entity, action, id, revision, record, deviceId, key } = version;
  const event = { type: "sync_event", entity, action, id, revisionId: revision, payload: record } as const;
  if (deviceId === undefined) return event;
  return {
    ...event,
    origin: key === undefined ? { deviceId } : { deviceId, mutationId: key },
  };
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
