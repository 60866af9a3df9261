/**
 * Owns the twenty promises of the roadmap's "Why This Improves the App" tables, and the figures that show each or fail to.
 * Refuses to hold a verdict: what a figure must come to stands here, what it came to is measured.
 */

import { MINUTE_MS, SECOND_MS } from "../base/time.ts";
import { share } from "../metrics/measure.ts";
import type { Claim, ClaimFigure } from "./compare-claim.ts";
import { LATE_CLAIMS } from "./compare-claims-late.ts";
import { bytesADay, perDay, type Stage } from "./compare-stage.ts";
import { formatBytes, formatCount, formatShare, grouped } from "./numbers.ts";

const BYTES: Omit<ClaimFigure, "aim"> = {
  figure: "bytes both ways, a device-day",
  unit: "bytes",
  better: "lower",
  value: bytesADay,
};

const spent = (stage: Stage): string =>
  `${formatCount(perDay(stage.metrics.cost.total.requests, stage) ?? 0)} requests and ${formatBytes(bytesADay(stage) ?? 0)}`;

const EARLY_CLAIMS: readonly Claim[] = [
  {
    phase: 1,
    improvement: "Real-time updates",
    benefit: "Changes appear instantly without manual refresh",
    figures: [
      {
        figure: "change to another open screen, p90",
        unit: "ms",
        better: "lower",
        aim: { aim: "at most", limit: 2 * SECOND_MS },
        value: ({ metrics }) => metrics.syncLatency.online.p90,
      },
    ],
    why: () => "changes still wait for the next poll or opening.",
  },
  {
    phase: 1,
    improvement: "Precise cache invalidation",
    benefit: "Only refetch what changed, not everything",
    figures: [
      {
        figure: "refetches of everything, a device-day",
        unit: "count",
        better: "lower",
        aim: { aim: "times", limit: 0.1 },
        value: (stage) => perDay(stage.transfers.full, stage),
      },
    ],
    why: (after, all) =>
      `a screen that is read before the socket is live, and a socket that breaks, still fetch everything: ${formatCount(perDay(after.transfers.full, after) ?? 0)} times a device-day, until phase 5 (${formatCount(perDay(all.transfers.full, all) ?? 0)}).`,
  },
  {
    phase: 1,
    improvement: "Resumable sync",
    benefit: "No missed updates even after brief disconnections",
    figures: [
      {
        figure: "missed in a tunnel, there 10 s after",
        unit: "share",
        better: "higher",
        aim: { aim: "at least", limit: 0.95 },
        value: ({ freshness }) => share(freshness.caughtUp, freshness.missed),
      },
      {
        figure: "bytes from opening to known current",
        unit: "bytes",
        better: "lower",
        aim: { aim: "times", limit: 0.5 },
        value: ({ freshness }) => freshness.bytesUntilCurrent,
      },
    ],
    why: (after, _all, before) =>
      `it holds for ${formatShare(share(after.freshness.caughtUp, after.freshness.missed) ?? 0)}; but today's app, which fetches everything when the network is back, comes to ${formatShare(share(before.freshness.caughtUp, before.freshness.missed) ?? 0)}. What resuming saves is bytes: ${formatBytes(before.freshness.bytesUntilCurrent ?? 0)} an opening become ${formatBytes(after.freshness.bytesUntilCurrent ?? 0)}.`,
  },
  {
    phase: 1,
    improvement: "Reduced API calls",
    benefit: "Fewer redundant fetches = faster app, lower data usage",
    figures: [
      {
        figure: "requests, a device-day",
        unit: "count",
        better: "lower",
        aim: { aim: "times", limit: 0.75 },
        value: (stage) => perDay(stage.metrics.cost.total.requests, stage),
      },
      { ...BYTES, aim: { aim: "times", limit: 0.75 } },
    ],
    why: (after, all, before) =>
      `${spent(before)} a device-day become ${spent(after)}, and with all phases ${spent(all)}: an event brings the whole record that changed, each push a sync, and edits made offline did not go out before.`,
  },
  {
    phase: 2,
    improvement: "No silent data loss",
    benefit: "Conflicting edits are detected and resolved",
    figures: [
      {
        figure: "edits overwritten unseen, of 10 000",
        unit: "count",
        better: "lower",
        aim: { aim: "at most", limit: 0 },
        value: ({ overwrites, fates }) => share(10_000 * overwrites.lost.silently, fates.all.made),
      },
    ],
    why: (after, all) =>
      `phase 2 leaves ${grouped(after.overwrites.lost.silently)}, all phases ${grouped(all.overwrites.lost.silently)}: an edit made behind another one of the same record goes out on top of that one's result [QUE-10], and so over what its author had not seen.`,
  },
  {
    phase: 2,
    improvement: "Multi-device support",
    benefit: "Edit on phone and tablet without overwriting",
    figures: [
      {
        figure: "edits that overwrote a concurrent one",
        unit: "share",
        better: "lower",
        aim: { aim: "at most", limit: 0 },
        value: ({ overwrites }) => share(overwrites.overwrote, overwrites.concurrent),
      },
    ],
    why: (after, all) =>
      `of two edits of one field the later stays, by the roadmap's own strategy for tasks: ${grouped(after.overwrites.overwrote)} of ${grouped(after.overwrites.concurrent)} overwrote something, with all phases ${grouped(all.overwrites.overwrote)} of ${grouped(all.overwrites.concurrent)}.`,
  },
  {
    phase: 2,
    improvement: "Transparent handling",
    benefit: "Users understand when conflicts occur",
    figures: [
      {
        figure: "edits set aside whose author was told",
        unit: "share",
        better: "higher",
        aim: { aim: "at least", limit: 0.99 },
        value: ({ overwrites }) => share(overwrites.told, overwrites.setAside),
      },
    ],
    why: (after, all) =>
      `who comes second is told; whose edit was there first, and gave way to a later one or to somebody's choice, is not: ${grouped(after.overwrites.setAside - after.overwrites.told)} of ${grouped(after.overwrites.setAside)}, with all phases ${grouped(all.overwrites.setAside - all.overwrites.told)} of ${grouped(all.overwrites.setAside)}.`,
  },
  {
    phase: 2,
    improvement: "Smart merging",
    benefit: "Most conflicts resolve automatically",
    figures: [
      {
        figure: "conflicts resolved without a person",
        unit: "share",
        better: "higher",
        aim: { aim: "at least", limit: 0.5 },
        // Where no conflict is found, none is resolved.
        value: ({ metrics, overwrites }) =>
          metrics.conflicts.withoutPerson ?? (overwrites.concurrent > 0 ? 0 : null),
      },
    ],
    why: () => "too many need a person: contacts are never merged without one.",
  },
  {
    phase: 3,
    improvement: "Works offline",
    benefit: "Make changes without internet, sync later",
    figures: [
      {
        figure: "offline edits that reached the server",
        unit: "share",
        better: "higher",
        aim: { aim: "at least", limit: 0.99 },
        value: ({ fates }) => share(fates.offline.arrived, fates.offline.made),
      },
    ],
    why: (after) =>
      `${grouped(after.fates.offline.made - after.fates.offline.arrived)} of ${grouped(after.fates.offline.made)} did not.`,
  },
  {
    phase: 3,
    improvement: "No lost work",
    benefit: "Pending changes survive app restarts",
    figures: [
      {
        figure: "edits open at a kill that survived",
        unit: "share",
        better: "higher",
        aim: { aim: "at least", limit: 0.99 },
        value: ({ fates }) => share(fates.killed.arrived, fates.killed.made),
      },
    ],
    why: ({ fates: { killed } }) =>
      `${grouped(killed.made - killed.arrived)} of ${grouped(killed.made)} were lost to a swipe within milliseconds, before storage had them; of the ${grouped(killed.promised)} that were told to be saved, ${grouped(killed.promised - killed.promisedArrived)}.`,
  },
  {
    phase: 3,
    improvement: "Immediate feedback",
    benefit: "UI updates instantly, feels responsive",
    figures: [
      {
        figure: "edit to its author's own screen, p90",
        unit: "ms",
        better: "lower",
        aim: { aim: "at most", limit: 100 },
        value: ({ fates }) => fates.feedback.p90,
      },
    ],
    why: () => "an edit still waits for the server's answer before it shows.",
  },
  {
    phase: 3,
    improvement: "Graceful recovery",
    benefit: "Automatic sync when connection returns",
    figures: [
      {
        figure: "offline edits there 60 s after return",
        unit: "share",
        better: "higher",
        aim: { aim: "at least", limit: 0.95 },
        value: ({ fates }) => share(fates.promptly, fates.offline.made),
      },
    ],
    why: ({ fates }) =>
      `${grouped(fates.offline.made - fates.promptly)} of ${grouped(fates.offline.made)} came later than ${formatCount(MINUTE_MS / SECOND_MS)} s: their app was no longer running when the network came back, or a conflict waited for its user.`,
  },
];

/** All of them, in the roadmap's order. */
export const CLAIMS: readonly Claim[] = [...EARLY_CLAIMS, ...LATE_CLAIMS];
