/**
 * Owns what the history tells of requests: which are on their way, and what became of each idempotency key.
 * Refuses to judge. Keys are forgotten some time after they were last heard of, as the protocol allows [IDM-10].
 */

import { DAY_MS, type EpochMs } from "../base/time.ts";
import type { FactOf, MutationResult, SentMutation } from "../history/facts.ts";
import type { Fields } from "../protocol/entity.ts";
import type { Commit } from "./commits.ts";
import { ByIndex } from "./define.ts";

/** A key that was not heard of for this long may be forgotten, by proxies and here [IDM-10]. */
export const KEY_KEPT_MS = 7 * DAY_MS;

export type ExchangeFact = FactOf<"committed" | "sent" | "answered" | "unanswered" | "killed">;

/** An answer that the proxy must remember [IDM-5]. */
interface Remembered {
  readonly result: MutationResult;
  readonly answered: FactOf<"answered">;
}

/** What became of one idempotency key of an account. */
export interface KeyState {
  readonly key: string;
  /** As it was last sent. */
  mutation: SentMutation | undefined;
  sends: number;
  firstSent: FactOf<"sent"> | undefined;
  /** Head of the account's log when it was first sent. */
  firstHead: string | undefined;
  commit: Commit | undefined;
  commits: number;
  /** The first answer that must be remembered. */
  remembered: Remembered | undefined;
}

/** A request that was sent and not yet answered. */
export interface Pending {
  readonly sent: FactOf<"sent">;
  /** Head of the account's log when it was sent. */
  readonly head: string | undefined;
  /** Whether each mutation's key was never sent before. */
  readonly fresh: readonly boolean[];
}

/** A mutation of an answered request with its result. */
export interface Answered {
  readonly answered: FactOf<"answered">;
  readonly pending: Pending;
  readonly mutation: SentMutation;
  readonly result: MutationResult;
  readonly fresh: boolean;
  readonly state: KeyState;
}

const NO_ANSWERS: readonly Answered[] = [];
const NOTHING_FRESH: readonly boolean[] = [];

/** Requests and keys of all devices and accounts. */
export class Exchanges {
  /** The request that the newest `answered` belongs to; undefined when it is not known any more. */
  pending: Pending | undefined;
  /** The mutations that the newest `answered` answers, each with its result. */
  answers: readonly Answered[] = NO_ANSWERS;
  /** The same, and those of requests that were altered on the way: what they show, whatever was asked, must be right. */
  bodies: readonly Answered[] = NO_ANSWERS;
  private readonly keys = new ByIndex<Keys>(() => new Keys());
  private readonly onTheirWay = new ByIndex<Map<number, Pending>>(() => new Map());
  private readonly heads = new ByIndex<{ head: string | undefined }>(() => ({ head: undefined }));

  take(fact: ExchangeFact): void {
    switch (fact.fact) {
      case "committed":
        this.committed(fact);
        return;
      case "sent":
        this.sent(fact);
        return;
      case "answered":
        this.answered(fact);
        return;
      case "unanswered":
        this.onTheirWay.of(fact.device).delete(fact.request);
        return;
      case "killed":
        this.onTheirWay.reset(fact.device);
    }
  }

  /** What became of a key; undefined when it was never heard of, or not for long. */
  key(account: number, key: string): KeyState | undefined {
    return this.keys.find(account)?.find(key);
  }

  /**
   * The revision that the author of a commit said to know: as the device sent it, for the proxy may have looked away;
   * else as the proxy resolved it.
   */
  namedBy(commit: Commit): string | undefined {
    const sent = commit.key === undefined ? undefined : this.key(commit.account, commit.key)?.mutation;
    return sent?.ifMatch ?? commit.ifMatch;
  }

  /** What the author of a commit sent; undefined for a deletion, and where it is not known. */
  payloadOf({ account, key }: Commit): Fields | undefined {
    return key === undefined ? undefined : this.key(account, key)?.mutation?.payload;
  }

  /** True for a write that named in If-Match another revision than the record's. */
  isStale(commit: Commit): boolean {
    const named = this.namedBy(commit);
    return commit.action !== "created" && named !== undefined && named !== "*" && named !== commit.previous;
  }

  private committed(commit: Commit): void {
    this.heads.of(commit.account).head = commit.revision;
    if (commit.key === undefined) return;
    const state = this.keys.of(commit.account).of(commit.key, commit.at);
    state.commit ??= commit;
    state.commits++;
  }

  private sent(sent: FactOf<"sent">): void {
    const { head } = this.heads.of(sent.account);
    if (sent.mutations.length === 0) {
      this.onTheirWay.of(sent.device).set(sent.request, { sent, head, fresh: NOTHING_FRESH });
      return;
    }
    const keys = this.keys.of(sent.account);
    const fresh: boolean[] = [];
    for (const mutation of sent.mutations) {
      const state = keys.of(mutation.key, sent.at);
      fresh.push(state.sends === 0);
      state.mutation = sent.altered ? withoutIfMatch(mutation) : mutation;
      state.sends++;
      if (state.firstSent !== undefined) continue;
      state.firstSent = sent;
      state.firstHead = head;
    }
    this.onTheirWay.of(sent.device).set(sent.request, { sent, head, fresh });
  }

  private answered(answered: FactOf<"answered">): void {
    const flights = this.onTheirWay.of(answered.device);
    const pending = flights.get(answered.request);
    flights.delete(answered.request);
    this.pending = pending;
    this.answers = NO_ANSWERS;
    this.bodies = NO_ANSWERS;
    if (pending === undefined || answered.results.length === 0) return;
    // The proxy answered what came to it, and nobody here knows what that was.
    const { altered } = pending.sent;
    const keys = this.keys.of(answered.account);
    const answers: Answered[] = [];
    for (let i = 0; i < answered.results.length; i++) {
      const result = answered.results[i] as MutationResult;
      const index = indexOf(pending.sent.mutations, result.key, i);
      const mutation = pending.sent.mutations[index];
      if (mutation === undefined) continue;
      const state = keys.of(result.key, answered.at);
      if (!altered && state.remembered === undefined && isRemembered(result))
        state.remembered = { result, answered };
      answers.push({ answered, pending, mutation, result, fresh: pending.fresh[index] === true, state });
    }
    this.bodies = answers;
    if (!altered) this.answers = answers;
  }
}

/** Keys of one account, in two generations: what neither holds was not heard of for KEY_KEPT_MS. */
class Keys {
  private young = new Map<string, KeyState>();
  private old = new Map<string, KeyState>();
  private since: EpochMs | undefined;

  find(key: string): KeyState | undefined {
    return this.young.get(key) ?? this.old.get(key);
  }

  of(key: string, at: EpochMs): KeyState {
    this.since ??= at;
    if (at - this.since > KEY_KEPT_MS) {
      this.old = this.young;
      this.young = new Map();
      this.since = at;
    }
    const there = this.young.get(key);
    if (there) return there;
    const state = this.old.get(key) ?? newKey(key);
    this.young.set(key, state);
    return state;
  }
}

/** What somebody on the way took off, or spoiled, the proxy never saw. */
function withoutIfMatch(mutation: SentMutation): SentMutation {
  return { ...mutation, ifMatch: undefined };
}

function newKey(key: string): KeyState {
  const unknown = { mutation: undefined, firstSent: undefined, firstHead: undefined, commit: undefined };
  return { key, ...unknown, sends: 0, commits: 0, remembered: undefined };
}

/** [IDM-5] 2xx, `conflict` and `already_exists` are remembered; all else leaves the key free. */
export function isRemembered(result: MutationResult): boolean {
  return isSuccess(result.status) || isRefusedForGood(result);
}

/** 409 by a decision that is remembered: this key can never have an effect [IDM-5]. */
export function isRefusedForGood(result: MutationResult): boolean {
  return result.status === 409 && (result.error === "conflict" || result.error === "already_exists");
}

/** 2xx. */
export function isSuccess(status: number): boolean {
  return status >= 200 && status < 300;
}

function indexOf(mutations: readonly SentMutation[], key: string, guess: number): number {
  return mutations[guess]?.key === key ? guess : mutations.findIndex((mutation) => mutation.key === key);
}
