/**
 * Owns the start of the program: runs the command line when imported.
 * Sets the exit code and leaves; output that is still on its way gets there.
 */

import { processIo } from "./io.ts";
import { runCli } from "./program.ts";

process.exitCode = await runCli(process.argv.slice(2), processIo());
