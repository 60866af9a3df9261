/**
 * Owns the validation of a mutation, after authorisation and key, before the record is looked at [CON-10, API-2].
 * Refuses to know what is stored.
 */

import { faultOfFields, isDeviceId, isRecordId } from "./fields-check.ts";
import type { Mutation } from "./mutation.ts";
import type { ProxyConfig } from "./port.ts";
import { isTag } from "./precondition.ts";
import { type Reply, refusal } from "./reply.ts";

/** The refusal that a mutation earns by itself; undefined when it is well formed. */
export function faultOfMutation(
  mutation: Mutation,
  mode: ProxyConfig["conflicts"]["mode"],
): Reply | undefined {
  const { timestamp, deviceId, operation, ifMatch } = mutation;
  if (timestamp !== undefined && !isEpochMs(timestamp)) {
    return refusal("invalid_request", "a mutation's timestamp is a whole number of milliseconds");
  }
  if (deviceId !== undefined && !isDeviceId(deviceId)) {
    return refusal("invalid_request", "X-Device-Id is 1 to 128 of A-Z a-z 0-9 _ . -");
  }
  if (operation !== "delete") {
    const fault = faultOfFields(mutation.entity, operation, mutation.payload) ?? faultOfId(mutation);
    if (fault !== undefined) return refusal("invalid_request", fault);
  }
  // [CON-6] what is no revision at all is never applied. A create has nothing to match; mode `off` looks at nothing.
  if (ifMatch !== undefined && operation !== "create" && mode !== "off" && !isTag(ifMatch)) {
    return refusal("invalid_revision", "If-Match is a revision or *");
  }
  return undefined;
}

function isEpochMs(timestamp: number | string): boolean {
  return typeof timestamp === "number" && Number.isSafeInteger(timestamp) && timestamp >= 0;
}

function faultOfId(mutation: Mutation): string | undefined {
  if (mutation.operation === "create") {
    if (mutation.id === undefined || isRecordId(mutation.id)) return undefined;
    return "id: 1 to 128 of A-Z a-z 0-9 _ . -, neither . nor ..";
  }
  const payload = mutation.payload as { readonly id?: unknown };
  if (!Object.hasOwn(payload, "id") || payload.id === mutation.id) return undefined;
  if (mutation.temporaryId !== undefined && payload.id === mutation.temporaryId) return undefined;
  return "id: not that of the record";
}
