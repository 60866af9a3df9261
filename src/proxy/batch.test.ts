/**
 * Owns the proof, at the engine alone, of section 6 as far as it is about batches: BAT.
 */

import { declareBatchRules } from "./batch.suite.fixture.ts";
import { declareBatchChainRules } from "./batch-chain.suite.fixture.ts";
import { ENGINE_DESKS } from "./engine-desk.fixture.ts";

declareBatchRules(ENGINE_DESKS);
declareBatchChainRules(ENGINE_DESKS);
