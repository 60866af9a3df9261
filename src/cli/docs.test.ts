/**
 * Holds docs/ and README.md to what the program is: every key, metric, option, scenario and exit code.
 */

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { afterAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { FIGURES } from "../report/figure.ts";
import { parseThreshold } from "../report/threshold.ts";
import { EXIT, UsageFault } from "./exit.ts";
import { Outside, runFake } from "./outside.fixture.ts";
import { adjust } from "./override.ts";
import { parseScenario, readScenario } from "./scenario-file.ts";
import { scenarioKeys } from "./scenario-keys.ts";
import { scenarioNames } from "./scenario-names.ts";

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");
const SCENARIOS = read("docs/writing-scenarios.md");
const CLI = read("docs/cli.md");
const README = read("README.md");

const outsides: Outside[] = [];
function outside(): Outside {
  const io = new Outside();
  outsides.push(io);
  return io;
}
afterAll(() => {
  for (const io of outsides) io.remove();
});

/** Cells of the rows of a document's tables whose first cell is code. */
function rows(markdown: string): readonly (readonly string[])[] {
  return markdown
    .split("\n")
    .filter((line) => line.startsWith("| `"))
    .map((line) => line.split(/(?<!\\)\|/).map((cell) => cell.trim()))
    .map(([, ...cells]) => cells.slice(0, -1));
}

function code(cell: string | undefined): string {
  return cell?.match(/^`(.*)`$/)?.[1] ?? "";
}

/** Fenced blocks of a language. */
function blocks(markdown: string, language: string): readonly string[] {
  return [...markdown.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, "gm"))].map(
    (match) => match[1] ?? "",
  );
}

describe("docs/writing-scenarios.md", () => {
  const metrics = rows(SCENARIOS.slice(SCENARIOS.indexOf("## Thresholds")));
  const keys = rows(SCENARIOS.slice(SCENARIOS.indexOf("## Every key"), SCENARIOS.indexOf("## Thresholds")));

  test.each(scenarioKeys().map((key) => [key.path, key] as const))(
    "%s stands in it with form and default",
    (path, key) => {
      const row = keys.find((cells) => code(cells[0]) === path) ?? expect.fail(`${path} has no row`);
      expect(row[1]).toBe(key.form);
      if (key.default === undefined) expect(row[2]).toBe("must be given");
      else expect(parse(code(row[2]))).toEqual(key.default);
      expect(row[3]?.length ?? 0, "a meaning").toBeGreaterThan(5);
      for (const choice of key.choices) expect(row[3], choice).toContain(`\`${choice}\``);
    },
  );

  test("no row is of a key or metric that does not exist", () => {
    expect(keys.map((cells) => code(cells[0]))).toHaveLength(scenarioKeys().length);
    expect(metrics.map((cells) => code(cells[0]))).toEqual(FIGURES.map((spec) => spec.name));
  });

  test("metrics have the statistics that it says", () => {
    for (const spec of FIGURES) {
      const row = metrics.find((cells) => code(cells[0]) === spec.name);
      const statistics: readonly string[] = spec.statistics;
      expect(row?.[1]).toBe(statistics.includes("value") ? "" : statistics.join(", "));
    }
  });

  test("its examples are good", () => {
    const [whole = "", thresholds = ""] = blocks(SCENARIOS, "yaml");
    expect(parseScenario(whole, "subway.yaml")).toMatchObject({ name: "subway" });
    for (const text of (parse(thresholds) as { readonly thresholds: readonly string[] }).thresholds) {
      expect(parseThreshold(text).parsed, text).toBe(true);
    }
    const sets = [...SCENARIOS.matchAll(/--set (?:'([^']+)'|(\S+=\S+))/g)].map(
      (match) => match[1] ?? match[2] ?? "",
    );
    expect(sets.length).toBeGreaterThanOrEqual(5);
    const options = { devices: undefined, duration: undefined };
    for (const set of sets.filter((text) => text !== "path=value`")) {
      expect(() => adjust(readScenario("commuter", "/"), { ...options, set: [set] }), set).not.toThrow(
        UsageFault,
      );
    }
  });
});

describe("docs/cli.md and README.md", () => {
  test("name every command and option of the help, and none that is not there", async () => {
    const overview = outside();
    await runFake(["--help"], overview);
    const listed = overview.stdout.text.slice(overview.stdout.text.indexOf("Commands:"));
    const names = [...listed.matchAll(/^ {2}([a-z]+) /gm)].map((match) => match[1] ?? "");
    const commands = names.filter((name) => name !== "help" && name !== "zeke");
    expect(commands.length).toBeGreaterThanOrEqual(4);
    for (const name of commands) {
      const section = CLI.split(/^## /m).find((part) => part.startsWith(`${name}\n`)) ?? expect.fail(name);
      const io = outside();
      await runFake([name, "--help"], io);
      const real = new Set(
        [...io.stdout.text.matchAll(/^ {2}(?:-h, )?(--[a-z-]+)/gm)].map((match) => match[1]),
      );
      real.delete("--help");
      const shared = CLI.slice(0, CLI.indexOf("## simulate"));
      for (const option of real) expect(`${shared}${section}`, `${name} ${option}`).toContain(`${option}`);
      for (const [, option] of section.matchAll(/`(--[a-z-]+)/g))
        expect(real, `${name} ${option}`).toContain(option);
      expect(README).toContain(`zeke-sync ${name}`);
    }
  });

  test("name every shipped scenario", () => {
    for (const name of scenarioNames().filter((other) => other !== "commuter")) {
      expect(CLI).toContain(`\`${name}\``);
      expect(README).toMatch(new RegExp(`\`${name}\`|simulate ${name}`));
    }
  });

  test("name every exit code that there is", () => {
    const told = [...CLI.matchAll(/^\| (\d+) \|/gm)].map((match) => Number(match[1]));
    expect(told).toEqual(Object.values(EXIT));
  });

  test("every link leads somewhere", () => {
    const own = (folder: string) => readdirSync(new URL(`../../${folder}`, import.meta.url));
    const documents = [...own(""), ...own("docs").map((name) => `docs/${name}`)].filter((name) =>
      name.endsWith(".md"),
    );
    expect(documents.length).toBeGreaterThan(15);
    for (const name of documents) {
      for (const [, target = ""] of read(name).matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)) {
        const place = new URL(target, new URL(`../../${name}`, import.meta.url));
        expect(existsSync(place), `${name}: ${target}`).toBe(true);
      }
    }
  });
});
