/**
 * Owns what `prove` prints and writes: one screen, a Markdown page with the matrix, and JSON.
 * Refuses to judge: what is told here was decided before.
 */

import type { JsonObject } from "../base/canonical-json.ts";
import { formatDuration } from "../base/time.ts";
import type { CanaryReport } from "../exploration/canary.ts";
import { killMatrix, type Proof } from "../exploration/prove.ts";
import { RULES } from "../protocol/rules/registry.ts";
import { RULE_FAMILIES } from "../protocol/rules/rule.ts";
import { FAMILIES } from "../report/families.ts";
import { columns, labelled, type Paint, wrap } from "../report/layout.ts";

/** A proof, and what is told beside it. */
export interface SeenProof {
  readonly proof: Proof;
  readonly seed: number;
  readonly canary: CanaryReport;
  readonly tookMs: number;
  /** Only some faults were hunted. */
  readonly partial: boolean;
  /** Of zeke-sync: another version may prove otherwise. */
  readonly version: string;
  /** The command that proves the same again. */
  readonly again: string;
  readonly runId: string;
  /** As a date and time with its zone. */
  readonly startedAt: string;
  readonly node: string;
}

export interface ProofScreen {
  readonly width: number;
  readonly paint: Paint;
  readonly folder: string;
}

const INDENT = 14;

/** The screen, with a newline at its end. */
export function renderProof(seen: SeenProof, { width, paint, folder }: ProofScreen): string {
  const { proof, seed } = seen;
  const alright = proof.holds && seen.canary.alive;
  const mark = alright ? paint.good("✓") : paint.bad("✗");
  const sentence = alright
    ? "every fault is caught under its own rule, the reference under none"
    : "the suite is not proven";
  const title = `${mark} ${paint.bold(`prove · seed ${seed}`)}  ${alright ? paint.good(sentence) : paint.bad(sentence)}`;
  const head = headRows(seen).flatMap(([label, text]) => labelled(`  ${label}`, text, INDENT, width));
  const troubles = troubleRows(seen).flatMap(([label, names]) => [
    paint.bad(`✗ ${label}`),
    ...wrap(names.join(", "), width - 4).map((line) => `    ${line}`),
  ]);
  const parts = [
    [title],
    head,
    familyTable(seen, paint),
    troubles,
    [paint.dim(`  report      ${folder}/report.html`), paint.dim(`  again       ${seen.again}`)],
  ];
  return `${parts
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join("\n"))
    .join("\n\n")}\n`;
}

/** What the proof comes to, row by row. */
export function headRows({
  proof,
  canary,
  tookMs,
  partial,
  version,
  node,
}: SeenProof): readonly (readonly [string, string])[] {
  const { hunts } = proof;
  const ofDevices = hunts.filter(({ fault }) => fault.side === "device").length;
  const killed = [...killMatrix(proof).values()].filter((faults) => faults.length > 0).length;
  const judged = RULES.filter(({ side }) => side !== "R").length;
  const caught = hunts.length - proof.survivors.length;
  return [
    [
      "faults",
      `${caught} of ${hunts.length} caught: ${hunts.length - ofDevices} of the proxy, ${ofDevices} of devices`,
    ],
    [
      "rules",
      `${killed} of ${judged} killed something${partial ? ", with the faults that were asked for" : ""}`,
    ],
    ["reference", proof.againstReference.length === 0 ? "no verdict against it" : "judged wrongly"],
    [
      "canary",
      `planted in ${canary.carriers.length} of ${canary.runs} runs, found in ${canary.carriers.length - canary.missed.length}`,
    ],
    ["took", `${formatDuration(Math.round(tookMs / 100) * 100)} · zeke-sync ${version}, node ${node}`],
  ];
}

/** What is wrong, by its kind; empty when the suite is proven. */
export function troubleRows({ proof, canary }: SeenProof): readonly (readonly [string, readonly string[]])[] {
  const rows: readonly (readonly [string, readonly string[]])[] = [
    ["survived: nothing caught them", proof.survivors],
    ["caught, but not under their own rule", proof.notUnderOwnRule],
    ["caught only under rules that they do not break", proof.onlyUnderOthers],
    ["broke down instead of being judged", proof.crashed],
    ["rules that caught nothing", proof.idleRules],
    [
      "verdicts against the reference",
      proof.againstReference.map(({ rule, by, where }) => `${rule} by ${by} on ${where}`),
    ],
    ["the canary was not found under the seeds", canary.missed.map(String)],
    ["something was found where nothing was planted, under the seeds", canary.falseAlarms.map(String)],
  ];
  return rows.filter(([, names]) => names.length > 0);
}

function familyTable({ proof, partial }: SeenProof, paint: Paint): readonly string[] {
  const matrix = killMatrix(proof);
  const rows = RULE_FAMILIES.flatMap((family) => {
    const rules = RULES.filter((rule) => rule.family === family && rule.side !== "R");
    const isIdle = rules.every(({ id }) => (matrix.get(id) ?? []).length === 0);
    if (rules.length === 0 || (partial && isIdle)) return [];
    const faults = new Set(rules.flatMap(({ id }) => matrix.get(id) ?? []));
    const killing = rules.filter(({ id }) => (matrix.get(id) ?? []).length > 0).length;
    return [[`  ${family}`, FAMILIES[family].title, `${killing} of ${rules.length}`, String(faults.size)]];
  });
  const [head = "", ...lines] = columns(
    [["  family", "", "rules that killed", "faults"], ...rows],
    ["left", "left", "right", "right"],
  );
  return [paint.dim(head), ...lines];
}

/** The page: the same, then each fault with all that caught it, and each rule with the faults that it caught. */
export function renderProofMarkdown(seen: SeenProof): string {
  const { proof } = seen;
  const faults = proof.hunts.map(({ fault, kills }) => {
    const by = kills.map(({ rule, by: probe }) => `${rule} (${probe})`).join(", ");
    return `| \`${fault.name}\` | ${fault.side} | ${fault.rules[0] ?? ""} | ${by || "**survived**"} |`;
  });
  const rules = [...killMatrix(proof)].map(([rule, names]) => {
    return `| ${rule} | ${names.length} | ${names.map((name) => `\`${name}\``).join(", ")} |`;
  });
  const troubles = troubleRows(seen).map(([label, names]) => `- **${label}**: ${names.join(", ")}`);
  return [
    `# prove · seed ${seen.seed}: ${proof.holds && seen.canary.alive ? "proven" : "not proven"}`,
    "",
    ...headRows(seen).map(([label, text]) => `- ${label}: ${text}`),
    `- again: \`${seen.again}\``,
    ...(troubles.length > 0 ? ["", "## What is wrong", "", ...troubles] : []),
    "",
    "## Faults",
    "",
    "| fault | side | planted for | caught under (by) |",
    "|---|---|---|---|",
    ...faults,
    "",
    "## Rules",
    "",
    "| rule | kills | faults |",
    "|---|---|---|",
    ...rules,
    "",
  ].join("\n");
}

/** The machine's form: the same for one seed, but for `timing`. */
export function proofJson(seen: SeenProof): JsonObject {
  const { proof, seed, canary, partial, version, again, runId, startedAt, tookMs, node } = seen;
  const { hunts, againstReference, ...lists } = proof;
  return {
    schema: "zeke-sync/prove@1",
    version,
    again,
    seed,
    partial,
    ...lists,
    againstReference: againstReference.map(({ rule, by, where }) => ({ rule, by, where })),
    canary: {
      ...canary,
      carriers: [...canary.carriers],
      missed: [...canary.missed],
      falseAlarms: [...canary.falseAlarms],
    },
    faults: hunts.map(({ fault, kills, tried }) => ({
      name: fault.name,
      side: fault.side,
      rules: fault.rules,
      tried,
      kills: kills.map(({ rule, by }) => ({ rule, by })),
    })),
    timing: { runId, startedAt, tookMs, node },
  };
}
