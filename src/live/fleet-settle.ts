/**
 * Owns the end of a live fleet's run: faults are off, everybody comes back, and all must be settled in time; then what
 * each holds is written down beside what a device gets that was never there.
 * Refuses to judge. Whether a socket still lives is shown by a record written for that, never by silence.
 */

import { stream } from "../base/prng.ts";
import type { DeviceInput, DeviceOutput, DeviceSettings, ReplicaRecord } from "../device/port.ts";
import type { DeviceId } from "../protocol/messages.ts";
import { REFERENCE } from "../simulation/parts.ts";
import type { Reply } from "./fleet-delivery.ts";
import type { RawClient } from "./fleet-raw.ts";
import type { FleetStage } from "./fleet-stage.ts";
import { answerOf, wireOf } from "./fleet-wire.ts";
import type { LivePhone } from "./live-phone.ts";

const LOOK_EVERY_MS = 50;
/** Nothing may move for this long before the fleet counts as still: several round trips on this machine. */
const QUIET_MS_MIN = 250;
/** [EVT-1] events come within this time. */
const EVENT_WITHIN_MS = 2_000;
const FRESH_WITHIN_MS = 60_000;
const FRESH_AT_ONCE = 64;

export interface SettleOptions {
  readonly phones: readonly LivePhone[];
  readonly plain: readonly RawClient[];
  /** In all, from the heal on. */
  readonly withinMs: number;
  readonly roundTripMs: number;
  readonly patienceMs: number;
  /** Over how long everybody comes back. */
  readonly spreadMs: number;
}

/** Heals, waits, writes down. True when all was settled in time. */
export async function settle(stage: FleetStage, options: SettleOptions): Promise<boolean> {
  const { agenda } = stage;
  const { phones, plain, withinMs, patienceMs } = options;
  const healedAtMs = agenda.nowMs;
  const untilMs = healedAtMs + withinMs;
  heal(stage, options);
  let isStill = await until(stage, untilMs, () => stillFor(stage, options));
  const sentinels = await writeSentinels(stage, plain);
  const heard = (): boolean => phones.every((phone) => hasHeard(phone, sentinels));
  if (!(await until(stage, agenda.nowMs + EVENT_WITHIN_MS + patienceMs, heard))) {
    // A socket that brought nothing of it may be dead without either end knowing: whoever had it comes back.
    for (const phone of phones) if (!hasHeard(phone, sentinels)) phone.breakLine();
    await until(stage, Math.min(untilMs, agenda.nowMs + 2 * (EVENT_WITHIN_MS + patienceMs)), heard);
  }
  isStill = await until(stage, untilMs, () => stillFor(stage, options));
  const fresh = await freshReplicas(stage, plain.length, phones);
  for (const phone of phones)
    stage.record({
      fact: "replica",
      ...phone.on(),
      records: phone.replica(),
      waiting: phone.app?.waiting() ?? 0,
    });
  for (const { account, records } of fresh)
    if (records !== undefined) stage.record({ fact: "fresh_replica", at: agenda.now, account, records });
  return isStill;
}

function heal(stage: FleetStage, { phones, spreadMs }: SettleOptions): void {
  const { agenda } = stage;
  stage.healed = true;
  stage.record({ fact: "phase", at: agenda.now, phase: "heal" });
  for (const [nth, phone] of phones.entries()) {
    phone.goOnline();
    agenda.put(agenda.nowMs + 1 + (spreadMs * nth) / phones.length, () => phone.owner.opens());
  }
}

function stillFor(stage: FleetStage, { phones, plain, roundTripMs }: SettleOptions): boolean {
  const quietMs = Math.max(QUIET_MS_MIN, 8 * roundTripMs);
  if (stage.agenda.nowMs - stage.movedAtMs < quietMs) return false;
  return plain.every(({ underWay }) => underWay === 0) && phones.every(isStill);
}

function isStill(phone: LivePhone): boolean {
  const { app, waiting, owner } = phone;
  return app !== undefined && waiting === 0 && !owner.isBusy && app.waiting() === 0;
}

/** One new record in each account: its event shows that a socket still brings what is written. */
async function writeSentinels(stage: FleetStage, plain: readonly RawClient[]): Promise<readonly string[]> {
  const { prefix } = stage.names;
  return await Promise.all(
    plain.map(
      (client, account) =>
        new Promise<string>((resolve) => {
          const id = `${prefix}a${account}-sentinel`;
          client.creates("task", id, { title: "the last one" }, (isThere) => resolve(isThere ? id : ""));
        }),
    ),
  );
}

function hasHeard({ account, screen }: LivePhone, sentinels: readonly string[]): boolean {
  const id = sentinels[account] ?? "";
  return id === "" || screen.get("task", id) !== undefined;
}

/** Waits until it holds, and looks now and then; false when the time was over before. */
async function until(stage: FleetStage, untilMs: number, holds: () => boolean): Promise<boolean> {
  return await new Promise((resolve) => {
    const look = (): void => {
      if (holds()) resolve(true);
      else if (stage.agenda.nowMs >= untilMs) resolve(false);
      else stage.agenda.put(stage.agenda.nowMs + LOOK_EVERY_MS, look);
    };
    look();
  });
}

interface FreshReplica {
  readonly account: number;
  readonly records: readonly ReplicaRecord[] | undefined;
}

/** One of each account, so many at once. */
async function freshReplicas(
  stage: FleetStage,
  accounts: number,
  phones: readonly LivePhone[],
): Promise<readonly FreshReplica[]> {
  const likes = new Map(phones.map((phone) => [phone.account, phone]));
  const fresh: FreshReplica[] = [];
  let next = 0;
  const inTurn = async (): Promise<void> => {
    while (next < accounts) {
      const account = next++;
      fresh.push({ account, records: await freshReplica(stage, account, likes.get(account)) });
    }
  };
  await Promise.all(Array.from({ length: FRESH_AT_ONCE }, inTurn));
  return fresh;
}

/** What a device that was never there gets by one full sync; undefined when it cannot have one. */
async function freshReplica(
  stage: FleetStage,
  account: number,
  like: LivePhone | undefined,
): Promise<readonly ReplicaRecord[] | undefined> {
  if (like === undefined) return undefined;
  const settings: DeviceSettings = {
    ...like.settings,
    deviceId: `${stage.names.prefix}fresh-${account}` as DeviceId,
  };
  const newcomer = new Newcomer(stage, settings);
  const records = await newcomer.syncs();
  return records?.filter(({ id }) => stage.names.owns(id));
}

class Newcomer {
  private readonly stage: FleetStage;
  private readonly app;
  private done: (records: readonly ReplicaRecord[] | undefined) => void = () => {};

  constructor(stage: FleetStage, settings: DeviceSettings) {
    this.stage = stage;
    this.app = REFERENCE.app(settings, stream(stage.seed, settings.deviceId), 1);
  }

  syncs(): Promise<readonly ReplicaRecord[] | undefined> {
    return new Promise((resolve) => {
      this.done = resolve;
      const { agenda } = this.stage;
      agenda.put(agenda.nowMs + FRESH_WITHIN_MS, () => resolve(undefined));
      this.feed({ input: "started", stored: new Map(), online: true });
      this.feed({ input: "opened" });
    });
  }

  private feed(input: DeviceInput): void {
    const { nowMs, now } = this.stage.agenda;
    const outputs = this.app.step(input, { monotonicMs: nowMs, wallMs: now });
    for (const output of outputs) this.perform(output);
  }

  private perform(output: DeviceOutput): void {
    const { agenda, courier, pages } = this.stage;
    switch (output.output) {
      case "store":
        return agenda.put(agenda.nowMs + 1, () => this.feed({ input: "flushed", write: output.write }));
      case "timer":
        return agenda.put(agenda.nowMs + output.afterMs, () =>
          this.feed({ input: "timer", timer: output.timer }),
        );
      case "sync_ended":
        // What came with its last page is shown in the same step.
        if (output.revision !== undefined) agenda.put(agenda.nowMs + 1, () => this.done(this.app.replica()));
        return;
      case "send": {
        const { request } = output;
        courier.send(
          wireOf(output.message),
          () => {},
          (reply: Reply) =>
            this.feed(
              reply.reply === "answered"
                ? {
                    input: "answered",
                    request,
                    answer: answerOf(reply.status, reply.got, pages.body(reply.text)),
                  }
                : { input: "unanswered", request, why: reply.reply },
            ),
        );
        return;
      }
      default:
        return;
    }
  }
}
