/**
 * Owns the command `worker`: takes orders of hunts from a queue in Redis, has threads carry them out, hands results in.
 * Refuses to decide what is run, and to keep anything: a worker may be killed at any time, and another one does what it
 * had not handed in.
 */

import { hostname } from "node:os";
import { type Job, WaitingError, Worker } from "bullmq";
import type { Redis } from "ioredis";
import { SECOND_MS } from "../base/time.ts";
import type { JobResult } from "../exploration/campaign.ts";
import type { ShrinkResult } from "../exploration/run-job.ts";
import { formatCount } from "../report/numbers.ts";
import { QueueUnreachable, queueAddress, shownAddress } from "./cluster-address.ts";
import {
  connectQueue,
  type Delivered,
  huntKey,
  KEY_PREFIX,
  LOST_AFTER_MS,
  LOST_MAX,
  Order,
  queueName,
} from "./cluster-queue.ts";
import { EXIT, type ExitCode } from "./exit.ts";
import { SHRINK_MS_MAX } from "./explore-crew.ts";
import type { StopFlag } from "./explore-worker.ts";
import { checkWritable, writeNamed } from "./folder.ts";
import type { Io } from "./io.ts";
import { openStatusLine } from "./progress.ts";
import { openThreads, workersByDefault } from "./threads.ts";

/** How often it is looked whether there was nothing to do for long enough. */
const IDLE_LOOK_MS = SECOND_MS / 2;

/** What the command line asked for. */
export interface WorkerOptions {
  readonly queue: string;
  readonly workers: number | undefined;
  /** Ends after so long with nothing to do; undefined: works until it is told to stop. */
  readonly idleMs: number | undefined;
  readonly json: string | undefined;
  readonly quiet: boolean;
  readonly color: boolean;
}

/** Works until it is interrupted or idle. UsageFault for a wrong address. */
export async function work(options: WorkerOptions, io: Io): Promise<ExitCode> {
  const url = queueAddress(options.queue, io.env);
  const { json } = options;
  if (json !== undefined && json !== "-") checkWritable(json, io.cwd);
  try {
    const redis = await connectQueue(url);
    return await serveQueue(
      new Bench(options.workers ?? workersByDefault(), redis),
      options,
      shownAddress(url),
      io,
    );
  } catch (error) {
    if (!(error instanceof QueueUnreachable)) throw error;
    io.stderr.write(`${error.message}\n`);
    return EXIT.unreachable;
  }
}

async function serveQueue(bench: Bench, options: WorkerOptions, address: string, io: Io): Promise<ExitCode> {
  await bench.open();
  const ending = new Ending(bench, options.idleMs, io);
  const told = { schema: "zeke-sync/worker@1", queue: address, workers: bench.threads };
  const { json } = options;
  if (json !== undefined && json !== "-") writeNamed(json, `${JSON.stringify(told)}\n`, io.cwd);
  if (json === "-") io.stdout.write(`${JSON.stringify(told)}\n`);
  else if (!options.quiet)
    io.stdout.write(`working at ${address} with ${bench.threads} threads: Ctrl-C ends it\n`);
  const line = await openStatusLine(io, "worker", !options.quiet, options.color);
  const show = setInterval(() => line.update(() => bench.tally()), IDLE_LOOK_MS);
  await ending.came;
  clearInterval(show);
  line.stop();
  await bench.close();
  if (!options.quiet && options.json !== "-") io.stdout.write(`${bench.tally()}\n`);
  return EXIT.good;
}

/** When it is time to go: when told, or when there was nothing to do for long enough. */
class Ending {
  readonly came: Promise<void>;

  constructor(bench: Bench, idleMs: number | undefined, io: Io) {
    this.came = new Promise((resolve) => {
      let interrupts = 0;
      const timer = setInterval(() => {
        if (idleMs !== undefined && bench.idleForMs() >= idleMs) end();
      }, IDLE_LOOK_MS);
      const end = () => {
        clearInterval(timer);
        resolve();
      };
      io.onInterrupt(() => {
        interrupts++;
        bench.stop();
        end();
        if (interrupts > 1) io.exitNow(EXIT.interrupted);
      });
    });
  }
}

/** The threads of one worker, and its hold on the queue. */
class Bench {
  readonly threads: number;
  private readonly redis: Redis;
  private readonly own: Redis;
  private readonly flag: StopFlag = new Int32Array(new SharedArrayBuffer(4));
  private readonly pool: ReturnType<typeof openThreads>;
  private readonly worker: Worker<unknown, Delivered>;
  private atWork = 0;
  private runs = 0;
  private shrinks = 0;
  private lastBusyMs = 0;

  constructor(threads: number, redis: Redis) {
    this.threads = threads;
    this.redis = redis;
    this.own = redis.duplicate();
    this.pool = openThreads("explore-worker", threads);
    this.worker = new Worker(queueName(), (job, token) => this.carryOut(job, token), {
      prefix: KEY_PREFIX,
      name: `${hostname()}-${process.pid}`,
      connection: this.own,
      concurrency: threads,
      autorun: false,
      lockDuration: LOST_AFTER_MS,
      stalledInterval: LOST_AFTER_MS / 2,
      maxStalledCount: LOST_MAX,
      drainDelay: 1,
    });
    // Redis was away for a moment: it goes on by itself.
    this.worker.on("error", () => {});
  }

  async open(): Promise<void> {
    await this.worker.waitUntilReady();
    this.lastBusyMs = performance.now();
    // Ends when the worker is closed.
    void this.worker.run().catch(() => {});
  }

  /** Work at hand ends soon; what was done of it is not handed in as if it were all. */
  stop(): void {
    Atomics.store(this.flag, 0, 1);
  }

  async close(): Promise<void> {
    await this.worker.close();
    await this.pool.destroy();
    // BullMQ leaves connections open that it was given.
    this.own.disconnect();
    this.redis.disconnect();
  }

  idleForMs(): number {
    return this.atWork > 0 ? 0 : performance.now() - this.lastBusyMs;
  }

  tally(): string {
    return `${formatCount(this.runs)} runs, ${formatCount(this.shrinks)} findings shrunk`;
  }

  private async carryOut(job: Job<unknown, Delivered>, token: string | undefined): Promise<Delivered> {
    this.atWork++;
    try {
      const order = Order.parse(job.data);
      if ((await this.redis.exists(huntKey(order.hunt))) === 0) return { delivered: "abandoned" };
      const delivered = order.order === "run" ? await this.runAll(order) : await this.shrink(order);
      if (Atomics.load(this.flag, 0) === 0) return delivered;
      // Half an order is none: another worker has to have it whole.
      await job.moveToWait(token);
      throw new WaitingError();
    } finally {
      this.atWork--;
      this.lastBusyMs = performance.now();
    }
  }

  private async runAll({ jobs, fault }: Extract<Order, { order: "run" }>): Promise<Delivered> {
    const batch = { jobs, fault, stop: this.flag };
    const results: readonly JobResult[] = await this.pool.run(batch, { name: "runBatch" });
    this.runs += results.length;
    return { delivered: "run", results };
  }

  private async shrink({
    rule,
    job,
    fault,
    triesMax,
  }: Extract<Order, { order: "shrink" }>): Promise<Delivered> {
    const shrinking = { job: { rule, job, fault, triesMax }, forMs: SHRINK_MS_MAX, stop: this.flag };
    const result: ShrinkResult = await this.pool.run(shrinking, { name: "shrinkOne" });
    this.shrinks++;
    return { delivered: "shrink", result };
  }
}
