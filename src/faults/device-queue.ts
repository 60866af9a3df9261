/**
 * Owns the planted faults of the device's queue: keys, waits, attempts, batches, ids and clocks.
 * Refuses to share code with the checkers that must catch them.
 */

import type { DeviceInput, DeviceOutput } from "../device/port.ts";
import type { Request } from "../protocol/request.ts";
import type { App, Parts } from "../simulation/parts.ts";
import { type Change, type Fault, override, withApp, withBuild, withInputs, withOutputs } from "./fault.ts";
import { CONTENTION, trigger } from "./trigger.ts";
import { itemsOf, underKeys, withItems, withKeys, withVerdicts } from "./wire.ts";

/** How much faster than time a hasty app's clock runs. */
const HASTE = 20;
/** Request numbers of second drains; far from those that a device counts. */
const SECOND_DRAIN = 1_000_000_000;

export const QUEUE_FAULTS: readonly Fault[] = [
  {
    name: "key-per-attempt",
    rules: ["QUE-4"],
    side: "device",
    text: "Every retry has a key of its own, so that a lost answer doubles the edit. Seen where a retry interceptor sat above the one that adds the key.",
    trigger: trigger({
      network: { loss: "5%" },
      workload: { operations: { create: "30%", update: "70%", delete: "0%" } },
    }),
    plant: (parts) => withApp(parts, keyPerAttempt),
  },
  {
    name: "no-back-off",
    rules: ["QUE-5", "EVT-19"],
    side: "device",
    text: "Waits are a twentieth of what they should be. Seen where seconds were taken for milliseconds, and in every outage.",
    trigger: trigger({ proxy: { outages: { perDay: 48, length: { p50: "1m", p99: "4m" } } } }),
    plant: (parts) => ({
      ...parts,
      app: (settings, random, firstNumber) => hastyApp(parts.app(settings, random, firstNumber)),
    }),
  },
  {
    name: "deaf-to-retry-after",
    rules: ["QUE-5"],
    side: "device",
    text: "Retry-After is not read: the next attempt comes when the device's own back-off allows it. Seen where the HTTP layer kept the headers for itself.",
    trigger: trigger({ proxy: { outages: { perDay: 48, length: { p50: "1m", p99: "4m" } } } }),
    plant: (parts) => withAnswerHeaders(parts, ({ retryAfterSeconds: _, ...rest }) => rest),
  },
  {
    name: "never-gives-up",
    rules: ["QUE-6"],
    side: "device",
    text: "A mutation is tried for ever, and its user is never told. Seen where the retry count started anew with every wake-up of the queue.",
    trigger: trigger({ proxy: { outages: { perDay: 24, length: { p50: "5m", p99: "15m" } } } }),
    plant: (parts) =>
      withBuild(parts, {
        settings: (settings) => ({ ...settings, attemptsMax: Number.POSITIVE_INFINITY }),
      }),
  },
  {
    name: "refusal-retried",
    rules: ["QUE-8", "QUE-6"],
    side: "device",
    text: "404 on an update is taken for trouble of the server, and tried again. Seen where every status that is not 2xx went to one catch block.",
    trigger: trigger({
      ...CONTENTION,
      fleet: { accounts: 2, devicesPerAccount: 4, phases: [1, 3, 4, 5] },
      workload: { hot: "100%", hotRecords: 4, operations: { create: "20%", update: "50%", delete: "30%" } },
    }),
    plant: (parts) => withApp(parts, refusalRetried),
  },
  {
    name: "two-drains",
    rules: ["QUE-9"],
    side: "device",
    text: "Each wake-up starts a drain of its own, so that mutations go out twice at once. Seen where NetInfo and AppState both called flush().",
    trigger: trigger({}),
    plant: (parts) => withOutputs(parts, twoDrains),
  },
  {
    name: "edits-on-what-was-seen",
    rules: ["QUE-10", "MRG-9"],
    side: "device",
    text: "An edit made while an earlier one is on its way names the revision that its user saw, and so conflicts with its own author. Seen where If-Match was read from the form's initial values.",
    trigger: trigger({
      workload: {
        burst: "100%",
        entities: { contact: "0%", task: "80%", list: "20%" },
        operations: { create: "10%", update: "90%", delete: "0%" },
      },
      network: { latency: { p50: "2s", p99: "8s" } },
    }),
    plant: editsOnWhatWasSeen,
  },
  {
    name: "ids-by-clock",
    rules: ["QUE-13"],
    side: "device",
    text: "New records are named by the millisecond in which they were made. Seen where a temporary id was Date.now().",
    trigger: trigger({
      duration: "1h",
      workload: {
        twins: "50%",
        operations: { create: "100%", update: "0%", delete: "0%" },
      },
    }),
    plant: idsByClock,
  },
  {
    name: "one-by-one",
    rules: ["QUE-15"],
    side: "device",
    text: "However long the queue, each mutation goes out in a request of its own. Seen in most apps, and felt after each flight.",
    trigger: trigger({
      workload: {
        editsPerDay: 1_440,
        burst: "0%",
        hot: "0%",
        operations: { create: "80%", update: "20%", delete: "0%" },
      },
      network: { offline: { perDay: 48, length: { p50: "20m", p99: "40m" }, used: "100%" } },
      habits: { sessionLength: { p50: "10m", p99: "20m" } },
    }),
    plant: (parts) =>
      withBuild(parts, { settings: (settings) => ({ ...settings, batchFrom: Number.POSITIVE_INFINITY }) }),
  },
  {
    name: "own-clock",
    rules: ["QUE-16"],
    side: "device",
    text: "Edits are stamped by the phone's own clock, whatever answers say of the time. Seen with Date.now() in the outbox.",
    trigger: trigger({ clocks: { skewed: "100%", offset: { p50: "1h", p99: "3h" } } }),
    plant: (parts) => withAnswerHeaders(parts, ({ dateMs: _, ...rest }) => rest),
  },
];

type Headers = Extract<DeviceInput, { readonly input: "answered" }>["answer"]["headers"];

function withAnswerHeaders(parts: Parts, change: (headers: Headers) => Headers): Parts {
  return withInputs(parts, () => (input) => {
    if (input.input !== "answered") return [input];
    return [{ ...input, answer: { ...input.answer, headers: change(input.answer.headers) } }];
  });
}

function keyPerAttempt(): Change {
  const attempts = new Map<string, number>();
  const keys = new Map<string, string>();
  const next = (key: string): string => {
    const attempt = (attempts.get(key) ?? 0) + 1;
    attempts.set(key, attempt);
    const sent = attempt === 1 ? key : `${key}.${attempt}`;
    keys.set(sent, key);
    return sent;
  };
  return {
    say: (outputs) =>
      outputs.map((output) =>
        output.output === "send" ? { ...output, message: withKeys(output.message, next) } : output,
      ),
    hear: (input) => [input.input === "answered" ? underKeys(input, keys) : input],
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

function refusalRetried(): Change {
  /** Requests with updates on their way; true for a batch. */
  const sent = new Map<number, boolean>();
  return {
    say: (outputs) => {
      for (const output of outputs) {
        if (output.output !== "send") continue;
        const { call } = output.message;
        if (call.call === "update" || call.call === "batch") sent.set(output.request, call.call === "batch");
      }
      return outputs;
    },
    hear: (input) => {
      const batch = input.input === "answered" ? sent.get(input.request) : undefined;
      if (input.input !== "answered" || batch === undefined) return [input];
      return [
        withVerdicts(input, batch, ({ status, body }) =>
          status === 404 ? { status: 503, body: { ...body, error: "unavailable" } } : { status, body },
        ),
      ];
    },
  };
}

function twoDrains(): (output: DeviceOutput) => readonly DeviceOutput[] {
  return (output) => {
    if (output.output !== "send" || !carriesMutations(output.message)) return [output];
    return [output, { ...output, request: output.request + SECOND_DRAIN }];
  };
}

function carriesMutations({ call }: Request): boolean {
  return call.call === "batch" || call.call === "create" || call.call === "update" || call.call === "delete";
}

function editsOnWhatWasSeen(parts: Parts): Parts {
  /** What users saw when they made an edit, by its first key. */
  const bases = new Map<string, string>();
  const seen = (key: unknown, ifMatch: unknown): unknown => bases.get(String(key)) ?? ifMatch;
  return withOutputs(parts, () => (output) => {
    if (output.output === "queued" && output.base !== undefined && output.edit.entity !== "list")
      bases.set(output.key, output.base);
    if (output.output !== "send") return [output];
    const { message } = output;
    const { ifMatch, idempotencyKey } = message;
    if (itemsOf(message).length > 0) {
      const changed = withItems(message, (item) =>
        item.ifMatch === undefined ? item : { ...item, ifMatch: String(seen(item.id, item.ifMatch)) },
      );
      return [{ ...output, message: changed }];
    }
    if (ifMatch === undefined) return [output];
    return [{ ...output, message: { ...message, ifMatch: String(seen(idempotencyKey, ifMatch)) } }];
  });
}

function idsByClock(parts: Parts): Parts {
  return {
    ...parts,
    app: (settings, random, firstNumber) => {
      const app = parts.app(settings, random, firstNumber);
      return override(app, {
        step: (input, clock) => {
          if (input.input !== "edit" || input.edit.operation !== "create") return app.step(input, clock);
          const recordId = `${settings.deviceId}-${clock.wallMs}`;
          return app.step({ ...input, edit: { ...input.edit, recordId } }, clock);
        },
      });
    },
  };
}
