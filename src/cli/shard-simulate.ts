/**
 * Owns what `--shard` adds to a simulation: its part of the accounts, and shard.json beside its report.
 * Refuses to merge.
 */

import type { Fact, FactName, Roster } from "../history/facts.ts";
import type { FactFold } from "../history/journal.ts";
import type { MetricsFold } from "../metrics/all.ts";
import { SHARD_FILE, shardFile } from "../report/merge-shard.ts";
import { simulationBody } from "../report/merge-simulation.ts";
import type { SimulationReport } from "../report/result-schema.ts";
import type { Scenario } from "../simulation/scenario.ts";
import { accountsOf, type Shard } from "../simulation/shard.ts";
import { againCommand, type RunArguments } from "./again.ts";
import { ownVersion } from "./version.ts";

/** Facts that are of no account. */
class CommonFacts implements FactFold {
  readonly wants: readonly FactName[] = ["phase", "cut_off"];
  count = 0;

  fold(_fact: Fact): void {
    this.count++;
  }
}

/** A shard of a run in the making. */
export class ShardOfRun {
  readonly shard: Shard;
  readonly common = new CommonFacts();
  private readonly scenario: Scenario;
  private readonly options: RunArguments;

  constructor(shard: Shard, scenario: Scenario, options: RunArguments) {
    this.shard = shard;
    this.scenario = scenario;
    this.options = options;
  }

  /** The shard's own report: it has its part of the accounts, and leaves thresholds to the whole. */
  own(report: SimulationReport): SimulationReport {
    const accounts = accountsOf(this.scenario, this.options.seed, this.shard).length;
    const { run, rules, verdict } = report;
    const failed = run.ended === "unsettled" || rules.some((rule) => rule.verdict === "violated");
    return {
      ...report,
      verdict: verdict === "interrupted" ? verdict : failed ? "fail" : "pass",
      fleet: { ...report.fleet, accounts },
      thresholds: [],
    };
  }

  /** Name and text of the file that merging takes. */
  file(
    report: SimulationReport,
    metrics: MetricsFold,
    roster: Roster,
  ): readonly [name: string, text: string] {
    const { options, shard, scenario, common } = this;
    const made = shardFile({
      command: "simulate",
      version: ownVersion(),
      seed: options.seed,
      settings: { scenario, fault: options.fault ?? null, swarm: options.swarm === true },
      shard,
      again: againCommand({ ...options, shard: undefined }),
      report,
      body: simulationBody({ metrics }, roster, {
        commonFacts: common.count,
        thresholds: scenario.thresholds,
      }),
    });
    return [SHARD_FILE, `${JSON.stringify(made)}\n`];
  }
}
