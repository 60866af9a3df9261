/**
 * Owns the proof, at the engine alone, of section 9 as far as it is about how far back the log goes: DLT-9 to DLT-13.
 */

import { ENGINE_DESKS } from "./engine-desk.fixture.ts";
import { declareRetentionRules } from "./retention.suite.fixture.ts";

declareRetentionRules(ENGINE_DESKS);
