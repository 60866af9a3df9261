/**
 * Owns a bounded memory of what was used of late: a map that forgets what was not asked for for long.
 * Refuses to know what it holds, and to promise that it still holds it.
 */

/** Two generations: what the old one held and was asked for again lives on, the rest goes when the young one is full. */
export class Recent<Value> {
  private readonly countMax: number;
  private young = new Map<string, Value>();
  private old = new Map<string, Value>();

  /** Holds at least the `countMax` entries last set or asked for, and at most twice as many. */
  constructor(countMax: number) {
    this.countMax = countMax;
  }

  get(name: string): Value | undefined {
    const young = this.young.get(name);
    if (young !== undefined) return young;
    const old = this.old.get(name);
    if (old !== undefined) this.set(name, old);
    return old;
  }

  set(name: string, value: Value): void {
    if (this.young.size >= this.countMax && !this.young.has(name)) {
      this.old = this.young;
      this.young = new Map();
    }
    this.young.set(name, value);
  }

  delete(name: string): void {
    this.young.delete(name);
    this.old.delete(name);
  }

  clear(): void {
    this.young.clear();
    this.old.clear();
  }
}
