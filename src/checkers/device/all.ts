/**
 * Owns the list of device checkers: one instance of each, for one run.
 * Refuses to know which rules are asked for.
 */

import type { Checker } from "../port.ts";
import type { Witness } from "../witness.ts";
import { createAttemptsChecker } from "./attempts.ts";
import { createBatchingChecker } from "./batching.ts";
import { createCancellationChecker } from "./cancellation.ts";
import { createClockCorrectionChecker } from "./clock-correction.ts";
import { createConflictChecker } from "./conflict.ts";
import { createConsequenceChecker } from "./consequence.ts";
import { createCutSyncChecker } from "./cut-sync.ts";
import { createDurableEditChecker } from "./durable-edit.ts";
import { createEchoChecker } from "./echo.ts";
import { createEditOnResultChecker } from "./edit-on-result.ts";
import { createForeignFrameChecker } from "./foreign-frame.ts";
import { createForeignProtocolChecker } from "./foreign-protocol.ts";
import { createFullSyncChecker, createLongAbsenceChecker } from "./full-sync.ts";
import { createKeyAndBytesChecker } from "./key-and-bytes.ts";
import { createLastSeenChecker } from "./last-seen.ts";
import { createLostPushChecker } from "./lost-push.ts";
import { createNewerStaysChecker } from "./newer-stays.ts";
import { createOneDrainChecker } from "./one-drain.ts";
import { createOpeningSyncChecker } from "./opening-sync.ts";
import { createPullOnTopChecker } from "./pull-on-top.ts";
import { createPushSyncChecker } from "./push-sync.ts";
import { createReconnectChecker } from "./reconnect.ts";
import { createRecordOrderChecker } from "./record-order.ts";
import { createResumeChecker } from "./resume.ts";
import { createResyncChecker } from "./resync.ts";
import { createRetryWaitChecker } from "./retry-wait.ts";
import { createShownAtOnceChecker } from "./shown-at-once.ts";
import { createRestartedKeyChecker, createStableKeyChecker } from "./stable-key.ts";
import { createStoredBytesChecker } from "./stored-bytes.ts";
import { createTwinCreatesChecker } from "./twin-creates.ts";

/** A new checker for every D rule that a history can show, in the order of protocol.md. */
export function createDeviceCheckers(witness: Witness): readonly Checker[] {
  return [
    createLastSeenChecker(),
    createNewerStaysChecker(witness),
    createResumeChecker(),
    createResyncChecker(witness),
    createEchoChecker(witness),
    createForeignFrameChecker(),
    createReconnectChecker(),
    createConflictChecker(witness),
    createKeyAndBytesChecker(witness),
    createForeignProtocolChecker(witness),
    createDurableEditChecker(witness),
    createShownAtOnceChecker(witness),
    createRecordOrderChecker(witness),
    createStableKeyChecker(witness),
    createRetryWaitChecker(witness),
    createAttemptsChecker(witness),
    createRestartedKeyChecker(witness),
    createConsequenceChecker(witness),
    createOneDrainChecker(),
    createEditOnResultChecker(witness),
    createCancellationChecker(witness),
    createPullOnTopChecker(witness),
    createTwinCreatesChecker(),
    createStoredBytesChecker(witness),
    createBatchingChecker(witness),
    createClockCorrectionChecker(witness),
    createPushSyncChecker(),
    createLostPushChecker(),
    createOpeningSyncChecker(),
    createFullSyncChecker(witness),
    createCutSyncChecker(),
    createLongAbsenceChecker(witness),
  ];
}
