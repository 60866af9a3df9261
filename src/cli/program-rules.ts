/**
 * Owns the options and help of `rules`.
 * Refuses to do its work: it is loaded when it is called.
 */

import type { Command } from "commander";
import { type SharedOptions, shared } from "./flag-values.ts";
import type { Place } from "./program-place.ts";

export function addRules(command: Command, { program, io, machinery, end }: Place): void {
  command
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
