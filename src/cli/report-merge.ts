/**
 * Owns which merger puts the shards of each command together, and the files that the whole run's folder gets.
 * Refuses to prove that they belong together.
 */

import { counterexampleText } from "../exploration/counterexample.ts";
import type { ShardFile } from "../report/merge-shard.ts";
import { renderDiagramSvg } from "../report/space-time-svg.ts";
import type { Rendered } from "./report-kinds.ts";

/** The whole, and files beside its report. */
interface Merged {
  readonly rendered: Rendered;
  readonly extra: readonly (readonly [name: string, text: string])[];
}

export interface Merger {
  /** What the folder is called after. */
  readonly scenario: string;
  merge(runId: string): Merged;
}

/** The merger of these shards, which are all of one run. */
export async function mergerOf(shards: readonly ShardFile[]): Promise<Merger> {
  switch (shards[0]?.command) {
    case "explore":
      return await explores(shards);
    case "prove": {
      const [{ mergeProof }, { ofProof }] = await Promise.all([
        import("./shard-prove.ts"),
        import("./report-prove.ts"),
      ]);
      return {
        scenario: "prove",
        merge: (runId) => ({ rendered: ofProof(mergeProof(shards, runId)), extra: [] }),
      };
    }
    case "conformance": {
      const [{ mergeConformance }, { ofConformance }] = await Promise.all([
        import("./shard-conformance.ts"),
        import("./report-conformance.ts"),
      ]);
      return {
        scenario: "conformance",
        merge(runId) {
          const { report, files } = mergeConformance(shards, runId);
          return {
            rendered: ofConformance(report),
            extra: files.map(({ file, text }) => [file, text] as const),
          };
        },
      };
    }
    default:
      return await simulates(shards);
  }
}

async function simulates(shards: readonly ShardFile[]): Promise<Merger> {
  const [{ mergeSimulation }, { ofSimulation }] = await Promise.all([
    import("../report/merge-simulation.ts"),
    import("./report-simulation.ts"),
  ]);
  const { scenario } = (shards[0]?.report ?? {}) as { readonly scenario?: { readonly name?: string } };
  return {
    scenario: scenario?.name ?? "simulate",
    merge: (runId) => ({ rendered: ofSimulation(mergeSimulation(shards, runId)), extra: [] }),
  };
}

async function explores(shards: readonly ShardFile[]): Promise<Merger> {
  const [{ mergeHunt }, { ofExplore }, { playFor }] = await Promise.all([
    import("./shard-explore.ts"),
    import("./report-explore.ts"),
    import("./explore-tell.ts"),
  ]);
  return {
    scenario: "explore",
    merge(runId) {
      const { report, examples } = mergeHunt(shards, runId);
      const extra = [...examples].flatMap(([file, example]) => {
        const { diagram } = playFor(example);
        const drawn = diagram ? [[file.replace(/\.json$/, ".svg"), renderDiagramSvg(diagram)] as const] : [];
        return [[file, counterexampleText(example)] as const, ...drawn];
      });
      return { rendered: ofExplore(report, examples), extra };
    },
  };
}
