/**
 * Owns the proof, at the engine alone, of section 8 as far as it is the proxy's: PSH.
 */

import { ENGINE_DESKS } from "./engine-desk.fixture.ts";
import { declarePushRules } from "./push.suite.fixture.ts";

declarePushRules(ENGINE_DESKS);
