/**
 * Judges PSH-9: nothing depends on a push arriving.
 * Refuses to judge before the run has settled: faults may hold a device back for any time.
 */

import type { Fact, FactOf } from "../../history/facts.ts";
import type { Revision } from "../../protocol/revision.ts";
import { ByIndex } from "../define.ts";
import type { Checker, Judgement } from "../port.ts";
import { DeviceChecker, who } from "./findings.ts";

/**
 * [PSH-9] Triggers: each opening of the app after a push was handed over for the device that has not reached it, and
 * whose revision it has not seen. When the run has settled it must have seen it. Only a driver that sees pushes leave
 * can exercise this.
 */
export function createLostPushChecker(): Checker {
  return new LostPush();
}

interface DeviceState {
  /** The newest push on its way, or lost. */
  handedOver: FactOf<"push_handed_over"> | undefined;
  opened: FactOf<"opened"> | undefined;
  seen: Revision | undefined;
}

class LostPush extends DeviceChecker {
  private readonly devices = new ByIndex<DeviceState>(() => ({
    handedOver: undefined,
    opened: undefined,
    seen: undefined,
  }));
  private settled = false;

  constructor() {
    super("PSH-9", ["push_handed_over", "pushed", "opened", "sync_ended", "advanced", "frame", "phase"]);
  }

  fold(fact: Fact): void {
    switch (fact.fact) {
      case "push_handed_over": {
        const state = this.devices.of(fact.device);
        if (state.handedOver && fact.revision <= state.handedOver.revision) return;
        // One that an opening is held to stands until it is seen; a newer one takes its place with the opening.
        state.handedOver = fact;
        return;
      }
      case "pushed": {
        const state = this.devices.of(fact.device);
        if (!state.opened && state.handedOver && fact.revision >= state.handedOver.revision) {
          state.handedOver = undefined;
        }
        return;
      }
      case "opened": {
        const state = this.devices.of(fact.device);
        if (!state.handedOver) return;
        this.trigger();
        state.opened = fact;
        return;
      }
      case "sync_ended":
        if (fact.revision !== undefined) this.sees(fact.device, fact.revision);
        return;
      case "advanced":
        this.sees(fact.device, fact.revision);
        return;
      case "frame":
        if ("revisionId" in fact.frame) this.sees(fact.device, fact.frame.revisionId);
        return;
      case "phase":
        if (fact.phase === "settled") this.settled = true;
    }
  }

  override finish(): Judgement {
    if (this.settled) {
      this.devices.each(({ handedOver, opened, seen }) => {
        if (!handedOver || !opened) return;
        this.breach({
          at: opened.at,
          expected: `${who(opened)} reaches ${handedOver.revision} after it was opened`,
          actual: `it has seen ${seen ?? "nothing"} when the run has settled`,
          because: `the push that names ${handedOver.revision} did not arrive before the app was opened, and need not`,
          evidence: [handedOver, opened],
        });
      });
    }
    return super.finish();
  }

  private sees(device: number, revision: Revision): void {
    const state = this.devices.of(device);
    if (state.seen === undefined || revision > state.seen) state.seen = revision;
    if (!state.handedOver || revision < state.handedOver.revision) return;
    state.handedOver = undefined;
    state.opened = undefined;
  }
}
