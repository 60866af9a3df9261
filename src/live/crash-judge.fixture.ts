/**
 * Owns the verdict on a history with crashes in it: what was acknowledged and is lost, what had two effects, and which
 * revision fell.
 * Refuses to know the engine: it judges by what clients were told and shown, and by the document alone.
 */

import { canonicalJson, jsonEqual } from "../base/canonical-json.ts";
import type { WireRecord } from "../protocol/entity.ts";
import type { SyncEvent } from "../protocol/messages.ts";
import type { Revision } from "../protocol/revision.ts";
import { answerOf, Evidence, type Finding, isSuccess, short, toldOf } from "./crash-evidence.fixture.ts";
import type { Again, CrashHistory, Mutation, Told } from "./crash-history.fixture.ts";
import { judgeOrder, judgeReads } from "./crash-judge-order.fixture.ts";
import { judgeFinalState, judgeLog, judgeShown, judgeStreams } from "./crash-judge-shown.fixture.ts";
import { stepFault } from "./crash-step.fixture.ts";

export interface CrashVerdict {
  /** Mutations that were answered 2xx. */
  readonly acknowledged: number;
  /** Of them, those whose effect is not there. */
  readonly lost: number;
  /** Mutations with more than one effect. */
  readonly doubled: number;
  /** Answers that were compared with what was acknowledged before: retries within the run, and after it. */
  readonly compared: number;
  readonly findings: readonly Finding[];
}

/** Judges a whole history: SYS-2, SYS-3, IDM-1, IDM-6, REV-6, REV-7, REV-9, EVT-2, EVT-6, DLT-5, DLT-6. */
export function judge(history: CrashHistory): CrashVerdict {
  const evidence = new Evidence(history);
  for (const surprise of history.surprises) evidence.find("API-2", surprise);
  judgeLog(evidence);
  judgeStreams(evidence);
  for (const mutation of history.mutations) judgeMutation(evidence, mutation);
  judgeTwins(evidence);
  judgeSteps(evidence);
  judgeOrder(evidence);
  judgeFinalState(evidence);
  judgeShown(evidence);
  judgeReads(evidence);
  judgeAgain(evidence);
  const { lost, doubled, compared, findings } = evidence;
  const acknowledged = history.mutations.filter((mutation) => answerOf(mutation, isSuccess)).length;
  return { acknowledged, lost: lost.size, doubled: doubled.size, compared, findings };
}

/** What a mutation's key remembers: 2xx, 409 `conflict` and `already_exists` [IDM-5]. */
export function settles(told: { readonly status: number; readonly body: Told["body"] }): boolean {
  const { status, body } = told;
  return (
    (status >= 200 && status < 300) ||
    (status === 409 && (body.error === "conflict" || body.error === "already_exists"))
  );
}

function judgeMutation(evidence: Evidence, mutation: Mutation): void {
  const effects = evidence.byKey.get(mutation.key) ?? [];
  if (effects.length > 1) {
    evidence.doubled.add(mutation.key);
    evidence.find("SYS-3", `doubled: ${mutation.key} made ${effects.map(toldOf).join(" and ")}`);
    return;
  }
  const effect = effects[0];
  if (effect !== undefined && !isOfMutation(effect, mutation, evidence.recordOf(mutation)))
    evidence.find("SYS-3", `${toldOf(effect)} bears the key of another mutation, ${mutation.key}`);
  judgeAnswers(evidence, mutation, effect);
}

/** [IDM-1, CON-10] the first answer that is remembered is the only one; and it is the truth. */
function judgeAnswers(evidence: Evidence, mutation: Mutation, effect: SyncEvent | undefined): void {
  const settled = answerOf(mutation, settles);
  for (const told of mutation.answers) {
    if (told === settled) continue;
    if (settled === undefined || (told.sentAt < settled.toldAt && !settles(told))) continue;
    evidence.compared++;
    if (told.status !== settled.status || !jsonEqual(told.body, settled.body))
      evidence.find("IDM-1", `${mutation.key} was told ${short(settled)} and then ${short(told)}`);
  }
  if (settled === undefined) {
    if (effect !== undefined && mutation.answers.length > 0)
      evidence.find("CON-3", `${mutation.key} was refused for good and made ${toldOf(effect)}`);
  } else if (isSuccess(settled)) judgeSuccess(evidence, mutation, settled, effect);
  else judgeConflict(evidence, mutation, settled, effect);
}

/** [SYS-2] what was answered 2xx is in the log as it was answered. */
function judgeSuccess(
  evidence: Evidence,
  mutation: Mutation,
  told: Told,
  effect: SyncEvent | undefined,
): void {
  const { revisionId } = told.body.meta as { readonly revisionId: Revision };
  if (effect === undefined && mustCommit(mutation, told))
    return evidence.lose(mutation, `was told ${short(told)}, and nothing in the log is its effect`);
  if (effect !== undefined && effect.revisionId !== revisionId)
    return evidence.lose(mutation, `was told ${revisionId}, and its effect is ${toldOf(effect)}`);
  const shown = evidence.byRevision.get(revisionId);
  if (shown === undefined) return evidence.lose(mutation, `was told ${revisionId}, which is not in the log`);
  const isSame = shown.entity === mutation.entity && jsonEqual(shown.payload, told.body.data ?? null);
  const recordId = evidence.recordOf(mutation);
  if (!isSame || (recordId !== undefined && shown.id !== recordId))
    evidence.lose(mutation, `was told ${short(told)}, and the log has ${toldOf(shown)}`);
}

/** [CON-2, CON-3, CON-9] a refusal leaves no trace, and what it shows of the record was not lost after it. */
function judgeConflict(
  evidence: Evidence,
  mutation: Mutation,
  told: Told,
  effect: SyncEvent | undefined,
): void {
  if (effect !== undefined)
    evidence.find("CON-10", `${mutation.key} was told ${short(told)} and made ${toldOf(effect)}`);
  const current = told.body.currentRevision as Revision;
  const shown = evidence.byRevision.get(current);
  if (shown === undefined || !jsonEqual(shown.payload, told.body.serverData ?? null))
    evidence.find(
      "SYS-2",
      `${mutation.key} was shown ${current} in a conflict, and the log has ${toldOf(shown)}`,
    );
}

/** [SYS-3] by what records say, not by what the proxy says who made them: no create stands in two records. */
function judgeTwins(evidence: Evidence): void {
  const makers = new Map<string, string>();
  for (const event of evidence.history.log) {
    if (event.action !== "created") continue;
    const mark = markOf(event.payload);
    const twin = makers.get(mark);
    if (twin !== undefined) {
      evidence.doubled.add(mark);
      evidence.find("SYS-3", `doubled: one create made ${twin} and ${toldOf(event)}`);
    }
    makers.set(mark, toldOf(event));
  }
}

/** [SYS-2, CON-1, CON-8, CON-12, MRG-1, MRG-2, MRG-5] each change was made knowing the one before, or by its strategy. */
function judgeSteps(evidence: Evidence): void {
  for (const events of evidence.byRecord.values()) {
    let before: SyncEvent | undefined;
    for (const event of events) {
      const mutation = evidence.asked.get(event.origin?.mutationId ?? "");
      const fault = mutation && stepFault(mutation, evidence.baseOf(mutation), before, event);
      if (fault !== undefined) evidence.find("SYS-2", `${toldOf(event)} by ${mutation?.key} ${fault}`);
      before = event;
    }
  }
}

/** [IDM-1, IDM-6, IDM-10] every settled mutation, asked once more: the same answer, and nothing is committed. */
function judgeAgain(evidence: Evidence): void {
  const { again, headBeforeAgain, headAfterAgain, mutations } = evidence.history;
  if (headBeforeAgain !== headAfterAgain)
    evidence.find("IDM-6", `asking again moved the head from ${headBeforeAgain} to ${headAfterAgain}`);
  const answers = new Map<string, Again>(again.map((one) => [one.key, one]));
  for (const mutation of mutations) {
    const settled = answerOf(mutation, settles);
    if (settled === undefined) continue;
    const one = answers.get(mutation.key);
    if (one !== undefined && one.status === settled.status && jsonEqual(one.body, settled.body))
      evidence.compared++;
    else
      evidence.find(
        "IDM-6",
        `${mutation.key} was told ${short(settled)} and, asked again, ${one && short(one)}`,
      );
  }
}

/** Whether an answer says that something was committed by the mutation that it answers. */
function mustCommit({ operation, mark }: Mutation, { body }: Told): boolean {
  if (operation === "delete") return false; // What is already deleted is deleted again, without a commit.
  const { resolution } = body.meta as { readonly resolution?: string };
  // [MRG-3] a stale update may lose all its fields; where its mark shows, it did not.
  return resolution === undefined || canonicalJson(body.data).includes(JSON.stringify(mark));
}

const ACTION_OF = { create: "created", update: "updated", delete: "deleted" } as const;

function isOfMutation(event: SyncEvent, mutation: Mutation, recordId: string | undefined): boolean {
  return (
    event.entity === mutation.entity &&
    event.action === ACTION_OF[mutation.operation] &&
    event.origin?.deviceId === mutation.deviceId &&
    (recordId === undefined || event.id === recordId)
  );
}

/** The mark of the create that made a record: the first thing that its required field says. */
function markOf(payload: WireRecord | null): string {
  return String(payload?.name ?? payload?.title ?? "");
}
