/** The dashboard asks only for what `/metrics` of a running proxy says: names and labels. */

import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Figures } from "../live/figures.ts";
import { LiveBorder } from "../live/live-border.fixture.ts";

interface Panel {
  readonly id: number;
  readonly title: string;
  readonly targets: readonly { readonly expr: string; readonly legendFormat: string }[];
}
const DASHBOARD = JSON.parse(
  readFileSync(new URL("../../docs/grafana/zeke-sync-serve.json", import.meta.url), "utf8"),
) as {
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly { readonly definition?: string }[] };
};
const EXPRESSIONS = DASHBOARD.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));

/** Labels that whoever scrapes adds. */
const OF_SCRAPES = ["instance", "job"];
const NAMES = /\b(?:zeke|process|nodejs)_[a-z0-9_]+/g;

let border: LiveBorder | undefined;
let text = "";
beforeAll(async () => {
  border = await LiveBorder.open({});
  text = await (await fetch(`http://127.0.0.1:${border.server.port}/metrics`)).text();
});
afterAll(async () => {
  await border?.close();
});

/** Names of the samples of a text, of families that have none yet too, with the labels of each. */
function labelsByName(metrics: string): ReadonlyMap<string, ReadonlySet<string>> {
  const found = new Map<string, Set<string>>();
  for (const line of metrics.split("\n")) {
    const [, family = "", type = ""] = /^# TYPE (\S+) (\S+)/.exec(line) ?? [];
    const [, sample = "", labels = ""] = /^([a-z_0-9]+)(?:\{(.*)\})? /.exec(line) ?? [];
    const names =
      type === "histogram" ? ["_bucket", "_sum", "_count"].map((end) => family + end) : [family, sample];
    for (const name of names) if (name !== "" && !found.has(name)) found.set(name, new Set());
    for (const [, label = ""] of labels.matchAll(/([a-z_]+)="/g)) found.get(sample)?.add(label);
  }
  return found;
}

test("every name is one that a running proxy serves", () => {
  const known = labelsByName(text);
  const asked = new Set(EXPRESSIONS.flatMap((expr) => expr.match(NAMES) ?? []));
  expect(asked.size).toBeGreaterThan(15);
  for (const name of asked) expect([...known.keys()], name).toContain(name);
  for (const { definition } of DASHBOARD.templating.list)
    for (const name of definition?.match(NAMES) ?? []) expect([...known.keys()]).toContain(name);
});

test("every figure of the proxy's own has a panel", () => {
  const shown = new Set(
    EXPRESSIONS.flatMap((expr) => expr.match(NAMES) ?? []).map((name) => name.replace(/_bucket$/, "")),
  );
  const own = [...text.matchAll(/^# TYPE (zeke_\S+)/gm)].map(([, name]) => name);
  expect(own.filter((name) => !shown.has(name ?? ""))).toEqual([]);
});

test("every label is one that the figure has", async () => {
  const known = labelsByName(await fullyFed());
  for (const expr of EXPRESSIONS) {
    const names = expr.match(NAMES) ?? [];
    const labels = new Set<string>([...OF_SCRAPES, ...names.flatMap((name) => [...(known.get(name) ?? [])])]);
    const by = [...expr.matchAll(/by \(([^)]*)\)/g)].flatMap(([, list = ""]) =>
      list.split(",").map((label) => label.trim()),
    );
    const chosen = [...expr.matchAll(/[{,]([a-z_]+)=~?"/g)].map(([, label = ""]) => label);
    for (const label of [...by, ...chosen]) expect([...labels], expr).toContain(label);
  }
  for (const { title, targets } of DASHBOARD.panels)
    for (const { expr, legendFormat } of targets)
      for (const [, label = ""] of legendFormat.matchAll(/\{\{(\w+)\}\}/g))
        expect(expr, title).toMatch(new RegExp(`by \\([^)]*\\b${label}\\b`));
});

test("panels have numbers of their own, and brackets that close", () => {
  expect(new Set(DASHBOARD.panels.map(({ id }) => id)).size).toBe(DASHBOARD.panels.length);
  for (const expr of EXPRESSIONS)
    for (const [open, close] of ["()", "{}", "[]"].map((pair) => [...pair] as [string, string]))
      expect(expr.split(open).length, expr).toBe(expr.split(close).length);
});

/** The text of figures that have seen one of everything. */
async function fullyFed(): Promise<string> {
  const figures = new Figures({
    config: { accounts: new Map() },
    durable: { trouble: () => undefined },
    clock: { nowMs: () => 0 },
    sockets: () => 1,
  } as unknown as ConstructorParameters<typeof Figures>[0]);
  const { observer } = figures;
  observer.committed?.({ entity: "task", action: "updated" } as Parameters<
    NonNullable<typeof observer.committed>
  >[0]);
  observer.sent?.({ type: "ping" } as unknown as Parameters<NonNullable<typeof observer.sent>>[0]);
  observer.closed?.(1000 as Parameters<NonNullable<typeof observer.closed>>[0]);
  observer.pushed?.("accepted" as Parameters<NonNullable<typeof observer.pushed>>[0], 1);
  observer.receipts?.("ok" as Parameters<NonNullable<typeof observer.receipts>>[0], 1);
  const exchange = { route: "/x", status: 409, bytesIn: 1, bytesOut: 1, seconds: 0.1 };
  const answer = { status: 409, headers: {}, body: { error: "conflict" } };
  const sync = { status: 200, headers: {}, body: {} };
  const calls = [
    { ...exchange, request: { call: { call: "update", entity: "task" }, ifMatch: "r" }, answer },
    { ...exchange, request: { call: { call: "changes" } }, answer: sync },
  ];
  for (const one of calls) figures.exchanged(one as unknown as Parameters<Figures["exchanged"]>[0]);
  return (await figures.text()).body;
}
