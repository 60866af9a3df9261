/**
 * Owns the text of what a shard measured, so that another process can go on merging it: the state of the folds, not
 * the percentiles that are made of it.
 * Refuses to know any measure: state is written member by member, and read back into a fold that is new.
 */

import { decodeFromCompressedBase64, encodeIntoCompressedBase64, type Histogram } from "hdr-histogram-js";
import { assert } from "../base/assert.ts";
import type { Json } from "../base/canonical-json.ts";
import { createMetrics, type MetricsFold } from "../metrics/all.ts";
import { PerDevice } from "../metrics/measure.ts";
import { createSeries, type SeriesMeasure } from "../metrics/series.ts";
import { DeviceLine } from "../metrics/series-device.ts";

/** The folds of a run that are merged. */
export interface MeasuredState {
  readonly metrics: MetricsFold;
  readonly series: SeriesMeasure;
}

type Members = Record<string, unknown>;

/** What a fresh fold has of its own accord: what it wants, and who is told what. */
const NOT_STATE: ReadonlySet<string> = new Set(["wants", "byFact", "sink", "make", "widened"]);

/** Folds with nothing in them. */
export function emptyState(): MeasuredState {
  const series = createSeries();
  return { metrics: createMetrics(series), series };
}

/** What was measured, as JSON. Mutations that still wait are counted as the end of the run finds them. */
export function encodeState({ metrics }: Pick<MeasuredState, "metrics">): Json {
  // Merged into an empty one, nothing is left but what merging needs.
  const carrier = emptyState();
  carrier.metrics.merge(metrics);
  return encode(carrier.metrics, new Set());
}

/** The same again, ready to be merged. Device numbers are moved by `firstDevice`, as shards number theirs alike. */
export function decodeState(json: Json, firstDevice: number): MeasuredState {
  const state = emptyState();
  decode(json, state.metrics, { firstDevice, known: classesIn(state.metrics) });
  return state;
}

function encode(value: unknown, seen: Set<object>): Json {
  if (typeof value === "number" && !Number.isFinite(value)) return { $: "number", is: String(value) };
  if (value === null || typeof value === "number" || typeof value === "string" || typeof value === "boolean")
    return value;
  assert(typeof value === "object", "the state of a measure is data");
  if (isHistogram(value)) return { $: "histogram", is: encodeIntoCompressedBase64(value) };
  if (value instanceof Float64Array || value instanceof Uint32Array) return sparse(value);
  if (Array.isArray(value)) return value.map((one) => (one === undefined ? null : encode(one, seen)));
  if (value instanceof Map)
    return { $: "map", is: [...value].map(([key, one]) => [encode(key, seen), encode(one, seen)]) };
  if (value instanceof Set) return { $: "set", is: [...value].map((one) => encode(one, seen)) };
  seen.add(value);
  const members = Object.entries(value).filter(
    ([name, one]) =>
      one !== undefined && !NOT_STATE.has(name) && typeof one !== "function" && !seen.has(one as object),
  );
  const is = Object.fromEntries(members.map(([name, one]) => [name, encode(one, seen)]));
  return { $: className(value), is };
}

/** Numbers that are not 0, each behind its place. */
function sparse(row: Float64Array | Uint32Array): Json {
  const is: number[] = [];
  row.forEach((count, place) => {
    if (count !== 0) is.push(place, count);
  });
  return { $: "row", length: row.length, wide: row instanceof Float64Array, is };
}

interface Reading {
  readonly firstDevice: number;
  /** Prototypes by the name of their class. */
  readonly known: ReadonlyMap<string, object>;
}

type Tagged =
  | { readonly $: "row"; readonly length: number; readonly wide: boolean; readonly is: readonly number[] }
  | { readonly $: string; readonly is: Json };

function decode(json: Json, template: unknown, reading: Reading): unknown {
  if (json === null) return undefined;
  if (typeof json !== "object") return json;
  if (Array.isArray(json)) return json.map((one) => decode(one, undefined, reading));
  const tagged = json as unknown as Tagged;
  switch (tagged.$) {
    case "number":
      return Number(tagged.is);
    case "histogram":
      return decodeFromCompressedBase64(String(tagged.is), 32, false);
    case "row":
      return dense(tagged as Extract<Tagged, { $: "row" }>, template);
    case "map":
      return new Map(
        (tagged.is as [Json, Json][]).map(([key, one]) => [
          decode(key, undefined, reading),
          decode(one, undefined, reading),
        ]),
      );
    case "set":
      return new Set((tagged.is as Json[]).map((one) => decode(one, undefined, reading)));
    default:
      return fill(tagged.is as Record<string, Json>, tagged.$, template, reading);
  }
}

function dense({ length, wide, is }: Extract<Tagged, { $: "row" }>, template: unknown): unknown {
  const fits =
    (template instanceof Float64Array || template instanceof Uint32Array) && template.length === length;
  const row = fits ? template : wide ? new Float64Array(length) : new Uint32Array(length);
  for (let at = 0; at + 1 < is.length; at += 2) row[is[at] ?? 0] = is[at + 1] ?? 0;
  return row;
}

/** Into the object of the fresh fold where it has one; else into a new one of the same class. */
function fill(members: Record<string, Json>, name: string, template: unknown, reading: Reading): unknown {
  const target = targetFor(name, template, reading) as Members;
  for (const [member, json] of Object.entries(members)) {
    const read = decode(json, target[member], reading);
    // Names come from a file: what is not a member of the class is data of a plain object.
    Object.defineProperty(target, member, {
      value: read,
      writable: true,
      enumerable: true,
      configurable: true,
    });
  }
  if (target instanceof DeviceLine)
    Object.defineProperty(target, "device", {
      value: target.device + reading.firstDevice,
      writable: true,
      enumerable: true,
      configurable: true,
    });
  return target;
}

function targetFor(name: string, template: unknown, { known }: Reading): object {
  if (typeof template === "object" && template !== null && className(template) === name) return template;
  if (name === "Object") return {};
  const prototype = known.get(name);
  assert(prototype !== undefined, `a measure's state of the class ${name} can be read`);
  return Object.create(prototype) as object;
}

/** The classes of all that a fresh fold is made of, and those that are made on the way. */
function classesIn(root: object): ReadonlyMap<string, object> {
  const found = new Map<string, object>([["DeviceLine", DeviceLine.prototype]]);
  const seen = new Set<object>();
  const walk = (value: unknown): void => {
    if (typeof value !== "object" || value === null || seen.has(value) || ArrayBuffer.isView(value)) return;
    seen.add(value);
    found.set(className(value), Object.getPrototypeOf(value) as object);
    for (const one of value instanceof Map ? value.values() : Object.values(value)) walk(one);
    if (value instanceof PerDevice) walk(value.sample());
  };
  walk(root);
  return found;
}

function className(value: object): string {
  return (
    (Object.getPrototypeOf(value) as { readonly constructor?: { readonly name: string } } | null)?.constructor
      ?.name ?? "Object"
  );
}

function isHistogram(value: object): value is Histogram {
  return "recordValue" in value && "getValueAtPercentile" in value;
}
