/**
 * Owns [MRG-5]: no item added to a list on either side is lost, none appears twice, and a stale update is `merged`.
 * Refuses to merge: it knows since which revision each item stands, and who removed it knowing what.
 */

import type { Fields } from "../../protocol/entity.ts";
import { type Commit, isOf, itemIdsOf, tellCommit } from "../commits.ts";
import { type Breach, ByIndex, defineChecker, type Findings } from "../define.ts";
import type { Checker } from "../port.ts";
import { attending, createWitness, isEnforced, isInside, type Witness } from "../witness.ts";

/** [CON-6] whoever sends it says to know whatever stands. */
const ANY = "*";
/** Items that once stood in a list and are remembered, beyond those that stand. */
const GONE_MAX = 10_000;

/** What is known of one list's items. */
interface ListState {
  /** Item id to the commit that added it; undefined for one from before the history. */
  readonly standing: Map<string, Commit | undefined>;
  readonly gone: Set<string>;
  /** False when items may have stood that nobody remembers. */
  complete: boolean;
}

/** [MRG-5] over commits of lists; silent unless the mode was `enforce` all along. */
export function createMrg5Checker(witness: Witness = createWitness()): Checker {
  const { commits, exchanges } = witness;
  const isTold = isInside(witness) && witness.ruling.resolvedBy === "server";
  const accounts = new ByIndex<Map<string, ListState>>(() => new Map());

  const judgeAdded = (
    commit: Commit,
    state: ListState,
    items: ReadonlySet<string>,
    findings: Findings,
  ): void => {
    const payload = exchanges.payloadOf(commit);
    if (!state.complete || !payload) return;
    for (const id of itemIdsOf(payload)) {
      if (items.has(id) || state.standing.has(id) || state.gone.has(id)) continue;
      findings.trigger();
      findings.breach(lost(commit, id, `that write added it: ${tellCommit(commit)}`, undefined));
    }
  };

  const judgeRemoved = (
    commit: Commit,
    state: ListState,
    items: ReadonlySet<string>,
    findings: Findings,
  ): void => {
    const ifMatch = exchanges.namedBy(commit);
    if (ifMatch === undefined || ifMatch === ANY) return;
    const payload = exchanges.payloadOf(commit);
    const known = itemsAt(commits.of(commit.account).find(ifMatch), commit.id);
    for (const [id, added] of state.standing) {
      if (items.has(id)) continue;
      // [MRG-6] one that was removed and came back in between had been known all the same.
      const unknown = added !== undefined && added.revision > ifMatch && !known.includes(id);
      const kept = payload !== undefined && keeps(payload, id);
      if (!unknown && !kept) continue;
      const why = unknown ? `did not know the item, which came with ${added.revision}` : "did not remove it";
      findings.trigger();
      findings.breach(lost(commit, id, `${tellCommit(commit, ifMatch)}, and ${why}`, added));
    }
  };

  return attending(
    witness,
    defineChecker("MRG-5", ["committed"], (findings) => (fact) => {
      if (fact.entity !== "list") return;
      const lists = accounts.of(fact.account);
      if (!fact.record || fact.action === "deleted") {
        forget(lists.get(fact.id));
        return;
      }
      const state = lists.get(fact.id) ?? newState(fact);
      lists.set(fact.id, state);
      const ids = itemIdsOf(fact.record);
      const items = new Set(ids);
      if (items.size < ids.length) {
        findings.trigger();
        findings.breach(twice(fact, ids));
      }
      if (fact.action === "updated" && isEnforced(witness)) {
        const stale = exchanges.isStale(fact);
        if (stale) findings.trigger();
        if (stale && isTold && fact.resolution !== "merged") findings.breach(unmerged(fact, exchanges));
        judgeAdded(fact, state, items, findings);
        judgeRemoved(fact, state, items, findings);
      }
      note(state, fact, items);
    }),
  );
}

/** Ids of the items that a list had at a commit; none when that is no commit of it. */
function itemsAt(commit: Commit | undefined, list: string): readonly string[] {
  return isOf(commit, "list", list) && commit?.record ? itemIdsOf(commit.record) : [];
}

/** A record that was there before the history has items that nobody saw coming. */
function newState(commit: Commit): ListState {
  return { standing: new Map(), gone: new Set(), complete: commit.action === "created" };
}

function forget(state: ListState | undefined): void {
  if (!state) return;
  for (const id of state.standing.keys()) state.gone.add(id);
  state.standing.clear();
}

function note(state: ListState, commit: Commit, items: ReadonlySet<string>): void {
  for (const id of state.standing.keys()) {
    if (items.has(id)) continue;
    state.standing.delete(id);
    state.gone.add(id);
  }
  const known = state.complete || state.standing.size > 0 || state.gone.size > 0;
  for (const id of items) if (!state.standing.has(id)) state.standing.set(id, known ? commit : undefined);
  if (state.gone.size <= GONE_MAX) return;
  state.gone.clear();
  state.complete = false;
}

/** A patch without `items` touches none; one with them keeps those that it names. */
function keeps(payload: Fields, item: string): boolean {
  return !Object.hasOwn(payload, "items") || itemIdsOf(payload).includes(item);
}

function lost(commit: Commit, item: string, because: string, added: Commit | undefined): Breach {
  const expected = `item ${item} in list ${commit.id}`;
  return {
    at: commit.at,
    expected,
    actual: `it is not there at ${commit.revision}`,
    because,
    evidence: [added, commit],
  };
}

function twice(commit: Commit, ids: readonly string[]): Breach {
  const doubled = ids.find((id, index) => ids.indexOf(id) !== index);
  const expected = `each item of list ${commit.id} once`;
  return {
    at: commit.at,
    expected,
    actual: `item ${doubled} stands twice`,
    because: tellCommit(commit),
    evidence: [commit],
  };
}

function unmerged(commit: Commit, exchanges: Witness["exchanges"]): Breach {
  const actual = commit.resolution ?? "no resolution";
  return {
    at: commit.at,
    expected: "resolution merged",
    actual,
    because: tellCommit(commit, exchanges.namedBy(commit)),
    evidence: [commit],
  };
}
