/**
 * Owns the reading of Prometheus' text format, strictly: what a scraper would refuse, this refuses.
 * Refuses to know any figure.
 */

import { assert } from "../base/assert.ts";

const NAME = "[a-zA-Z_:][a-zA-Z0-9_:]*";
const LABEL = '[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\\\\n]|\\\\["\\\\n])*"';
const SAMPLE = new RegExp(`^(${NAME})(\\{${LABEL}(?:,${LABEL})*\\})? (\\S+)$`);
const TYPE = new RegExp(`^# TYPE (${NAME}) (counter|gauge|histogram|summary)$`);
const HELP = new RegExp(`^# HELP (${NAME}) \\S.*$`);
const SUFFIX = /_(?:bucket|sum|count)$/;

/** The samples by name and labels, as they are written. Fails on anything that is not well formed. */
export function parsePrometheus(text: string): ReadonlyMap<string, number> {
  assert(text.endsWith("\n"), "the last line ends");
  const types = new Map<string, string>();
  const samples = new Map<string, number>();
  for (const line of text.split("\n")) {
    if (line === "" || HELP.test(line)) continue;
    const typed = TYPE.exec(line);
    if (typed !== null) {
      const [, name = "", type = ""] = typed;
      assert(!types.has(name), `one type: ${line}`);
      types.set(name, type);
      continue;
    }
    const [, name = "", labels = "", value = ""] = SAMPLE.exec(line) ?? [];
    assert(name !== "", `a sample: ${line}`);
    assert(types.has(name) || types.has(name.replace(SUFFIX, "")), `a type before it: ${line}`);
    assert(!samples.has(name + labels), `told once: ${line}`);
    // Prometheus reads NaN in any case, and prom-client writes it in a case of its own.
    const isNumber = Number.isFinite(Number(value)) || /^(?:nan|[+-]inf)$/i.test(value);
    assert(isNumber, `a number: ${line}`);
    samples.set(name + labels, Number(value));
  }
  return samples;
}

/** How much each sample grew, where it did. */
export function growthOf(
  before: ReadonlyMap<string, number>,
  after: ReadonlyMap<string, number>,
): Readonly<Record<string, number>> {
  const grown: [string, number][] = [];
  for (const [name, value] of after) {
    const growth = value - (before.get(name) ?? 0);
    if (growth !== 0) grown.push([name, growth]);
  }
  return Object.fromEntries(grown);
}
