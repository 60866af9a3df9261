/**
 * Owns generators of texts and bodies that nobody should send: JSON with something wrong in it, or nothing, and bytes.
 * Refuses to know where they are sent.
 */

import * as fc from "fast-check";

/** Stands for the revision that a record of the attacker has when the call is made. */
export const REVISION_NOW = "@revision";

/** Texts that have broken something somewhere. */
const ODD_TEXTS = [
  "",
  " ",
  ".",
  "..",
  "__proto__",
  "constructor",
  "toString",
  "hasOwnProperty",
  "prototype",
  "null",
  "undefined",
  "NaN",
  "-1",
  "0",
  "1e999",
  "9007199254740993",
  "\u0000",
  "a\u0000b",
  "\u001b[2J",
  "\r\nset-cookie: x=1",
  "\ud800",
  "\udfff\ud800",
  "\ufeff",
  "\uffff",
  "é",
  "e\u0301",
  "👩‍👩‍👧",
  "\u202eabc",
  "a/b",
  "a\\b",
  "../../etc/passwd",
  "%00",
  "{{7*7}}",
  "'; DROP TABLE records; --",
  "<script>",
  "rev_9999999999_zzzzzz",
  "rev_0000000000_000000",
  "rev_1704067200_00abc1",
  "x".repeat(129),
  "k".repeat(2_000),
  "t1",
  "c1",
  "l1",
] as const;

export const oddText = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...ODD_TEXTS) },
  { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 20 }) },
);
/** What a header or a request line can carry at all. */
export const plain = (text: string): string => text.replace(/[^\t\x20-\x7e\x80-\xff]/g, "?");

/** What can be percent-encoded: UTF-8 has no place for half a pair. */
export const wellFormed = (text: string): string => Buffer.from(text).toString();

const jsonNumber = fc.constantFrom("1e999", "-1e999", "-0", "0", "9007199254740993", "1E400", "1.5", "-1");
const jsonText = oddText.map((text) => JSON.stringify(text));
const jsonNested = fc
  .tuple(fc.constantFrom("[", '{"a":'), fc.constantFrom(2, 50, 99, 100, 101, 1_000))
  .map(([open, depth]) => `${open.repeat(depth)}1${(open === "[" ? "]" : "}").repeat(depth)}`);
const jsonObject = fc.constantFrom(
  "{}",
  '{"__proto__":{"isAdmin":true}}',
  '{"constructor":{"prototype":{"isAdmin":true}}}',
  '{"toString":null,"valueOf":1,"hasOwnProperty":[]}',
  '{"a":1,"a":2,"":3}',
  '{"id":"c1","name":"x"}',
);
const jsonAny: fc.Arbitrary<string> = fc.oneof(
  jsonText,
  jsonNumber,
  jsonNested,
  jsonObject,
  fc.constantFrom("null", "true", "false", "[]", "[null]", "[[[]]]", "[1,2,3]"),
  fc.json({ maxDepth: 3 }),
);

/** Texts that are as they should be, by member. */
const GOOD: Readonly<Record<string, readonly string[]>> = {
  id: [
    '"c1"',
    '"t1"',
    '"n1"',
    '"n2"',
    '"n3"',
    '"n4"',
    '"n5"',
    '"n6"',
    '"__proto__"',
    '"constructor"',
    '"toString"',
  ],
  name: ['"Ada"', '""', '"\\ud83d\\ude00"'],
  title: ['"write"'],
  phone: ['"1"', "null"],
  notes: ['"n"', "null"],
  done: ["true"],
  dueAt: ['"2024-01-01T00:00:00.000Z"'],
  items: ['[{"id":"i1","text":"x"},{"id":"__proto__","text":"y","done":true}]', "[]"],
  entity: ['"contact"', '"task"', '"list"'],
  operation: ['"create"', '"update"', '"delete"'],
  recordId: ['"t1"', '"c1"', '"l1"', '"m1"', '"__proto__"'],
  payload: ['{"id":"p1","title":"x","name":"y"}', '{"title":"z"}', "null"],
  ifMatch: [`"${REVISION_NOW}"`, '"*"', '"rev_1704067200_00abc1"'],
  ifMatchMutation: ['"m1"', '"__proto__"'],
  timestamp: ["1704067200000", "0"],
  token: ['"ExponentPushToken[xxxxxxxxxxxxxxxxxxxxxx]"'],
  platform: ['"ios"', '"android"'],
  topics: ['["contact","task"]', "[]"],
  account: ['"a"', '"nobody"'],
  action: ['"created"', '"updated"', '"deleted"'],
  version: ["1", "2"],
  data: ['{"id":"w1","title":"x","name":"y"}', "null"],
  mutations: ["[]"],
};

/** Arrays as `items` are for odd-texts.test.ts, which says what each kind of record makes of them. */
const oddItems = fc.oneof(jsonText, jsonNumber, jsonObject);

/** A member: mostly right, sometimes not there, sometimes anything. */
function member(name: string): fc.Arbitrary<string | undefined> {
  const written = (value: string): string => `${JSON.stringify(name)}:${value}`;
  return fc.oneof(
    { weight: 16, arbitrary: fc.constantFrom(...(GOOD[name] ?? ["1"])).map(written) },
    { weight: 1, arbitrary: fc.constant(undefined) },
    { weight: 1, arbitrary: (name === "items" ? oddItems : jsonAny).map(written) },
  );
}

const strange = fc.oneof(
  { weight: 6, arbitrary: fc.constant(undefined) },
  {
    weight: 1,
    arbitrary: fc.tuple(jsonText, jsonAny).map(([name, value]) => `${name}:${value}`),
  },
);

export function objectOf(...names: readonly string[]): fc.Arbitrary<string> {
  return fc
    .tuple(...names.map(member), strange)
    .map((members) => `{${members.filter((text) => text !== undefined).join(",")}}`);
}

export const record = fc.oneof(
  // Good for every collection, as far as its members are: fields that one does not know are kept.
  { weight: 3, arbitrary: objectOf("id", "name", "title", "notes", "items", "dueAt") },
  objectOf("id", "name", "phone", "notes"),
  objectOf("id", "title", "done", "dueAt"),
  objectOf("id", "name", "items"),
);
const mutation = objectOf(
  "id",
  "timestamp",
  "entity",
  "operation",
  "recordId",
  "payload",
  "ifMatch",
  "ifMatchMutation",
);
export const batch = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .array(fc.oneof({ weight: 5, arbitrary: mutation }, { weight: 1, arbitrary: jsonAny }), {
        maxLength: 11,
      })
      .map((items) => `{"mutations":[${items.join(",")}]}`),
  },
  { weight: 1, arbitrary: objectOf("mutations") },
);
/** Deliveries of a backend that lost its mind. */
export const webhookText = fc.oneof(
  { weight: 6, arbitrary: objectOf("account", "entity", "action", "id", "version", "data") },
  { weight: 1, arbitrary: jsonAny },
);

/** The bytes of a JSON text, now and then broken: cut, with bytes that are no UTF-8 in it, with a mark before it. */
export function bytesOfText(text: fc.Arbitrary<string>): fc.Arbitrary<Buffer> {
  const broken = fc.tuple(
    text,
    fc.nat(),
    fc.constantFrom(
      [0xff],
      [0xc0, 0x80],
      [0xed, 0xa0, 0x80],
      [0xf5, 0x80, 0x80, 0x80],
      [0],
      [0xef, 0xbb, 0xbf],
    ),
  );
  return fc.oneof(
    { weight: 16, arbitrary: text.map((whole) => Buffer.from(whole)) },
    {
      weight: 1,
      arbitrary: broken.map(([whole, at]) => Buffer.from(whole).subarray(0, at % (whole.length + 1))),
    },
    {
      weight: 1,
      arbitrary: broken.map(([whole, at, bytes]) => {
        const good = Buffer.from(whole);
        const cut = at % (good.length + 1);
        return Buffer.concat([good.subarray(0, cut), Buffer.from(bytes), good.subarray(cut)]);
      }),
    },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)) },
    { weight: 1, arbitrary: fc.constantFrom(8_192, 8_193, 20_000).map((size) => Buffer.alloc(size, "x")) },
  );
}
