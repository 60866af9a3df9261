import { expect, test } from "vitest";
import { Queue } from "./fleet-queue.ts";

test("whoever came first goes first, also where many have gone", () => {
  const queue = new Queue<number>();
  let came = 0;
  let gone = 0;
  // Long enough to be tidied up several times, with some always waiting.
  for (let turn = 0; turn < 20_000; turn++) {
    for (let more = turn % 3; more > 0; more--) queue.push(came++);
    if (turn % 4 === 0) continue;
    expect(queue.first()).toBe(gone < came ? gone : undefined);
    const next = queue.shift();
    if (gone < came) expect(next).toBe(gone++);
    else expect(next).toBeUndefined();
    expect(queue.length).toBe(came - gone);
  }
  expect(came).toBeGreaterThan(10_000);
});
