/**
 * Owns the proof, at the engine alone, of section 2: REV.
 */

import { ENGINE_DESKS } from "./engine-desk.fixture.ts";
import { declareRevisionRules } from "./revisions.suite.fixture.ts";

declareRevisionRules(ENGINE_DESKS);
