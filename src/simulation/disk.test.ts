import { describe, expect, it } from "vitest";
import { WallClock } from "./clock.ts";
import { Disk } from "./disk.ts";
import { Screen } from "./screen.ts";
import { jsonBytes } from "./wire-size.ts";

describe("disk", () => {
  it("keeps what was flushed and loses what was not, each write whole", () => {
    const disk = new Disk();
    const first = disk.write(
      1,
      [
        ["a", 1],
        ["b", 2],
      ],
      10,
    );
    disk.write(
      2,
      [
        ["a", 3],
        ["c", 4],
      ],
      20,
    );
    disk.flush(first.pending);
    disk.crash();
    expect(disk.contents()).toEqual(
      new Map([
        ["a", 1],
        ["b", 2],
      ]),
    );
    const third = disk.write(3, [["a", undefined]], 30);
    disk.flush(third.pending);
    expect(disk.contents()).toEqual(new Map([["b", 2]]));
  });

  it("makes writes durable in their order, however fast a later one would be", () => {
    const disk = new Disk();
    expect(disk.write(1, [], 50).atMs).toBe(50);
    expect(disk.write(2, [], 20).atMs).toBe(50);
  });

  it("marks as lost what a kill overtook, so that its flush event is void", () => {
    const disk = new Disk();
    const { pending } = disk.write(1, [["a", 1]], 10);
    disk.crash();
    expect(pending.lost).toBe(true);
    expect(disk.contents().size).toBe(0);
  });
});

describe("wall clock", () => {
  it("has an offset, drifts and steps", () => {
    const clock = new WallClock(1_000_000, -500, 100);
    expect(clock.errorMs(1_000_000)).toBe(-500);
    expect(clock.errorMs(1_000_000 + 10_000_000)).toBe(500);
    clock.step(-2_000);
    expect(clock.errorMs(1_000_000 + 10_000_000)).toBe(-1_500);
  });
});

describe("screen", () => {
  it("shows, changes and hides records, by any id", () => {
    const screen = new Screen();
    for (const id of ["a", "__proto__", "c"]) screen.show("task", id, { title: id });
    screen.show("task", "a", { title: "A" });
    screen.show("task", "__proto__", undefined);
    screen.show("task", "never", undefined);
    expect(screen.all("task").map((row) => row.fields.title)).toEqual(["A", "c"]);
    expect(screen.get("task", "c")?.fields).toEqual({ title: "c" });
    expect(screen.get("task", "__proto__")).toBeUndefined();
    screen.show("task", "c", undefined);
    screen.show("task", "a", undefined);
    expect(screen.all("task")).toEqual([]);
  });
});

describe("wire size", () => {
  it("comes within a third of the text's real length", () => {
    const record = {
      id: "contact-1",
      revisionId: "rev_1704067200_00abc1",
      name: "Ada",
      tags: ["a", "b"],
      n: 12345,
      ok: true,
    };
    const real = JSON.stringify(record).length;
    expect(Math.abs(jsonBytes(record) - real) / real).toBeLessThan(0.33);
    expect(jsonBytes(record)).toBe(jsonBytes(record));
  });
});
