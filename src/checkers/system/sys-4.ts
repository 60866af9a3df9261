/**
 * Owns [SYS-4]: every edit ends completed, failed and shown, or superseded by its author; none vanishes.
 * Judges runs that settled. What was not saved when the app was killed may vanish: nobody was told that it was done.
 * A queue that its device says cannot go on is shown as such, until it sends again.
 * A conflict that its user never decides is an end: the edit was not taken, and the app says so for as long as that holds.
 */

import type { FactOf } from "../../history/facts.ts";
import { ByIndex, defineChecker } from "../define.ts";
import type { Checker } from "../port.ts";

interface Open {
  readonly edited: FactOf<"edited">;
  saved: boolean;
  /** Its user was asked and has not answered. */
  visible: boolean;
  /** It may have vanished with the app. */
  doubtful: boolean;
}

/** What is open on one device. */
class Desk {
  readonly open = new Map<string, Open>();
  readonly failed = new Map<string, Open>();
  /** It told its user that it cannot go on: signed out, or another protocol [QUE-8, FLG-4]. */
  told = false;
  /** It has gone on since, and was not answered 401 again. */
  moves = false;

  get stuck(): boolean {
    return this.told && !this.moves;
  }
}

const FACTS = [
  "edited",
  "saved",
  "settled",
  "asked",
  "chosen",
  "retried",
  "discarded",
  "killed",
  "started",
  "noticed",
  "sent",
  "answered",
] as const;

/** [SYS-4] over edits. */
export function createSys4Checker(): Checker {
  const desks = new ByIndex<Desk>(() => new Desk());
  let settled = false;
  let endAt = 0;
  return defineChecker(
    "SYS-4",
    [...FACTS, "phase"],
    (findings) => (fact) => {
      if (fact.fact === "phase") {
        settled = fact.phase === "settled";
        endAt = fact.at;
        return;
      }
      const desk = desks.of(fact.device);
      if (fact.fact === "settled" && (desk.open.has(fact.mutation) || desk.failed.has(fact.mutation)))
        findings.trigger();
      follow(desk, fact);
    },
    (findings) => {
      if (!settled) return;
      for (const [device, desk] of desks.entries()) {
        const asked = new Set<string>();
        for (const { edited, saved, visible, doubtful } of desk.open.values()) {
          const record = `${edited.entity} ${edited.id}`;
          if (visible) asked.add(record);
          // [QUE-3] what was made on top of an edit that its user was asked about waits with it, and is shown so.
          const waits = visible || asked.has(record);
          if (!waits && (doubtful || desk.stuck)) continue;
          findings.trigger();
          if (waits) continue;
          findings.breach({
            at: endAt,
            expected: `mutation ${edited.mutation} settled, or waiting for its user`,
            actual: "it is neither",
            because: `device ${device} took the ${edited.operation} of ${edited.entity} ${edited.id}${saved ? " and saved it" : ""}`,
            evidence: [edited],
          });
        }
      }
    },
  );
}

function follow(desk: Desk, fact: FactOf<(typeof FACTS)[number]>): void {
  switch (fact.fact) {
    case "edited":
      desk.open.set(fact.mutation, { edited: fact, saved: false, visible: false, doubtful: false });
      return;
    case "killed":
      for (const open of desk.open.values()) open.doubtful ||= !open.saved;
      return;
    case "started":
      desk.told = false;
      return;
    case "noticed":
      // [QUE-1] storage that fails delays an edit, and does not end the duty to it.
      if (fact.notice === "storage_failed") return;
      desk.told = true;
      desk.moves = false;
      return;
    case "sent":
      // [QUE-8, FLG-4] a queue that stands still sends nothing.
      if (fact.mutations.length > 0) desk.moves = true;
      return;
    case "answered":
      if (fact.status === 401 && !fact.foreign) desk.moves = false;
      return;
    case "retried": {
      const open = desk.failed.get(fact.mutation);
      desk.failed.delete(fact.mutation);
      if (open) desk.open.set(fact.mutation, open);
      return;
    }
    case "settled":
    case "discarded": {
      const open = desk.open.get(fact.mutation);
      const failed = fact.fact === "settled" && fact.outcome === "failed";
      if (open && failed) desk.failed.set(fact.mutation, open);
      // Told again after a restart, a failed one still waits for its user [QUE-6].
      else if (!failed) desk.failed.delete(fact.mutation);
      desk.open.delete(fact.mutation);
      return;
    }
    case "saved":
    case "asked":
    case "chosen":
      mark(desk.open.get(fact.mutation), fact.fact);
  }
}

function mark(open: Open | undefined, fact: "saved" | "asked" | "chosen"): void {
  if (!open) return;
  if (fact === "saved") {
    open.saved = true;
    // It did not vanish after all.
    open.doubtful = false;
  } else open.visible = fact === "asked";
}
