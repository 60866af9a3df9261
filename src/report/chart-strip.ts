/**
 * Owns the strip of one device: a short drawing of when it was offline, edited, synced, met conflicts and was killed.
 * Refuses to know which devices have one.
 */

import { timeTick, timeTicks } from "./chart-axis.ts";
import { escapeMarkup, type Markup, raw } from "./page-markup.ts";
import { type DeviceEntry, denseRow, type SeriesEntry } from "./series-schema.ts";

const WIDTH = 720;
const HEIGHT = 50;
const BASE = 34;
/** An edit bar is this high for each edit, up to the room there is. */
const EDIT_HEIGHT = 6;
const EDIT_HEIGHT_MAX = 20;

/** The strip as SVG; every mark says what it is when it is pointed at. */
export function drawStrip(device: DeviceEntry, { bucketMs, lengthMs, queue }: SeriesEntry): Markup {
  const buckets = queue.mean.length;
  const scale = WIDTH / Math.max(1, lengthMs);
  const width = bucketMs * scale;
  const each = (sparse: string, draw: (x: number, count: number, bucket: number) => string) =>
    denseRow(sparse, buckets)
      .map((count, bucket) => (count > 0 ? draw(bucket * width, count, bucket) : ""))
      .join("");
  const when = (bucket: number) => `${timeTick(bucket * bucketMs)} into the run`;
  const { rows } = device;
  const drawn = [
    each(rows.offline, (x, percent, bucket) => {
      const height = (BASE - 2) * (Math.min(100, percent) / 100);
      const text = `offline ${percent} % of the time, ${when(bucket)}`;
      return rect("off", x, BASE - height, Math.min(width, WIDTH - x), height, text);
    }),
    ...days(lengthMs).map((ms) => {
      const x = round(ms * scale);
      return `<line class="day" x1="${x}" x2="${x}" y1="0" y2="${HEIGHT}"/>`;
    }),
    `<line class="base" x1="0" x2="${WIDTH}" y1="${BASE}" y2="${BASE}"/>`,
    each(rows.edits, (x, count, bucket) => {
      const height = Math.min(EDIT_HEIGHT_MAX, count * EDIT_HEIGHT);
      return rect(
        "edit",
        x + width / 2 - 1,
        BASE - height,
        2,
        height,
        `${plural(count, "edit")}, ${when(bucket)}`,
      );
    }),
    each(rows.deltas, (x, count, bucket) =>
      rect(
        "delta",
        x + width / 2 - 0.75,
        BASE + 2,
        1.5,
        4,
        `${plural(count, "delta sync")}, ${when(bucket)}`,
      ),
    ),
    each(rows.fulls, (x, count, bucket) =>
      rect("full", x + width / 2 - 1.5, BASE + 2, 3, 8, `${plural(count, "full sync")}, ${when(bucket)}`),
    ),
    each(rows.conflicts, (x, count, bucket) => {
      const middle = round(x + width / 2);
      return `<path class="conflict" d="M${middle} 1l5 5l-5 5l-5 -5Z"><title>${plural(count, "conflict")}, ${when(bucket)}</title></path>`;
    }),
    each(rows.kills, (x, count, bucket) => {
      const middle = round(x + width / 2);
      return `<path class="kill" d="M${middle - 3} ${HEIGHT - 7}l6 6m0 -6l-6 6"><title>killed ${count === 1 ? "once" : `${count} times`}, ${when(bucket)}</title></path>`;
    }),
  ].join("");
  const label = `${device.name}: ${plural(device.edits, "edit")}, ${plural(device.conflicts, "conflict")}, ${plural(device.kills, "kill")}, ${plural(device.fullSyncs, "full sync")}`;
  return raw(
    `<svg class="strip" role="img" aria-label="${escapeMarkup(label)}" viewBox="0 0 ${WIDTH} ${HEIGHT}" xmlns="http://www.w3.org/2000/svg">${drawn}</svg>`,
  );
}

/** The axis above strips. */
export function drawStripAxis({ lengthMs }: SeriesEntry): Markup {
  const scale = WIDTH / Math.max(1, lengthMs);
  const texts = days(lengthMs).map(
    (ms) => `<text x="${round(ms * scale) + 3}" y="12">${timeTick(ms)}</text>`,
  );
  return raw(
    `<svg class="strip" aria-hidden="true" viewBox="0 0 ${WIDTH} 16" xmlns="http://www.w3.org/2000/svg">${texts.join("")}</svg>`,
  );
}

function days(lengthMs: number): readonly number[] {
  return timeTicks(lengthMs).filter((ms) => ms < lengthMs * 0.97);
}

function rect(name: string, x: number, y: number, width: number, height: number, text: string): string {
  return `<rect class="${name}" x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}"><title>${text}</title></rect>`;
}

/** `1 edit`, `2 syncs`. */
function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
