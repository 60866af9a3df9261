/**
 * Owns the workers of a hunt that run elsewhere: orders go into a queue in Redis, results come back as they are done.
 * Refuses to know who works, how many they are, and how often one was lost: each order has one result, so that a hunt
 * comes to what it comes to on one machine.
 */

import { randomUUID } from "node:crypto";
import { type Job, Queue, QueueEvents } from "bullmq";
import type { Redis } from "ioredis";
import { SECOND_MS } from "../base/time.ts";
import type { JobResult, Round } from "../exploration/campaign.ts";
import { runShrink, type ShrinkJob, type ShrinkResult } from "../exploration/run-job.ts";
import {
  connectQueue,
  type Delivered,
  HUNT_ALIVE_MS,
  huntKey,
  KEY_PREFIX,
  type Order,
  orderedJob,
  queueName,
} from "./cluster-queue.ts";
import type { Crew } from "./explore-crew.ts";

/** Runs that travel together. */
const BATCH_SIZE = 4;
/** Without a worker for so long, whoever waits is told. */
const LONELY_MS = 5 * SECOND_MS;
/** How often one order is given out; each time but the last it was dropped by a worker that saw no hunt. */
const ASKED_MAX = 10;
/** A result that nobody fetched, of a hunt that was killed, goes away after so long. */
const KEPT_SECONDS = 3_600;

export interface ClusterOptions {
  readonly url: URL;
  readonly fault: string | undefined;
  /** Told once, when nobody works at the queue. */
  lonely(): void;
}

/** Opens the queue. QueueUnreachable when there is no Redis. */
export async function hireCluster(options: ClusterOptions): Promise<Crew> {
  const redis = await connectQueue(options.url);
  const crew = new ClusterCrew(redis, options);
  await crew.ready();
  return crew;
}

type Sent = Job<Order, Delivered>;

class ClusterCrew implements Crew {
  readonly workers = 0;
  private readonly hunt = randomUUID();
  private readonly redis: Redis;
  /** Events are waited for on a connection of their own. */
  private readonly listening: Redis;
  private readonly fault: string | undefined;
  private readonly queue: Queue<Order, Delivered>;
  private readonly events: QueueEvents;
  private readonly lonely: () => void;
  /** Orders without a result, and how each is given up. */
  private readonly open = new Map<Sent, () => void>();
  private timers: NodeJS.Timeout[] = [];
  private stopped = false;
  private sent = 0;

  constructor(redis: Redis, { fault, lonely }: ClusterOptions) {
    this.redis = redis;
    this.fault = fault;
    this.lonely = lonely;
    const settings = { prefix: KEY_PREFIX, connection: redis };
    this.queue = new Queue(queueName(), settings);
    this.listening = redis.duplicate();
    this.events = new QueueEvents(queueName(), { prefix: KEY_PREFIX, connection: this.listening });
    this.queue.on("error", ignoreOutage);
    this.events.on("error", ignoreOutage);
    // Each order that is waited for listens.
    this.events.setMaxListeners(0);
    this.queue.setMaxListeners(0);
  }

  async ready(): Promise<void> {
    await Promise.all([this.queue.waitUntilReady(), this.events.waitUntilReady()]);
    await this.beat();
    this.timers = [
      setInterval(() => void this.beat().catch(ignoreOutage), HUNT_ALIVE_MS / 3),
      setTimeout(() => void this.lookForWorkers().catch(ignoreOutage), LONELY_MS),
    ];
  }

  async run(round: Round): Promise<readonly JobResult[]> {
    const batches: Promise<readonly JobResult[]>[] = [];
    for (let from = 0; from < round.length; from += BATCH_SIZE) {
      const jobs = round.slice(from, from + BATCH_SIZE).map(orderedJob);
      batches.push(this.ask({ order: "run", ...this.head(), jobs }).then(resultsOf));
    }
    return (await Promise.all(batches)).flat();
  }

  async shrink({ rule, job, triesMax, fault }: ShrinkJob): Promise<ShrinkResult> {
    const delivered = await this.ask({
      order: "shrink",
      ...this.head(),
      rule,
      job: orderedJob(job),
      triesMax,
    });
    if (delivered?.delivered === "shrink") return delivered.result;
    // Nobody did it in time: as it was found, played once more.
    return runShrink({ rule, job, fault, triesMax: 0 }, () => true);
  }

  stop(): void {
    this.stopped = true;
    for (const giveUp of this.open.values()) giveUp();
  }

  async close(): Promise<void> {
    for (const timer of this.timers) clearTimeout(timer);
    await Promise.allSettled([...this.open.keys()].map((job) => job.remove()));
    await this.redis.del(huntKey(this.hunt)).catch(ignoreOutage);
    await Promise.allSettled([this.events.close(), this.queue.close()]);
    // BullMQ leaves connections open that it was given.
    this.listening.disconnect();
    this.redis.disconnect();
  }

  private head(): Pick<Order, "hunt" | "fault"> {
    return { hunt: this.hunt, ...(this.fault !== undefined && { fault: this.fault }) };
  }

  /** The result of an order, once; undefined when the hunt was stopped before. */
  private async ask(order: Order): Promise<Delivered | undefined> {
    for (let asked = 0; asked < ASKED_MAX; asked++) {
      const delivered = await this.askOnce(order);
      if (delivered?.delivered !== "abandoned") return delivered;
      // Redis was away for longer than the sign of this hunt's life holds: what was dropped meanwhile is wanted still.
      await this.beat();
    }
    throw new Error(`workers gave up an order ${ASKED_MAX} times, as if this hunt were over`);
  }

  private async askOnce(order: Order): Promise<Delivered | undefined> {
    if (this.stopped) return undefined;
    const jobId = `${this.hunt}-${this.sent++}`;
    const options = { jobId, removeOnComplete: { age: KEPT_SECONDS }, removeOnFail: { age: KEPT_SECONDS } };
    const job = await this.queue.add(order.order, order, options);
    const givenUp = new Promise<undefined>((resolve) => this.open.set(job, () => resolve(undefined)));
    if (this.stopped) this.open.get(job)?.();
    const finished = job.waitUntilFinished(this.events);
    // When it is given up, nobody asks how it ended.
    finished.catch(() => {});
    const delivered = await Promise.race([finished, givenUp]);
    if (delivered !== undefined) {
      this.open.delete(job);
      await job.remove().catch(() => {});
    }
    return delivered;
  }

  private async beat(): Promise<void> {
    await this.redis.set(huntKey(this.hunt), "1", "PX", HUNT_ALIVE_MS);
  }

  private async lookForWorkers(): Promise<void> {
    if ((await this.queue.getWorkersCount()) === 0) this.lonely();
  }
}

function resultsOf(delivered: Delivered | undefined): readonly JobResult[] {
  return delivered?.delivered === "run" ? delivered.results : [];
}

/** Redis was away for a moment: the connection comes back by itself, and what waits goes on. */
function ignoreOutage(): void {}
