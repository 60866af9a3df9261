/**
 * Owns the command `rules`: the catalogue, by family, and the explanation of one rule.
 * Refuses to judge anything.
 */

import picomatch from "picomatch";
import { canonicalJson } from "../base/canonical-json.ts";
import type { Checker } from "../checkers/port.ts";
import type { Probe } from "../conformance/probe.ts";
import type { Watch } from "../conformance/watch.ts";
import type { Fault } from "../faults/fault.ts";
import { RULES, ruleById } from "../protocol/rules/registry.ts";
import { RULE_FAMILIES, type Rule, type RuleSide } from "../protocol/rules/rule.ts";
import { FAMILIES } from "../report/families.ts";
import { labelled, type Paint } from "../report/layout.ts";
import type { RuleExample } from "../report/rule-example.ts";
import { EXIT, type ExitCode, UsageFault } from "./exit.ts";
import { checkWritable, writeNamed } from "./folder.ts";
import { type Io, widthOf } from "./io.ts";
import { suggestion, withSuggestion } from "./nearest.ts";
import { paintFor } from "./paint.ts";

export interface RulesOptions {
  readonly id: string | undefined;
  readonly json: string | undefined;
  /** Ids alone. */
  readonly quiet: boolean;
  readonly color: boolean;
}

type LoadCheckers = () => Promise<readonly Checker[]>;

/** All that puts rules to the test, and all that breaks them on purpose. */
interface Judges {
  readonly checkers: readonly Checker[];
  readonly probes: readonly Probe[];
  readonly watches: readonly Watch[];
  readonly faults: readonly Fault[];
}

async function loadJudges(load: LoadCheckers): Promise<Judges> {
  const [checkers, { freshWatches, PROBES }, { FAULTS }] = await Promise.all([
    load(),
    import("../conformance/all-probes.ts"),
    import("../faults/all.ts"),
  ]);
  return { checkers, probes: PROBES, watches: freshWatches(), faults: FAULTS };
}

function isOne(id: string | undefined, chosen: readonly Rule[]): boolean {
  return id !== undefined && chosen.length === 1;
}

/** Only probes make examples, and only rules of the proxy have any. */
async function loadExample(rule: Rule | undefined, judges: Judges): Promise<RuleExample | undefined> {
  if (rule?.side !== "P") return undefined;
  const { exampleOf } = await import("./rules-example.ts");
  return exampleOf(rule, judges);
}

const SIDES: Readonly<Record<RuleSide, string>> = {
  P: "P, the proxy seen from outside",
  D: "D, a device",
  S: "S, proxy and devices together",
  R: "R, the reference proxy only",
};

/** Lists rules or explains one. UsageFault for an id that no rule has. */
export async function listRules(options: RulesOptions, io: Io, load: LoadCheckers): Promise<ExitCode> {
  const chosen = options.id === undefined ? RULES : select(options.id);
  const [only, ...others] = chosen;
  if (options.json !== undefined) {
    const judges = await loadJudges(load);
    const example = isOne(options.id, chosen) ? await loadExample(only, judges) : undefined;
    printJson(rulesJson(chosen, judges, example), options.json, io);
  } else if (options.quiet) {
    io.stdout.write(`${chosen.map((rule) => rule.id).join("\n")}\n`);
  } else if (options.id !== undefined && only !== undefined && others.length === 0) {
    const paint = paintFor(io.stdout, io, options.color);
    const judges = await loadJudges(load);
    const width = widthOf(io.stdout);
    io.stdout.write(explain(only, judges, width, paint));
    const example = await loadExample(only, judges);
    if (example === undefined) return EXIT.good;
    const { ruleExampleLines } = await import("../report/rule-example.ts");
    io.stdout.write(`\n${ruleExampleLines(example, { width, paint }).join("\n")}\n`);
  } else {
    // Into a pipe, a rule is a line: that is what grep wants.
    const width = io.stdout.isTTY === true ? widthOf(io.stdout) : Number.POSITIVE_INFINITY;
    io.stdout.write(catalogue(chosen, width, paintFor(io.stdout, io, options.color)));
  }
  return EXIT.good;
}

/** `QUE-10` is one, `QUE` a family, `QUE-1*` or `{CON,MRG}-?` what the glob matches. Case does not matter. */
function select(wanted: string): readonly Rule[] {
  const id = wanted.toUpperCase();
  const one = ruleById(id);
  if (one !== undefined) return [one];
  const isFamily = RULE_FAMILIES.some((family) => family === id);
  const matches = picomatch(isFamily ? `${id}-*` : id);
  const some = RULES.filter((rule) => matches(rule.id));
  if (some.length > 0) return some;
  const near = suggestion(id.replace("*", ""), [...RULES.map((rule) => rule.id), ...RULE_FAMILIES]);
  throw new UsageFault(
    withSuggestion(
      `there is no rule "${wanted}"`,
      near === "" ? `the families are ${RULE_FAMILIES.join(", ")}` : near,
    ),
  );
}

function catalogue(rules: readonly Rule[], width: number, paint: Paint): string {
  const blocks = RULE_FAMILIES.flatMap((family) => {
    const mine = rules.filter((rule) => rule.family === family);
    if (mine.length === 0) return [];
    const { title, section } = FAMILIES[family];
    const heading = `${paint.bold(`${family}  ${title}`)}${paint.dim(` · section ${section}`)}`;
    return [[heading, ...mine.flatMap((rule) => ruleLines(rule, width))].join("\n")];
  });
  return `${blocks.join("\n\n")}\n`;
}

/** Id, level, side, phase, text. */
function ruleLines(rule: Rule, width: number): readonly string[] {
  const head = `  ${rule.id.padEnd(6)}  ${rule.level.padEnd(6)}  ${rule.side}  phase ${rule.phase}  `;
  return labelled(head, rule.text, head.length, width);
}

function explain(rule: Rule, judges: Judges, width: number, paint: Paint): string {
  const { section, title } = FAMILIES[rule.family];
  const rows: readonly (readonly [label: string, text: string])[] = [
    ["level", rule.level],
    ["side", SIDES[rule.side]],
    ["phase", rule.phase === 0 ? "0, what all stand on" : String(rule.phase)],
    ["section", `${section}, ${title} (docs/protocol.md)`],
    ["origin", originText(rule)],
    ...judgedBy(rule, judges).map((text, at) => [at === 0 ? "judged by" : "", text] as const),
    ["broken by", brokenBy(rule, judges)],
    ...shownBy(rule, judges),
  ];
  const lines = rows.flatMap(([label, text]) => labelled(`  ${label}`, text, 13, width));
  const text = labelled("  ", rule.text, 2, width);
  return `${[paint.bold(rule.id), ...text, "", ...lines].join("\n")}\n`;
}

function originText(rule: Rule): string {
  switch (rule.origin.kind) {
    case "seed":
      return `the roadmap: "${rule.origin.quote}"`;
    case "decided":
      return `the roadmap leaves it open; decided: ${rule.origin.quote}`;
    default:
      return "the protocol's design";
  }
}

function judgedBy(rule: Rule, { checkers, probes, watches }: Judges): readonly string[] {
  const mine = checkers.filter((checker) => checker.rule === rule.id);
  const facts = [...new Set(mine.flatMap((checker) => checker.wants))];
  const asked = probes.filter((probe) => probe.rules.some((id) => id === rule.id)).map(({ id }) => id);
  const watched = watches.some((watch) => watch.rules.some((id) => id === rule.id));
  const texts = [
    ...(mine.length === 0
      ? []
      : [
          `${mine.length === 1 ? "a checker" : `${mine.length} checkers`} of histories, on the facts ${facts.join(", ")}`,
        ]),
    ...(asked.length === 0 ? [] : [`${asked.length === 1 ? "the probe" : "the probes"} ${asked.join(", ")}`]),
    ...(watched ? ["a watch over every exchange of every probe"] : []),
  ];
  if (texts.length > 0) return texts;
  return [rule.side === "R" ? "tests of the reference alone: no black box shows it" : "nothing yet"];
}

function brokenBy(rule: Rule, { faults }: Judges): string {
  const own = faults.filter((fault) => fault.rules[0] === rule.id).map(({ name }) => name);
  const others = faults.filter((fault) => fault.rules.slice(1).includes(rule.id)).length;
  const more = others === 0 ? "" : `, and ${others} planted for other rules`;
  return own.length === 0 && others === 0
    ? "no planted fault"
    : `${own.join(", ") || "none of its own"}${more}`;
}

/** How to see a checker catch it: probes have examples instead. */
function shownBy({ id, side }: Rule, { faults }: Judges): readonly (readonly [string, string])[] {
  if (side === "R") return [];
  const own = faults.filter(({ rules, rig }) => rules.includes(id) && (side !== "P" || rig === undefined));
  if (side === "P" && faults.some(({ rules, rig }) => rules.includes(id) && rig !== undefined)) return [];
  const fault = own.find(({ rules }) => rules[0] === id) ?? own[0];
  if (fault === undefined) return [];
  return [
    ["shown by", `zeke-sync simulate --fault ${fault.name}`],
    ["", `zeke-sync prove --fault ${fault.name} (in a small world of its own)`],
  ];
}

function rulesJson(
  rules: readonly Rule[],
  { checkers, probes, faults }: Judges,
  example: RuleExample | undefined,
): string {
  const entries = rules.map((rule) => ({
    ...(JSON.parse(canonicalJson(rule)) as Rule),
    section: FAMILIES[rule.family].section,
    checkers: checkers
      .filter((checker) => checker.rule === rule.id)
      .map((checker) => ({ facts: [...checker.wants] })),
    probes: probes.filter((probe) => probe.rules.some((id) => id === rule.id)).map(({ id }) => id),
    faults: faults.filter((fault) => fault.rules.includes(rule.id)).map(({ name }) => name),
    ...(example === undefined ? {} : { example }),
  }));
  return `${JSON.stringify({ schema: "zeke-sync/rules@1", rules: entries }, undefined, 2)}\n`;
}

function printJson(text: string, target: string, io: Io): void {
  if (target === "-") {
    io.stdout.write(text);
    return;
  }
  checkWritable(target, io.cwd);
  writeNamed(target, text, io.cwd);
}
