/**
 * Owns the planted faults of the proxy about what a known key answers (section 6, IDM).
 * Refuses to share code with the probes that must catch them.
 */

import { recordReply, refusal } from "../proxy/reply.ts";
import type { Fault } from "./fault.ts";
import {
  unbound,
  withDeviceKeys,
  withFingerprint,
  withOwnKeys,
  withRecalled,
  withSpentKeys,
} from "./remembering.ts";
import { proxyFault, withDecision } from "./seams.ts";

export const IDEMPOTENCY_FAULTS: readonly Fault[] = [
  proxyFault({
    name: "replayed-once",
    rules: ["IDM-1", "CON-10"],
    smallest: "a create with a key, and two retries",
    text: "The first retry is answered from memory, the second is carried out. Seen where the key was deleted when its answer had been fetched.",
    plant: (parts) => withSpentKeys(parts),
  }),
  proxyFault({
    name: "replay-of-the-present",
    rules: ["IDM-1", "CON-10"],
    smallest: "an update with a key, another update, and the retry of the first",
    text: "A retry is answered with the record as it is now. Seen where the key was kept and the answer was not.",
    plant: (parts) =>
      withDecision(parts, (at, decide) => {
        const decision = decide(at);
        const { current, remembered } = at.view;
        if (!decision.replayed || !current?.record || remembered?.operation !== "update") return decision;
        return decision.reply.status === 200 ? { ...decision, reply: recordReply(200, current) } : decision;
      }),
  }),
  proxyFault({
    name: "replayed-create-is-200",
    rules: ["IDM-1"],
    smallest: "a create with a key, and its retry",
    text: "The retry of a create is 200 instead of 201. Seen where only the body was stored.",
    plant: (parts) =>
      withDecision(parts, (at, decide) => {
        const decision = decide(at);
        return decision.replayed && decision.reply.status === 201
          ? { ...decision, reply: { ...decision.reply, status: 200 } }
          : decision;
      }),
  }),
  proxyFault({
    name: "keys-of-one-instance",
    rules: ["IDM-1", "CON-10", "IDM-9", "IDM-3", "IDM-5", "BAT-5", "BAT-8", "IDM-2"],
    rig: "three instances",
    smallest: "a create with a key, and its retry at another instance",
    text: "Each instance remembers keys in its own memory. Seen on the day of the second instance, and at every restart before it.",
    plant: (parts) => ({
      ...parts,
      proxy: (config, store) => parts.proxy(config, withOwnKeys(store)),
    }),
  }),
  proxyFault({
    name: "key-of-one-device",
    rules: ["IDM-1", "IDM-3", "IDM-9", "CON-10"],
    smallest: "a write with a key, and its retry under another X-Device-Id",
    text: "Keys are kept by account and device, so that the same mutation sent after a reinstall is another one. Seen with a unique index over three columns.",
    plant: (parts) => withDeviceKeys(parts),
  }),
  proxyFault({
    name: "timestamp-in-fingerprint",
    rules: ["IDM-1", "IDM-2", "IDM-9", "CON-10"],
    smallest: "a write with a key, and its retry with a later timestamp",
    text: "The timestamp is part of the fingerprint: a retry that says when it was sent is 422. Seen where the whole request was hashed.",
    plant: (parts) => withFingerprint(parts, (at) => at.mutation.timestamp ?? null),
  }),
  proxyFault({
    name: "order-in-fingerprint",
    rules: ["IDM-1", "IDM-9", "CON-10"],
    smallest: "a write with a key, and its retry with members in another order",
    text: "The fingerprint is that of the text: members in another order are another mutation. Seen where a hash was taken over JSON.stringify.",
    plant: (parts) => withFingerprint(parts, (at) => JSON.stringify(at.mutation.payload) ?? ""),
  }),
  proxyFault({
    name: "both-are-first",
    rules: ["IDM-2", "IDM-1"],
    smallest: "one create with a key, twice at once",
    text: "A key is written after the answer: two retries that come together are both carried out. A SELECT and an INSERT without a unique index.",
    plant: (parts) =>
      withDecision(parts, (at, decide) => {
        const { remembered } = at.view;
        const fresh = remembered?.expiresAtMs === at.nowMs + at.rules.idempotencyTtlMs;
        if (!fresh) return decide(at);
        const { operation, id } = at.mutation;
        const anew = operation === "create" && id !== undefined ? { ...at, mutation: at.mutation } : at;
        return unbound(decide({ ...anew, view: { ...at.view, remembered: undefined } }));
      }),
  }),
  proxyFault({
    name: "in-flight-without-wait",
    rules: ["IDM-2", "API-7"],
    smallest: "one create with a key, twice at once",
    text: "The second of two that come together is 409 `in_flight` without Retry-After, so that clients come again at once. Seen with a lock that fails fast.",
    plant: (parts) =>
      withDecision(parts, (at, decide) => {
        const decision = decide(at);
        const fresh = at.view.remembered?.expiresAtMs === at.nowMs + at.rules.idempotencyTtlMs;
        return decision.replayed && fresh ? { ...decision, replayed: false, reply: IN_FLIGHT } : decision;
      }),
  }),
  proxyFault({
    name: "key-without-fingerprint",
    rules: ["IDM-3", "IDM-5"],
    smallest: "two creates of different fields with one key",
    text: "A key answers for whatever comes under it: the second mutation is told that it was made. Seen where the key was all there was to compare.",
    plant: (parts) =>
      withDecision(parts, (at, decide) => {
        const { remembered } = at.view;
        const decision = decide(at);
        return remembered && decision.reply.status === 422
          ? { reply: remembered.reply, replayed: true, plan: undefined, remark: {} }
          : decision;
      }),
  }),
  proxyFault({
    name: "fingerprint-without-id",
    rules: ["IDM-3"],
    smallest: "one delete with one key, of two records",
    text: "The fingerprint is that of the body: one key deletes a record, and says the same of another. Seen where paths were not hashed.",
    plant: (parts) =>
      withRecalled(parts, (remembered, { mutation }) => ({ ...remembered, askedId: mutation.id })),
  }),
  proxyFault({
    name: "fingerprint-without-if-match",
    rules: ["IDM-3"],
    smallest: "one update with one key, on two revisions",
    text: "If-Match is not in the fingerprint: an update that was rebased under its old key is told the old answer. Seen where headers were not hashed.",
    plant: (parts) =>
      withRecalled(parts, (remembered, { mutation }) => ({ ...remembered, ifMatch: mutation.ifMatch })),
  }),
  proxyFault({
    name: "reused-key-is-carried-out",
    rules: ["IDM-3"],
    smallest: "two creates of different fields with one key, and a read of the second",
    text: "Another mutation under a known key is 422, and was carried out. Seen where the comparison came after the write.",
    plant: (parts) =>
      withDecision(parts, (at, decide) => {
        const decision = decide(at);
        if (!at.view.remembered || decision.reply.status !== 422) return decision;
        const anew = unbound(decide({ ...at, view: { ...at.view, remembered: undefined } }));
        return { ...anew, reply: decision.reply };
      }),
  }),
];

const IN_FLIGHT = { ...refusal("in_flight", "the same mutation is being carried out") };
