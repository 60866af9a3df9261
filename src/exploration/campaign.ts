/**
 * Owns a hunt: which plan is run next, what it taught, and what was found so far, violations of one shape as one.
 * Refuses to run anything: workers do, in any number. Plans are handed out in rounds and results taken in by round,
 * so that one seed gives the same hunt on one worker and on eight.
 */

import { hashString, stream } from "../base/prng.ts";
import type { Plan } from "../simulation/plan.ts";
import { type Ground, grounded } from "./ground.ts";
import { perturb } from "./perturb.ts";
import { planOfSeed } from "./plan-arbitrary.ts";

/** One plan to be run. A drawn one has its seed, for fast-check to shrink it. */
export interface Job {
  readonly index: number;
  readonly plan: Plan;
  readonly drawnFrom: number | undefined;
  /** What its world was laid on; undefined: on nothing. */
  readonly ground: Ground | undefined;
}

/** Jobs that are handed out together. */
export type Round = readonly Job[];

/** What a run brought. */
export interface JobResult {
  readonly index: number;
  readonly behaviours: readonly string[];
  readonly broken: readonly Breach[];
  readonly exercised: readonly string[];
  readonly events: number;
}

/** A rule that a run broke, in words. */
export interface Breach {
  readonly rule: string;
  readonly expected: string;
  readonly actual: string;
  readonly because: string;
}

/** All violations of one rule and one shape. */
export interface Finding {
  readonly rule: string;
  readonly shape: string;
  readonly first: Job;
  readonly breach: Breach;
  count: number;
}

export interface CampaignOptions {
  readonly seed: number;
  /** Runs at most. */
  readonly runsMax: number;
  /** Of all runs, those whose index falls to this shard: `index` from 0. */
  readonly shard?: { readonly index: number; readonly of: number };
  /** Worlds that plans are played in, by turns. */
  readonly grounds?: readonly Ground[];
}

/** Plans that are handed out together. */
const ROUND_SIZE = 32;
/** Every so many runs one is a neighbour of a run that went somewhere new. */
const PERTURBED_EVERY = 4;
const CORPUS_MAX = 256;
const FINDINGS_MAX = 200;

export class Campaign {
  readonly behaviours = new Set<string>();
  readonly exercised = new Map<string, number>();
  /** In how many runs each kind of thing was done. */
  readonly deeds = new Map<string, number>();
  private readonly found = new Map<string, Finding>();
  private readonly options: CampaignOptions;
  private readonly corpus: Plan[] = [];
  private next = 0;
  private done = 0;
  private eventCount = 0;

  constructor(options: CampaignOptions) {
    this.options = options;
  }

  get runs(): number {
    return this.done;
  }

  /** Runs that were drawn so far, those of other shards counted: so many of them are the same hunt again. */
  get drawn(): number {
    return this.next;
  }

  get events(): number {
    return this.eventCount;
  }

  /** In the order in which they were found first. */
  get findings(): readonly Finding[] {
    return [...this.found.values()];
  }

  /**
   * The next plans; empty when the hunt is over. What they are follows from the rounds that were taken in before, so
   * that whoever hunts asks and takes in one fixed order.
   */
  nextRound(): Round {
    const round: Job[] = [];
    while (round.length < ROUND_SIZE && this.next < this.options.runsMax) {
      const index = this.next++;
      if (this.isMine(index)) round.push(this.jobOf(index));
    }
    return round;
  }

  /** Takes in the results of a round, in any order; says which findings are new. Jobs without a result were not run. */
  take(round: Round, results: readonly JobResult[]): readonly Finding[] {
    const news: Finding[] = [];
    const byIndex = new Map(results.map((result) => [result.index, result]));
    for (const job of round) {
      const result = byIndex.get(job.index);
      if (result === undefined) continue;
      this.done++;
      this.eventCount += result.events;
      this.learn(job, result);
      for (const deed of new Set(job.plan.actions.map((action) => action.deed.do)))
        this.deeds.set(deed, (this.deeds.get(deed) ?? 0) + 1);
      for (const rule of result.exercised) this.exercised.set(rule, (this.exercised.get(rule) ?? 0) + 1);
      for (const breach of result.broken) news.push(...this.file(job, breach));
    }
    return news;
  }

  private learn({ plan }: Job, { behaviours }: JobResult): void {
    const before = this.behaviours.size;
    for (const name of behaviours) this.behaviours.add(name);
    if (this.behaviours.size > before && this.corpus.length < CORPUS_MAX) this.corpus.push(plan);
  }

  private file(job: Job, breach: Breach): readonly Finding[] {
    const shape = shapeOf(breach);
    const key = `${breach.rule} ${shape}`;
    const known = this.found.get(key);
    if (known !== undefined) known.count++;
    if (known !== undefined || this.found.size >= FINDINGS_MAX) return [];
    const finding = { rule: breach.rule, shape, first: job, breach, count: 1 };
    this.found.set(key, finding);
    return [finding];
  }

  private jobOf(index: number): Job {
    const random = stream(this.options.seed, `run-${index}`);
    if (index % PERTURBED_EVERY === PERTURBED_EVERY - 1 && this.corpus.length > 0) {
      const plan = perturb(random.pick(this.corpus), random.pick(this.corpus), random);
      return { index, plan, drawnFrom: undefined, ground: undefined };
    }
    const drawnFrom = random.below(0x7fff_ffff);
    const { grounds = [] } = this.options;
    const ground = grounds.length === 0 ? undefined : random.pick(grounds);
    return { index, plan: grounded(planOfSeed(drawnFrom), ground), drawnFrom, ground };
  }

  private isMine(index: number): boolean {
    const { shard, seed } = this.options;
    return shard === undefined || hashString(`${seed}/${index}`, SHARD_BASIS) % shard.of === shard.index;
  }
}

const SHARD_BASIS = 0x5eed;

/**
 * The words of a breach without what differs from run to run: ids, revisions, numbers, texts, and which entity was
 * written how. So one cause is one shape; two that only differ in the entity are told apart once the first is mended.
 */
export function shapeOf({ expected, actual }: Pick<Breach, "expected" | "actual">): string {
  return `${expected} | ${actual}`
    .replace(/rev_[0-9a-z_]+/g, "R")
    .replace(/"[^"]*"/g, "T")
    .replace(/\b[a-z]+_[a-z0-9_]*\d[a-z0-9_]*/gi, "I")
    .replace(/\b[a-z]+-?\d[\w@.-]*/gi, "I")
    .replace(/\{[^{}]*\}/g, "F")
    .replace(/\b(contact|task|list)s?\b/g, "E")
    .replace(/\b(create|update|delete)\b/g, "O")
    .replace(/\b(name|title|phone|notes|done|items?) is\b/g, "L is")
    .replace(/\bis (null|true|false|T|F)\b/g, "is V")
    .replace(/\d+/g, "N")
    .slice(0, 200);
}
