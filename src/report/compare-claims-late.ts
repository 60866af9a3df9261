/**
 * Owns the promises of phases 4 and 5, and the figures that show each or fail to.
 * Refuses to hold a verdict: what a figure must come to stands here, what it came to is measured.
 */

import { share } from "../metrics/measure.ts";
import type { Claim } from "./compare-claim.ts";
import { bytesADay, perDay, type Stage } from "./compare-stage.ts";
import { formatBytes, formatCount, formatShare, formatSpan, grouped } from "./numbers.ts";

/** How many times as much the largest account costs as the smallest. */
function growth({ sizes }: Stage, of: "bytes" | "ms"): number | null {
  const [least, most] = [sizes[0]?.[of], sizes.at(-1)?.[of]];
  return least === undefined || least === null || most === undefined || most === null
    ? null
    : share(most, least);
}

const wakeUps = (stage: Stage): number | null => perDay(stage.metrics.cost.total.radioWakeUps, stage);

export const LATE_CLAIMS: readonly Claim[] = [
  {
    phase: 4,
    improvement: "Fresh data on open",
    benefit: "App already has latest changes",
    figures: [
      {
        figure: "openings at which nothing was missing",
        unit: "share",
        better: "higher",
        aim: { aim: "at least", limit: 0.95 },
        value: ({ freshness }) => share(freshness.freshOpens, freshness.opens),
      },
    ],
    why: ({ freshness }) =>
      `${grouped(freshness.opens - freshness.freshOpens)} of ${grouped(freshness.opens)} openings were not: a push is lost or late, wakes only half of the apps that are not running, and waits while there is no network.`,
  },
  {
    phase: 4,
    improvement: "Battery efficient",
    benefit: "Sync only when needed, not on timer",
    figures: [
      {
        figure: "radio wake-ups, a device-day",
        unit: "count",
        better: "lower",
        aim: { aim: "times", limit: 1 },
        value: wakeUps,
      },
    ],
    why: (after, _all, before) =>
      `there is no timer in the background that pushes could replace; each push wakes the radio, and there are ${formatCount(perDay(after.metrics.counts.pushesReceived, after) ?? 0)} a device-day: ${formatCount(wakeUps(before) ?? 0)} wake-ups become ${formatCount(wakeUps(after) ?? 0)}.`,
  },
  {
    phase: 4,
    improvement: "Multi-device sync",
    benefit: "Changes on one device push to others",
    figures: [
      {
        figure: "changes on other phones in a minute",
        unit: "share",
        better: "higher",
        aim: { aim: "at least", limit: 0.95 },
        value: ({ reach }) => share(reach.held, reach.changes),
      },
    ],
    why: ({ reach }) =>
      `${grouped(reach.changes - reach.held)} of ${grouped(reach.changes)} took longer, all on phones that had a network.`,
  },
  {
    phase: 4,
    improvement: "Important alerts",
    benefit: "Know immediately when critical data changes",
    figures: [
      {
        figure: "pocketed phones that heard in 10 s",
        unit: "share",
        better: "higher",
        aim: { aim: "at least", limit: 0.95 },
        value: ({ reach }) => share(reach.heard, reach.pocketed),
      },
    ],
    why: ({ reach }) =>
      `${formatShare(1 - (share(reach.heard, reach.pocketed) ?? 0))} heard later or not at all; and a silent push, which is all that the roadmap sends, tells the phone and not its user.`,
  },
  {
    phase: 5,
    improvement: "Faster sync",
    benefit: "Download only what changed, not everything",
    figures: [
      {
        figure: "time that a sync takes, median",
        unit: "ms",
        better: "lower",
        aim: { aim: "times", limit: 0.5 },
        value: ({ transfers }) => transfers.durations.p50,
      },
      {
        figure: "bytes that a sync brings, mean",
        unit: "bytes",
        better: "lower",
        aim: { aim: "times", limit: 0.5 },
        value: ({ transfers }) => transfers.bytesMean,
      },
    ],
    why: (after) =>
      `a sync is ${formatBytes(after.transfers.bytesMean ?? 0)} and takes ${formatSpan(after.transfers.durations.p50 ?? 0)}.`,
  },
  {
    phase: 5,
    improvement: "Lower data usage",
    benefit: "Minimal bandwidth for updates",
    figures: [
      {
        figure: "bytes both ways, a device-day",
        unit: "bytes",
        better: "lower",
        aim: { aim: "times", limit: 0.5 },
        value: bytesADay,
      },
    ],
    why: (after, _all, before) =>
      `a device-day still costs ${formatBytes(bytesADay(after) ?? 0)}, of ${formatBytes(bytesADay(before) ?? 0)} before.`,
  },
  {
    phase: 5,
    improvement: "Quicker app startup",
    benefit: "Less to process on launch",
    figures: [
      {
        figure: "opening to known current, median",
        unit: "ms",
        better: "lower",
        aim: { aim: "times", limit: 0.75 },
        value: ({ freshness }) => freshness.untilCurrent.p50,
      },
      {
        figure: "bytes from opening to known current",
        unit: "bytes",
        better: "lower",
        aim: { aim: "times", limit: 0.75 },
        value: ({ freshness }) => freshness.bytesUntilCurrent,
      },
    ],
    why: (after, _all, before) =>
      `${formatBytes(before.freshness.bytesUntilCurrent ?? 0)} become ${formatBytes(after.freshness.bytesUntilCurrent ?? 0)}: phase 1 had the socket bring what was missed already, so there is little left to save; an opening now asks for changes, and then resumes the socket.`,
  },
  {
    phase: 5,
    improvement: "Scales with data",
    benefit: "Performance stays good as data grows",
    figures: [
      {
        figure: "bytes a sync, 10 000 records to 100",
        unit: "count",
        better: "lower",
        aim: { aim: "at most", limit: 1.5 },
        value: (stage) => growth(stage, "bytes"),
      },
      {
        figure: "time a sync, 10 000 records to 100",
        unit: "count",
        better: "lower",
        aim: { aim: "at most", limit: 1.5 },
        value: (stage) => growth(stage, "ms"),
      },
    ],
    why: ({ sizes }) =>
      `from ${formatCount(sizes[0]?.records ?? 0)} to ${formatCount(sizes.at(-1)?.records ?? 0)} records a sync grows from ${formatBytes(sizes[0]?.bytes ?? 0)} to ${formatBytes(sizes.at(-1)?.bytes ?? 0)}.`,
  },
];
