/**
 * Owns one run of the command `conformance` for a bench: in this process, in a folder of its own, with the report that
 * it wrote.
 * Refuses to judge the verdict.
 */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import type { Io } from "../src/cli/io.ts";
import { runCli } from "../src/cli/program.ts";
import type { ConformanceReport, RuleReport } from "../src/report/conformance-result.ts";

export interface Judged {
  readonly code: number;
  /** What stands in the way of a report, where there is none. */
  readonly trouble: string | undefined;
  readonly report: ConformanceReport | undefined;
  readonly ms: number;
}

/** Runs `conformance` with these words; `profile` is a file's text. */
export async function judge(words: readonly string[], profile: string): Promise<Judged> {
  const cwd = mkdtempSync(join(tmpdir(), "zeke-judged-"));
  writeFileSync(join(cwd, "profile.yaml"), profile);
  const said = new Kept();
  const beganMs = performance.now();
  try {
    const all = ["conformance", ...words, "--profile", "profile.yaml", "--quiet", "--report", "report"];
    const code = await runCli(all, ioIn(cwd, said));
    const ms = performance.now() - beganMs;
    return { code, ms, report: readReport(join(cwd, "report/report.json")), trouble: said.text.trim() };
  } finally {
    rmSync(cwd, { recursive: true, force: true });
  }
}

/** The rules of this verdict. */
export function rulesOf(
  report: ConformanceReport | undefined,
  verdict: RuleReport["verdict"],
): readonly RuleReport[] {
  return report?.rules.filter((rule) => rule.verdict === verdict) ?? [];
}

/** A port of the loopback that nobody listens on now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return typeof address === "object" && address !== null ? address.port : 0;
}

function readReport(file: string): ConformanceReport | undefined {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as ConformanceReport;
  } catch {
    return undefined;
  }
}

class Kept extends Writable {
  text = "";

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}

function ioIn(cwd: string, said: Kept): Io {
  return {
    stdout: new Kept(),
    stderr: said,
    env: {},
    cwd,
    now: () => Date.now(),
    onInterrupt: () => () => {},
    onHangup: () => () => {},
    exitNow: (code) => process.exit(code),
  };
}
