/**
 * Owns the proof that the Redis store keeps the store's contract, on a real Redis: through one instance, through two,
 * and when every single call comes from an instance that knows nothing but what Redis holds.
 */

import { afterAll, beforeAll, describe } from "vitest";
import { declareStoreContract } from "../proxy/store-contract.fixture.ts";
import { RedisFaces } from "./redis-face.fixture.ts";
import { HAS_REDIS, type RedisServer, startRedis, titled } from "./redis-server.fixture.ts";

describe.skipIf(!HAS_REDIS)(titled("on a real Redis"), () => {
  let server: RedisServer;
  let faces: RedisFaces;

  beforeAll(async () => {
    server = await startRedis();
    faces = new RedisFaces(server.url);
  });

  afterAll(async () => {
    await faces.stop();
    await server.stop();
  });

  declareStoreContract("redis store, one instance", () => faces.create("one"));
  declareStoreContract("redis store, written through one instance, read through another", () =>
    faces.create("two"),
  );
  declareStoreContract("redis store, a cold instance and a snapshot for every call", () =>
    faces.create("cold"),
  );
});
