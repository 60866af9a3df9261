/**
 * Owns how a chart stands in a page: its name, what its colours mean, what one should see, and its figures as a table.
 * Refuses to draw.
 */

import { CHART_WIDTH, type Tone } from "./chart.ts";
import { PLOT, PLOT_RIGHT, PLOT_RIGHT_WIDE, timeTick } from "./chart-axis.ts";
import type { TimeSpan } from "./chart-time.ts";
import { html, type Markup, NOTHING } from "./page-markup.ts";
import { type Table, tableOf } from "./page-table.ts";

export interface LegendEntry {
  readonly text: string;
  readonly tone: Tone;
  readonly look?: "block" | "soft" | "rule" | "dash";
}

export interface FigureParts {
  readonly title: string;
  readonly chart: Markup;
  readonly legend?: readonly LegendEntry[];
  /** What one should see, in a sentence or two. */
  readonly caption: string;
  readonly table: Table;
  /** One over time answers the pointer. */
  readonly span?: TimeSpan;
  /** It has a second axis at its right. */
  readonly wide?: boolean;
}

/** A chart with all that belongs to it. */
export function figure(parts: FigureParts): Markup {
  const { title, chart, legend, caption, table, span, wide } = parts;
  const right = wide ? CHART_WIDTH - PLOT_RIGHT_WIDE : PLOT_RIGHT;
  const opening = span
    ? html`<figure data-buckets="${PLOT.left} ${right} ${CHART_WIDTH} ${span.lengthMs / span.bucketMs}">`
    : html`<figure>`;
  return html`${opening}
<h4>${title}</h4>
${legend ? html`<ul class="legend">${legend.map(entry)}</ul>` : NOTHING}
${chart}
<figcaption>${caption}</figcaption>
<details class="figures"><summary>Figures<span class="quiet"> of ${title}</span></summary>
<div class="scroll" tabindex="0" role="region" aria-label="Figures of ${title}">${tableOf(table)}</div></details>
</figure>`;
}

/** In place of a chart that would be empty. */
export function noFigure(title: string, why: string): Markup {
  return html`<figure><h4>${title}</h4><p class="none">${why}</p></figure>`;
}

function entry({ text, tone, look = "block" }: LegendEntry): Markup {
  return html`<li><i class="t-${tone} ${look}"></i>${text}</li>`;
}

/** Rows of a table over time: when each bucket began, then its values. */
export function timeRows(
  { bucketMs }: TimeSpan,
  buckets: number,
  cells: (bucket: number) => readonly string[],
): readonly (readonly string[])[] {
  return Array.from({ length: buckets }, (_, bucket) => [timeTick(bucket * bucketMs), ...cells(bucket)]);
}
