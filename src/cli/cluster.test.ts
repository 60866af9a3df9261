import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { Queue, QueueEvents } from "bullmq";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { HAS_REDIS, type RedisServer, startRedis, titled } from "../live/redis-server.fixture.ts";
import { KEY_PREFIX, queueName } from "./cluster-queue.ts";
import { Outside, runFake } from "./outside.fixture.ts";

const MAIN = new URL("./main.ts", import.meta.url).pathname;
const HUNT = ["explore", "--runs", "160", "--seed", "3", "--fault", "contacts-unguarded", "--quiet"];
/** Looks at the queue, at most, until a worker is seen at work. */
const LOOKS_MAX = 20_000;

let redis: RedisServer;
const workers: ChildProcess[] = [];
let io: Outside;

beforeAll(async () => {
  if (HAS_REDIS) redis = await startRedis();
});
afterAll(async () => {
  if (HAS_REDIS) await redis.stop();
});
beforeEach(() => {
  io = new Outside();
});
afterEach(() => {
  for (const worker of workers.splice(0)) worker.kill("SIGKILL");
  io.remove();
});

async function startWorker(...more: readonly string[]): Promise<ChildProcess> {
  const args = [MAIN, "worker", "--queue", redis.url, "--workers", "1", ...more];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  workers.push(child);
  await once(child.stdout as NonNullable<typeof child.stdout>, "data");
  return child;
}

/** A report but for what a clock tells. */
function timeless(): string {
  const path = join(io.cwd, "reports/latest/report.json");
  const { timing: _, ...rest } = JSON.parse(readFileSync(path, "utf8"));
  return JSON.stringify(rest);
}

/** Kills the worker while an order is in its hands. */
async function killAtWork(worker: ChildProcess, queue: Queue): Promise<void> {
  const name = `${hostname()}-${worker.pid}`;
  const isAtWork = async () => (await queue.getJobs(["active"])).some((job) => job?.processedBy === name);
  for (let looks = 0; looks < LOOKS_MAX; looks++) {
    if (!(await isAtWork())) continue;
    worker.kill("SIGSTOP");
    if (await isAtWork()) {
      worker.kill("SIGKILL");
      return;
    }
    worker.kill("SIGCONT");
  }
  throw new Error("the worker was never seen at work");
}

describe.runIf(HAS_REDIS)("a hunt over workers elsewhere", () => {
  test("three workers, one of them killed at work: the report of a single process, but for times", async () => {
    await runFake([...HUNT, "--workers", "2"], io);
    const single = timeless();
    const connection = { host: "127.0.0.1", port: redis.port };
    const queue = new Queue(queueName(), { prefix: KEY_PREFIX, connection });
    const events = new QueueEvents(queueName(), { prefix: KEY_PREFIX, connection });
    await events.waitUntilReady();
    let lost = 0;
    events.on("stalled", () => lost++);
    const [first] = await Promise.all([startWorker(), startWorker(), startWorker()]);
    const hunting = runFake([...HUNT, "--queue", redis.url], io);
    await killAtWork(first as ChildProcess, queue);
    expect(await hunting).toBe(1);
    expect(timeless()).toBe(single);
    expect(lost).toBeGreaterThan(0);
    expect(await queue.getJobCounts("waiting", "active", "completed", "failed")).toEqual({
      waiting: 0,
      active: 0,
      completed: 0,
      failed: 0,
    });
    await Promise.all([events.close(), queue.close()]);
  }, 240_000);

  test("without a worker the hunt says so, and goes on when one comes; an idle worker ends by itself", async () => {
    const hunting = runFake(["explore", "--runs", "8", "--queue", redis.url], io);
    await expect
      .poll(() => io.stderr.text, { timeout: 20_000 })
      .toContain("no worker of this version is at redis://");
    const worker = await startWorker("--idle", "2s");
    expect(await hunting).toBe(0);
    const [code] = worker.exitCode === null ? await once(worker, "exit") : [worker.exitCode];
    expect(code).toBe(0);
  });

  test("what workers dropped while Redis did not know of the hunt is asked for again", async () => {
    const hunting = runFake(["explore", "--runs", "8", "--queue", redis.url], io);
    const waiting = `${KEY_PREFIX}:${queueName()}:wait`;
    await expect.poll(() => redis.admin.llen(waiting)).toBeGreaterThan(0);
    const [sign = ""] = await redis.admin.keys(`${KEY_PREFIX}:hunt:*`);
    expect(await redis.admin.del(sign)).toBe(1);
    await startWorker();
    expect(await hunting).toBe(0);
    expect(JSON.parse(timeless())).toMatchObject({ runs: 8 });
  });

  test("Ctrl-C ends a hunt that waits, and leaves nothing in the queue", async () => {
    const hunting = runFake(["explore", "--runs", "8", "--queue", redis.url], io);
    await expect.poll(() => redis.admin.keys(`${KEY_PREFIX}:hunt:*`)).toHaveLength(1);
    expect(io.interrupt()).toBe(true);
    expect(await hunting).toBe(130);
    expect(await redis.admin.keys(`${KEY_PREFIX}:hunt:*`)).toEqual([]);
    expect(await redis.admin.llen(`${KEY_PREFIX}:${queueName()}:wait`)).toBe(0);
  });
});

test.skipIf(HAS_REDIS)(titled("a hunt over workers elsewhere"), () => {});

describe("addresses of a queue", () => {
  test.each([
    [["explore", "--queue", "localhost"], /--queue "localhost" is no address of Redis/],
    [["worker", "--queue", "http://localhost"], /is no address of Redis/],
    [["worker", "--queue", "redis://:secret@localhost"], /a password on the command line can be read/],
    [["worker", "--queue", "redis"], /set the variable ZEKE_QUEUE_URL/],
    [["worker"], /required option '--queue <url>' not specified/],
  ])("%j ends with 2 and a sentence", async (args, sentence) => {
    expect(await runFake(args, io)).toBe(2);
    expect(io.stderr.text).toMatch(sentence);
    expect(io.stderr.text).not.toContain("secret");
  });

  test.each([[["explore", "--runs", "4"]], [["worker"]]])("%j without a Redis ends with 3", async (args) => {
    expect(await runFake([...args, "--queue", "redis://127.0.0.1:1"], io)).toBe(3);
    expect(io.stderr.text).toMatch(
      /^Redis at redis:\/\/127\.0\.0\.1:1 cannot be reached \(.+\): start it, or mend --queue\n$/,
    );
  });
});
