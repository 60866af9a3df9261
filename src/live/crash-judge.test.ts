/**
 * Owns the proof of the judge of crashes: a history in which all went well is found good, and each thing that can go
 * wrong, planted in it by hand, is said.
 */

import { describe, expect, test } from "vitest";
import type { WireRecord } from "../protocol/entity.ts";
import type { SyncEvent } from "../protocol/messages.ts";
import { GENESIS, type Revision } from "../protocol/revision.ts";
import type { Mutation, Told } from "./crash-history.fixture.ts";
import { judge } from "./crash-judge.fixture.ts";
import {
  change,
  lose,
  revision,
  STEPS,
  type Story,
  showInstead,
  story,
  withAnswers,
} from "./crash-story.fixture.ts";

const PLANTED: readonly (readonly [string, string, string, (bad: Story) => void])[] = [
  ["an acknowledged write that is not in the log", "SYS-2", "lost: k6", (bad) => lose(bad, 5)],
  ["an acknowledged delete that is not in the log", "SYS-2", "lost: k8", (bad) => lose(bad, 7)],
  [
    "an acknowledged write whose revision another got",
    "SYS-2",
    "lost: k6",
    (bad) =>
      showInstead(bad, 5, (event) => ({
        ...event,
        origin: { deviceId: "d1", mutationId: "k4" },
        payload: null,
      })),
  ],
  [
    "a write that is in the log otherwise than it was answered",
    "SYS-2",
    "lost: k2",
    (bad) =>
      showInstead(bad, 1, (event) => ({
        ...event,
        payload: { ...(event.payload as WireRecord), phone: "x" },
      })),
  ],
  [
    "a mutation with two effects",
    "SYS-3",
    "doubled: k6",
    (bad) => void bad.log.push({ ...(bad.log[5] as SyncEvent), revisionId: revision(9) }),
  ],
  [
    "a create that made two records, the second without a name to it",
    "SYS-3",
    "doubled: one create",
    (bad) => {
      const { origin: _origin, ...event } = bad.log[6] as SyncEvent;
      bad.log.push({ ...event, id: "made-2", revisionId: revision(9) });
    },
  ],
  ["a change that nobody asked for", "SYS-3", "made by nobody", (bad) => void bad.mutations.splice(4, 1)],
  [
    "a revision that fell across the restart",
    "REV-7",
    `fell: k4 was sent after ${revision(9)}`,
    (bad) => {
      bad.sightings = [{ revision: revision(9), seenAt: 25, life: 1 }];
    },
  ],
  [
    "a revision that fell without a restart",
    "REV-6",
    "fell: k3",
    (bad) => {
      bad.sightings = [{ revision: revision(3), seenAt: 15, life: 1 }];
    },
  ],
  [
    "a log that goes down",
    "REV-6",
    `shows ${revision(1)} after ${revision(2)}`,
    (bad) => bad.log.splice(0, 2, bad.log[1] as SyncEvent, bad.log[0] as SyncEvent),
  ],
  [
    "an event that was shown and is gone after the restart",
    "EVT-6",
    "s was shown",
    (bad) => {
      const shown = { ...(bad.log[2] as SyncEvent), revisionId: "rev_1704067200_00000z" as Revision };
      bad.streams = new Map([["s", [...bad.log, shown]]]);
    },
  ],
  [
    "an event that a resumed stream left out",
    "EVT-2",
    `s was shown ${revision(4)}`,
    (bad) => {
      bad.streams = new Map([["s", bad.log.toSpliced(2, 1)]]);
    },
  ],
  [
    "an event that a resumed stream showed twice",
    "EVT-2",
    `as number 3`,
    (bad) => {
      bad.streams = new Map([["s", bad.log.toSpliced(3, 0, bad.log[2] as SyncEvent)]]);
    },
  ],
  [
    "what the settling of abandoned mutations changed of the past",
    "SYS-2",
    "a replay before",
    (bad) => {
      bad.logBefore = change(bad.log, 1, (event) => ({
        ...event,
        revisionId: `${event.revisionId}0` as Revision,
      }));
    },
  ],
  [
    "two answers to one mutation",
    "IDM-1",
    "k2 was told",
    (bad) => withAnswers(bad, 1, (told) => [told, { ...told, status: 409, body: { error: "conflict" } }]),
  ],
  [
    "a retry that is told 404 after a success",
    "IDM-1",
    "k2 was told",
    (bad) =>
      withAnswers(bad, 1, (told) => [told, { ...told, sentAt: 15, toldAt: 16, status: 404, body: {} }]),
  ],
  [
    "a conflict against itself",
    "CON-10",
    "k6 was told",
    (bad) =>
      withAnswers(bad, 5, (told) => {
        const { revisionId, payload } = bad.log[4] as SyncEvent;
        return [
          {
            ...told,
            status: 409,
            body: { error: "conflict", currentRevision: revisionId, serverData: payload },
          },
        ];
      }),
  ],
  [
    "a refusal with an effect",
    "CON-3",
    "k6 was refused",
    (bad) => withAnswers(bad, 5, (told) => [{ ...told, status: 404, body: { error: "not_found" } }]),
  ],
  [
    "a conflict that showed what is gone",
    "SYS-2",
    "k6 was shown",
    (bad) => {
      lose(bad, 5);
      const body = { error: "conflict", currentRevision: revision(9), serverData: null };
      withAnswers(bad, 5, (told) => [{ ...told, status: 409, body }]);
    },
  ],
  [
    "a contact that was changed over a change that its writer did not know",
    "SYS-2",
    `was made on ${GENESIS}`,
    (bad) => {
      bad.mutations = change(bad.mutations, 5, (one) => ({ ...one, base: GENESIS }));
    },
  ],
  [
    "a change that took another's with it",
    "SYS-2",
    "by k6 is not the record before",
    (bad) =>
      showInstead(bad, 5, (event) => {
        const { phone: _phone, ...payload } = event.payload as WireRecord;
        return { ...event, payload: payload as WireRecord };
      }),
  ],
  [
    "a merge that lost an item",
    "SYS-2",
    "by k5 lost an item",
    (bad) =>
      showInstead(bad, 4, (event) => ({
        ...event,
        payload: { ...(event.payload as WireRecord), items: [{ id: "i1" }, { id: "i3" }] },
      })),
  ],
  [
    "a list without a record",
    "DLT-6",
    "the lists do not hold",
    (bad) => {
      bad.listed = bad.listed.slice(1);
    },
  ],
  [
    "a list with a record that was deleted",
    "DLT-6",
    "the lists hold 1 records",
    (bad) => {
      bad.listed = [...bad.listed, bad.log[6]?.payload as WireRecord];
    },
  ],
  [
    "a delta reader that ended elsewhere",
    "DLT-6",
    "r do not hold",
    (bad) => {
      bad.replicas = bad.replicas.map((one) => ({ ...one, records: new Map() }));
    },
  ],
  [
    "a delta that showed what is gone",
    "SYS-2",
    "a delta showed",
    (bad) => {
      bad.changes = change(bad.changes, 0, (one) => ({ ...one, revisionId: revision(9) }));
    },
  ],
  [
    "a head that was told and is gone",
    "SYS-2",
    "a reader was shown",
    (bad) => {
      bad.sightings = [{ revision: "rev_1704067200_00000z" as Revision, seenAt: 99, life: 2 }];
    },
  ],
  [
    "a read that went back",
    "REV-9",
    "contact/c1 was read",
    (bad) => {
      bad.reads = bad.reads.map((one) => ({ ...one, revision: revision(2) }));
    },
  ],
  [
    "a read that found nothing",
    "REV-9",
    "contact/c1 was read",
    (bad) => {
      bad.reads = bad.reads.map((one) => ({ ...one, revision: undefined }));
    },
  ],
  [
    "another answer when asked again",
    "IDM-6",
    "k2 was told",
    (bad) => {
      bad.again = change(bad.again, 1, (one) => ({ ...one, body: { ...one.body, data: null } }));
    },
  ],
  [
    "no answer when asked again",
    "IDM-6",
    "k1 was told",
    (bad) => {
      bad.again = bad.again.slice(1);
    },
  ],
  [
    "a head that moved by asking again",
    "IDM-6",
    "moved the head",
    (bad) => {
      bad.headBeforeAgain = revision(1);
    },
  ],
  [
    "a surprise",
    "API-2",
    "500",
    (bad) => {
      bad.surprises = ["POST /api/tasks: 500"];
    },
  ],
];

describe("the judge of crashes", () => {
  test("finds nothing where all went well", () => {
    const verdict = judge(story());
    expect(verdict).toEqual({ acknowledged: 8, lost: 0, doubled: 0, compared: 9, findings: [] });
  });

  test.each(PLANTED)("says it: %s", (_what, rule, says, plant) => {
    const bad = story();
    plant(bad);
    const verdict = judge(bad);
    expect(verdict.findings).toContainEqual({ rule, says: expect.stringContaining(says) });
    expect(verdict.lost > 0).toBe(verdict.findings.some((finding) => finding.says.startsWith("lost:")));
    expect(verdict.doubled > 0).toBe(verdict.findings.some((finding) => finding.says.startsWith("doubled:")));
  });

  test.each(STEPS.map(({ key }, at) => [key, at] as const))(
    "counts %s as lost when it is not there",
    (key, at) => {
      const bad = story();
      lose(bad, at);
      const { lost, findings } = judge(bad);
      expect(lost).toBe(1);
      expect(findings).toContainEqual({ rule: "SYS-2", says: expect.stringContaining(`lost: ${key}`) });
    },
  );

  test("[MRG-3] a stale task update that lost all its fields is no loss", () => {
    const good = story();
    const { payload, revisionId } = good.log[5] as SyncEvent;
    const meta = { revisionId, updatedAt: "now", resolution: "merged" };
    const told: Told = {
      status: 200,
      body: { data: payload, meta },
      sentAt: 90,
      toldAt: 91,
      life: 2,
      replayed: false,
    };
    const { recordId, recordOf, baseOf, deviceId } = good.mutations[1] as Mutation;
    const asked = {
      key: "k9",
      entity: "contact",
      operation: "update",
      fields: { name: "old" },
      mark: "old",
    } as const;
    good.mutations.push({
      ...{ ...asked, recordId, recordOf, baseOf, deviceId, base: revision(1) },
      ...{ firstSentAt: 90, firstLife: 2, unanswered: 0, answers: [told], abandoned: false },
    });
    good.again = [...good.again, { key: "k9", status: 200, body: told.body }];
    expect(judge(good).findings).toEqual([]);
  });
});
