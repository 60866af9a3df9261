import { describe, expect, test } from "vitest";
import type { Scenario } from "../simulation/scenario.ts";
import { UsageFault } from "./exit.ts";
import { type AdjustedScenario, adjust, type Overrides } from "./override.ts";
import { parseScenario } from "./scenario-file.ts";

function adjusted(overrides: Partial<Overrides>, text = "name: x\n"): AdjustedScenario {
  const file = { path: "x.yaml", data: parseScenario(text, "x.yaml") };
  return adjust(file, { set: [], devices: undefined, duration: undefined, ...overrides });
}

function scenario(set: readonly string[], text?: string): Scenario {
  return adjusted({ set }, text).scenario;
}

function refused(overrides: Partial<Overrides>): string {
  try {
    adjusted(overrides);
  } catch (error) {
    if (error instanceof UsageFault) return error.message;
    throw error;
  }
  return expect.fail("nothing was refused");
}

describe("--set", () => {
  test("changes one value, and nothing else", () => {
    expect(scenario(["network.loss=10%"])).toEqual({
      ...scenario([]),
      network: { ...scenario([]).network, loss: 0.1 },
    });
    expect(scenario(["proxy.mode=advisory", "fleet.phases=[1,2]"])).toMatchObject({
      proxy: { mode: "advisory" },
      fleet: { phases: [1, 2] },
    });
  });

  test("later ones win, and all win over the file", () => {
    const text = "name: x\nnetwork: {loss: 3%, duplication: 2%}\n";
    expect(scenario(["network.loss=5%", "network.loss=7%"], text).network).toMatchObject({
      loss: 0.07,
      duplication: 0.02,
    });
  });

  test("one end of a distribution leaves the other at its default, or at what the file says", () => {
    expect(scenario(["network.latency.p50=80ms"]).network.latency).toEqual({ p50: 80, p99: 900 });
    const text = "name: x\nnetwork: {latency: {p50: 1s, p99: 2s}}\n";
    expect(scenario(["network.latency.p50=80ms"], text).network.latency).toEqual({ p50: 80, p99: 2_000 });
    const set = ["workload.entities.list=30%", "workload.entities.task=40%"];
    expect(scenario(set).workload.entities).toEqual({
      contact: 0.3,
      task: 0.4,
      list: 0.3,
    });
  });

  test("values are YAML: parts as a whole, `=` inside them", () => {
    expect(scenario(["network.latency={p50: 1s, p99: 3s}"]).network.latency).toEqual({
      p50: 1_000,
      p99: 3_000,
    });
    expect(scenario(["thresholds=[conflict rate <= 20%]"]).thresholds).toEqual(["conflict rate <= 20%"]);
  });

  test.each([
    ["netwrk.loss=1%", `there is no key "netwrk.loss"; did you mean network.loss?`],
    ["network.los=1%", `there is no key "network.los"; did you mean network.loss?`],
    ["latency=1", `there is no key "latency"; did you mean network.latency?`],
    ["network.xyzzy=1", `there is no key "network.xyzzy"; the keys of network are: latency, loss,`],
    ["xyzzy.loss=1", "did you mean network.loss or push.loss?"],
    ["__proto__.x=1", `there is no key "__proto__.x"`],
    ["network.loss.x=1", `there is no key "network.loss.x"`],
    ["fleet.phases.0=1", `there is no key "fleet.phases.0"; did you mean fleet.phases?`],
    ["foo", "expected path=value, for instance network.loss=10%"],
    ["=5", "expected path=value"],
    ["name=y", "name belongs to the file"],
    ["network.loss=5", "network.loss: expected a share, written like 5% or 0.5%; found 5"],
    ["network.loss=", "network.loss: expected a share, written like 5% or 0.5%; found nothing"],
    ["network.loss=[", "--set network.loss=[: "],
    ["proxy.mode=advise", "expected one of off, advisory, enforce"],
    ["network=5", "network: expected keys of its own (latency, loss,"],
    ["network={los: 2%}", `there is no key "los" in network; did you mean loss?`],
    [
      "workload.entities.list=30%",
      "workload.entities: contact, task and list make 100% together; found 105%",
    ],
    ["network.latency.p50=2s", "network.latency: p50 is at most p99"],
    ["thresholds=[foo < 2]", `no metric is called "foo"`],
  ])("%s is refused in a sentence", (change, sentence) => {
    const message = refused({ set: ["proxy.retention=3d", change] });
    expect(message).toContain(sentence);
    expect(message).toContain(`--set ${change}`);
  });

  test("every wrong one is told", () => {
    expect(refused({ set: ["network.loss=5", "push.loss=6"] }).split("\n")).toHaveLength(2);
  });
});

describe("--duration and --devices", () => {
  test("a duration is a time", () => {
    expect(adjusted({ duration: "36h" }).scenario.duration).toBe(129_600_000);
    expect(refused({ duration: "5" })).toContain("--duration 5: duration: a time is written like");
    expect(refused({ duration: "1s" })).toContain("a run lasts from 1m to 60d");
  });

  test("devices scale the accounts and keep what one account has", () => {
    const { scenario: scaled, notes } = adjusted({ devices: 30 });
    expect(scaled.fleet).toMatchObject({ accounts: 10, devicesPerAccount: 3 });
    expect(notes).toEqual([]);
  });

  test("what does not divide is rounded up, and said", () => {
    const { scenario: scaled, notes } = adjusted({ devices: 31, set: ["fleet.devicesPerAccount=4"] });
    expect(scaled.fleet).toMatchObject({ accounts: 8, devicesPerAccount: 4 });
    expect(notes).toEqual(["31 devices do not divide into accounts of 4: 32 devices of 8 accounts run."]);
  });

  test("too many, or said twice, is refused", () => {
    expect(refused({ devices: 300_003 })).toContain("at most 100000 accounts");
    expect(refused({ devices: 30, set: ["fleet.accounts=5"] })).toContain("give one of them");
  });
});
