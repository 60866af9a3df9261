import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Violation } from "../checkers/port.ts";
import * as make from "../history/facts.fixture.ts";
import type { Fact, FactName } from "../history/facts.ts";
import { arbitraryFact } from "../history/facts-arbitrary.fixture.ts";
import { createJournal } from "../history/journal.ts";
import { violation } from "./report.fixture.ts";
import { createTrace } from "./trace.ts";
import { TRACE_COLUMNS_MAX } from "./trace-page.ts";

const PHONE = { device: 0, name: "phone" };
const TABLET = { device: 1, name: "tablet" };

/** The lines of a trace below its head. */
function traced(
  facts: readonly Fact[],
  { subjects = [PHONE], violations = [] as readonly Violation[] } = {},
): readonly string[] {
  const trace = createTrace(subjects);
  const journal = createJournal({ folds: [trace] });
  for (const fact of facts) journal.record(fact);
  const text = trace.render({ startMs: 0, title: "a test", violations });
  expect(text.endsWith("\n")).toBe(true);
  return text.slice(0, -1).split("\n").slice(2);
}

/** What happened, without the columns before it. */
function happened(facts: readonly Fact[]): readonly string[] {
  return traced(facts).map((line) => line.slice(50));
}

/** The columns before what happened, without gutter and time. */
function states(facts: readonly Fact[]): readonly string[] {
  return traced(facts).map((line) => line.slice(18, 49).trimEnd());
}

const KEYED = make.mutation({ key: "k-m1", ifMatch: make.rev(1) });

/** An edit that is made, sent, and answered. */
const EDIT: readonly Fact[] = [
  make.started({ at: 1_000 }),
  make.opened({ at: 1_000 }),
  make.edited({ at: 2_000 }),
  make.shown({ at: 2_000, fields: { name: "Grace" }, waiting: ["m1"] }),
  make.saved({ at: 2_010 }),
  make.sent({ at: 2_010, mutations: [KEYED] }),
  make.committed(2, { at: 2_050, key: "k-m1", device: 0 }),
  make.answered({ at: 2_200, results: [make.result({ key: "k-m1", revision: make.rev(2) })] }),
  make.settled({ at: 2_210 }),
  make.advanced({ at: 2_220, revision: make.rev(2) }),
];

describe("a life", () => {
  test("is a head, the columns, and a line a step", () => {
    const trace = createTrace([PHONE]);
    const journal = createJournal({ folds: [trace] });
    for (const fact of EDIT) journal.record(fact);
    expect(trace.render({ startMs: 0, title: "zeke-sync simulate", violations: [] })).toMatchInlineSnapshot(`
      "# phone (device 0): zeke-sync simulate
      # time            clock   net  app   q seen         what happened
        0d 00:00:01.000         on   bg    0 -            start     first time, online
        0d 00:00:01.000         on   fg    0 -            open      in the foreground
        0d 00:00:02.000         on   fg    1 -            edit      update contact/c1  m1 key k-m1 on @4067200.1  =8434 name="Grace"
        0d 00:00:02.000         on   fg    1 -            show      contact/c1 @4067200.1 =8434 +m1  name="Grace"
        0d 00:00:02.010         on   fg    1 -            saved     contact/c1  m1
        0d 00:00:02.010         on   fg    1 -          → send      #1 update contact/c1  k-m1 if @4067200.1 100B
        0d 00:00:02.050         on   fg    1 -          * commit    updated contact/c1 @4067200.2 =c18e  k-m1
        0d 00:00:02.200         on   fg    1 -          ← answer    #1 200 contact/c1  k-m1 @4067200.2 in 190ms 100B
        0d 00:00:02.210         on   fg    0 -            applied   contact/c1  m1, 210ms after the edit
        0d 00:00:02.220         on   fg    0 4067200.2    seen      @4067200.2 contact
      "
    `);
  });

  test("shows time, clock, network, app, queue and last-seen revision as they are after each step", () => {
    const facts = [
      make.clockSet({ at: 0, offsetMs: 902_000 }),
      make.started({ at: 1_000, online: false }),
      make.opened({ at: 1_000 }),
      make.edited({ at: 2_000 }),
      make.online({ at: 3_000 }),
      make.connecting({ at: 3_000, socket: 4 }),
      make.frame(make.ready(2), { at: 4_000, socket: 4 }),
      make.clockSet({ at: 4_500, offsetMs: 0 }),
      make.advanced({ at: 5_000, entity: "contact", revision: make.rev(3) }),
      make.advanced({ at: 5_001, entity: "task", revision: make.rev(2) }),
      make.settled({ at: 5_002 }),
      make.disconnected({ at: 6_000, socket: 4, code: 1006 }),
      make.offline({ at: 6_001 }),
      make.closed({ at: 7_000 }),
      make.killed({ at: 8_000 }),
    ];
    expect(states(facts)).toMatchInlineSnapshot(`
      [
        "+15m02s on   --    0 -",
        "+15m02s off  bg    0 -",
        "+15m02s off  fg    0 -",
        "+15m02s off  fg    1 -",
        "+15m02s on   fg    1 -",
        "+15m02s on   fg    1 -",
        "+15m02s live fg    1 -",
        "        live fg    1 -",
        "        live fg    1 4067200.3",
        "        live fg    1 4067200.2",
        "        live fg    0 4067200.2",
        "        on   fg    0 4067200.2",
        "        off  fg    0 4067200.2",
        "        off  bg    0 4067200.2",
        "        off  --    0 4067200.2",
      ]
    `);
  });

  test("[QUE-1] a kill names the edits that were not yet saved, and they leave the queue", () => {
    const facts = [
      make.edited({ mutation: "m1" }),
      make.saved({ mutation: "m1" }),
      make.edited({ mutation: "m2" }),
      make.sent({ request: 7 }),
      make.killed(),
    ];
    expect(happened(facts).at(-1)).toBe("  killed    unsaved m2, unanswered #7");
    expect(states(facts).map((state) => state.slice(16, 20).trim())).toEqual(["1", "1", "2", "2", "1"]);
  });

  test("an edit taken up again waits again; a failed or discarded one does not", () => {
    const facts = [
      make.edited(),
      make.settled({ outcome: "failed", error: "invalid_request" }),
      make.retried(),
      make.settled({ outcome: "failed" }),
      make.discarded(),
    ];
    expect(states(facts).map((state) => state.slice(16, 20).trim())).toEqual(["1", "0", "1", "0", "0"]);
  });

  test("facts of other devices are not in it", () => {
    const others = [
      make.killed({ device: 1 }),
      make.committed(1, { device: undefined }),
      make.freshReplica([]),
    ];
    expect(traced(others)).toEqual([]);
  });

  test("a lost answer is told as what it is: indefinite; what never left is not", () => {
    const facts = [
      make.sent({ at: 0, mutations: [KEYED] }),
      make.unanswered({ at: 30_000, why: "timeout" }),
      make.unanswered({ at: 30_000, why: "unreachable", request: 2 }),
    ];
    expect(happened(facts)).toMatchInlineSnapshot(`
      [
        "→ send      #1 update contact/c1  k-m1 if @4067200.1 100B",
        "? timeout   #1 update contact/c1 k-m1 after 30.0s: it may have taken effect",
        "  no way    #2 update: it did not leave the phone",
      ]
    `);
  });

  test("each mutation of a batch has a line, asked and answered", () => {
    const mutations = [
      make.mutation({ key: "k-m1" }),
      make.mutation({ key: "k-m2", ifMatchMutation: "k-m1", timestamp: 5_000 }),
    ];
    const results = [
      make.result({ key: "k-m1", status: 409, error: "conflict", revision: make.rev(4) }),
      make.result({ key: "k-m2", status: 200, resolution: "merged", replayed: true }),
    ];
    const facts = [
      make.edited({ mutation: "m1" }),
      make.edited({ mutation: "m2", at: 1_000 }),
      make.sent({ at: 2_000, call: "batch", mutations }),
      make.answered({ at: 2_500, call: "batch", results, retryAfterMs: 3_000 }),
    ];
    expect(happened(facts).slice(2)).toMatchInlineSnapshot(`
      [
        "→ send      #1 batch of 2 100B",
        "→   item    update contact/c1  k-m1",
        "→   item    update contact/c1  k-m2 if after k-m1 stamp +4.0s",
        "← answer    #1 200 batch again after 3.0s in 500ms 100B",
        "←   item    409 conflict contact/c1  k-m1 @4067200.4",
        "←   item    200 contact/c1  k-m2 merged replayed",
      ]
    `);
  });

  test("after a rekey the payload is told again: it may be another", () => {
    const facts = [
      make.edited(),
      make.rekeyed({ key: "k-2" }),
      make.sent({ mutations: [make.mutation({ key: "k-2", payload: { name: "Hopper" } })] }),
    ];
    expect(happened(facts)).toMatchInlineSnapshot(`
      [
        "  edit      update contact/c1  m1 key k-m1 on @4067200.1  =8434 name="Grace"",
        "  rekey     contact/c1  m1 goes on under key k-2",
        "→ send      #1 update contact/c1  k-2 =a098 name="Hopper" 100B",
      ]
    `);
  });

  test("many records shown in one step share lines, and none is left out", () => {
    const ids = Array.from({ length: 30 }, (_, nth) => `contact-${nth}`);
    const lines = happened([
      make.started(),
      ...ids.map((id) => make.shown({ id })),
      make.shown({ at: 1, id: "contact-7", fields: undefined }),
    ]);
    expect(lines.length).toBeLessThan(15);
    const packed = lines.slice(1, -1).join(", ");
    for (const id of ids) expect(packed, id).toMatch(new RegExp(`${id} @`));
    expect(lines.at(-1)).toContain("contact-7");
    expect(lines.at(-1)).toContain("gone");
  });

  test("the run's own turns stand in it", () => {
    expect(happened([make.phase("agitate"), make.phase("heal"), make.phase("settled")])).toEqual([
      "  run       the run begins, faults are on",
      "  run       faults stop, everything must settle",
      "  run       all is settled",
    ]);
  });

  test("of several devices each line has its device, in the order in which things happened", () => {
    const facts = [make.started(), make.started({ device: 1, at: 5 }), make.killed({ at: 6 })];
    const lines = traced(facts, { subjects: [PHONE, TABLET] });
    expect(lines.map((line) => line.slice(18, 24))).toEqual(["phone ", "tablet", "phone "]);
  });
});

describe("violations", () => {
  const shown = make.shown({ at: 2_000 });
  const facts = [make.opened({ at: 1_000 }), shown, make.closed({ at: 2_000 }), make.killed({ at: 9_000 })];

  test("one that names the device stands behind the last of its facts, which are marked", () => {
    const found = violation("SYS-6", { at: 2_000, evidence: [make.opened({ device: 3 }), shown] });
    const lines = traced(facts, { violations: [found] });
    expect(lines.map((line) => line[0])).toEqual([" ", "!", "✗", "✗", "✗", " ", " "]);
    expect(lines[2]).toBe("✗ 0d 00:00:02.000 SYS-6   expected 409 conflict, and contact c1 unchanged");
  });

  test("one that names it in words alone stands at its moment", () => {
    const found = violation("SYS-6", { at: 5_000, actual: "device 0 shows it", evidence: [] });
    const lines = traced(facts, { violations: [found] });
    expect(lines.map((line) => line[0])).toEqual([" ", " ", " ", "✗", "✗", "✗", " "]);
  });

  test("one of another device is not in it", () => {
    const found = violation("SYS-6", {
      actual: "device 10 shows it",
      evidence: [make.opened({ device: 3 })],
    });
    expect(traced(facts, { violations: [found] })).toHaveLength(facts.length);
  });
});

describe("whatever happens", () => {
  test("every kind of fact of a device makes lines, in ASCII but for arrows, of bounded length", () => {
    const told = new Set<FactName>();
    fc.assert(
      fc.property(fc.array(arbitraryFact, { maxLength: 20 }), (facts) => {
        const own = facts.map((fact) => ("device" in fact ? { ...fact, device: 0 } : fact) as Fact);
        const lines = traced(own, { violations: [violation("CON-4", { evidence: own.slice(0, 3) })] });
        for (const line of lines) {
          expect(line.length).toBeLessThanOrEqual(TRACE_COLUMNS_MAX);
          expect(line).toMatch(/^[ -~→←✗]*$/);
        }
        const steps = own.filter((fact) => fact.fact !== "fresh_replica");
        if (new Set(steps.map((fact) => fact.at)).size === steps.length) {
          expect(lines.filter((line) => !line.startsWith("✗")).length).toBeGreaterThanOrEqual(steps.length);
        }
        for (const { fact } of steps) told.add(fact);
      }),
      { numRuns: 500 },
    );
    expect(told.size).toBeGreaterThanOrEqual(36);
  });

  test("the same facts give the same text, and reading it twice changes nothing", () => {
    fc.assert(
      fc.property(fc.array(arbitraryFact, { maxLength: 20 }), (facts) => {
        const trace = createTrace([PHONE, TABLET]);
        for (const fact of facts) trace.fold("device" in fact ? ({ ...fact, device: 0 } as Fact) : fact);
        const end = { startMs: 0, title: "twice", violations: [] };
        expect(trace.render(end)).toBe(trace.render(end));
      }),
      { numRuns: 50 },
    );
  });
});
