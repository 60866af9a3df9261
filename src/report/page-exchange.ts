/**
 * Owns how a page tells what an implementation did wrong: expected, actual, the exchanges that show it as a diagram and
 * one by one, the request for a shell, and how to see it again.
 * Refuses to know histories: a target is seen from outside.
 */

import type { RuleReport, RuleViolation } from "./conformance-result.ts";
import { diagramOf, heardTexts, stepsText } from "./conformance-violation.ts";
import { grouped } from "./numbers.ts";
import { html, type Markup, NOTHING } from "./page-markup.ts";
import { brokenRule, command, drawn } from "./page-told.ts";

const EXCHANGES_SHOWN_MAX = 30;
const TEXT_CHARS_MAX = 4_000;
/** Of one rule, beyond the first. */
const MORE_MAX = 4;

/** What went wrong, the first violation of each rule; nothing when nothing did. */
export function violationsOf(violated: readonly RuleReport[]): Markup {
  if (violated.length === 0) return NOTHING;
  return html`<section aria-labelledby="violations">
<h2 id="violations">What went wrong</h2>
<p class="lead">The first violation of each rule, shrunk to the fewest steps that still show it. A diagram reads from top to bottom: each line is a client or the target, each arrow a message, and the red ring is where the rule was broken.</p>
${violated.map(ruleMarkup)}
</section>`;
}

/** Further violations of a rule, for its row. */
export function violationDetails(rule: RuleReport): Markup {
  const [first, ...others] = rule.violations;
  if (first === undefined) return NOTHING;
  const more = others.slice(0, MORE_MAX);
  const rest = others.length - more.length;
  return html`<p><a href="#violation-${rule.id}">The first violation, with what led to it</a>${more.length > 0 ? ". Found by other probes, too:" : "."}</p>
${more.map((violation) => html`<div class="violation">${told(violation)}</div>`)}
${rest > 0 ? html`<p class="dim">${grouped(rest)} more of this rule.</p>` : NOTHING}`;
}

function ruleMarkup(rule: RuleReport): Markup {
  const { id, level, phase, text, known, binds, violations } = rule;
  const [first] = violations;
  const note =
    known === undefined
      ? binds
        ? NOTHING
        : html`<p class="dim">A SHOULD: it fails nothing without <code>--level should</code>.</p>`
      : html`<p class="dim">Known: ${known.reason} (${known.owner}, until ${known.until}).</p>`;
  const rest = violations.length - 1;
  return brokenRule({
    anchor: `violation-${id}`,
    mark: known === undefined && binds ? "✗" : "!",
    rule: id,
    level,
    phase,
    text,
    told: [
      note,
      first === undefined ? NOTHING : told(first),
      rest > 0
        ? html`<p class="dim"><a data-rule href="#rule-${id}">${rest === 1 ? "One more probe shows it" : `${grouped(rest)} more probes show it`}</a></p>`
        : NOTHING,
    ],
  });
}

function told(violation: RuleViolation): Markup {
  const { probe, expected, actual, because, evidence, replay } = violation;
  const rows: readonly (readonly [label: string, text: Markup])[] = [
    ["expected", html`<span class="want">${clipped(expected)}</span>`],
    ["actual", html`<span class="got">${clipped(actual)}</span>`],
    ...(because === undefined ? [] : [["because", html`${clipped(because)}`] as const]),
    ["steps", html`${clipped(stepsText(evidence))}`],
    ...heardTexts(evidence).map((text) => ["heard", html`${clipped(text)}`] as const),
    ["probe", html`${probe}`],
  ];
  return html`<dl class="told">${rows.map(([label, text]) => html`<dt>${label}</dt><dd>${text}</dd>`)}</dl>
${drawn(diagramOf(evidence))}
${exchanges(evidence)}
${command("The last request, for a shell", clipped(evidence.request))}
${command("See it again", replay)}`;
}

function exchanges({ exchanges: all }: RuleViolation["evidence"]): Markup {
  if (all.length === 0) return NOTHING;
  const shown = all.slice(-EXCHANGES_SHOWN_MAX);
  const before = all.length - shown.length;
  const lines = shown.flatMap(({ request, answer }) => [
    clipped(request),
    ...clipped(answer)
      .split("\n")
      .map((line) => `# ${line}`),
    "",
  ]);
  const text = [...(before > 0 ? [`# ${before} before these`, ""] : []), ...lines].join("\n").trimEnd();
  return html`<details><summary>${all.length === 1 ? "The request and its answer" : `All ${grouped(all.length)} requests and answers`}</summary><pre>${text}</pre></details>`;
}

function clipped(text: string): string {
  return text.length <= TEXT_CHARS_MAX
    ? text
    : `${text.slice(0, TEXT_CHARS_MAX)}… and ${grouped(text.length - TEXT_CHARS_MAX)} more characters`;
}
