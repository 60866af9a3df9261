/**
 * Owns the processes of serve's bench: each on a core of its own where `taskset` can do that, asked over IPC.
 * Refuses to know what is asked. The process that measures does nothing while others are measured.
 */

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";

/** What a child can be asked: functions of one argument that IPC can carry. */
type Calls = Readonly<Record<string, (argument: never) => unknown>>;
type Argument<Call> = Call extends (argument: infer Given) => unknown ? Given : never;
type Result<Call> = Call extends (argument: never) => infer Gives ? Awaited<Gives> : never;

interface Asked {
  readonly id: number;
  readonly call: string;
  readonly argument: unknown;
}

interface Answered {
  readonly id: number;
  readonly gives?: unknown;
  readonly fault?: string;
}

const isPinnable = availableParallelism() > 1 && spawnSync("taskset", ["-c", "0,1", "true"]).status === 0;

/** Where the processes run, for the head of the table. */
export const PLACES = isPinnable
  ? "server on core 0, client on core 1"
  : "not pinned to cores: taskset is not there, or there is one core only; figures are rougher";

export class Child<Of extends Calls> {
  private readonly process: ChildProcess;
  private readonly waiting = new Map<number, (answered: Answered) => void>();
  private nextId = 1;

  /** Starts `file`, which stands beside this one. */
  constructor(file: string, core: 0 | 1, nodeOptions: readonly string[] = []) {
    const path = fileURLToPath(new URL(file, import.meta.url));
    const line = [process.execPath, "--expose-gc", ...nodeOptions, path];
    const [command = "", ...rest] = isPinnable ? ["taskset", "-c", String(core), ...line] : line;
    this.process = spawn(command, rest, {
      stdio: ["ignore", "inherit", "inherit", "ipc"],
      env: { ...process.env, NODE_ENV: "production" },
    });
    this.process.on("message", (message) => {
      const answered = message as Answered;
      this.waiting.get(answered.id)?.(answered);
      this.waiting.delete(answered.id);
    });
    this.process.on("exit", (code, signal) => {
      for (const [id, tell] of this.waiting) tell({ id, fault: `${file} ended (${signal ?? code})` });
      this.waiting.clear();
    });
  }

  /** Rejects with what went wrong over there. */
  ask<Name extends keyof Of & string>(call: Name, argument: Argument<Of[Name]>): Promise<Result<Of[Name]>> {
    const id = this.nextId++;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, ({ gives, fault }) => {
        if (fault === undefined) resolve(gives as Result<Of[Name]>);
        else reject(new Error(`${call}: ${fault}`));
      });
      this.process.send({ id, call, argument } satisfies Asked, (error) => {
        if (error !== null) this.waiting.get(id)?.({ id, fault: error.message });
      });
    });
  }

  /** Ends the process, whatever it does. */
  async end(): Promise<void> {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return;
    const ended = new Promise((resolve) => this.process.once("exit", resolve));
    this.process.kill("SIGKILL");
    await ended;
  }
}

/** In the child: answers what its parent asks, and ends with it. */
export function answerParent(calls: Calls): void {
  process.on("message", async (message) => {
    const { id, call, argument } = message as Asked;
    try {
      const run = calls[call] as ((argument: unknown) => unknown) | undefined;
      if (run === undefined) throw new Error("there is no such call");
      process.send?.({ id, gives: await run(argument) } satisfies Answered);
    } catch (error) {
      process.send?.({ id, fault: error instanceof Error ? (error.stack ?? error.message) : String(error) });
    }
  });
  process.on("disconnect", () => process.exit());
}
