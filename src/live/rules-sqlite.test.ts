/**
 * Owns the proof that the rules hold over HTTP and WebSocket, with SQLite behind them.
 */

import { declareRules } from "../proxy/rules.suite.fixture.ts";
import { liveDesks } from "./live-desks.fixture.ts";
import { createSqliteShelf } from "./shelf.fixture.ts";

declareRules(liveDesks(createSqliteShelf, 0.05));
