/**
 * Owns the proof, at the engine alone, of section 5 as far as it is about preconditions and modes: CON and FLG.
 */

import { declareConflictRules } from "./conflicts.suite.fixture.ts";
import { ENGINE_DESKS } from "./engine-desk.fixture.ts";
import { declareModeRules } from "./modes.suite.fixture.ts";

declareConflictRules(ENGINE_DESKS);
declareModeRules(ENGINE_DESKS);
