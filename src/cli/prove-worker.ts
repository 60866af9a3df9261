/**
 * Owns the thread that a proof's work is done in: one piece at a time.
 * Refuses to decide which pieces there are.
 */

import { carryOut, type Piece, type ProofOptions, type Work } from "../exploration/prove.ts";

/** What decides a proof and can be sent. */
export type ProofSettings = Required<Pick<ProofOptions, "seed" | "effort" | "full" | "attempts">>;

/** Carries out one piece. */
export function carryOutPiece(job: { readonly work: Work; readonly settings: ProofSettings }): Piece {
  return carryOut(job.work, job.settings);
}
