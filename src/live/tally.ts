/**
 * Owns counts between two scrapes: adding one costs a lookup, and Prometheus gets them when it asks.
 * Refuses to know what is counted.
 */

import { Counter, type Registry } from "prom-client";

const SEPARATOR = "\n";

/** One counter of Prometheus, fed when it is read. Label values are from closed sets, so the map stays small. */
export class Tally {
  private readonly labelNames: readonly string[];
  private readonly counts = new Map<string, number>();

  constructor(registry: Registry, name: string, help: string, labelNames: readonly string[] = []) {
    this.labelNames = labelNames;
    const counter: Counter = new Counter({
      name,
      help,
      labelNames: [...labelNames],
      registers: [registry],
      collect: () => this.feed(counter),
    });
  }

  /** Adds `by` under the values of the labels, in the order of their names. */
  add(by: number, first = "", second?: string): void {
    const key = second === undefined ? first : first + SEPARATOR + second;
    this.counts.set(key, (this.counts.get(key) ?? 0) + by);
  }

  private feed(counter: Counter): void {
    for (const [key, count] of this.counts) {
      const values = key.split(SEPARATOR);
      counter.inc(
        Object.fromEntries(this.labelNames.map((name, index) => [name, values[index] ?? ""])),
        count,
      );
    }
    this.counts.clear();
  }
}
