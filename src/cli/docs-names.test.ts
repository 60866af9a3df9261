/**
 * Holds every page of the documentation to what it names: links and their headings, files, npm scripts, and the
 * commands and options of its shell blocks. Refuses to know what a page says about them.
 */

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Outside, runFake } from "./outside.fixture.ts";

const ROOT = new URL("../../", import.meta.url);
const read = (path: string) => readFileSync(new URL(path, ROOT), "utf8");
const PAGES: readonly string[] = [
  ...["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md"],
  ...readdirSync(new URL("docs/", ROOT))
    .filter((name) => name.endsWith(".md"))
    .sort((a, b) => (a < b ? -1 : 1))
    .map((name) => `docs/${name}`),
];

/** Headings as GitHub writes them into an address. */
function anchors(markdown: string): readonly string[] {
  return markdown
    .split("\n")
    .filter((line) => /^#+ /.test(line))
    .map((line) => line.replace(/^#+ /, "").toLowerCase())
    .map((line) => line.replace(/[^\p{L}\p{N} _-]/gu, "").replaceAll(" ", "-"));
}

function deadLinks(page: string, markdown: string): readonly string[] {
  const links = [...markdown.matchAll(/\]\(([^)#\s]*)(?:#([^)]*))?\)/g)];
  return links.flatMap(([, target = "", anchor]) => {
    if (/^[a-z]+:/.test(target)) return [];
    const url = new URL(target || page.replace(/^.*\//, ""), new URL(page, ROOT));
    if (!existsSync(url)) return [target];
    if (anchor === undefined || anchors(readFileSync(url, "utf8")).includes(anchor)) return [];
    return [`${target}#${anchor}`];
  });
}

function absentFiles(markdown: string): readonly string[] {
  const named = markdown.matchAll(/`((?:src|docs|bench|scenarios|fixtures|bin)\/[\w./-]+)`/g);
  return [...named].map((match) => match[1] ?? "").filter((path) => !existsSync(new URL(path, ROOT)));
}

function absentScripts(markdown: string): readonly string[] {
  const { scripts } = JSON.parse(read("package.json")) as { readonly scripts: Record<string, string> };
  const named = [...markdown.matchAll(/npm run ([a-z][a-z:-]*[a-z])/g)].map((match) => match[1] ?? "");
  return named.filter((name) => !Object.hasOwn(scripts, name));
}

const helps = new Map<string, string>();
const outsides: Outside[] = [];
async function help(...words: readonly string[]): Promise<string> {
  const io = new Outside();
  outsides.push(io);
  await runFake([...words, "--help"], io);
  return io.stdout.text;
}
beforeAll(async () => {
  const overview = await help();
  const listed = overview.slice(overview.indexOf("Commands:"));
  for (const [, name = ""] of listed.matchAll(/^ {2}([a-z]+) /gm)) {
    if (name !== "help" && name !== "zeke") helps.set(name, await help(name));
  }
});
afterAll(() => {
  for (const io of outsides) io.remove();
});

/** What the shell blocks of a page call that zeke-sync does not have. */
function absentCalls(markdown: string): readonly string[] {
  const shells = [...markdown.matchAll(/^```(?:sh|bash|console)\n([\s\S]*?)^```/gm)];
  const text = shells.map((match) => match[1] ?? "").join("\n");
  const calls = text.replace(/\\\n/g, " ").matchAll(/(?:^|[\s$])zeke-sync ([a-z]+)([^\n|;&#>]*)/gm);
  return [...calls].flatMap(([, name = "", rest = ""]) => {
    const known = helps.get(name);
    if (known === undefined) return [name];
    const options = [...rest.matchAll(/(?:^|\s)(--[a-z-]+)/g)].map((match) => match[1] ?? "");
    return options
      .filter((option) => !new RegExp(`${option}\\b(?!-)`).test(known))
      .map((option) => `${name} ${option}`);
  });
}

test.each(PAGES)("%s names only links, files, scripts, commands and options that there are", (page) => {
  const markdown = read(page);
  expect(deadLinks(page, markdown), "links").toEqual([]);
  expect(absentFiles(markdown), "files").toEqual([]);
  expect(absentScripts(markdown), "npm scripts").toEqual([]);
  expect(absentCalls(markdown), "commands and options").toEqual([]);
});

test("a page that drifted is told", () => {
  expect(deadLinks("docs/cli.md", "[a](gone.md) [b](cli.md#gone) [c](cli.md#simulate)")).toEqual([
    "gone.md",
    "cli.md#gone",
  ]);
  expect(absentFiles("`src/gone.ts` `src/cli/main.ts`")).toEqual(["src/gone.ts"]);
  expect(absentScripts("npm run gone, npm run build.")).toEqual(["gone"]);
  const calls = "```sh\nnpx zeke-sync gone\nnpx zeke-sync simulate --gone --seed 7 --device 3\n```\n";
  expect(absentCalls(calls)).toEqual(["gone", "simulate --gone", "simulate --device"]);
});
