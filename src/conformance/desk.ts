/**
 * Owns what a probe has in its hands during one run: actors, fresh ids, calls in few words, and the word of what
 * must hold. It keeps the exchanges for the report, and lets the watches look at each of them.
 * Refuses to know drivers: every wait is a step of the script.
 */

import { assert } from "../base/assert.ts";
import type { Entity } from "../protocol/entity.ts";
import type { RuleId } from "../protocol/rules/registry.ts";
import { Actor, type Ask } from "./actor.ts";
import { perform, type Script, type Violation } from "./probe.ts";
import { Reply } from "./reply.ts";
import type { Outcome, PushMode, PushView, SocketView, TargetFacts } from "./target.ts";
import { isLesser, type Watches } from "./watch.ts";

/** One thing that was done in a run, for steps and evidence. */
export interface Exchange {
  readonly ask: Ask;
  readonly outcome: Outcome;
  /** What was sent together has one number; what was sent after those answers has a larger one. */
  readonly round: number;
}

/** A socket of this run, for evidence: whose, under which path, and what came over it as far as somebody looked. */
export interface HeardSocket {
  readonly actor: Actor;
  readonly path: string;
  /** Grows while the socket is open; undefined: nobody looked. */
  view: SocketView | undefined;
}

/** A socket of an actor's. */
export interface Subscription {
  readonly actor: Actor;
  readonly socket: number;
}

/** What somebody found, without the rule. */
export type Finding = Omit<Violation, "rule">;

/** Calls that one run may make at most: a probe that loops is a fault of the suite. */
const EXCHANGES_MAX = 5_000;

export class Desk {
  readonly facts: TargetFacts;
  /** What every id of this run begins with, a dash behind it. */
  readonly runId: string;
  readonly exchanges: Exchange[] = [];
  /** The sockets of this run, by their number at the driver. */
  readonly sockets = new Map<number, HeardSocket>();
  /** How often each rule was put to the test in this run. */
  readonly exercised = new Map<RuleId, number>();
  /** The rule that a 5xx breaks just now, where a probe has brought the target into trouble by other means than input. */
  failureBreaks: RuleId = "API-2";
  /** The first thing that a watch saw broken and that only should be: what must be is judged on. */
  lesser: Violation | undefined;
  /** Exchanges up to it. */
  lesserAt = 0;
  private readonly watches: Watches;
  private ids = 0;
  private rounds = 0;

  /** `runId` begins every id that this run makes: short, of `A-Za-z0-9_.-`, and never used before. */
  constructor(facts: TargetFacts, runId: string, watches: Watches) {
    this.facts = facts;
    this.runId = runId;
    this.watches = watches;
  }

  /** A device of the first account, or of the second. The same name is the same device all through a run. */
  actor(name: string, account: 0 | 1 = 0): Actor {
    return new Actor(name, account, `${this.runId}-${name}`, this.facts.accounts[account].token);
  }

  /** An id that nobody used before: for records, keys, push tokens. */
  fresh(prefix: string): string {
    return `${this.runId}-${prefix}${++this.ids}`;
  }

  /** Whether this run made the thing with this id: others' records may stand beside ours. */
  owns(id: unknown): boolean {
    return typeof id === "string" && id.startsWith(`${this.runId}-`);
  }

  /** Sends one request; an indefinite outcome, a 429 or a 503 ends the run without a verdict. */
  *send(ask: Ask): Script<Reply> {
    const [reply] = yield* this.atOnce([ask]);
    assert(reply !== undefined, "one request has one outcome");
    return reply;
  }

  /** Sends all of them together; ends the run without a verdict when one outcome is indefinite. */
  *atOnce(asks: readonly Ask[]): Script<readonly Reply[]> {
    const outcomes = yield* this.outcomes(asks);
    const replies: Reply[] = [];
    for (const [at, outcome] of outcomes.entries()) {
      const ask = asks[at] as Ask;
      const reply = yield* this.definite(ask, outcome);
      replies.push(reply);
    }
    return replies;
  }

  /** Sends all of them together, and says of each how it ended. */
  *outcomes(asks: readonly Ask[]): Script<readonly Outcome[]> {
    const outcomes = yield* perform({ effect: "send", requests: asks.map(({ http }) => http) });
    assert(this.exchanges.length + asks.length <= EXCHANGES_MAX, "a run makes a bounded number of calls");
    const round = ++this.rounds;
    for (const [at, outcome] of outcomes.entries()) {
      const exchange = { ask: asks[at] as Ask, outcome, round };
      this.exchanges.push(exchange);
      const violation = this.watches.look(exchange, this);
      if (violation === undefined) continue;
      if (isLesser(violation)) {
        this.lesserAt ||= this.exchanges.length;
        this.lesser ??= violation;
      } else yield { effect: "violated", violation };
    }
    return outcomes;
  }

  /** Creates a record and insists that it worked: what a probe begins with. Answers its reply. */
  *made(actor: Actor, entity: Entity, fields: { readonly [field: string]: unknown }): Script<Reply> {
    const reply = yield* this.send(actor.create(entity, { id: this.fresh(entity[0] as string), ...fields }));
    yield* this.expect("API-1", reply.status === 201, {
      expected: `201 for a well-formed ${entity}`,
      actual: reply.says,
    });
    return reply;
  }

  /** Opens a socket; an upgrade that is refused or lost ends the run: under `rule` when one is broken by that. */
  *open(
    actor: Actor,
    query: { readonly since?: string | undefined; readonly entities?: readonly string[] | undefined } = {},
    rule: RuleId = "EVT-9",
  ): Script<Subscription> {
    const request = actor.upgrade(query);
    const upgrade = yield* perform({ effect: "open", request });
    if (upgrade.upgrade === "indefinite") return yield* this.discard("the upgrade was not answered");
    if (upgrade.upgrade === "refused") {
      const finding = { expected: "101, and a socket", actual: `${upgrade.status} on the upgrade` };
      yield { effect: "violated", violation: { rule, ...finding } };
      return yield* this.discard("the upgrade was refused");
    }
    this.sockets.set(upgrade.socket, { actor, path: request.path, view: undefined });
    return { actor, socket: upgrade.socket };
  }

  /** Waits until `until` holds of the socket, at most `withinMs` (patience is added); says what came. */
  *watch(
    { socket }: Subscription,
    until: (view: SocketView) => boolean,
    withinMs: number = 0,
  ): Script<SocketView> {
    const wanted = { effect: "watch", socket, until, withinMs: withinMs + this.facts.patienceMs } as const;
    const view = yield* perform(wanted);
    const heard = this.sockets.get(socket);
    if (heard !== undefined) heard.view = view;
    return view;
  }

  *say({ socket }: Subscription, text: string): Script<void> {
    yield* perform({ effect: "say", socket, text });
  }

  *close({ socket }: Subscription, how: "cleanly" | "abruptly" = "cleanly"): Script<void> {
    yield* perform({ effect: "close", socket, how });
  }

  *impair({ socket }: Subscription, how: "deaf" | "hears" | "mute"): Script<void> {
    yield* perform({ effect: "impair", socket, how });
  }

  /** Waits until `until` holds of what the push sink saw, at most `withinMs` (patience is added). */
  *pushes(until: (view: PushView) => boolean, withinMs: number): Script<PushView> {
    return yield* perform({ effect: "pushes", until, withinMs: withinMs + this.facts.patienceMs });
  }

  *pushMode(mode: PushMode): Script<void> {
    yield* perform({ effect: "push_mode", mode });
  }

  *wait(ms: number): Script<void> {
    yield* perform({ effect: "wait", ms });
  }

  *now(): Script<number> {
    return yield* perform({ effect: "now" });
  }

  /** What time it is for the target: what it compares with its own clock is stamped by this (QUE-16). */
  *targetNow(): Script<number> {
    return (yield* this.now()) + (this.facts.clockAheadMs ?? 0);
  }

  /** Takes a token away; only where the facts name one that can be. */
  *revoke(token: string): Script<void> {
    yield* perform({ effect: "revoke", token });
  }

  /** A webhook delivery of the backend, signed. */
  *signed(id: string, timestampSeconds: number, body: string): Script<string> {
    return yield* perform({ effect: "sign", id, timestamp: timestampSeconds, body });
  }

  /** Puts `rule` to the test: it counts as exercised, and where `holds` is false the run ends with a violation. */
  *expect(rule: RuleId, holds: boolean, finding: Finding): Script<void> {
    this.exercise(rule);
    if (!holds) yield { effect: "violated", violation: { rule, ...finding } };
  }

  /** Counts that what a rule speaks of has happened, where a watch or a later step judges it. */
  exercise(rule: RuleId): void {
    this.exercised.set(rule, (this.exercised.get(rule) ?? 0) + 1);
  }

  /** Ends the run without a verdict. */
  *discard(reason: string): Script<never> {
    yield { effect: "discarded", reason };
    return assert(false, "a script that was discarded is not resumed") as never;
  }

  private *definite(ask: Ask, outcome: Outcome): Script<Reply> {
    if (outcome.outcome === "indefinite") return yield* this.discard(`${ask.label}: ${outcome.reason}`);
    const { answer, sentAtMs, answeredAtMs } = outcome;
    if (answer.status === 429 || answer.status === 503)
      return yield* this.discard(`${ask.label}: answered ${answer.status}`);
    return new Reply(ask, answer, sentAtMs, answeredAtMs);
  }
}
