/** docs/ci.md: its workflow is YAML of the right form, its commands exist, its shards are all there. */

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { Outside } from "./outside.fixture.ts";
import { runCli } from "./program.ts";

const DOC = readFileSync(new URL("../../docs/ci.md", import.meta.url), "utf8");
const YAML = /^```yaml\n([\s\S]*?)^```/m.exec(DOC)?.[1] ?? "";

interface Workflow {
  readonly jobs: Readonly<
    Record<
      string,
      {
        readonly "runs-on": string;
        readonly needs?: string;
        readonly if?: string;
        readonly strategy?: { readonly matrix: { readonly shard: readonly number[] } };
        readonly steps: readonly { readonly run?: string; readonly uses?: string }[];
      }
    >
  >;
}
const workflow = parse(YAML) as Workflow;
const commands = Object.values(workflow.jobs).flatMap(({ steps }) =>
  steps.flatMap(({ run }) => (run?.startsWith("npx zeke-sync") ? [run] : [])),
);

test("each step runs or uses something, and the merge waits for all shards", () => {
  for (const { steps, "runs-on": machine } of Object.values(workflow.jobs)) {
    expect(machine).toBe("ubuntu-latest");
    for (const step of steps)
      expect([typeof step.run, typeof step.uses].sort()).toEqual(["string", "undefined"]);
  }
  expect(workflow.jobs.whole).toMatchObject({ needs: "shard", if: "always()" });
});

test("the shards that are merged are those of the matrix", () => {
  const numbers = workflow.jobs.shard?.strategy?.matrix.shard ?? [];
  for (const command of commands.filter((one) => one.includes("--shard")))
    expect(command).toContain(`--shard \${{ matrix.shard }}/${numbers.length}`);
  for (const command of commands.filter((one) => one.includes("report merge")))
    expect([...command.matchAll(/shards\/\w+-(\d+)/g)].map(([, number]) => Number(number))).toEqual(numbers);
});

test.each(commands)("%s: its options are there", async (command) => {
  const io = new Outside();
  const [name = ""] = command.split(" ").slice(2);
  expect(await runCli([name, "--help"], io)).toBe(0);
  for (const option of command.match(/--[a-z-]+/g) ?? []) expect(io.stdout.text).toContain(option);
  io.remove();
});
