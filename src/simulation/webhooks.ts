/**
 * Owns the ZEKE backend behind the proxy: what it changes of its own accord, and how badly it delivers it (section 10).
 * Refuses to know what the proxy makes of it: it is told 200 or it tries again.
 */

import { type Prng, stream } from "../base/prng.ts";
import { DAY_MS, MINUTE_MS, SECOND_MS } from "../base/time.ts";
import { ENTITIES, type Entity } from "../protocol/entity.ts";
import type { Delivery } from "../proxy/port.ts";
import { EVENT } from "./agenda.ts";
import { Author } from "./author.ts";
import { Fate } from "./fate.ts";
import { seedId } from "./names.ts";
import type { Stage } from "./stage.ts";

const LATENCY_MS = 80;
/** A delivery that is overtaken comes this much later. */
const OVERTAKEN_MS_MAX = 2 * MINUTE_MS;
const AGAIN_MS = 30 * SECOND_MS;
/** After so many tries it gives a delivery up; the next change of the record brings the whole of it. */
const TRIES_MAX = 20;
const DELETION_SHARE = 0.08;
const OWN_SHARE = 0.3;
const OWN_RECORDS_MAX = 20;

/** One delivery on its way. */
export interface Letter {
  readonly delivery: Delivery;
  readonly tries: number;
}

interface Desk {
  readonly random: Prng;
  readonly author: Author;
  readonly fate: Fate;
  /** The record that it changed last: who overtakes, overtakes that one. */
  last: { readonly entity: Entity; readonly id: string } | undefined;
  /** The version that the backend gave each record last. */
  readonly versions: Map<string, number>;
  made: number;
}

/** The backend's deliveries for all accounts of a run. */
export class Webhooks {
  private readonly stage: Stage;
  private readonly desks: Desk[] = [];

  constructor(stage: Stage) {
    this.stage = stage;
  }

  begin(): void {
    const { scenario, seed } = this.stage;
    if (scenario.proxy.webhooks.perDay === 0) return;
    for (const account of this.stage.accounts) {
      const name = `account-${account}/backend`;
      this.desks[account] = {
        random: stream(seed, name),
        author: new Author(stream(seed, `${name}/author`), `b${account}`),
        fate: new Fate(seed, name),
        versions: new Map(),
        last: undefined,
        made: 0,
      };
      this.plan(account);
    }
  }

  /** The backend changes a record, and sets out to tell of it: once, twice, or later than the next. */
  made(account: number, overtakes: boolean): void {
    const { agenda, scenario, strikes, healed } = this.stage;
    if (healed) return;
    const { duplication, reordering } = scenario.proxy.webhooks;
    const desk = this.desks[account] as Desk;
    const { random } = desk;
    const letter: Letter = { delivery: this.change(account, desk, overtakes), tries: 0 };
    strikes.add("webhook");
    const late = !overtakes && random.chance(reordering);
    if (late) strikes.add("webhook-reordering");
    const afterMs = LATENCY_MS + (late ? random.below(OVERTAKEN_MS_MAX) : 0);
    agenda.put(agenda.nowMs + afterMs, EVENT.webhookArrives, account, 0, letter);
    if (random.chance(duplication)) {
      strikes.add("webhook-duplication");
      const againMs = afterMs + random.below(OVERTAKEN_MS_MAX);
      agenda.put(agenda.nowMs + againMs, EVENT.webhookArrives, account, 0, letter);
    }
    if (!overtakes) this.plan(account);
    // A change that is overtaken needs one that overtakes it.
    if (late) agenda.put(agenda.nowMs + LATENCY_MS, EVENT.webhookMade, account, 1);
  }

  arrives(account: number, letter: Letter): void {
    const { agenda, backend } = this.stage;
    const desk = this.desks[account] as Desk;
    const answer = backend.deliverWebhook(letter.delivery, desk.fate.draw(agenda.nowMs));
    if (answer.status < 500 || letter.tries >= TRIES_MAX) return;
    const again = { ...letter, tries: letter.tries + 1 };
    agenda.put(agenda.nowMs + AGAIN_MS, EVENT.webhookArrives, account, 0, again);
  }

  private change(account: number, desk: Desk, again: boolean): Delivery {
    const { random, author } = desk;
    const target = (again && desk.last) || this.target(random);
    desk.last = target;
    const { entity, id } = target;
    const version = (desk.versions.get(`${entity}/${id}`) ?? 0) + 1;
    desk.versions.set(`${entity}/${id}`, version);
    desk.made++;
    const isDeletion = random.chance(DELETION_SHARE);
    return {
      id: `msg_${account}_${desk.made}`,
      body: {
        account: `account-${account}`,
        entity,
        action: isDeletion ? "deleted" : "updated",
        id,
        version,
        ...(!isDeletion && { data: author.newFields(entity, this.stage.scenario.fleet.itemsPerList) }),
      },
    };
  }

  /** One of the records that everybody edits, or one of the backend's own making. */
  private target(random: Prng): { readonly entity: Entity; readonly id: string } {
    const entity = random.pick(ENTITIES);
    const id = random.chance(OWN_SHARE)
      ? `backend-${entity}-${random.below(OWN_RECORDS_MAX)}`
      : seedId(entity, random.below(this.stage.scenario.workload.hotRecords));
    return { entity, id };
  }

  private plan(account: number): void {
    const { agenda, scenario, healed } = this.stage;
    const { perDay } = scenario.proxy.webhooks;
    const { random } = this.desks[account] as Desk;
    const atMs = agenda.nowMs + Math.ceil(random.exponential(DAY_MS / perDay));
    if (!healed && atMs < scenario.duration) agenda.put(atMs, EVENT.webhookMade, account);
  }
}
