/**
 * Owns one run of works: the steps that they try out on the folds. When the run is over every step is taken back, and
 * waits in a parcel until Redis has taken it.
 * Refuses to know what becomes of the parcels.
 */

import { assert } from "../base/assert.ts";
import type { EpochMs } from "../base/time.ts";
import type { AccountId } from "../protocol/messages.ts";
import type { PendingReceipt } from "../proxy/push-store.ts";
import type { AccountFold, Former } from "./redis-fold.ts";
import { packStep, type Step } from "./redis-step.ts";

/** Texts in one stream entry: a script can hand over no more than some 8,000 values at once. */
const ENTRY_TEXTS_MAX = 2_000;

/** What one account is to be sent. */
export interface Parcel {
  readonly steps: readonly Step[];
  /** Kind, text, kind, text. What stands in one entry is stored, and read, at once. */
  readonly entries: readonly (readonly string[])[];
}

export const EMPTY_PARCEL: Parcel = { steps: [], entries: [] };

/** Steps that no reader may see apart [IDM-6]. */
interface Group {
  readonly account: AccountId;
  readonly fold: AccountFold | undefined;
  readonly steps: readonly Step[];
  readonly formers: readonly Former[];
  readonly texts: readonly string[];
}

export class Stage {
  /** What belongs to no account, receipts and the end of tokens, is for upkeep only. */
  readonly isUpkeep: boolean;
  /** The account as the works so far have left it; undefined when this instance has no replica of it. */
  readonly fold: (account: AccountId) => AccountFold | undefined;
  /** Receipts that were put, or dropped (undefined), by ticket. */
  readonly receipts = new Map<string, PendingReceipt | undefined>();
  /** Tokens that ended, whosever they are. */
  readonly ended: { readonly token: string; readonly sentAtMs: EpochMs }[] = [];
  private readonly groups: Group[] = [];
  /** UTF-16 units staged so far. */
  private lengthSoFar = 0;

  constructor(fold: (account: AccountId) => AccountFold | undefined, isUpkeep: boolean) {
    this.fold = fold;
    this.isUpkeep = isUpkeep;
  }

  get textLength(): number {
    return this.lengthSoFar;
  }

  /** Where this run is now. */
  get mark(): number {
    return this.groups.length;
  }

  /** Tries out steps that are stored together or not at all. */
  write(account: AccountId, steps: readonly Step[]): void {
    const fold = this.fold(account);
    assert(fold !== undefined || this.isUpkeep, "a work touches its own account only");
    const formers: Former[] = [];
    const texts: string[] = [];
    for (const step of steps) {
      // Packed before it is tried: what comes after it writes into a version.
      const pair = packStep(step);
      texts.push(...pair);
      this.lengthSoFar += pair[1].length;
      // A prune cannot be taken back, and nothing asks within a work what it came to.
      if (fold !== undefined && step.step !== "prune") formers.push(fold.apply(step));
    }
    this.groups.push({ account, fold, steps, formers, texts });
  }

  /** Takes back all that was tried after `mark`, the newest first, and forgets it. */
  rollBack(mark: number): void {
    this.takeBack(mark);
    this.groups.length = mark;
  }

  /** Ends the run: the folds are as they were, and what was staged is in parcels, by account. */
  finish(): ReadonlyMap<AccountId, Parcel> {
    this.takeBack(0);
    const parcels = new Map<AccountId, { steps: Step[]; entries: string[][] }>();
    for (const { account, steps, texts } of this.groups) {
      let parcel = parcels.get(account);
      if (parcel === undefined) {
        parcel = { steps: [], entries: [] };
        parcels.set(account, parcel);
      }
      parcel.steps.push(...steps);
      const open = parcel.entries.at(-1);
      if (open !== undefined && open.length + texts.length <= ENTRY_TEXTS_MAX) open.push(...texts);
      else parcel.entries.push([...texts]);
    }
    return parcels;
  }

  private takeBack(mark: number): void {
    for (let index = this.groups.length - 1; index >= mark; index--) {
      const group = this.groups[index] as Group;
      for (let at = group.formers.length - 1; at >= 0; at--)
        group.fold?.takeBack(group.formers[at] as Former);
    }
  }
}

/** A parcel of one step. */
export function parcelOf(step: Step): Parcel {
  return { steps: [step], entries: [packStep(step)] };
}
