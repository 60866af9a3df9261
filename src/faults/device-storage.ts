/**
 * Owns the planted faults of the device's storage: what it keeps, in which order, and what it gives back.
 * Refuses to share code with the checkers that must catch them.
 */

import type { JsonObject } from "../base/canonical-json.ts";
import { isMutationKey, KEYS } from "../device/keys.ts";
import type { DeviceOutput } from "../device/port.ts";
import { ENTITIES } from "../protocol/entity.ts";
import type { Revision } from "../protocol/revision.ts";
import { type Change, type Fault, withApp, withOutputs, withStored } from "./fault.ts";
import { KILLED_IN_TUNNELS, trigger } from "./trigger.ts";
import { objectOf, withItems } from "./wire.ts";

/** Kills in every minute, storage that takes its time. */
const KILLS = { perDay: 1_000 } as const;
const SLOW_STORAGE = { flush: { p50: "1s", p99: "5s" } } as const;

export const STORAGE_FAULTS: readonly Fault[] = [
  {
    name: "revision-before-data",
    rules: ["REV-11"],
    side: "device",
    text: "The revision that a sync reached is stored before what it brought. Seen where the cursor was kept in another store than the records.",
    trigger: trigger({ kills: KILLS, storage: SLOW_STORAGE }),
    plant: (parts) => withApp(parts, revisionBeforeData),
  },
  {
    name: "revision-with-first-page",
    rules: ["FUL-3", "REV-11", "SYS-1"],
    side: "device",
    text: "The revision of a sync is stored with its first page: killed between pages, the app never asks for the others. Seen where each page called setLastSync().",
    trigger: trigger({
      kills: KILLS,
      proxy: { deltaLimitMax: 1 },
      network: { latency: { p50: "2s", p99: "4s" } },
    }),
    plant: (parts) => withApp(parts, revisionWithFirstPage),
  },
  {
    name: "revision-forgotten",
    rules: ["FUL-1"],
    side: "device",
    text: "The last-seen revision is kept in memory only: every start of the app syncs in full. Seen where the cursor lived in a React state.",
    trigger: trigger({ kills: { perDay: 24 } }),
    plant: (parts) => withStored(parts, (key, value) => (key === KEYS.revisions ? undefined : value)),
  },
  {
    name: "key-not-kept",
    rules: ["QUE-7", "QUE-4", "SYS-3"],
    side: "device",
    text: "The idempotency key is not in storage: after a restart the same mutation goes out under a new one. Seen where keys were made by the HTTP layer.",
    trigger: trigger({ kills: KILLS, network: { latency: { p50: "2s", p99: "8s" } } }),
    plant: (parts) =>
      withStored(parts, (key, value, firstNumber) =>
        isMutationKey(key) ? { ...(value as Stored), key: `${(value as Stored).key}.${firstNumber}` } : value,
      ),
  },
  {
    name: "saved-too-early",
    rules: ["QUE-1", "QUE-3", "SYS-4", "SYS-6"],
    side: "device",
    text: "The app says done before the edit is in storage. Seen with AsyncStorage.setItem that nobody awaits.",
    trigger: trigger({ kills: { afterEdit: "50%" } }),
    plant: (parts) =>
      withOutputs(parts, () => (output) => {
        if (output.output === "saved") return [];
        return output.output === "queued"
          ? [output, { output: "saved", mutation: output.mutation }]
          : [output];
      }),
  },
  {
    name: "queue-read-backwards",
    rules: ["QUE-3", "EVT-16", "QUE-12", "SYS-3", "SYS-6"],
    side: "device",
    text: "After a restart the queue is taken up newest first. Seen where it was read back from a table that is sorted for display.",
    trigger: trigger({
      ...KILLED_IN_TUNNELS,
      workload: { burst: "100%", operations: { create: "0%", update: "100%", delete: "0%" } },
    }),
    plant: (parts) =>
      withStored(parts, (key, value) =>
        isMutationKey(key) ? { ...(value as Stored), sequence: -(value as Stored).sequence } : value,
      ),
  },
  {
    name: "sending-not-noted",
    rules: ["QUE-11"],
    side: "device",
    text: "That a create may have left is known to the running app only: after a restart its delete takes it back, and the server keeps the record. Seen where `inFlight` was a Set beside the queue.",
    trigger: trigger({
      fleet: { records: { contact: 0, task: 0, list: 0 } },
      kills: KILLS,
      workload: { editsPerDay: 1_400, operations: { create: "50%", update: "0%", delete: "50%" } },
      network: {
        latency: { p50: "10s", p99: "40s" },
        offline: { perDay: 300, length: { p50: "2m", p99: "4m" }, used: "100%" },
      },
    }),
    plant: (parts) =>
      withStored(parts, (key, value) => (isMutationKey(key) ? { ...(value as Stored), sent: false } : value)),
  },
  {
    name: "nulls-dropped",
    rules: ["QUE-14"],
    side: "device",
    text: "What was queued before a restart goes out without its nulls, so that a field that was emptied stays full. Seen where rows of the outbox were mapped to requests by a serializer that skips nulls.",
    trigger: trigger({
      ...KILLED_IN_TUNNELS,
      workload: { editsPerDay: 1_400, operations: { create: "0%", update: "100%", delete: "0%" } },
    }),
    plant: (parts) => withApp(parts, nullsDropped),
  },
];

/** What these faults know of a stored mutation. */
interface Stored {
  readonly key: string;
  readonly sequence: number;
}

function withoutNulls(payload: JsonObject | undefined): JsonObject | undefined {
  return payload && Object.fromEntries(Object.entries(payload).filter(([, value]) => value !== null));
}

/** A process that has found mutations in storage sends those without nulls. */
function nullsDropped(): Change {
  const found = new Set<string>();
  return {
    hear: (input) => {
      if (input.input !== "started") return [input];
      for (const [key, value] of input.stored) if (isMutationKey(key)) found.add((value as Stored).key);
      return [input];
    },
    say: (outputs) =>
      outputs.map((output) => {
        if (output.output !== "send") return output;
        const { message } = output;
        const { call, idempotencyKey } = message;
        if (call.call === "update" && found.has(idempotencyKey ?? "")) {
          const body = withoutNulls(objectOf(call.body));
          return { ...output, message: { ...message, call: { ...call, body } } };
        }
        const changed = withItems(message, (item) =>
          found.has(String(item.id))
            ? { ...item, payload: withoutNulls(objectOf(item.payload)) ?? {} }
            : item,
        );
        return { ...output, message: changed };
      }),
  };
}

/** Writes of a fault's own, under numbers that no device uses. */
class OwnWrites {
  private readonly revisions = new Map<number, Revision>();
  private last = 0;

  /** The order to store this revision for every entity. */
  store(revision: Revision): DeviceOutput {
    this.last--;
    this.revisions.set(this.last, revision);
    const all = Object.fromEntries(ENTITIES.map((entity) => [entity, revision]));
    return { output: "store", write: this.last, puts: [[KEYS.revisions, all]] };
  }

  /** The revision of a write that is durable now; undefined when it is not one of these. */
  flushed(write: number): Revision | undefined {
    return this.revisions.get(write);
  }
}

function revisionBeforeData(): Change {
  const writes = new OwnWrites();
  return {
    hear: (input) => (input.input === "flushed" && writes.flushed(input.write) !== undefined ? [] : [input]),
    say: (outputs, input) => {
      const revision = input.input === "flushed" ? writes.flushed(input.write) : undefined;
      if (revision !== undefined)
        return ENTITIES.map((entity) => ({ output: "advanced", entity, revision }) as const);
      const ended = outputs.find((output) => output.output === "sync_ended");
      return ended?.revision === undefined ? outputs : [writes.store(ended.revision), ...outputs];
    },
  };
}

function revisionWithFirstPage(): Change {
  const writes = new OwnWrites();
  return {
    hear: (input) => (input.input === "flushed" && writes.flushed(input.write) !== undefined ? [] : [input]),
    say: (outputs, input) => {
      const page = input.input === "answered" ? objectOf(input.answer.body) : undefined;
      return page?.hasMore === true && typeof page.currentRevision === "string"
        ? [...outputs, writes.store(page.currentRevision as Revision)]
        : outputs;
    },
  };
}
