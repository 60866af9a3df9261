/**
 * Owns the end of a run: when everything counts as settled, and the comparison of all replicas then.
 * Refuses to judge what it finds; it writes down what each replica holds.
 */

import { assert } from "../base/assert.ts";
import { stream } from "../base/prng.ts";
import { MINUTE_MS } from "../base/time.ts";
import type { DeviceInput, DeviceOutput, DeviceSettings, ReplicaRecord } from "../device/port.ts";
import type { DeviceId } from "../protocol/messages.ts";
import { REFERENCE } from "./parts.ts";
import type { Phone } from "./phone.ts";
import { type Stage, trueNow } from "./stage.ts";

/** Nothing may move for this long: longer than a poll, a back-off at its cap, and a dead socket's discovery. */
export const QUIET_MS = 12 * MINUTE_MS;
export const CHECK_EVERY_MS = 30_000;
const STEPS_MAX = 1_000_000;

/**
 * True when no phone waits for anything: all run, with nothing in flight, and nothing queued but what a person will never
 * decide. [SYS-4] such an edit has ended: it was not taken, and that is shown; [SYS-5] it is no work that is left.
 */
export function isStill(stage: Stage): boolean {
  return stage.phones.every((phone) => phone.radio.waiting === 0 && isDrained(phone));
}

function isDrained({ app, user }: Phone): boolean {
  if (!app) return false;
  const waiting = app.waiting();
  return waiting === 0 || (user.ignoresDialogs && waiting === app.undecided());
}

/** Writes down what every phone holds, and what a device that was never there before gets by one full sync. */
export function recordReplicas(stage: Stage): void {
  for (const phone of stage.phones) {
    const { app } = phone;
    stage.record({
      fact: "replica",
      ...phone.on(),
      records: app?.replica() ?? [],
      waiting: app?.waiting() ?? 0,
    });
  }
  const seen = new Set<number>();
  for (const phone of stage.phones) {
    if (seen.has(phone.account)) continue;
    seen.add(phone.account);
    stage.record({
      fact: "fresh_replica",
      at: trueNow(stage),
      account: phone.account,
      records: freshReplica(stage, phone),
    });
  }
}

/** A new device of the phone's account, always the reference one, syncs in full over a network without faults. */
function freshReplica(stage: Stage, like: Phone): readonly ReplicaRecord[] {
  const { push: _push, ...rest } = like.settings;
  const settings: DeviceSettings = {
    ...rest,
    token: like.accountToken,
    deviceId: `observer-${like.account}` as DeviceId,
  };
  const app = REFERENCE.app(settings, stream(stage.seed, settings.deviceId), 1);
  const clock = { monotonicMs: stage.agenda.nowMs, wallMs: trueNow(stage) };
  const inputs: DeviceInput[] = [{ input: "started", stored: new Map(), online: true }, { input: "opened" }];
  for (let steps = 0; inputs.length > 0; steps++) {
    assert(steps < STEPS_MAX, "a full sync of a settled account ends");
    const input = inputs.shift() as DeviceInput;
    for (const output of app.step(input, clock)) answerAtOnce(stage, output, inputs);
  }
  return app.replica();
}

function answerAtOnce(stage: Stage, output: DeviceOutput, inputs: DeviceInput[]): void {
  if (output.output === "store") inputs.push({ input: "flushed", write: output.write });
  if (output.output !== "send") return;
  inputs.push({ input: "answered", request: output.request, answer: stage.backend.call(output.message) });
}
