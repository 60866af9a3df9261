/**
 * Owns the command line: its commands, their options and help, and what is said when it is wrong.
 * Refuses to do any command's work: each is loaded when it is called.
 */

import { Command, CommanderError, Option } from "commander";
import { EXIT, type ExitCode, UsageFault } from "./exit.ts";
import {
  collect,
  duration,
  plainly,
  portNumber,
  type SharedOptions,
  shardNumber,
  shared,
  wholeNumber,
  workerNumber,
} from "./flag-values.ts";
import { type Io, widthOf } from "./io.ts";
import { addCompare } from "./program-compare.ts";
import { addLiveOptions, type LiveFlags, liveOnly, simulateTarget } from "./program-fleet.ts";
import { addInit } from "./program-init.ts";
import { addCleanup, addConformance } from "./program-live.ts";
import { addReport } from "./program-report.ts";
import { addWorker } from "./program-worker.ts";
import { loadCheckers, loadRunKit, type RunKit } from "./run-kit.ts";
import { scenarioNames } from "./scenario-names.ts";
import type { ServeOptions } from "./serve.ts";
import { ownVersion } from "./version.ts";

/** What commands are given beside the outside; tests hand in small ones. */
export interface Machinery {
  loadRunKit(): Promise<RunKit>;
  loadCheckers: typeof loadCheckers;
}

const REAL: Machinery = { loadRunKit, loadCheckers };

/** Narrower than this, what an option does is left to the terminal to break. */
const HELP_COLUMNS_MIN = 16;

const OVERVIEW = `
Examples:
  zeke-sync simulate                            the default scenario, commuter
  zeke-sync simulate skewed-clocks --seed 7     another scenario, another seed
  zeke-sync simulate --set network.loss=10%     one setting of it changed
  zeke-sync simulate --swarm --seed 7           faults as the seed draws them
  zeke-sync simulate ./mine.yaml --json -       a file of your own, told as JSON
  zeke-sync compare --phases                    what each phase is good for
  zeke-sync prove                               the suite, against every fault
  zeke-sync explore --for 10m                   the hunt for what breaks a rule
  zeke-sync replay reports/latest/CON-4-1.json  what was found, played again
  zeke-sync rules QUE-10                        what a rule says
  zeke-sync serve --store sqlite:./sync.db      the reference proxy, live
  zeke-sync conformance http://localhost:8080   what you built, rule by rule
  zeke-sync init                                a profile and a CI workflow

Exit codes:
  0  all good                          5    inconclusive
  1  a rule is violated                70   a fault of zeke-sync itself
  2  wrong usage or configuration      130  interrupted
  3  the target cannot be reached
  4  a metric missed its threshold`;

/** Runs one command line; never throws. Says which code to end with. */
export async function runCli(
  args: readonly string[],
  io: Io,
  machinery: Machinery = REAL,
): Promise<ExitCode> {
  let code: ExitCode = EXIT.good;
  const program = createProgram(args, io, machinery, (ended) => {
    code = ended;
  });
  try {
    checkHelp(args, program);
    if (args.length === 0) program.outputHelp({ error: true });
    else await program.parseAsync([...args], { from: "user" });
    return args.length === 0 ? EXIT.usage : code;
  } catch (error) {
    // Commander has said what was wrong; help and version end with 0.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.good : EXIT.usage;
    const { tellFault } = await import("./fault.ts");
    return tellFault(error instanceof UnknownCommand ? await inWords(error) : error, io);
  }
}

function createProgram(
  args: readonly string[],
  io: Io,
  machinery: Machinery,
  end: (code: ExitCode) => void,
): Command {
  const program = new Command("zeke-sync")
    .description(
      "Simulates fleets of devices that sync through a proxy, and judges what happened by the rules of the protocol.",
    )
    .usage("<command> [options]")
    .version(ownVersion(), "-V, --version", "print the version")
    .helpOption("-h, --help", "show help")
    .helpCommand("help [command]", "show help for a command")
    .option("--no-color", "no colours")
    .addHelpText("after", OVERVIEW)
    .configureHelp({ minWidthToWrap: HELP_COLUMNS_MIN })
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(text),
      outputError: (text, write) => write(plainly(text)),
      getOutHelpWidth: () => widthOf(io.stdout),
      getErrHelpWidth: () => widthOf(io.stderr),
    });
  program.on("command:*", (operands: readonly string[]) => {
    throw new UnknownCommand(operands[0] ?? "", program);
  });
  // Only the command that is asked for is built, where one is: the others would cost a start as much as its own.
  const commands = new Map<string, () => void>([
    ["simulate", () => addSimulate(program, io, machinery, end)],
    ["rules", () => addRules(program, io, machinery, end)],
    ["prove", () => addProve(program, io, end)],
    ["explore", () => addExplore(program, io, end)],
    ["worker", () => addWorker(program, io, end)],
    ["replay", () => addReplay(program, io, end)],
    ["report", () => addReport(program, io, end)],
    ["compare", () => addCompare(program, io, machinery.loadRunKit, end)],
    ["serve", () => addServe(program, io, end)],
    ["conformance", () => addConformance(program, io, end)],
    ["cleanup", () => addCleanup(program, io, end)],
    ["init", () => addInit(program, io, end)],
  ]);
  const asked = commands.get(args[0] ?? "");
  program.showHelpAfterError(
    `Options are listed by zeke-sync ${asked === undefined ? "<command>" : args[0]} --help.`,
  );
  for (const add of asked === undefined ? commands.values() : [asked]) add();
  return program;
}

/** Told in words later: what finds the nearest names is loaded only then. */
class UnknownCommand extends Error {
  readonly wrong: string;
  readonly names: readonly string[];

  constructor(wrong: string, program: Command) {
    super(wrong);
    this.wrong = wrong;
    this.names = program.commands.map((command) => command.name());
  }
}

async function inWords({ wrong, names }: UnknownCommand): Promise<UsageFault> {
  const { suggestion, withSuggestion } = await import("./nearest.ts");
  return new UsageFault(
    withSuggestion(`there is no command "${wrong}"`, suggestion(wrong, names, "the commands are")),
  );
}

/** Help on a command that does not exist would show the overview, as if nothing were wrong. */
function checkHelp([first, second]: readonly string[], program: Command): void {
  const asked = first === "help" ? second : ["--help", "-h"].includes(second ?? "") ? first : undefined;
  if (asked === undefined || asked.startsWith("-") || asked === "help") return;
  if (!program.commands.some((command) => command.name() === asked)) throw new UnknownCommand(asked, program);
}

interface SimulateFlags extends SharedOptions, LiveFlags {
  readonly seed: number;
  readonly devices?: number;
  readonly duration?: string;
  readonly set?: readonly string[];
  readonly report?: string;
  readonly fault?: string;
  readonly trace?: readonly string[];
  readonly swarm?: boolean;
  readonly shard?: { readonly index: number; readonly of: number };
}

function addSimulate(program: Command, io: Io, machinery: Machinery, end: (code: ExitCode) => void): void {
  const command = program
    .command("simulate")
    .summary("run a fleet of devices in virtual time and judge it by every rule")
    .description(
      "Runs the reference proxy and a fleet of devices in virtual time, judges the history by every rule, prints the metrics and writes a report.",
    )
    .argument("[scenario]", "name of a shipped scenario, or path of a YAML file", "commuter")
    .option("--seed <n>", "one seed, one history", wholeNumber("a seed", 0), 1)
    .option(
      "--devices <n>",
      "total number of devices; accounts are scaled",
      wholeNumber("a number of devices", 1),
    )
    .option("--duration <time>", "how long faults are on, such as 12h or 7d")
    .option("--set <path=value>", "change a setting of the scenario; may be given again", collect)
    .option("--swarm", "let the seed draw which faults are on, how strong, and how the proxy is set")
    .option("--shard <i/n>", "only the i-th of n parts of the accounts, such as 1/3", shardNumber)
    .option("--fault <name>", "plant a fault in proxy or device, to see it caught")
    .option(
      "--trace <device>",
      "print the life of a device instead of the screen; may be given again",
      collect,
    )
    .option("--report <dir>", "folder for the report (default: reports/<run-id>)")
    .option("--json <file|->", "write the report as JSON to a file, or to stdout")
    .option("--quiet", "no progress; print only what went wrong")
    .option("--no-color", "no colours");
  addLiveOptions(command)
    .addHelpText("after", ({ command: asked }) => {
      const text = `Shipped scenarios: ${scenarioNames().join(", ")}`;
      return `\n${asked.createHelp().boxWrap(text, widthOf(io.stdout))}`;
    })
    .action(async (scenario: string, flags: SimulateFlags) => {
      const { simulate } = await import("./simulate.ts");
      const { seed, devices, duration, set = [], trace = [], json, report, fault, swarm, shard } = flags;
      const options = {
        scenario,
        seed,
        devices,
        duration,
        set,
        swarm,
        shard,
        fault,
        trace,
        json,
        report,
        ...shared(flags, program),
      };
      if (flags.target !== undefined) return end(await simulateTarget(flags.target, flags, options, io));
      liveOnly(flags);
      end(await simulate(options, io, machinery.loadRunKit));
    });
}

function addRules(program: Command, io: Io, machinery: Machinery, end: (code: ExitCode) => void): void {
  program
    .command("rules")
    .summary("list the rules of the protocol, or explain one")
    .description("Lists the rules of the protocol by family with level, side and phase, or explains one.")
    .argument("[id]", "a rule (QUE-10), a family (QUE), or what ids begin with ('QUE-1*')")
    .option("--json <file|->", "write the rules as JSON to a file, or to stdout")
    .option("--quiet", "ids alone")
    .option("--no-color", "no colours")
    .action(async (id: string | undefined, flags: SharedOptions) => {
      const { listRules } = await import("./rules.ts");
      end(await listRules({ id, json: flags.json, ...shared(flags, program) }, io, machinery.loadCheckers));
    });
}

interface ProveFlags extends SharedOptions {
  readonly seed: number;
  readonly effort: number;
  readonly full?: boolean;
  readonly fault?: readonly string[];
  readonly workers?: number;
  readonly shard?: { readonly index: number; readonly of: number };
  readonly report?: string;
}

function addProve(program: Command, io: Io, end: (code: ExitCode) => void): void {
  program
    .command("prove")
    .summary("prove the suite: hunt every planted fault, and the reference")
    .description(
      "Runs the suite against every planted fault and against the clean reference. Fails when a fault survives or is caught only under a rule that it does not break, when a rule catches nothing, and on any verdict against the reference.",
    )
    .option("--seed <n>", "of the values that probes draw", wholeNumber("a seed", 0), 1)
    .option("--effort <n>", "so many times the usual number of tries", wholeNumber("an effort", 1), 1)
    .option("--full", "every kill of every fault, not only the first under its own rule")
    .option("--fault <name>", "hunt this fault only; may be given again", collect)
    .option("--workers <n>", "worker threads; as many as there are processors", workerNumber)
    .option("--shard <i/n>", "only the i-th of n parts of the faults, such as 1/3", shardNumber)
    .option("--report <folder>", "where the report goes, instead of a new folder under reports/")
    .option("--json <file|->", "write the result as JSON to a file, or to stdout")
    .option("--quiet", "print nothing when all is well")
    .option("--no-color", "no colours")
    .action(async (flags: ProveFlags) => {
      const { prove } = await import("./prove.ts");
      const { seed, effort, workers, shard, json, report, fault: faults = [], full = false } = flags;
      const files = { json, report };
      end(
        await prove({ seed, effort, workers, shard, faults, full, ...files, ...shared(flags, program) }, io),
      );
    });
}

type ServeFlags = SharedOptions & Omit<ServeOptions, "quiet">;

function addServe(program: Command, io: Io, end: (code: ExitCode) => void): void {
  program
    .command("serve")
    .summary("run the reference proxy over HTTP and WebSocket")
    .description(
      "Serves the reference proxy until it is interrupted. Prints `listening <url>` when it is ready; logs go to standard error.",
    )
    .option("--port <n>", "0 picks one that is free", portNumber, 8080)
    .option("--host <address>", "address to listen on", "127.0.0.1")
    .option("--store <store>", "memory, sqlite:<file> or redis:<url>", "memory")
    .option("--tokens <file>", "YAML file of tokens and their accounts (default: tok-a is a, tok-b is b)")
    .addOption(
      new Option("--mode <mode>", "what a stale write meets").choices(["off", "advisory", "enforce"]),
    )
    .addOption(new Option("--if-match <how>", "whether updates need it").choices(["optional", "required"]))
    .addOption(new Option("--resolved-by <side>", "who resolves a stale write").choices(["server", "client"]))
    .option("--retention <time>", "how long the log reaches back, such as 30d")
    .option("--push-url <url>", "another base than Expo's push service")
    .option("--webhook-secret <file>", "file with the whsec_ secrets of webhooks, one a line")
    .option("--config <file>", "YAML file of settings; SIGHUP reads it and the tokens anew")
    .option("--fault <name>", "plant a fault in the proxy, to see it caught")
    .addOption(
      new Option("--log-level <level>", "what is logged")
        .choices(["debug", "info", "warn", "error"])
        .default("info"),
    )
    .option("--json <file|->", "write the address as JSON to a file, or to stdout")
    .option("--quiet", "log errors only")
    .option("--no-color", "no colours")
    .action(async (flags: ServeFlags) => {
      const { serve } = await import("./serve.ts");
      end(await serve({ ...flags, quiet: flags.quiet === true }, io));
    });
}

interface ExploreFlags extends SharedOptions {
  readonly seed: number;
  readonly runs?: number;
  readonly for?: number;
  readonly workers?: number;
  readonly shard?: { readonly index: number; readonly of: number };
  readonly queue?: string;
  readonly fault?: string;
  readonly report?: string;
}

function addExplore(program: Command, io: Io, end: (code: ExitCode) => void): void {
  program
    .command("explore")
    .summary("hunt for what breaks a rule, and shrink it")
    .description(
      "Draws plans (who edits what when, offline periods, kills, faults), runs each in virtual time, judges it by every rule, and shrinks what breaks one to a counterexample. Known counterexamples are replayed first.",
    )
    .argument("[scenario...]", "scenarios whose network, clocks, proxy and the like the plans are played in")
    .option(
      "--runs <n>",
      "how many plans (default: 1000, or without end when --for is given)",
      wholeNumber("a number of runs", 1),
    )
    .option("--for <time>", "how long, such as 10m; the round at hand is ended", duration)
    .option("--seed <n>", "one seed and as many runs, one hunt", wholeNumber("a seed", 0), 1)
    .option("--workers <n>", "threads (default: as many as there are processors, at most 8)", workerNumber)
    .option("--shard <i/n>", "only the i-th of n parts of all runs, such as 1/3", shardNumber)
    .option("--queue <url>", "have workers do it: redis://host:port/db, or redis with ZEKE_QUEUE_URL")
    .option("--fault <name>", "plant a fault in proxy or device, to see it found")
    .option("--report <dir>", "folder for the report (default: reports/<run-id>)")
    .option("--json <file|->", "write the report as JSON to a file, or to stdout")
    .option("--quiet", "no progress; print only what went wrong")
    .option("--no-color", "no colours")
    .action(async (scenarios: readonly string[], flags: ExploreFlags) => {
      const { explore } = await import("./explore.ts");
      const { seed, runs, for: forMs, workers, shard, queue, fault, json, report } = flags;
      const bounds = { runs, forMs, workers, shard, queue };
      end(await explore({ scenarios, seed, ...bounds, fault, json, report, ...shared(flags, program) }, io));
    });
}

interface ReplayFlags extends SharedOptions {
  readonly fault?: string | boolean;
  readonly target?: string;
  readonly profile?: string;
  readonly pushSink?: number;
}

function addReplay(program: Command, io: Io, end: (code: ExitCode) => void): void {
  program
    .command("replay")
    .summary("play a counterexample again")
    .description("Plays a counterexample again and says how it fares: FIXED, STILL VIOLATED or CHANGED.")
    .argument("<counterexample>", "its JSON file")
    .option("--target <url>", "play what conformance found against a live implementation")
    .option("--profile <file>", "YAML file that describes the target")
    .option("--push-sink <port>", "listen here for the target's calls to Expo; 0 picks a port", portNumber)
    .option("--fault <name>", "in memory, with this planted fault")
    .option("--no-fault", "without the planted fault that it was found with")
    .option("--json <file|->", "write the verdict as JSON to a file, or to stdout")
    .option("--quiet", "print the verdict only")
    .option("--no-color", "no colours")
    .action(async (file: string, flags: ReplayFlags) => {
      const { replay } = await import("./replay.ts");
      const { json, fault = true, target, profile, pushSink } = flags;
      end(await replay({ file, json, fault, target, profile, pushSink, ...shared(flags, program) }, io));
    });
}
