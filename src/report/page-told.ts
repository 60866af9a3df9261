/**
 * Owns the parts that every broken rule has in a page, whoever found it: its heading and text, its diagram, a command.
 * Refuses to know what is told between them.
 */

import { copied } from "./page-answer.ts";
import { html, type Markup, NOTHING, raw, withCode } from "./page-markup.ts";
import type { Diagram } from "./space-time.ts";
import { renderDiagramSvg } from "./space-time-svg.ts";

/** One broken rule with all that is told of it. */
export function brokenRule(parts: {
  /** Of the article, for links to it. */
  readonly anchor: string;
  readonly mark: "✗" | "!";
  readonly rule: string;
  readonly level: string;
  readonly phase: number | undefined;
  readonly text: string;
  readonly told: readonly Markup[];
}): Markup {
  const { anchor, mark, rule, level, phase, text, told } = parts;
  const when = phase === undefined ? NOTHING : html` · phase ${phase}`;
  return html`<article class="violation" id="${anchor}">
<h3><span class="bad" aria-hidden="true">${mark}</span> ${rule}<span class="lvl">${level}${when}</span></h3>
<p>${withCode(text)}</p>
${told}
</article>`;
}

/** What led to a violation, drawn; nothing without a diagram. */
export function drawn(diagram: Diagram | undefined): Markup {
  if (diagram === undefined) return NOTHING;
  const svg = renderDiagramSvg({ ...diagram, title: "What led to it" });
  return html`<div class="diagram" tabindex="0" role="region" aria-label="Space-time diagram of the violation">${raw(svg)}</div>`;
}

/** A command and what it is for. */
export function command(label: string, line: string): Markup {
  return html`<p class="dim">${label}</p>
${copied(line)}`;
}
