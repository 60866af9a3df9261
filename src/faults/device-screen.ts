/**
 * Owns the planted faults of what the device shows: edits that wait, refusals, older data, marks of waiting.
 * Refuses to share code with the checkers that must catch them.
 */

import type { DeviceInput, DeviceOutput } from "../device/port.ts";
import type { Entity, WireRecord } from "../protocol/entity.ts";
import { fieldsOf } from "../protocol/patch.ts";
import { type Change, type Fault, withApp, withOutputs } from "./fault.ts";
import { CONTENTION, trigger } from "./trigger.ts";
import { objectOf, recordIn } from "./wire.ts";

export const SCREEN_FAULTS: readonly Fault[] = [
  {
    name: "hidden-failure",
    rules: ["QUE-2"],
    side: "device",
    text: "A refused edit stays on the screen as if it had been taken. Seen where onError forgot to roll back.",
    trigger: trigger(CONTENTION),
    plant: (parts) => withOutputs(parts, hiddenFailure),
  },
  {
    name: "pull-over-waiting",
    rules: ["QUE-12", "EVT-16", "SYS-6"],
    side: "device",
    text: "What the server sends is shown as it came, over edits that still wait. Seen where a refetch replaced an optimistic cache.",
    trigger: trigger(CONTENTION),
    plant: (parts) => withApp(parts, pullOverWaiting),
  },
  {
    name: "older-over-newer",
    rules: ["REV-12", "SYS-6"],
    side: "device",
    text: "The answer to a write is shown though an event has brought a newer revision before it. Seen where onSuccess wrote the response into the cache.",
    trigger: trigger({
      workload: { hot: "100%" },
      network: { latency: { p50: "2s", p99: "8s" }, reordering: "50%" },
    }),
    plant: (parts) => withApp(parts, olderOverNewer),
  },
  {
    name: "echo-as-it-came",
    rules: ["EVT-16", "QUE-12", "SYS-6"],
    side: "device",
    text: "The echo of an edit is shown as it came, over a newer edit of the same record. Seen as text that jumps back while one types.",
    trigger: trigger({ workload: { burst: "100%" }, network: { latency: { p50: "1s", p99: "4s" } } }),
    plant: (parts) => withApp(parts, echoAsItCame),
  },
  {
    name: "marks-wiped",
    rules: ["FUL-2"],
    side: "device",
    text: "A full sync takes the marks of waiting edits off the screen, though they still wait. Seen where the import rewrote the table that held the pending column.",
    trigger: trigger({
      workload: { burst: "0%", refreshesPerDay: 90 },
      network: { latency: { p50: "2s", p99: "8s" } },
    }),
    plant: (parts) => withApp(parts, marksWiped),
  },
  {
    name: "leftovers-kept",
    rules: ["FUL-4", "FUL-2"],
    side: "device",
    text: "A full sync adds and changes, and removes nothing: what was deleted while the phone was away stays on it. Seen where a full sync was a loop of upserts.",
    trigger: trigger({
      proxy: { retention: "5m" },
      workload: { operations: { create: "40%", update: "20%", delete: "40%" } },
      network: { offline: { perDay: 24, length: { p50: "15m", p99: "40m" }, used: "50%" } },
    }),
    plant: (parts) => withApp(parts, leftoversKept),
  },
];

type Show = Extract<DeviceOutput, { readonly output: "show" }>;

/** What is on the screen, by record. */
class Screen {
  private readonly shown = new Map<string, Show>();

  take(outputs: readonly DeviceOutput[]): void {
    for (const output of outputs)
      if (output.output === "show") this.shown.set(`${output.entity}/${output.id}`, output);
  }

  of(entity: Entity, id: string): Show | undefined {
    return this.shown.get(`${entity}/${id}`);
  }

  all(): Iterable<Show> {
    return this.shown.values();
  }
}

function hiddenFailure(): (output: DeviceOutput) => readonly DeviceOutput[] {
  const refused = new Set<string>();
  return (output) => {
    if (output.output === "settled" && (output.outcome === "failed" || output.outcome === "yielded"))
      refused.add(output.mutation);
    if (output.output !== "show" || refused.size === 0 || output.waiting.length > 0) return [output];
    refused.clear();
    return [];
  };
}

/** What others wrote comes in, and is put on the screen as it is. */
function pullOverWaiting(): Change {
  const screen = new Screen();
  const keys = new Set<string>();
  return {
    say: (outputs, input) => {
      screen.take(outputs);
      takeKeys(keys, outputs);
      if (input.input !== "frame" || input.frame.type !== "sync_event") return outputs;
      if (echoOf(input, keys)) return outputs;
      const { entity, id, payload, revisionId } = input.frame;
      const shown = screen.of(entity, id);
      if (!payload || !shown || shown.waiting.length === 0 || shown.revision !== revisionId) return outputs;
      return outputs.map((output) =>
        output.output === "show" && output.id === id ? { ...output, fields: fieldsOf(payload) } : output,
      );
    },
  };
}

/** Answers are shown once the edit that they belong to waits no more. */
function olderOverNewer(): Change {
  const screen = new Screen();
  const entities = new Map<number, Entity>();
  const answered = new Map<string, { readonly entity: Entity; readonly record: WireRecord }>();
  return {
    say: (outputs, input) => {
      screen.take(outputs);
      for (const output of outputs) {
        if (output.output !== "send") continue;
        const { call } = output.message;
        if (call.call === "update" || call.call === "create") entities.set(output.request, call.entity);
      }
      const entity = input.input === "answered" ? entities.get(input.request) : undefined;
      const record = input.input === "answered" ? recordIn(objectOf(input.answer.body)) : undefined;
      if (entity && record) answered.set(`${entity}/${record.id}`, { entity, record });
      const older: Show[] = [];
      for (const [key, { entity, record }] of answered) {
        const shown = screen.of(entity, record.id);
        if (!shown || shown.waiting.length > 0) continue;
        answered.delete(key);
        if (!shown.fields || shown.revision === undefined || record.revisionId >= shown.revision) continue;
        older.push({ ...shown, revision: record.revisionId, fields: fieldsOf(record) });
      }
      screen.take(older);
      return [...outputs, ...older];
    },
  };
}

function echoAsItCame(): Change {
  const screen = new Screen();
  const keys = new Set<string>();
  return {
    say: (outputs, input) => {
      screen.take(outputs);
      takeKeys(keys, outputs);
      const echo = echoOf(input, keys);
      const shown = echo && screen.of(echo.entity, echo.id);
      if (!echo?.payload || !shown || shown.waiting.length === 0) return outputs;
      if (shown.revision !== echo.revisionId) return outputs;
      const { revisionId: revision, payload } = echo;
      return [...outputs, { ...shown, revision, fields: fieldsOf(payload), waiting: [] }];
    },
  };
}

function takeKeys(keys: Set<string>, outputs: readonly DeviceOutput[]): void {
  for (const output of outputs)
    if (output.output === "queued" || output.output === "rekeyed") keys.add(output.key);
}

function echoOf(input: DeviceInput, keys: ReadonlySet<string>) {
  if (input.input !== "frame" || input.frame.type !== "sync_event") return undefined;
  const key = input.frame.origin?.mutationId;
  return key !== undefined && keys.has(key) ? input.frame : undefined;
}

/** What a step puts out when a full sync has reached its end. */
function endsFullSync(outputs: readonly DeviceOutput[]): boolean {
  return outputs.some(
    (output) => output.output === "sync_ended" && output.sync === "full" && output.revision !== undefined,
  );
}

function marksWiped(): Change {
  const screen = new Screen();
  return {
    say: (outputs) => {
      screen.take(outputs);
      if (!endsFullSync(outputs)) return outputs;
      const wiped: Show[] = [];
      for (const shown of screen.all()) if (shown.waiting.length > 0) wiped.push({ ...shown, waiting: [] });
      return [...outputs, ...wiped];
    },
  };
}

function leftoversKept(): Change {
  return {
    say: (outputs) =>
      endsFullSync(outputs)
        ? outputs.filter((output) => output.output !== "show" || output.fields !== undefined)
        : outputs,
  };
}
