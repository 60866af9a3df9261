/**
 * Owns the planted faults of the proxy about push (section 8, PSH).
 * Refuses to share code with the probes that must catch them.
 */

import { SECOND_MS } from "../base/time.ts";
import { ENTITIES } from "../protocol/entity.ts";
import type { DeviceId } from "../protocol/messages.ts";
import type { ProxyOutput } from "../proxy/port.ts";
import { nameOfPending, type Registration } from "../proxy/push-store.ts";
import type { Parts } from "../simulation/parts.ts";
import { type Fault, withProxy } from "./fault.ts";
import { withLog } from "./proxy-delta.ts";
import { proxyFault, withConfig, withDesk, withMethods, withPushStore, withPuts } from "./seams.ts";

type Send = Extract<ProxyOutput, { readonly output: "push_send" }>;

/** After the name of a device that is not recognised; no device id has it. */
const ELSE = "~";

/** How long the copy lags that deltas are read from. */
const LAG_MS = 3 * SECOND_MS;

export const PUSH_FAULTS: readonly Fault[] = [
  proxyFault({
    name: "push-of-creates-only",
    rules: ["PSH-1", "PSH-4"],
    smallest: "a registered device, and another one's update",
    text: "Updates push nobody. Seen where the hook hung on inserts.",
    plant: (parts) =>
      withMethods(parts, (proxy, config, store) => ({
        answer: (request, nowMs) => {
          const account = config.accounts.get(request.token ?? "");
          const waiting = [...store.push.allPending()];
          const answer = proxy.answer(request, nowMs);
          if (request.call.call !== "update" || account === undefined) return answer;
          for (const pending of store.push.allPending()) {
            if (!waiting.includes(pending) && pending.account === account) {
              store.push.dropPending(account, pending.deviceId, pending.entity);
            }
          }
          return answer;
        },
      })),
  }),
  proxyFault({
    name: "push-late",
    rules: ["PSH-1"],
    smallest: "a registered device, and another one's write",
    text: "Pushes are collected for ten seconds before they leave. Seen where the provider's bill was looked at.",
    plant: (parts) =>
      withConfig(parts, (config) => ({ ...config, push: { ...config.push, coalesceMs: 10 * SECOND_MS } })),
  }),
  proxyFault({
    name: "push-without-revision",
    rules: ["PSH-1"],
    smallest: "a registered device, and another one's write",
    text: "A push does not say which revision it is about. Seen where the payload was cut to what a first client used.",
    plant: (parts) =>
      withMessages(parts, (message) => {
        const { revisionId: _revisionId, ...data } = message.data;
        return { ...message, data: data as typeof message.data };
      }),
  }),
  proxyFault({
    name: "push-whatever-the-topics",
    rules: ["PSH-2"],
    smallest: "a device that wants contacts, and another one's task",
    text: "Topics are stored and not looked at. Seen where filtering was to be the client's business.",
    plant: (parts) =>
      withPushStore(parts, (push) => ({
        registrations: (account) => [...push.registrations(account)].map(wantingAll),
        registration: (account, deviceId) => {
          const found = push.registration(account, deviceId);
          return found && wantingAll(found);
        },
      })),
  }),
  proxyFault({
    name: "unregistered-and-pushed",
    rules: ["PSH-2"],
    smallest: "a device that unregisters, and another one's write",
    text: "Unregistering does nothing, and whoever signed out is woken for ever. Seen where the call was written for an analytics event.",
    plant: (parts) =>
      withProxy(parts, {
        request: (request) =>
          request.call.call === "push_unregister" && request.deviceId !== undefined
            ? { ...request, deviceId: `${request.deviceId}-` }
            : request,
      }),
  }),
  proxyFault({
    name: "unknown-author-tells-nobody",
    rules: ["PSH-2", "PSH-1", "WHK-1"],
    smallest: "a registered device, and a write without X-Device-Id",
    text: "A change of no known device pushes nobody. Seen as `WHERE device_id <> NULL`, which is never true.",
    plant: (parts) => {
      let known = true;
      const deaf = withPushStore(parts, (push) => ({
        registrations: (account) => (known ? push.registrations(account) : []),
      }));
      return withMethods(deaf, (proxy) => ({
        answer: (request, nowMs) => {
          known = request.deviceId !== undefined;
          return proxy.answer(request, nowMs);
        },
        webhook: (delivery, nowMs) => {
          known = false;
          return proxy.webhook(delivery, nowMs);
        },
      }));
    },
  }),
  proxyFault({
    name: "batch-pushes-its-author",
    rules: ["PSH-2", "PSH-4"],
    smallest: "a registered device, and a batch of its own",
    text: "A batch pushes the device that sent it too. Seen where the author was known to the single handlers only.",
    plant: (parts) => {
      let author: string | undefined;
      const unrecognised = withPushStore(parts, (push) => ({
        registrations: (account) =>
          [...push.registrations(account)].map((one) =>
            one.deviceId === author ? { ...one, deviceId: `${one.deviceId}${ELSE}` as DeviceId } : one,
          ),
        registration: (account, deviceId) =>
          push.registration(account, deviceId.replace(ELSE, "") as DeviceId),
      }));
      return withMethods(unrecognised, (proxy) => ({
        answer: (request, nowMs) => {
          author = request.call.call === "batch" ? request.deviceId : undefined;
          const answer = proxy.answer(request, nowMs);
          author = undefined;
          return answer;
        },
      }));
    },
  }),
  proxyFault({
    name: "token-with-two-owners",
    rules: ["PSH-3", "SEC-3"],
    smallest: "one token registered in both accounts, and a write in the first",
    text: "A token that another account registers stays with its former owner too: whoever buys a used phone is woken for its seller. Seen where the unique index was over account and token.",
    plant: (parts) => withGhosts(parts, ({ account }, next) => account !== next.account),
  }),
  proxyFault({
    name: "token-with-two-devices",
    rules: ["PSH-3"],
    smallest: "one token registered by two devices, and a write of a third",
    text: "A token that another device registers stays with the former one too, and one phone is woken twice. Seen after reinstalls, which make new device ids.",
    plant: (parts) =>
      withGhosts(
        parts,
        ({ account, deviceId }, next) => account === next.account && deviceId !== next.deviceId,
      ),
  }),
  proxyFault({
    name: "first-token-stays",
    rules: ["PSH-3"],
    smallest: "a device that registers twice, with two tokens",
    text: "A device that registers anew keeps its old token. Seen as INSERT with ON CONFLICT DO NOTHING.",
    plant: (parts) =>
      withPushStore(parts, (push) => ({
        register: (registration) => {
          const former = push.registration(registration.account, registration.deviceId);
          push.register(former ? { ...registration, token: former.token } : registration);
        },
      })),
  }),
  proxyFault({
    name: "push-names-the-first",
    rules: ["PSH-4", "PSH-1"],
    smallest: "a registered device, and two writes of another within a second",
    text: "Changes that become one push are named by the first of them, and the device that has it does not sync. Seen with a debounce that kept its first argument.",
    plant: (parts) => {
      const waiting = new Set<string>();
      const first = withPushStore(parts, (push) => ({
        putPending: (pending) => {
          const name = nameOfPending(pending);
          const before = push.pending(pending.account, pending.deviceId, pending.entity);
          if (before && waiting.has(name) && before.revision < pending.revision) return;
          waiting.add(name);
          push.putPending(pending);
        },
        dropPending: (account, deviceId, entity) => {
          waiting.delete(nameOfPending({ account, deviceId, entity }));
          push.dropPending(account, deviceId, entity);
        },
      }));
      return first;
    },
  }),
  proxyFault({
    name: "own-change-hides-anothers",
    rules: ["PSH-4", "PSH-1"],
    smallest: "a registered device, another one's write, and at once one of its own",
    text: "A push that waits is dropped when the device itself writes after the other: it is told of neither. Seen where the author was looked up at the time of sending.",
    plant: (parts) =>
      withMethods(parts, (proxy, config, store) => ({
        answer: (request, nowMs) => {
          const answer = proxy.answer(request, nowMs);
          const account = config.accounts.get(request.token ?? "");
          const { call, deviceId } = request;
          const written = call.call === "create" || call.call === "update" || call.call === "delete";
          if (account === undefined || !written || answer.status >= 300) return answer;
          const own = [...store.push.registrations(account)].find((one) => one.deviceId === deviceId);
          if (own) store.push.dropPending(account, own.deviceId, call.entity);
          return answer;
        },
      })),
  }),
  proxyFault({
    name: "push-before-the-data",
    rules: ["PSH-5", "REV-9", "DLT-5", "DLT-1", "DLT-6", "DLT-2", "DLT-8", "EVT-6", "BAT-3"],
    smallest: "a registered device, another one's write, and a delta at the push",
    text: "Deltas are read from a copy that lags by three seconds, pushes are not: the device comes, finds nothing, and sleeps on. Seen with every read replica.",
    plant: (parts) => {
      let clockMs = 0;
      const lagging = withLog(parts, (found) =>
        found.filter(({ committedAtMs }) => committedAtMs <= clockMs - LAG_MS),
      );
      return withDesk(lagging, () => (request, nowMs, go) => {
        clockMs = nowMs;
        return go(request);
      });
    },
  }),
];

function wantingAll(registration: Registration): Registration {
  return { ...registration, topics: ENTITIES };
}

function withMessages(
  parts: Parts,
  change: (message: Send["messages"][number]) => Send["messages"][number],
): Parts {
  return withPuts(
    parts,
    () => (output) =>
      output.output === "push_send" ? [{ ...output, messages: output.messages.map(change) }] : [output],
  );
}

/** Parts whose registrations stay for those whom a token left, where `stays` says so. */
function withGhosts(parts: Parts, stays: (former: Registration, next: Registration) => boolean): Parts {
  return withPushStore(parts, (push) => {
    const all = new Map<string, Registration>();
    const ghosts = new Map<string, Registration>();
    const nameOf = ({ account, deviceId }: Pick<Registration, "account" | "deviceId">) =>
      `${account} ${deviceId}`;
    return {
      register: (registration) => {
        const { token } = registration;
        const former = [...all.values()].find((one) => one.token === token);
        if (former && stays(former, registration)) ghosts.set(nameOf(former), former);
        ghosts.delete(nameOf(registration));
        all.set(nameOf(registration), registration);
        push.register(registration);
      },
      registrations: (account) => [
        ...push.registrations(account),
        ...[...ghosts.values()].filter((ghost) => ghost.account === account),
      ],
      registration: (account, deviceId) =>
        push.registration(account, deviceId) ?? ghosts.get(nameOf({ account, deviceId })),
    };
  });
}
