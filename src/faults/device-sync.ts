/**
 * Owns the planted faults of the device's channels: its socket, its pushes, and the reads that they make stale.
 * Refuses to share code with the checkers that must catch them.
 */

import type { DeviceInput, DeviceOutput } from "../device/port.ts";
import { ENTITIES } from "../protocol/entity.ts";
import { fieldsOf } from "../protocol/patch.ts";
import type { Parts } from "../simulation/parts.ts";
import { type Fault, override, withApp, withBuild, withInputs, withOutputs } from "./fault.ts";
import { trigger } from "./trigger.ts";

export const SYNC_FAULTS: readonly Fault[] = [
  {
    name: "reads-not-told",
    rules: ["EVT-14"],
    side: "device",
    text: "Events are applied, and no cached read is made stale by them: screens go on showing what they had. Seen where a query key was spelled in two ways.",
    trigger: trigger({ habits: { together: "100%" }, workload: { readsPerMinute: 20 } }),
    plant: (parts) => withOutputs(parts, () => (output) => (output.output === "invalidate" ? [] : [output])),
  },
  {
    name: "resumes-from-nothing",
    rules: ["EVT-14", "SYS-1"],
    side: "device",
    text: "A reconnecting socket does not say what was seen last, and so loses what lies between. Seen where the URL was built once, at start.",
    trigger: trigger({ network: { offline: { perDay: 96, length: { p50: "1m", p99: "3m" }, used: "0%" } } }),
    plant: (parts) => withOutputs(parts, resumesFromNothing),
  },
  {
    name: "resync-ignored",
    rules: ["EVT-15"],
    side: "device",
    text: "`resync_required` is passed over as if it were unknown: the socket goes live with a hole behind it. Seen where the frame was only logged.",
    trigger: trigger({
      fleet: { devicesPerAccount: 4 },
      proxy: { retention: "2m" },
      habits: { sessionLength: { p50: "2h", p99: "3h" } },
      workload: { editsPerDay: 1_400 },
      network: { offline: { perDay: 96, length: { p50: "4m", p99: "8m" }, used: "0%" } },
    }),
    plant: (parts) =>
      withInputs(
        parts,
        () => (input) => (input.input === "frame" && input.frame.type === "resync_required" ? [] : [input]),
      ),
  },
  {
    name: "unknown-shown",
    rules: ["EVT-18"],
    side: "device",
    text: "An event of an entity that the app does not know is put on the screen like any other. Seen where the cache was keyed by whatever the frame said.",
    trigger: trigger({ proxy: { novelties: "40%" } }),
    plant: (parts) => withApp(parts, () => ({ say: unknownShown })),
  },
  {
    name: "no-jitter",
    rules: ["EVT-19"],
    side: "device",
    text: "Waits double as they should, and are alike on every phone: after an outage all come back at once. Seen as the second outage, right after the first.",
    trigger: trigger({
      habits: { sessionLength: { p50: "20m", p99: "1h" } },
      proxy: { outages: { perDay: 48, length: { p50: "1m", p99: "4m" } } },
    }),
    plant: (parts) => withBuild(parts, { random: (random) => override(random, { unit: () => 0 }) }),
  },
  {
    name: "push-unheard",
    rules: ["PSH-8"],
    side: "device",
    text: "A silent push wakes the app, which does nothing about it. Seen where the background handler was registered too late.",
    trigger: trigger({ habits: { together: "0%" } }),
    plant: (parts) => withInputs(parts, () => (input) => (input.input === "push" ? [] : [input])),
  },
  {
    name: "waits-for-push",
    rules: ["PSH-9", "FUL-1", "SYS-1"],
    side: "device",
    text: "After its first day the app syncs when a push says so, and at no other time. Seen where polling was removed the week that push worked.",
    trigger: trigger({ push: { loss: "100%" } }),
    plant: waitsForPush,
  },
];

function resumesFromNothing(): (output: DeviceOutput) => readonly DeviceOutput[] {
  let resumed = false;
  return (output) => {
    if (output.output !== "connect") return [output];
    const { lastRevisionId: _, ...subscription } = output.subscription;
    const again = resumed;
    resumed = true;
    return again ? [{ ...output, subscription }] : [output];
  };
}

function unknownShown(outputs: readonly DeviceOutput[], input: DeviceInput): readonly DeviceOutput[] {
  if (input.input !== "frame" || input.frame.type !== "sync_event") return outputs;
  const { entity, id, payload, revisionId: revision } = input.frame;
  if (ENTITIES.includes(entity) || !payload) return outputs;
  return [...outputs, { output: "show", entity, id, revision, fields: fieldsOf(payload), waiting: [] }];
}

/** A phone whose app is registered for pushes, and from then on never told that it was opened. */
function waitsForPush(parts: Parts): Parts {
  const registered = new Set<string>();
  return withApp(parts, ({ deviceId }) => {
    const registrations = new Set<number>();
    return {
      hear: (input) => {
        if (input.input === "answered" && registrations.has(input.request)) registered.add(deviceId);
        if (!registered.has(deviceId)) return [input];
        return input.input === "opened" || input.input === "read" ? [] : [input];
      },
      say: (outputs, input) => {
        for (const output of outputs)
          if (output.output === "send" && output.message.call.call === "push_register")
            registrations.add(output.request);
        if (input.input !== "read" || !registered.has(deviceId)) return outputs;
        return [{ output: "read_answered", query: input.query, fresh: false }];
      },
    };
  });
}
