/**
 * Owns the proof of what the live border makes of texts at the edge, one by one: what is text comes back code point for
 * code point [API-5], what is none is refused [API-2], however long or deep.
 */

import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { LiveBorder, TOKEN_A } from "./live-border.fixture.ts";
import { type RawAnswer, until } from "./raw-http.fixture.ts";

let border: LiveBorder;

beforeEach(async () => {
  border = await LiveBorder.open({ settings: { limits: { bodyBytesMax: 1_048_576 } } });
  await border.seed();
});

afterEach(() => border.close());

const OF_A = [
  ["Host", "localhost"],
  ["Authorization", `Bearer ${TOKEN_A}`],
] as const;

async function send(
  method: string,
  target: string,
  body?: Buffer | string,
  more: readonly [string, string][] = [],
) {
  const answer = await border.ask({
    method,
    target,
    headers: [...OF_A, ...more],
    body: typeof body === "string" ? Buffer.from(body) : body,
  });
  border.checkAnswer(answer);
  return answer;
}

/** Refused with this status, and nothing is other than before. */
async function refused(status: number, ...given: Parameters<typeof send>): Promise<RawAnswer> {
  const before = border.lookAt("a");
  const answer = await send(...given);
  expect([given[1].slice(0, 80), answer.status]).toEqual([given[1].slice(0, 80), status]);
  expect(border.lookAt("a")).toBe(before);
  return answer;
}

function memberOf(answer: RawAnswer, name: string): unknown {
  const { data } = JSON.parse(answer.body) as { data: object };
  return Object.entries(data).find(([known]) => known === name)?.[1];
}

describe("[API-5] texts", () => {
  const text = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.string({ unit: "grapheme" }),
    fc.constantFrom(
      "\ud83d",
      "\udc00\ud83d",
      "e\u0301",
      "\u05d0\u202e",
      "\u0000",
      "\u2028",
      "\ufeff",
      "__proto__",
    ),
  );

  test("and JSON of any kind come back as they came, by every way", async () => {
    let made = 0;
    await fc.assert(
      fc.asyncProperty(
        text,
        text,
        fc.jsonValue({ maxDepth: 4, stringUnit: "binary" }),
        async (title, name, value) => {
          const id = `text-${made++}`;
          // `id`, `title` and their kin mean something; a name with an x before it means nothing.
          const body = `{"id":"${id}",${JSON.stringify(`x${name}`)}:[${JSON.stringify(value)}],"title":${JSON.stringify(title)}}`;
          const answers = [await send("POST", "/api/tasks", body), await send("GET", `/api/tasks/${id}`)];
          for (const answer of answers) {
            expect(memberOf(answer, "title")).toBe(title);
            expect(JSON.stringify(memberOf(answer, `x${name}`))).toBe(
              JSON.stringify([JSON.parse(JSON.stringify(value))]),
            );
          }
        },
      ),
      { numRuns: 150 },
    );
  });

  test("10,000 characters, and names that every object has", async () => {
    const long = "é👩‍👩‍👧\u0301".repeat(1_300).slice(0, 10_000);
    for (const id of ["__proto__", "constructor", "toString", "hasOwnProperty"]) {
      const body = `{"id":"${id}","title":${JSON.stringify(long)},"__proto__":{"x":1},"constructor":[2],"toString":null}`;
      expect((await send("POST", "/api/tasks", body)).status).toBe(201);
      const read = await send("GET", `/api/tasks/${id}`);
      expect(memberOf(read, "title")).toBe(long);
      expect(memberOf(read, "__proto__")).toEqual({ x: 1 });
      expect(memberOf(read, "constructor")).toEqual([2]);
      const patch = await send(
        "PATCH",
        `/api/tasks/${id}`,
        '{"__proto__":null,"constructor":{"prototype":{"y":1}}}',
      );
      expect(patch.status).toBe(200);
      expect(memberOf(patch, "__proto__")).toBeUndefined();
      expect(({} as { y?: unknown }).y).toBeUndefined();
      expect((await send("DELETE", `/api/tasks/${id}`)).status).toBe(200);
    }
    await refused(404, "GET", "/api/tasks/valueOf");
  });

  test("numbers at the edges are kept as far as JSON numbers go, and break nothing", async () => {
    const numbers = {
      "1e999": null,
      "-1e999": null,
      "-0": 0,
      "9007199254740993": 9007199254740992,
      "5e-324": 5e-324,
    };
    for (const [written, read] of Object.entries(numbers)) {
      const key: [string, string] = ["Idempotency-Key", `n${written}`];
      for (const replayed of [undefined, "true"]) {
        const made = await send("POST", "/api/tasks", `{"title":"n","n":${written}}`, [key]);
        expect([written, made.status, memberOf(made, "n")]).toEqual([written, 201, read]);
        expect(made.headers.get("idempotency-replayed")).toBe(replayed);
      }
    }
    for (const stamp of ["1e999", "-1", "1.5", "9007199254740993", "null"]) {
      const item = `{"id":"s${stamp}","timestamp":${stamp},"entity":"task","operation":"create","payload":{"title":"t"}}`;
      const { body } = await send("POST", "/api/sync/batch", `{"mutations":[${item}]}`);
      expect([stamp, JSON.parse(body).results[0].status < 500]).toEqual([stamp, true]);
    }
  });
});

describe("[API-2] items", () => {
  const WRONG = ["[null]", "[1]", '["x"]', "[[]]", "[{}]", '[{"id":1}]', '[{"id":"a","text":1}]'];

  test("of a list that are none are 400", async () => {
    for (const items of [...WRONG, "{}", '"x"', "5", '[{"id":"a","text":""},{"id":"a","text":""}]']) {
      await refused(400, "POST", "/api/lists", `{"name":"l","items":${items}}`);
      await refused(400, "PATCH", "/api/lists/l1", `{"items":${items}}`);
    }
  });

  test("[API-2] of what is no list are a field that nobody knows: kept, whatever it is", async () => {
    for (const items of WRONG) {
      const made = await send("POST", "/api/tasks", `{"title":"t","items":${items}}`);
      expect([items, made.status]).toEqual([items, 201]);
      expect((await send("PATCH", "/api/contacts/c1", `{"items":${items}}`)).status).toBe(200);
    }
  });
});

describe("[API-2] what is no text, or too much of it", () => {
  test("bytes that are no UTF-8 are 400 wherever they stand in a body", async () => {
    for (const bytes of [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xe2, 0x82]]) {
      const title = Buffer.concat([Buffer.from('{"title":"'), Buffer.from(bytes), Buffer.from('"}')]);
      const name = Buffer.concat([Buffer.from('{"title":"t","'), Buffer.from(bytes), Buffer.from('":1}')]);
      for (const body of [title, name, Buffer.concat([Buffer.from('{"title":"t"}'), Buffer.from(bytes)])]) {
        await refused(400, "POST", "/api/tasks", body);
        await refused(400, "PATCH", "/api/tasks/t1", body);
        await refused(400, "POST", "/api/sync/batch", body);
        await refused(400, "POST", "/api/push/register", body);
      }
    }
    await refused(400, "POST", "/api/tasks", Buffer.from('\ufeff{"title":"t"}'));
    await refused(400, "POST", "/api/tasks", Buffer.from('{"title":"t"}', "utf16le"));
  });

  test("brackets, a hundred thousand deep, in any body", async () => {
    const deep = 100_000;
    for (const text of ["[".repeat(deep), "[".repeat(deep) + "]".repeat(deep), '{"a":'.repeat(deep)]) {
      for (const body of [text, `{"title":"t","x":${text}}`, `{"mutations":[${text}]}`]) {
        await refused(400, "POST", "/api/tasks", body);
        await refused(400, "PATCH", "/api/tasks/t1", body);
        await refused(400, "POST", "/api/sync/batch", body);
        await refused(400, "PUT", "/api/push/topics", body);
      }
    }
    expect((await send("POST", "/api/tasks", JSON.stringify({ title: "[".repeat(deep) }))).status).toBe(201);
  });

  test("names of a hundred thousand letters, and a hundred thousand names", async () => {
    const long = "n".repeat(100_000);
    const many = Object.fromEntries(Array.from({ length: 100_000 }, (_, n) => [`n${n}`, n]));
    expect(
      (await send("POST", "/api/tasks", JSON.stringify({ id: "long", title: "t", [long]: 1 }))).status,
    ).toBe(201);
    expect(memberOf(await send("GET", "/api/tasks/long"), long)).toBe(1);
    const body = JSON.stringify({ title: "t", ...many });
    expect((await send("POST", "/api/tasks", body)).status).toBe(body.length > 1_048_576 ? 413 : 201);
    await refused(400, "POST", "/api/tasks", JSON.stringify({ id: long, title: "t" }));
  });

  test("targets and headers as long as they get, and longer", async () => {
    await refused(404, "GET", `/api/tasks/${"x".repeat(10_000)}`);
    await refused(404, "GET", `/${"x/".repeat(5_000)}`);
    await refused(400, "GET", `/api/tasks?cursor=${"x".repeat(10_000)}`);
    await refused(400, "GET", `/api/sync/changes?entities=${"tasks,".repeat(1_500)}x`);
    expect((await send("GET", `/api/tasks?${"x=1&".repeat(2_500)}`)).status).toBe(200);
    await refused(400, "POST", "/api/tasks", '{"title":"t"}', [["X-Device-Id", "d".repeat(10_000)]]);
    await refused(431, "GET", `/api/tasks/${"x".repeat(20_000)}`);
    await refused(431, "GET", "/api/tasks", undefined, [["X-Long", "x".repeat(20_000)]]);
    const many = Array.from({ length: 1_500 }, (_, n): [string, string] => [`a${n}`, ""]);
    expect((await send("GET", "/api/tasks", undefined, many)).status).toBeLessThan(500);
  });

  test("of parameters that come twice the first counts, of a token too", async () => {
    const twice = await send("GET", "/api/sync/changes?limit=1&limit=x&entities=tasks&entities=notes");
    expect([twice.status, JSON.parse(twice.body).changes.length]).toEqual([200, 1]);
    await refused(400, "GET", "/api/sync/changes?limit=x&limit=1");
    const second = [...OF_A, ["Authorization", "Bearer nobody"]] as const;
    expect((await border.ask({ method: "GET", target: "/api/tasks/t1", headers: second })).status).toBe(200);
    const first = [["Authorization", "Bearer nobody"], ...OF_A] as const;
    expect((await border.ask({ method: "GET", target: "/api/tasks/t1", headers: first })).status).toBe(401);
    await refused(400, "POST", "/api/tasks", '{"title":"t"}', [
      ["X-Device-Id", "d1"],
      ["X-Device-Id", "d2"],
    ]);
  });

  test("hundreds of bad calls at once harm no good one", async () => {
    let bad = 0;
    const attack = Array.from({ length: 300 }, async (_, n) => {
      const answer = await send(
        "POST",
        "/api/tasks",
        n % 2 === 0 ? "[".repeat(10_000) : Buffer.alloc(5_000, 0xff),
      );
      if (answer.status === 400) bad++;
    });
    const good = Array.from({ length: 50 }, (_, n) =>
      send("POST", "/api/tasks", `{"id":"g${n}","title":"t"}`),
    );
    expect((await Promise.all(good)).map(({ status }) => status)).toEqual(good.map(() => 201));
    await Promise.all(attack);
    await until("all were refused", () => bad === 300);
    await border.checkAlive();
  });
});
