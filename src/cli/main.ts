/**
 * Owns the start of the program: runs the command line when imported.
 * Sets the exit code and leaves; output that is still on its way gets there.
 */

import { ownVersion } from "./version.ts";

const args = process.argv.slice(2);
if (args.length === 1 && (args[0] === "--version" || args[0] === "-V")) {
  // Asked by scripts before each run: nothing else of the program is loaded for it.
  process.stdout.on("error", () => {}).write(`${ownVersion()}\n`);
} else {
  // What was compiled once is kept by Node for the next run, in the system's folder for such files.
  process.getBuiltinModule("node:module").enableCompileCache();
  const [{ processIo }, { runCli }] = await Promise.all([import("./io.ts"), import("./program.ts")]);
  process.exitCode = await runCli(args, processIo());
}
