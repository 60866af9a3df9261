/**
 * Owns the planted faults of how a device meets refusals that it must weigh: conflicts, and another protocol.
 * Refuses to share code with the checkers that must catch them.
 */

import type { JsonObject } from "../base/canonical-json.ts";
import type { DeviceInput, DeviceOutput } from "../device/port.ts";
import { type IdempotencyKey, PROTOCOL_VERSION } from "../protocol/messages.ts";
import type { Parts } from "../simulation/parts.ts";
import { type Change, type Fault, withApp } from "./fault.ts";
import { CONTENTION, trigger } from "./trigger.ts";
import { type Answered, itemsOf, objectOf, underKeys, withBody, withKeys, withVerdicts } from "./wire.ts";

export const CONFLICT_FAULTS: readonly Fault[] = [
  {
    name: "conflict-is-failure",
    rules: ["MRG-9"],
    side: "device",
    text: "A 409 fails the edit like any refusal: nobody is asked, nothing is merged. Seen where 4xx was one case.",
    trigger: trigger(CONTENTION),
    plant: (parts) => withApp(parts, conflictIsFailure),
  },
  {
    name: "key-for-life",
    rules: ["MRG-10", "QUE-12"],
    side: "device",
    text: "An edit that was resolved after a conflict goes out under its old key, and is answered with the old conflict. Seen where the key was a column of the outbox row.",
    trigger: trigger({
      ...CONTENTION,
      proxy: { resolvedBy: "client" },
      workload: { ...CONTENTION.workload, operations: { create: "0%", update: "100%", delete: "0%" } },
    }),
    plant: keyForLife,
  },
  {
    name: "warns-and-goes-on",
    rules: ["FLG-4"],
    side: "device",
    text: "An app that meets another protocol says so, and goes on sending as if it were its own. Seen where the version check ended in a banner.",
    trigger: trigger({
      habits: { sessionLength: { p50: "20m", p99: "1h" } },
      proxy: { foreignProtocol: { perDay: 48, length: { p50: "15m", p99: "30m" } } },
    }),
    plant: (parts) => withApp(parts, warnsAndGoesOn),
  },
];

/** Which requests on their way carry mutations, and whether in a batch. */
class Sendings {
  private readonly batches = new Map<number, boolean>();

  take(outputs: readonly DeviceOutput[]): void {
    for (const output of outputs) {
      if (output.output !== "send") continue;
      const { message, request } = output;
      const { call } = message.call;
      const single = call === "create" || call === "update" || call === "delete";
      if (single || itemsOf(message).length > 0) this.batches.set(request, !single);
    }
  }

  /** True for an answered batch, false for a mutation that went alone; undefined for anything else. */
  batch(input: DeviceInput): boolean | undefined {
    return input.input === "answered" ? this.batches.get(input.request) : undefined;
  }
}

function conflictIsFailure(): Change {
  const sendings = new Sendings();
  return {
    say: (outputs) => {
      sendings.take(outputs);
      return outputs;
    },
    hear: (input) => {
      const batch = sendings.batch(input);
      if (input.input !== "answered" || batch === undefined) return [input];
      return [
        withVerdicts(input, batch, (verdict) =>
          verdict.status === 409 && verdict.body.error === "conflict"
            ? { status: 400, body: { ...verdict.body, error: "invalid_request" } }
            : verdict,
        ),
      ];
    },
  };
}

/** Devices that give mutations new keys which never leave them. */
function keyForLife(parts: Parts): Parts {
  const first = new Map<string, IdempotencyKey>();
  const newest = new Map<string, IdempotencyKey>();
  const keyOf = new Map<string, IdempotencyKey>();
  return withApp(parts, () => {
    const rename = (output: DeviceOutput, input: DeviceInput): readonly DeviceOutput[] => {
      if (output.output === "queued") keyOf.set(output.mutation, output.key);
      if (output.output === "send")
        return [{ ...output, message: withKeys(output.message, (key) => first.get(key) ?? key) }];
      if (output.output !== "rekeyed") return [output];
      const old = keyOf.get(output.mutation);
      keyOf.set(output.mutation, output.key);
      if (old === undefined || input.input === "retry") return [output];
      const original = first.get(old) ?? old;
      first.set(output.key, original);
      newest.set(original, output.key);
      return [{ ...output, key: original }];
    };
    return {
      say: (outputs, input) => outputs.flatMap((output) => rename(output, input)),
      hear: (input) => [input.input === "answered" ? underKeys(input, newest) : input],
    };
  });
}

function warnsAndGoesOn(): Change {
  const isForeign = (input: DeviceInput): boolean => {
    const protocol = input.input === "answered" ? capabilitiesIn(input)?.protocol : undefined;
    return protocol !== undefined && protocol !== PROTOCOL_VERSION;
  };
  return {
    hear: (input) => {
      if (input.input !== "answered" || !isForeign(input)) return [input];
      const data = { ...capabilitiesIn(input), protocol: PROTOCOL_VERSION };
      return [withBody(input, { ...objectOf(input.answer.body), data })];
    },
    say: (outputs, input) =>
      isForeign(input) ? [...outputs, { output: "notice", notice: "protocol_mismatch" }] : outputs,
  };
}

function capabilitiesIn({ answer }: Answered): JsonObject | undefined {
  const data = objectOf(objectOf(answer.body)?.data);
  return typeof data?.protocol === "string" ? data : undefined;
}
