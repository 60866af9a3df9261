/**
 * Owns report.html: one self-contained page of a simulation, made of its report and nothing else.
 * Refuses to measure and to judge, and to know how its sections are made. Nothing in the page is fetched from anywhere.
 */

import { devicesSection } from "./page-devices.ts";
import { pageHead } from "./page-head.ts";
import { html, NOTHING, raw } from "./page-markup.ts";
import { metricsSection } from "./page-metrics.ts";
import { rulesSection } from "./page-rules.ts";
import { PAGE_SCRIPT } from "./page-script.ts";
import { PAGE_STYLE } from "./page-style.ts";
import { violationsSection } from "./page-violations.ts";
import type { SimulationReport } from "./result-schema.ts";
import { violatedRules } from "./table.ts";

/** The page may ask nothing of anybody, whatever foreign text should get into it. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:";

/** The page of a report, as HTML with a newline at its end. The same report gives the same page. */
export function renderPage(report: SimulationReport): string {
  const title = `${report.scenario.name}, seed ${report.seed}: ${report.verdict}`;
  const isViolated = violatedRules(report).length > 0;
  const { markup } = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="color-scheme" content="light dark">
<title>${title} · zeke-sync</title>
<style>${raw(PAGE_STYLE)}</style>
</head>
<body>
<a class="skip" href="#metrics">Skip to the metrics</a>
<nav aria-label="Sections"><ul>
<li><a href="#run">Run</a></li>
${isViolated ? html`<li><a href="#violations">What went wrong</a></li>` : NOTHING}
<li><a href="#metrics">Metrics</a></li>
<li><a href="#rules">Rules</a></li>
${report.series ? html`<li><a href="#devices">Devices</a></li>` : NOTHING}
</ul></nav>
${pageHead(report)}
<main>
${violationsSection(report)}
${metricsSection(report)}
${rulesSection(report)}
${devicesSection(report)}
</main>
<footer>zeke-sync ${report.suite.version} · history digest ${report.run.digest} · the same figures for machines: report.json, ${report.schema}</footer>
<script>${raw(PAGE_SCRIPT)}</script>
</body>
</html>
`;
  return markup;
}
