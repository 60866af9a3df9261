/**
 * Owns the proof that the crash test sees what it is there for, on proxies that are broken on purpose; and that a wall
 * clock that steps back across a restart breaks nothing [REV-7].
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import type { EpochMs } from "../base/time.ts";
import { ENTITIES } from "../protocol/entity.ts";
import type { ChangesBody, RecordBody } from "../protocol/messages.ts";
import type { Answer, Request } from "../protocol/request.ts";
import type { Revision } from "../protocol/revision.ts";
import type { Clock } from "./clock.ts";
import { judge } from "./crash-judge.fixture.ts";
import { runCrashes } from "./crash-run.fixture.ts";
import { openSync, type Sync } from "./open.ts";

/** Tried one after the other until one tells: a kill must come at a moment that shows what is broken. */
const SEEDS = [17, 19, 23, 29, 31, 37, 41, 43];
const WITHIN_MS = 240_000;

/** What the judge finds of a broken proxy; of the last seed when none tells. */
async function findingsOf(
  fixture: string,
  moment: "answered" | "shown" | "written",
  tells: (verdict: Verdict) => boolean,
): Promise<Verdict> {
  let verdict: Verdict | undefined;
  for (const seed of SEEDS) {
    const { history } = await runCrashes({
      kills: 5,
      seed,
      moments: [moment],
      server: { before: [fixture] },
    });
    verdict = judge(history);
    if (tells(verdict)) return verdict;
  }
  return verdict ?? expect.fail("there are seeds");
}

type Verdict = ReturnType<typeof judge>;

describe("a proxy that is broken", () => {
  test(
    "[SYS-2] answers that leave before the commit: the crash test finds writes lost",
    async () => {
      const { findings } = await findingsOf("./crash-early.fixture.ts", "answered", ({ lost }) => lost > 0);
      expect(findings.some(({ rule, says }) => rule === "SYS-2" && says.startsWith("lost:"))).toBe(true);
    },
    WITHIN_MS,
  );

  test(
    "[EVT-6] sockets that are shown what is not committed: the crash test finds events of what never was",
    async () => {
      const shown = ({ findings }: Verdict): boolean =>
        findings.some(({ rule, says }) => rule === "EVT-6" && says.includes("was shown"));
      const verdict = await findingsOf("./crash-shown.fixture.ts", "shown", shown);
      expect(verdict.lost).toBe(0);
      expect(shown(verdict)).toBe(true);
    },
    WITHIN_MS,
  );

  test(
    "[IDM-6] a change and its key in two commits: the crash test finds retries that met their own effect",
    async () => {
      // Such a retry is refused for its own change, or makes it a second time.
      const met = ({ findings }: Verdict): boolean =>
        findings.some(({ rule }) => rule === "CON-10" || rule === "SYS-3");
      expect(met(await findingsOf("./crash-torn.fixture.ts", "written", met))).toBe(true);
    },
    WITHIN_MS,
  );
});

describe("a wall clock that steps back across a restart", () => {
  test(
    "[REV-7, SYS-2, SYS-3] kills, each start with another time of day: nothing lost, doubled or fallen",
    async () => {
      // By the number of the start; those after the last have the right time.
      const offMs = [0, 0, 30_000, -86_400_000, 10_000, -3_600_000, -1_500];
      const { history } = await runCrashes({
        kills: 5,
        seed: 9,
        server: {
          before: ["./crash-clock.fixture.ts"],
          environment: (life) => ({ ZEKE_CRASH_CLOCK_MS: String(offMs[life] ?? 0) }),
        },
      });
      const { findings, lost, doubled } = judge(history);
      expect(findings.slice(0, 20)).toEqual([]);
      expect([lost, doubled]).toEqual([0, 0]);
      // Every clock after the second start is behind the log, and what it made stands above it all the same.
      const headSeconds = Number(history.headAfterAgain.slice(4, 14));
      expect(headSeconds).toBeGreaterThan(Date.now() / 1_000 + 5);
      expect(history.mutations.some(({ firstLife, answers }) => firstLife > 2 && answers.length > 0)).toBe(
        true,
      );
    },
    WITHIN_MS,
  );

  test("[REV-7] a file that is opened again by a proxy whose clock is behind goes on above its head", async () => {
    const folder = mkdtempSync(join(tmpdir(), "zeke-sync-clock-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const file = join(folder, "sync.db");
    const startMs = 1_800_000_000_000;
    const seen: Revision[] = [];
    for (const nowMs of [startMs, startMs - 86_400_000, startMs - 1, startMs - 5_000, 1_000]) {
      const sync = await openSync({ store: { kind: "sqlite", file }, clock: standing(nowMs) });
      try {
        const since = seen.at(-1);
        for (const entity of ENTITIES) seen.push(await make(sync, entity));
        if (since === undefined) continue;
        const answer = await ask(sync, { call: "changes", since });
        expect(answer.status).toBe(200);
        expect((answer.body as ChangesBody).changes.map(({ revisionId }) => revisionId)).toEqual(
          seen.slice(-3),
        );
      } finally {
        await sync.close();
      }
    }
    expect(seen).toEqual([...seen].sort((left, right) => (left < right ? -1 : 1)));
    expect(new Set(seen).size).toBe(15);
  });
});

function standing(nowMs: EpochMs): Clock {
  return { nowMs: () => nowMs, after: () => () => {} };
}

function ask(sync: Sync, call: Request["call"], more: Partial<Request> = {}): Promise<Answer> {
  return sync.service.answer({ token: "tok-a", deviceId: "d1", ...more, call });
}

async function make(sync: Sync, entity: (typeof ENTITIES)[number]): Promise<Revision> {
  const answer = await ask(sync, { call: "create", entity, body: { name: "n", title: "t" } });
  expect(answer.status).toBe(201);
  return (answer.body as RecordBody).meta.revisionId;
}
