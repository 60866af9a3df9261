/**
 * Owns what stands beside a made-up proof: who made it, when, and how.
 * Refuses to prove anything.
 */

export const MADE = {
  version: "0.1.0",
  again: "zeke-sync prove --seed 1",
  runId: "2026-11-22-prove-s1",
  startedAt: "2026-11-22T10:00:00.000Z",
  node: "v24.21.0",
};
