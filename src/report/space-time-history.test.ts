import fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as make from "../history/facts.fixture.ts";
import type { Fact } from "../history/facts.ts";
import { arbitraryFact } from "../history/facts-arbitrary.fixture.ts";
import { PHONE, rosterOf, staleWrite, TABLET, violated, write } from "./space-time.fixture.ts";
import type { Diagram, DiagramArrow } from "./space-time.ts";
import { labelBox, measure } from "./space-time-geometry.ts";
import { DEVICES_MAX, diagramOf, ROWS_MAX } from "./space-time-history.ts";
import { renderDiagramSvg } from "./space-time-svg.ts";
import { renderDiagramText } from "./space-time-text.ts";

const TWO = rosterOf(2);

function drawn(facts: readonly Fact[], violation = violated("MRG-1", 0, []), roster = TWO): Diagram {
  return diagramOf(facts, violation, roster);
}

function arrowOf(diagram: Diagram, words: string): DiagramArrow {
  const found = diagram.arrows.filter(({ text }) => text.includes(words));
  expect(found.length, `arrows with "${words}" among ${diagram.arrows.map(({ text }) => text)}`).toBe(1);
  return found[0] as DiagramArrow;
}

function laneOf(diagram: Diagram, name: string): number {
  return diagram.lanes.findIndex((lane) => lane.name === name);
}

/** What must hold of every diagram. */
function expectSound(diagram: Diagram): void {
  const { lanes, rows, marks, arrows, spans } = diagram;
  expect(lanes.filter(({ kind }) => kind === "device").length).toBeLessThanOrEqual(DEVICES_MAX);
  expect(rows.filter(({ kind }) => kind === "step").length).toBeLessThanOrEqual(ROWS_MAX + 2);
  const ends = arrows.flatMap(({ from, to }) => [from, to]);
  for (const { lane, row } of [...marks, ...ends]) {
    expect(lanes[lane]).toBeDefined();
    expect(row).toBeGreaterThan(-1);
    expect(row).toBeLessThan(rows.length);
  }
  for (const { from, to } of arrows) expect(from.row).toBeLessThan(to.row);
  for (const { fromRow, toRow } of spans) expect(fromRow).toBeLessThanOrEqual(toRow);
  const { marks: placedMarks, arrows: placedArrows, width, height } = measure(diagram, 980);
  for (const { label, tail, head } of placedArrows) {
    if (!label?.text) continue;
    const box = labelBox(label);
    for (const x of [box.left, box.right]) {
      const share = (x - tail.x) / (head.x - tail.x);
      const y = tail.y + share * (head.y - tail.y);
      if (share >= 0 && share <= 1) expect(y > box.top && y < box.bottom, label.text).toBe(false);
    }
  }
  const labels = [...placedMarks, ...placedArrows].flatMap(({ label }) => (label?.text ? [label] : []));
  const boxes = labels.map(labelBox).sort((one, other) => one.top - other.top);
  boxes.forEach((box, index) => {
    expect(box.right).toBeLessThanOrEqual(width);
    expect(box.bottom).toBeLessThanOrEqual(height);
    // Every label is on a row of its own, so one look at the next of them is enough.
    const next = boxes[index + 1];
    if (next) expect(next.top).toBeGreaterThanOrEqual(box.bottom);
  });
}

describe("a stale write", () => {
  const { facts, violation } = staleWrite();
  const diagram = drawn(facts, violation);

  test("has a lane for each phone and the proxy, and words in the names of the diagram", () => {
    expectSound(diagram);
    expect(diagram.lanes.map(({ name }) => name)).toEqual(["phone", "tablet", "proxy"]);
    expect(diagram.caption.map(({ text }) => text).join("; ")).toMatch(/unchanged at r2; tablet changed/);
    expect(diagram.notes.join("\n")).toContain(`r2=${make.rev(2)}`);
  });

  test("arrows run from lane to lane in order of time, and land where the commit is", () => {
    const [phone, tablet, proxy] = [0, 1, 2];
    const request = arrowOf(diagram, "PATCH contact/c1 If-Match r1 key k1");
    expect([request.from.lane, request.to.lane, request.fate]).toEqual([phone, proxy, "arrives"]);
    const stale = arrowOf(diagram, "PATCH contact/c1 If-Match r1 key k2");
    expect([stale.from.lane, stale.to.lane]).toEqual([tablet, proxy]);
    const commits = diagram.marks.filter(({ shape }) => shape === "commit");
    expect(commits.map(({ row }) => row)).toEqual([request.to.row, stale.to.row]);
    const answer = arrowOf(diagram, "200 r3");
    expect([answer.from.lane, answer.to.lane, answer.from.row]).toEqual([proxy, tablet, stale.to.row]);
  });

  test("exactly one fact is marked: the offending one, on the proxy's lane", () => {
    const offences = [...diagram.marks, ...diagram.arrows].filter(({ offence }) => offence !== undefined);
    expect(offences).toEqual([expect.objectContaining({ shape: "commit", lane: 2, offence: 1 })]);
    expect(offences[0]?.text).toBe("r3 contact/c1 updated by tablet, was r2, If-Match r1");
    const svg = renderDiagramSvg(diagram);
    expect(svg.match(/class="zst-ring"/g)).toHaveLength(1);
    expect(renderDiagramText(diagram, { width: 100 })).toMatch(/◉ +① r3 contact\/c1 updated/);
  });

  test("the tablet is shaded while it was offline", () => {
    const span = diagram.spans.find(({ state }) => state === "offline");
    expect(span?.lane).toBe(1);
    const edit = diagram.marks.find(({ shape, lane }) => shape === "edit" && lane === 1);
    expect(span?.toRow).toBeLessThan(edit?.row ?? 0);
  });
});

describe("messages that do not arrive", () => {
  test("an answer lost after its commit is cut on its way back", () => {
    const { edited, sent, committed } = write(2, 1, { ...PHONE, at: 1_000 });
    const timeout = make.unanswered({ ...PHONE, at: 31_010, request: 2 });
    const diagram = drawn(
      [edited, sent, committed, timeout],
      violated("IDM-1", 31_010, [committed, timeout]),
    );
    expectSound(diagram);
    expect(arrowOf(diagram, "PATCH").fate).toBe("arrives");
    const back = arrowOf(diagram, "no answer in 30 s");
    expect([back.kind, back.fate, back.to.lane, back.offence]).toEqual(["answer", "lost", 0, 1]);
  });

  test("a request of which nothing was heard is cut on its way there, and the waiting is told", () => {
    const { edited, sent } = write(2, 1, { ...PHONE, at: 1_000 });
    const timeout = make.unanswered({ ...PHONE, at: 11_010, request: 2 });
    const diagram = drawn([edited, sent, timeout], violated("QUE-4", 1_010, [edited, sent]));
    expect(arrowOf(diagram, "PATCH").fate).toBe("lost");
    expect(diagram.marks.map(({ text }) => text)).toContain("no answer in 10 s");
  });

  test("an app killed meanwhile hears no answer", () => {
    const { sent, committed } = write(2, 1, { ...PHONE, at: 1_000 });
    const killed = make.killed({ ...PHONE, at: 1_055 });
    const again = make.started({ ...PHONE, at: 9_000, cold: true });
    const diagram = drawn([sent, committed, killed, again], violated("QUE-7", 9_000, [sent, killed, again]));
    const back = diagram.arrows.find(({ kind }) => kind === "answer");
    expect(back?.fate).toBe("lost");
    expect(diagram.marks.map(({ shape }) => shape)).toEqual(["commit", "killed", "started"]);
    expectSound(diagram);
  });

  test("[EVT-2] an event that a replay leaves out is drawn as never sent, before the one that came instead", () => {
    const first = write(2, 1, { ...PHONE, at: 1_000 });
    const second = write(3, 2, { ...PHONE, at: 2_000 });
    const connecting = make.connecting({ ...TABLET, at: 5_000, since: make.rev(1) });
    const frame = make.frame(make.event(make.record("c1", 3)), { ...TABLET, at: 5_100 });
    const facts = [...Object.values(first), ...Object.values(second), connecting, frame];
    const diagram = drawn(facts, violated("EVT-2", 5_100, [connecting, first.committed, frame]));
    const absent = arrowOf(diagram, "event r2");
    const came = arrowOf(diagram, "event r3");
    expect([absent.fate, absent.to.lane]).toEqual(["absent", laneOf(diagram, "tablet")]);
    expect(came.offence).toBe(1);
    expect(absent.to.row).toBeLessThan(came.to.row);
    expect(renderDiagramSvg(diagram)).toContain('class="zst-event zst-absent"');
    expectSound(diagram);
  });

  test("[PSH-2] a push that was handed over and never came is cut", () => {
    const committed = make.committed(2, { at: 1_000, device: 0, key: "k" });
    const handed = make.pushHandedOver({ ...TABLET, at: 1_500, revision: make.rev(2) });
    const diagram = drawn([committed, handed], violated("PSH-2", 1_500, [committed, handed]));
    const push = arrowOf(diagram, "push contact r1 is lost");
    expect([push.kind, push.fate, push.offence]).toEqual(["push", "lost", 1]);
  });
});

test("[SYS-4] what did not happen is marked when it was missed, on the lane of its device", () => {
  const { edited } = write(2, 1, { ...TABLET, at: 1_000 });
  const diagram = drawn([edited, make.phase("settled", 900_000)], violated("SYS-4", 900_000, [edited]));
  const judged = diagram.marks.find(({ offence }) => offence !== undefined);
  expect(judged).toMatchObject({ shape: "judged", lane: 0, offence: 1 });
  expect(diagram.lanes[0]?.name).toBe("tablet");
  expect(diagram.rows.filter(({ kind }) => kind === "gap")).toEqual([
    { kind: "gap", text: "14 min 59 s later" },
  ]);
});

test("[SYS-1] a replica that differs is told with the last change and the sync that missed it", () => {
  const { sent, committed, answered } = write(2, 1, { ...PHONE, at: 1_000 });
  const before = make.shown({ ...TABLET, at: 500 });
  const sync = make.sent({ ...TABLET, at: 2_000, call: "changes", request: 9, since: make.rev(1) });
  const synced = make.answered({ ...TABLET, at: 2_100, call: "changes", request: 9 });
  const replica = make.replica([make.held("c1", 1)], { ...TABLET, at: 99_000 });
  const fresh = make.freshReplica([make.held("c1", 2)], { at: 99_000 });
  const facts = [before, sent, committed, answered, sync, synced, replica, fresh];
  const diagram = drawn(facts, violated("SYS-1", 99_000, [fresh, replica]));
  expect(arrowOf(diagram, "changes since r1").from.lane).toBe(laneOf(diagram, "tablet"));
  expect(diagram.marks.find(({ offence }) => offence)?.text).toBe("in the end has contact/c1 at r1");
  expect(diagram.marks.map(({ text }) => text)).toContain("a new device gets contact/c1 at r2");
});

test("a clock that is wrong is noted on its lane", () => {
  const { facts, violation } = staleWrite();
  const clock = make.clockSet({ ...TABLET, offsetMs: -120_000 });
  expect(drawn([clock, ...facts], violation).lanes[1]?.note).toBe("2 min behind");
});

test("evidence that the facts lack is told in its place", () => {
  const { facts, violation, phone } = staleWrite();
  const without = facts.filter((fact) => fact !== phone.committed);
  const commits = drawn(without, violation).marks.filter(({ shape }) => shape === "commit");
  expect(commits.map(({ text }) => text.slice(0, 2))).toEqual(["r2", "r3"]);
});

test("a history of 10,000 facts and 40 devices keeps its bounds, and says what it left out", () => {
  const facts: Fact[] = [];
  for (let n = 2; n < 1_800; n++) {
    const on = { at: n * 1_000, device: n % 40, account: 0 };
    facts.push(...Object.values(write(n, n - 1, on)));
    const frame = make.event(make.record("c1", n));
    facts.push(make.frame(frame, { ...on, device: (n + 1) % 40, at: on.at + 95 }));
    facts.push(make.killed({ ...on, at: on.at + 96 }), make.started({ ...on, at: on.at + 97 }));
  }
  expect(facts.length).toBeGreaterThan(10_000);
  const evidence = facts.filter((fact) => fact.fact === "committed").slice(900, 920);
  const diagram = drawn(facts, violated("MRG-1", evidence.at(-1)?.at ?? 0, evidence), rosterOf(40));
  expectSound(diagram);
  expect(diagram.marks.filter(({ offence }) => offence !== undefined)).toHaveLength(1);
  expect(diagram.notes.join("\n")).toMatch(/not drawn: 3\d other devices/);
  expect(diagram.notes.join("\n")).toMatch(/left out: \d+ more/);
});

test("markup and steering characters in fields, ids and names stay text", () => {
  const evil = `<script>alert("&")</script>\u001b[31m\u202e`;
  const edited = make.edited({
    ...PHONE,
    at: 1_000,
    id: "__proto__",
    payload: Object.fromEntries([["__proto__", evil]]),
  });
  const sent = make.sent({
    ...PHONE,
    at: 1_010,
    mutations: [make.mutation({ id: "__proto__", key: "constructor", ifMatch: evil })],
  });
  const roster = { devices: [{ name: evil, account: 0 }], accounts: [] };
  const words = { ...violated("QUE-14", 1_010, [edited, sent]), actual: `it sent ${evil}` };
  const diagram = diagramOf([edited, sent], words, roster);
  expect(diagram.marks[0]?.text).toContain("edits contact/__proto__");
  const svg = renderDiagramSvg(diagram);
  const text = renderDiagramText(diagram, { width: 80, caption: true });
  for (const foreign of ["\u001b", "\u202e"]) expect(svg + text).not.toContain(foreign);
  expect(svg).not.toContain("<script");
  expect(svg).toContain("&lt;script&gt;");
});

describe("any facts at all", () => {
  const history = fc
    .array(arbitraryFact, { minLength: 1, maxLength: 40 })
    .map((facts) => facts.map(small).sort((one, other) => one.at - other.at));
  const cases = fc.tuple(
    history,
    fc.array(fc.nat(39), { maxLength: 6 }),
    fc.constantFrom("EVT-1", "QUE-3", "SYS-1", "PSH-2", "none"),
  );

  test("give a sound diagram, the same each time, with each row's words inside the page", () => {
    fc.assert(
      fc.property(cases, ([facts, picks, rule]) => {
        const evidence = [...new Set(picks.flatMap((pick) => facts[pick] ?? []))];
        const violation = violated(rule, evidence.at(-1)?.at ?? facts[0]?.at ?? 0, evidence);
        const diagram = diagramOf(facts, violation, rosterOf(3));
        expectSound(diagram);
        const [svg, text] = [renderDiagramSvg(diagram), renderDiagramText(diagram, { width: 80 })];
        for (const line of text.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
        const again = diagramOf(facts, violation, rosterOf(3));
        expect(renderDiagramSvg(again)).toBe(svg);
        expect(svg).not.toMatch(/NaN|undefined/);
      }),
      { numRuns: 300 },
    );
  });
});

/** The same fact among few devices of one account, in one hour, so that facts meet. */
function small(fact: Fact): Fact {
  const at = fact.at % 3_600_000;
  const moved = { ...fact, at } as Fact;
  if (!("account" in moved)) return moved;
  const device = "device" in moved && moved.device !== undefined ? { device: moved.device % 3 } : {};
  return { ...moved, ...device, account: 0 } as Fact;
}
