/**
 * Owns the planted faults of the proxy that people make most: one each of deltas, replays, keys, contacts, lists and
 * pushes, and every one shows in a small world.
 * Refuses to share code with the checkers that must catch them.
 */

import type { ChangesBody, SyncEvent } from "../protocol/messages.ts";
import type { Answer, Request } from "../protocol/request.ts";
import type { ProxyOutput, SyncProxy } from "../proxy/port.ts";
import { type Fault, override, withProxy } from "./fault.ts";
import { CONTENTION, trigger } from "./trigger.ts";
import { objectOf } from "./wire.ts";

export const PROXY_FAULTS: readonly Fault[] = [
  {
    name: "lost-tombstone",
    rules: ["SYS-1"],
    side: "proxy",
    text: "Deltas leave deletions out, so that a record deleted while a device was away stays on it. The classic of hand-made sync endpoints: WHERE updated_at > ? on a table whose rows are really deleted.",
    trigger: trigger({
      workload: { operations: { create: "30%", update: "30%", delete: "40%" } },
      network: { offline: { perDay: 48, length: { p50: "10m", p99: "30m" }, used: "0%" } },
    }),
    plant: (parts) =>
      withProxy(parts, {
        answer: (answer, { call }) => {
          if (call.call !== "changes" || answer.status !== 200 || call.since === undefined) return answer;
          const body = answer.body as ChangesBody;
          return {
            ...answer,
            body: { ...body, changes: body.changes.filter(({ action }) => action !== "deleted") },
          };
        },
      }),
  },
  {
    name: "one-page-only",
    rules: ["SYS-1"],
    side: "proxy",
    text: "The first page of a delta says that it is the last. Seen where a limit was added to a query and hasMore forgotten.",
    trigger: trigger({ proxy: { deltaLimitMax: 2 } }),
    plant: (parts) =>
      withProxy(parts, {
        answer: (answer, { call }) => {
          if (call.call !== "changes" || answer.status !== 200) return answer;
          const { nextCursor: _nextCursor, ...body } = answer.body as ChangesBody;
          return { ...answer, body: { ...body, hasMore: false } };
        },
      }),
  },
  {
    name: "replay-skips-first",
    rules: ["EVT-2", "EVT-5", "EVT-6", "EVT-8", "SYS-1"],
    side: "proxy",
    rig: "plain",
    smallest: "one write, and a socket resumed before it",
    text: "A resumed socket starts one event too late. Seen where a stream's offset was taken as the last read one, and then as the next.",
    trigger: trigger({
      habits: { sessionLength: { p50: "20m", p99: "1h" } },
      network: { offline: { perDay: 96, length: { p50: "2m", p99: "6m" }, used: "0%" } },
    }),
    plant: (parts) => ({
      ...parts,
      proxy: (config, store) => skippingFirst(parts.proxy(config, store)),
    }),
  },
  {
    name: "forgotten-key",
    rules: ["IDM-1", "CON-10", "BAT-8", "QUE-8", "SYS-3"],
    side: "proxy",
    rig: "plain",
    smallest: "a create with a key, and its retry",
    text: "Answers are not remembered under their idempotency keys: a retry is executed again. Seen where the key store was a cache that evicts.",
    trigger: trigger({
      ...CONTENTION,
      network: { loss: "20%", latency: { p50: "1s", p99: "4s" } },
      workload: { hot: "100%", hotRecords: 1, entities: { contact: "10%", task: "10%", list: "80%" } },
    }),
    plant: (parts) => ({
      ...parts,
      store: () => {
        const store = parts.store();
        return override(store, {
          commit: (account, plan, nowMs) => store.commit(account, { ...plan, remember: undefined }, nowMs),
        });
      },
    }),
  },
  {
    name: "contacts-unguarded",
    rules: ["CON-2", "MRG-1", "SYS-2"],
    side: "proxy",
    rig: "plain",
    smallest: "two updates of one contact on one base",
    text: "If-Match is not looked at for contacts: the last writer silently wins. What most REST back ends do.",
    trigger: trigger(CONTENTION),
    plant: (parts) => withProxy(parts, { request: (request) => withoutIfMatch(request, "contact") }),
  },
  {
    name: "lists-replaced",
    rules: ["MRG-5", "SYS-2"],
    side: "proxy",
    rig: "plain",
    smallest: "an item added on either side on one base",
    text: "A stale list replaces the list that is there: items added by others are gone. Seen in every shopping list app once.",
    trigger: trigger(CONTENTION),
    plant: (parts) => withProxy(parts, { request: (request) => withoutIfMatch(request, "list") }),
  },
  {
    name: "push-to-self",
    rules: ["PSH-2"],
    side: "proxy",
    rig: "plain",
    smallest: "a registered device, and a write of its own",
    text: "A change is pushed to the device that made it too, which wakes it for nothing. Seen where push tokens were filed under an installation id of their own.",
    trigger: trigger({}),
    plant: (parts) => withProxy(parts, { request: underAnotherId, answer: toItsFace }),
  },
];

/** Registrations go under another device id than the device's writes. */
function underAnotherId(request: Request): Request {
  return isRegistration(request) && request.deviceId !== undefined
    ? { ...request, deviceId: `${request.deviceId}-app` }
    : request;
}

/** The answer to a registration, as if it were under the id that was asked for. */
function toItsFace(answer: Answer, request: Request): Answer {
  const body = objectOf(answer.body);
  const data = objectOf(body?.data);
  if (!isRegistration(request) || !data || request.deviceId === undefined) return answer;
  return { ...answer, body: { ...body, data: { ...data, deviceId: request.deviceId } } };
}

function isRegistration({ call: { call } }: Request): boolean {
  return call === "push_register" || call === "push_topics" || call === "push_unregister";
}

/** The request as if its sender had named no revision for writes of this entity, alone or in a batch. */
function withoutIfMatch(request: Request, entity: string): Request {
  const { call } = request;
  if (call.call === "batch") {
    const body = objectOf(call.body);
    if (!Array.isArray(body?.mutations)) return request;
    const bare = body.mutations.map((one) => {
      const item = objectOf(one);
      if (item === undefined) return one;
      const { ifMatch: _ifMatch, ifMatchMutation: _chained, ...rest } = item;
      return item.entity === entity && item.operation === "update" ? rest : item;
    });
    return { ...request, call: { ...call, body: { mutations: bare } } };
  }
  if (call.call !== "update" || call.entity !== entity) return request;
  const { ifMatch: _ifMatch, ...rest } = request;
  return rest;
}

/** A proxy whose resumed sockets lose the first event of their replay. */
function skippingFirst(proxy: SyncProxy): SyncProxy {
  const resumed = new Set<number>();
  const skip = (output: ProxyOutput): boolean => {
    if (output.output !== "frame" || !resumed.delete(output.socket)) return false;
    return (output.frame as SyncEvent).type === "sync_event";
  };
  return override(proxy, {
    openSocket: (subscription, nowMs) => {
      const socket = proxy.openSocket(subscription, nowMs);
      if (socket !== undefined && subscription.lastRevisionId !== undefined) resumed.add(socket);
      return socket;
    },
    takeOutputs: () => proxy.takeOutputs().filter((output) => !skip(output)),
  });
}
