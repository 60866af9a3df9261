/**
 * Owns the planted faults of the proxy about batches (section 6, BAT).
 * Refuses to share code with the probes that must catch them.
 */

import type { JsonObject } from "../base/canonical-json.ts";
import { runBatch } from "../proxy/batch.ts";
import type { Mutation } from "../proxy/mutation.ts";
import { type Reply, refusal } from "../proxy/reply.ts";
import type { Store } from "../proxy/store.ts";
import type { Parts } from "../simulation/parts.ts";
import { type Fault, override, withProxy } from "./fault.ts";
import { proxyFault, withBatch, withDesk, withEngine } from "./seams.ts";
import { objectOf, withItems } from "./wire.ts";

export const BATCH_FAULTS: readonly Fault[] = [
  proxyFault({
    name: "results-by-id",
    rules: ["BAT-1", "BAT-3"],
    smallest: "a batch of two whose ids are not in order",
    text: "Results come in the order of their ids. Seen where they were collected in a sorted map.",
    plant: (parts) =>
      withResults(parts, (results) =>
        [...results].sort((left, right) => (String(left.id) < String(right.id) ? -1 : 1)),
      ),
  }),
  proxyFault({
    name: "known-has-no-result",
    rules: ["BAT-1", "BAT-3", "BAT-4", "IDM-9", "IDM-2"],
    smallest: "a batch of two, of which one replays",
    text: "What was known already has no result. Seen where a batch was made free of doubles before it was carried out.",
    plant: (parts) => withResults(parts, (results) => results.filter(({ replayed }) => replayed !== true)),
  }),
  proxyFault({
    name: "same-key-one-result",
    rules: ["BAT-1", "BAT-4", "IDM-3", "IDM-1"],
    smallest: "a batch with one mutation twice",
    text: "A mutation that stands twice in a batch has one result. Seen where results were put into a map by id.",
    plant: (parts) =>
      withResults(parts, (results) =>
        results.filter(({ id }, at) => results.findIndex((other) => other.id === id) === at),
      ),
  }),
  proxyFault({
    name: "creates-go-first",
    rules: ["BAT-2", "CON-9", "BAT-3", "BAT-4"],
    smallest: "a batch that deletes a record and makes it again",
    text: "A batch carries out creates, then updates, then deletes. Seen where each kind was one statement.",
    plant: (parts) => withOrder(parts),
  }),
  proxyFault({
    name: "seen-as-at-the-start",
    rules: ["BAT-2", "BAT-4", "BAT-5", "BAT-8"],
    smallest: "a batch that makes a record and updates it by id",
    text: "An update in a batch does not see the create before it. What Promise.all over the items does.",
    plant: (parts) =>
      withBatch(parts, (store, carryOut, run) => {
        const made = new Set<string>();
        return run(store, (mutation) => {
          const { operation, entity, id } = mutation;
          if (operation !== "create" && made.has(`${entity} ${id}`)) {
            return { reply: refusal("not_found", "there is no such record"), replayed: false };
          }
          const done = carryOut(mutation);
          if (operation === "create" && done.reply.status === 201 && !done.replayed)
            made.add(`${entity} ${id}`);
          return done;
        });
      }),
  }),
  proxyFault({
    name: "stops-at-first-failure",
    rules: ["BAT-3", "BAT-2", "BAT-5", "BAT-7"],
    smallest: "a batch whose first of two fails",
    text: "After the first failure the rest is 424 and not carried out. Seen with one transaction around the whole batch.",
    plant: (parts) =>
      withBatch(parts, (store, carryOut, run) => {
        let failed = false;
        return run(store, (mutation) => {
          if (failed)
            return { reply: refusal("dependency_failed", "a mutation before it failed"), replayed: false };
          const done = carryOut(mutation);
          failed = done.reply.status >= 300;
          return done;
        });
      }),
  }),
  proxyFault({
    name: "success-of-what-failed",
    rules: ["BAT-3", "CON-4", "BAT-4"],
    smallest: "a batch with a delete of an id never seen",
    text: "A delete in a batch is 200 whatever became of it. Seen where the number of rows was not looked at.",
    plant: (parts) =>
      withBatch(parts, (store, carryOut, run) =>
        run(store, (mutation) => {
          const done = carryOut(mutation);
          const failed = mutation.operation === "delete" && done.reply.status >= 300;
          const body = { data: null, meta: { revisionId: "rev_0000000000_000000", updatedAt: ZERO } };
          return failed ? { reply: { status: 200, body }, replayed: false } : done;
        }),
      ),
  }),
  proxyFault({
    name: "batch-without-if-match",
    rules: ["BAT-4", "BAT-8", "CON-2", "CON-4", "MRG-1"],
    smallest: "a batch with a stale update of a contact",
    text: "`ifMatch` of a batch item is not looked at. Seen where preconditions were headers, and items have none.",
    plant: (parts) =>
      withBatch(parts, (store, carryOut, run) =>
        run(store, (mutation) => carryOut({ ...mutation, ifMatch: undefined })),
      ),
  }),
  proxyFault({
    name: "batch-without-device",
    rules: ["EVT-1", "PSH-2", "BAT-4", "MRG-2"],
    smallest: "a socket, and a batch with X-Device-Id",
    text: "Changes of a batch are of no known device: its author is pushed, and does not know its echo. Seen where context was lost in the loop.",
    plant: (parts) =>
      withBatch(parts, (store, carryOut, run) =>
        run(store, (mutation) => carryOut({ ...mutation, deviceId: undefined })),
      ),
  }),
  proxyFault({
    name: "batch-is-now",
    rules: ["BAT-4", "MRG-2", "MRG-3"],
    smallest: "a stale update of a task in a batch, older than the one before it",
    text: "Items of a batch count as written when they arrive, whatever their `timestamp`: after a week offline everything wins. Seen where the field was only logged.",
    plant: (parts) =>
      withBatch(parts, (store, carryOut, run) =>
        run(store, (mutation) => carryOut({ ...mutation, timestamp: undefined })),
      ),
  }),
  proxyFault({
    name: "temporary-ids-of-this-batch",
    rules: ["BAT-5"],
    smallest: "a create in one batch, and an update by its mutation's id in the next",
    text: "A temporary id counts in the batch of its create only. Seen where the map was a local variable.",
    plant: (parts) =>
      withBatch(parts, (store, carryOut, run) => {
        const own = new Set<string | undefined>();
        const forgetful = override(store, {
          remembered: (account, key, nowMs) => {
            const found = store.remembered(account, key, nowMs);
            return found?.operation !== "create" || own.has(key) ? found : undefined;
          },
        });
        return run(forgetful, (mutation) => {
          own.add(mutation.key);
          return carryOut(mutation);
        });
      }),
  }),
  proxyFault({
    name: "orphans-are-404",
    rules: ["BAT-5", "BAT-8"],
    smallest: "a batch whose create fails, and its update",
    text: "What rests on a failed create is 404 instead of 424, so that a device throws the edit away. Seen where nobody told the two apart.",
    plant: (parts) =>
      withResults(parts, (results) =>
        results.map((result) =>
          result.error === "dependency_failed" ? { ...result, status: 404, error: "not_found" } : result,
        ),
      ),
  }),
  proxyFault({
    name: "orphan-takes-all",
    rules: ["BAT-5", "BAT-3"],
    smallest: "a batch whose create fails, its update, and a create of its own",
    text: "After a failed create everything else of that entity is 424. Seen where failures were kept by entity.",
    plant: (parts) =>
      withBatch(parts, (store, carryOut, run) => {
        const failed = new Set<string>();
        return run(store, (mutation) => {
          if (failed.has(mutation.entity)) {
            return { reply: refusal("dependency_failed", "a create before it failed"), replayed: false };
          }
          const done = carryOut(mutation);
          if (mutation.operation === "create" && done.reply.status >= 300) failed.add(mutation.entity);
          return done;
        });
      }),
  }),
  proxyFault({
    name: "batch-limit-one-less",
    rules: ["BAT-6"],
    smallest: "a batch of exactly mutationsMax",
    text: "A batch of exactly mutationsMax is 413: `>=` where `>` was meant.",
    plant: (parts) => withLimit(parts, (max) => max - 1),
  }),
  proxyFault({
    name: "batch-limit-one-more",
    rules: ["BAT-6"],
    smallest: "a batch of mutationsMax + 1",
    text: "A batch of mutationsMax + 1 is taken. One off, found by nobody but the smallest database.",
    plant: (parts) => withLimit(parts, (max) => max + 1),
  }),
  proxyFault({
    name: "too-many-and-some-made",
    rules: ["BAT-6"],
    smallest: "a batch of mutationsMax + 1, and a read of its first",
    text: "A batch that is too large is 413, and what fits of it was made. Seen where items were counted while they were carried out.",
    plant: (parts) =>
      withDesk(parts, (config) => (request, _nowMs, go) => {
        const answer = go(request);
        if (answer.status !== 413 || request.call.call !== "batch") return answer;
        const { mutations } = request.call.body as { readonly mutations: readonly unknown[] };
        go({
          ...request,
          call: { call: "batch", body: { mutations: mutations.slice(0, config.limits.mutationsMax) } },
        });
        return answer;
      }),
  }),
  proxyFault({
    name: "empty-batch-refused",
    rules: ["BAT-6"],
    smallest: "a batch of none",
    text: "A batch of no mutations is 400. Seen with a schema that wants at least one.",
    plant: (parts) =>
      withDesk(parts, () => (request, _nowMs, go) => {
        const { call } = request;
        const none = call.call === "batch" && objectOf(call.body)?.mutations;
        return go(
          Array.isArray(none) && none.length === 0
            ? { ...request, call: { call: "batch", body: null } }
            : request,
        );
      }),
  }),
  proxyFault({
    name: "one-broken-breaks-all",
    rules: ["BAT-7", "BAT-1", "BAT-3"],
    smallest: "a batch of a good item and a broken one",
    text: "One broken item makes the whole batch 400. Seen with one schema for the whole body.",
    plant: (parts) =>
      withDesk(parts, () => (request, _nowMs, go) => {
        const { call } = request;
        const items = call.call === "batch" ? objectOf(call.body)?.mutations : undefined;
        const isBroken = (item: unknown) =>
          typeof objectOf(item)?.id !== "string" || !objectOf(item)?.operation;
        const broken = Array.isArray(items) && items.some(isBroken);
        return go(broken ? { ...request, call: { call: "batch", body: null } } : request);
      }),
  }),
  proxyFault({
    name: "bad-envelope-is-empty",
    rules: ["BAT-7"],
    smallest: "a batch whose `mutations` is no list",
    text: "An envelope without a list of mutations is 200 with no results, and the device believes that all was taken. Seen as `mutations ?? []`.",
    plant: (parts) =>
      withDesk(parts, () => (request, _nowMs, go) => {
        const { call } = request;
        if (call.call !== "batch" || Array.isArray(objectOf(call.body)?.mutations)) return go(request);
        return go({ ...request, call: { call: "batch", body: { mutations: [] } } });
      }),
  }),
  proxyFault({
    name: "chain-to-the-current",
    rules: ["BAT-8", "CON-2", "MRG-1"],
    smallest: "an update, somebody else's update, and a batch that chains to the first",
    text: "`ifMatchMutation` stands for the record's current revision: who wrote in between is overwritten. Seen where the mutation was looked up to find its record.",
    plant: (parts) =>
      withProxy(parts, {
        request: (request) =>
          withItems(request, (item) => {
            const { ifMatchMutation, ...rest } = item;
            return typeof ifMatchMutation === "string" && item.operation === "update"
              ? { ...rest, ifMatch: "*" }
              : item;
          }),
      }),
  }),
  proxyFault({
    name: "unknown-chain-passes",
    rules: ["BAT-8"],
    smallest: "a batch whose ifMatchMutation was never heard of",
    text: "An `ifMatchMutation` that nobody knows is no precondition. Seen where the lookup gave undefined, and undefined meant none.",
    plant: (parts) =>
      withEngine(parts, () => ({
        runBatch: (store, account, body, deviceId, mutationsMax, nowMs, carryOut) => {
          const { mutations } = objectOf(body) ?? {};
          if (!Array.isArray(mutations)) {
            return runBatch(store, account, body, deviceId, mutationsMax, nowMs, carryOut);
          }
          const ids = new Set(mutations.map((item) => objectOf(item)?.id));
          const known = (id: unknown) =>
            ids.has(id as string) || store.remembered(account, String(id), nowMs) !== undefined;
          const bare = mutations.map((item) => {
            const chained = objectOf(item)?.ifMatchMutation;
            if (chained === undefined || known(chained)) return item;
            const { ifMatchMutation: _chained, ...rest } = item as JsonObject;
            return rest;
          });
          return runBatch(store, account, { mutations: bare }, deviceId, mutationsMax, nowMs, carryOut);
        },
      })),
  }),
];

const ZERO = "1970-01-01T00:00:00.000Z";

/** Parts whose batches tell other results. */
function withResults(parts: Parts, change: (results: readonly JsonObject[]) => readonly JsonObject[]): Parts {
  return withProxy(parts, {
    answer: (answer, { call }) => {
      const body = objectOf(answer.body);
      if (call.call !== "batch" || answer.status !== 200 || !body) return answer;
      return { ...answer, body: { ...body, results: change(body.results as readonly JsonObject[]) } };
    },
  });
}

function withLimit(parts: Parts, change: (mutationsMax: number) => number): Parts {
  return withEngine(parts, () => ({
    runBatch: (store, account, body, deviceId, mutationsMax, nowMs, carryOut) =>
      runBatch(store, account, body, deviceId, change(mutationsMax), nowMs, carryOut),
  }));
}

/** Parts whose batches are carried out by kind, and told in their own order. */
function withOrder(parts: Parts): Parts {
  const kinds = ["create", "update", "delete"];
  const kindOf = (item: unknown) => kinds.indexOf(String(objectOf(item)?.operation));
  return withEngine(parts, () => ({
    runBatch: (store: Store, account, body, deviceId, mutationsMax, nowMs, carryOut): Reply => {
      const { mutations } = objectOf(body) ?? {};
      const run = (items: unknown) =>
        runBatch(store, account, items, deviceId, mutationsMax, nowMs, (one: Mutation) => carryOut(one));
      if (!Array.isArray(mutations)) return run(body);
      const order = mutations.map((_item, at) => at);
      order.sort((left, right) => kindOf(mutations[left]) - kindOf(mutations[right]) || left - right);
      const reply = run({ mutations: order.map((at) => mutations[at]) });
      if (reply.status !== 200) return reply;
      const told = reply.body as { readonly results: readonly JsonObject[] };
      const results = mutations.map((_item, at) => told.results[order.indexOf(at)]);
      return { ...reply, body: { ...told, results } };
    },
  }));
}
