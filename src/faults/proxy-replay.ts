/**
 * Owns the planted faults of the proxy about resuming a socket (section 4, EVT-2 and EVT-5 to EVT-9).
 * Refuses to share code with the probes that must catch them.
 */

import type { SyncEvent } from "../protocol/messages.ts";
import type { EventSubscription, Frame } from "../protocol/request.ts";
import { GENESIS, parseRevision } from "../protocol/revision.ts";
import { entitiesSubscribed } from "../proxy/entities.ts";
import type { ProxyOutput } from "../proxy/port.ts";
import { eventOf } from "../proxy/sockets.ts";
import type { Store } from "../proxy/store.ts";
import type { Parts } from "../simulation/parts.ts";
import type { Fault } from "./fault.ts";
import { type Known, proxyFault, withMethods, withSockets, withStore } from "./seams.ts";

type FrameOutput = Extract<ProxyOutput, { readonly output: "frame" }>;

/** Between the end of a replay and the moment when the socket is on the list of those to be told. */
const GAP_MS = 3;

export const REPLAY_FAULTS: readonly Fault[] = [
  proxyFault({
    name: "replay-by-entity",
    rules: ["EVT-2", "EVT-5"],
    smallest: "a task, a contact, and a socket resumed before both",
    text: "A replay sends contacts, then tasks, then lists. Seen where it was one query a table.",
    plant: (parts) =>
      withReplay(parts, (events) => {
        const order = ["contact", "task", "list"];
        return [...events].sort((left, right) => order.indexOf(left.entity) - order.indexOf(right.entity));
      }),
  }),
  proxyFault({
    name: "replay-compacted",
    rules: ["EVT-5", "EVT-2", "EVT-6", "EVT-8"],
    smallest: "two updates of one record, and a socket resumed before both",
    text: "A replay has only the newest event of each record. What log compaction does in Kafka, for which it is right.",
    plant: (parts) =>
      withReplay(parts, (events) =>
        events.filter(({ id, entity }, at) =>
          events.slice(at + 1).every((later) => later.id !== id || later.entity !== entity),
        ),
      ),
  }),
  proxyFault({
    name: "replay-with-its-start",
    rules: ["EVT-5", "EVT-7"],
    smallest: "one write, and a socket resumed from it",
    text: "The event at lastRevisionId itself is sent again: `>=` where `>` was meant.",
    plant: (parts) => withReplay(parts, (events, start) => (start ? [start, ...events] : events)),
  }),
  proxyFault({
    name: "ready-before-replay",
    rules: ["EVT-5"],
    smallest: "one write, and a socket resumed before it",
    text: "`ready` comes first, and the events that it speaks of after it. Seen where the replay was a task that nobody waited for.",
    plant: (parts) =>
      withOpening(parts, (frames) => {
        const isReady = ({ frame }: FrameOutput) => frame.type === "ready";
        return [...frames.filter(isReady), ...frames.filter((output) => !isReady(output))];
      }),
  }),
  proxyFault({
    name: "live-a-moment-late",
    rules: ["EVT-6", "EVT-1", "EVT-2"],
    smallest: "a socket, and at once a write",
    text: "A socket is told of changes only a moment after its replay ended: what falls between is lost. What comes of reading first and registering then.",
    plant: (parts) =>
      withSockets(parts, () => ({
        put: (outputs, open, nowMs) =>
          outputs.filter((output) => {
            if (output.output !== "frame" || output.frame.type !== "sync_event") return true;
            const known = open.get(output.socket);
            return known === undefined || nowMs === known.openedAtMs || nowMs > known.openedAtMs + GAP_MS;
          }),
      })),
  }),
  proxyFault({
    name: "head-after-the-data",
    rules: ["REV-4", "EVT-6", "DLT-5", "DLT-6"],
    smallest: "a write and a listing at once, and a socket resumed from the listing's revision",
    text: "A listing reads its records first and the head then: a write between the two is in neither the list nor the stream after it. Two statements without a transaction.",
    plant: (parts) => {
      let clockMs = 0;
      const clocked = withMethods(parts, (proxy) => ({
        answer: (request, nowMs) => {
          clockMs = nowMs;
          return proxy.answer(request, nowMs);
        },
      }));
      return withStore(clocked, (store) => readingFirst(store, () => clockMs));
    },
  }),
  proxyFault({
    name: "last-twice-at-ready",
    rules: ["EVT-7"],
    smallest: "one write, and a socket resumed before it",
    text: "The last event of a replay is sent once more when the socket goes live. Seen where replay and live overlap by one, to be safe.",
    plant: (parts) =>
      withOpening(parts, (frames) => {
        const last = frames.findLast(({ frame }) => frame.type === "sync_event");
        return last ? [...frames, last] : frames;
      }),
  }),
  proxyFault({
    name: "floor-is-expired",
    rules: ["EVT-8"],
    rig: "short retention",
    smallest: "a socket resumed from the floor",
    text: "A socket resumed from the floor itself is told to sync anew: `<=` where `<` was meant.",
    plant: (parts) =>
      withMethods(parts, (proxy, config, store) => ({
        openSocket: (subscription, nowMs) => {
          const account = config.accounts.get(subscription.token ?? "");
          const atFloor =
            account !== undefined && subscription.lastRevisionId === store.standing(account).floor;
          return proxy.openSocket(atFloor ? { ...subscription, lastRevisionId: NEVER } : subscription, nowMs);
        },
      })),
  }),
  proxyFault({
    name: "below-floor-from-floor",
    rules: ["EVT-8"],
    rig: "short retention",
    smallest: "a socket resumed from a revision that was pruned",
    text: "A socket resumed below the floor gets what is left of the log, as if it were all. Seen as `WHERE revision > ?` on a table that is pruned.",
    plant: (parts) =>
      withFrom(parts, (from, store, account) => {
        const { floor } = store.standing(account);
        const revision = parseRevision(from);
        return revision !== undefined && revision < floor ? floor : from;
      }),
  }),
  proxyFault({
    name: "malformed-refuses-upgrade",
    rules: ["EVT-8"],
    smallest: "a socket resumed from a word",
    text: "A lastRevisionId that is none refuses the upgrade. Seen where queries were validated before the handshake, so that a phone with broken storage never comes back.",
    plant: (parts) =>
      withMethods(parts, (proxy) => ({
        openSocket: (subscription, nowMs) => {
          const { lastRevisionId } = subscription;
          const bad = lastRevisionId !== undefined && parseRevision(lastRevisionId) === undefined;
          return bad ? undefined : proxy.openSocket(subscription, nowMs);
        },
      })),
  }),
  proxyFault({
    name: "unknown-is-current",
    rules: ["EVT-8"],
    smallest: "a socket resumed from a revision that this log never had",
    text: "A socket resumed from a revision that the log never had is ready at once, as if nothing had happened. Seen after a restore from a backup.",
    plant: (parts) =>
      withFrom(parts, (from, store, account) => {
        const revision = parseRevision(from);
        const { head, floor } = store.standing(account);
        return revision !== undefined && revision > floor && !store.has(account, revision) ? head : from;
      }),
  }),
  proxyFault({
    name: "too-far-is-cut",
    rules: ["EVT-8", "EVT-5", "EVT-2"],
    smallest: "a socket resumed more than replayMax events back",
    text: "A replay of more than replayMax events sends that many and goes live, with a hole. Seen as a LIMIT on the query of the replay.",
    plant: (parts) =>
      withMethods(parts, (proxy, config, store) => ({
        openSocket: (subscription, nowMs) => {
          const account = config.accounts.get(subscription.token ?? "");
          const from = parseRevision(subscription.lastRevisionId ?? "");
          const { replayMax } = config.limits;
          if (account === undefined || from === undefined || !store.has(account, from)) {
            return proxy.openSocket(subscription, nowMs);
          }
          const after = store.logAfter(account, from, Number.MAX_SAFE_INTEGER);
          const cut = after.length > replayMax ? after[after.length - replayMax - 1]?.revision : from;
          return proxy.openSocket({ ...subscription, lastRevisionId: cut ?? from }, nowMs);
        },
      })),
  }),
  proxyFault({
    name: "ready-only-when-resumed",
    rules: ["EVT-9"],
    smallest: "a socket without lastRevisionId",
    text: "A socket without lastRevisionId gets no `ready`: a quiet client never learns where it could resume. Seen where `ready` was the end of the replay, and there was none.",
    plant: (parts) =>
      withOpening(parts, (frames, { lastRevisionId }) =>
        lastRevisionId === undefined ? frames.filter(({ frame }) => frame.type !== "ready") : frames,
      ),
  }),
];

/** A revision that no log had. */
const NEVER = `${GENESIS.slice(0, -1)}1`;

/** Parts whose sockets begin with other frames than those that opening them put out. */
function withOpening(
  parts: Parts,
  change: (frames: readonly FrameOutput[], subscription: EventSubscription) => readonly FrameOutput[],
): Parts {
  return withSockets(parts, () => {
    const fresh = new Map<number, Known>();
    return {
      opened: (known) => void fresh.set(known.socket, known),
      put: (outputs) => {
        let put = outputs;
        for (const [socket, { subscription }] of fresh) {
          const isOwn = (output: ProxyOutput): output is FrameOutput =>
            output.output === "frame" && output.socket === socket;
          put = [...put.filter((output) => !isOwn(output)), ...change(put.filter(isOwn), subscription)];
        }
        fresh.clear();
        return put;
      },
    };
  });
}

/** Parts whose resumed sockets replay other events. `start` is the event of the revision that they resume from. */
function withReplay(
  parts: Parts,
  change: (events: readonly SyncEvent[], start: SyncEvent | undefined) => readonly SyncEvent[],
): Parts {
  return {
    ...parts,
    proxy: (config, store) =>
      withOpening(parts, (frames, subscription) => {
        const { lastRevisionId, token = "", entities } = subscription;
        const resync = frames.some(({ frame }) => frame.type === "resync_required");
        const account = config.accounts.get(token);
        if (lastRevisionId === undefined || resync || account === undefined) return frames;
        const base = parseRevision(lastRevisionId);
        const wanted = { entity: "contact", id: undefined, key: undefined, base } as const;
        const at = store.load(account, wanted, 0).base;
        const start = at && entitiesSubscribed(entities).has(at.entity) ? eventOf(at) : undefined;
        const isEvent = (frame: Frame): frame is SyncEvent => frame.type === "sync_event";
        const events = frames.flatMap(({ frame }) => (isEvent(frame) ? [frame] : []));
        const socket = frames[0]?.socket ?? 0;
        const sent = change(events, start).map((frame) => ({ output: "frame", socket, frame }) as const);
        return [...sent, ...frames.filter(({ frame }) => !isEvent(frame))];
      }).proxy(config, store),
  };
}

/** Parts whose sockets resume from another revision than they were asked to. */
function withFrom(
  parts: Parts,
  change: (from: string, store: Store, account: Parameters<Store["standing"]>[0]) => string,
): Parts {
  return withMethods(parts, (proxy, config, store) => ({
    openSocket: (subscription, nowMs) => {
      const account = config.accounts.get(subscription.token ?? "");
      const { lastRevisionId } = subscription;
      if (account === undefined || lastRevisionId === undefined) {
        return proxy.openSocket(subscription, nowMs);
      }
      const from = change(lastRevisionId, store, account);
      return proxy.openSocket({ ...subscription, lastRevisionId: from }, nowMs);
    },
  }));
}

/** What of a store's listings was committed at this very moment is missed, though the head is not. */
function readingFirst(store: Store, nowMs: () => number): Partial<Store> {
  return {
    living: (account, entity, afterId, limit) => {
      const found = store.living(account, entity, afterId, limit);
      const { bottom } = store.standing(account);
      const log = store.logAfter(account, bottom, Number.MAX_SAFE_INTEGER);
      const late = log.filter((version) => version.entity === entity && version.committedAtMs === nowMs());
      const ids = new Set(late.map(({ id }) => id));
      return ids.size === 0 ? found : found.filter(({ id }) => !ids.has(id));
    },
  };
}
