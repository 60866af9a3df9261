/**
 * Owns the colours of what is printed, and when there are none.
 * Refuses to know what is printed. Apart from io.ts, so that help is shown without loading it.
 */

import { Chalk } from "chalk";
import { type Paint, PLAIN } from "../report/layout.ts";
import type { Io, Output } from "./io.ts";

/** Colours for a stream: none off a terminal, with `--no-color`, with NO_COLOR set, or where TERM is dumb. */
export function paintFor(output: Output, io: Pick<Io, "env">, wanted: boolean): Paint {
  const forced = io.env.FORCE_COLOR !== undefined && io.env.FORCE_COLOR !== "0";
  const refused = !wanted || (io.env.NO_COLOR ?? "") !== "" || io.env.TERM === "dumb";
  if (refused || !(forced || output.isTTY === true)) return PLAIN;
  const chalk = new Chalk({ level: 1 });
  return {
    bold: (text) => chalk.bold(text),
    dim: (text) => chalk.dim(text),
    good: (text) => chalk.green(text),
    bad: (text) => chalk.red(text),
    warn: (text) => chalk.yellow(text),
  };
}
