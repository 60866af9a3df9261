/**
 * Owns the observer of one account: a socket without a filter that is there before the fleet and hears of every change.
 * Refuses to be a device: it keeps nothing but the revision that it has passed, and comes back to it.
 */

import type { OnDevice } from "../history/facts.ts";
import type { Frame } from "../protocol/request.ts";
import { FRAME_BYTES } from "../simulation/wire-size.ts";
import type { LiveLine } from "./fleet-lines.ts";
import type { FleetStage } from "./fleet-stage.ts";
import { upgradeOf } from "./fleet-wire.ts";

const AGAIN_MS = 500;
const AGAIN_MAX = 20;
const REFUSED_MAX = 2;

export interface ObserverEars {
  /** It is live for the first time, and this is the head. */
  begins(account: number, revision: string): void;
  passed(account: number, revision: string): void;
  /** What it should have seen cannot be had. */
  fails(why: string): void;
}

export class FleetObserver {
  readonly name: string;
  private readonly stage: FleetStage;
  private readonly index: number;
  private readonly account: number;
  private readonly ears: ObserverEars;
  private since: string | undefined;
  private socket = 0;
  private wire: LiveLine | undefined;
  private tries = 0;
  private over = false;

  constructor(stage: FleetStage, index: number, account: number, ears: ObserverEars) {
    this.stage = stage;
    this.index = index;
    this.account = account;
    this.ears = ears;
    this.name = `${stage.names.prefix}observer-${account}`;
  }

  connect(): void {
    const socket = ++this.socket;
    const { since } = this;
    this.stage.record({ fact: "connecting", ...this.on(), socket, ...(since !== undefined && { since }) });
    const subscription = {
      token: this.stage.tokens[this.account] ?? "",
      deviceId: this.name,
      ...(since !== undefined && { lastRevisionId: since }),
    };
    this.wire = this.stage.lines.connect(upgradeOf(subscription), {
      opened: () => this.stage.record({ fact: "connected", ...this.on(), socket }),
      text: (text) => this.heard(socket, text),
      closed: (code) => this.closed(socket, code),
    });
  }

  close(): void {
    if (this.over) return;
    this.over = true;
    this.wire?.drop(true);
    this.stage.record({ fact: "disconnected", ...this.on(), socket: this.socket, code: 1000 });
  }

  private on(): OnDevice {
    return { at: this.stage.agenda.now, device: this.index, account: this.account };
  }

  private heard(socket: number, text: string): void {
    const frame = this.stage.frames.frame(text);
    if (frame === undefined) return;
    // Before the first `ready` nothing is known of what came before.
    const isFirst = this.since === undefined;
    if (isFirst && frame.type === "ready") this.begins(frame);
    this.stage.record({ fact: "frame", ...this.on(), socket, frame, bytes: FRAME_BYTES + text.length });
    this.passes(frame);
  }

  private begins({ revisionId }: Frame): void {
    this.since = revisionId;
    this.ears.begins(this.account, revisionId);
  }

  private passes(frame: Frame): void {
    if (this.since === undefined) return;
    switch (frame.type) {
      case "resync_required":
        this.ears.fails(`an observer was told to sync: ${frame.reason}`);
        return;
      case "sync_event":
        this.stage.movedAtMs = this.stage.agenda.nowMs;
        break;
      case "ready":
        this.tries = 0;
        break;
      case "checkpoint":
        break;
      default:
        return;
    }
    if (frame.revisionId > this.since) this.since = frame.revisionId;
    this.ears.passed(this.account, frame.revisionId);
  }

  private closed(socket: number, code: number): void {
    this.stage.record({ fact: "disconnected", ...this.on(), socket, code });
    if (this.over) return;
    // One that never was live is refused, rather than cut off.
    if (++this.tries > (this.since === undefined ? REFUSED_MAX : AGAIN_MAX))
      return this.ears.fails("an observer's socket cannot be opened any more");
    const { agenda } = this.stage;
    agenda.put(agenda.nowMs + AGAIN_MS * this.tries, () => {
      if (!this.over) this.connect();
    });
  }
}
