/**
 * Owns the planted faults of the proxy about whose keys are known, which, and how long (section 6, IDM).
 * Refuses to share code with the probes that must catch them.
 */

import { DAY_MS, MINUTE_MS } from "../base/time.ts";
import { type Fault, withProxy } from "./fault.ts";
import { PREFIX, unbound, withFailures, withPrefix, withSharedKeys } from "./remembering.ts";
import { mutated, proxyFault, withBatch, withCase, withDecision } from "./seams.ts";
import { objectOf } from "./wire.ts";

const KEY_LENGTH_MAX = 255;

export const KEY_FAULTS: readonly Fault[] = [
  proxyFault({
    name: "keys-shared-by-all",
    rules: ["IDM-4", "SEC-3"],
    smallest: "one key in both accounts",
    text: "Keys are one space for all accounts: the second is shown the first one's answer. Seen with a cache whose key was the header.",
    plant: (parts) => withSharedKeys(parts),
  }),
  proxyFault({
    name: "failure-remembered",
    rules: ["IDM-5", "IDM-1"],
    smallest: "an update of an unknown id with a key, its create, and the retry",
    text: "404 is remembered under its key: the retry is refused though the record is there by now. Seen where every answer was stored.",
    plant: (parts) => withFailures(parts, (status) => status === 404, true),
  }),
  proxyFault({
    name: "invalid-binds-the-key",
    rules: ["IDM-5", "IDM-3"],
    smallest: "a broken create with a key, and the mended one with it",
    text: "400 binds its key: the mended mutation under the same key is 422. Seen where the key was inserted before the body was judged.",
    plant: (parts) => withFailures(parts, (status) => status === 400, false),
  }),
  proxyFault({
    name: "conflict-forgotten",
    rules: ["IDM-5", "IDM-1", "IDM-9"],
    smallest: "a stale update of a contact with a key, another update, and the retry",
    text: "409 is not remembered: its retry tells of a later revision, so that a client sees two answers to one mutation. Seen where only successes were stored.",
    plant: (parts) =>
      withDecision(parts, (at, decide) => {
        const decision = decide(at);
        return decision.reply.status === 409 ? unbound(decision) : decision;
      }),
  }),
  proxyFault({
    name: "already-exists-forgotten",
    rules: ["IDM-5", "IDM-1", "IDM-9"],
    smallest: "a create of a living id with a key, its delete, and the retry",
    text: "`already_exists` is not remembered: once the record is deleted, the retry makes it anew. Seen where only `conflict` had been thought of.",
    plant: (parts) =>
      withDecision(parts, (at, decide) => {
        const decision = decide(at);
        return objectOf(decision.reply.body)?.error === "already_exists" ? unbound(decision) : decision;
      }),
  }),
  proxyFault({
    name: "long-key-cut",
    rules: ["IDM-7"],
    smallest: "a key of 256 characters",
    text: "A key that is too long is cut to 255, and two long keys are one. What MySQL does with a VARCHAR when it is not strict.",
    plant: (parts) =>
      withCase(parts, (at) => {
        const { key } = at.mutation;
        return key !== undefined && key.length > KEY_LENGTH_MAX
          ? mutated(at, { key: key.slice(0, KEY_LENGTH_MAX) })
          : at;
      }),
  }),
  proxyFault({
    name: "longest-key-refused",
    rules: ["IDM-7"],
    smallest: "a key of 255 characters",
    text: "A key of exactly 255 characters is 400: `<` where `<=` was meant.",
    plant: (parts) =>
      withCase(parts, (at) =>
        at.mutation.key?.length === KEY_LENGTH_MAX ? mutated(at, { key: `${at.mutation.key}x` }) : at,
      ),
  }),
  proxyFault({
    name: "empty-key-is-none",
    rules: ["IDM-7"],
    smallest: "an empty Idempotency-Key",
    text: "An empty key counts as none, and nobody learns that the client forgot to fill it in. Seen as `if (key)`.",
    plant: (parts) =>
      withCase(parts, (at) => (at.mutation.key === "" ? mutated(at, { key: undefined }) : at)),
  }),
  proxyFault({
    name: "replay-unmarked",
    rules: ["IDM-8"],
    smallest: "a create with a key, and its retry",
    text: "A replayed answer does not say that it is one. Seen wherever nobody had asked for it yet.",
    plant: (parts) =>
      withProxy(parts, {
        answer: (answer) => {
          const { replayed: _replayed, ...headers } = answer.headers;
          return { ...answer, headers };
        },
      }),
  }),
  proxyFault({
    name: "batch-replay-unmarked",
    rules: ["IDM-8"],
    smallest: "a batch, and the same batch",
    text: "A replayed result of a batch does not say that it is one, though a single answer does. Seen where the mark was a header.",
    plant: (parts) =>
      withBatch(parts, (store, carryOut, run) =>
        run(store, (mutation) => ({ ...carryOut(mutation), replayed: false })),
      ),
  }),
  proxyFault({
    name: "batch-has-keys-of-its-own",
    rules: ["IDM-9", "IDM-1", "BAT-4"],
    smallest: "a create with a key, and a batch with the same mutation",
    text: "Keys of batch items live apart from those of single calls: what was sent alone and lost is made again in the next batch. Seen where the batch was a later service.",
    plant: (parts) =>
      withBatch(parts, (store, carryOut, run) =>
        run(withPrefix(store), (mutation) => carryOut({ ...mutation, key: `${PREFIX}${mutation.key}` })),
      ),
  }),
  proxyFault({
    name: "forgotten-after-a-minute",
    rules: ["IDM-10", "IDM-1"],
    smallest: "a create with a key, a minute, and its retry",
    text: "Answers are remembered for a minute. Seen where the keys lived in a cache with the default time to live.",
    plant: (parts) =>
      withCase(parts, (at) => ({ ...at, rules: { ...at.rules, idempotencyTtlMs: MINUTE_MS } })),
  }),
  proxyFault({
    name: "forgotten-after-a-day",
    rules: ["IDM-10", "IDM-1"],
    smallest: "a create with a key, a day and a minute, and its retry",
    text: "Answers are remembered for a day, whatever is declared. What Stripe promises for its keys, and what a phone that was off for a weekend outlives.",
    plant: (parts) => withCase(parts, (at) => ({ ...at, rules: { ...at.rules, idempotencyTtlMs: DAY_MS } })),
  }),
];
