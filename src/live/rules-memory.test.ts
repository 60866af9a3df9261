/**
 * Owns the proof that the rules hold over HTTP and WebSocket, with the memory store behind them.
 */

import { declareRules } from "../proxy/rules.suite.fixture.ts";
import { liveDesks } from "./live-desks.fixture.ts";
import { createMemoryShelf } from "./shelf.fixture.ts";

declareRules(liveDesks(createMemoryShelf, 0.1));
