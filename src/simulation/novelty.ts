/**
 * Owns what a proxy of a later protocol says otherwise: fields, frames and entities that this app does not know, and
 * capabilities of another protocol.
 * Refuses to change what the app does know: with the additions ignored, nothing is different [EVT-18].
 */

import type { CapabilitiesBody, ChangesBody } from "../protocol/messages.ts";
import type { Answer, EventSubscription, Frame, Request } from "../protocol/request.ts";
import { Fate } from "./fate.ts";
import type { Stage } from "./stage.ts";

/** The later proxy, as far as devices can tell it from this one. */
export class Novelty {
  /** Until when capabilities are those of another protocol [FLG-4]. */
  foreignUntilMs = 0;
  /** False in a run whose proxy is never updated: then every frame leaves as it is. */
  readonly isOn: boolean;
  private readonly stage: Stage;
  private readonly fate: Fate;

  constructor(stage: Stage) {
    this.stage = stage;
    this.isOn = stage.scenario.proxy.novelties > 0;
    this.fate = new Fate(stage.seed, "backend/novelty");
  }

  /** The answer as the proxy gives it that took this one's place. */
  answer({ call }: Request, answer: Answer): Answer {
    const { agenda, strikes, healed } = this.stage;
    if (healed || answer.status !== 200) return answer;
    if (call.call === "capabilities" && agenda.nowMs < this.foreignUntilMs) {
      strikes.add("foreign-protocol");
      const body = answer.body as CapabilitiesBody;
      return { ...answer, body: { ...body, data: { ...body.data, protocol: "2" } } };
    }
    // [DLT-3] who names entities is told of no others.
    if (call.call !== "changes" || call.entities || !this.isNew()) return answer;
    strikes.add("new-entity");
    return withNote(answer);
  }

  /** The frames that leave in the place of one. */
  frames(frame: Frame, subscription: EventSubscription): readonly Frame[] {
    if (!this.isNew()) return [frame];
    const { agenda, strikes } = this.stage;
    const draw = this.fate.draw(agenda.nowMs);
    if (draw < 0.3) {
      strikes.add("new-frame");
      return [{ type: "presence", devices: ["somebody"] } as unknown as Frame, frame];
    }
    // [EVT-4] who names entities is sent no others.
    if (draw < 0.6 && frame.type === "sync_event" && subscription.entities === undefined) {
      strikes.add("new-entity");
      return [frame, eventOfNote(frame)];
    }
    strikes.add("new-field");
    return [{ ...frame, region: "eu-1", trace: { hops: [1, 2] } }];
  }

  /** True for the share of what is sent that is new, from the middle of the run on. */
  private isNew(): boolean {
    const { agenda, scenario, healed } = this.stage;
    const { novelties } = scenario.proxy;
    if (!this.isOn || healed || agenda.nowMs < scenario.duration / 2) return false;
    return this.fate.chance(agenda.nowMs, novelties);
  }
}

function withNote(answer: Answer): Answer {
  const body = answer.body as ChangesBody;
  const change = { ...noteAt(body.currentRevision), action: "created", data: note(body.currentRevision) };
  return { ...answer, body: { ...body, changes: [...body.changes, change], region: "eu-1" } };
}

/** Behind a known event, and at its revision: the notes of this log are nobody's. */
function eventOfNote({ revisionId }: Frame): Frame {
  const event = { type: "sync_event", ...noteAt(revisionId), action: "updated", payload: note(revisionId) };
  return event as unknown as Frame;
}

function noteAt(revisionId: string): object {
  return { entity: "note", id: "note-1", revisionId };
}

function note(revisionId: string): object {
  return { id: "note-1", revisionId, updatedAt: "2026-01-05T00:00:00.000Z", text: "of a later protocol" };
}
