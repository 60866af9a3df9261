/**
 * Owns the devices of a page: the ten on which changes took longest to show, the ten with most conflicts, each over time.
 * Refuses to judge them: being the worst is no violation.
 */

import { formatDuration } from "../base/time.ts";
import { drawStrip, drawStripAxis } from "./chart-strip.ts";
import { formatSpan, grouped } from "./numbers.ts";
import { html, type Markup, NOTHING } from "./page-markup.ts";
import type { SimulationReport } from "./result-schema.ts";
import type { DeviceEntry, SeriesEntry } from "./series-schema.ts";
import { counted } from "./table.ts";

/** The worst devices; nothing where a report does not know them. */
export function devicesSection({ series }: SimulationReport): Markup {
  if (series === undefined) return NOTHING;
  return html`<section aria-labelledby="devices">
<h2 id="devices">Devices</h2>
<p class="lead">Those that fared worst, over the whole run from left to right. Where something looks odd, run it again with <code>--trace ${example(series)}</code> to read that device's life line by line.</p>
<ul class="legend">
<li><i class="t-shade soft"></i>offline</li><li><i class="t-first"></i>edits</li><li><i class="t-second"></i>conflicts</li>
<li><i class="t-shade"></i>delta syncs</li><li><i class="t-fourth"></i>full syncs</li><li><span class="bad">×</span> killed</li>
</ul>
<h3>Slowest to show what others changed</h3>
<p class="lead">Ordered by the 90th percentile of sync latency while online with the app open.</p>
${list(series.worst.byLatency, series, latencyText)}
<h3>Most conflicts</h3>
<p class="lead">Ordered by writes that turned out to be stale.</p>
${list(series.worst.byConflicts, series, conflictText)}
</section>`;
}

function example({ worst }: SeriesEntry): string {
  return (worst.byLatency[0] ?? worst.byConflicts[0])?.name ?? "device-0";
}

function list(
  devices: readonly DeviceEntry[],
  series: SeriesEntry,
  text: (device: DeviceEntry) => Markup,
): Markup {
  if (devices.length === 0) return html`<p class="none">No device had any.</p>`;
  return html`<div class="device axis"><div></div>${drawStripAxis(series)}</div><ol class="list">${devices.map(
    (
      device,
    ) => html`<li class="device"><div><div class="who">${device.name}</div><div class="what">${text(device)}</div></div>
${drawStrip(device, series)}</li>`,
  )}</ol>`;
}

function latencyText({ online, cameBack, offlineMs, kills, clockOffsetMs }: DeviceEntry): Markup {
  const slowest = cameBack.count > 0 ? `, ${formatSpan(cameBack.max)} after coming back` : "";
  return html`<b>${formatSpan(online.p90 ?? 0)}</b> p90 of ${grouped(online.count)} changes<br>
slowest ${formatSpan(online.max)}${slowest}<br>
${offlineText(offlineMs)}, ${counted(kills, "kill")}${clockText(clockOffsetMs)}`;
}

function conflictText({ conflicts, edits, offlineMs, kills, clockOffsetMs }: DeviceEntry): Markup {
  return html`<b>${grouped(conflicts)}</b> ${conflicts === 1 ? "conflict" : "conflicts"}, ${counted(edits, "edit")}<br>
${offlineText(offlineMs)}, ${counted(kills, "kill")}${clockText(clockOffsetMs)}`;
}

function offlineText(offlineMs: number): string {
  return offlineMs === 0 ? "never offline" : `offline for ${formatSpan(offlineMs)}`;
}

function clockText(offsetMs: number): string {
  if (Math.abs(offsetMs) < 1_000) return "";
  return `, clock ${formatDuration(Math.round(Math.abs(offsetMs)))} ${offsetMs > 0 ? "ahead" : "behind"}`;
}
