/**
 * Owns the carrying out of a plan: each action at its time, or at the nth passing of its hook.
 * Refuses to invent: without a plan it does nothing, and nobody notices it.
 */

import { assertNever } from "../base/assert.ts";
import type { Edit } from "../device/port.ts";
import type { Fields, ListItem } from "../protocol/entity.ts";
import type { AccountId } from "../protocol/messages.ts";
import type { Call } from "../protocol/request.ts";
import { EVENT } from "./agenda.ts";
import { seedId } from "./names.ts";
import type { Phone } from "./phone.ts";
import type { Action, Change, Deed, Hook, RecordName } from "./plan.ts";
import type { Stage } from "./stage.ts";

/** Hooks inside a step of an app: what is placed there happens when the step is over, at the same instant. */
const INSIDE_APP: ReadonlySet<Hook> = new Set([
  "before-send",
  "after-send",
  "before-store",
  "before-revision",
  "between-pages",
]);

interface Waiting {
  readonly index: number;
  readonly nth: number;
  readonly device: number | undefined;
  passed: number;
}

export class Director {
  private readonly stage: Stage;
  private readonly actions: readonly Action[];
  /** Actions at hooks that were not reached often enough yet. */
  private readonly waiting = new Map<Hook, Waiting[]>();
  /** Labels of records that the plan made, to their ids. */
  private readonly made = new Map<string, string>();
  private items = 0;
  /** The answer at hand is to be lost. */
  private loses = false;

  constructor(stage: Stage, actions: readonly Action[]) {
    this.stage = stage;
    this.actions = actions;
  }

  begin(): void {
    for (const [index, { at }] of this.actions.entries()) {
      if ("ms" in at) {
        if (at.ms < this.stage.scenario.duration) this.stage.agenda.put(at.ms, EVENT.acts, index);
        continue;
      }
      const here = this.waiting.get(at.hook) ?? [];
      here.push({ index, nth: at.nth, device: at.device, passed: 0 });
      this.waiting.set(at.hook, here);
    }
  }

  /** There is a plan. */
  get isOn(): boolean {
    return this.actions.length > 0;
  }

  /** The time of an action has come. */
  acts(index: number): void {
    const action = this.actions[index];
    if (action !== undefined && !this.stage.healed) this.carryOut(action.deed);
  }

  /** A hook is passed, by this device if it is one's. True: the answer at hand is lost. */
  passes(hook: Hook, device: number): boolean {
    const here = this.waiting.get(hook);
    if (here === undefined || this.stage.healed) return false;
    this.loses = false;
    for (let i = 0; i < here.length; i++) {
      const one = here[i] as Waiting;
      if (one.device !== undefined && one.device !== device) continue;
      one.passed++;
      if (one.passed === one.nth) this.struck(hook, one.index, device);
    }
    return this.loses;
  }

  private struck(hook: Hook, index: number, device: number): void {
    const deed = this.actions[index]?.deed;
    if (deed === undefined) return;
    if (!INSIDE_APP.has(hook)) return this.carryOut(deed);
    if (deed.do === "kill" && deed.device === device) return this.phone(device)?.dooms();
    this.stage.agenda.put(this.stage.agenda.nowMs, EVENT.acts, index);
  }

  private carryOut(deed: Deed): void {
    const { agenda, backend } = this.stage;
    switch (deed.do) {
      case "write":
        return this.write(deed);
      case "outage":
        if (deed.instance >= backend.instanceCount) return;
        this.stage.strikes.add("outage");
        agenda.put(agenda.nowMs + deed.forMs, EVENT.outageEnds, deed.instance);
        return backend.goDown(deed.instance);
      case "cut-off":
        if (deed.instance >= backend.instanceCount || backend.instanceCount === 1) return;
        this.stage.strikes.add("cut-off");
        agenda.put(agenda.nowMs + deed.forMs, EVENT.cutEnds, deed.instance);
        return backend.cutOff(deed.instance, agenda.nowMs + deed.forMs);
      case "proxy-clock":
        this.stage.strikes.add("proxy-clock-step");
        return backend.clock.step(deed.byMs);
      case "lose":
        this.loses = true;
        return;
      default: {
        const phone = this.phone(deed.device);
        if (phone !== undefined) this.onPhone(phone, deed);
      }
    }
  }

  private onPhone(phone: Phone, deed: Extract<Deed, { readonly device: number }>): void {
    switch (deed.do) {
      case "open":
        return phone.user.opens();
      case "close":
        return phone.user.sessionEnds();
      case "kill":
        this.stage.strikes.add("kill");
        return phone.kill();
      case "edit":
        return this.edit(phone, deed);
      case "read": {
        if (!phone.settings.entities.includes(deed.entity)) return;
        const id = deed.record && this.idOf(deed.entity, deed.record);
        return phone.feed({ input: "read", query: { entity: deed.entity, ...(id !== undefined && { id }) } });
      }
      case "refresh":
        return phone.feed({ input: "refresh" });
      default:
        return this.trouble(phone, deed);
    }
  }

  private trouble(
    phone: Phone,
    deed: Exclude<
      Extract<Deed, { readonly device: number }>,
      { readonly do: "open" | "close" | "kill" | "edit" | "read" | "refresh" }
    >,
  ): void {
    const { agenda, strikes, startMs } = this.stage;
    switch (deed.do) {
      case "offline":
        strikes.add("tunnel");
        agenda.put(agenda.nowMs + deed.forMs, EVENT.offlineEnds, phone.index);
        return phone.radio.goOffline();
      case "partition": {
        const untilMs = agenda.nowMs + deed.forMs;
        strikes.add("partition");
        if (deed.direction === "up") phone.radio.upDeadUntilMs = Math.max(phone.radio.upDeadUntilMs, untilMs);
        else phone.radio.downDeadUntilMs = Math.max(phone.radio.downDeadUntilMs, untilMs);
        return;
      }
      case "sever":
        return phone.radio.sever();
      case "clock":
        strikes.add("clock-step");
        phone.clock.step(deed.byMs);
        return this.stage.record({
          fact: "clock_set",
          ...phone.on(),
          offsetMs: phone.clock.errorMs(startMs + agenda.nowMs),
        });
      case "full-storage":
        phone.fullUntilMs = Math.max(phone.fullUntilMs, agenda.nowMs + deed.forMs);
        return;
      case "expired-token":
        agenda.put(agenda.nowMs + deed.forMs, EVENT.tokenRenewed, phone.index);
        return phone.tokenExpires();
      default:
        assertNever(deed);
    }
  }

  private edit(phone: Phone, deed: Extract<Deed, { readonly do: "edit" }>): void {
    // An older app has no button for what it does not know.
    if (!phone.settings.entities.includes(deed.entity)) return;
    const edit = this.editOf(phone, deed);
    if (edit === undefined || !phone.user.isAtApp) return;
    const id = phone.edits(edit);
    if (deed.label !== undefined && id !== undefined) this.made.set(deed.label, id);
  }

  private editOf(phone: Phone, deed: Extract<Deed, { readonly do: "edit" }>): Edit | undefined {
    const { entity, operation, record, change = {} } = deed;
    if (operation === "create") return { entity, operation, payload: this.changed(entity, change, {}) };
    const id = record && this.idOf(entity, record);
    const shown = id === undefined ? undefined : phone.screen.get(entity, id);
    if (shown === undefined) return undefined;
    if (operation === "delete") return { entity, operation, recordId: shown.id };
    return { entity, operation, recordId: shown.id, payload: this.changed(entity, change, shown.fields) };
  }

  private changed(entity: Edit["entity"], change: Change, shown: Fields): Fields {
    const { fields = {}, add = [], remove = [], reword = [] } = change;
    if (entity !== "list" || add.length + remove.length + reword.length === 0) return fields;
    const before = Array.isArray(shown.items) ? (shown.items as readonly ListItem[]) : [];
    const gone = new Set(remove.map((at) => before[at % Math.max(1, before.length)]));
    const texts = new Map(reword.map(({ at, text }) => [before[at % Math.max(1, before.length)], text]));
    const kept = before
      .filter((item) => !gone.has(item))
      .map((item) => (texts.has(item) ? { ...item, text: texts.get(item) ?? "" } : item));
    const added = add.map((text) => ({ id: `plan-i${this.items++}`, text }));
    return { ...fields, items: [...kept, ...added] as unknown as Fields[string] };
  }

  private write(deed: Extract<Deed, { readonly do: "write" }>): void {
    const { entity, operation, record, fields = {} } = deed;
    const id = record && this.idOf(entity, record);
    if (operation !== "create" && id === undefined) return;
    const call = callOf(entity, operation, id ?? "", fields);
    this.stage.strikes.add("legacy-write");
    this.stage.backend.callOfOther({ call, token: `tok-${deed.account}` as AccountId }, 0);
  }

  private idOf(entity: Edit["entity"], record: RecordName): string | undefined {
    if ("id" in record) return record.id;
    return "seed" in record ? seedId(entity, record.seed) : this.made.get(record.made);
  }

  private phone(device: number): Phone | undefined {
    return this.stage.phones[device];
  }
}

function callOf(entity: Edit["entity"], operation: Edit["operation"], id: string, fields: Fields): Call {
  switch (operation) {
    case "create":
      return { call: "create", entity, body: fields };
    case "update":
      return { call: "update", entity, id, body: fields };
    case "delete":
      return { call: "delete", entity, id };
    default:
      return assertNever(operation);
  }
}
