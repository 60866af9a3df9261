/**
 * Owns the proof that the rules hold over HTTP and WebSocket, with a real Redis behind them, and a second instance
 * where a rule is about two.
 */

import { afterAll, beforeAll, describe } from "vitest";
import { declareRules } from "../proxy/rules.suite.fixture.ts";
import { liveDesks } from "./live-desks.fixture.ts";
import { HAS_REDIS, type RedisServer, startRedis, titled } from "./redis-server.fixture.ts";
import { createRedisShelf } from "./shelf.fixture.ts";

describe.skipIf(!HAS_REDIS)(titled("on a real Redis"), () => {
  let server: RedisServer;

  beforeAll(async () => {
    server = await startRedis();
  });

  afterAll(() => server.stop());

  declareRules(liveDesks(() => createRedisShelf(server.url), 0.05));
});
