/**
 * Owns the command `init`: a profile, a baseline and a CI workflow for a repository, and what to do with them next.
 * Refuses to touch a file that is there, unless it is told to.
 */

import { existsSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { labelled } from "../report/layout.ts";
import { quoted } from "./again.ts";
import { EXIT, type ExitCode } from "./exit.ts";
import { cannotWrite, checkWritable } from "./folder.ts";
import { INIT_FILES } from "./init-files.ts";
import { BASELINE_TEXT, PROFILE_TEXT } from "./init-profile.ts";
import { workflowText } from "./init-workflow.ts";
import { type Io, widthOf } from "./io.ts";
import { ownVersion } from "./version.ts";
import { writeTogether } from "./write-together.ts";

export interface InitOptions {
  /** As the user wrote it. */
  readonly folder: string;
  /** Replaces what is there. */
  readonly force: boolean;
  readonly json: string | undefined;
  readonly quiet: boolean;
}

const STEP_INDENT = 5;

/** Said of each file as it is written. */
const ABOUT: readonly (readonly [name: string, about: string])[] = [
  [INIT_FILES.profile, "what is to be known of your target; values are the defaults"],
  [INIT_FILES.baseline, "violations that are known; none yet"],
  [INIT_FILES.workflow, "GitHub Actions: a simulation at each push, and staging judged"],
];

/** Writes the files. UsageFault when one of them is there or cannot be written; then none was written. */
export function init({ folder: shown, force, json, quiet }: InitOptions, io: Io): ExitCode {
  const folder = resolve(io.cwd, shown);
  if (json !== undefined && json !== "-") checkWritable(json, io.cwd);
  const replaced = writeTogether(
    [
      { name: INIT_FILES.profile, text: PROFILE_TEXT },
      { name: INIT_FILES.baseline, text: BASELINE_TEXT },
      { name: INIT_FILES.workflow, text: workflowText(ownVersion()) },
    ],
    { folder, shown, force },
  );
  const next = nextSteps(shown, existsSync(join(folder, ".git")));
  if (json !== undefined) {
    const told = { schema: "zeke-sync/init@1", folder, written: Object.values(INIT_FILES), replaced, next };
    writeJson(`${JSON.stringify(told, undefined, 2)}\n`, json, io);
  }
  if (json !== "-" && !quiet) io.stdout.write(screen(replaced, next, widthOf(io.stdout)));
  return EXIT.good;
}

/** One thing to do, and the commands for it, as they are typed. */
interface Step {
  readonly says: string;
  readonly run: readonly string[];
}

function nextSteps(folder: string, isRepository: boolean): readonly Step[] {
  const profile = quoted(folder === "." ? INIT_FILES.profile : join(folder, INIT_FILES.profile));
  const judge = `zeke-sync conformance http://127.0.0.1:8080 --profile ${profile}`;
  const step = (says: string, ...run: readonly string[]): Step => ({ says, run });
  return [
    step(
      "Try it against the reference, in two terminals:",
      "zeke-sync serve",
      `ZEKE_TOKEN_A=tok-a ZEKE_TOKEN_B=tok-b ${judge}`,
    ),
    step(
      "Then against yours, with its address and tokens, phase by phase (--phase 1); docs/implementing.md says what to build first.",
    ),
    ...(isRepository
      ? []
      : [
          step(
            `GitHub reads workflows at the root of a repository only, and ${folder === "." ? "this folder" : folder} is none: move ${INIT_FILES.workflow} there.`,
          ),
        ]),
    step(
      "In the settings of the repository, set the variable ZEKE_TARGET (the address of a staging system) and the secrets ZEKE_TOKEN_A and ZEKE_TOKEN_B (tokens of two accounts there).",
    ),
    step("Put reports/ into .gitignore, and commit the three files."),
  ];
}

function screen(replaced: readonly string[], next: readonly Step[], width: number): string {
  const column = Math.max(...ABOUT.map(([name]) => name.length)) + 2;
  const written = ABOUT.map(
    ([name, about]) => `${replaced.includes(name) ? "replaced" : "wrote   "}  ${name.padEnd(column)}${about}`,
  );
  const steps = next.flatMap(({ says, run }, at) => [
    ...labelled(`  ${at + 1}`, says, STEP_INDENT, width),
    // A command is to be copied: it is never wrapped.
    ...run.map((command) => `${" ".repeat(STEP_INDENT + 2)}${command}`),
  ]);
  return `${[...written, "", "Next", ...steps].join("\n")}\n`;
}

function writeJson(text: string, target: string, io: Io): void {
  if (target === "-") {
    io.stdout.write(text);
    return;
  }
  try {
    writeFileSync(resolve(io.cwd, target), text);
  } catch (error) {
    throw cannotWrite(target, error);
  }
}
