import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { parse, parseAllDocuments } from "yaml";
import { z } from "zod";
import { type FakeOutput, Outside } from "./outside.fixture.ts";
import { runCli } from "./program.ts";

const Command = z.tuple([z.literal("zeke-sync"), z.enum(["explore", "worker"])]).rest(z.string());
const Container = z.object({ name: z.string(), image: z.string(), args: z.array(z.string()) });
const PodSpec = z.object({
  restartPolicy: z.literal("Never").optional(),
  containers: z.array(Container).length(1),
});
const Job = z.object({
  apiVersion: z.literal("batch/v1"),
  kind: z.literal("Job"),
  metadata: z.object({ name: z.string() }),
  spec: z.object({
    completionMode: z.literal("Indexed").optional(),
    completions: z.number().optional(),
    parallelism: z.number().optional(),
    template: z.object({ spec: PodSpec.required({ restartPolicy: true }) }),
  }),
});
const Compose = z.object({
  services: z.record(
    z.string(),
    z.object({
      image: z.string(),
      command: z.array(z.string()),
      depends_on: z.record(z.string(), z.object({ condition: z.string() })).optional(),
    }),
  ),
});

function read(name: string): string {
  return readFileSync(new URL(`../../docs/cluster/${name}`, import.meta.url), "utf8");
}

/** Holds a command line to the options that there are, without running it: help wins over all else. */
async function expectKnown(args: readonly string[]): Promise<void> {
  const [, command, ...options] = Command.parse(args);
  const io = new Outside();
  try {
    await runCli([command, "--help"], io);
    const { text } = io.stdout as FakeOutput;
    for (const option of options.filter((word) => word.startsWith("--"))) expect(text).toContain(option);
  } finally {
    io.remove();
  }
}

describe("docs/cluster", () => {
  test("compose.yaml has a hunt and workers, and names only options that there are", async () => {
    const { services } = Compose.parse(parse(read("compose.yaml")));
    expect(Object.keys(services)).toEqual(["redis", "hunt", "worker"]);
    for (const name of ["hunt", "worker"]) await expectKnown(services[name]?.command ?? []);
    for (const { depends_on = {} } of Object.values(services))
      for (const needed of Object.keys(depends_on)) expect(Object.keys(services)).toContain(needed);
  });

  test("kubernetes.yaml has a hunt and an indexed Job of workers", async () => {
    const documents = parseAllDocuments(read("kubernetes.yaml"));
    expect(documents.flatMap(({ errors }) => errors)).toEqual([]);
    const resources = documents.map((document) => document.toJS() as { kind: string });
    expect(resources.map(({ kind }) => kind)).toEqual(["Deployment", "Service", "Job", "Job"]);
    const jobs = resources.filter(({ kind }) => kind === "Job").map((one) => Job.parse(one));
    for (const job of jobs) await expectKnown(job.spec.template.spec.containers[0]?.args ?? []);
    expect(jobs[1]?.spec).toMatchObject({ completionMode: "Indexed", completions: 8, parallelism: 8 });
  });
});
