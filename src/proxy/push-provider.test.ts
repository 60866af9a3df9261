/**
 * Owns the proof, at the engine alone, of section 8 as far as it is about the provider: PSH-6, PSH-7, receipts.
 */

import { ENGINE_DESKS } from "./engine-desk.fixture.ts";
import { declarePushProviderRules } from "./push-provider.suite.fixture.ts";

declarePushProviderRules(ENGINE_DESKS);
