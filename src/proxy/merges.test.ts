/**
 * Owns the proof, at the engine alone, of section 5 as far as it is about strategies: MRG.
 */

import { ENGINE_DESKS } from "./engine-desk.fixture.ts";
import { declareMergeRules } from "./merges.suite.fixture.ts";

declareMergeRules(ENGINE_DESKS);
