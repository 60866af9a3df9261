/**
 * Owns the proof that peers which stop, dawdle, lie about lengths or break off cost the server nothing but their own
 * connection: API-2, API-3.
 */

import { Readable } from "node:stream";
import { request } from "undici";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { LiveBorder, TOKEN_A } from "./live-border.fixture.ts";
import { RawPeer, readAnswers, until } from "./raw-http.fixture.ts";

const HEAD_OF_A = `Host: x\r\nAuthorization: Bearer ${TOKEN_A}\r\n`;
/** The request time-out of the server in these tests is 400 ms, and it is looked for as often. */
const TIMEOUT_MS_MAX = 3_000;

let border: LiveBorder;

beforeEach(async () => {
  border = await LiveBorder.open();
  await border.seed();
});

afterEach(() => border.close());

function post(body: string, more = "", length = Buffer.byteLength(body)): string {
  return `POST /api/tasks HTTP/1.1\r\n${HEAD_OF_A}${more}Content-Length: ${length}\r\n\r\n${body}`;
}

/** Nothing of this account's changed while `attack` ran, and the server is as it was. */
async function leavesNoTrace(attack: () => Promise<void>): Promise<void> {
  const before = [border.lookAt("a"), border.lookAt("b")];
  await attack();
  await border.checkAlive();
  expect([border.lookAt("a"), border.lookAt("b")]).toEqual(before);
}

const HALVES = {
  "not a byte": "",
  "half a request line": "POST /api/ta",
  "half of the headers": `POST /api/tasks HTTP/1.1\r\n${HEAD_OF_A}`,
  "no body": `POST /api/tasks HTTP/1.1\r\n${HEAD_OF_A}Content-Length: 13\r\n\r\n`,
  "half a body": `POST /api/tasks HTTP/1.1\r\n${HEAD_OF_A}Content-Length: 13\r\n\r\n{"title"`,
  "half a chunk": `POST /api/tasks HTTP/1.1\r\n${HEAD_OF_A}Transfer-Encoding: chunked\r\n\r\n8\r\n{"t`,
  "no last chunk": `POST /api/tasks HTTP/1.1\r\n${HEAD_OF_A}Transfer-Encoding: chunked\r\n\r\nd\r\n{"title":"x"}\r\n`,
} as const;

describe("half a request", () => {
  test("whichever, then silence: 408 when its time is over", () =>
    leavesNoTrace(async () => {
      const refuse = async (what: string, half: string): Promise<void> => {
        const peer = (await RawPeer.open(border.server.port)).say(half);
        await until(`the server gave it up: ${what}`, () => peer.hasEnded || peer.isClosed, TIMEOUT_MS_MAX);
        const [answer] = readAnswers(await peer.toEnd()).answers;
        expect([what, answer?.status]).toEqual([what, 408]);
        expect(answer && border.checkAnswer(answer)).toBe(true);
      };
      await Promise.all(Object.entries(HALVES).map(([what, half]) => refuse(what, half)));
    }));

  test("a body that comes byte by byte is taken while there is time, and 408 after", async () => {
    const quick = await RawPeer.open(border.server.port);
    const text = post('{"id":"slow1","title":"x"}');
    for (const byte of text) {
      quick.say(byte);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect((await quick.answers(1))[0]?.status).toBe(201);
    quick.cut();
    await leavesNoTrace(async () => {
      const peer = (await RawPeer.open(border.server.port)).say(post("", "", 1_000_000 / 200));
      const drip = setInterval(() => peer.say("x"), 20);
      await until("the server gave it up", () => peer.hasEnded || peer.isClosed, TIMEOUT_MS_MAX);
      clearInterval(drip);
      expect(readAnswers(peer.received).answers[0]?.status).toBe(408);
      peer.cut();
    });
  });

  test.each(Object.entries(HALVES))("%s, then the end or a reset: nothing happened", (_what, half) =>
    leavesNoTrace(async () => {
      for (let n = 0; n < 10; n++) {
        const ended = (await RawPeer.open(border.server.port)).end(half);
        const broken = (await RawPeer.open(border.server.port)).say(half);
        await new Promise((resolve) => setImmediate(resolve));
        broken.reset();
        for (const answer of readAnswers(await ended.toEnd()).answers) border.checkAnswer(answer);
      }
    }),
  );

  test("a peer that was refused and never closes its own side is dropped", async () => {
    for (const bytes of ["no HTTP\r\n\r\n", HALVES["no body"].replace("13", "5000")]) {
      const peer = await RawPeer.open(border.server.port, { allowHalfOpen: true });
      peer.say(bytes);
      await until("the server has said its last", () => peer.hasEnded);
      const poke = setInterval(() => peer.say("x"), 20);
      await until("the connection is gone", () => peer.brokenBy !== undefined || peer.isClosed, 5_000);
      clearInterval(poke);
      peer.cut();
    }
  });
});

describe("lengths that lie", () => {
  test("[API-2] what follows a whole request is no answer to it: a write is never told that it failed, and done", async () => {
    for (const garbage of ["garbage\r\n\r\n", "\u0000", '{"more":1}\r\n\r\n', "GET / HTTP/9.9\r\n\r\n"]) {
      const before = border.lookAt("a");
      const peer = await RawPeer.open(border.server.port);
      const { answers } = readAnswers(await peer.say(post('{"title":"x"}') + garbage).toEnd());
      for (const answer of answers) border.checkAnswer(answer);
      expect(answers.map(({ status }) => status)).toEqual([201]);
      expect(border.lookAt("a")).not.toBe(before);
    }
    await border.checkAlive();
  });

  test("[API-2] a body shorter or longer than JSON is 400", () =>
    leavesNoTrace(async () => {
      const cut = await RawPeer.open(border.server.port);
      expect((await cut.say(post('{"title":"x"}', "", 12)).answers(1))[0]?.status).toBe(400);
      cut.cut();
    }));

  test("pipelined calls are answered one by one, in their order", async () => {
    const peer = await RawPeer.open(border.server.port);
    const calls = Array.from({ length: 50 }, (_, n) => post(`{"id":"pipe-${n}","title":"x"}`));
    peer.say(calls.join(""));
    const answers = await peer.answers(50);
    expect(answers.map(({ status, headers }) => [status, headers.get("location")])).toEqual(
      calls.map((_, n) => [201, `/api/tasks/pipe-${n}`]),
    );
    peer.cut();
    // Of a train that breaks, the whole ones were calls, and nothing else was.
    const broken = await RawPeer.open(border.server.port);
    broken.say(`${post('{"id":"pipe-50","title":"x"}')}${post('{"id":"pipe-51","title":"x"}').slice(0, -3)}`);
    expect((await broken.answers(1))[0]?.status).toBe(201);
    broken.reset();
    expect((await border.json(TOKEN_A, "GET", "/api/tasks/pipe-51")).status).toBe(404);
    await border.checkAlive();
  });

  test("Expect: 100-continue is told to go on; other expectations are not met, and not minded", async () => {
    const peer = await RawPeer.open(border.server.port);
    const [head = "", body = ""] = post('{"title":"x"}', "Expect: 100-continue\r\n").split("\r\n\r\n");
    peer.say(`${head}\r\n\r\n`);
    await until("it may go on", () => peer.received.toString().startsWith("HTTP/1.1 100 "));
    expect((await peer.say(body).answers(1))[0]?.status).toBe(201);
    peer.cut();
    const other = await RawPeer.open(border.server.port);
    const [answer] = await other.say(post('{"title":"x"}', "Expect: wonders\r\n")).answers(1);
    expect(answer?.status).toBe(201);
    other.cut();
  });
});

describe("[API-3] bodies over the maximum", () => {
  const large = Buffer.alloc(8_193, "x");

  test("are 413 before they have come, when their length is told", () =>
    leavesNoTrace(async () => {
      for (const method of ["POST", "PATCH", "DELETE", "GET"]) {
        const peer = await RawPeer.open(border.server.port);
        peer.say(`${method} /api/tasks/t1 HTTP/1.1\r\n${HEAD_OF_A}Content-Length: 10000000000\r\n\r\n`);
        const [answer] = await peer.answers(1);
        expect([method, answer?.status]).toEqual([method, method === "POST" ? 404 : 413]);
        expect(answer && border.checkAnswer(answer)).toBe(true);
        peer.cut();
      }
    }));

  test.each([undefined, 1_000])("are 413 in chunks of %s", (chunkBytes) =>
    leavesNoTrace(async () => {
      for (const [method, target] of [
        ["POST", "/api/tasks"],
        ["PATCH", "/api/tasks/t1"],
        ["DELETE", "/api/tasks/t1"],
        ["POST", "/api/sync/batch"],
        ["POST", "/api/push/register"],
        ["PUT", "/api/push/topics"],
      ] as const) {
        const headers = [
          ["Host", "x"],
          ["Authorization", `Bearer ${TOKEN_A}`],
        ] as const;
        const answer = await border.ask({ method, target, headers, body: large, chunkBytes });
        expect([target, answer.status]).toEqual([target, 413]);
        expect(border.checkAnswer(answer)).toBe(true);
      }
    }),
  );

  test.each([true, false])("reach their client as 413 while it still sends, length told: %s", (isTold) =>
    leavesNoTrace(async () => {
      for (let n = 0; n < 20; n++) {
        const bytes = 64_000 * (n + 1);
        const answer = await request(`${border.server.url}/api/tasks`, {
          method: "POST",
          headers: {
            authorization: `Bearer ${TOKEN_A}`,
            ...(isTold ? { "content-length": String(bytes) } : undefined),
          },
          body: Readable.from(Array.from({ length: bytes / 1_000 }, () => Buffer.alloc(1_000, "x"))),
        });
        expect(answer.statusCode).toBe(413);
        await answer.body.dump();
      }
    }),
  );
});

test("an upgrade to something else than a WebSocket is an ordinary call (RFC 9110, section 7.8)", async () => {
  const headers = [
    ["Host", "x"],
    ["Authorization", `Bearer ${TOKEN_A}`],
    ["Connection", "Upgrade, HTTP2-Settings"],
    ["Upgrade", "h2c"],
    ["HTTP2-Settings", "AAMAAABkAAQAAP__"],
  ] as const;
  const answer = await border.ask({ method: "GET", target: "/api/tasks/t1", headers });
  expect(answer.status).toBe(200);
});
