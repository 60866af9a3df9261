/**
 * Owns the way from an event of the agenda to the one whom it concerns: one switch for each kind of actor.
 * Refuses to decide anything.
 */

import { assert } from "../base/assert.ts";
import type { Entity } from "../protocol/entity.ts";
import type { AccountId, SyncTrigger } from "../protocol/messages.ts";
import type { Answer, Frame } from "../protocol/request.ts";
import type { PushCallResult, PushTicket } from "../proxy/port.ts";
import { EVENT } from "./agenda.ts";
import type { PendingWrite } from "./disk.ts";
import type { Faults } from "./faults.ts";
import type { Intent, Legacy } from "./legacy.ts";
import type { Phone } from "./phone.ts";
import type { Line, Parcel } from "./radio.ts";
import type { Spells } from "./spells.ts";
import type { Stage } from "./stage.ts";
import type { ScrolledTo } from "./user.ts";
import type { Letter, Webhooks } from "./webhooks.ts";

/** Those who act beside phones and proxies. */
export interface Actors {
  readonly faults: Faults;
  readonly spells: Spells;
  readonly webhooks: Webhooks;
  readonly legacy: Legacy;
  /** Faults stop. */
  heals(): void;
  /** Looks whether all is settled. */
  settles(): void;
}

export class Dispatcher {
  private readonly stage: Stage;
  private readonly actors: Actors;

  constructor(stage: Stage, actors: Actors) {
    this.stage = stage;
    this.actors = actors;
  }

  /** Hands out the event that the agenda stands at. True: it was a phone's. */
  dispatch(): boolean {
    const { kind, target, detail, cargo } = this.stage.agenda;
    const isPhones = kind < EVENT.pushAnswered || (kind > EVENT.fanOut && kind < EVENT.outageBegins);
    if (!isPhones) this.dispatchElsewhere(kind, target, detail, cargo);
    else {
      const phone = this.stage.phones[target] as Phone;
      if (kind >= EVENT.sessionBegins) this.dispatchToUser(kind, phone, detail, cargo);
      else this.dispatchToLink(kind, phone, detail, cargo);
    }
    return isPhones;
  }

  private dispatchElsewhere(kind: number, target: number, detail: number, cargo: unknown): void {
    if (kind <= EVENT.fanOut) return this.dispatchToProxy(kind, target, detail, cargo);
    if (kind >= EVENT.webhookMade && kind <= EVENT.legacyWrites)
      return this.dispatchToOthers(kind, target, detail, cargo);
    this.dispatchToRun(kind, target);
  }

  private dispatchToLink(kind: number, phone: Phone, detail: number, cargo: unknown): void {
    const { backend } = this.stage;
    switch (kind) {
      case EVENT.timer:
        return phone.timerFires(detail);
      case EVENT.flushed:
        return phone.flushed(cargo as PendingWrite);
      case EVENT.requestArrives:
        return backend.requestArrives(phone, cargo as Parcel);
      case EVENT.answerArrives:
        return phone.radio.answerArrives(detail, cargo as Answer);
      case EVENT.requestTimesOut:
        return phone.radio.unanswered(detail, "timeout");
      case EVENT.requestUnreachable:
        return phone.radio.unanswered(detail, "unreachable");
      case EVENT.socketArrives:
        return backend.socketArrives(phone, cargo as Line);
      case EVENT.socketOpens:
        return phone.radio.socketOpens(cargo as Line);
      case EVENT.framesArrive: {
        const { line, frames } = cargo as { readonly line: Line; readonly frames: readonly Frame[] };
        return phone.radio.framesArrive(line, frames);
      }
      case EVENT.socketClosesAtPhone:
        return phone.radio.closesAtPhone(cargo as Line, detail);
      case EVENT.socketClosesAtProxy:
        return backend.socketCloses(cargo as Line);
      case EVENT.pong:
        return backend.pong(cargo as Line);
      case EVENT.pushArrives:
        return phone.pushArrives(cargo as SyncTrigger);
      default:
        assert(false, `an event of kind ${kind} is foreseen`);
    }
  }

  private dispatchToUser(kind: number, phone: Phone, detail: number, cargo: unknown): void {
    const { user } = phone;
    switch (kind) {
      case EVENT.sessionBegins:
        return user.sessionBegins();
      case EVENT.joinsSession:
        return user.session();
      case EVENT.sessionEnds:
        return user.sessionEnds();
      case EVENT.edits:
        return user.edits(cargo as { readonly entity: Entity; readonly id: string } | undefined);
      case EVENT.reads:
        return user.reads(cargo as ScrolledTo | undefined);
      case EVENT.refreshes:
        return user.refreshes();
      case EVENT.chooses:
        return user.chooses(cargo as string);
      case EVENT.reconsiders:
        return user.reconsiders(cargo as string);
      case EVENT.killed:
        return user.killed();
      case EVENT.swipedAway:
        if (phone.app) this.stage.strikes.add("kill-after-edit");
        return phone.kill();
      case EVENT.absenceBegins:
        this.stage.strikes.add("absence");
        return user.absent(true);
      case EVENT.absenceEnds:
        return user.absent(false);
      case EVENT.offlineBegins:
        return this.actors.faults.offlineBegins(phone);
      case EVENT.offlineEnds:
        return phone.comesOnline();
      case EVENT.partitionBegins:
        return this.actors.faults.partitionBegins(phone);
      case EVENT.clockJumps:
        return this.actors.faults.clockJumps(phone);
      case EVENT.spellBegins:
        return this.actors.spells.phoneStruck(phone, detail);
      case EVENT.spellEnds:
        return this.actors.spells.phoneRecovers(phone, detail);
      case EVENT.updates:
        return phone.updates();
      case EVENT.newBuild:
        return phone.isReplaced();
      case EVENT.tokenRenewed:
        return phone.renewToken();
      default:
        assert(false, `an event of kind ${kind} is foreseen`);
    }
  }

  private dispatchToProxy(kind: number, instance: number, detail: number, cargo: unknown): void {
    const { backend } = this.stage;
    switch (kind) {
      case EVENT.pushAnswered:
        return backend.pushAnswered(instance, detail, cargo as PushCallResult);
      case EVENT.receiptsAnswered:
        return backend.receiptsAnswered(instance, detail, cargo as ReadonlyMap<string, PushTicket>);
      case EVENT.proxyTick:
        return backend.tick(instance);
      case EVENT.fanOut:
        return backend.fanOut(instance, cargo as AccountId);
      default:
        assert(false, `an event of kind ${kind} is foreseen`);
    }
  }

  private dispatchToRun(kind: number, target: number): void {
    switch (kind) {
      case EVENT.outageBegins:
        return this.actors.faults.outageBegins(target);
      case EVENT.outageEnds:
        return this.stage.backend.comeBack(target);
      case EVENT.proxyClockJumps:
        return this.actors.faults.proxyClockJumps();
      case EVENT.foreignBegins:
        return this.actors.spells.foreignBegins();
      case EVENT.cutBegins:
        return this.actors.spells.cutBegins(target);
      case EVENT.cutEnds:
        return this.stage.backend.joinsAgain(target);
      case EVENT.rollout:
        return this.actors.spells.rollOut(target);
      case EVENT.acts:
        return this.stage.director.acts(target);
      case EVENT.heals:
        return this.actors.heals();
      case EVENT.settles:
        return this.actors.settles();
      default:
        assert(false, `an event of kind ${kind} is foreseen`);
    }
  }

  /** Those who write to accounts and are no phones. */
  private dispatchToOthers(kind: number, target: number, detail: number, cargo: unknown): void {
    switch (kind) {
      case EVENT.webhookMade:
        return this.actors.webhooks.made(target, detail > 0);
      case EVENT.webhookArrives:
        return this.actors.webhooks.arrives(target, cargo as Letter);
      case EVENT.legacyLooks:
        return this.actors.legacy.looks(target);
      case EVENT.legacyWrites:
        return this.actors.legacy.writes(cargo as Intent);
      default:
        assert(false, `an event of kind ${kind} is foreseen`);
    }
  }
}
