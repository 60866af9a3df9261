/**
 * Owns the calls by which a device registers for pushes (section 8).
 * Refuses to push.
 */

import type { EpochMs } from "../base/time.ts";
import type { Entity } from "../protocol/entity.ts";
import { type AccountId, type DeviceId, PushRegistration, PushTopics } from "../protocol/messages.ts";
import type { Request } from "../protocol/request.ts";
import { isDeviceId } from "./fields-check.ts";
import { metaOf, type Reply, refusal } from "./reply.ts";
import type { Store } from "./store.ts";

/** 201, also when it replaces what was registered before [PSH-3]. */
export function registerPush(
  store: Store,
  account: AccountId,
  request: Request,
  body: unknown,
  nowMs: EpochMs,
): Reply {
  const deviceId = deviceOf(request);
  if (deviceId === undefined) return NO_DEVICE;
  const parsed = PushRegistration.safeParse(body);
  if (!parsed.success) {
    return refusal("invalid_request", "a registration is {token, platform, topics}");
  }
  const { token, platform } = parsed.data;
  const topics = [...new Set(parsed.data.topics)];
  store.push.register({ account, deviceId, token, platform, topics, registeredAtMs: nowMs });
  return told(store, account, 201, deviceId, topics);
}

/** 404 when the device is not registered. */
export function setTopics(store: Store, account: AccountId, request: Request, body: unknown): Reply {
  const deviceId = deviceOf(request);
  if (deviceId === undefined) return NO_DEVICE;
  const parsed = PushTopics.safeParse(body);
  if (!parsed.success) return refusal("invalid_request", "topics are {topics: [...]}");
  const registration = store.push.registration(account, deviceId);
  if (registration === undefined) return refusal("not_found", "this device is not registered");
  const topics = [...new Set(parsed.data.topics)];
  store.push.register({ ...registration, topics });
  return told(store, account, 200, deviceId, topics);
}

/** 200, registered or not. */
export function unregisterPush(store: Store, account: AccountId, request: Request): Reply {
  const deviceId = deviceOf(request);
  if (deviceId === undefined) return NO_DEVICE;
  store.push.unregister(account, deviceId);
  return told(store, account, 200, deviceId, []);
}

const NO_DEVICE = refusal("invalid_request", "X-Device-Id is missing, or not 1 to 128 of A-Z a-z 0-9 _ . -");

function deviceOf(request: Request): DeviceId | undefined {
  const { deviceId } = request;
  return deviceId !== undefined && isDeviceId(deviceId) ? deviceId : undefined;
}

function told(
  store: Store,
  account: AccountId,
  status: 200 | 201,
  deviceId: DeviceId,
  topics: readonly Entity[],
): Reply {
  return { status, body: { data: { deviceId, topics }, meta: metaOf(store.standing(account)) } };
}
