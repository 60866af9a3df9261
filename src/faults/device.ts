/**
 * Owns the planted faults of the device.
 * Refuses to share code with the checkers that must catch them.
 */

import type { JsonObject } from "../base/canonical-json.ts";
import type { DeviceOutput, StoredEntries } from "../device/port.ts";
import type { Fields } from "../protocol/entity.ts";
import type { Request } from "../protocol/request.ts";
import type { App } from "../simulation/parts.ts";
import { type Fault, override, withOutputs } from "./fault.ts";

/** How much faster than time a hasty app's clock runs. */
const HASTE = 20;

export const DEVICE_FAULTS: readonly Fault[] = [
  {
    name: "key-not-kept",
    rules: ["QUE-4", "QUE-7"],
    side: "device",
    text: "The idempotency key is not in storage: after a restart the same mutation goes out under a new one. Seen where keys were made by the HTTP layer.",
    plant: (parts) => ({
      ...parts,
      app: (settings, random, firstNumber) =>
        rekeyingApp(parts.app(settings, random, firstNumber), firstNumber),
    }),
  },
  {
    name: "key-per-attempt",
    rules: ["QUE-4", "MRG-10"],
    side: "device",
    text: "Every retry has a key of its own, so that a lost answer doubles the edit. Seen where a retry interceptor sat above the one that adds the key.",
    plant: (parts) => withOutputs(parts, keyPerAttempt),
  },
  {
    name: "saved-too-early",
    rules: ["QUE-1", "SYS-4"],
    side: "device",
    text: "The app says done before the edit is in storage. Seen with AsyncStorage.setItem that nobody awaits.",
    plant: (parts) =>
      withOutputs(parts, () => (output) => {
        if (output.output === "saved") return [];
        return output.output === "queued"
          ? [output, { output: "saved", mutation: output.mutation }]
          : [output];
      }),
  },
  {
    name: "pull-over-waiting",
    rules: ["SYS-6", "QUE-12", "QUE-2"],
    side: "device",
    text: "What the server sends is shown as it came, over edits that still wait. Seen where a refetch replaced an optimistic cache.",
    plant: (parts) => withOutputs(parts, pullOverWaiting),
  },
  {
    name: "no-back-off",
    rules: ["QUE-5"],
    side: "device",
    text: "Waits are a twentieth of what they should be. Seen where seconds were taken for milliseconds, and in every outage.",
    plant: (parts) => ({
      ...parts,
      app: (settings, random, firstNumber) => hastyApp(parts.app(settings, random, firstNumber)),
    }),
  },
  {
    name: "hidden-failure",
    rules: ["QUE-2", "SYS-4"],
    side: "device",
    text: "A refused edit stays on the screen as if it had been taken. Seen where onError forgot to roll back.",
    plant: (parts) => withOutputs(parts, hiddenFailure),
  },
];

/** Every request under other keys; ids of batch items are keys too. */
function withKeys(message: Request, change: (key: string) => string): Request {
  const { call, idempotencyKey } = message;
  if (call.call === "batch") {
    const { mutations } = call.body as { readonly mutations: readonly JsonObject[] };
    const changed = mutations.map(({ ifMatchMutation, ...item }) => ({
      ...item,
      id: change(String(item.id)),
      ...(ifMatchMutation !== undefined && { ifMatchMutation: change(String(ifMatchMutation)) }),
    }));
    return { ...message, call: { ...call, body: { mutations: changed } } };
  }
  return idempotencyKey === undefined ? message : { ...message, idempotencyKey: change(idempotencyKey) };
}

/** An app that finds other keys in its storage than it put there. */
function rekeyingApp(app: App, firstNumber: number): App {
  return override(app, {
    step: (input, clock) => {
      if (input.input !== "started") return app.step(input, clock);
      const stored: StoredEntries = new Map(
        [...input.stored].map(([name, value]) => {
          const entry = value as { readonly key?: string };
          return [
            name,
            name.startsWith("mutation/") ? { ...entry, key: `${entry.key}.${firstNumber}` } : value,
          ] as const;
        }),
      );
      return app.step({ ...input, stored }, clock);
    },
  });
}

function keyPerAttempt(): (output: DeviceOutput) => readonly DeviceOutput[] {
  const attempts = new Map<string, number>();
  return (output) => {
    if (output.output !== "send") return [output];
    const message = withKeys(output.message, (key) => {
      const attempt = (attempts.get(key) ?? 0) + 1;
      attempts.set(key, attempt);
      return attempt === 1 ? key : `${key}.${attempt}`;
    });
    return [{ ...output, message }];
  };
}

/** An app that believes more time has passed than has, and so waits less. */
function hastyApp(app: App): App {
  return override(app, {
    step: (input, { monotonicMs, wallMs }) =>
      app
        .step(input, { monotonicMs: monotonicMs * HASTE, wallMs })
        .map((output) =>
          output.output === "timer" ? { ...output, afterMs: output.afterMs / HASTE } : output,
        ),
  });
}

function pullOverWaiting(): (output: DeviceOutput) => readonly DeviceOutput[] {
  const plain = new Map<string, Fields | undefined>();
  return (output) => {
    if (output.output !== "show") return [output];
    const key = `${output.entity}/${output.id}`;
    if (output.waiting.length === 0) plain.set(key, output.fields);
    else if (plain.has(key)) return [{ ...output, fields: plain.get(key) }];
    return [output];
  };
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
