/**
 * Owns the proof that a stop loses nothing: what is under way is finished, sockets are told, nothing new is taken.
 */

import { afterEach, describe, expect, test } from "vitest";
import { createMemoryStore } from "../proxy/memory-store.ts";
import type { DurableStore } from "./durable.ts";
import { LiveBorder, TOKEN_A } from "./live-border.fixture.ts";
import { createMemoryDurable } from "./memory-durable.ts";
import { bytesOf, RawPeer, readAnswers, until } from "./raw-http.fixture.ts";
import { frameBytes, OPCODE, RawSocket } from "./raw-socket.fixture.ts";

let border: LiveBorder;

afterEach(() => border.close());

const create = (id: string): Buffer =>
  bytesOf({
    method: "POST",
    target: "/api/tasks",
    headers: [
      ["Host", "localhost"],
      ["Authorization", `Bearer ${TOKEN_A}`],
    ],
    body: Buffer.from(JSON.stringify({ id, title: "t" })),
  });

/** A store whose commits wait until they are let go. */
class HeldStore {
  readonly memory = createMemoryDurable(createMemoryStore());
  private isHolding = false;
  private readonly waiting: (() => void)[] = [];
  readonly durable: DurableStore = {
    ...this.memory,
    transact: async (account, work) => {
      const result = await this.memory.transact(account, work);
      if (this.isHolding) await new Promise<void>((resolve) => this.waiting.push(resolve));
      return result;
    },
  };

  hold(): void {
    this.isHolding = true;
  }

  get held(): number {
    return this.waiting.length;
  }

  release(): void {
    this.isHolding = false;
    for (const go of this.waiting.splice(0)) go();
  }
}

describe("a graceful close", () => {
  test("finishes calls under way, closes sockets with 1001 and idle connections, and takes nothing new", async () => {
    const store = new HeldStore();
    border = await LiveBorder.open({ durable: store.durable });
    const { port } = border.server;
    const socket = await RawSocket.open(port, { token: TOKEN_A });
    const idle = (await RawPeer.open(port)).say(create("idle"));
    await idle.answers(1);
    store.hold();
    const underWay = (await RawPeer.open(port)).say(create("under-way"));
    await until("the call is under way", () => store.held === 1);
    let isClosed = false;
    const closing = border.server.close().then(() => {
      isClosed = true;
    });
    await until("the socket was told", () => socket.closeCode !== undefined);
    expect(socket.closeCode).toBe(1001);
    socket.peer.say(frameBytes({ opcode: OPCODE.close, payload: Buffer.from([0x03, 0xe9]) }));
    await until("the idle connection is closed", () => idle.hasEnded || idle.isClosed);
    await expect(RawPeer.open(port)).rejects.toThrow("ECONNREFUSED");
    expect([isClosed, underWay.receivedBytes]).toEqual([false, 0]);
    store.release();
    const { answers } = readAnswers(await underWay.toEnd());
    expect(answers.map(({ status, headers }) => [status, headers.get("connection")])).toEqual([
      [201, "close"],
    ]);
    await closing;
    expect(store.memory.desk.current("a" as never, "task", "under-way")).toBeDefined();
  });

  test("in the midst of writers: whatever was answered 201 is there, and what was not is no half of anything", async () => {
    const store = createMemoryStore();
    const memory = createMemoryDurable(store);
    const durable: DurableStore = {
      ...memory,
      transact: async (account, work) => {
        await new Promise((resolve) => setImmediate(resolve));
        const result = await memory.transact(account, work);
        await new Promise((resolve) => setImmediate(resolve));
        return result;
      },
    };
    border = await LiveBorder.open({ durable });
    const acknowledged = new Set<string>();
    let tried = 0;
    const writer = async (name: string): Promise<void> => {
      const peer = await RawPeer.open(border.server.port);
      for (let n = 0; !peer.hasEnded && !peer.isClosed; n++) {
        tried++;
        peer.say(create(`${name}-${n}`));
        const answers = await peer.answers(n + 1);
        const answer = answers[n];
        if (answer !== undefined) expect(answer.status).toBe(201);
        if (answer !== undefined) acknowledged.add(`${name}-${n}`);
      }
      peer.cut();
    };
    const writers = Array.from({ length: 10 }, (_, n) => writer(`w${n}`));
    await until("they are at it", () => acknowledged.size > 50);
    await border.server.close();
    await Promise.all(writers);
    const stored = new Set(store.living("a" as never, "task", undefined, 1_000_000).map(({ id }) => id));
    for (const id of acknowledged) expect(stored.has(id)).toBe(true);
    expect(stored.size).toBeLessThanOrEqual(tried);
  });

  test("a client that never answers the close, and one that stopped reading, do not hold it up", async () => {
    border = await LiveBorder.open();
    const mute = await RawSocket.open(border.server.port, { token: TOKEN_A });
    const stalled = await RawSocket.open(border.server.port, { token: TOKEN_A });
    stalled.peer.socket.pause();
    const beganAt = performance.now();
    await border.server.close();
    expect(performance.now() - beganAt).toBeLessThan(5_000);
    expect(mute.closeCode).toBe(1001);
    for (const { peer } of [mute, stalled]) peer.cut();
  });
});
