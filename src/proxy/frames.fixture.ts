/**
 * Owns the reading of what a socket was sent, in few words.
 * Refuses to judge it.
 */

import type { Frame } from "../protocol/request.ts";
import type { Revision } from "../protocol/revision.ts";
import type { TestDesk } from "./test-desk.fixture.ts";

/** Frames in few words: `ready`, `created t1`, `checkpoint`, `resync_required too_far_behind`. */
export function said(frames: readonly Frame[]): readonly string[] {
  return frames.map((frame) => {
    if (frame.type === "sync_event") return `${frame.action} ${frame.id}`;
    return frame.type === "resync_required" ? `${frame.type} ${frame.reason}` : frame.type;
  });
}

/** The revisions of the events among frames. */
export function revisions(frames: readonly Frame[]): readonly Revision[] {
  return frames.flatMap((frame) => (frame.type === "sync_event" ? [frame.revisionId] : []));
}

/** Makes tasks one after the other, `t0` and so on, and says which revisions they got. */
export async function tasks(desk: TestDesk, count: number, from = 0): Promise<readonly Revision[]> {
  const made: Revision[] = [];
  for (let n = from; n < from + count; n++) {
    made.push((await desk.made("task", { id: `t${n}`, title: "t" })).revisionId);
  }
  return made;
}
