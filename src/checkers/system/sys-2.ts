/**
 * Owns [SYS-2]: a write that was answered 2xx is never lost; what comes after it knew it, or went by its strategy.
 * Judges the chain of commits of each record, and of fields only whether a later write left alone what it did not name.
 */

import { jsonEqual } from "../../base/canonical-json.ts";
import type { Fields } from "../../protocol/entity.ts";
import { type Commit, fieldOf, fieldsIn, tellCommit } from "../commits.ts";
import { type Breach, defineChecker } from "../define.ts";
import { isSuccess } from "../exchanges.ts";
import type { Checker } from "../port.ts";
import {
  attendingMutations,
  createWitness,
  isCommitted,
  isEnforced,
  isInside,
  type Witness,
} from "../witness.ts";

/** [SYS-2] over commits and answers. */
export function createSys2Checker(witness: Witness = createWitness()): Checker {
  const { commits, exchanges } = witness;
  const breachOf = (commit: Commit, before: Commit): Breach | undefined => {
    const tell = (expected: string, actual: string, because: string): Breach => ({
      at: commit.at,
      expected,
      actual,
      because,
      evidence: [before, commit],
    });
    if (commit.previous !== before.revision) {
      const knew = `${commit.entity} ${commit.id} changed on top of ${before.revision}`;
      return tell(
        knew,
        `changed on top of ${commit.previous ?? "nothing"}`,
        `so ${tellCommit(before)} is lost`,
      );
    }
    if (isEnforced(witness) && exchanges.isStale(commit) && !isLawful(commit, witness)) {
      return tell(
        "a write that knew the record, or a merge",
        tellCommit(commit, exchanges.namedBy(commit)),
        `it did not know ${tellCommit(before)}`,
      );
    }
    const payload = exchanges.payloadOf(commit);
    const name = payload && commit.action === "updated" ? droppedField(before, commit, payload) : undefined;
    if (name === undefined || !before.record || !commit.record) return undefined;
    const [was, is] = [fieldOf(before.record, name), fieldOf(commit.record, name)];
    const kept = `${name} of ${commit.entity} ${commit.id} is still ${JSON.stringify(was ?? null)}`;
    return tell(
      kept,
      `it is ${JSON.stringify(is ?? null)}`,
      `${tellCommit(commit)}, and that write says nothing of ${name}`,
    );
  };

  return attendingMutations(
    witness,
    defineChecker("SYS-2", ["committed", "answered"], (findings) => (fact) => {
      if (fact.fact === "committed") {
        const before = commits.record(fact.account, fact.entity, fact.id)?.before;
        if (!before || before.action === "deleted" || fact.action === "created") return;
        findings.trigger();
        const breach = breachOf(fact, before);
        if (breach) findings.breach(breach);
        return;
      }
      if (fact.fact !== "answered" || commits.of(fact.account).end === 0) return;
      for (const { mutation, result, state, fresh } of exchanges.answers) {
        // Only a create surely commits; an update may change nothing, a delete may find nothing.
        if (mutation.operation !== "create" || !fresh || !isSuccess(result.status)) continue;
        findings.trigger();
        if (state.commit || isCommitted(witness, fact.account, mutation, result)) continue;
        findings.breach({
          at: fact.at,
          expected: `${mutation.entity} ${mutation.id} created by ${mutation.key}`,
          actual: "no commit has this key",
          because: `device ${fact.device} was answered ${result.status}`,
          evidence: [exchanges.pending?.sent, fact],
        });
      }
    }),
  );
}

/** Resolved by its strategy; from outside nobody sees whether it was, only that it may have been. */
function isLawful({ entity, action, resolution }: Commit, witness: Witness): boolean {
  const mayBe = resolution !== undefined || (!isInside(witness) && witness.ruling.resolvedBy !== "client");
  return mayBe && entity !== "contact" && action === "updated";
}

/** A field that changed though the write does not name it. */
function droppedField(before: Commit, commit: Commit, payload: Fields): string | undefined {
  if (!before.record || !commit.record) return undefined;
  for (const [name, value] of fieldsIn(before.record)) {
    if (!Object.hasOwn(payload, name) && !jsonEqual(value, fieldOf(commit.record, name))) return name;
  }
  return undefined;
}
