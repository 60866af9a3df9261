/**
 * Owns what a planted fault is: one small deviation of the reference proxy or device, named, with the rule it breaks.
 * Refuses to reach inside: a fault stands at a seam, so that the real parts hold no trace of it. Faults exist to
 * prove that the checkers can fail.
 */

import type { DeviceClock, DeviceInput, DeviceOutput, ReplicaRecord } from "../device/port.ts";
import type { Answer, Request } from "../protocol/request.ts";
import type { App, Parts } from "../simulation/parts.ts";

/** One planted fault. */
export interface Fault {
  readonly name: string;
  /** The rules that it breaks; a run with it is caught under at least one of them. */
  readonly rules: readonly string[];
  readonly side: "proxy" | "device";
  /** What it does, and where such a thing was seen. */
  readonly text: string;
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

/** Parts whose app puts out what `change` makes of its outputs. A new `change` is made at each start. */
export function withOutputs(
  parts: Parts,
  makeChange: () => (output: DeviceOutput) => readonly DeviceOutput[],
): Parts {
  return {
    ...parts,
    app: (settings, random, firstNumber) =>
      new ChangedApp(parts.app(settings, random, firstNumber), makeChange()),
  };
}

class ChangedApp implements App {
  private readonly app: App;
  private readonly change: (output: DeviceOutput) => readonly DeviceOutput[];

  constructor(app: App, change: (output: DeviceOutput) => readonly DeviceOutput[]) {
    this.app = app;
    this.change = change;
  }

  step(input: DeviceInput, clock: DeviceClock): readonly DeviceOutput[] {
    return this.app.step(input, clock).flatMap(this.change);
  }

  replica(): readonly ReplicaRecord[] {
    return this.app.replica();
  }

  waiting(): number {
    return this.app.waiting();
  }
}
