/**
 * Holds three proxy instances to one order of events, across cuts and outages: on every socket the account's commits,
 * each once, none left out [EVT-2, EVT-6, REV-6], and that an instance which forgets what it missed is found out.
 */

import { describe, expect, test } from "vitest";
import { createCheckers } from "../checkers/all.ts";
import { override } from "../faults/fault.ts";
import type { Fact, FactName } from "../history/facts.ts";
import type { Revision } from "../protocol/revision.ts";
import type { ProxyOutput, SyncProxy } from "../proxy/port.ts";
import { type Parts, REFERENCE } from "../simulation/parts.ts";
import { createSimulation } from "../simulation/world.ts";
import { adjust } from "./override.ts";
import { readScenario } from "./scenario-file.ts";

/** Cut off more often than the shipped scenario, so that a day of a few phones has plenty of it. */
const { scenario: SCENARIO } = adjust(readScenario("proxy-failover", "/"), {
  devices: 24,
  duration: "1d",
  set: ["proxy.cutOffs={perDay: 48, length: {p50: 3m, p99: 12m}}"],
});

/** Rules of which an instance that is cut off, or comes back, could break one. */
const CONCERNED = [
  "EVT-1",
  "EVT-2",

  "EVT-5",
  "EVT-7",
  "REV-5",
  "REV-6",
  "PSH-5",
  "SYS-1",
  "SYS-2",
  "SYS-5",
];

function run(parts: Parts) {
  const checkers = createCheckers();
  const lines = new Lines();
  const world = createSimulation(SCENARIO, 1, { folds: [...checkers, lines], parts });
  while (world.advance(100_000));
  const judgements = new Map(checkers.map((checker) => [checker.rule, checker.finish()]));
  return { lines, judgements, ended: world.progress().phase, struck: world.struck() };
}

/** What each socket was sent, beside what was committed: another look than the checkers', straight at the facts. */
class Lines {
  readonly wants: readonly FactName[] = ["committed", "connecting", "frame"];
  readonly commits = new Map<number, Revision[]>();
  readonly sockets = new Map<
    string,
    { readonly account: number; readonly since: string; readonly got: Revision[] }
  >();

  fold(fact: Fact): void {
    if (fact.fact === "committed") {
      const log = this.commits.get(fact.account) ?? [];
      this.commits.set(fact.account, log);
      log.push(fact.revision);
    } else if (fact.fact === "connecting" && fact.since !== undefined) {
      const { account, since } = fact;
      this.sockets.set(`${fact.device}/${fact.socket}`, { account, since, got: [] });
    } else if (fact.fact === "frame" && fact.frame.type === "sync_event") {
      this.sockets
        .get(`${fact.device}/${fact.socket}`)
        ?.got.push((fact.frame as { revisionId: Revision }).revisionId);
    }
  }

  /** Sockets on which something else came than the log from where they began to the last that came. */
  broken(): number {
    let count = 0;
    for (const { account, since, got } of this.sockets.values()) {
      const last = got.at(-1);
      if (last === undefined) continue;
      const log = this.commits.get(account) ?? [];
      const due = log.filter((revision) => revision > since && revision <= last);
      if (due.join() !== got.join()) count++;
    }
    return count;
  }
}

/** What was put on the wire between instances lives there for so long, and a listener that was away never hears of it. */
const CHANNEL_KEEPS_SECONDS = 10;

/** Parts whose instances hear of each other's changes over a channel without memory, and never look at the log. */
const FORGETFUL: Parts = {
  ...REFERENCE,
  proxy: (config, store) => forgetful(REFERENCE.proxy(config, store)),
};

function forgetful(proxy: SyncProxy): SyncProxy {
  let wokenAtSeconds: number | undefined;
  const isGone = (output: ProxyOutput): boolean => {
    if (wokenAtSeconds === undefined || output.output !== "frame" || output.frame.type !== "sync_event")
      return false;
    const committedAtSeconds = Number(String(output.frame.revisionId).split("_")[1]);
    return committedAtSeconds < wokenAtSeconds - CHANNEL_KEEPS_SECONDS;
  };
  return override(proxy, {
    wake: (account, nowMs) => {
      wokenAtSeconds = Math.floor(nowMs / 1_000);
      proxy.wake(account, nowMs);
    },
    takeOutputs: () => {
      const kept = proxy.takeOutputs().filter((output) => !isGone(output));
      wokenAtSeconds = undefined;
      return kept;
    },
  });
}

describe("three instances, cut off from each other and down now and then", () => {
  const { lines, judgements, ended, struck } = run(REFERENCE);

  test("that is what happened", () => {
    expect(SCENARIO.proxy.instances).toBe(3);
    expect(ended).toBe("settled");
    expect(struck["cut-off"]).toBeGreaterThan(50);
    expect(struck.outage).toBeGreaterThan(3);
  });

  test("[EVT-2, EVT-6] every socket was sent the account's log from where it began, in order, without a gap", () => {
    const told = [...lines.sockets.values()].filter(({ got }) => got.length > 0);
    expect(told.length).toBeGreaterThan(100);
    expect(lines.broken()).toBe(0);
  });

  test.each(CONCERNED)("%s was exercised, and holds", (rule) => {
    const judgement = judgements.get(rule) ?? expect.fail(`${rule} has a checker`);
    expect(judgement.violations).toEqual([]);
    expect(judgement.exercised).toBeGreaterThan(0);
  });
});

test("an instance that drops what was committed while it was cut off breaks EVT-2, and is seen on its sockets", () => {
  const { lines, judgements } = run(FORGETFUL);
  expect(lines.broken()).toBeGreaterThan(0);
  expect(judgements.get("EVT-2")?.violations.length).toBeGreaterThan(0);
});
