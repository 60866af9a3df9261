/**
 * Owns report.html of a proof: whether the suite is proven, and of each planted fault whether it was caught, and by what.
 * Refuses to judge: what is told here was decided before.
 */

import { killMatrix } from "../exploration/prove.ts";
import { ruleById } from "../protocol/rules/registry.ts";
import { grouped } from "../report/numbers.ts";
import { answerHead, plainTiles, secondsText, sentenceText } from "../report/page-answer.ts";
import { framed } from "../report/page-frame.ts";
import { html, type Markup, NOTHING, withCode } from "../report/page-markup.ts";
import { filterForm } from "../report/page-rules.ts";
import { headRows, type SeenProof, troubleRows } from "./prove-report.ts";

type Hunt = SeenProof["proof"]["hunts"][number];
const VERDICTS = ["survived", "caught elsewhere", "caught"] as const;
type Verdict = (typeof VERDICTS)[number];

/** The page of a proof, as HTML with a newline at its end. */
export function renderProvePage(seen: SeenProof): string {
  const holds = isProven(seen);
  return framed({
    title: `prove, seed ${seen.seed}: ${holds ? "proven" : "not proven"}`,
    sections: [
      ["run", "Run"],
      ...(holds ? [] : ([["wrong", "What is wrong"]] as const)),
      ["faults", "Faults"],
      ["kills", "Rules"],
    ],
    skipTo: ["faults", "the faults"],
    head: head(seen),
    main: [wrongSection(seen), faultsSection(seen), rulesSection(seen)],
    footer: "zeke-sync · the same for machines: report.json, zeke-sync/prove@1",
  });
}

function isProven({ proof, canary }: SeenProof): boolean {
  return proof.holds && canary.alive;
}

function head(seen: SeenProof): Markup {
  const { proof, canary, tookMs, seed, partial } = seen;
  const { hunts, survivors, againstReference } = proof;
  const caught = hunts.length - survivors.length;
  const kills = [...killMatrix(proof).values()].filter((faults) => faults.length > 0).length;
  const found = canary.carriers.length - canary.missed.length;
  const bad = (isBad: boolean) => (isBad ? { tone: "bad" as const } : {});
  const sentence = isProven(seen)
    ? "every fault is caught under its own rule, the reference under none"
    : "the suite is not proven";
  return answerHead({
    brand: "· prove",
    outcome: isProven(seen) ? "pass" : "fail",
    title: `prove, seed ${seed}`,
    sentence: `${sentenceText(sentence)}${partial ? " Only some faults were hunted." : ""}`,
    figures: [
      plainTiles([
        {
          name: "Faults caught",
          value: grouped(caught),
          of: `of ${grouped(hunts.length)}`,
          more: "each planted in the reference",
          ...bad(survivors.length > 0),
        },
        {
          name: "Rules that caught one",
          value: grouped(kills),
          more: partial
            ? "of the faults that were asked for"
            : `${grouped(proof.idleRules.length)} caught nothing`,
          ...bad(proof.idleRules.length > 0),
        },
        {
          name: "Against the reference",
          value: grouped(againstReference.length),
          of: "verdicts",
          more: againstReference.length === 0 ? "it is accused of nothing" : "the suite accuses the innocent",
          ...bad(againstReference.length > 0),
        },
        {
          name: "Canary",
          value: `${grouped(found)} of ${grouped(canary.carriers.length)}`,
          more: `found, in ${grouped(canary.runs)} runs`,
          ...bad(!canary.alive),
        },
        { name: "Took", value: secondsText(tookMs) },
      ]),
    ],
    facts: headRows(seen),
  });
}

function wrongSection(seen: SeenProof): Markup {
  const rows = troubleRows(seen);
  if (rows.length === 0) return NOTHING;
  return html`<section aria-labelledby="wrong">
<h2 id="wrong">What is wrong</h2>
<dl class="facts">${rows.map(([label, names]) => html`<dt class="bad">${label}</dt><dd>${names.join(", ")}</dd>`)}</dl>
</section>`;
}

function faultsSection({ proof }: SeenProof): Markup {
  const rows = proof.hunts.map((hunt) => ({ hunt, verdict: verdictOf(hunt) }));
  const ordered = VERDICTS.flatMap((verdict) => rows.filter((row) => row.verdict === verdict));
  const counts = VERDICTS.map(
    (verdict) => [verdict, rows.filter((row) => row.verdict === verdict).length] as const,
  );
  return html`<section aria-labelledby="faults">
<h2 id="faults">Planted faults</h2>
<p class="lead">Each is one deviation of the reference, and is caught when a check accuses it of the rule that it breaks. Search by name, by rule, or by what it does.</p>
${filterForm("faults", rows.length, counts)}
<div class="rules named" id="list">${ordered.map(({ hunt, verdict }) => faultRow(hunt, verdict))}</div>
</section>`;
}

function verdictOf({ fault, kills }: Hunt): Verdict {
  if (kills.length === 0) return "survived";
  return kills.some(({ rule }) => fault.rules.some((own) => own === rule)) ? "caught" : "caught elsewhere";
}

function faultRow({ fault, kills, tried }: Hunt, verdict: Verdict): Markup {
  const { name, side, text, rules } = fault;
  const under = [...new Set(kills.map(({ rule }) => rule))];
  const words = `${name} ${side} ${text} ${rules.join(" ")} ${under.join(" ")} ${verdict}`.toLowerCase();
  const mark =
    verdict === "caught"
      ? html`<span class="good">✓<span class="quiet"> caught</span></span>`
      : html`<span class="bad">✗<span class="quiet"> ${verdict}</span></span>`;
  return html`<details class="rule" id="fault-${name}" data-words="${words}" data-verdict="${verdict}">
<summary>${mark}<span class="id">${name}</span><span class="text">${withCode(text)}</span><span class="often">${under.length === 0 ? "survived" : `${under[0]}${under.length > 1 ? ` and ${under.length - 1} more` : ""}`}</span></summary>
<div class="inner"><p>${side === "device" ? "a fault of the device" : "a fault of the proxy"} · planted for ${rules.join(", ")} · ${grouped(tried)} tried</p>
${kills.length === 0 ? html`<p class="bad">Nothing caught it.</p>` : html`<table><thead><tr><th scope="col">caught under</th><th scope="col">by</th></tr></thead><tbody>${kills.map(({ rule, by }) => html`<tr><th scope="row">${rule}</th><td>${by}</td></tr>`)}</tbody></table>`}
<p class="dim">Again: <code>zeke-sync prove --fault ${name}</code></p></div>
</details>`;
}

function rulesSection({ proof }: SeenProof): Markup {
  const rows = [...killMatrix(proof)].filter(([, faults]) => faults.length > 0);
  return html`<section aria-labelledby="kills">
<h2 id="kills">Rules, and the faults that they caught</h2>
<details class="figures"><summary>${grouped(rows.length)} rules</summary>
<div class="scroll" tabindex="0" role="region" aria-label="Rules, and the faults that they caught"><table>
<thead><tr><th scope="col">rule</th><th scope="col" class="n">faults</th><th scope="col">which</th></tr></thead>
<tbody>${rows.map(([rule, faults]) => html`<tr><th scope="row">${rule} <span class="quiet">${ruleById(rule)?.text ?? ""}</span></th><td class="n">${grouped(faults.length)}</td><td>${faults.join(", ")}</td></tr>`)}</tbody></table></div></details>
</section>`;
}
