/**
 * Owns running a swarm of many seeds, over a few worker threads, and printing what it covered: exit 1 when a rule is
 * violated, a fault hardly seen, or a rule of devices or of the system never exercised.
 * Refuses to know how a seed is run (coverage-run.ts) and what the runs show (coverage-table.ts).
 *
 *   node bench/coverage.ts [--seeds 200] [--from 1] [--workers 2] [--scenario commuter]
 */

import { parseArgs } from "node:util";
import { Worker } from "node:worker_threads";
import type { Order, Outcome } from "./coverage-run.ts";
import { coverageOf } from "./coverage-table.ts";

const WORKERS_MAX = 64;
const CLEAR = process.stderr.isTTY ? "\r\u001b[K" : "";

interface Plan {
  readonly scenario: string;
  readonly from: number;
  readonly seeds: number;
  readonly workers: number;
}

type Reply = Outcome | { readonly seed: number; readonly crash: string };

function readPlan(): Plan {
  const { values } = parseArgs({
    options: {
      seeds: { type: "string", default: "200" },
      from: { type: "string", default: "1" },
      workers: { type: "string", default: "2" },
      scenario: { type: "string", default: "commuter" },
    },
  });
  const count = (name: "seeds" | "from" | "workers", min: number): number => {
    const value = Number(values[name]);
    if (!Number.isSafeInteger(value) || value < min)
      throw new Error(`--${name} is a whole number from ${min}`);
    return value;
  };
  return {
    scenario: values.scenario,
    from: count("from", 0),
    seeds: count("seeds", 1),
    workers: Math.min(WORKERS_MAX, count("workers", 1)),
  };
}

/** Runs all seeds; each worker asks for the next when it is done with one. */
function runAll({ scenario, from, seeds, workers }: Plan): Promise<readonly Reply[]> {
  const replies: Reply[] = [];
  let next = from;
  return new Promise((resolve, reject) => {
    const file = new URL("./coverage-run.ts", import.meta.url);
    for (let nth = 0; nth < Math.min(workers, seeds); nth++) {
      const worker = new Worker(file);
      const order = (): void => {
        if (next < from + seeds) worker.postMessage({ scenario, seed: next++ } satisfies Order);
        else void worker.terminate();
      };
      worker.on("error", reject);
      worker.on("message", (reply: Reply) => {
        replies.push(reply);
        tellTrouble(reply);
        tellProgress(replies.length, seeds);
        if (replies.length === seeds) resolve(replies);
        order();
      });
      order();
    }
  });
}

/** A run that is broken is told as soon as it ends: who waits for hundreds wants to look into it. */
function tellTrouble(reply: Reply): void {
  const broken =
    "crash" in reply
      ? ["crashed"]
      : [
          ...reply.rules.flatMap(({ rule, breach }) => (breach === undefined ? [] : [rule])),
          ...(reply.ended === "settled" ? [] : [reply.ended]),
        ];
  if (broken.length > 0) process.stderr.write(`${CLEAR}seed ${reply.seed}: ${broken.join(", ")}\n`);
}

function tellProgress(done: number, seeds: number): void {
  if (!process.stderr.isTTY) return;
  const secondsLeft = Math.round((performance.now() / done / 1_000) * (seeds - done));
  process.stderr.write(
    done < seeds ? `\r${done} of ${seeds} seeds, ${secondsLeft} s to go \u001b[K` : "\r\u001b[K",
  );
}

async function main(): Promise<void> {
  const plan = readPlan();
  const replies = [...(await runAll(plan))].sort((left, right) => left.seed - right.seed);
  const outcomes = replies.flatMap((reply) => ("crash" in reply ? [] : [reply]));
  const crashed = replies.flatMap((reply) => ("crash" in reply ? [reply] : []));
  const [first] = crashed;
  const crashes = first
    ? [`${crashed.length} runs crashed, the first at seed ${first.seed}: ${first.crash}`]
    : [];
  const { text, faults } = coverageOf(outcomes);
  console.log(`${plan.scenario} --swarm, seeds ${plan.from} to ${plan.from + plan.seeds - 1}\n\n${text}`);
  for (const fault of [...crashes, ...faults]) console.error(`✗ ${fault}`);
  if (crashes.length + faults.length > 0) process.exitCode = 1;
}

await main();
