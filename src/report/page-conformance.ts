/**
 * Owns report.html of a judged implementation, made of its report and nothing else.
 * Refuses to judge, and to show what its report does not hold: secrets have been taken out before.
 */

import type { ConformanceReport } from "./conformance-result.ts";
import { byReason, conformanceRows, conformanceSentence } from "./conformance-text.ts";
import { grouped } from "./numbers.ts";
import { answerHead, plainTiles, secondsText, sentenceText, startedText } from "./page-answer.ts";
import { violationDetails, violationsOf } from "./page-exchange.ts";
import { framed } from "./page-frame.ts";
import { html, type Markup, NOTHING } from "./page-markup.ts";
import { rulesSection } from "./page-rules.ts";

const LEAD =
  "A rule counts as satisfied only if it was really put to the test; the number says in how many tries. Choose a cell of the matrix to see its rules, or search.";

/** The page of a report, as HTML with a newline at its end. The same report gives the same page. */
export function renderConformancePage(report: ConformanceReport): string {
  const violated = report.rules.filter(({ verdict }) => verdict === "violated");
  return framed({
    title: `conformance of ${report.target.url}: ${report.verdict}`,
    sections: [
      ["run", "Run"],
      ...(violated.length > 0 ? ([["violations", "What went wrong"]] as const) : []),
      ["open", "Not judged"],
      ["rules", "Rules"],
      ["probes", "Probes"],
    ],
    skipTo: ["rules", "the rules"],
    head: head(report),
    main: [
      violationsOf(violated),
      openSection(report),
      rulesSection(report.rules, LEAD, violationDetails),
      probesSection(report),
    ],
    footer: `zeke-sync ${report.suite} · run ${report.runId} · the same for machines: report.json, ${report.schema}`,
  });
}

function head(report: ConformanceReport): Markup {
  const { suite, runId, startedAt, verdict, target, again, ended } = report;
  const sentence = conformanceSentence(report);
  const early = ended === undefined || sentence.includes(ended) ? "" : ` The run ended early: ${ended}.`;
  return answerHead({
    brand: `${suite} · run ${runId} · ${startedText(startedAt)}`,
    outcome: verdict,
    title: target.url,
    sentence: `${sentenceText(sentence)}${early}`,
    figures: [tiles(report), baseline(report)],
    facts: facts(report),
    againLead: html`The same seed draws the same values; what the target makes of them is its own.`,
    again,
  });
}

function tiles(report: ConformanceReport): Markup {
  const { summary, rules, requests, waitedMs, durationMs, target } = report;
  const borne = rules.filter(({ known }) => known !== undefined).length;
  const lesser = rules.filter(
    ({ verdict, binds, known }) => verdict === "violated" && !binds && known === undefined,
  ).length;
  const open = rules.filter(({ verdict, binds }) => verdict === "not exercised" && binds).length;
  return plainTiles([
    {
      name: "Satisfied",
      value: grouped(summary.satisfied),
      of: `of ${grouped(rules.length)} rules`,
      more: "put to the test, and held",
    },
    {
      name: "Violated",
      value: grouped(summary.violated),
      more: violatedText(summary.violated, borne, lesser),
      ...(summary.violated > borne ? { tone: "bad" as const } : {}),
    },
    {
      name: "Not exercised",
      value: grouped(summary["not exercised"]),
      more: `${grouped(open)} asked for; ${grouped(summary.excluded)} excluded`,
    },
    {
      name: "Requests",
      value: grouped(requests),
      more: `a round trip takes ${milliseconds(target.roundTripMs)}`,
    },
    {
      name: "Took",
      value: secondsText(durationMs),
      more: `probes waited ${secondsText(waitedMs)}, all of them together`,
    },
  ]);
}

function violatedText(violated: number, borne: number, lesser: number): string {
  if (violated === 0) return "none was broken";
  const parts = [
    ...(borne > 0 ? [`${grouped(borne)} known, in the baseline`] : []),
    ...(lesser > 0 ? [`${grouped(lesser)} only a SHOULD`] : []),
  ];
  return parts.length === 0 ? "put to the test, and broken" : parts.join("; ");
}

function baseline({ baseline: broken }: ConformanceReport): Markup {
  if (broken.length === 0) return NOTHING;
  return html`<h2 id="baseline">The baseline does not hold any more</h2>
<ul>${broken.map(({ rule, message }) => html`<li><b>${rule}</b> ${message}</li>`)}</ul>`;
}

function facts(report: ConformanceReport): readonly (readonly [string, string])[] {
  const { fleet, left, seed } = report;
  return [
    ...conformanceRows(report),
    ...(fleet === undefined
      ? []
      : [
          [
            "live devices",
            `${fleet.devices} for ${secondsText(fleet.ranMs)}, ${grouped(fleet.requests)} requests, ${grouped(fleet.facts)} facts judged; ${fleet.ended}${fleet.unjudged === undefined ? "" : `: ${fleet.unjudged}`}`,
          ] as const,
        ]),
    ...left.map(({ what, why }) => ["left behind", `${what}: ${why}`] as const),
    ["seed", String(seed)],
  ];
}

/** What nobody may take for satisfied, and how it could be. */
function openSection({ rules }: ConformanceReport): Markup {
  const table = (caption: string, groups: readonly (readonly [string, readonly string[]])[]) =>
    groups.length === 0
      ? NOTHING
      : html`<h3>${caption}</h3>
<dl class="facts">${groups.map(([reason, ids]) => html`<dt>${ids.length === 1 ? ids[0] : `${ids.length} rules`}</dt><dd>${reason}${ids.length === 1 ? NOTHING : html` <span class="dim">${ids.join(", ")}</span>`}</dd>`)}</dl>`;
  const unseen = rules.filter(({ side }) => side === "R");
  const seen = rules.filter(({ side }) => side !== "R");
  const open = byReason(seen, "not exercised");
  const excluded = byReason(seen, "excluded");
  const hidden = [...byReason(unseen, "excluded"), ...byReason(unseen, "not exercised")];
  return html`<section aria-labelledby="open">
<h2 id="open">What was not judged</h2>
<p class="lead">${open.length + excluded.length + hidden.length === 0 ? "Every rule was judged." : "None of these is good or bad news: each says why, and what would have it judged."}</p>
${table("Not exercised", open)}
${table("Excluded", excluded)}
${table("What no black box can see", hidden)}
</section>`;
}

function probesSection({ probes }: ConformanceReport): Markup {
  const rows = [...probes.each].sort((left, right) => right.requests - left.requests);
  return html`<section aria-labelledby="probes">
<h2 id="probes">Probes</h2>
<p class="lead">What each probe cost the target, most first. A try that is discarded could not be judged; its reason says why.</p>
<details class="figures"><summary>${grouped(rows.length)} probes</summary><div class="scroll" tabindex="0" role="region" aria-label="Probes"><table>
<thead><tr><th scope="col">probe</th><th scope="col" class="n">tries</th><th scope="col" class="n">requests</th><th scope="col">discarded</th></tr></thead>
<tbody>${rows.map(({ probe, runs, requests, discarded }) => html`<tr><th scope="row">${probe}</th><td class="n">${grouped(runs)}</td><td class="n">${grouped(requests)}</td><td>${discardedText(discarded)}</td></tr>`)}</tbody></table></div></details>
</section>`;
}

function discardedText(discarded: Readonly<Record<string, number>>): string {
  return Object.entries(discarded)
    .map(([why, count]) => `${grouped(count)}: ${why}`)
    .join(" · ");
}

function milliseconds(ms: number): string {
  return `${ms < 10 ? ms.toFixed(1) : grouped(Math.round(ms))} ms`;
}
