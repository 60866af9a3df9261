/**
 * Owns the proof of what a report on an implementation looks like: JUnit that any reader takes, Markdown in which foreign
 * text is no markup, a screen in the words of cli.md.
 */

import { describe, expect, test } from "vitest";
import { renderJUnit } from "./conformance-junit.ts";
import { renderConformanceMarkdown } from "./conformance-markdown.ts";
import type { ConformanceReport, RuleReport } from "./conformance-result.ts";
import { renderConformance, renderConformanceTrouble } from "./conformance-screen.ts";
import { PLAIN } from "./layout.ts";

const NASTY = `<b>&amp;"'</b> ]]> \u0000\u001b[31m\ud800 \n| a | \`x\` 👩‍👩‍👧 \u202e`;

function rule(id: string, rest: Partial<RuleReport>): RuleReport {
  return {
    id,
    level: "MUST",
    side: "P",
    phase: 2,
    family: "CON",
    text: "stale DELETE is refused & a `<b>`",
    verdict: "satisfied",
    exercised: 8,
    binds: true,
    violations: [],
    ...rest,
  };
}

const VIOLATION = {
  message: `expected 409; actual ${NASTY}`,
  probe: "conflict/stale-delete",
  expected: "409 conflict",
  actual: NASTY,
  because: "tablet deleted c1",
  evidence: {
    steps: ["phone creates c1 (201)", "tablet deletes c1 (200)"],
    stepsFirst: 41,
    request: `curl -X DELETE 'http://x/api/contacts/c1'`,
    exchanges: [{ request: "curl 'http://x'", answer: '200 {"data":null}\n```' }],
  },
  replay: "zeke-sync conformance http://x --seed 1 --rule CON-4",
};

const REPORT: ConformanceReport = {
  schema: "zeke-sync/conformance@1",
  suite: "0.1.0",
  runId: "2026-11-22-conformance-s1",
  seed: 1,
  startedAt: "2026-11-22T10:00:00.000Z",
  durationMs: 5_800,
  target: { url: "http://x", says: "phases 1, 2", roundTripMs: 1.5 },
  verdict: "fail",
  rules: [
    rule("CON-1", {}),
    rule("CON-4", { verdict: "violated", violations: [VIOLATION] }),
    rule("CON-5", { verdict: "not exercised", reason: "needs a minute", exercised: 0 }),
    rule("CON-6", {
      verdict: "violated",
      known: { reason: "old", owner: "us", until: "2027-01-01" },
      violations: [VIOLATION],
    }),
    rule("REV-7", { verdict: "excluded", reason: "no black box can check it", exercised: 0, family: "REV" }),
    rule("REV-8", {
      verdict: "violated",
      level: "SHOULD",
      binds: false,
      family: "REV",
      violations: [VIOLATION],
    }),
  ],
  baseline: [{ rule: "CON-99", message: "there is no rule CON-99" }],
  summary: { satisfied: 1, violated: 3, "not exercised": 1, excluded: 1 },
  requests: 2_900,
  probes: { run: 3, all: 4, runs: 30, each: [] },
  waitedMs: 700,
  left: [{ what: "contact c9", why: "the delete was answered 500" }],
  deleted: 12,
  again: "zeke-sync conformance http://x --seed 1",
};

/** Elements as they open and close; a text that is no XML gives undefined. */
function outline(xml: string): readonly string[] | undefined {
  if (/[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/u.test(xml)) return undefined;
  const body = xml.replace(/^<\?xml[^?]*\?>\s*/, "");
  const tags = /<(\/?)([\w]+)((?:\s+[\w]+="[^"<]*")*)\s*(\/?)>|([^<]+)/gy;
  const stack: string[] = [];
  const seen: string[] = [];
  while (tags.lastIndex < body.length) {
    const found = tags.exec(body);
    if (found === null) return undefined;
    const [, close, name = "", attributes = "", empty, text] = found;
    if (/&(?!(?:amp|lt|gt|quot|apos|#\d+);)/.test(text ?? attributes)) return undefined;
    if (text !== undefined) continue;
    if (close && stack.pop() !== name) return undefined;
    if (!close) seen.push(name);
    if (!close && !empty) stack.push(name);
  }
  return stack.length === 0 ? seen : undefined;
}

describe("the JUnit file", () => {
  const xml = renderJUnit(REPORT);

  test("is well-formed, whatever texts are in it", () => {
    expect(outline("<a><b></a>")).toBeUndefined();
    expect(outline("<a>&nope;</a>")).toBeUndefined();
    expect(outline(xml)?.[0]).toBe("testsuites");
    expect(xml).toContain("👩‍👩‍👧");
  });

  test("has a case for each rule: failed, skipped with the reason, or passed", () => {
    expect(outline(xml)?.filter((name) => name === "testcase")).toHaveLength(7);
    expect(outline(xml)?.filter((name) => name === "failure")).toHaveLength(2);
    expect(outline(xml)?.filter((name) => name === "skipped")).toHaveLength(4);
    expect(xml).toMatch(/<testsuites [^>]*tests="7" failures="2" errors="0" skipped="4"/);
    expect(xml).toMatch(/<skipped message="not exercised: needs a minute"\/>/);
    expect(xml).toMatch(/<skipped message="violated, known: old \(us, until 2027-01-01\)"\/>/);
  });
});

test("in Markdown foreign text is no markup, and fences hold", () => {
  const page = renderConformanceMarkdown(REPORT);
  expect(page).toMatch(
    /^# Conformance: fail\n\n1 rule is violated, and the baseline does not hold any more\.\n/,
  );
  const outside = page.replaceAll(/^(`{3,}).*\n[\s\S]*?^\1$/gm, "");
  expect(outside.replaceAll(/<\/?(?:details|summary)>/g, "")).not.toMatch(/(?<!\\)<\w/);
  expect(page).toContain("````sh");
  expect(page).not.toContain("\u001b");
});

describe("the screen", () => {
  const options = { width: 80, paint: PLAIN, folder: "reports/x" };
  const screen = renderConformance(REPORT, options);

  test("tells a violation in the words of cli.md", () => {
    expect(screen).toContain("✗ CON-4  MUST  ");
    expect(screen).toContain("    expected  409 conflict\n");
    expect(screen).toContain("    steps     2 (shrunk from 41): phone creates c1 (201) · ");
    expect(screen).toContain("    request   curl -X DELETE 'http://x/api/contacts/c1'\n");
    expect(screen).toContain("    replay    zeke-sync conformance http://x --seed 1 --rule CON-4\n");
    expect(screen).not.toContain("\u001b");
  });

  test("tells what fails nothing as such, and last", () => {
    expect(screen).toContain("! CON-6  MUST  ");
    expect(screen).toContain("    known     old (us, until 2027-01-01)\n");
    expect(screen.indexOf("! REV-8")).toBeGreaterThan(screen.indexOf("✗ CON-4"));
    expect(screen.indexOf("! CON-6")).toBeGreaterThan(screen.indexOf("! REV-8"));
  });

  test("says what was not exercised and why, and what was left behind", () => {
    expect(screen).toContain("· not exercised\n    CON-5: needs a minute\n");
    expect(screen).toMatch(/1 could not be deleted: zeke-sync cleanup\s+2026-11-22-conformance-s1/);
    expect(screen).toContain("· left behind: contact c9: the delete was answered 500");
  });

  test("says nothing with --quiet when all is well", () => {
    expect(renderConformanceTrouble({ ...REPORT, verdict: "pass" }, options)).toBe("");
    expect(renderConformanceTrouble(REPORT, options)).toContain("✗ CON-4");
  });
});
