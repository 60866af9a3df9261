/**
 * Owns the planted faults of the proxy about webhooks of the backend (section 10, WHK).
 * Refuses to share code with the probes that must catch them.
 */

import { MINUTE_MS } from "../base/time.ts";
import type { ProxyOutput } from "../proxy/port.ts";
import { type Fault, override } from "./fault.ts";
import { proxyFault, withBorder, withMethods, withStore } from "./seams.ts";

const AGE_MS_MAX = 5 * MINUTE_MS;

export const WEBHOOK_FAULTS: readonly Fault[] = [
  proxyFault({
    name: "webhook-makes-no-event",
    rules: ["WHK-1", "EVT-1", "EVT-2"],
    smallest: "a socket, and a delivery",
    text: "A change of the backend's reaches deltas and no socket. Seen where events were sent by the HTTP handlers of devices.",
    plant: (parts) =>
      withMethods(parts, (proxy) => {
        let held: readonly ProxyOutput[] = [];
        return {
          webhook: (delivery, nowMs) => {
            const before = proxy.takeOutputs();
            const answer = proxy.webhook(delivery, nowMs);
            const after = proxy.takeOutputs().filter(({ output }) => output !== "frame");
            held = [...held, ...before, ...after];
            return answer;
          },
          takeOutputs: () => {
            const outputs = [...held, ...proxy.takeOutputs()];
            held = [];
            return outputs;
          },
        };
      }),
  }),
  proxyFault({
    name: "webhook-pushes-nobody",
    rules: ["PSH-2", "WHK-1", "PSH-1"],
    smallest: "a registered device, and a delivery",
    text: "A change of the backend's pushes nobody. Seen where the hook hung on the devices' API.",
    plant: (parts) =>
      withMethods(parts, (proxy, _config, store) => ({
        webhook: (delivery, nowMs) => {
          const waiting = new Set(store.push.allPending());
          const answer = proxy.webhook(delivery, nowMs);
          for (const pending of [...store.push.allPending()]) {
            if (!waiting.has(pending)) {
              store.push.dropPending(pending.account, pending.deviceId, pending.entity);
            }
          }
          return answer;
        },
      })),
  }),
  proxyFault({
    name: "webhook-patches",
    rules: ["WHK-1"],
    smallest: "a record with two fields, and a delivery of one",
    text: "A delivery is merged into the record instead of replacing it: what the backend removed stays. Seen where the update handler was called.",
    plant: (parts) =>
      withStore(parts, (store) => ({
        commit: (account, plan, nowMs) => {
          const { version } = plan;
          const before = store.current(account, plan.entity, plan.id)?.record;
          const delivered = version?.backendVersion !== undefined && version.key === undefined;
          if (!delivered || version.deviceId !== undefined || !version.record || !before) {
            return store.commit(account, plan, nowMs);
          }
          const record = { ...before, ...version.record };
          return store.commit(account, { ...plan, version: { ...version, record } }, nowMs);
        },
      })),
  }),
  proxyFault({
    name: "webhook-unsigned",
    rules: ["WHK-2"],
    smallest: "a delivery without a signature",
    text: "A delivery without a signature is taken; a wrong one is refused. Seen as `if (signature && !valid)`.",
    plant: (parts) =>
      withBorder(parts, {
        isGenuine: (signatures, right, ageMs) =>
          Math.abs(ageMs) <= AGE_MS_MAX &&
          (signatures.every((one) => one === "") || signatures.includes(right)),
      }),
  }),
  proxyFault({
    name: "webhook-signature-by-its-beginning",
    rules: ["WHK-2"],
    smallest: "a delivery with a wrong signature",
    text: "Of a signature only its version is compared. Seen where the comparison in constant time was given the wrong length.",
    plant: (parts) =>
      withBorder(parts, {
        isGenuine: (signatures, right, ageMs) =>
          Math.abs(ageMs) <= AGE_MS_MAX && signatures.some((one) => one.slice(0, 3) === right.slice(0, 3)),
      }),
  }),
  proxyFault({
    name: "webhook-of-any-age",
    rules: ["WHK-2"],
    smallest: "a delivery of six minutes ago",
    text: "A delivery may be as old as it likes, and so be sent again by whoever has seen it. Seen where the timestamp was signed and not looked at.",
    plant: (parts) =>
      withBorder(parts, {
        isGenuine: (signatures, right, ageMs) => signatures.includes(right) && ageMs >= -AGE_MS_MAX,
      }),
  }),
  proxyFault({
    name: "webhook-of-the-future",
    rules: ["WHK-2"],
    smallest: "a delivery of in six minutes",
    text: "A delivery may be of the future: `now - timestamp > max` without Math.abs.",
    plant: (parts) =>
      withBorder(parts, {
        isGenuine: (signatures, right, ageMs) => signatures.includes(right) && ageMs <= AGE_MS_MAX,
      }),
  }),
  proxyFault({
    name: "webhook-first-signature",
    rules: ["WHK-1", "WHK-2"],
    smallest: "a delivery with two signatures, the second of them right",
    text: "Of several signatures only the first is compared, so that no secret can be changed without a gap. Seen wherever there was one secret.",
    plant: (parts) =>
      withBorder(parts, {
        isGenuine: (signatures, right, ageMs) => signatures[0] === right && Math.abs(ageMs) <= AGE_MS_MAX,
      }),
  }),
  proxyFault({
    name: "webhook-twice",
    rules: ["WHK-3"],
    smallest: "one delivery of a deletion twice, and the record made again in between",
    text: "A delivery that comes again is carried out again. Seen wherever at-least-once was read as once.",
    plant: (parts) =>
      withMethods(parts, (proxy) => {
        let deliveries = 0;
        return {
          webhook: (delivery, nowMs) => {
            const body = delivery.body as { readonly version?: unknown } | null;
            const version =
              typeof body?.version === "number" ? body.version + ++deliveries / 1_024 : undefined;
            const anew = version === undefined ? delivery.body : { ...body, version };
            return proxy.webhook({ id: `${delivery.id}-${deliveries}`, body: anew }, nowMs);
          },
        };
      }),
  }),
  proxyFault({
    name: "webhook-again-is-409",
    rules: ["WHK-3"],
    smallest: "one delivery, twice",
    text: "A delivery that comes again is 409, and the backend sends it for days. Seen where the insert's error was passed on.",
    plant: (parts) =>
      withMethods(parts, (proxy) => ({
        webhook: (delivery, nowMs) => {
          const answer = proxy.webhook(delivery, nowMs);
          return answer.headers.replayed
            ? { ...answer, status: 409, body: { error: "conflict", message: "known already" } }
            : answer;
        },
      })),
  }),
  proxyFault({
    name: "webhook-of-the-same-version",
    rules: ["WHK-4"],
    smallest: "two deliveries of one version",
    text: "A delivery of the version that is there is applied: `<` where `<=` was meant.",
    plant: (parts) => withStoredVersion(parts, (stored) => stored - 0.5),
  }),
  proxyFault({
    name: "webhook-of-an-older-version",
    rules: ["WHK-4"],
    smallest: "a delivery of version 2, and one of version 1",
    text: "Versions are not compared: what was overtaken on the way is applied last. Seen with every queue that has more than one worker.",
    plant: (parts) => withStoredVersion(parts, () => undefined),
  }),
  proxyFault({
    name: "device-writes-raise-version",
    rules: ["WHK-4", "WHK-1"],
    smallest: "a delivery, a device's update, and the next delivery",
    text: "A device's write raises the backend's version too, so that its next delivery is thrown away. Seen where one column served both.",
    plant: (parts) =>
      withStore(parts, (store) => ({
        commit: (account, plan, nowMs) => {
          const { version } = plan;
          const before = store.current(account, plan.entity, plan.id)?.backendVersion;
          if (version?.backendVersion === undefined || version.backendVersion !== before) {
            return store.commit(account, plan, nowMs);
          }
          const raised = { ...version, backendVersion: before + 1 };
          return store.commit(account, { ...plan, version: raised }, nowMs);
        },
      })),
  }),
];

/** Parts whose deliveries find another version stored. */
function withStoredVersion(
  parts: Parameters<typeof withStore>[0],
  change: (stored: number) => number | undefined,
) {
  return withStore(parts, (store) => ({
    load: (account, wanted, nowMs) => {
      const view = store.load(account, wanted, nowMs);
      const stored = view.current?.backendVersion;
      if (!view.current || stored === undefined) return view;
      return { ...view, current: override(view.current, { backendVersion: change(stored) }) };
    },
  }));
}
