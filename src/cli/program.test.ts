import { readFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Outside, runFake } from "./outside.fixture.ts";
import { runCli } from "./program.ts";
import { scenarioNames } from "./scenario-names.ts";

let io: Outside;
beforeEach(() => {
  io = new Outside();
});
afterEach(() => io.remove());

const MINUTES: ReadonlySet<string | undefined> = new Set(["prove", "explore", "conformance", "replay"]);

describe("wrong usage is exit 2, said on stderr with the nearest real names", () => {
  test.each([
    [["simulat"], `there is no command "simulat"; did you mean simulate?`],
    [["xyzzy"], `there is no command "xyzzy"; the commands are: simulate, rules`],
    [["help", "ruls"], `there is no command "ruls"; did you mean rules?`],
    [["simulate", "--sed", "7"], "unknown option '--sed'\n(Did you mean one of --seed, --set?)"],
    [["simulate", "--xyzzy"], "unknown option '--xyzzy'\nOptions are listed by zeke-sync simulate --help."],
    [["--verson"], "unknown option '--verson'\n(Did you mean --version?)"],
    [["simulate", "commuter", "again"], "too many arguments"],
    [["simulate", "--seed"], "argument missing"],
    [["simulate", "--seed", "x"], "--seed x: a seed is a whole number from 0 to 9007199254740991\nOptions"],
    [["simulate", "--seed", "-1"], "a seed is a whole number"],
    [["simulate", "--seed", "9007199254740993"], "a seed is a whole number"],
    [["simulate", "--seed", "1e3"], "a seed is a whole number"],
    [["conformance", "--level", "may"], "--level may: it is one of must, should\n"],
    [["prove", "--workers", "999"], "--workers 999: a number of workers is a whole number from 1 to 64\n"],
    [["prove", "--workers", "0"], "--workers 0: a number of workers is a whole number from 1 to 64\n"],
    [["rules", ""], "<id> is empty: write a value there, or leave it out\n"],
    [["conformance", "http://localhost:1", "--rule", ""], "--rule is empty: write a value there"],
    [["simulate", "--report", ""], "--report is empty: write a value there"],
    [["simulate", "--json="], "--json is empty: write a value there"],
    [["rules", "--json", "/dev/full"], "/dev/full cannot be written: the disk is full\n"],
    [["simulate", "--devices", "0"], "a number of devices is a whole number from 1"],
    [["simulate", "comutter"], `there is no scenario "comutter"; did you mean commuter?`],
    [["simulate", "none.yaml"], "scenario none.yaml: there is no such file"],
    [["simulate", "--set", "netwrk.loss=1%"], "did you mean network.loss?"],
    [["simulate", "--set", "network=*lost"], "--set network=*lost: Unresolved alias"],
    [["simulate", "--set", "fleet=!odd {}"], "--set fleet=!odd {}: Unresolved tag: !odd"],
    [["simulate", "--duration", "long"], "a time is written like"],
    [["rules", "QUE-99"], `there is no rule "QUE-99"`],
  ])("%j", async (args, sentence) => {
    expect(await runFake(args, io)).toBe(2);
    expect(io.stderr.text).toContain(sentence);
    expect(io.stderr.text).not.toMatch(/^error:|at fault|\n {4}at /);
    expect(io.stdout.text).toBe("");
  });

  test("nothing at all: the overview, on stderr", async () => {
    expect(await runFake([], io)).toBe(2);
    expect(io.stderr.text).toContain("Usage: zeke-sync <command> [options]");
  });
});

describe("help and version", () => {
  test("the overview names each command with what it takes, and its own summary", async () => {
    await runFake(["--help"], io);
    const listed = [...io.stdout.text.matchAll(/^ {2}([a-z]+) (\[options\].*?) {2,}/gm)];
    expect(listed.length).toBe(12);
    for (const [, name = "", takes = ""] of listed) {
      const own = new Outside();
      expect(await runFake([name, "--help"], own)).toBe(0);
      expect(own.stdout.text).toContain(`Usage: zeke-sync ${name} ${takes}\n`);
      own.remove();
    }
  });

  test("a command is found behind an option of the program", async () => {
    expect(await runFake(["--no-color", "rules", "--quiet"], io)).toBe(0);
    expect(io.stdout.text).toContain("QUE-10\n");
  });

  test.each([[["--help"]], [["-h"]], [["help"]], [["--help", "rules"]]])(
    "%j is the overview: every command, examples, exit codes",
    async (args) => {
      expect(await runFake(args, io)).toBe(0);
      for (const part of [
        "simulate [options] [scenario]",
        "rules [options] [id]",
        "Examples:",
        "zeke-sync rules QUE-10",
        "130  interrupted",
      ]) {
        expect(io.stdout.text).toContain(part);
      }
      expect(io.stderr.text).toBe("");
    },
  );

  test.each([[["simulate", "--help"]], [["help", "simulate"]]])("%j lists the options", async (args) => {
    expect(await runFake(args, io)).toBe(0);
    for (const option of [
      "--seed",
      "--devices",
      "--duration",
      "--set",
      "--json",
      "--report",
      "--quiet",
      "--no-color",
    ]) {
      expect(io.stdout.text).toContain(option);
    }
    for (const name of scenarioNames()) expect(io.stdout.text).toContain(name);
  });

  test("nothing that help prints is wider than a terminal of 80 columns", async () => {
    await runFake(["--help"], io);
    const commands = [...io.stdout.text.matchAll(/^ {2}([a-z]+) \[options\]/gm)].map(
      ([, name]) => name ?? "",
    );
    expect(commands.length).toBeGreaterThan(10);
    for (const name of commands) await runFake([name, "--help"], io);
    expect(io.stdout.text.split("\n").filter((line) => line.length > 80)).toEqual([]);
  });

  test("help on a command that does not exist says so", async () => {
    for (const args of [
      ["help", "simulat"],
      ["simulat", "--help"],
      ["simulat", "-h"],
    ]) {
      const other = new Outside();
      expect(await runFake(args, other)).toBe(2);
      expect(other.stderr.text).toBe('there is no command "simulat"; did you mean simulate?\n');
      other.remove();
    }
  });

  test("the examples of the overview are true", async () => {
    await runFake(["--help"], io);
    const examples = [...io.stdout.text.matchAll(/^ {2}zeke-sync (.*?) {2,}/gm)].map((match) =>
      (match[1] ?? "").split(" "),
    );
    expect(examples.length).toBeGreaterThanOrEqual(5);
    for (const args of examples) {
      const other = new Outside();
      // A server is asked to stop as soon as it listens.
      if (args[0] === "serve") other.stdout.once("written", () => other.interrupt());
      const here = args.map((word) =>
        word.replace("./mine.yaml", "commuter").replace("./sync.db", `${other.cwd}/sync.db`),
      );
      // What takes minutes, or needs a server, is only asked whether it takes these words.
      const code = await runFake(MINUTES.has(args[0]) ? [...here, "--help"] : here, other);
      expect(code, args.join(" ")).toBe(0);
      other.remove();
    }
  });

  test("--version is package.json's", async () => {
    const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
      version: string;
    };
    expect(await runFake(["--version"], io)).toBe(0);
    expect(io.stdout.text).toBe(`${version}\n`);
  });
});

describe("an unexpected exception outside a run", () => {
  test("is ours: one sentence, exit 70", async () => {
    const broken = () => Promise.reject(new Error("no checkers today"));
    expect(await runCli(["rules", "QUE-10"], io, { loadRunKit: broken, loadCheckers: broken })).toBe(70);
    expect(io.stderr.text).toBe(
      "zeke-sync itself is at fault: no checkers today. Please report it with the command that you gave (ZEKE_SYNC_DEBUG=1 shows the stack)\n",
    );
  });
});
