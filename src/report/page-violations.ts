/**
 * Owns how a page tells violations: expected, actual, because, what led to it as a diagram, and the facts that show it.
 * Refuses to know how a diagram is drawn.
 */

import { formatInstant } from "../base/time.ts";
import { factLine } from "./evidence.ts";
import { grouped } from "./numbers.ts";
import { into } from "./page-head.ts";
import { html, type Markup, NOTHING } from "./page-markup.ts";
import { brokenRule, drawn } from "./page-told.ts";
import type { RuleEntry, SimulationReport, ViolationEntry } from "./result-schema.ts";
import { violatedRules } from "./table.ts";

/** What went wrong, one violation of each rule; nothing when nothing did. */
export function violationsSection(report: SimulationReport): Markup {
  const violated = violatedRules(report);
  if (violated.length === 0) return NOTHING;
  return html`<section aria-labelledby="violations">
<h2 id="violations">What went wrong</h2>
<p class="lead">The first violation of each rule. A diagram reads from top to bottom; each line is a device or the proxy, each arrow a message, and the red ring is where the rule was broken.</p>
${violated.map((rule) => ruleMarkup(rule, report.again))}
</section>`;
}

function ruleMarkup(rule: RuleEntry, again: string): Markup {
  const [first] = rule.violations;
  const rest = rule.violated - 1;
  const more =
    rest > 0
      ? html`<p class="dim"><a data-rule href="#rule-${rule.id}">${grouped(rest)} more of this rule</a></p>`
      : NOTHING;
  return brokenRule({
    anchor: `violation-${rule.id}`,
    mark: "✗",
    rule: rule.id,
    level: rule.level,
    phase: rule.phase,
    text: rule.text,
    told: [
      first ? told(first) : NOTHING,
      html`<dl class="told"><dt>replay</dt><dd><code>${again}</code></dd></dl>`,
      more,
    ],
  });
}

/** A violation without its rule. */
export function violationMarkup(violation: ViolationEntry): Markup {
  return html`<div class="violation">${told(violation)}</div>`;
}

function told(violation: ViolationEntry): Markup {
  const { expected, actual, because, afterMs, at, evidence, diagram } = violation;
  const facts = evidence.map(
    (fact) => `${typeof fact.at === "number" ? formatInstant(fact.at) : ""} ${factLine(fact)}`,
  );
  return html`<dl class="told">
<dt>expected</dt><dd class="want">${expected}</dd>
<dt>actual</dt><dd class="got">${actual}</dd>
<dt>because</dt><dd>${because}</dd>
<dt>when</dt><dd>${into(afterMs)} (${at})</dd>
</dl>
${drawn(diagram)}
${facts.length > 0 ? html`<details><summary>${facts.length === 1 ? "The fact that shows it" : `The ${facts.length} facts that show it`}</summary><pre>${facts.join("\n")}</pre></details>` : NOTHING}`;
}
