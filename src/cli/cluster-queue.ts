/**
 * Owns what a hunt and its workers agree on: the address of Redis, the name of the queue, and the form of an order.
 * Refuses to run one. A queue holds orders of one version of this program, so that no worker runs what it would play
 * differently from whoever asked.
 */

import { Redis } from "ioredis";
import { z } from "zod";
import { SECOND_MS } from "../base/time.ts";
import type { Job, JobResult } from "../exploration/campaign.ts";
import type { Ground } from "../exploration/ground.ts";
import type { ShrinkResult } from "../exploration/run-job.ts";
import { Plan } from "../simulation/plan.ts";
import { QueueUnreachable, shownAddress } from "./cluster-address.ts";
import { ownVersion } from "./version.ts";

/** What every key in Redis begins with. */
export const KEY_PREFIX = "zeke-sync";
/** A hunt that was not heard of for so long is over: nobody waits for its orders. */
export const HUNT_ALIVE_MS = 30 * SECOND_MS;
/** A worker that does not renew its hold of an order for so long is lost, and another one gets it. */
export const LOST_AFTER_MS = 10 * SECOND_MS;
/** So often may the worker of one order be lost, before the order itself is under suspicion. */
export const LOST_MAX = 10;

const CONNECT_MS_MAX = 5 * SECOND_MS;
const JOBS_MAX = 64;

/** Laid under a scenario that is checked when it is played. */
const GroundText = z.custom<Ground>((value) => typeof value === "object" && value !== null);
const OrderedJob = z.strictObject({
  index: z.number().int().min(0),
  plan: Plan,
  drawnFrom: z.number().int().optional(),
  ground: GroundText.optional(),
});
const OrderHead = { hunt: z.string(), fault: z.string().optional() };

/** What a hunt asks of a worker. */
export const Order = z.discriminatedUnion("order", [
  z.strictObject({ order: z.literal("run"), ...OrderHead, jobs: z.array(OrderedJob).max(JOBS_MAX) }),
  z.strictObject({
    order: z.literal("shrink"),
    ...OrderHead,
    rule: z.string(),
    job: OrderedJob,
    triesMax: z.number().int().min(0),
  }),
]);
export type Order = z.infer<typeof Order>;

/** What comes of an order; `abandoned`: its hunt was over before it was begun. */
export type Delivered =
  | { readonly delivered: "run"; readonly results: readonly JobResult[] }
  | { readonly delivered: "shrink"; readonly result: ShrinkResult }
  | { readonly delivered: "abandoned" };

/** The queue of hunts of this version. */
export function queueName(): string {
  return `explore-${ownVersion()}`;
}

/** Refreshed by a hunt for as long as it waits. */
export function huntKey(hunt: string): string {
  return `${KEY_PREFIX}:hunt:${hunt}`;
}

/** A job as it travels: members that are undefined do not. */
export function orderedJob(job: Job): z.infer<typeof OrderedJob> {
  const { index, plan, drawnFrom, ground } = job;
  return {
    index,
    plan,
    ...(drawnFrom !== undefined && { drawnFrom }),
    ...(ground !== undefined && { ground }),
  };
}

/** A connection that is up. QueueUnreachable when it cannot be had. */
export async function connectQueue(url: URL): Promise<Redis> {
  const redis = new Redis(url.href, {
    lazyConnect: true,
    connectTimeout: CONNECT_MS_MAX,
    // Asked for by BullMQ: what waits for an order waits through an outage.
    maxRetriesPerRequest: null,
    retryStrategy: () => null,
  });
  let why = "";
  redis.on("error", (error: Error) => {
    why = error.message;
  });
  try {
    await redis.connect();
    await redis.ping();
  } catch (error) {
    redis.disconnect();
    const text = why || (error instanceof Error ? error.message : String(error));
    throw new QueueUnreachable(
      `Redis at ${shownAddress(url)} cannot be reached (${text}): start it, or mend --queue`,
    );
  }
  // From now on an outage is waited for.
  redis.options.retryStrategy = (times) => Math.min(times * 100, 2 * SECOND_MS);
  return redis;
}
