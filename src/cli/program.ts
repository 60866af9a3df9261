/**
 * Owns the command line: which commands there are, and what is said when it is wrong.
 * Refuses to know a command's options and to do its work: either is loaded when it is asked for.
 */

import { Command, CommanderError } from "commander";
import { EXIT, type ExitCode, UsageFault } from "./exit.ts";
import { checkFilled, plainly } from "./flag-values.ts";
import { type Io, widthOf } from "./io.ts";
import type { Machinery, Place } from "./program-place.ts";
import { loadCheckers, loadRunKit } from "./run-kit.ts";
import { ownVersion } from "./version.ts";

const REAL: Machinery = { loadRunKit, loadCheckers };

const HELP: ReadonlySet<string> = new Set(["--help", "-h"]);

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

interface Entry {
  /** Its arguments, as the overview shows them. */
  readonly takes: string;
  readonly summary: string;
  load(): Promise<(command: Command, place: Place) => void>;
}

/** Each is loaded when it is asked for: the others would cost a start as much as its own. */
const COMMANDS: Readonly<Record<string, Entry>> = {
  simulate: {
    takes: "[scenario]",
    summary: "run a fleet of devices in virtual time and judge it by every rule",
    load: async () => (await import("./program-simulate.ts")).addSimulate,
  },
  rules: {
    takes: "[id]",
    summary: "list the rules of the protocol, or explain one",
    load: async () => (await import("./program-rules.ts")).addRules,
  },
  prove: {
    takes: "",
    summary: "prove the suite: hunt every planted fault, and the reference",
    load: async () => (await import("./program-hunt.ts")).addProve,
  },
  explore: {
    takes: "[scenario...]",
    summary: "hunt for what breaks a rule, and shrink it",
    load: async () => (await import("./program-hunt.ts")).addExplore,
  },
  worker: {
    takes: "",
    summary: "work for hunts that other machines started",
    load: async () => (await import("./program-worker.ts")).addWorker,
  },
  replay: {
    takes: "<counterexample>",
    summary: "play a counterexample again",
    load: async () => (await import("./program-hunt.ts")).addReplay,
  },
  report: {
    takes: "[run...]",
    summary: "render a run anew, or merge the shards of one",
    load: async () => (await import("./program-report.ts")).addReport,
  },
  compare: {
    takes: "[what...]",
    summary: "hold two runs, or the roadmap's phases, against each other",
    load: async () => (await import("./program-compare.ts")).addCompare,
  },
  serve: {
    takes: "",
    summary: "run the reference proxy over HTTP and WebSocket",
    load: async () => (await import("./program-serve.ts")).addServe,
  },
  conformance: {
    takes: "[url]",
    summary: "judge an implementation rule by rule over HTTP, WebSocket and push",
    load: async () => (await import("./program-live.ts")).addConformance,
  },
  cleanup: {
    takes: "<run-id>",
    summary: "delete what an interrupted run left on its target",
    load: async () => (await import("./program-live.ts")).addCleanup,
  },
  init: {
    takes: "[folder]",
    summary: "write a profile of your target and a CI workflow",
    load: async () => (await import("./program-init.ts")).addInit,
  },
};

/** Runs one command line; never throws. Says which code to end with. */
export async function runCli(
  args: readonly string[],
  io: Io,
  machinery: Machinery = REAL,
): Promise<ExitCode> {
  let code: ExitCode = EXIT.good;
  const program = await createProgram(args, io, machinery, (ended) => {
    code = ended;
  });
  try {
    checkHelp(args);
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

async function createProgram(
  args: readonly string[],
  io: Io,
  machinery: Machinery,
  end: (code: ExitCode) => void,
): Promise<Command> {
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
    .configureHelp({ minWidthToWrap: HELP_COLUMNS_MIN, subcommandTerm: termOf })
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(text),
      outputError: (text, write) => write(plainly(text)),
      getOutHelpWidth: () => widthOf(io.stdout),
      getErrHelpWidth: () => widthOf(io.stderr),
    });
  program.on("command:*", (operands: readonly string[]) => {
    throw new UnknownCommand(operands[0] ?? "");
  });
  program.hook("preAction", (_program, command) => checkFilled(command));
  const asked = commandIn(args);
  program.showHelpAfterError(`Options are listed by zeke-sync ${asked ?? "<command>"} --help.`);
  const entry = COMMANDS[asked ?? ""];
  if (asked === undefined || entry === undefined) {
    for (const [name, { summary }] of Object.entries(COMMANDS)) program.command(name).summary(summary);
    return program;
  }
  const add = await entry.load();
  add(program.command(asked).summary(entry.summary), { program, io, machinery, end });
  return program;
}

/** The command that a line asks for, or for whose help: options before it take no value. */
function commandIn(args: readonly string[]): string | undefined {
  const first = args.findIndex((arg) => !arg.startsWith("-"));
  // That is the overview's help.
  if (args.slice(0, first).some((arg) => HELP.has(arg))) return undefined;
  const name = args[args[first] === "help" ? first + 1 : first] ?? "";
  return Object.hasOwn(COMMANDS, name) ? name : undefined;
}

/** A command in the overview. */
function termOf(command: Command): string {
  const name = command.name();
  const takes = Object.hasOwn(COMMANDS, name) ? `[options] ${COMMANDS[name]?.takes}` : "[command]";
  return `${name} ${takes}`.trimEnd();
}

/** Told in words later: what finds the nearest names is loaded only then. */
class UnknownCommand extends Error {
  readonly wrong: string;

  constructor(wrong: string) {
    super(wrong);
    this.wrong = wrong;
  }
}

async function inWords({ wrong }: UnknownCommand): Promise<UsageFault> {
  const { suggestion, withSuggestion } = await import("./nearest.ts");
  return new UsageFault(
    withSuggestion(
      `there is no command "${wrong}"`,
      suggestion(wrong, Object.keys(COMMANDS), "the commands are"),
    ),
  );
}

/** Help on a command that does not exist would show the overview, as if nothing were wrong. */
function checkHelp([first, second]: readonly string[]): void {
  const asked = first === "help" ? second : HELP.has(second ?? "") ? first : undefined;
  if (asked === undefined || asked.startsWith("-") || asked === "help") return;
  if (!Object.hasOwn(COMMANDS, asked)) throw new UnknownCommand(asked);
}
