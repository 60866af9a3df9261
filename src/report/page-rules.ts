/**
 * Owns the rules of a page: how many by family and phase, and each with its text, its verdict and how often it was tried.
 * Refuses to tell violations: what each page is about does.
 */

import { RULE_FAMILIES } from "../protocol/rules/rule.ts";
import { FAMILIES } from "./families.ts";
import { grouped } from "./numbers.ts";
import { html, type Markup, NOTHING, withCode } from "./page-markup.ts";
import { violationMarkup } from "./page-violations.ts";
import type { RuleEntry } from "./result-schema.ts";

/** What a page tells of a rule, whatever judged it. */
export type PagedRule = Pick<
  RuleEntry,
  "id" | "level" | "side" | "phase" | "text" | "verdict" | "exercised" | "reason"
>;

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

/** All rules, with their matrix and their filter; `more` is what stands in one when it is opened. */
export function rulesSection<Rule extends PagedRule>(
  rules: readonly Rule[],
  lead: string,
  more: (rule: Rule) => Markup,
): Markup {
  const counts = VERDICTS.map(
    (verdict) => [verdict, rules.filter((rule) => rule.verdict === verdict).length] as const,
  );
  return html`<section aria-labelledby="rules">
<h2 id="rules">Rules</h2>
<p class="lead">${lead}</p>
${matrix(rules)}
${filterForm("rules", rules.length, counts)}
<div class="rules" id="list">${rules.map((rule) => ruleRow(rule, more(rule)))}</div>
</section>`;
}

/** Search and choice of verdicts over a list of rows, which the page's script carries out. */
export function filterForm(
  noun: string,
  all: number,
  counts: readonly (readonly [verdict: string, count: number])[],
): Markup {
  return html`<form class="filter" role="search" hidden onsubmit="return false">
<label for="search" class="quiet">Search ${noun} by name or words</label>
<input type="search" id="search" placeholder="Search ${noun}, press /" autocomplete="off" spellcheck="false">
<fieldset><legend class="quiet">Verdict</legend>
${choice("all", all, true)}
${counts.map(([verdict, count]) => choice(verdict, count, false))}
</fieldset>
<span id="shown" class="dim" role="status" data-noun="${noun}"></span>
</form>`;
}

function choice(verdict: string, count: number, checked: boolean): Markup {
  const input = checked
    ? html`<input type="radio" name="verdict" value="${verdict}" checked>`
    : html`<input type="radio" name="verdict" value="${verdict}">`;
  return html`<label>${input}${verdict} <span class="dim">${grouped(count)}</span></label>`;
}

function matrix(rules: readonly PagedRule[]): Markup {
  const families = [...new Set(rules.map(({ id }) => familyOf(id)))];
  const heads = PHASES.map((phase) => html`<th scope="col" class="n">phase ${phase}</th>`);
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Rules by family and phase"><table class="matrix">
<caption class="quiet">Rules by family and phase</caption>
<thead><tr><th scope="col">family</th>${heads}<th scope="col" class="n">all phases</th><th scope="col" class="n">exercised</th></tr></thead>
<tbody>${families.map((family) => matrixRow(family, rules))}</tbody></table></div>
<p class="dim key">✓ satisfied, of all · ✗ violated · a number alone: none of them was exercised, or they are excluded · phase 0 is what all phases stand on</p>`;
}

function matrixRow(family: string, rules: readonly PagedRule[]): Markup {
  const mine = rules.filter(({ id }) => familyOf(id) === family);
  const exercised = mine.reduce((sum, rule) => sum + rule.exercised, 0);
  const cells = PHASES.map((phase) =>
    matrixCell(
      family,
      phase,
      mine.filter((rule) => rule.phase === phase),
    ),
  );
  return html`<tr><th scope="row">${family} <span class="dim">${titleOf(family)}</span></th>${cells}${matrixCell(family, undefined, mine)}<td class="n">${grouped(exercised)}×</td></tr>`;
}

function matrixCell(family: string, phase: number | undefined, rules: readonly PagedRule[]): Markup {
  if (rules.length === 0) return html`<td class="n dim"></td>`;
  const count = (verdict: RuleEntry["verdict"]) => rules.filter((rule) => rule.verdict === verdict).length;
  const [violated, satisfied] = [count("violated"), count("satisfied")];
  const where = `${family}, ${phase === undefined ? "all phases" : `phase ${phase}`}: `;
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

function ruleRow(rule: PagedRule, more: Markup): Markup {
  const { id, level, side, phase, text, verdict, exercised, reason } = rule;
  const words = `${id} ${level} phase ${phase} ${text} ${verdict}`.toLowerCase();
  const often = verdict === "not exercised" || verdict === "excluded" ? verdict : `${grouped(exercised)}×`;
  return html`<details class="rule" id="rule-${id}" data-words="${words}" data-verdict="${verdict}" data-family="${familyOf(id)}" data-phase="${phase}">
<summary>${verdictMark(verdict)}<span class="id">${id}</span><span class="text">${withCode(text)}</span><span class="often">${often}</span></summary>
<div class="inner"><p>${level} · phase ${phase} · binds ${SIDES[side]} · ${titleOf(familyOf(id))} · ${verdict}${reason === undefined ? "" : `: ${reason}`} · exercised ${grouped(exercised)} times</p>
${more}</div>
</details>`;
}

/** The violations of a rule of a simulation, without the first, which stands at the top of the page. */
export function ruleViolations(rule: RuleEntry): Markup {
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

function titleOf(name: string): string {
  const family = RULE_FAMILIES.find((known) => known === name);
  return family === undefined ? name : FAMILIES[family].title;
}
