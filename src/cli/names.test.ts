import { describe, expect, test } from "vitest";
import { againCommand } from "./again.ts";
import { EXIT, gravest } from "./exit.ts";
import { nearest, suggestion } from "./nearest.ts";

describe("the nearest real names", () => {
  const names = ["commuter", "offline-weekend", "shared-list", "skewed-clocks", "long-absence"];

  test.each([
    ["commutr", "commuter"],
    ["comumter", "commuter"],
    ["COMMUTER", "commuter"],
    ["clocks", "skewed-clocks"],
    ["sharedlist", "shared-list"],
    ["offline-weekends", "offline-weekend"],
  ])("%s: %s", (wrong, right) => expect(nearest(wrong, names)).toEqual([right]));

  test("nearest first, and none when nothing is near", () => {
    expect(nearest("QUE-1", ["QUE-11", "QUE-1", "REV-1", "QUE-2"])).toEqual(["QUE-1", "QUE-11", "QUE-2"]);
    expect(nearest("xyzzy", names)).toEqual([]);
  });

  test("a suggestion offers what is near, else all there is, if that is not too much", () => {
    expect(suggestion("lis", ["list", "lost"])).toBe("did you mean list or lost?");
    expect(suggestion("xyzzy", ["a-thing", "another"], "there are")).toBe("there are: a-thing, another");
    expect(
      suggestion(
        "xyzzy",
        Array.from({ length: 50 }, (_, index) => `a-thing-${index}`),
      ),
    ).toBe("");
  });
});

describe("exit codes", () => {
  test("several at once: the first of 70, 130, 2, 3, 1, 4, 5", () => {
    expect(gravest([])).toBe(0);
    expect(gravest([EXIT.inconclusive, EXIT.threshold])).toBe(4);
    expect(gravest([EXIT.threshold, EXIT.violated])).toBe(1);
    expect(gravest([EXIT.violated, EXIT.unreachable])).toBe(3);
    expect(gravest([EXIT.unreachable, EXIT.usage])).toBe(2);
    expect(gravest([EXIT.violated, EXIT.interrupted])).toBe(130);
    expect(gravest([EXIT.usage, EXIT.interrupted, EXIT.fault])).toBe(70);
  });
});

describe("the command that runs the same again", () => {
  test("has all that decides the run, quoted for a shell", () => {
    expect(againCommand({ scenario: "commuter", seed: 7, set: [] })).toBe(
      "zeke-sync simulate commuter --seed 7",
    );
    expect(
      againCommand({
        scenario: "my dir/it's.yaml",
        seed: 1,
        devices: 30,
        duration: "2d",
        set: ["network.loss=10%", "fleet.phases=[1, 2]"],
      }),
    ).toBe(
      `zeke-sync simulate 'my dir/it'\\''s.yaml' --seed 1 --devices 30 --duration 2d --set network.loss=10% --set 'fleet.phases=[1, 2]'`,
    );
  });
});
