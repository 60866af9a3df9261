/**
 * Owns the proof, at the engine alone, of section 10 as far as every desk shows it: WHK.
 */

import { ENGINE_DESKS } from "./engine-desk.fixture.ts";
import { declareWebhookRules } from "./webhooks.suite.fixture.ts";

declareWebhookRules(ENGINE_DESKS);
