/**
 * Owns the planted faults of the proxy that only a whole system shows (section 11): what it loses or repeats is seen
 * between several devices, and over time.
 * Refuses to share code with the checkers that must catch them.
 */

import { DAY_MS, SECOND_MS } from "../base/time.ts";
import type { Fault } from "./fault.ts";
import { unbound } from "./remembering.ts";
import { withDecision, withDesk } from "./seams.ts";
import { trigger } from "./trigger.ts";

/** Writes of a token before its day is over. */
const QUOTA = 20;

export const SYSTEM_FAULTS: readonly Fault[] = [
  {
    name: "repeats-what-was-lost",
    rules: ["SYS-3", "IDM-1", "CON-10"],
    side: "proxy",
    text: "Keys are taken and not kept, and nothing else guards a write: the retry of an edit undoes what somebody wrote in between. Seen where If-Match and keys were put off to the same later release.",
    trigger: trigger({
      proxy: { mode: "off" },
      fleet: { accounts: 2, devicesPerAccount: 4 },
      network: { loss: "20%", latency: { p50: "1s", p99: "4s" } },
      workload: { hot: "100%", hotRecords: 1, entities: { contact: "20%", task: "60%", list: "20%" } },
    }),
    plant: (parts) => withDecision(parts, (at, decide) => unbound(decide(at))),
  },
  {
    name: "come-back-tomorrow",
    rules: ["SYS-5"],
    side: "proxy",
    text: "After its first writes a token gets 429 with a Retry-After of a day: what waits on the phone waits on. Seen with gateways whose quota is a day's.",
    trigger: trigger({}),
    plant: (parts) =>
      withDesk(parts, () => {
        const writes = new Map<string | undefined, number>();
        return (request, nowMs, go) => {
          const { call, token } = request;
          if (
            call.call !== "batch" &&
            call.call !== "create" &&
            call.call !== "update" &&
            call.call !== "delete"
          ) {
            return go(request);
          }
          const count = (writes.get(token) ?? 0) + 1;
          writes.set(token, count);
          if (count <= QUOTA) return go(request);
          const headers = { dateMs: nowMs, retryAfterSeconds: DAY_MS / SECOND_MS };
          return {
            status: 429,
            headers,
            body: { error: "rate_limited", message: "the day's quota is used" },
          };
        };
      }),
  },
];
