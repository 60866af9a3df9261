/**
 * Owns report.html of a hunt: how far it came, what it did to the fleet, and each finding with its steps and diagram.
 * Refuses to hunt and to play: findings come with what was seen when they were played once more.
 */

import { RULES, ruleById } from "../protocol/rules/registry.ts";
import { grouped } from "../report/numbers.ts";
import { answerHead, plainTiles, secondsText, startedText } from "../report/page-answer.ts";
import { framed } from "../report/page-frame.ts";
import { html, type Markup, NOTHING } from "../report/page-markup.ts";
import { type PagedRule, rulesSection } from "../report/page-rules.ts";
import { tableOf } from "../report/page-table.ts";
import { brokenRule, command, drawn } from "../report/page-told.ts";
import { proveFaultsOf } from "./explore-faults.ts";
import { summaryOf } from "./explore-markdown.ts";
import type { Filed } from "./explore-report.ts";
import type { ExploreReport, FindingReport } from "./explore-schema.ts";

const LEAD =
  "A rule was exercised if what it is about really happened; the number says in how many runs. Choose a cell of the matrix to see its rules, or search.";

/** The page of a hunt, as HTML with a newline at its end. `folder` is where it stands, as a user would write it. */
export function renderExplorePage(report: ExploreReport, filed: readonly Filed[], folder: string): string {
  const { verdict, seed, version, timing, known, deeds } = report;
  return framed({
    title: `explore, seed ${seed}: ${verdict}`,
    sections: [
      ["run", "Run"],
      ...(filed.length > 0 ? ([["violations", "What was found"]] as const) : []),
      ...(known.length > 0 ? ([["known", "Known before"]] as const) : []),
      ...(deeds === undefined ? [] : ([["deeds", "What was done"]] as const)),
      ["rules", "Rules"],
    ],
    skipTo: ["rules", "the rules"],
    head: head(report),
    main: [
      findings(filed, folder),
      knownSection(report),
      deedsSection(report),
      rulesSection(rulesOf(report), LEAD, (rule) => toFindings(rule.id, filed)),
    ],
    footer: `zeke-sync ${version} · run ${timing.runId} · the same for machines: report.json, ${report.schema}`,
  });
}

function head(report: ExploreReport): Markup {
  const { verdict, seed, version, timing, runs, events, behaviours, rules, findings: found, known } = report;
  const { scenarios, fault, shard, again } = report;
  const wrong = known.filter(({ ok }) => !ok).length;
  const perSecond = runs / (Math.max(1, timing.wallMs) / 1_000);
  const judged = RULES.filter(({ side }) => side !== "R").length;
  return answerHead({
    brand: `${version} · run ${timing.runId} · ${startedText(timing.startedAt)}`,
    outcome: verdict,
    title: `explore, seed ${seed}`,
    sentence: `${summaryOf(report).replaceAll("`", "")}${wrong === 0 ? "" : ` ${wrong} known ${wrong === 1 ? "counterexample does" : "counterexamples do"} not fare as they must.`}`,
    figures: [
      plainTiles([
        {
          name: "Found",
          value: grouped(found.length),
          more: found.length === 0 ? "nothing was broken" : "each shrunk, one of a cause",
          ...(found.length === 0 ? {} : { tone: "bad" as const }),
        },
        { name: "Runs", value: grouped(runs), more: "each with a seed of its own" },
        {
          name: "Seeds a second",
          value: perSecond < 10 ? perSecond.toFixed(1) : grouped(Math.round(perSecond)),
          more: `on ${timing.workers} ${timing.workers === 1 ? "worker" : "workers"}, in ${secondsText(timing.wallMs)}`,
        },
        { name: "Behaviours", value: grouped(behaviours), more: `in ${grouped(events)} events` },
        {
          name: "Rules exercised",
          value: grouped(rules.length),
          of: `of ${judged}`,
          more: "by fleets alone",
        },
      ]),
    ],
    facts: [
      [
        "worlds",
        scenarios.length === 0 ? "drawn, laid on nothing" : `drawn, laid on ${scenarios.join(", ")}`,
      ],
      ...(fault === undefined ? [] : [["planted fault", fault] as const]),
      ...(shard === undefined ? [] : [["shard", shard] as const]),
      [
        "known before",
        known.length === 0
          ? "no counterexample"
          : `${grouped(known.length)} counterexamples, ${wrong === 0 ? "all fare as they must" : `${wrong} fare wrongly`}`,
      ],
    ],
    againLead: html`The same seed and as many runs are the same hunt, on any number of workers.`,
    again,
  });
}

function findings(filed: readonly Filed[], folder: string): Markup {
  if (filed.length === 0) return NOTHING;
  return html`<section aria-labelledby="violations">
<h2 id="violations">What was found</h2>
<p class="lead">One of each cause, shrunk to the fewest steps that still show it. A diagram reads from top to bottom: each line is a device or the proxy, each arrow a message, and the red ring is where the rule was broken.</p>
${filed.map((one, at) => finding(one, at, folder))}
</section>`;
}

function finding({ entry, played }: Filed, at: number, folder: string): Markup {
  const { rule, expected, actual, because, counterexample } = entry;
  const known = ruleById(rule);
  const faults = proveFaultsOf(rule);
  return brokenRule({
    anchor: anchorOf(at),
    mark: "✗",
    rule,
    level: known?.level ?? "",
    phase: known?.phase,
    text: known?.text ?? "",
    told: [
      html`<dl class="told">
<dt>expected</dt><dd class="want">${expected}</dd>
<dt>actual</dt><dd class="got">${actual}</dd>
<dt>because</dt><dd>${because}</dd>
<dt>seen</dt><dd>${seenText(entry)}</dd>
<dt>steps</dt><dd>${stepsList(entry)}</dd>
</dl>`,
      drawn(played.diagram),
      command("See it again", `zeke-sync replay ${folder}/${counterexample}`),
      faults.length === 0
        ? NOTHING
        : command(
            "Prove that this rule is watched",
            `zeke-sync prove ${faults.map((name) => `--fault ${name}`).join(" ")}`,
          ),
    ],
  });
}

function seenText({ runs, first, along, tries, complete }: FindingReport): string {
  const others = [...new Set(along.map(({ rule }) => rule))];
  return [
    `in ${grouped(runs)} ${runs === 1 ? "run" : "runs"}, first in number ${grouped(first)}`,
    ...(others.length > 0 ? [`the same steps break ${others.join(", ")}`] : []),
    complete ? `shrunk in ${grouped(tries)} tries` : "shrinking was stopped before its end",
  ].join("; ");
}

function stepsList({ steps, actions }: FindingReport): Markup {
  const shrunk = `${grouped(actions.to)}, shrunk from ${grouped(actions.from)}`;
  if (steps.length === 0) return html`${shrunk}: it is enough that everybody comes back`;
  return html`${shrunk}<ol class="steps">${steps.map((step) => html`<li>${step}</li>`)}</ol>`;
}

function knownSection({ known }: ExploreReport): Markup {
  if (known.length === 0) return NOTHING;
  const row = ({ file, rule, fault, verdict, ok }: ExploreReport["known"][number]) =>
    html`<tr><th scope="row">${file}</th><td>${rule}</td><td>${fault ?? "none"}</td><td>${verdict}</td><td>${ok ? html`<span class="good">✓</span> as it must be` : html`<span class="bad">✗ wrong</span>`}</td></tr>`;
  return html`<section aria-labelledby="known">
<h2 id="known">Counterexamples that were known before</h2>
<p class="lead">Each is played before the hunt. One that was found in the reference must be fixed; one with a planted fault must still be broken.</p>
<div class="scroll" tabindex="0" role="region" aria-label="Counterexamples that were known before"><table>
<thead><tr><th scope="col">file</th><th scope="col">rule</th><th scope="col">planted fault</th><th scope="col">verdict</th><th scope="col"></th></tr></thead>
<tbody>${known.map(row)}</tbody></table></div>
</section>`;
}

const DEED_WORDS: Readonly<Record<string, string>> = {
  open: "an app is opened",
  close: "an app is put down",
  kill: "an app is killed",
  edit: "a user edits",
  read: "a user reads",
  refresh: "a user pulls to refresh",
  offline: "a device is offline",
  partition: "one direction of a link is dead, and nobody is told",
  sever: "sockets are forgotten on the way",
  clock: "a device's clock jumps",
  "full-storage": "a device's storage is full",
  "expired-token": "a token has expired",
  write: "another client of the account writes",
  outage: "a proxy instance is down",
  "cut-off": "a proxy instance is cut off from the others",
  "proxy-clock": "a proxy's clock jumps",
  lose: "an answer is lost behind its effect",
};

function deedsSection({ deeds, runs }: ExploreReport): Markup {
  if (deeds === undefined) return NOTHING;
  const counts = new Map(deeds.map(({ deed, runs: of }) => [deed, of]));
  const names = [...Object.keys(DEED_WORDS), ...[...counts.keys()].filter((deed) => !(deed in DEED_WORDS))];
  const rows = names.map((deed) => {
    const of = counts.get(deed) ?? 0;
    const share = runs === 0 ? 0 : Math.round((100 * of) / runs);
    return [DEED_WORDS[deed] ?? deed, of === 0 ? "never" : grouped(of), of === 0 ? "" : `${share}%`];
  });
  return html`<section aria-labelledby="deeds">
<h2 id="deeds">What was done to the fleet</h2>
<p class="lead">In how many runs each kind of thing happened. One that never did was not tried: more runs, or another scenario, bring it.</p>
<div class="scroll" tabindex="0" role="region" aria-label="What was done to the fleet">${tableOf({ heads: ["what", "runs", "share"], rows })}</div>
</section>`;
}

function rulesOf({ rules, findings: found }: ExploreReport): readonly PagedRule[] {
  const runs = new Map(rules.map(({ rule, runs: of }) => [rule, of]));
  const broken = new Set(found.map(({ rule }) => rule));
  return RULES.map((rule) => {
    const { id, level, side, phase, text } = rule;
    const exercised = runs.get(id) ?? 0;
    const verdict = broken.has(id)
      ? "violated"
      : exercised > 0
        ? "satisfied"
        : side === "R"
          ? "excluded"
          : "not exercised";
    const reason = verdict === "excluded" ? "no run can see it: it is a recommendation to people" : undefined;
    return { id, level, side, phase, text, verdict, exercised, reason };
  });
}

function toFindings(rule: string, filed: readonly Filed[]): Markup {
  const mine = filed.flatMap(({ entry }, at) => (entry.rule === rule ? [at] : []));
  if (mine.length === 0) return NOTHING;
  return html`<ul>${mine.map((at) => html`<li><a href="#${anchorOf(at)}">${filed[at]?.entry.actual ?? ""}</a></li>`)}</ul>`;
}

function anchorOf(at: number): string {
  return `finding-${at + 1}`;
}
