/**
 * Owns the frame that every device checker shares: its rule, its count of triggers, and the breaches it keeps.
 * Refuses to know any rule.
 */

import type { Fact, FactName, OnDevice } from "../../history/facts.ts";
import type { Checker, Judgement, Violation } from "../port.ts";

/** Violations kept per rule; more of the same tell nothing new. */
const VIOLATIONS_MAX = 20;
const EVIDENCE_MAX = 20;

/** The fact of one name. */
export type FactOf<Name extends FactName> = Extract<Fact, { readonly fact: Name }>;

/** One breach, without the rule that the checker adds. */
export type Breach = Omit<Violation, "rule">;

/** A fold over the facts of devices; keeps the count and the breaches. */
export abstract class DeviceChecker implements Checker {
  readonly rule: string;
  readonly wants: readonly FactName[];
  private exercised = 0;
  private readonly violations: Violation[] = [];

  constructor(rule: string, wants: readonly FactName[]) {
    this.rule = rule;
    this.wants = [...new Set(wants)];
  }

  abstract fold(fact: Fact): void;

  finish(): Judgement {
    return { exercised: this.exercised, violations: this.violations };
  }

  /** The rule's trigger happened. */
  protected trigger(count = 1): void {
    this.exercised += count;
  }

  protected breach(breach: Breach): void {
    if (this.violations.length >= VIOLATIONS_MAX) return;
    this.violations.push({ rule: this.rule, ...breach, evidence: breach.evidence.slice(-EVIDENCE_MAX) });
  }
}

/** One state per device, made when the device is first heard of. */
export class ByDevice<State> {
  private readonly states: (State | undefined)[] = [];
  private readonly make: (device: number) => State;

  constructor(make: (device: number) => State) {
    this.make = make;
  }

  of(device: number): State {
    const known = this.states[device];
    if (known !== undefined) return known;
    const made = this.make(device);
    this.states[device] = made;
    return made;
  }

  each(visit: (state: State, device: number) => void): void {
    for (const [device, state] of this.states.entries()) if (state !== undefined) visit(state, device);
  }
}

/** One value per entity. What the protocol does not know has a place too: a live history may tell of it [EVT-18]. */
export class EntityMap<Value> {
  private contact: Value | undefined;
  private task: Value | undefined;
  private list: Value | undefined;
  private foreign: Map<string, Value> | undefined;

  get(entity: string): Value | undefined {
    switch (entity) {
      case "contact":
        return this.contact;
      case "task":
        return this.task;
      case "list":
        return this.list;
      default:
        return this.foreign?.get(entity);
    }
  }

  set(entity: string, value: Value): void {
    switch (entity) {
      case "contact":
        this.contact = value;
        return;
      case "task":
        this.task = value;
        return;
      case "list":
        this.list = value;
        return;
      default:
        this.foreign ??= new Map();
        this.foreign.set(entity, value);
    }
  }

  each(visit: (value: Value, entity: string) => void): void {
    if (this.contact !== undefined) visit(this.contact, "contact");
    if (this.task !== undefined) visit(this.task, "task");
    if (this.list !== undefined) visit(this.list, "list");
    this.foreign?.forEach(visit);
  }

  clear(): void {
    this.contact = undefined;
    this.task = undefined;
    this.list = undefined;
    this.foreign = undefined;
  }
}

/** A map by record, without a text built for every look-up. */
export class RecordMap<Value> {
  /** Entries; most maps are empty most of the time. */
  size = 0;
  private readonly entities = new EntityMap<Map<string, Value>>();

  get(entity: string, id: string): Value | undefined {
    return this.size === 0 ? undefined : this.entities.get(entity)?.get(id);
  }

  set(entity: string, id: string, value: Value): void {
    const records = this.entities.get(entity);
    if (records === undefined) {
      this.entities.set(entity, new Map([[id, value]]));
      this.size++;
      return;
    }
    const before = records.size;
    records.set(id, value);
    this.size += records.size - before;
  }

  delete(entity: string, id: string): void {
    if (this.size > 0 && this.entities.get(entity)?.delete(id)) this.size--;
  }

  clear(): void {
    if (this.size === 0) return;
    this.entities.clear();
    this.size = 0;
  }
}

/** How a device is called in a message; names are in the run's roster. */
export function who(fact: Pick<OnDevice, "device">): string {
  return `device ${fact.device}`;
}
