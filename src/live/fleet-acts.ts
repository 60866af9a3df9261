/**
 * Owns what the people of a fleet do and when: acts in order of time, carried out on live phones.
 * Refuses to invent: they are drawn before the run begins (fleet-script.ts, fleet-mischief.ts); only what somebody writes
 * into a record is drawn when they see it.
 */

import { assertNever } from "../base/assert.ts";
import { type Prng, stream } from "../base/prng.ts";
import type { Edit } from "../device/port.ts";
import { ENTITIES, type Entity, type Fields, type ListItem } from "../protocol/entity.ts";
import { Author } from "../simulation/author.ts";
import type { Change } from "../simulation/plan.ts";
import { type FleetStage, seedName } from "./fleet-stage.ts";
import type { LivePhone } from "./live-phone.ts";

/** What somebody does with one phone, or what befalls it. */
export type LiveDeed =
  | { readonly do: "open" | "close" | "kill" | "refresh" }
  | { readonly do: "offline"; readonly forMs: number }
  | { readonly do: "clock"; readonly byMs: number }
  | { readonly do: "read"; readonly entity: Entity; readonly seed: number | undefined }
  /** An edit of a seed record, or of a new one, as a script has it. */
  | {
      readonly do: "edit";
      readonly entity: Entity;
      readonly operation: Edit["operation"];
      readonly seed: number | undefined;
      readonly change: Change;
    }
  /** Any edit of whatever the person sees; more of the same record follow at once. */
  | { readonly do: "write"; readonly more: number };

export interface LiveAct {
  /** From when the fleet's faults begin. */
  readonly atMs: number;
  readonly device: number;
  readonly deed: LiveDeed;
}

/** Which of an account's groups of records a phone's owner works in. */
export type GroupOf = (device: number) => number;

export class FleetActs {
  private readonly stage: FleetStage;
  private readonly phones: readonly LivePhone[];
  private readonly acts: readonly LiveAct[];
  private readonly groupOf: GroupOf;
  private readonly hands = new Map<
    number,
    { readonly author: Author; readonly random: Prng; made: number }
  >();
  private beganMs = 0;
  private next = 0;
  private items = 0;

  constructor(stage: FleetStage, phones: readonly LivePhone[], acts: readonly LiveAct[], groupOf: GroupOf) {
    this.stage = stage;
    this.phones = phones;
    this.acts = acts;
    this.groupOf = groupOf;
  }

  begin(): void {
    this.beganMs = this.stage.agenda.nowMs;
    this.goOn();
  }

  /** One event on the agenda at a time, however many acts there are. */
  private goOn(): void {
    const { agenda } = this.stage;
    const act = this.acts[this.next];
    if (act === undefined || this.stage.healed) return;
    agenda.put(this.beganMs + act.atMs, () => {
      if (this.stage.healed) return;
      this.next++;
      const phone = this.phones[act.device];
      if (phone !== undefined) this.carryOut(phone, act.deed);
      this.goOn();
    });
  }

  private carryOut(phone: LivePhone, deed: LiveDeed): void {
    switch (deed.do) {
      case "open":
        return phone.owner.opens();
      case "close":
        return phone.owner.closes();
      case "kill":
        return phone.kill();
      case "refresh":
        return phone.feed({ input: "refresh" });
      case "offline":
        return this.goOffline(phone, deed.forMs);
      case "clock": {
        phone.clock.step(deed.byMs);
        const { at, ...who } = phone.on();
        return this.stage.record({ fact: "clock_set", at, ...who, offsetMs: phone.clock.errorMs(at) });
      }
      case "read": {
        const id = deed.seed === undefined ? undefined : this.seedId(phone, deed.entity, deed.seed);
        return phone.feed({
          input: "read",
          query: { entity: deed.entity, ...(id !== undefined && { id }) },
        });
      }
      case "edit":
        return this.edit(phone, deed);
      case "write":
        return this.write(phone, deed.more);
      default:
        assertNever(deed);
    }
  }

  private goOffline(phone: LivePhone, forMs: number): void {
    const { agenda } = this.stage;
    phone.goOffline();
    agenda.put(agenda.nowMs + forMs, () => phone.goOnline());
  }

  private edit(phone: LivePhone, deed: Extract<LiveDeed, { do: "edit" }>): void {
    if (!phone.owner.inSession) return;
    const { entity, operation, change } = deed;
    if (operation === "create") {
      const recordId = this.newId(phone);
      phone.edits({ entity, operation, recordId, payload: this.changed(entity, change, {}) });
      return;
    }
    const id = deed.seed === undefined ? undefined : this.seedId(phone, entity, deed.seed);
    const shown = id === undefined ? undefined : phone.screen.get(entity, id);
    if (shown === undefined) return;
    const payload = operation === "delete" ? undefined : this.changed(entity, change, shown.fields);
    phone.edits({ entity, operation, recordId: shown.id, ...(payload && { payload }) });
  }

  /** Whatever comes to somebody's mind. */
  private write(phone: LivePhone, more: number): void {
    if (!phone.owner.inSession) return;
    const { author, random } = this.handOf(phone);
    const entity = random.pick(ENTITIES);
    const rows = phone.screen.all(entity);
    const draw = random.unit();
    if (rows.length === 0 || draw < 0.2) {
      phone.edits({ ...author.create(entity), recordId: this.newId(phone) });
      return;
    }
    // Most edits meet on a few records: what the others write as well.
    const hot = phone.screen.get(entity, this.seedId(phone, entity, random.below(2)));
    const target = hot !== undefined && random.chance(0.6) ? hot : random.pick(rows);
    if (draw > 0.88) {
      phone.edits({ entity, operation: "delete", recordId: target.id });
      return;
    }
    for (let nth = 0; nth <= more; nth++) {
      const shown = phone.screen.get(entity, target.id);
      if (shown !== undefined) phone.edits(author.update(entity, shown));
    }
  }

  private handOf(phone: LivePhone) {
    const known = this.hands.get(phone.index);
    if (known !== undefined) return known;
    const name = `d${phone.index}`;
    const { seed } = this.stage;
    const hand = {
      author: new Author(stream(seed, `${name}/author`), name),
      random: stream(seed, `${name}/hand`),
      made: 0,
    };
    this.hands.set(phone.index, hand);
    return hand;
  }

  private newId(phone: LivePhone): string {
    const hand = this.handOf(phone);
    return `${this.stage.names.prefix}a${phone.account}-d${phone.index}-${hand.made++}`;
  }

  private seedId(phone: LivePhone, entity: Entity, nth: number): string {
    return seedName(this.stage.names, this.groupOf(phone.index), phone.account, entity, nth);
  }

  private changed(entity: Entity, change: Change, shown: Fields): Fields {
    const { fields = {}, add = [], remove = [], reword = [] } = change;
    if (entity !== "list" || add.length + remove.length + reword.length === 0) return fields;
    const before = Array.isArray(shown.items) ? (shown.items as readonly ListItem[]) : [];
    const gone = new Set(remove.map((at) => before[at % Math.max(1, before.length)]));
    const texts = new Map(reword.map(({ at, text }) => [before[at % Math.max(1, before.length)], text]));
    const kept = before
      .filter((item) => !gone.has(item))
      .map((item) => (texts.has(item) ? { ...item, text: texts.get(item) ?? "" } : item));
    const added = add.map((text) => ({ id: `${this.stage.names.prefix}i${this.items++}`, text }));
    return { ...fields, items: [...kept, ...added] as unknown as Fields[string] };
  }
}
