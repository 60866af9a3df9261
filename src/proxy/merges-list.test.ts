/**
 * Owns the proof, at the engine alone, of section 5 as far as it is about lists: MRG-5 to MRG-8.
 */

import { ENGINE_DESKS } from "./engine-desk.fixture.ts";
import { declareListMergeRules } from "./merges-list.suite.fixture.ts";

declareListMergeRules(ENGINE_DESKS);
