/**
 * Owns the proof, at the engine alone, of section 3 as far as it is about what works: API.
 */

import { ENGINE_DESKS } from "./engine-desk.fixture.ts";
import { declareRecordRules } from "./records.suite.fixture.ts";

declareRecordRules(ENGINE_DESKS);
