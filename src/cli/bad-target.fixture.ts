/**
 * Owns what one test of a bad target stands on: a made-up outside of its own, and the servers that it starts.
 * Refuses to judge, and to share anything: tests run side by side, so that none waits for another's patience.
 */

import { readFileSync, writeFileSync } from "node:fs";
import type { AddressInfo, Server } from "node:net";
import { join } from "node:path";
import { test as base, expect } from "vitest";
import type { ConformanceReport } from "../report/conformance-result.ts";
import { startPlain, startReference } from "./conformance.fixture.ts";
import { type Meddling, startInFront } from "./in-front.fixture.ts";
import { Outside, runFake } from "./outside.fixture.ts";

class Stage {
  readonly io = new Outside();
  private readonly open: { close(): Promise<void> }[] = [];

  kept<T extends { close(): Promise<void> }>(server: T): T {
    this.open.push(server);
    return server;
  }

  run(...args: readonly string[]): Promise<number> {
    return runFake(["conformance", "--seed", "1", ...args], this.io);
  }

  /** Runs it, and holds that it ends with this code and this one sentence, and prints nothing else. */
  async told(code: number, sentence: RegExp, url: string, ...args: readonly string[]): Promise<void> {
    const { stdout, stderr } = this.io;
    expect(await this.run(url, ...args), stderr.text).toBe(code);
    expect(stderr.text).toMatch(sentence);
    expect(stderr.text.trimEnd().split("\n")).toHaveLength(1);
    expect(stderr.text).not.toMatch(/ at |Error|node:/);
    expect(stdout.text).toBe("");
  }

  async plain(answer: Parameters<typeof startPlain>[0]): Promise<string> {
    return this.kept(await startPlain(answer)).url;
  }

  async inFront(meddling: Meddling, ...options: Parameters<typeof startReference>) {
    const target = this.kept(await startReference(...options));
    return { target, url: this.kept(await startInFront(target.url, meddling)).url };
  }

  async listening(server: Server): Promise<number> {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    this.kept({ close: async () => void server.close() });
    return (server.address() as AddressInfo).port;
  }

  profile(text: string): readonly string[] {
    writeFileSync(join(this.io.cwd, "p.yaml"), text);
    return ["--profile", "p.yaml"];
  }

  report(): ConformanceReport {
    const path = join(this.io.cwd, "reports/latest/report.json");
    return JSON.parse(readFileSync(path, "utf8")) as ConformanceReport;
  }

  verdicts(): Readonly<Record<string, string>> {
    return Object.fromEntries(this.report().rules.map(({ id, verdict }) => [id, verdict]));
  }

  async close(): Promise<void> {
    for (const one of this.open.reverse()) await one.close();
    this.io.remove();
  }
}

/** A test that is handed a stage. */
export const test = base.extend<{ stage: Stage }>({
  // biome-ignore lint/correctness/noEmptyPattern: Vitest reads from the pattern what a fixture needs
  stage: async ({}, use) => {
    const stage = new Stage();
    await use(stage);
    await stage.close();
  },
});
