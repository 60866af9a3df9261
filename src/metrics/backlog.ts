/**
 * Owns what each device of an account has not seen yet of the others' changes.
 * Refuses to measure: whoever keeps it is told what left it, and when.
 */

import type { EpochMs } from "../base/time.ts";
import type { FactOf } from "../history/facts.ts";
import type { Entity } from "../protocol/entity.ts";
import type { Revision } from "../protocol/revision.ts";

/** The newest change of a record that a device has not seen. */
export interface Missing {
  readonly entity: Entity;
  readonly id: string;
  readonly revision: Revision;
  readonly at: EpochMs;
}

/** A device, as the driver sees it. */
export class Watched<Item extends Missing> {
  open = false;
  online = true;
  readonly missing = new Map<string, Item>();

  /** Takes out what a record at this revision makes visible. */
  take(entity: Entity, id: string, revision: Revision | undefined): Item | undefined {
    const name = `${entity}/${id}`;
    const item = this.missing.get(name);
    if (!item || (revision !== undefined && item.revision > revision)) return undefined;
    this.missing.delete(name);
    return item;
  }

  /** Takes out all that a position covers. */
  takeUpTo(revision: Revision): readonly Item[] {
    const taken: Item[] = [];
    for (const [name, item] of this.missing) {
      if (item.revision > revision) continue;
      this.missing.delete(name);
      taken.push(item);
    }
    return taken;
  }
}

/** The devices of each account, from their first start on. */
export class Fleet<Device> {
  private readonly accounts = new Map<number, Map<number, Device>>();
  private readonly make: () => Device;

  constructor(make: () => Device) {
    this.make = make;
  }

  of({ account, device }: { readonly account: number; readonly device: number }): Device {
    let devices = this.accounts.get(account);
    if (!devices) {
      devices = new Map();
      this.accounts.set(account, devices);
    }
    const known = devices.get(device);
    if (known) return known;
    const made = this.make();
    devices.set(device, made);
    return made;
  }

  /** The account's devices but the one whose commit it was. */
  *others({ account, device }: FactOf<"committed">): Iterable<Device> {
    for (const [index, other] of this.accounts.get(account) ?? []) if (index !== device) yield other;
  }

  *all(): Iterable<Device> {
    for (const devices of this.accounts.values()) yield* devices.values();
  }
}
