/**
 * Owns the planted faults of the proxy towards the push provider (section 8, PSH-6 to PSH-10).
 * Refuses to share code with the probes that must catch them.
 */

import type { ProxyOutput, PushTicket } from "../proxy/port.ts";
import type { Parts } from "../simulation/parts.ts";
import type { Fault } from "./fault.ts";
import { proxyFault, withMethods, withPushStore } from "./seams.ts";

type Send = Extract<ProxyOutput, { readonly output: "push_send" }>;

export const PROVIDER_FAULTS: readonly Fault[] = [
  proxyFault({
    name: "dead-token-goes-on",
    rules: ["PSH-6"],
    smallest: "a token whose ticket says DeviceNotRegistered, and another write",
    text: "DeviceNotRegistered is logged, and pushes to the token go on. What a provider ends with a block of the whole sender.",
    plant: (parts) => withPushStore(parts, () => ({ endToken: () => {} })),
  }),
  proxyFault({
    name: "receipts-unread",
    rules: ["PSH-6"],
    smallest: "a token whose receipt says DeviceNotRegistered, and another write",
    text: "Tickets are looked at, receipts are not. Seen wherever Expo's documentation was read as far as its first example.",
    plant: (parts) =>
      withMethods(parts, (proxy) => ({
        receiptsAnswered: (call, result, nowMs) => {
          if (result.result === "failed") return proxy.receiptsAnswered(call, result, nowMs);
          const fine: PushTicket = { status: "ok", id: "read" };
          const receipts = new Map([...result.receipts.keys()].map((ticket) => [ticket, fine] as const));
          return proxy.receiptsAnswered(call, { ...result, receipts }, nowMs);
        },
      })),
  }),
  proxyFault({
    name: "dead-for-ever",
    rules: ["PSH-6", "PSH-1"],
    smallest: "a token that is dead, and registered again",
    text: "A token that was once dead stays so, though it is registered again. Seen with a list of bad tokens that only grows.",
    plant: (parts) =>
      withPushStore(parts, (push) => {
        const dead = new Set<string>();
        return {
          endToken: (token, sentAtMs) => {
            dead.add(token);
            push.endToken(token, sentAtMs);
          },
          registrations: (account) =>
            [...push.registrations(account)].filter(({ token }) => !dead.has(token)),
        };
      }),
  }),
  proxyFault({
    name: "failed-send-is-forgotten",
    rules: ["PSH-7"],
    smallest: "a send call that fails once",
    text: "A send that failed is not tried again. Seen where the promise had no catch.",
    plant: (parts) =>
      withMethods(parts, (proxy) => ({
        pushAnswered: (call, result, nowMs) => {
          if (result.result === "answered") return proxy.pushAnswered(call, result, nowMs);
          const tickets = Array.from({ length: 100 }, (): PushTicket => ({ status: "error", error: "Lost" }));
          return proxy.pushAnswered(call, { result: "answered", tickets }, nowMs);
        },
      })),
  }),
  proxyFault({
    name: "retry-without-backoff",
    rules: ["PSH-7"],
    smallest: "three send calls that fail",
    text: "A send that failed is tried again at once, and again, until the provider is down for good. Seen as a loop around a fetch.",
    plant: (parts) =>
      withMethods(parts, (proxy) => {
        const calls = new Map<number, Send>();
        let again: Send[] = [];
        return {
          takeOutputs: () => {
            const outputs = [...proxy.takeOutputs(), ...again];
            again = [];
            for (const output of outputs) if (output.output === "push_send") calls.set(output.call, output);
            return outputs;
          },
          pushAnswered: (call, result, nowMs) => {
            const sent = calls.get(call);
            if (result.result === "answered" || sent === undefined) {
              return proxy.pushAnswered(call, result, nowMs);
            }
            again.push(sent);
          },
        };
      }),
  }),
  proxyFault({
    name: "one-bad-token-spoils-the-call",
    rules: ["PSH-7", "PSH-1", "PSH-6"],
    smallest: "two devices of which one has a bad token, and a write",
    text: "A bad token in a call ends all tokens that were in it. Seen where a call was a success or a failure.",
    plant: (parts) =>
      withMethods(parts, (proxy) => ({
        pushAnswered: (call, result, nowMs) => {
          if (result.result !== "answered") return proxy.pushAnswered(call, result, nowMs);
          const bad = result.tickets.some(({ status }) => status === "error");
          const tickets = bad ? result.tickets.map(() => GONE) : result.tickets;
          return proxy.pushAnswered(call, { ...result, tickets }, nowMs);
        },
      })),
  }),
  proxyFault({
    name: "write-fails-with-push",
    rules: ["PSH-7", "API-2"],
    smallest: "a send call that fails, and a write",
    text: "While the provider is down writes are 500. Seen where a push was sent inside the transaction.",
    plant: (parts) =>
      withMethods(parts, (proxy) => {
        let down = false;
        return {
          pushAnswered: (call, result, nowMs) => {
            down = result.result === "failed";
            proxy.pushAnswered(call, result, nowMs);
          },
          answer: (request, nowMs) => {
            const { call } = request;
            const written = call.call === "create" || call.call === "update" || call.call === "delete";
            if (!down || !written) return proxy.answer(request, nowMs);
            return {
              status: 500,
              headers: { dateMs: nowMs },
              body: { error: "internal", message: "no push" },
            };
          },
        };
      }),
  }),
  proxyFault({
    name: "a-hundred-and-one",
    rules: ["PSH-10"],
    smallest: "more than a hundred registered devices, and a write",
    text: "All that is due goes in one call, however much it is. Seen until the account had its hundred-and-first device.",
    plant: (parts) => withOneCall(parts),
  }),
];

const GONE: PushTicket = { status: "error", error: "DeviceNotRegistered" };

/** Parts that send each due push in one call. */
function withOneCall(parts: Parts): Parts {
  return withMethods(parts, (proxy) => {
    const joined = new Map<number, readonly Send[]>();
    return {
      takeOutputs: () => {
        const outputs = proxy.takeOutputs();
        const sends = outputs.filter((output): output is Send => output.output === "push_send");
        const [first] = sends;
        if (first === undefined || sends.length === 1) return outputs;
        joined.set(first.call, sends);
        const all = { ...first, messages: sends.flatMap(({ messages }) => messages) };
        return [...outputs.filter(({ output }) => output !== "push_send"), all];
      },
      pushAnswered: (call, result, nowMs) => {
        let from = 0;
        for (const { call: own, messages } of joined.get(call) ?? [{ call, messages: undefined }]) {
          const to = from + (messages?.length ?? Number.MAX_SAFE_INTEGER);
          const tickets = result.result === "answered" ? result.tickets.slice(from, to) : [];
          proxy.pushAnswered(own, result.result === "answered" ? { ...result, tickets } : result, nowMs);
          from = to;
        }
      },
    };
  });
}
