/**
 * Owns [SYS-5]: after faults stop, all is settled within a bounded time and a bounded number of requests.
 * The driver bounds the time and says `settled` or `unsettled`. An interrupted run is not judged.
 */

import type { EpochMs } from "../../base/time.ts";
import { defineChecker } from "../define.ts";
import type { Checker } from "../port.ts";

/** Requests of one device from heal to settled: generous, so that only a storm comes near it. */
export const REQUESTS_MAX = 5_000;

/** [SYS-5] over phases and requests. */
export function createSys5Checker(): Checker {
  let healAt: EpochMs | undefined;
  let requests: number[] = [];
  return defineChecker("SYS-5", ["phase", "sent"], (findings) => (fact) => {
    if (fact.fact === "sent") {
      if (healAt === undefined) return;
      const count = (requests[fact.device] ?? 0) + 1;
      requests[fact.device] = count;
      if (count !== REQUESTS_MAX + 1) return;
      findings.trigger();
      findings.breach({
        at: fact.at,
        expected: `at most ${REQUESTS_MAX} requests of a device after faults stopped`,
        actual: `device ${fact.device} sends more`,
        because: `faults stopped ${fact.at - healAt} ms before, and nothing has settled`,
        evidence: [fact],
      });
      return;
    }
    if (fact.phase === "heal") {
      healAt = fact.at;
      requests = [];
      return;
    }
    if (fact.phase === "agitate" || healAt === undefined) {
      healAt = undefined;
      return;
    }
    findings.trigger();
    if (fact.phase === "unsettled") {
      findings.breach({
        at: fact.at,
        expected: "all settled in time after faults stopped",
        actual: "it was not",
        because: `${fact.at - healAt} ms passed, with ${Math.max(0, ...requests.filter(Boolean))} requests of one device`,
        evidence: [fact],
      });
    }
    healAt = undefined;
  });
}
