/**
 * Owns what people write in a scripted workload: which record, which operation, which words.
 * Refuses to know when: it fills the slots that sessions left for edits, an account at a time, in order of time.
 */

import type { Prng } from "../base/prng.ts";
import { MINUTE_MS } from "../base/time.ts";
import type { Entity } from "../protocol/entity.ts";
import type { Action, Change, Deed } from "./plan.ts";
import type { Scenario } from "./scenario.ts";

/** Room for one edit; `follows` names the first of a burst, whose record it goes to as well. */
export interface Slot {
  readonly device: number;
  readonly atMs: number;
  readonly follows: Slot | undefined;
}

/** Nobody means to edit a record that somebody deleted longer ago than this. */
const DELETED_KNOWN_MS = 15 * MINUTE_MS;
const PICKS_MAX = 16;
const ITEM_PLACES = 40;

interface Target {
  readonly entity: Entity;
  readonly seed: number;
}

/** The edits of one account. */
export class ScriptedEdits {
  private readonly scenario: Scenario;
  private readonly random: Prng;
  private readonly deletedMs = new Map<string, number>();
  private readonly targets = new Map<Slot, Target>();
  private texts = 0;

  constructor(scenario: Scenario, random: Prng) {
    this.scenario = scenario;
    this.random = random;
  }

  /** An edit for each slot. A burst whose first edit was no update has no more of it. */
  fill(slots: readonly Slot[]): readonly Action[] {
    const inOrder = [...slots].sort((left, right) => left.atMs - right.atMs || left.device - right.device);
    return inOrder.flatMap((slot) => {
      const deed = slot.follows ? this.followed(slot, slot.follows) : this.drawn(slot);
      return deed ? [{ at: { ms: slot.atMs }, deed }] : [];
    });
  }

  private followed(slot: Slot, first: Slot): Deed | undefined {
    const target = this.targets.get(first);
    return target && this.update(slot, target);
  }

  private drawn(slot: Slot): Deed {
    const { operations } = this.scenario.workload;
    const entity = this.entity();
    const draw = this.random.unit();
    const target = draw < operations.create ? undefined : this.target(entity, slot.atMs);
    if (!target) return this.create(slot, entity);
    const isDelete = draw >= operations.create + operations.update && !this.isHot(target);
    if (!isDelete) {
      this.targets.set(slot, target);
      return this.update(slot, target);
    }
    this.deletedMs.set(`${entity}/${target.seed}`, slot.atMs);
    return { do: "edit", device: slot.device, entity, operation: "delete", record: { seed: target.seed } };
  }

  private entity(): Entity {
    const { contact, task } = this.scenario.workload.entities;
    const draw = this.random.unit();
    return draw < contact ? "contact" : draw < contact + task ? "task" : "list";
  }

  private isHot({ seed }: Target): boolean {
    return seed < this.scenario.workload.hotRecords;
  }

  /** One of the few that all edit, or any other; undefined when the account has none left. */
  private target(entity: Entity, atMs: number): Target | undefined {
    const { hot, hotRecords } = this.scenario.workload;
    const records = this.scenario.fleet.records[entity];
    if (records === 0) return undefined;
    if (this.random.chance(hot)) return { entity, seed: this.random.below(Math.min(hotRecords, records)) };
    for (let pick = 0; pick < PICKS_MAX; pick++) {
      const seed = this.random.below(records);
      const deletedMs = this.deletedMs.get(`${entity}/${seed}`);
      if (deletedMs === undefined || atMs - deletedMs < DELETED_KNOWN_MS) return { entity, seed };
    }
    return undefined;
  }

  private create({ device }: Slot, entity: Entity): Deed {
    const fields =
      entity === "contact"
        ? { name: this.text(device), phone: this.text(device) }
        : entity === "task"
          ? { title: this.text(device), done: false }
          : { name: this.text(device) };
    const change: Change = entity === "list" ? { fields, add: [this.text(device)] } : { fields };
    return { do: "edit", device, entity, operation: "create", change };
  }

  private update({ device }: Slot, { entity, seed }: Target): Deed {
    const change = entity === "list" ? this.listChange(device) : { fields: this.fields(device, entity) };
    return { do: "edit", device, entity, operation: "update", record: { seed }, change };
  }

  private fields(device: number, entity: "contact" | "task"): NonNullable<Change["fields"]> {
    const draw = this.random.unit();
    if (entity === "contact") {
      const field = draw < 0.45 ? "name" : draw < 0.65 ? "phone" : draw < 0.85 ? "email" : "notes";
      return { [field]: this.text(device) };
    }
    if (draw < 0.45) return { done: this.random.chance(0.5) };
    return { [draw < 0.65 ? "title" : "notes"]: this.text(device) };
  }

  private listChange(device: number): Change {
    const draw = this.random.unit();
    if (draw < 0.06) return { fields: { name: this.text(device) } };
    if (draw < 0.55) return { add: [this.text(device)] };
    const at = this.random.below(ITEM_PLACES);
    return draw < 0.7 ? { remove: [at] } : { reword: [{ at, text: this.text(device) }] };
  }

  /** A text of its own, so that a lost edit cannot hide behind an equal one. */
  private text(device: number): string {
    return `d${device} writes ${this.texts++}`;
  }
}
