/**
 * Owns the planted faults of the proxy about live events and their sockets (section 4).
 * Refuses to share code with the probes that must catch them.
 */

import { SECOND_MS } from "../base/time.ts";
import type { SyncEvent } from "../protocol/messages.ts";
import { CLOSE } from "../protocol/request.ts";
import type { ProxyOutput, SyncProxy } from "../proxy/port.ts";
import { TEXT_BYTES_MAX } from "../proxy/sockets.ts";
import type { Fault } from "./fault.ts";
import { type Known, proxyFault, withConfig, withFrames, withMethods, withSockets } from "./seams.ts";
import { objectOf } from "./wire.ts";

/** How late a slow poller tells of a change. */
const LATE_MS = 4 * SECOND_MS;

export const EVENT_FAULTS: readonly Fault[] = [
  proxyFault({
    name: "batch-tells-its-last",
    rules: ["EVT-1", "EVT-2", "CON-9", "MRG-8"],
    smallest: "a socket, and a batch of two creates",
    text: "A batch makes one event, that of its last change. Seen where the notification was sent when the transaction ended.",
    plant: (parts) =>
      withSockets(parts, () => {
        let batch = false;
        return {
          answered: (_answer, { call }) => {
            if (call.call === "batch") batch = true;
          },
          put: (outputs) => {
            if (!batch) return outputs;
            batch = false;
            return outputs.filter((output, at) => !isEvent(output) || !hasLater(outputs, at));
          },
        };
      }),
  }),
  proxyFault({
    name: "events-from-a-poller",
    rules: ["EVT-1", "EVT-5", "EVT-6"],
    smallest: "a socket, and a write",
    text: "Events are sent by a poller that comes round every few seconds. Seen with an outbox table without a trigger.",
    plant: (parts) =>
      withMethods(parts, (proxy) => {
        let held: { readonly dueMs: number; readonly output: ProxyOutput }[] = [];
        let clockMs = 0;
        return {
          answer: (request, nowMs) => {
            clockMs = nowMs;
            return proxy.answer(request, nowMs);
          },
          tick: (nowMs) => {
            clockMs = nowMs;
            proxy.tick(nowMs);
          },
          nextTickAtMs: () => {
            const own = proxy.nextTickAtMs();
            const dueMs = held[0]?.dueMs;
            return dueMs === undefined || own === undefined ? (dueMs ?? own) : Math.min(own, dueMs);
          },
          takeOutputs: () => {
            const outputs = proxy.takeOutputs();
            const due = held.filter(({ dueMs }) => dueMs <= clockMs).map(({ output }) => output);
            held = held.filter(({ dueMs }) => dueMs > clockMs);
            for (const output of outputs) {
              if (isEvent(output)) held.push({ dueMs: clockMs + LATE_MS, output });
            }
            return [...due, ...outputs.filter((output) => !isEvent(output))];
          },
        };
      }),
  }),
  proxyFault({
    name: "no-word-between-instances",
    rules: ["EVT-1", "EVT-2", "EVT-6"],
    rig: "three instances",
    smallest: "a socket at one instance, a write at another",
    text: "An instance tells its own sockets of its own writes, and nobody of the others'. Seen on the day of the second instance.",
    plant: (parts) => withMethods(parts, () => ({ wake: () => {} })),
  }),
  proxyFault({
    name: "twice-in-a-millisecond",
    rules: ["EVT-1", "EVT-2", "EVT-6"],
    smallest: "two updates of one record at once, seen by a socket",
    text: "Of changes to one record within the same millisecond only the first is sent. Seen where a fan-out removed doubles by id and time.",
    plant: (parts) =>
      withSockets(parts, () => {
        let sentAtMs = -1;
        const sent = new Set<string>();
        return {
          put: (outputs, open, nowMs) => {
            if (nowMs !== sentAtMs) sent.clear();
            sentAtMs = nowMs;
            return outputs.filter((output) => {
              // A replay is not looked at.
              if (!isEvent(output) || open.get(output.socket)?.openedAtMs === nowMs) return true;
              const { entity, id } = output.frame as SyncEvent;
              const name = `${output.socket} ${entity} ${id}`;
              if (sent.has(name)) return false;
              sent.add(name);
              return true;
            });
          },
        };
      }),
  }),
  proxyFault({
    name: "refused-writes-are-told",
    rules: ["EVT-3", "EVT-2", "EVT-7"],
    smallest: "a socket, and a stale update of a contact",
    text: "A refused update makes an event of the record as it stands. Seen where events were sent before the transaction was rolled back.",
    plant: (parts) =>
      withSockets(parts, (config) => {
        const told: { readonly account: string; readonly frame: SyncEvent }[] = [];
        return {
          answered: ({ status, body }, { call, token = "" }) => {
            const record = objectOf(objectOf(body)?.serverData);
            const account = config.accounts.get(token);
            if (status !== 409 || call.call !== "update" || !record || account === undefined) return;
            const { entity, id } = call;
            const revisionId = record.revisionId as SyncEvent["revisionId"];
            const payload = record as SyncEvent["payload"];
            told.push({
              account,
              frame: { type: "sync_event", entity, action: "updated", id, revisionId, payload },
            });
          },
          put: (outputs, open) => {
            const extra = told.flatMap(({ account, frame }) =>
              [...open.values()]
                .filter((known) => known.account === account)
                .map(({ socket }) => ({ output: "frame", socket, frame }) as const),
            );
            told.length = 0;
            return [...outputs, ...extra];
          },
        };
      }),
  }),
  proxyFault({
    name: "filter-lost-on-resume",
    rules: ["EVT-4"],
    smallest: "a task, and a socket of contacts resumed before it",
    text: "A resumed socket is not filtered: `entities=` counts for the first connection only. Seen where the replay was another query.",
    plant: (parts) =>
      withMethods(parts, (proxy) => ({
        openSocket: (subscription, nowMs) => {
          const { entities: _entities, ...all } = subscription;
          return proxy.openSocket(subscription.lastRevisionId === undefined ? subscription : all, nowMs);
        },
      })),
  }),
  proxyFault({
    name: "filter-by-first-entity",
    rules: ["EVT-1", "EVT-4", "EVT-5", "EVT-6"],
    smallest: "a socket of two entities, and a write to the second",
    text: "Of `entities=` only the first counts. Seen where a framework gives the first of several values.",
    plant: (parts) =>
      withMethods(parts, (proxy) => ({
        openSocket: (subscription, nowMs) => {
          const { entities, ...rest } = subscription;
          return proxy.openSocket(
            entities === undefined ? subscription : { ...rest, entities: entities.slice(0, 1) },
            nowMs,
          );
        },
      })),
  }),
  proxyFault({
    name: "slow-reader-loses-events",
    rules: ["EVT-10"],
    smallest: "a socket that stops reading, and more writes than its backlog holds",
    text: "When a reader is slow its events are thrown away and the socket stays open. What a bounded channel does that drops when full.",
    plant: (parts) => {
      const patient = withConfig(parts, (config) => ({
        ...config,
        limits: { ...config.limits, socketBacklogMax: Number.MAX_SAFE_INTEGER },
      }));
      return withMethods(patient, (proxy, { limits }) => {
        const waiting = new Map<number, number>();
        return {
          socketDrained: (socket, count) => {
            waiting.set(socket, (waiting.get(socket) ?? 0) - count);
            proxy.socketDrained(socket, count);
          },
          takeOutputs: () =>
            proxy.takeOutputs().filter((output) => {
              if (output.output !== "frame") return true;
              const before = waiting.get(output.socket) ?? 0;
              if (before >= limits.socketBacklogMax) return false;
              waiting.set(output.socket, before + 1);
              return true;
            }),
        };
      });
    },
  }),
  proxyFault({
    name: "no-ping",
    rules: ["EVT-11"],
    smallest: "a socket that stays open for a minute",
    text: "Sockets are not pinged, and balancers cut them when they are quiet. Seen wherever the library's keep-alive was thought to be on.",
    plant: (parts) =>
      withSockets(parts, (_config, _store, proxy) => ({
        put: (outputs, _open, nowMs) => outputs.filter((output) => !isPongedPing(proxy, output, nowMs)),
      })),
  }),
  proxyFault({
    name: "pong-not-awaited",
    rules: ["EVT-11"],
    smallest: "a socket that answers no ping",
    text: "Pings are sent, and nobody minds when they are not answered: dead sockets pile up. Seen as a process that runs out of descriptors after a week.",
    plant: (parts) =>
      withSockets(parts, (_config, _store, proxy) => ({
        put: (outputs, _open, nowMs) => {
          for (const output of outputs) isPongedPing(proxy, output, nowMs);
          return outputs;
        },
      })),
  }),
  proxyFault({
    name: "late-close-ends-second",
    rules: ["EVT-12", "EVT-1"],
    smallest: "two sockets of one device, the first closed, a write",
    text: "Sockets are kept by device id: when the first of a device closes late, the second is struck off the list. Seen on every change from wifi to mobile.",
    plant: (parts) =>
      withSockets(parts, () => {
        const struck = new Set<number>();
        const deviceOf = ({ account, subscription }: Known) => `${account} ${subscription.deviceId}`;
        const all = new Set<Known>();
        return {
          opened: (known) => void all.add(known),
          closed: (known) => {
            all.delete(known);
            if (known.subscription.deviceId === undefined) return;
            for (const other of all) if (deviceOf(other) === deviceOf(known)) struck.add(other.socket);
          },
          put: (outputs) => outputs.filter((output) => !isEvent(output) || !struck.has(output.socket)),
        };
      }),
  }),
  proxyFault({
    name: "second-socket-is-empty",
    rules: ["EVT-12", "EVT-1"],
    smallest: "two sockets of one device, and a write",
    text: "A device that has a socket gets no events on its second, until the first is closed. Seen where the map of sockets was written only when there was no entry.",
    plant: (parts) =>
      withSockets(parts, () => ({
        put: (outputs, open) =>
          outputs.filter((output) => {
            if (!isEvent(output)) return true;
            const own = open.get(output.socket);
            if (own?.subscription.deviceId === undefined) return true;
            return [...open.values()].every(
              ({ socket, account, subscription: { deviceId } }) =>
                socket >= own.socket || account !== own.account || deviceId !== own.subscription.deviceId,
            );
          }),
      })),
  }),
  proxyFault({
    name: "unknown-frame-closes",
    rules: ["EVT-13"],
    smallest: "a frame of JSON that means nothing",
    text: "A frame that is JSON and none that is known closes the socket. Seen with a switch whose default threw.",
    plant: (parts) =>
      withMethods(parts, (proxy) => ({
        socketText: (socket, _text, nowMs) => proxy.socketText(socket, "{", nowMs),
      })),
  }),
  proxyFault({
    name: "bad-frame-closes-all",
    rules: ["EVT-13"],
    smallest: "two sockets, and a frame that is no JSON on one",
    text: "A frame that is no JSON closes every socket of the account. Seen where an exception went up to whoever held the room.",
    plant: (parts) =>
      withSockets(parts, (_config, _store, proxy) => ({
        put: (outputs, open) => {
          const bad = outputs.find((output) => output.output === "close" && output.code === CLOSE.badFrame);
          if (bad === undefined || bad.output !== "close") return outputs;
          const own = open.get(bad.socket)?.account;
          const rest = [...open.values()].filter(
            ({ socket, account }) => socket !== bad.socket && account === own,
          );
          for (const { socket } of rest) proxy.socketClosed(socket);
          return [...outputs, ...rest.map(({ socket }) => ({ ...bad, socket }))];
        },
      })),
  }),
  proxyFault({
    name: "frame-limit-one-less",
    rules: ["EVT-13"],
    smallest: "a frame of exactly 64 KiB",
    text: "A frame of exactly 64 KiB closes the socket: `>=` where `>` was meant.",
    plant: (parts) =>
      withMethods(parts, (proxy) => ({
        socketText: (socket, text, nowMs) =>
          proxy.socketText(socket, text.length === TEXT_BYTES_MAX ? `${text} ` : text, nowMs),
      })),
  }),
  proxyFault({
    name: "no-checkpoint",
    rules: ["EVT-17"],
    smallest: "a socket of contacts, a task, and a minute",
    text: "A filtered socket is never told that the head moved: a client that waits for lists resumes from last week. Seen where filters came later than resumption.",
    plant: (parts) => withFrames(parts, (frame) => (frame.type === "checkpoint" ? undefined : frame)),
  }),
  proxyFault({
    name: "event-without-origin",
    rules: ["EVT-1"],
    smallest: "a socket, and a write with X-Device-Id",
    text: "Events do not say whose change they are, and no device knows its own echo. Seen where the origin was added for updates only.",
    plant: (parts) =>
      withFrames(parts, (frame) => {
        if (frame.type !== "sync_event") return frame;
        const { origin: _origin, ...rest } = frame as SyncEvent;
        return rest as SyncEvent;
      }),
  }),
  proxyFault({
    name: "deletion-with-record",
    rules: ["EVT-1", "REV-3", "MRG-8"],
    smallest: "a socket, and a deletion",
    text: "The event of a deletion carries the record that is gone, so that a naive client shows it again. Seen where all events were made from the row before.",
    plant: (parts) =>
      withFrames(parts, (frame) =>
        frame.type === "sync_event" && frame.action === "deleted"
          ? { ...frame, payload: { id: frame.id, revisionId: frame.revisionId, updatedAt: ZERO } }
          : frame,
      ),
  }),
];

const ZERO = "1970-01-01T00:00:00.000Z";

type EventOutput = Extract<ProxyOutput, { readonly output: "frame" }>;

function isEvent(output: ProxyOutput): output is EventOutput {
  return output.output === "frame" && output.frame.type === "sync_event";
}

function hasLater(outputs: readonly ProxyOutput[], at: number): boolean {
  const own = outputs[at];
  return outputs.slice(at + 1).some((output) => {
    return isEvent(output) && own !== undefined && isEvent(own) && output.socket === own.socket;
  });
}

/** Answers a ping in the client's stead; true for a ping. */
function isPongedPing(proxy: SyncProxy, output: ProxyOutput, nowMs: number): boolean {
  if (output.output !== "ping") return false;
  proxy.socketPong(output.socket, nowMs);
  return true;
}
