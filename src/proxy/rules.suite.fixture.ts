/**
 * Owns the list of all suites of rules that are the proxy's: whoever makes desks is held against each of them.
 */

import { declareBadInputRules } from "./bad-input.suite.fixture.ts";
import { declareBatchRules } from "./batch.suite.fixture.ts";
import { declareBatchChainRules } from "./batch-chain.suite.fixture.ts";
import { declareConflictRules } from "./conflicts.suite.fixture.ts";
import { declareDeltaRules } from "./delta.suite.fixture.ts";
import { declareEventRules } from "./events.suite.fixture.ts";
import { declareIdempotencyRules } from "./idempotency.suite.fixture.ts";
import { declareMergeRules } from "./merges.suite.fixture.ts";
import { declareListMergeRules } from "./merges-list.suite.fixture.ts";
import { declareModeRules } from "./modes.suite.fixture.ts";
import { declarePushRules } from "./push.suite.fixture.ts";
import { declarePushProviderRules } from "./push-provider.suite.fixture.ts";
import { declareRecordRules } from "./records.suite.fixture.ts";
import { declareRetentionRules } from "./retention.suite.fixture.ts";
import { declareRevisionRules } from "./revisions.suite.fixture.ts";
import { declareAnyCallRule, declareTenantRules } from "./tenants.suite.fixture.ts";
import type { DeskMaker } from "./test-desk.fixture.ts";
import { declareUpkeepRules } from "./upkeep.suite.fixture.ts";
import { declareWebhookRules } from "./webhooks.suite.fixture.ts";
import { declareWireRules } from "./wire.suite.fixture.ts";

/** Declares every rule's tests, at desks of this maker. */
export function declareRules(desks: DeskMaker): void {
  declareRecordRules(desks);
  declareBadInputRules(desks);
  declareTenantRules(desks);
  declareAnyCallRule(desks);
  declareWireRules(desks);
  declareRevisionRules(desks);
  declareEventRules(desks);
  declareUpkeepRules(desks);
  declareConflictRules(desks);
  declareModeRules(desks);
  declareMergeRules(desks);
  declareListMergeRules(desks);
  declareIdempotencyRules(desks);
  declareBatchRules(desks);
  declareBatchChainRules(desks);
  declareDeltaRules(desks);
  declareRetentionRules(desks);
  declarePushRules(desks);
  declarePushProviderRules(desks);
  declareWebhookRules(desks);
}
