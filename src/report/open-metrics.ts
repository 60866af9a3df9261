/**
 * Owns the OpenMetrics 1.0 text of a simulation, for a push gateway: figures in base units, verdicts, counts.
 * Refuses time stamps: a gateway keeps what it was told last.
 *
 * Source: https://github.com/prometheus/OpenMetrics/blob/v1.0.0/specification/OpenMetrics.md
 */

import type { Unit } from "./numbers.ts";
import type { SimulationReport } from "./result-schema.ts";

type Labels = Readonly<Record<string, string>>;

interface Sample {
  /** Behind the family's name, such as `_total`. */
  readonly suffix?: string;
  readonly labels?: Labels;
  readonly value: number;
}

interface Family {
  readonly name: string;
  readonly type: "gauge" | "counter" | "summary";
  /** The name ends with it. */
  readonly unit?: "seconds" | "ratio" | "bytes";
  readonly help: string;
  readonly samples: readonly Sample[];
}

const MS_A_SECOND = 1_000;
const QUANTILES = [
  ["p50", "0.5"],
  ["p90", "0.9"],
  ["p99", "0.99"],
] as const;

/** The text, ended by `# EOF`. Every sample carries the labels scenario and seed. */
export function renderOpenMetrics(report: SimulationReport): string {
  const everywhere = { scenario: report.scenario.name, seed: String(report.seed) };
  const families = [...runFamilies(report), ...figureFamilies(report), ...verdictFamilies(report)];
  return `${families.flatMap((family) => familyLines(family, everywhere)).join("\n")}\n# EOF\n`;
}

function runFamilies({ suite, verdict, run, fleet, timing }: SimulationReport): readonly Family[] {
  return [
    {
      // Not of the type info: gateways that read the older format only know none.
      name: "zeke_sync_run_info",
      type: "gauge",
      help: "What was run, and what it came to",
      samples: [{ labels: { version: suite.version, verdict, ended: run.ended }, value: 1 }],
    },
    gauge(
      "zeke_sync_run_passed",
      "1 when no rule is violated, no threshold missed, and the run settled",
      verdict === "pass" ? 1 : 0,
    ),
    gauge("zeke_sync_devices", "Devices of the fleet", fleet.devices),
    gauge(
      "zeke_sync_simulated_seconds",
      "Virtual time that passed",
      run.simulatedMs / MS_A_SECOND,
      "seconds",
    ),
    gauge("zeke_sync_wall_seconds", "Time that the run took", timing.wallMs / MS_A_SECOND, "seconds"),
    counter("zeke_sync_edits", "Edits of users", run.edits),
    counter("zeke_sync_commits", "Changes committed", run.commits),
    counter("zeke_sync_sent_requests", "Requests that devices sent", run.requests),
  ];
}

function figureFamilies({ figures }: SimulationReport): readonly Family[] {
  return figures.flatMap((figure): readonly Family[] => {
    const { unit, samples, values } = figure;
    const name = `zeke_sync_${figure.name.replaceAll(/[^a-z0-9]+/g, "_")}`;
    const { value, p50, mean, max } = values;
    if (p50 !== undefined) {
      const quantiles = QUANTILES.flatMap(([statistic, quantile]) =>
        values[statistic] === undefined
          ? []
          : [{ labels: { quantile }, value: inBase(values[statistic], unit) }],
      );
      const sum = { suffix: "_sum", value: inBase((mean ?? 0) * samples, unit) };
      const summary = withUnit(name, unit, "summary", `${figure.name}, by quantile`, [
        ...quantiles,
        { suffix: "_count", value: samples },
        sum,
      ]);
      if (max === undefined) return [summary];
      return [
        summary,
        withUnit(`${name}_max`, unit, "gauge", `${figure.name}, the largest`, [{ value: inBase(max, unit) }]),
      ];
    }
    const told = { value, mean, max };
    return (["value", "mean", "max"] as const).flatMap((statistic) => {
      const number = told[statistic];
      if (number === undefined) return [];
      const own = statistic === "value" ? name : `${name}_${statistic}`;
      const help = statistic === "value" ? figure.name : `${figure.name}, ${statistic}`;
      return [withUnit(own, unit, "gauge", help, [{ value: inBase(number, unit) }])];
    });
  });
}

function verdictFamilies({ rules, thresholds, faults }: SimulationReport): readonly Family[] {
  const judged = rules.filter(({ verdict }) => verdict === "satisfied" || verdict === "violated");
  const verdicts = ["satisfied", "violated", "not exercised", "excluded"] as const;
  return [
    {
      name: "zeke_sync_rules",
      type: "gauge",
      help: "Rules by verdict",
      samples: verdicts.map((verdict) => ({
        labels: { verdict },
        value: rules.filter((rule) => rule.verdict === verdict).length,
      })),
    },
    {
      name: "zeke_sync_rule_exercised",
      type: "counter",
      help: "How often a rule was put to the test",
      samples: judged.map(({ id, exercised }) => ({
        suffix: "_total",
        labels: { rule: id },
        value: exercised,
      })),
    },
    {
      name: "zeke_sync_rule_violations",
      type: "counter",
      help: "Breaches of a rule",
      samples: judged.map(({ id, violated }) => ({
        suffix: "_total",
        labels: { rule: id },
        value: violated,
      })),
    },
    {
      name: "zeke_sync_threshold_met",
      type: "gauge",
      help: "1 when a threshold of the scenario is met",
      samples: thresholds.map(({ threshold, verdict }) => ({
        labels: { threshold },
        value: verdict === "met" ? 1 : 0,
      })),
    },
    {
      name: "zeke_sync_fault_strikes",
      type: "counter",
      help: "How often a fault of the scenario struck",
      samples: Object.entries(faults).map(([fault, value]) => ({
        suffix: "_total",
        labels: { fault },
        value,
      })),
    },
  ];
}

function gauge(name: string, help: string, value: number, unit?: Family["unit"]): Family {
  return { name, type: "gauge", help, samples: [{ value }], ...(unit && { unit }) };
}

function counter(name: string, help: string, value: number): Family {
  return { name, type: "counter", help, samples: [{ suffix: "_total", value }] };
}

/** A name ends with its unit, in base units: seconds, bytes, ratios. */
function withUnit(
  name: string,
  unit: Unit,
  type: Family["type"],
  help: string,
  samples: readonly Sample[],
): Family {
  const base = ({ ms: "seconds", share: "ratio", bytes: "bytes", count: undefined } as const)[unit];
  if (base === undefined) return { name, type, help, samples };
  return { name: `${name}_${base}`, unit: base, type, help, samples };
}

function inBase(value: number, unit: Unit): number {
  return unit === "ms" ? value / MS_A_SECOND : value;
}

function familyLines({ name, type, unit, help, samples }: Family, everywhere: Labels): readonly string[] {
  if (samples.length === 0) return [];
  return [
    `# TYPE ${name} ${type}`,
    ...(unit === undefined ? [] : [`# UNIT ${name} ${unit}`]),
    `# HELP ${name} ${escaped(help)}`,
    ...samples.map(({ suffix = "", labels = {}, value }) => {
      const all = Object.entries({ ...everywhere, ...labels }).map(
        ([label, text]) => `${label}="${escaped(text)}"`,
      );
      return `${name}${suffix}{${all.join(",")}} ${value}`;
    }),
  ];
}

function escaped(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
