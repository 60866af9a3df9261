/**
 * Owns the top of every page: the answer, its figures as tiles, what was run, and how to run it again.
 * Refuses to know what the page is about.
 */

import { html, type Markup, NOTHING } from "./page-markup.ts";

type Outcome = "pass" | "fail" | "interrupted" | "inconclusive";

const MARKS: Readonly<Record<Outcome, string>> = {
  pass: "✓",
  fail: "✗",
  interrupted: "·",
  inconclusive: "·",
};
const WORDS: Readonly<Record<Outcome, string>> = {
  pass: "Passed",
  fail: "Failed",
  interrupted: "Interrupted",
  inconclusive: "Inconclusive",
};

/** What the top of a page is made of. */
export interface Answer {
  /** What made the report: `0.1.0 · run … · … UTC`. */
  readonly brand: string;
  readonly outcome: Outcome;
  /** What was judged. */
  readonly title: string;
  /** The verdict in whole sentences. */
  readonly sentence: string;
  /** Tiles, and what belongs right below them. */
  readonly figures: readonly Markup[];
  readonly lead?: string;
  readonly facts: readonly (readonly [label: string, text: string])[];
  /** What running it again brings. */
  readonly againLead?: Markup;
  /** The command; absent: the report does not hold it. */
  readonly again?: string;
}

/** The top of a page. */
export function answerHead(answer: Answer): Markup {
  const { brand, outcome, title, sentence, figures, lead, facts, againLead, again } = answer;
  return html`<header class="head">
<p class="brand"><b>zeke-sync</b> ${brand}</p>
<div class="answer ${outcome}"><span class="mark" aria-hidden="true">${MARKS[outcome]}</span><h1>${WORDS[outcome]}: ${title}</h1></div>
<p>${sentence}</p>
${figures}
<h2 id="run">What was run</h2>
${lead === undefined ? NOTHING : html`<p class="lead">${lead}</p>`}
<dl class="facts">${facts.map(([label, text]) => html`<dt>${label}</dt><dd>${text}</dd>`)}</dl>
${
  again === undefined
    ? NOTHING
    : html`<h3>Run it again</h3>
${againLead === undefined ? NOTHING : html`<p class="lead">${againLead}</p>`}
${copied(again)}`
}
</header>`;
}

/** A command that one click copies. */
export function copied(command: string): Markup {
  return html`<div class="again"><pre><code>${command}</code></pre><button type="button" hidden data-copy="${command}">Copy</button></div>`;
}

/** A figure of the top row. */
export interface PlainTile {
  readonly name: string;
  readonly value: string;
  readonly of?: string;
  readonly more?: string;
  readonly tone?: "good" | "bad";
}

/** Figures in a row. */
export function plainTiles(tiles: readonly PlainTile[]): Markup {
  return html`<ul class="tiles">${tiles.map(
    ({ name, value, of = "", more = "", tone = "" }) => html`<li><span class="name">${name}</span>
<span class="value"><span class="${tone}">${value}</span><small>${of}</small></span>
<span class="more">${more}</span></li>`,
  )}</ul>`;
}

/** A time as a page has it: `4.2 s`, `73 s`, `12 min`. */
export function secondsText(ms: number): string {
  if (ms < 10_000) return `${(ms / 1_000).toFixed(1)} s`;
  return ms < 600_000 ? `${Math.round(ms / 1_000)} s` : `${Math.round(ms / 60_000)} min`;
}

/** When a run began, as a page has it. */
export function startedText(startedAt: string): string {
  return `${startedAt.slice(0, 16).replace("T", " ")} UTC`;
}

/** A sentence with its capital and its stop. */
export function sentenceText(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}.`;
}
