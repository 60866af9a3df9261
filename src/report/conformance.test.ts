/**
 * Owns the proof of what a report on an implementation looks like: JUnit that any reader takes, Markdown in which foreign
 * text is no markup, a screen in the words of cli.md.
 */

import { parse } from "junit2json";
import { describe, expect, test } from "vitest";
import { renderJUnit } from "./conformance-junit.ts";
import { renderConformanceMarkdown } from "./conformance-markdown.ts";
import type { ConformanceReport, RuleReport } from "./conformance-result.ts";
import { renderConformance, renderConformanceTrouble } from "./conformance-screen.ts";
import { conformanceSentence } from "./conformance-text.ts";
import { violationLines } from "./conformance-violation.ts";
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

describe("the JUnit file, as another maker's parser reads it", () => {
  const bad = "a\u0000b\u001bc\ud800d\ufffee\uffff";
  const fine = `emoji 👩‍👩‍👧 <tag a="1"> & ]]> 'q' \u202e \u{1fffe}`;
  const nasty: ConformanceReport = {
    ...REPORT,
    rules: [
      rule("CON-4", {
        verdict: "violated",
        text: `${fine}|${bad}`,
        violations: [{ ...VIOLATION, message: `${fine}\nline|${bad}`, actual: `${fine}\nline|${bad}` }],
      }),
      rule("CON-5", { verdict: "not exercised", reason: fine, exercised: 0 }),
      rule("CON-1", {}),
    ],
  };
  const lawful = "a\ufffdb\ufffdc\ufffdd\ufffde\ufffd";

  test("every character survives, or is lawfully replaced where XML has none such", async () => {
    const read = await parse(renderJUnit(nasty));
    const suites = read !== undefined && read !== null && "testsuite" in read ? (read.testsuite ?? []) : [];
    const cases = suites.flatMap((suite) => suite.testcase ?? []);
    expect(read).toMatchObject({ tests: 4, failures: 2, name: "zeke-sync conformance" });
    expect(cases.map(({ name }) => name)).toEqual([
      `CON-4 ${fine}|${lawful}`,
      expect.stringMatching(/^CON-5 /),
      expect.stringMatching(/^CON-1 /),
      "CON-99",
    ]);
    const [failure] = cases[0]?.failure ?? [];
    expect(failure?.message).toBe(`${fine}\nline|${lawful}`);
    expect(failure?.inner).toContain(`actual    ${fine}\nline|${lawful}\n`);
    expect(cases[1]?.skipped?.[0]?.message).toBe(`not exercised: ${fine}`);
    expect(cases[2]?.failure).toBeUndefined();
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

describe("a violation", () => {
  const told = (by: string, does: string, says: string, sentAtMs: number) => ({
    ...{ request: "curl 'http://x'", answer: says },
    told: { by, does, says, sentAtMs, answeredAtMs: sentAtMs + 2 },
  });
  const evidence = {
    ...VIOLATION.evidence,
    exchanges: [
      told("phone", "creates c1", "201 …0a", 10),
      told("phone", "updates c1 If-Match …0a", "200 …0b", 20),
      told("tablet", "deletes c1 If-Match …0a", "200 …0c", 30),
    ],
    heard: [
      {
        by: "watcher",
        path: "/api/sync/events?entities=contacts",
        frames: Array.from({ length: 11 }, (_, at) => `updated c1 …${at}`),
        closeCode: 1008,
      },
    ],
  };
  const lines = violationLines({ ...VIOLATION, evidence }, { width: 80 });
  const text = lines.join("\n");

  test("has who asked what side by side, the last answer marked, and no key of what is not in it", () => {
    expect(text).toMatch(/\n {16}phone {3}tablet {2}proxy\n/);
    expect(text).toMatch(/├─+┼─+▶│ {3}updates c1 If-Match …0a\n/);
    expect(text).toMatch(/▶ .*◉◀─+┤ {3}① 200 …0c$/);
    expect(text).not.toContain("◆ edit");
    expect(renderConformanceMarkdown(withEvidence(evidence))).toMatch(/```text\n {12}phone {3}tablet/);
  });

  test("has no diagram where one alone asked, one thing after the other", () => {
    const alone = evidence.exchanges.slice(0, 2);
    expect(
      violationLines({ ...VIOLATION, evidence: { ...evidence, exchanges: alone } }, { width: 80 }).join(""),
    ).not.toContain("│");
    const [first, second] = alone as [(typeof alone)[number], (typeof alone)[number]];
    const together = [first, { ...second, told: { ...second.told, sentAtMs: 11 } }];
    expect(
      violationLines({ ...VIOLATION, evidence: { ...evidence, exchanges: together } }, { width: 80 }).join(
        "",
      ),
    ).toContain("│");
  });

  test("says what came over a socket: the last of it, and how it ended", () => {
    expect(lines.join(" ").replaceAll(/\s+/g, " ")).toContain(
      "heard watcher on /api/sync/events?entities=contacts: 3 before · updated c1 …3 · ",
    );
    expect(text.replaceAll(/\s+/g, " ")).toContain("…10 · closed with 1008 request");
  });

  test("keeps its last steps where all have no room", () => {
    const steps = Array.from({ length: 40 }, (_, at) => `phone updates c${at} (200)`);
    const long = violationLines(
      { ...VIOLATION, evidence: { ...evidence, steps, stepsFirst: 90 } },
      { width: 80 },
    );
    const shown = long.join(" ").replaceAll(/\s+/g, " ");
    expect(shown).toMatch(/steps 40 \(shrunk from 90\): \d+ before · phone updates/);
    expect(shown).toContain("phone updates c39 (200)");
    expect(shown).not.toContain("phone updates c0 (200)");
  });

  test("what would turn a line of the terminal around stands as its escape", () => {
    const request = `curl --data-binary '{"name":"\u202eabc\u2028"}'`;
    const shown = violationLines({ ...VIOLATION, evidence: { ...evidence, request } }, { width: 80 }).join(
      "\n",
    );
    expect(shown).not.toMatch(/[\u202e\u2028]/);
    expect(shown).toContain(`'{"name":"\\u202eabc\\u2028"}'`);
  });

  function withEvidence(shown: RuleReport["violations"][number]["evidence"]): ConformanceReport {
    return {
      ...REPORT,
      rules: [rule("CON-4", { verdict: "violated", violations: [{ ...VIOLATION, evidence: shown }] })],
    };
  }
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

  test("names the rules that keep it from a verdict, where they are few, and those alone", () => {
    const open = (count: number) => [
      ...Array.from({ length: count }, (_, at) => rule(`CON-${at + 1}`, { verdict: "not exercised" })),
      rule("REV-8", { verdict: "not exercised", binds: false }),
    ];
    const sentence = (count: number) =>
      conformanceSentence({ ...REPORT, verdict: "inconclusive", baseline: [], rules: open(count) });
    expect(sentence(1)).toBe("inconclusive: nothing is violated, CON-1 was not exercised");
    expect(sentence(2)).toBe("inconclusive: nothing is violated, CON-1, CON-2 were not exercised");
    expect(sentence(5)).toBe(
      "inconclusive: nothing is violated, 5 rules that the verdict rests on were not exercised",
    );
  });

  test("says nothing with --quiet when all is well", () => {
    expect(renderConformanceTrouble({ ...REPORT, verdict: "pass" }, options)).toBe("");
    expect(renderConformanceTrouble(REPORT, options)).toContain("✗ CON-4");
  });
});
