/**
 * Owns what a planted fault is: one small deviation of the reference proxy or device, named, with the rule it breaks.
 * Refuses to reach inside: a fault stands at a seam, so that the real parts hold no trace of it. Faults exist to
 * prove that the checkers can fail.
 */

import type { Prng } from "../base/prng.ts";
import type { DeviceClock, DeviceInput, DeviceOutput, DeviceSettings } from "../device/port.ts";
import type { Answer, Request } from "../protocol/request.ts";
import type { App, Parts } from "../simulation/parts.ts";
import type { ScenarioText } from "../simulation/scenario.ts";

/** One planted fault. */
export interface Fault {
  readonly name: string;
  /** The rule that it is planted for, then those that cannot but break with it. */
  readonly rules: readonly string[];
  readonly side: "proxy" | "device";
  /** What it does, and where such a thing was seen. */
  readonly text: string;
  /** A small scenario in which it shows: under TRIGGER_SEED a run of it is caught under the first of `rules`. */
  readonly trigger?: ScenarioText;
  /** The rig of src/exploration/rigs.ts under which probes show it. A fault has a trigger, a rig, or both. */
  readonly rig?: string;
  /** The least that shows it, in a few words. */
  readonly smallest?: string;
  /** The reference parts with the fault in them. */
  plant(parts: Parts): Parts;
}

/** Parts whose proxies see each request, and each answer, through these. */
export function withProxy(
  parts: Parts,
  around: {
    readonly request?: (request: Request) => Request;
    readonly answer?: (answer: Answer, request: Request) => Answer;
  },
): Parts {
  return {
    ...parts,
    proxy: (config, store) => {
      const proxy = parts.proxy(config, store);
      return override(proxy, {
        answer: (request, nowMs) => {
          const answer = proxy.answer(around.request?.(request) ?? request, nowMs);
          return around.answer?.(answer, request) ?? answer;
        },
      });
    },
  };
}

/** The same object with some methods replaced; the others go on as they were, on the original. */
export function override<T extends object>(original: T, replaced: Partial<T>): T {
  return new Proxy(original, {
    get(target, name) {
      const member = Reflect.get(Object.hasOwn(replaced, name) ? replaced : target, name) as unknown;
      return typeof member === "function" ? member.bind(target) : member;
    },
  });
}

/** What stands between an app and its phone from a start of the process to its end. */
export interface Change {
  /** What the app hears instead of this input. */
  readonly hear?: (input: DeviceInput) => readonly DeviceInput[];
  /** What the phone is told instead of what the app put out upon this input. */
  readonly say?: (outputs: readonly DeviceOutput[], input: DeviceInput) => readonly DeviceOutput[];
}

/** Parts whose apps have a change of their own in front of them, made anew at each start. */
export function withApp(
  parts: Parts,
  makeChange: (settings: DeviceSettings, firstNumber: number) => Change,
): Parts {
  return {
    ...parts,
    app: (settings, random, firstNumber) => {
      const app = parts.app(settings, random, firstNumber);
      return changedApp(app, makeChange(settings, firstNumber));
    },
  };
}

/** Parts whose app puts out what `change` makes of each of its outputs. A new `change` is made at each start. */
export function withOutputs(
  parts: Parts,
  makeChange: () => (output: DeviceOutput) => readonly DeviceOutput[],
): Parts {
  return withApp(parts, () => {
    const change = makeChange();
    return { say: (outputs) => outputs.flatMap(change) };
  });
}

/** Parts whose app hears what `change` makes of each input. A new `change` is made at each start. */
export function withInputs(
  parts: Parts,
  makeChange: () => (input: DeviceInput) => readonly DeviceInput[],
): Parts {
  return withApp(parts, () => ({ hear: makeChange() }));
}

/** Parts whose apps were built with other settings, or draw from another randomness. */
export function withBuild(
  parts: Parts,
  build: {
    readonly settings?: (settings: DeviceSettings) => DeviceSettings;
    readonly random?: (random: Prng) => Prng;
  },
): Parts {
  return {
    ...parts,
    app: (settings, random, firstNumber) =>
      parts.app(build.settings?.(settings) ?? settings, build.random?.(random) ?? random, firstNumber),
  };
}

/** Parts whose apps find in storage what `change` makes of it; undefined is nothing. */
export function withStored(
  parts: Parts,
  change: (key: string, value: unknown, firstNumber: number) => unknown,
): Parts {
  return withApp(parts, (_settings, firstNumber) => ({
    hear: (input) => {
      if (input.input !== "started") return [input];
      const stored = new Map<string, unknown>();
      for (const [key, value] of input.stored) {
        const found = change(key, value, firstNumber);
        if (found !== undefined) stored.set(key, found);
      }
      return [{ ...input, stored }];
    },
  }));
}

function changedApp(app: App, { hear, say }: Change): App {
  return override(app, {
    step: (input: DeviceInput, clock: DeviceClock) => {
      const heard = hear ? hear(input) : [input];
      const outputs = heard.flatMap((one) => app.step(one, clock));
      return say ? say(outputs, input) : outputs;
    },
  });
}
