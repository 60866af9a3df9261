/**
 * Owns the renderings of a proof that was made before.
 * Refuses to prove anything again.
 */

import { z } from "zod";
import { canonicalJson } from "../base/canonical-json.ts";
import type { Proof } from "../exploration/prove.ts";
import { faultByName } from "../faults/all.ts";
import { EXIT, UsageFault } from "./exit.ts";
import { renderProvePage } from "./prove-page.ts";
import { proofJson, renderProof, renderProofMarkdown, type SeenProof } from "./prove-report.ts";
import type { Rendered } from "./report-kinds.ts";
import type { FoundRun } from "./report-read.ts";

const Names = z.array(z.string());
const Kill = z.object({ rule: z.string(), by: z.string() });
const Seeds = z.array(z.number());
const ProofReport = z.object({
  schema: z.literal("zeke-sync/prove@1"),
  version: z.string(),
  again: z.string(),
  seed: z.number().int().min(0),
  partial: z.boolean(),
  holds: z.boolean(),
  survivors: Names,
  notUnderOwnRule: Names,
  onlyUnderOthers: Names,
  crashed: Names,
  idleRules: Names,
  againstReference: z.array(Kill.extend({ where: z.string() })),
  canary: z.object({
    runs: z.number(),
    alive: z.boolean(),
    carriers: Seeds,
    missed: Seeds,
    falseAlarms: Seeds,
  }),
  faults: z.array(z.object({ name: z.string(), tried: z.number(), kills: z.array(Kill) })),
  timing: z.object({ runId: z.string(), startedAt: z.string(), tookMs: z.number(), node: z.string() }),
});

/** UsageFault when it is of another form, or names a fault that this version does not have. */
export function openProve({ data, named }: FoundRun): Rendered {
  const outcome = ProofReport.safeParse(data);
  if (!outcome.success) {
    const place = outcome.error.issues[0]?.path.join(".") ?? "it";
    throw new UsageFault(
      `${named}: ${place} is not as zeke-sync/prove@1 has it; run it again with this version`,
    );
  }
  const { seed, partial, canary, faults, timing, version, again, schema: _schema, ...lists } = outcome.data;
  const hunts = faults.map(({ name, tried, kills }) => {
    const fault = faultByName(name);
    if (fault === undefined)
      throw new UsageFault(`${named}: there is no planted fault "${name}" in this version; run it again`);
    return { fault, tried, kills };
  });
  const proof: Proof = { hunts, ...lists };
  return ofProof({ proof, seed, canary, partial, version, again, ...timing });
}

/** All forms of a proof. */
export function ofProof(seen: SeenProof): Rendered {
  const holds = seen.proof.holds && seen.canary.alive;
  return {
    screen: ({ quiet, ...style }) => (quiet && holds ? "" : renderProof(seen, style)),
    forms: {
      html: () => renderProvePage(seen),
      markdown: () => renderProofMarkdown(seen),
      json: () => `${canonicalJson(proofJson(seen))}\n`,
    },
    code: holds ? EXIT.good : EXIT.violated,
  };
}
