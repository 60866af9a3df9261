/**
 * Owns the proof that no upgrade and no frame costs more than the socket it came on: SEC-1, EVT-8, EVT-13. A well-behaved
 * socket of the same account watches, and must notice nothing.
 */

import { createServer, IncomingMessage } from "node:http";
import { Socket } from "node:net";
import { Duplex } from "node:stream";
import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { StoreUnavailable } from "./durable.ts";
import { serveEventSockets } from "./event-sockets.ts";
import { LiveBorder, TOKEN_A, TOKEN_B } from "./live-border.fixture.ts";
import { createMemoryDurable } from "./memory-durable.ts";
import { RawPeer, readAnswers, until } from "./raw-http.fixture.ts";
import { frameBytes, OPCODE, RawSocket, textFrame, upgradeBytes } from "./raw-socket.fixture.ts";

let border: LiveBorder;

afterEach(() => border.close());

const OF_A = { token: TOKEN_A } as const;
const K64 = 65_536;
const jsonOf = (bytes: number): string => `"${"x".repeat(bytes - 2)}"`;

async function fewSockets(socketsPerAccountMax = 100): Promise<void> {
  border = await LiveBorder.open({
    settings: { limits: { socketsPerAccountMax, framesPerSecondMax: 1_000 } },
  });
  await border.seed();
}

/** A socket of the same account, which must go on as if nothing were. */
class Witness {
  readonly socket: RawSocket;
  private events = 0;

  static async open(): Promise<Witness> {
    return new Witness(await RawSocket.open(border.server.port, OF_A));
  }

  private constructor(socket: RawSocket) {
    this.socket = socket;
  }

  /** [EVT-1] It hears of the next change, once, and of nothing else. */
  async check(): Promise<void> {
    await border.json(TOKEN_A, "PATCH", "/api/tasks/t1", { title: `write ${this.events++}` });
    await until("the witness heard of it", () => this.socket.frames.length >= 1 + this.events);
    expect(this.socket.frames.length).toBe(1 + this.events);
    expect(this.socket.isOver).toBe(false);
  }

  leave(): void {
    this.socket.peer.cut();
  }
}

describe("[EVT-13] frames of every wrong kind", () => {
  beforeEach(() => fewSockets());

  const WRONG: Readonly<Record<string, readonly [bytes: Buffer, code: number]>> = {
    "no JSON": [textFrame("hello"), 1008],
    "no text at all": [textFrame(""), 1008],
    "JSON that is cut": [textFrame('{"a":'), 1008],
    "binary that is no JSON": [frameBytes({ opcode: OPCODE.binary, payload: Buffer.from([0, 1, 2]) }), 1008],
    "brackets without end": [textFrame("[".repeat(60_000)), 1008],
    "a byte more than 64 KiB": [textFrame(jsonOf(K64 + 1)), 1009],
    "a length of a terabyte": [
      frameBytes({ opcode: OPCODE.text, payload: Buffer.from("{}"), claimedBytes: 1e12 }),
      1009,
    ],
    "a length beyond all numbers": [
      Buffer.concat([Buffer.from([0x81, 0xff]), Buffer.alloc(8, 0xff), Buffer.alloc(4)]),
      1009,
    ],
    "more than 64 KiB in pieces": [
      Buffer.concat([
        frameBytes({ opcode: OPCODE.text, payload: Buffer.alloc(K64, "1"), fin: false }),
        frameBytes({ opcode: OPCODE.continuation, payload: Buffer.alloc(K64, "1") }),
      ]),
      1009,
    ],
    "no UTF-8": [frameBytes({ opcode: OPCODE.text, payload: Buffer.from([0x22, 0xff, 0x22]) }), 1007],
    "half a surrogate": [
      frameBytes({ opcode: OPCODE.text, payload: Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]) }),
      1007,
    ],
    "no mask": [frameBytes({ opcode: OPCODE.text, payload: Buffer.from("{}"), isMasked: false }), 1002],
    "an opcode that is reserved": [frameBytes({ opcode: 5, payload: Buffer.from("{}") }), 1002],
    "a control opcode that is reserved": [frameBytes({ opcode: 11, payload: Buffer.alloc(0) }), 1002],
    "a reserved bit": [frameBytes({ opcode: OPCODE.text, payload: Buffer.from("{}"), reserved: 4 }), 1002],
    "a continuation of nothing": [
      frameBytes({ opcode: OPCODE.continuation, payload: Buffer.from("{}") }),
      1002,
    ],
    "a ping in pieces": [frameBytes({ opcode: OPCODE.ping, payload: Buffer.alloc(1), fin: false }), 1002],
    "a ping that is too long": [frameBytes({ opcode: OPCODE.ping, payload: Buffer.alloc(126) }), 1002],
    "a close with half a code": [frameBytes({ opcode: OPCODE.close, payload: Buffer.from([3]) }), 1002],
    "a close with a code that is none": [
      frameBytes({ opcode: OPCODE.close, payload: Buffer.from([3, 0xec]) }),
      1002,
    ],
    "text within text": [
      Buffer.concat([
        frameBytes({ opcode: OPCODE.text, payload: Buffer.from("{"), fin: false }),
        frameBytes({ opcode: OPCODE.text, payload: Buffer.from("{}") }),
      ]),
      1002,
    ],
  };

  test.each(Object.entries(WRONG))("%s ends that socket, and no other", async (_what, [bytes, code]) => {
    const witness = await Witness.open();
    const attacker = await RawSocket.open(border.server.port, OF_A);
    attacker.peer.say(bytes);
    await until("the socket was closed", () => attacker.closeCode !== undefined);
    expect(attacker.closeCode).toBe(code);
    attacker.peer.cut();
    await witness.check();
    witness.leave();
    await border.checkAlive();
  });

  test("JSON of any kind is ignored: 64 KiB of it, in pieces, in binary, with pings in between", async () => {
    const socket = await RawSocket.open(border.server.port, OF_A);
    const piece = (text: string, opcode: number, fin: boolean) =>
      frameBytes({ opcode, payload: Buffer.from(text), fin });
    for (const text of [
      "null",
      "{}",
      '{"type":"sync_event","__proto__":1}',
      jsonOf(K64),
      '"\\ud800"',
      "1e999",
    ]) {
      socket.peer.say(textFrame(text));
    }
    socket.peer.say(frameBytes({ opcode: OPCODE.binary, payload: Buffer.from("[1]") }));
    socket.peer.say(piece('{"a"', OPCODE.text, false));
    socket.peer.say(frameBytes({ opcode: OPCODE.ping, payload: Buffer.from("between") }));
    for (let n = 0; n < 50; n++) socket.peer.say(piece("", OPCODE.continuation, false));
    socket.peer.say(piece(':"', OPCODE.continuation, false)).say(piece('é"}', OPCODE.continuation, true));
    await socket.heard();
    expect(socket.pongs).toContain("between");
    expect([socket.isOver, socket.frames.length]).toEqual([false, 1]);
    socket.peer.cut();
  });

  test("any bytes at all, and any sequence of frames: the witness notices nothing, and no socket is left", async () => {
    const untouched = border.lookAt("b");
    const witness = await Witness.open();
    const frame = fc
      .record({
        opcode: fc.constantFrom(0, 1, 1, 1, 2, 3, 8, 9, 10, 15),
        payload: fc.oneof(
          fc.json().map((text) => Buffer.from(text)),
          fc.uint8Array({ maxLength: 130 }).map((bytes) => Buffer.from(bytes)),
          fc.constantFrom(Buffer.alloc(K64 + 1, "1"), Buffer.alloc(0)),
        ),
        fin: fc.boolean(),
        reserved: fc.constantFrom(0, 0, 0, 0, 1, 7),
        isMasked: fc.constantFrom(true, true, true, false),
      })
      .map(frameBytes);
    const saying = fc.oneof(
      { weight: 4, arbitrary: fc.array(frame, { maxLength: 12 }).map((frames) => Buffer.concat(frames)) },
      { weight: 1, arbitrary: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)) },
    );
    await fc.assert(
      fc.asyncProperty(saying, fc.constantFrom("end", "reset", "cut"), async (bytes, how) => {
        const attacker = await RawSocket.open(border.server.port, OF_A);
        attacker.peer.say(bytes);
        if (how === "end") await attacker.peer.end().toEnd();
        else attacker.peer[how]();
        expect(border.escaped).toEqual([]);
      }),
      { numRuns: 200 },
    );
    await witness.check();
    await until("only the witness is left", () => border.sync.service.socketCount === 1);
    witness.leave();
    await border.checkAlive();
    expect(border.lookAt("b")).toBe(untouched);
  });
});

describe("[SEC-1, EVT-8] upgrades", () => {
  test("that are none are refused with the error shape, and take no place", async () => {
    await fewSockets(2);
    const cases = [
      [400, { ...OF_A, version: "7" }],
      [400, { ...OF_A, version: undefined }],
      [400, { ...OF_A, key: undefined }],
      [400, { ...OF_A, key: "short" }],
      [400, { ...OF_A, method: "POST" }],
      [401, {}],
      [401, { token: "nobody" }],
      [401, { token: "__proto__", version: "7" }],
      [404, { ...OF_A, target: "/api/sync/other" }],
      [404, { ...OF_A, target: "/" }],
      [404, { ...OF_A, target: "//api/sync/events" }],
      [404, { ...OF_A, target: "/api/sync/events/" }],
      [404, { ...OF_A, target: "http://localhost/api/sync/events" }],
    ] as const;
    for (let round = 0; round < 5; round++) {
      for (const [status, parts] of cases) {
        const peer = (await RawPeer.open(border.server.port)).say(upgradeBytes(parts));
        const { answers, rest } = readAnswers(await peer.toEnd());
        expect([parts, answers.map((answer) => answer.status), rest.length]).toEqual([parts, [status], 0]);
        for (const answer of answers) expect(border.checkAnswer(answer)).toBe(true);
      }
    }
    const taken = [
      await RawSocket.open(border.server.port, OF_A),
      await RawSocket.open(border.server.port, OF_A),
    ];
    for (const { peer } of taken) peer.cut();
  });

  test("are never refused for what they ask: any query is a socket", async () => {
    await fewSockets();
    const texts = [
      "",
      "%",
      "%ff",
      "%00",
      "rev_9999999999_zzzzzz",
      "..%2F",
      "x".repeat(4_000),
      "__proto__",
      "tasks,,",
      "-1",
    ];
    const head = border.sync.durable.watch.standing("a" as never).head;
    for (const text of texts) {
      const target = `/api/sync/events?lastRevisionId=${text}&entities=${text}&deviceId=${text}&lastRevisionId=x`;
      const socket = await RawSocket.open(border.server.port, { ...OF_A, target });
      expect(socket.frames.map(({ type }) => type)).toEqual(["resync_required", "ready"]);
      expect(socket.frames[1]).toEqual({ type: "ready", revisionId: head });
      border.checkBytes(socket.peer.received.toString());
      socket.peer.cut();
    }
  });

  test("that stop half-way or break off leave nothing behind", async () => {
    await fewSockets(2);
    const whole = upgradeBytes(OF_A);
    for (let n = 0; n < 100; n++) {
      const peer = await RawPeer.open(border.server.port);
      peer.say(n % 3 === 0 ? whole : whole.subarray(0, (n * 7) % whole.length));
      if (n % 2 === 0) await new Promise((resolve) => setImmediate(resolve));
      if (n % 5 === 0) peer.end();
      else if (n % 5 === 1) peer.cut();
      else peer.reset();
    }
    await until("no socket is left", () => border.sync.service.socketCount === 0);
    // Places that were kept for those who never came would be missing now.
    for (let n = 0; n < 2; n++) {
      await until("there is a place", () => border.sync.service.socketCount <= n);
      await RawSocket.open(border.server.port, OF_A).then(({ peer }) => peer.end());
    }
    await border.checkAlive();
  });

  test("pipelined behind a call, or with frames in the same breath, harm only themselves", async () => {
    await fewSockets();
    const call = `GET /api/tasks/t1 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${TOKEN_A}\r\n\r\n`;
    const behind = (await RawPeer.open(border.server.port)).say(
      Buffer.concat([Buffer.from(call), upgradeBytes(OF_A)]),
    );
    await until("it was served", () => behind.received.includes("ready"));
    behind.reset();
    const hasty = new RawSocket(await RawPeer.open(border.server.port));
    hasty.peer.say(Buffer.concat([upgradeBytes(OF_A), textFrame("{}"), textFrame("oops")]));
    await until("it was closed", () => hasty.closeCode !== undefined);
    expect(hasty.closeCode).toBe(1008);
    hasty.peer.cut();
    await border.checkAlive();
  });

  test("[API-7] while the log cannot be read are 503 with Retry-After, and served once it can", async () => {
    const memory = createMemoryDurable();
    let isDown = false;
    const open = () =>
      isDown
        ? Promise.reject(new StoreUnavailable("SELECT secrets FROM disk", 1_500))
        : memory.open("a" as never);
    border = await LiveBorder.open({ durable: { ...memory, open } });
    isDown = true;
    const peer = (await RawPeer.open(border.server.port)).say(upgradeBytes(OF_A));
    const [answer] = readAnswers(await peer.toEnd()).answers;
    expect([answer?.status, answer?.headers.get("retry-after")]).toEqual([503, "2"]);
    expect(JSON.parse(answer?.body ?? "")).toMatchObject({ error: "unavailable" });
    border.checkBytes(answer?.body ?? "");
    isDown = false;
    (await RawSocket.open(border.server.port, OF_A)).peer.cut();
  });

  test("[SEC-5] a token that goes while its upgrade is under way: closed with 4401, whatever it says then", async () => {
    const memory = createMemoryDurable();
    const held: (() => void)[] = [];
    const open = () => new Promise<void>((resolve) => held.push(resolve));
    border = await LiveBorder.open({ durable: { ...memory, open } });
    const socket = new RawSocket(await RawPeer.open(border.server.port));
    socket.peer.say(upgradeBytes(OF_A));
    await until("the upgrade is under way", () => held.length === 1);
    border.sync.reload({ tokens: { [TOKEN_B]: "b" } });
    held[0]?.();
    await until("the socket was closed", () => socket.closeCode !== undefined);
    expect(socket.closeCode).toBe(4401);
    socket.peer.say(frameBytes({ opcode: 5, payload: Buffer.alloc(3), isMasked: false }));
    await until("the connection is gone", () => socket.peer.isClosed);
  });

  test("of a peer that is gone before it is refused break nothing", async () => {
    await fewSockets();
    const server = createServer();
    const { service, clock, limits } = border.sync;
    const sockets = serveEventSockets(server, { service, clock, limits });
    for (const target of ["/elsewhere", "/api/sync/events"]) {
      const socket = new Duplex({
        read() {},
        write: (_bytes, _encoding, done) => done(new Error("EPIPE")),
      });
      const closed = new Promise((resolve) => socket.once("close", resolve));
      server.emit(
        "upgrade",
        Object.assign(new IncomingMessage(new Socket()), { url: target }),
        socket,
        Buffer.alloc(0),
      );
      await closed;
    }
    await sockets.close();
    expect(border.escaped).toEqual([]);
  });
});
