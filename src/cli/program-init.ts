/**
 * Owns the options and help of `init`.
 * Refuses to do its work: that is loaded when it is called.
 */

import type { Command } from "commander";
import { type SharedOptions, shared } from "./flag-values.ts";
import type { Place } from "./program-place.ts";

export function addInit(command: Command, { program, io, end }: Place): void {
  command
    .description(
      "Writes a commented profile of your target (zeke-sync.yaml), an empty baseline (zeke-sync.baseline.yaml) and a workflow for GitHub Actions (.github/workflows/zeke-sync.yml) into a repository, and says what to do next. A file that is there is not replaced; then none is written.",
    )
    .argument("[folder]", "root of the repository", ".")
    .option("--force", "replace files that are there")
    .option("--json <file|->", "write what was written as JSON to a file, or to stdout")
    .option("--quiet", "print nothing when all is written")
    .option("--no-color", "no colours")
    .action(async (folder: string, flags: SharedOptions & { readonly force?: boolean }) => {
      const { init } = await import("./init.ts");
      const { json, force = false } = flags;
      end(init({ folder, force, json, quiet: shared(flags, program).quiet }, io));
    });
}
