/**
 * Owns the process that is killed: `zeke-sync serve` on one SQLite file, started again on the same file after each kill.
 * Refuses to know what it is asked.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const START_WITHIN_MS = 20_000;

/** No load of a test may reach these limits: what is judged is crashes. */
const SETTINGS = "limits: { replayMax: 10000000, socketBacklogMax: 100000, deltaLimitMax: 500 }\n";

export interface ServerOptions {
  /** Modules that are loaded before the program, to break or bend it; file names beside this one. */
  readonly before?: readonly string[];
  /** More arguments of `serve`. */
  readonly args?: readonly string[];
  /** Environment of the start with this number. */
  environment?(life: number): Readonly<Record<string, string>>;
}

interface Running {
  readonly process: ChildProcess;
  readonly exited: Promise<void>;
}

export class CrashServer {
  /** Counts starts, from 1. */
  life = 0;
  /** Changes at each start, as the port does; undefined while nobody listens. */
  url: string | undefined;
  /** Standard error of all starts. */
  said = "";
  private readonly folder: string;
  private readonly options: ServerOptions;
  private running: Running | undefined;
  private waiting: (() => void)[] = [];

  static async create(options: ServerOptions = {}): Promise<CrashServer> {
    const folder = await mkdtemp(join(tmpdir(), "zeke-sync-crash-"));
    await writeFile(join(folder, "serve.yaml"), SETTINGS);
    return new CrashServer(folder, options);
  }

  private constructor(folder: string, options: ServerOptions) {
    this.folder = folder;
    this.options = options;
  }

  /** Where SQLite writes what is committed first; there while the store is open. */
  get changesFile(): string {
    return join(this.folder, "sync.db-wal");
  }

  /** Starts and ends it once in peace, on another file, so that the code is compiled; tells how long a start takes. */
  async warmUp(): Promise<number> {
    const running = this.spawn("warm.db", this.life);
    const beganAt = performance.now();
    await listening(running);
    const tookMs = performance.now() - beganAt;
    running.process.kill("SIGTERM");
    await running.exited;
    return tookMs;
  }

  /** Fulfils when it listens. Rejects when it ends before, or takes too long. */
  async start(): Promise<void> {
    const running = this.begin();
    const url = await listening(running);
    // It may have been killed between its line and our reading it.
    if (this.running !== running) return;
    this.url = url;
    for (const go of this.waiting.splice(0)) go();
  }

  /** Starts it, and kills it so many milliseconds later, whether it listened or not. */
  async startAndKill(afterMs: number): Promise<void> {
    const running = this.begin();
    await new Promise((resolve) => setTimeout(resolve, afterMs));
    running.process.kill("SIGKILL");
    await this.ended();
  }

  /** The signal leaves at once, in this very call; await `ended` before the next start. */
  kill(): void {
    this.running?.process.kill("SIGKILL");
    this.url = undefined;
  }

  async ended(): Promise<void> {
    await this.running?.exited;
    this.running = undefined;
    this.url = undefined;
  }

  /** Fulfils with the address as soon as somebody listens. */
  async up(): Promise<string> {
    while (this.url === undefined) await new Promise<void>((resolve) => this.waiting.push(resolve));
    return this.url;
  }

  async clear(): Promise<void> {
    this.kill();
    await this.ended();
    await rm(this.folder, { recursive: true, force: true });
  }

  private begin(): Running {
    this.life++;
    this.running = this.spawn("sync.db", this.life);
    return this.running;
  }

  private spawn(file: string, life: number): Running {
    const { before = [], args = [], environment } = this.options;
    const imports = before.map((name) => `--import=${new URL(name, import.meta.url).href}`);
    const store = ["--store", `sqlite:${join(this.folder, file)}`];
    const child = spawn(
      process.execPath,
      [
        ...imports,
        "src/cli/main.ts",
        "serve",
        "--port",
        "0",
        "--quiet",
        "--config",
        join(this.folder, "serve.yaml"),
        ...store,
        ...args,
      ],
      {
        cwd: ROOT,
        env: {
          ...process.env,
          NODE_OPTIONS: "",
          NODE_COMPILE_CACHE: join(this.folder, "compiled"),
          ...environment?.(life),
        },
        stdio: ["ignore", "pipe", "pipe"],
      },
    );
    child.stderr.on("data", (text) => {
      this.said += String(text);
    });
    // A test that is cut short leaves no process behind.
    const leave = (): void => void child.kill("SIGKILL");
    process.once("exit", leave);
    const exited = new Promise<void>((resolve) => child.once("close", () => resolve()));
    void exited.then(() => process.off("exit", leave));
    return { process: child, exited };
  }
}

/** The address that a process prints when it listens. */
function listening({ process: child, exited }: Running): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    const late = setTimeout(
      () => reject(new Error(`did not listen within ${START_WITHIN_MS} ms`)),
      START_WITHIN_MS,
    );
    child.stdout?.on("data", (more) => {
      text += String(more);
      const url = /^listening (http:\S+)$/m.exec(text)?.[1];
      if (url === undefined) return;
      clearTimeout(late);
      resolve(url);
    });
    void exited.then(() => {
      clearTimeout(late);
      reject(new Error("ended before it listened"));
    });
  });
}
