/**
 * Owns [SYS-3]: every mutation has exactly one effect or none, whatever was retried.
 * A mutation that its user took up again after it had failed is a new one [QUE-6].
 */

import type { FactOf } from "../../history/facts.ts";
import { type Commit, tellCommit } from "../commits.ts";
import { ByIndex, defineChecker, type Findings } from "../define.ts";
import type { Checker } from "../port.ts";
import { attendingMutations, createWitness, type Witness } from "../witness.ts";

/** Mutations that ended and are remembered per device: a repetition on its way may still arrive. */
const ENDED_MAX = 256;

/** One mutation, since it was made or taken up again. */
interface Life {
  readonly mutation: string;
  /** All that it had, oldest first. */
  readonly keys: string[];
  effect: Commit | undefined;
}

/** One device's mutations, by name and by every key. */
class Lives {
  readonly byMutation = new Map<string, Life>();
  readonly byKey = new Map<string, Life>();
  private readonly ended: string[] = [];

  begin(mutation: string, key: string): void {
    const life: Life = { mutation, keys: [key], effect: undefined };
    this.byMutation.set(mutation, life);
    this.byKey.set(key, life);
  }

  end(mutation: string): void {
    this.ended.push(mutation);
    const oldest = this.ended.length > ENDED_MAX ? this.ended.shift() : undefined;
    if (oldest === undefined) return;
    const life = this.byMutation.get(oldest);
    this.byMutation.delete(oldest);
    if (!life) return;
    for (const key of life.keys) if (this.byKey.get(key) === life) this.byKey.delete(key);
  }
}

/** [SYS-3] over edits, requests and commits. */
export function createSys3Checker(witness: Witness = createWitness()): Checker {
  const { exchanges } = witness;
  const devices = new ByIndex<Lives>(() => new Lives());

  const judge = (commit: Commit, findings: Findings): void => {
    if (commit.key === undefined) return;
    const first = exchanges.key(commit.account, commit.key)?.commit;
    const life = commit.device === undefined ? undefined : devices.of(commit.device).byKey.get(commit.key);
    const other = first !== undefined && first !== commit ? first : life?.effect;
    if (life && !life.effect) life.effect = commit;
    if (other === undefined) return;
    findings.trigger();
    findings.breach({
      at: commit.at,
      expected: `one effect of mutation ${life?.mutation ?? commit.key}`,
      actual: `a second one: ${tellCommit(commit)} under key ${commit.key}`,
      because: `it had its effect: ${tellCommit(other)} under key ${other.key}`,
      evidence: [other, commit],
    });
  };

  const checker = defineChecker(
    "SYS-3",
    ["committed", "sent", "edited", "rekeyed", "retried", "settled"],
    (findings) => (fact) => {
      switch (fact.fact) {
        case "edited":
          return devices.of(fact.device).begin(fact.mutation, fact.key);
        case "rekeyed":
          return rekey(devices.of(fact.device), fact);
        case "retried": {
          const life = devices.of(fact.device).byMutation.get(fact.mutation);
          if (life) devices.of(fact.device).begin(fact.mutation, life.keys.at(-1) ?? "");
          return;
        }
        case "settled":
          if (fact.outcome !== "failed") devices.of(fact.device).end(fact.mutation);
          return;
        case "committed":
          return judge(fact, findings);
        case "sent":
          for (const { key } of fact.mutations)
            if ((exchanges.key(fact.account, key)?.sends ?? 0) > 1) findings.trigger();
      }
    },
  );
  return attendingMutations(witness, checker);
}

function rekey(lives: Lives, fact: FactOf<"rekeyed">): void {
  const life = lives.byMutation.get(fact.mutation);
  if (!life) return;
  life.keys.push(fact.key);
  lives.byKey.set(fact.key, life);
}
