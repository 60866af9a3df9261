/**
 * Holds the conversations in README.md and docs/serving.md to what `serve` really says: each command is run by a
 * shell, against a server of its own, and what it prints is compared. `ZEKE_UPDATE_DOCS=1` writes what was printed into
 * the document.
 */

import { execFile, spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { byCodeUnit } from "../base/canonical-json.ts";
import { startHttpServer } from "../live/http-server.ts";
import { openSync } from "../live/open.ts";
import { Settings } from "../live/settings.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const TALK = /<!-- talk -->[\s\S]*?<!-- \/talk -->/;
const BLOCK = /```console\n([\s\S]*?)```/g;
const SEPARATOR = "-----turn-----";

/** One command of a document, and what it prints there. */
interface Turn {
  readonly command: string;
  readonly printed: string;
}

function talkOf(text: string): string {
  return TALK.exec(text)?.[0] ?? "";
}

/** The turns of a `console` block: `$ ` begins a command, `> ` goes on with it, all else was printed. */
function turnsOf(block: string): readonly Turn[] {
  const turns: { command: string; printed: string }[] = [];
  for (const line of block.split("\n")) {
    const last = turns.at(-1);
    if (line.startsWith("$ ")) turns.push({ command: line.slice(2), printed: "" });
    else if (line.startsWith("> ") && last) last.command += `\n${line.slice(2)}`;
    else if (last && line !== "") last.printed += `${line}\n`;
  }
  return turns;
}

/** Revisions by the order in which they come, times all alike: what differs from run to run. */
function plain(texts: readonly string[]): readonly string[] {
  const names = new Map<string, string>();
  return texts.map((text) =>
    text
      .replace(/rev_\d{10}_[0-9a-z]{6}/g, (revision) => {
        const name = names.get(revision) ?? `rev_${names.size + 1}`;
        names.set(revision, name);
        return name;
      })
      .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g, "<time>"),
  );
}

/** Runs all commands in one shell, as a reader would; what each printed. */
async function talk(turns: readonly Turn[]): Promise<readonly string[]> {
  const sync = await openSync();
  const server = await startHttpServer(sync, { host: "127.0.0.1", port: 0 });
  try {
    const script = turns
      .map(({ command }) => command.replace("http://127.0.0.1:8080", server.url))
      .join(`\nprintf '\\n%s\\n' '${SEPARATOR}'\n`);
    const { stdout } = await promisify(execFile)("bash", ["-c", script], { cwd: ROOT, encoding: "utf8" });
    return stdout.split(`${SEPARATOR}\n`).map((printed) => printed.replaceAll("\r", "").trim());
  } finally {
    await server.close();
    await sync.close();
  }
}

/** A document with what was printed in the place of what stood there. */
function updated(text: string, printed: readonly string[]): string {
  let next = 0;
  return text.replace(TALK, (whole) =>
    whole.replace(BLOCK, (_block, inner: string) => {
      const turns = turnsOf(inner).map(({ command }) => {
        const said = printed[next++] ?? "";
        return `$ ${command.replaceAll("\n", "\n> ")}\n${said === "" ? "" : `${said}\n`}`;
      });
      return `\`\`\`console\n${turns.join("")}\`\`\``;
    }),
  );
}

const hasCurl = spawnSync("curl", ["--version"]).status === 0;

describe.skipIf(!hasCurl)(`the conversations${hasCurl ? "" : " (curl is not on the PATH)"}`, () => {
  test.each(["README.md", "docs/serving.md"])("%s: every command prints what stands there", async (name) => {
    const file = new URL(`../../${name}`, import.meta.url);
    const text = readFileSync(file, "utf8");
    const turns = [...talkOf(text).matchAll(BLOCK)].flatMap((match) => turnsOf(match[1] ?? ""));
    expect(turns.length).toBeGreaterThanOrEqual(7);
    const printed = await talk(turns);
    if (process.env.ZEKE_UPDATE_DOCS === "1") writeFileSync(file, updated(text, printed));
    else expect(plain(printed)).toEqual(plain(turns.map((turn) => turn.printed.trim())));
  });
});

test("the settings of docs/serving.md are all that there are, with their defaults", () => {
  const text = readFileSync(new URL("../../docs/serving.md", import.meta.url), "utf8");
  const told = parse(/```yaml\n([\s\S]*?)```/.exec(text)?.[1] ?? "") as { limits: object };
  const { requestsPerSecondMax: _none, ...limits } = told.limits as { requestsPerSecondMax: number };
  const { tokens: _tokens, ...defaults } = Settings.parse({});
  const { tokens: _same, ...parsed } = Settings.parse({ ...told, limits });
  expect(parsed).toEqual(defaults);
  expect(keysOf(Settings.parse({ ...told }))).toEqual(keysOf({ ...told, tokens: {} }));
});

function keysOf(settings: object): readonly string[] {
  return Object.entries(settings)
    .filter(([key]) => key !== "tokens")
    .flatMap(([key, value]) =>
      typeof value === "object" && value !== null && !Array.isArray(value)
        ? Object.keys(value).map((inner) => `${key}.${inner}`)
        : [key],
    )
    .sort(byCodeUnit);
}
