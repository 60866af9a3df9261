/**
 * Owns the rules of a page: how many by family and phase, and each with its text, its verdict and how often it was tried.
 * Refuses to tell violations: page-violations.ts does.
 */

import { RULE_FAMILIES } from "../protocol/rules/rule.ts";
import { FAMILIES } from "./families.ts";
import { grouped } from "./numbers.ts";
import { html, type Markup, NOTHING, withCode } from "./page-markup.ts";
import { violationMarkup } from "./page-violations.ts";
import type { FamilyEntry, RuleEntry, SimulationReport } from "./result-schema.ts";

const PHASES = [0, 1, 2, 3, 4, 5] as const;
const VERDICTS = [
  "violated",
  "satisfied",
  "not exercised",
  "excluded",
] as const satisfies readonly RuleEntry["verdict"][];
/** Beyond the first, which stands at the top of the page. */
const MORE_VIOLATIONS_MAX = 4;

const SIDES: Readonly<Record<RuleEntry["side"], string>> = {
  P: "the proxy",
  D: "the device",
  S: "the system",
  R: "what is recommended",
};

/** All rules, with their matrix and their filter. */
export function rulesSection(report: SimulationReport): Markup {
  const counts = VERDICTS.map(
    (verdict) => [verdict, report.rules.filter((rule) => rule.verdict === verdict).length] as const,
  );
  return html`<section aria-labelledby="rules">
<h2 id="rules">Rules</h2>
<p class="lead">A rule counts as satisfied only if what it is about really happened; the number says how often. Choose a cell of the matrix to see its rules, or search.</p>
${matrix(report)}
<form class="filter" role="search" hidden onsubmit="return false">
<label for="search" class="quiet">Search rules by id or words</label>
<input type="search" id="search" placeholder="Search rules, press /" autocomplete="off" spellcheck="false">
<fieldset><legend class="quiet">Verdict</legend>
${choice("all", report.rules.length, true)}
${counts.map(([verdict, count]) => choice(verdict, count, false))}
</fieldset>
<span id="shown" class="dim" role="status"></span>
</form>
<div class="rules" id="list">${report.rules.map(ruleRow)}</div>
</section>`;
}

function choice(verdict: string, count: number, checked: boolean): Markup {
  const input = checked
    ? html`<input type="radio" name="verdict" value="${verdict}" checked>`
    : html`<input type="radio" name="verdict" value="${verdict}">`;
  return html`<label>${input}${verdict} <span class="dim">${grouped(count)}</span></label>`;
}

function matrix({ rules, families }: SimulationReport): Markup {
  const heads = PHASES.map((phase) => html`<th scope="col" class="n">${phaseText(phase)}</th>`);
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Rules by family and phase"><table class="matrix">
<caption class="quiet">Rules by family and phase</caption>
<thead><tr><th scope="col">family</th>${heads}<th scope="col" class="n">all phases</th><th scope="col" class="n">exercised</th></tr></thead>
<tbody>${families.map((family) => matrixRow(family, rules))}</tbody></table></div>
<p class="dim key">✓ satisfied, of all · ✗ violated · a number alone: none of them was exercised, or they are excluded</p>`;
}

function matrixRow(family: FamilyEntry, rules: readonly RuleEntry[]): Markup {
  const mine = rules.filter(({ id }) => familyOf(id) === family.family);
  const cells = PHASES.map((phase) =>
    matrixCell(
      family.family,
      phase,
      mine.filter((rule) => rule.phase === phase),
    ),
  );
  return html`<tr><th scope="row">${family.family} <span class="dim">${family.title}</span></th>${cells}${matrixCell(family.family, undefined, mine)}<td class="n">${grouped(family.exercised)}×</td></tr>`;
}

function matrixCell(family: string, phase: number | undefined, rules: readonly RuleEntry[]): Markup {
  if (rules.length === 0) return html`<td class="n dim"></td>`;
  const count = (verdict: RuleEntry["verdict"]) => rules.filter((rule) => rule.verdict === verdict).length;
  const [violated, satisfied] = [count("violated"), count("satisfied")];
  const where = `${family}, ${phase === undefined ? "all phases" : phaseText(phase)}: `;
  const of = (part: number) =>
    part === rules.length ? NOTHING : html` <span class="dim">of ${rules.length}</span>`;
  const text =
    violated > 0
      ? html`<span class="bad">✗ ${violated}</span>${of(violated)}<span class="quiet"> violated</span>`
      : satisfied > 0
        ? html`<span class="good">✓</span> ${satisfied}${of(satisfied)}<span class="quiet"> satisfied</span>`
        : html`<span class="dim">${rules.length}</span><span class="quiet"> not exercised or excluded</span>`;
  return html`<td class="n"><button type="button" aria-pressed="false" data-family="${family}" data-phase="${phase ?? ""}"><span class="quiet">${where}</span>${text}</button></td>`;
}

function ruleRow(rule: RuleEntry): Markup {
  const { id, level, side, phase, text, verdict, exercised, reason } = rule;
  const words = `${id} ${level} phase ${phase} ${text} ${verdict}`.toLowerCase();
  const often = verdict === "not exercised" || verdict === "excluded" ? verdict : `${grouped(exercised)}×`;
  return html`<details class="rule" id="rule-${id}" data-words="${words}" data-verdict="${verdict}" data-family="${familyOf(id)}" data-phase="${phase}">
<summary>${verdictMark(verdict)}<span class="id">${id}</span><span class="text">${withCode(text)}</span><span class="often">${often}</span></summary>
<div class="inner"><p>${level} · ${phaseText(phase)} · binds ${SIDES[side]} · ${titleOf(id)} · ${verdict}${reason === undefined ? "" : `: ${reason}`} · exercised ${grouped(exercised)} times</p>
${violations(rule)}</div>
</details>`;
}

function violations(rule: RuleEntry): Markup {
  if (rule.violations.length === 0) return NOTHING;
  const more = rule.violations
    .slice(1, 1 + MORE_VIOLATIONS_MAX)
    .map((violation) => violationMarkup(violation));
  const rest = rule.violated - 1 - more.length;
  return html`<p><a href="#violation-${rule.id}">The first violation, with what led to it</a>${more.length > 0 ? ". Further ones:" : "."}</p>${more}${rest > 0 ? html`<p class="dim">${grouped(rest)} more of this rule.</p>` : NOTHING}`;
}

function verdictMark(verdict: RuleEntry["verdict"]): Markup {
  switch (verdict) {
    case "satisfied":
      return html`<span class="good">✓<span class="quiet"> satisfied</span></span>`;
    case "violated":
      return html`<span class="bad">✗<span class="quiet"> violated</span></span>`;
    default:
      return html`<span class="dim">·<span class="quiet"> ${verdict}</span></span>`;
  }
}

function familyOf(id: string): string {
  return id.slice(0, id.indexOf("-"));
}

/** Phase 0 is what all phases stand on. */
function phaseText(phase: number): string {
  return phase === 0 ? "any phase" : `phase ${phase}`;
}

function titleOf(id: string): string {
  const family = RULE_FAMILIES.find((known) => known === familyOf(id));
  return family === undefined ? familyOf(id) : FAMILIES[family].title;
}
