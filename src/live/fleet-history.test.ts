import { describe, expect, test } from "vitest";
import type { Fact } from "../history/facts.ts";
import type { Fields } from "../protocol/entity.ts";
import type { Frame } from "../protocol/request.ts";
import type { Revision } from "../protocol/revision.ts";
import { FleetHistory } from "./fleet-history.ts";
import { FleetJudges } from "./fleet-judges.ts";

const PREFIX = "zs.f-";
const OBSERVER = 2;
const names = {
  prefix: PREFIX,
  owns: (id: string) => id.startsWith(PREFIX),
  accountOf: (id: string) =>
    id.startsWith(`${PREFIX}a1`) ? 1 : id.startsWith(`${PREFIX}a0`) ? 0 : undefined,
};

/** A history of two accounts with an observer each, under a clock that the test sets. */
class Told {
  nowMs = 1_000;
  readonly facts: Fact[] = [];
  readonly judges = new FleetJudges({
    ...{ mode: "enforce", resolvedBy: "server", phases: [1, 2, 3, 5], phones: 2, devices: false },
    owns: names.owns,
  });
  readonly history = new FleetHistory({
    accounts: 2,
    names,
    now: () => this.nowMs,
    deviceNamed: () => 0,
    tell: (fact) => {
      this.facts.push(fact);
      for (const checker of this.judges.checkers) if (checker.wants.includes(fact.fact)) checker.fold(fact);
    },
  });

  constructor() {
    for (const account of [0, 1]) {
      this.history.begins(account, rev(0));
      this.connect(OBSERVER + account, account, undefined);
      this.frame(OBSERVER + account, account, { type: "ready", revisionId: rev(0) });
    }
  }

  connect(device: number, account: number, since: string | undefined): void {
    const on = { at: this.nowMs, device, account };
    this.history.take({ fact: "connecting", ...on, socket: 1, ...(since !== undefined && { since }) });
  }

  frame(device: number, account: number, frame: Frame): void {
    const on = { at: this.nowMs, device, account };
    this.history.take({ fact: "frame", ...on, socket: 1, frame, bytes: 1 });
    if (device === OBSERVER + account) this.history.observed(account, frame.revisionId);
  }

  /** Rules found broken, at the end. */
  broken(): readonly string[] {
    this.history.flush();
    const found = this.judges.finish(names.owns, this.history.torn?.at);
    return found.filter(({ judgement }) => judgement.violations.length > 0).map(({ rule }) => rule);
  }
}

describe("the history of a live fleet", () => {
  test("tells a commit before the first fact that shows it, and those below it before that", () => {
    const told = new Told();
    told.connect(0, 0, rev(0));
    told.frame(0, 0, created(2, "a0-y"));
    expect(told.facts.some(({ fact }) => fact === "committed")).toBe(false);
    told.frame(OBSERVER, 0, created(1, "a0-x"));
    told.frame(OBSERVER, 0, created(2, "a0-y"));
    const order = told.facts.flatMap((fact) =>
      fact.fact === "committed"
        ? [fact.revision]
        : fact.fact === "frame" && fact.device === 0
          ? ["frame"]
          : [],
    );
    expect(order).toEqual([rev(1), rev(2), "frame"]);
  });

  test("[EVT-2] a socket that was not sent what the observer was is found", () => {
    const told = new Told();
    told.connect(0, 0, rev(0));
    for (const revision of [1, 2]) told.frame(OBSERVER, 0, created(revision, `a0-${revision}`));
    told.frame(0, 0, created(2, "a0-2"));
    expect(told.broken()).toContain("EVT-2");
  });

  test("[EVT-2] an observer that was not sent what a socket was is found as well", () => {
    const told = new Told();
    told.connect(0, 0, rev(0));
    for (const revision of [1, 2]) told.frame(0, 0, created(revision, `a0-${revision}`));
    told.frame(OBSERVER, 0, created(2, "a0-2"));
    expect(told.broken()).toContain("EVT-2");
  });

  test("[EVT-2] the same on every socket is right", () => {
    const told = new Told();
    told.connect(0, 0, rev(0));
    for (const revision of [1, 2]) {
      told.frame(0, 0, created(revision, `a0-${revision}`));
      told.frame(OBSERVER, 0, created(revision, `a0-${revision}`));
    }
    expect(told.broken()).toEqual([]);
  });

  test("[SEC-3] what the other account made is never taken for a change of this one", () => {
    const told = new Told();
    told.frame(OBSERVER + 1, 1, created(3, "a1-x"));
    told.frame(OBSERVER, 0, created(2, "a0-y"));
    told.connect(0, 0, rev(0));
    told.frame(0, 0, created(3, "a1-x"));
    told.frame(OBSERVER, 0, created(3, "a1-x"));
    expect(told.broken()).toEqual(expect.arrayContaining(["SEC-3", "SYS-7"]));
  });

  test("where the observer is late, nobody is judged by commits from there on", () => {
    const told = new Told();
    told.connect(0, 0, rev(0));
    told.frame(0, 0, created(2, "a0-y"));
    told.nowMs += 20_000;
    told.frame(0, 0, created(4, "a0-z"));
    expect(told.history.torn?.at).toBe(1_000);
    for (const revision of [1, 2, 3, 4]) told.frame(OBSERVER, 0, created(revision, `a0-${revision}`));
    expect(told.broken()).toEqual([]);
  });
});

function rev(count: number): Revision {
  return `rev_1700000000_${String(count).padStart(6, "0")}` as Revision;
}

function created(count: number, id: string): Frame {
  const name = `${PREFIX}${id}`;
  const fields: Fields = { title: id, done: false };
  const payload = { id: name, revisionId: rev(count), updatedAt: "2026-01-01T00:00:00.000Z", ...fields };
  return { type: "sync_event", entity: "task", action: "created", id: name, revisionId: rev(count), payload };
}
