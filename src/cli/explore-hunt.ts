/**
 * Owns the course of a hunt: rounds handed to the crew, results taken in, findings shrunk one after the other.
 * Refuses to know threads, terminals and files. What it comes to follows from the seed and the number of runs alone.
 */

import type { Campaign, Finding } from "../exploration/campaign.ts";
import type { ShrinkResult } from "../exploration/run-job.ts";
import type { Crew } from "./explore-crew.ts";

/** Findings that are shrunk; those that come later are kept as they were found. */
const SHRUNK_MAX = 12;
/** Plans that one shrinking may try. */
const TRIES_MAX = 600;

/** A finding with its smallest plan. */
export interface Caught {
  readonly finding: Finding;
  readonly shrunk: ShrinkResult;
  /** Findings that this plan shows too, or that shrank to the like of it: one cause. */
  readonly along: readonly Finding[];
}

export interface HuntWatch {
  /** No more rounds are wanted. Asked before each. */
  isOver(): boolean;
  /** A round was taken in. */
  advanced(): void;
}

/** Hunts until the runs are done or `watch` says so; the findings in the order in which they were made. */
export async function hunt(
  campaign: Campaign,
  crew: Crew,
  fault: string | undefined,
  watch: HuntWatch,
): Promise<readonly Caught[]> {
  const catches = new Catches(crew, fault);
  let round = campaign.nextRound();
  let running = crew.run(round);
  while (round.length > 0) {
    // The next round is drawn before this one is taken in, always: so nobody waits for the slowest of each.
    const next = watch.isOver() ? [] : campaign.nextRound();
    const later = crew.run(next);
    // Whoever fails first is told by the await below.
    later.catch(() => {});
    for (const finding of campaign.take(round, await running)) catches.add(finding);
    watch.advanced();
    round = next;
    running = later;
  }
  return catches.all();
}

/** Shrinks one finding at a time, in the order of their making: an earlier one may explain a later one. */
class Catches {
  private readonly crew: Crew;
  private readonly fault: string | undefined;
  private readonly caught: { finding: Finding; shrunk: ShrinkResult; along: Finding[] }[] = [];
  private chain: Promise<void> = Promise.resolve();

  constructor(crew: Crew, fault: string | undefined) {
    this.crew = crew;
    this.fault = fault;
  }

  add(finding: Finding): void {
    this.chain = this.chain.then(() => this.shrink(finding));
    // Told by all().
    this.chain.catch(() => {});
  }

  async all(): Promise<readonly Caught[]> {
    await this.chain;
    return this.caught;
  }

  private async shrink(finding: Finding): Promise<void> {
    const { rule, shape, first: job } = finding;
    if (this.explains(rule, shape, finding)) return;
    const triesMax = this.caught.length < SHRUNK_MAX ? TRIES_MAX : 0;
    const shrunk = await this.crew.shrink({ rule, job, fault: this.fault, triesMax });
    // What is left when all that does not matter is gone may be known.
    const left = shrunk.broken.find((one) => one.rule === rule);
    if (left === undefined || !this.explains(rule, left.shape, finding))
      this.caught.push({ finding, shrunk, along: [] });
  }

  /** Whether a plan that was shrunk before shows a breach of this shape; then the finding goes with it. */
  private explains(rule: string, shape: string, finding: Finding): boolean {
    const cause = this.caught.find(({ shrunk }) =>
      shrunk.broken.some((other) => other.rule === rule && other.shape === shape),
    );
    cause?.along.push(finding);
    return cause !== undefined;
  }
}
