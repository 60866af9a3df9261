/**
 * Holds docs/architecture.md: its import table, its walls, the sizes of units, the opening of files. Each check is
 * also shown a planted breach, so that it is known to see one.
 */

import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import {
  type Breach,
  checkSeparations,
  checkTable,
  folderOf,
  parseImportTable,
  parseTexts,
  type Trees,
} from "./architecture.fixture.ts";
import {
  checkHooks,
  checkOpenings,
  checkOrder,
  checkOutside,
  checkSizes,
} from "./architecture-purity.fixture.ts";

const DOCUMENT = readFileSync(new URL("../docs/architecture.md", import.meta.url), "utf8");
const { table, toCome } = parseImportTable(DOCUMENT);

function readSources(): ReadonlyMap<string, string> {
  const root = new URL("./", import.meta.url);
  const names = readdirSync(root, { recursive: true, encoding: "utf8" }).filter((name) =>
    name.endsWith(".ts"),
  );
  return new Map(names.sort().map((name) => [`src/${name}`, readFileSync(new URL(name, root), "utf8")]));
}

const SOURCES = readSources();
const TREES = parseTexts(SOURCES);

function checkAll(trees: Trees): readonly Breach[] {
  return [
    ...checkTable(trees, table),
    ...checkSeparations(trees),
    ...checkOutside(trees),
    ...checkOrder(trees),
    ...checkSizes(trees),
    ...checkOpenings(trees),
    ...checkHooks(trees),
  ];
}

const told = (breaches: readonly Breach[]) =>
  breaches.map(({ file, line, says }) => `${file}:${line} ${says}`);

describe("this source", () => {
  test("was read", () => {
    expect(SOURCES.has("src/protocol/messages.ts")).toBe(true);
    expect(SOURCES.has("src/architecture.test.ts")).toBe(true);
  });

  test("imports only what the table allows", () => expect(told(checkTable(TREES, table))).toEqual([]));
  test("keeps device and proxy apart, and checkers to the history", () =>
    expect(told(checkSeparations(TREES))).toEqual([]));
  test("leaves the outside to live/ and cli/", () => expect(told(checkOutside(TREES))).toEqual([]));
  test("sorts by a comparator and asks no locale", () => expect(told(checkOrder(TREES))).toEqual([]));
  test("keeps files and functions to their sizes", () => expect(told(checkSizes(TREES))).toEqual([]));
  test("opens every file with what it owns", () => expect(told(checkOpenings(TREES))).toEqual([]));
  test("registers hooks in test files, and where a fixture is asked to", () =>
    expect(told(checkHooks(TREES))).toEqual([]));
});

describe("docs/architecture.md", () => {
  const existing = [...new Set([...SOURCES.keys()].flatMap((file) => folderOf(file) ?? []))].sort();

  test("the table has a row for every folder, there or yet to come", () => {
    expect([...table.keys()].sort()).toEqual([...existing, ...toCome].sort());
  });

  test("the folders that it draws are those that are there", () => {
    const drawn = [...DOCUMENT.matchAll(/^ {2}(\w+)\/ /gm)].map((match) => match[1]);
    expect(drawn.sort()).toEqual(existing);
  });

  test("the table is read as it is written", () => {
    expect(table.get("base")).toEqual(new Map());
    expect(table.get("proxy")).toEqual(
      new Map([
        ["base", []],
        ["protocol", []],
      ]),
    );
    expect(table.get("metrics")).toEqual(
      new Map([
        ["base", []],
        ["protocol", ["merge", "patch", "stamps"]],
        ["history", []],
      ]),
    );
    for (const allowance of table.values())
      for (const folder of allowance.keys()) expect(table.has(folder)).toBe(true);
  });

  test("imports point one way: no folder reaches itself through the table", () => {
    const reach = (folder: string): readonly string[] =>
      [...(table.get(folder)?.keys() ?? [])].flatMap((next) => [next, ...reach(next)]);
    for (const folder of table.keys()) expect(reach(folder)).not.toContain(folder);
  });
});

const OPENING = "/**\n * Owns one thing.\n * Refuses to know another.\n */\n\n";

/** A small project in which nothing is wrong, though much looks like it. */
const CLEAN: Readonly<Record<string, string>> = {
  "src/base/time.ts": `${OPENING}// async Promise Date Math.random()\nexport const text = "await new Date()";\n`,
  "src/protocol/merge.ts": `${OPENING}import { text } from "../base/time.ts";\nexport const merged = text;\n`,
  "src/protocol/words.ts": `${OPENING}export type Word = { readonly Date: string; process(): void };\n`,
  "src/history/facts.ts": `${OPENING}export type { Word } from "../protocol/words.ts";\n`,
  "src/device/step.ts": `${OPENING}import { merged } from "../protocol/merge.ts";\nexport const out = merged;\n`,
  "src/proxy/engine.ts": `${OPENING}import { merged } from "../protocol/merge.ts";\nexport const out = merged;\n`,
  "src/checkers/rule.ts":
    `${OPENING}import type { Word } from "../history/facts.ts";\nconst WIDTH = 6;\n` +
    "export const f = (w: Word, at: Date2[]) => ({ Date: w.Date, process: w.process, n: Math.floor(36 ** WIDTH * Math.PI), at: at.sort((a, b) => a - b) });\n" +
    "type Date2 = number;\n",
  "src/checkers/rule.test.ts":
    'import "../proxy/engine.ts";\nimport "../protocol/merge.ts";\nawait Promise.resolve(new Date());\n[1].sort();\n',
  "src/live/shelf.fixture.ts": `${OPENING}export function clear() {\n  afterEach(() => undefined);\n}\n`,
  "src/live/server.ts": `${OPENING}import { readFileSync } from "node:fs";\nexport const go = async () => readFileSync(String(Date.now()));\n`,
};

function breachesWith(file: string, text: string): readonly Breach[] {
  return checkAll(parseTexts(new Map(Object.entries({ ...CLEAN, [file]: text }))));
}

/** Wall, what is planted, in which file, its text after the opening, and what must be said of it. */
const PLANTED: readonly (readonly [
  wall: Breach["wall"],
  what: string,
  file: string,
  text: string,
  says: RegExp,
])[] = [
  [
    "hook",
    "a hook for whoever loads it first",
    "src/live/shelf.fixture.ts",
    "afterEach(() => undefined);",
    /afterEach as it is loaded/,
  ],
  [
    "table",
    "an import against the arrow",
    "src/base/x.ts",
    'import { merged } from "../protocol/merge.ts";\nmerged;',
    /base may not import protocol/,
  ],
  [
    "table",
    "`import type`",
    "src/base/x.ts",
    'import type { Word } from "../protocol/words.ts";\nexport const w: Word | 0 = 0;',
    /base may not import protocol/,
  ],
  [
    "table",
    "a type import in place",
    "src/base/x.ts",
    'export type W = import("../protocol/words.ts").Word;',
    /base may not import protocol/,
  ],
  [
    "table",
    "a re-export",
    "src/base/x.ts",
    'export * from "../protocol/words.ts";',
    /base may not import protocol/,
  ],
  [
    "table",
    "a dynamic import",
    "src/live/x.ts",
    'export const f = () => import("../cli/main.ts");',
    /live may not import cli/,
  ],
  [
    "table",
    "a computed import",
    "src/cli/x.ts",
    'export const f = (n: string) => import("../live/" + n);',
    /only a run can tell/,
  ],
  [
    "table",
    "an import without names",
    "src/history/x.ts",
    'import "../device/step.ts";',
    /history may not import device/,
  ],
  [
    "table",
    "a module that is excepted",
    "src/metrics/x.ts",
    'import { merged } from "../protocol/merge.ts";\nmerged;',
    /metrics may not import src\/protocol\/merge/,
  ],
  ["table", "an import of a test", "src/checkers/x.ts", 'import "./rule.test.ts";', /only tests may/],
  [
    "table",
    "an import from outside src/",
    "src/cli/x.ts",
    'import "../../bench/simulate.ts";',
    /in no folder of src/,
  ],
  [
    "table",
    "a folder without a row",
    "src/utils/x.ts",
    "export const x = 1;",
    /no folder of the import table/,
  ],
  ["table", "a file in no folder", "src/types.ts", "export const x = 1;", /no folder of the import table/],
  [
    "apart",
    "the device importing the proxy",
    "src/device/x.ts",
    'import type { out } from "../proxy/engine.ts";\nexport type O = typeof out;',
    /reaches src\/proxy\/engine/,
  ],
  [
    "apart",
    "the proxy importing the device",
    "src/proxy/x.ts",
    'export { out } from "../device/step.ts";',
    /reaches src\/device\/step/,
  ],
  [
    "apart",
    "a detour from proxy to device",
    "src/protocol/merge.ts",
    'export { out as merged } from "../device/step.ts";',
    /reaches src\/device\/step.ts by way of src\/protocol\/merge.ts/,
  ],
  [
    "witness",
    "a checker importing merge",
    "src/checkers/x.ts",
    'import { merged } from "../protocol/merge.ts";\nmerged;',
    /reaches src\/protocol\/merge/,
  ],
  [
    "witness",
    "a metric importing stamps",
    "src/metrics/x.ts",
    'import type { S } from "../protocol/stamps.ts";\nexport type T = S;',
    /reaches src\/protocol\/stamps/,
  ],
  [
    "witness",
    "a checker importing patch by a detour",
    "src/protocol/words.ts",
    'export type { Word } from "./patch.ts";',
    /reaches src\/protocol\/patch.ts by way of/,
  ],
  ["outside", "async", "src/proxy/x.ts", "export async function f() {}", /async/],
  ["outside", "an async method", "src/proxy/x.ts", "export const o = { async f() {} };", /async/],
  ["outside", "await", "src/proxy/x.ts", "await 1;\nexport {};", /await/],
  ["outside", "for await", "src/proxy/x.ts", "for await (const x of []) x;\nexport {};", /await/],
  ["outside", "Promise", "src/proxy/x.ts", "export const p = Promise.resolve();", /Promise/],
  ["outside", "Promise as a type", "src/proxy/x.ts", "export type P = Promise<void>;", /Promise/],
  ["outside", "Date", "src/device/x.ts", "export const d = new Date();", /Date/],
  ["outside", "Date in a template", "src/device/x.ts", `export const d = \`\${Date.now()}\`;`, /Date/],
  ["outside", "Date by a shorthand", "src/device/x.ts", "export const d = { Date };", /Date/],
  ["outside", "Date by globalThis", "src/device/x.ts", 'export const d = globalThis["Date"];', /globalThis/],
  ["outside", "Math.random", "src/simulation/x.ts", "export const r = Math.random();", /Math\.random/],
  [
    "outside",
    "Math taken apart",
    "src/simulation/x.ts",
    "const { random } = Math;\nexport const r = random;",
    /Math, not by/,
  ],
  ...["log", "log2", "pow", "exp", "sin", "cos", "tan", "cbrt", "hypot", "atan2", "tanh"].map(
    (name) =>
      [
        "outside",
        `Math.${name}`,
        "src/metrics/x.ts",
        `export const r = (x: number) => Math.${name}(x);`,
        new RegExp(`Math\\.${name}`),
      ] as const,
  ),
  [
    "outside",
    "a power of what varies",
    "src/metrics/x.ts",
    "export const r = (x: number) => 2 ** x;",
    /no constants/,
  ],
  ["outside", "**=", "src/metrics/x.ts", "export let r = 2;\nr **= 2;", /\*\*=/],
  ...[
    "setTimeout",
    "setInterval",
    "setImmediate",
    "queueMicrotask",
    "performance",
    "process",
    "crypto",
    "fetch",
  ].map(
    (name) => ["outside", name, "src/history/x.ts", `export const r = ${name};`, new RegExp(name)] as const,
  ),
  [
    "outside",
    "a node: module",
    "src/report/x.ts",
    'import { readFileSync } from "node:fs";\nreadFileSync;',
    /imports node:fs/,
  ],
  [
    "outside",
    "a node: module as a type",
    "src/report/x.ts",
    'import type { Stats } from "node:fs";\nexport type S = Stats;',
    /imports node:fs/,
  ],
  ["outside", "a Node module without node:", "src/report/x.ts", 'import fs from "fs";\nfs;', /imports fs/],
  ["outside", "import.meta", "src/report/x.ts", "export const u = import.meta.url;", /import\.meta/],
  ["outside", "a dynamic import", "src/report/x.ts", 'export const u = import("./y.ts");', /waits/],
  ["order", "a sort without a comparator", "src/cli/x.ts", "export const s = [2, 1].sort();", /sort without/],
  [
    "order",
    "toSorted without a comparator",
    "src/cli/x.ts",
    "export const s = [2, 1].toSorted();",
    /toSorted without/,
  ],
  ["order", "a sort handed on", "src/cli/x.ts", "export const s = [2, 1].sort;", /sort without/],
  ["order", "localeCompare", "src/cli/x.ts", 'export const s = "a".localeCompare("b");', /localeCompare/],
  ["order", "toLocaleString", "src/cli/x.ts", "export const s = (1).toLocaleString();", /toLocaleString/],
  ["order", "Intl", "src/cli/x.ts", "export const s = Intl;", /Intl/],
  ["size", "a file of 401 lines", "src/base/x.ts", "export {};\n".repeat(396), /has 401 lines/],
  ["size", "a test of 401 lines", "src/base/x.test.ts", "export {};\n".repeat(396), /has 401 lines/],
  [
    "size",
    "a function of 71 lines",
    "src/base/x.ts",
    `export function f() {\n${"f;\n".repeat(69)}}\n`,
    /a function of 71 lines/,
  ],
  [
    "size",
    "a method of 71 lines",
    "src/base/x.ts",
    `export class C {\n  f() {\n${"1;\n".repeat(69)}}\n}\n`,
    /a function of 71 lines/,
  ],
  [
    "size",
    "an arrow of 71 lines",
    "src/base/x.ts",
    `export const f = () => {\n${"f;\n".repeat(69)}};\n`,
    /a function of 71 lines/,
  ],
];

describe("a planted breach is reported", () => {
  test("and a clean project is not", () =>
    expect(told(checkAll(parseTexts(new Map(Object.entries(CLEAN)))))).toEqual([]));

  test.each(PLANTED)("%s: %s", (wall, _what, file, text, says) => {
    const found = breachesWith(file, OPENING + text).filter((breach) => breach.wall === wall);
    expect(found.length).toBeGreaterThan(0);
    expect(told(found).join("\n")).toMatch(says);
    expect(found.every((breach) => breach.line >= 1)).toBe(true);
  });

  test.each([
    ["none", "export {};\n"],
    ["one line", "/** Owns one thing. */\nexport {};\n"],
    ["one line of text in three of comment", "/**\n * Owns one thing.\n */\nexport {};\n"],
    ["seven lines", `/**\n${" * Owns this.\n".repeat(7)} */\nexport {};\n`],
    ["one after the first statement", `export {};\n${OPENING}`],
  ])("opening: %s", (_what, text) => {
    expect(breachesWith("src/base/x.ts", text).map((breach) => breach.wall)).toEqual(["opening"]);
  });

  test("at the very size nothing is said", () => {
    const text = `${OPENING}export function f() {\n${"f;\n".repeat(68)}}\n`;
    expect(
      told(breachesWith("src/base/x.ts", text + "export {};\n".repeat(400 - text.split("\n").length + 1))),
    ).toEqual([]);
  });
});
