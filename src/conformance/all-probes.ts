/**
 * Owns the list of all probes and watches, in the order in which they are run.
 * Refuses to know what each does.
 */

import type { RuleId } from "../protocol/rules/registry.ts";
import type { Probe } from "./probe.ts";
import { badInput } from "./probes/bad-input.ts";
import { asAlone, singleAndBatch } from "./probes/batch-alone.ts";
import { failedCreate, ifMatchFailed, ifMatchMutation, temporaryIds } from "./probes/batch-chains.ts";
import { batchEnvelope, batchSize } from "./probes/batch-envelope.ts";
import { batchBroken, batchOrder } from "./probes/batch-order.ts";
import { bodySize } from "./probes/body-size.ts";
import { madeAgain, updateDeleted } from "./probes/deleted.ts";
import { deltaHistory } from "./probes/delta-history.ts";
import { deltaAtOnce, deltaFull, deltaLimitMax, deltaLimits, deltaMoving } from "./probes/delta-pages.ts";
import { deltaCursor, deltaSince } from "./probes/delta-since.ts";
import { eventsLive, eventsQuiet, eventsTogether } from "./probes/events-live.ts";
import { eventsFloor, eventsReplayMax, eventsUnknown } from "./probes/events-lost.ts";
import { eventsNoGap, eventsResume } from "./probes/events-resume.ts";
import { eventsBadFrame, eventsSecondSocket } from "./probes/events-sockets.ts";
import { eventsCheckpoint, eventsPing, eventsSlowReader } from "./probes/events-upkeep.ts";
import { cursorAge, expiredRevision, expiry } from "./probes/expiry.ts";
import { badKey, keyAge, keyKept, keysOfTenants, otherFingerprint, replay } from "./probes/idempotency.ts";
import { notRemembered, rememberedRefusals } from "./probes/idempotency-memory.ts";
import { otherAtOnce, sameAtOnce } from "./probes/idempotency-races.ts";
import { current, nonsense, unconditional } from "./probes/if-match.ts";
import { isolation, leaks } from "./probes/isolation.ts";
import { listAdds } from "./probes/list-adds.ts";
import { listMerge, listUnion } from "./probes/list-merge.ts";
import { listing, snapshot } from "./probes/listing.ts";
import { lostAnswer } from "./probes/lost-answer.ts";
import { advisory, capabilities, declaredFloor, modeOff } from "./probes/modes.ts";
import { noToken } from "./probes/no-token.ts";
import { oddIds, oddTexts } from "./probes/odd-texts.ts";
import { notModified, plainClient } from "./probes/plain-client.ts";
import { pushBurst, pushReaches, pushTokens, pushTopics, pushWebhook } from "./probes/push.ts";
import { badToken, deadReceipt, deadTicket, failingProvider, manyDevices } from "./probes/push-provider.ts";
import { mixedRace, race, sameId } from "./probes/races.ts";
import { neverSeen, recordLife } from "./probes/record-life.ts";
import { commitTime, order, readOwn, sameAgain } from "./probes/revisions.ts";
import { revokedToken } from "./probes/revoked-token.ts";
import { staleDelete } from "./probes/stale-delete.ts";
import { contactApart, onTheHead, staleWrite } from "./probes/stale-write.ts";
import { taskFuture, taskKnowing, taskPrecision } from "./probes/task-clocks.ts";
import { taskMerge, tasksApart } from "./probes/task-merge.ts";
import { webhookCommits, webhookOrder, webhookSignature, webhookTwice } from "./probes/webhooks.ts";
import type { Watch } from "./watch.ts";
import { watchErrors } from "./watches/errors.ts";
import { watchFreshness } from "./watches/freshness.ts";
import { watchRevisions } from "./watches/revisions.ts";
import { watchTenancy } from "./watches/tenancy.ts";

export const PROBES: readonly Probe[] = [
  // First: its token does not wait.
  revokedToken,
  recordLife,
  neverSeen,
  staleDelete,
  badInput,
  oddTexts,
  oddIds,
  bodySize,
  listing,
  snapshot,
  plainClient,
  notModified,
  order,
  readOwn,
  sameAgain,
  commitTime,
  noToken,
  isolation,
  leaks,
  staleWrite,
  onTheHead,
  contactApart,
  current,
  nonsense,
  unconditional,
  race,
  mixedRace,
  sameId,
  updateDeleted,
  madeAgain,
  lostAnswer,
  taskMerge,
  tasksApart,
  taskKnowing,
  taskPrecision,
  taskFuture,
  listMerge,
  listAdds,
  listUnion,
  deltaHistory,
  deltaLimits,
  deltaLimitMax,
  deltaMoving,
  deltaFull,
  deltaSince,
  deltaCursor,
  advisory,
  modeOff,
  capabilities,
  eventsLive,
  eventsTogether,
  eventsQuiet,
  eventsResume,
  eventsNoGap,
  eventsUnknown,
  eventsFloor,
  eventsReplayMax,
  eventsSecondSocket,
  eventsBadFrame,
  eventsPing,
  eventsCheckpoint,
  eventsSlowReader,
  expiry,
  cursorAge,
  expiredRevision,
  declaredFloor,
  replay,
  otherFingerprint,
  keysOfTenants,
  badKey,
  keyAge,
  keyKept,
  notRemembered,
  rememberedRefusals,
  sameAtOnce,
  otherAtOnce,
  batchOrder,
  batchBroken,
  batchSize,
  batchEnvelope,
  temporaryIds,
  failedCreate,
  ifMatchMutation,
  ifMatchFailed,
  asAlone,
  singleAndBatch,
  webhookCommits,
  webhookSignature,
  webhookTwice,
  webhookOrder,
  pushReaches,
  pushTopics,
  pushTokens,
  pushBurst,
  deadTicket,
  deadReceipt,
  failingProvider,
  badToken,
  manyDevices,
  pushWebhook,
  deltaAtOnce,
];

/** Fresh watches, for one run. */
export function freshWatches(): readonly Watch[] {
  return [watchTenancy(), watchErrors(), watchRevisions(), watchFreshness()];
}

/** The rules that any answer may break. */
export const WATCHED: ReadonlySet<RuleId> = new Set(freshWatches().flatMap(({ rules }) => rules));
