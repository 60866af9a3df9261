/**
 * Owns the text of a whole fold: captured at one instant, written and read piece by piece, so that a large account
 * does not hold up the others.
 * Refuses to know where the text lies.
 */

import { assert } from "../base/assert.ts";
import type { AccountId } from "../protocol/messages.ts";
import type { LogDump } from "../proxy/memory-log.ts";
import type { Version } from "../proxy/store.ts";
import { AccountFold } from "./redis-fold.ts";
import { packStep, type Step, unpackStep } from "./redis-step.ts";

/** The kind of the first line, beside those of steps. */
const HEADER = "h";

type Header = Omit<LogDump, "versions">;

/** What a fold was at one instant. */
export interface Capture {
  readonly header: Header;
  readonly steps: readonly Step[];
  /** The id of the newest stream entry in it. */
  readonly last: string;
}

/** Copies no more than what later steps would write into. */
export function captureOf(fold: AccountFold): Capture {
  const { log, keys } = fold.records;
  const { standing, sinking, versions } = log.dump();
  const steps: Step[] = versions.map((version) => ({ step: "version", version: { ...version } }));
  for (const remember of keys.values()) steps.push({ step: "bind", remember });
  for (const registration of fold.push.registrations(fold.account)) {
    steps.push({ step: "register", registration });
  }
  for (const pending of fold.pendings.values()) steps.push({ step: "pend", pending });
  return { header: { standing, sinking }, steps, last: fold.last };
}

/** How many texts `textsOf` yields. */
export function textCountOf(capture: Capture): number {
  return 2 + 2 * capture.steps.length;
}

/** Kind, text, kind, text. */
export function* textsOf(capture: Capture): Iterable<string> {
  yield HEADER;
  yield JSON.stringify(capture.header);
  for (const step of capture.steps) yield* packStep(step);
}

/** A fold on its way back from text. */
export class Restoring {
  private readonly fold: AccountFold;
  private readonly versions: Version[] = [];
  private header: Header | undefined;

  constructor(account: AccountId) {
    this.fold = new AccountFold(account);
  }

  /** Reads the next of what `textsOf` yielded: whole pairs. */
  read(texts: readonly string[]): void {
    for (let index = 0; index < texts.length; index += 2) {
      const kind = texts[index] as string;
      const text = texts[index + 1] as string;
      if (kind === HEADER) {
        this.header = JSON.parse(text) as Header;
        continue;
      }
      const step = unpackStep(kind, text);
      if (step.step === "version") this.versions.push(step.version);
      else this.fold.apply(step);
    }
  }

  /** The fold as it was when its newest stream entry was `last`. */
  end(last: string): AccountFold {
    const { fold, header, versions } = this;
    assert(header, "a snapshot begins with its header");
    fold.records.log.restore({ standing: header.standing, sinking: header.sinking, versions });
    fold.last = last;
    return fold;
  }
}
