/**
 * Owns [PSH-2]: no push to the device that made the change, none to a device of another account.
 * Refuses to judge topics: the history does not show them.
 */

import { defineChecker } from "../define.ts";
import type { Checker } from "../port.ts";
import { attending, createWitness, type Witness } from "../witness.ts";

/** [PSH-2] over pushes that left the proxy. */
export function createPsh2Checker(witness: Witness = createWitness()): Checker {
  const accountOf: (number | undefined)[] = [];
  return attending(
    witness,
    defineChecker("PSH-2", ["started", "push_handed_over"], (findings) => (fact) => {
      if (fact.fact === "started") {
        accountOf[fact.device] = fact.account;
        return;
      }
      findings.trigger();
      const { account, device, entity, revision } = fact;
      const commit = witness.commits.of(account).find(revision);
      const owner =
        commit === undefined ? witness.commits.foreignCommit(account, entity, revision) : undefined;
      const home = accountOf[device];
      const stranger = owner ?? (home === account ? undefined : home);
      const own = commit !== undefined && commit.device === device;
      if (!own && stranger === undefined) return;
      findings.breach({
        at: fact.at,
        expected: own
          ? `no push of ${revision} to device ${device}`
          : `pushes to device ${device} of its own account only`,
        actual: `device ${device} of account ${home ?? account} was pushed ${entity} ${revision}`,
        because: own
          ? `device ${device} made that change itself`
          : `the change and the device belong to accounts ${owner ?? account} and ${home ?? account}`,
        evidence: [commit, fact],
      });
    }),
  );
}
